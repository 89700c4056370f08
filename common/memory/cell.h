/* cell: one number in shared memory, changed by atomic operations and waited for by futex(2)
 *
 * The number is in native byte order. Every change wakes all that wait. A change that no wake
 * follows is noticed within 100 ms: a program may merely store, and a futex does not see the high
 * half of 64 bits. */
#ifndef CELL_H
#define CELL_H

#include "cli/failure.h"
#include "cli/parse.h"
#include "sys/deadline.h"

#include <stdbool.h>
#include <stdint.h>

enum cell_type { CELL_U32, CELL_I32, CELL_U64, CELL_I64 };

/* Sign-extended if the type has a sign. */
typedef uint64_t cell_value;

enum cell_change { CELL_SET, CELL_ADD, CELL_SUB, CELL_MAX, CELL_MIN, CELL_OR, CELL_AND };
enum cell_order { CELL_EQ, CELL_NE, CELL_LT, CELL_LE, CELL_GT, CELL_GE };

struct cell {
    enum cell_type type;
    void *memory;     /* aligned to the cell's size */
    const char *verb; /* for the failure: what is done with it, "add" */
    struct failure failure;
};

/* `u32`, `i32`, `u64`, `i64`; VALUE is an enum cell_type. */
parse_function cell_parse_type;

/* `eq` and so on; VALUE is an enum cell_order. */
parse_function cell_parse_order;

/* Bytes of a cell. */
int64_t cell_size(enum cell_type type);

/* A number in C notation that the type can hold. Returns NULL, or what is wrong with TEXT. */
const char *cell_parse(enum cell_type type, const char *text, cell_value *value);

/* The number as text, good until the next call. */
const char *cell_text(enum cell_type type, cell_value value);

/* All of these return 0, or -1 with errno and the cell's failure. EFAULT: the memory is not there
 * any more. */

int cell_get(struct cell *cell, cell_value *value);

/* *OLD and *NEW are the values before and after. ERANGE: the type cannot hold the new value;
 * nothing has changed. */
int cell_change(struct cell *cell, enum cell_change change, cell_value operand, cell_value *old,
                cell_value *new);

/* Stores NEW if the cell holds EXPECTED. *FOUND is what it held; nothing has changed if that is
 * another value. */
int cell_exchange(struct cell *cell, cell_value expected, cell_value new, cell_value *found);

/* Waits until the cell compares so to OPERAND. Now and then it calls IS_GONE, with ARGUMENT:
 * whether that can no longer happen. ETIMEDOUT; EINTR after a signal that interrupt_catch noted;
 * EIDRM: it can no longer happen. */
int cell_wait(struct cell *cell, enum cell_order order, cell_value operand,
              const struct deadline *deadline, bool (*is_gone)(void *argument), void *argument);

/* Wakes all that wait. */
int cell_wake(struct cell *cell);

#endif
