/* fifo_records: stdin into a FIFO, each record by one write, so that the records of several writers
 * never mix
 *
 * A full pipe takes such a write whole or not at all; so a record can be dropped. */
#ifndef FIFO_RECORDS_H
#define FIFO_RECORDS_H

#include "cli/failure.h"
#include "stream/record.h"

#include <stdbool.h>
#include <stdint.h>

struct fifo_records {
    int fd; /* of fifo_open_writer */
    enum record_form form;
    bool drops;   /* drops a record that finds no room, instead of waiting for room */
    int64_t idle; /* nanoseconds of one wait for data or room, then ETIMEDOUT */
    /* out */
    uint64_t count, dropped; /* records, and how many of them were dropped */
    struct failure failure;  /* its object is stdin, or NULL for the FIFO */
};

/* Goes on until stdin has ended, or the reader is gone and has left nothing. Returns 0; -1 with
 * errno and FAILURE: ETIMEDOUT, EPIPE the reader left something, EMSGSIZE a record is too long for
 * one write, or EINTR after a signal that interrupt_catch noted. */
int fifo_records_run(struct fifo_records *records);

#endif
