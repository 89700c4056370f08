/* frame: records inside a byte stream that comes piece by piece: where they end, what they wear */
#ifndef FRAME_H
#define FRAME_H

#include "stream/record.h"

#include <stdbool.h>
#include <sys/types.h>

struct frame {
    enum record_form form;
    bool is_inside; /* the stream stands within a record */
    /* private: of a netstring */
    bool is_body;
    unsigned digits;
    uint64_t left;
};

void frame_start(struct frame *frame, enum record_form form);

/* Walks on over DATA, SIZE bytes, to behind the end of the record. Returns the bytes walked, SIZE
 * where the record goes on (is_inside); -1 with errno EBADMSG where it is no netstring. */
ssize_t frame_next(struct frame *frame, const char *data, size_t size);

enum { FRAME_HEAD_SIZE = 24, FRAME_TAIL_SIZE = 1 };

/* What stands before and after a record of SIZE bytes. Return how many bytes that is. */
size_t frame_head(enum record_form form, size_t size, char head[FRAME_HEAD_SIZE]);
size_t frame_tail(enum record_form form, char tail[FRAME_TAIL_SIZE]);

#endif
