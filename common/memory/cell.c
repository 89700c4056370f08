#include "memory/cell.h"

#include "sys/interrupt.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN = 100000000 }; /* nanoseconds */

const char *cell_parse_type(const char *text, void *value)
{
    static const char *const words[] = {"u32", "i32", "u64", "i64", NULL};
    int found = parse_word(text, words);
    if (found < 0)
        return "not a type (u32, i32, u64 or i64)";
    *(enum cell_type *)value = (enum cell_type)found;
    return NULL;
}

const char *cell_parse_order(const char *text, void *value)
{
    static const char *const words[] = {"eq", "ne", "lt", "le", "gt", "ge", NULL};
    int found = parse_word(text, words);
    if (found < 0)
        return "not a comparison (eq, ne, lt, le, gt or ge)";
    *(enum cell_order *)value = (enum cell_order)found;
    return NULL;
}

int64_t cell_size(enum cell_type type)
{
    return type == CELL_U32 || type == CELL_I32 ? 4 : 8;
}

static bool has_sign(enum cell_type type)
{
    return type == CELL_I32 || type == CELL_I64;
}

static uint64_t largest(enum cell_type type)
{
    static const uint64_t values[] = {[CELL_U32] = UINT32_MAX,
                                      [CELL_I32] = INT32_MAX,
                                      [CELL_U64] = UINT64_MAX,
                                      [CELL_I64] = INT64_MAX};
    return values[type];
}

const char *cell_parse(enum cell_type type, const char *text, cell_value *value)
{
    bool is_negative = *text == '-';
    const char *digits = text + is_negative, *end;
    uint64_t most = largest(type) + (has_sign(type) && is_negative), number = 0;
    if (is_negative && !has_sign(type))
        return "negative, and the type has no sign";
    end = parse_digits(digits, 0, most, &number);
    if (!end)
        return "too large for the type";
    if (end == digits || *end)
        return "not a number";
    *value = is_negative ? -number : number;
    return NULL;
}

const char *cell_text(enum cell_type type, cell_value value)
{
    static char text[24];
    if (has_sign(type))
        snprintf(text, sizeof text, "%" PRId64, (int64_t)value);
    else
        snprintf(text, sizeof text, "%" PRIu64, value);
    return text;
}

/* SIGBUS comes if the file behind the memory was truncated, or if there is no room for a page
 * (mmap(2)). */
static sigjmp_buf on_fault;

static void jump_out(int signal)
{
    (void)signal;
    siglongjmp(on_fault, 1);
}

static void catch_faults(void)
{
    struct sigaction action = {.sa_handler = jump_out};
    sigaction(SIGBUS, &action, NULL);
}

static int set_failure(struct cell *cell, int errnum)
{
    errno = errnum;
    return failure_set(&cell->failure, "%s", cell->verb);
}

static int set_fault(struct cell *cell)
{
    set_failure(cell, EFAULT);
    return failure_set_why(&cell->failure, "cut by another program, or no room for the page");
}

static cell_value load(const struct cell *cell)
{
    if (cell_size(cell->type) == 8)
        return __atomic_load_n((uint64_t *)cell->memory, __ATOMIC_SEQ_CST);
    uint32_t value = __atomic_load_n((uint32_t *)cell->memory, __ATOMIC_SEQ_CST);
    return has_sign(cell->type) ? (uint64_t)(int32_t)value : value;
}

/* Returns whether the cell held *EXPECTED, and now holds VALUE; else *EXPECTED is what it holds. */
static bool compare_exchange(const struct cell *cell, cell_value *expected, cell_value value)
{
    if (cell_size(cell->type) == 8)
        return __atomic_compare_exchange_n((uint64_t *)cell->memory, expected, value, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    uint32_t narrow = (uint32_t)*expected;
    bool is_done = __atomic_compare_exchange_n((uint32_t *)cell->memory, &narrow, (uint32_t)value,
                                               false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (!is_done)
        *expected = has_sign(cell->type) ? (uint64_t)(int32_t)narrow : narrow;
    return is_done;
}

static bool is_less(enum cell_type type, cell_value a, cell_value b)
{
    return has_sign(type) ? (int64_t)a < (int64_t)b : a < b;
}

/* Returns whether the type can hold the sum or difference; then that is in *RESULT. */
static bool add_or_subtract(enum cell_type type, bool adds, cell_value a, cell_value b,
                            cell_value *result)
{
    if (has_sign(type)) {
        int64_t sum;
        bool overflows = adds ? __builtin_add_overflow((int64_t)a, (int64_t)b, &sum)
                              : __builtin_sub_overflow((int64_t)a, (int64_t)b, &sum);
        *result = (uint64_t)sum;
        return !overflows && (type == CELL_I64 || (sum >= INT32_MIN && sum <= INT32_MAX));
    }
    bool overflows =
        adds ? __builtin_add_overflow(a, b, result) : __builtin_sub_overflow(a, b, result);
    return !overflows && *result <= largest(type);
}

/* Returns whether the type can hold the result; then that is in *NEW. */
static bool compute(enum cell_type type, enum cell_change change, cell_value old,
                    cell_value operand, cell_value *new)
{
    switch (change) {
    case CELL_ADD:
    case CELL_SUB:
        return add_or_subtract(type, change == CELL_ADD, old, operand, new);
    case CELL_MAX:
        *new = is_less(type, old, operand) ? operand : old;
        return true;
    case CELL_MIN:
        *new = is_less(type, operand, old) ? operand : old;
        return true;
    case CELL_OR:
        *new = old | operand;
        return true;
    case CELL_AND:
        *new = old &operand;
        return true;
    default:
        *new = operand;
        return true;
    }
}

int cell_get(struct cell *cell, cell_value *value)
{
    catch_faults();
    if (sigsetjmp(on_fault, 1))
        return set_fault(cell);
    *value = load(cell);
    return 0;
}

static int refuse_result(struct cell *cell)
{
    set_failure(cell, ERANGE);
    return failure_set_why(&cell->failure, "the cell cannot hold the result");
}

int cell_change(struct cell *cell, enum cell_change change, cell_value operand, cell_value *old,
                cell_value *new)
{
    catch_faults();
    if (sigsetjmp(on_fault, 1))
        return set_fault(cell);
    *old = load(cell);
    do
        if (!compute(cell->type, change, *old, operand, new))
            return refuse_result(cell);
    while (!compare_exchange(cell, old, *new));
    return cell_wake(cell);
}

int cell_exchange(struct cell *cell, cell_value expected, cell_value new, cell_value *found)
{
    catch_faults();
    if (sigsetjmp(on_fault, 1))
        return set_fault(cell);
    *found = expected;
    return compare_exchange(cell, found, new) ? cell_wake(cell) : 0;
}

/* The 32 bits of a cell that a futex compares: the low half of 64. */
static uint32_t *futex_of(const struct cell *cell)
{
    bool is_second = cell_size(cell->type) == 8 && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    return (uint32_t *)cell->memory + is_second;
}

int cell_wake(struct cell *cell)
{
    if (syscall(SYS_futex, futex_of(cell), FUTEX_WAKE, INT_MAX, NULL, NULL, 0) < 0)
        return set_failure(cell, errno);
    return 0;
}

/* Sleeps until the cell changes from VALUE, at most LOOK_AGAIN. */
static int sleep_once(struct cell *cell, cell_value value, const struct deadline *deadline)
{
    int64_t remaining = deadline_remaining(deadline);
    if (remaining == 0)
        return set_failure(cell, ETIMEDOUT);
    struct timespec pause = {.tv_nsec = remaining < LOOK_AGAIN ? remaining : LOOK_AGAIN};
    if (syscall(SYS_futex, futex_of(cell), FUTEX_WAIT, (uint32_t)value, &pause, NULL, 0) == 0)
        return 0;
    if (errno == EAGAIN || errno == ETIMEDOUT || (errno == EINTR && !interrupt_signal()))
        return 0;
    return set_failure(cell, errno);
}

static bool compares(enum cell_type type, cell_value a, enum cell_order order, cell_value b)
{
    bool less = is_less(type, a, b), more = is_less(type, b, a);
    switch (order) {
    case CELL_EQ:
        return !less && !more;
    case CELL_NE:
        return less || more;
    case CELL_LT:
        return less;
    case CELL_LE:
        return !more;
    case CELL_GT:
        return more;
    default:
        return !less;
    }
}

int cell_wait(struct cell *cell, enum cell_order order, cell_value operand,
              const struct deadline *deadline, bool (*is_gone)(void *argument), void *argument)
{
    cell_value value = 0;
    for (;;) {
        if (cell_get(cell, &value) < 0)
            return -1;
        if (compares(cell->type, value, order, operand))
            return 0;
        if (is_gone(argument))
            return set_failure(cell, EIDRM);
        if (sleep_once(cell, value, deadline) < 0)
            return -1;
    }
}
