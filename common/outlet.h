/* outlet: what is to go to stdout, written as fast as the reader takes it and never waiting for it
 *
 * So a reader of stdout that is slow, or waits for us to read something else first, holds up
 * nothing but what is behind it. */
#ifndef OUTLET_H
#define OUTLET_H

#include "record.h"

#include <stdbool.h>

struct outlet {
    enum record_form form;
    /* private: data[start..end) is to be written */
    size_t most; /* bytes of one write that will not wait */
    char *data;
    size_t capacity, start, end;
};

void outlet_start(struct outlet *outlet, enum record_form form);

/* Makes room for SIZE more bytes and returns where they go; NULL with errno. Good until the next
 * call. outlet_add then takes the first SIZE of them in. */
char *outlet_room(struct outlet *outlet, size_t size);
void outlet_add(struct outlet *outlet, size_t size);

bool outlet_is_empty(const struct outlet *outlet);

/* Whether so much is waiting already that more should not come. */
bool outlet_is_full(const struct outlet *outlet);

/* One write, after poll(2) said POLLOUT. Returns 0, or -1 with errno. */
int outlet_flush(struct outlet *outlet);

/* Writes all the rest, waiting for the reader. Returns 0, or -1 with errno. */
int outlet_end(struct outlet *outlet);

#endif
