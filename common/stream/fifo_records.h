/* fifo_records: stdin into a FIFO, each record by one write, so that those of several writers never
 * mix
 *
 * A pipe that is full takes such a write whole or not at all; so a record can be left out. */
#ifndef FIFO_RECORDS_H
#define FIFO_RECORDS_H

#include "stream/record.h"

#include <stdbool.h>
#include <stdint.h>

struct fifo_records {
    int fd; /* of fifo_open_writer or fifo_open_keeper */
    enum record_form form;
    bool drops;   /* leaves out what finds no room, instead of waiting for it */
    int64_t idle; /* nanoseconds of one wait for data or room, then ETIMEDOUT */
    /* out */
    uint64_t count, dropped; /* records, of which dropped */
    bool is_input_error;
    char why[160]; /* private */
};

/* Goes on until stdin has ended, or the reader is gone and has left nothing. Returns 0; -1 with
 * errno: ETIMEDOUT, EPIPE the reader left something, EMSGSIZE a record is too long for one write,
 * or EINTR after a signal that interrupt_catch noted. */
int fifo_records_run(struct fifo_records *records);

/* What it failed with: `write record 3: Broken pipe; 5 bytes are lost`. */
const char *fifo_records_error(const struct fifo_records *records);

#endif
