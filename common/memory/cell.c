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
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN = 100000000 }; /* nanoseconds */

/* The word of WORDS that TEXT is, -1 when it is none. */
static int find_word(const char *const *words, const char *text)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

const char *cell_parse_type(const char *text, void *value)
{
    static const char *const words[] = {"u32", "i32", "u64", "i64", NULL};
    int found = find_word(words, text);
    if (found < 0)
        return "not a type (u32, i32, u64 or i64)";
    *(enum cell_type *)value = (enum cell_type)found;
    return NULL;
}

const char *cell_parse_order(const char *text, void *value)
{
    static const char *const words[] = {"eq", "ne", "lt", "le", "gt", "ge", NULL};
    int found = find_word(words, text);
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

/* Where the file behind the memory was cut, or has no room for a page, the processor says so with
 * SIGBUS (mmap(2)). */
static sigjmp_buf on_fault;

static void jump(int signal)
{
    (void)signal;
    siglongjmp(on_fault, 1);
}

static void watch_faults(void)
{
    struct sigaction action = {.sa_handler = jump};
    sigaction(SIGBUS, &action, NULL);
}

static cell_value load(const struct cell *cell)
{
    if (cell_size(cell->type) == 8)
        return __atomic_load_n((uint64_t *)cell->memory, __ATOMIC_SEQ_CST);
    uint32_t value = __atomic_load_n((uint32_t *)cell->memory, __ATOMIC_SEQ_CST);
    return has_sign(cell->type) ? (uint64_t)(int32_t)value : value;
}

/* Returns whether EXPECTED stood there; else it is what stood there. */
static bool hub(const struct cell *cell, cell_value *expected, cell_value new)
{
    if (cell_size(cell->type) == 8)
        return __atomic_compare_exchange_n((uint64_t *)cell->memory, expected, new, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    uint32_t narrow = (uint32_t)*expected;
    bool is_done = __atomic_compare_exchange_n((uint32_t *)cell->memory, &narrow, (uint32_t) new,
                                               false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (!is_done)
        *expected = has_sign(cell->type) ? (uint64_t)(int32_t)narrow : narrow;
    return is_done;
}

static bool is_less(enum cell_type type, cell_value a, cell_value b)
{
    return has_sign(type) ? (int64_t)a < (int64_t)b : a < b;
}

/* Whether the type can hold the sum or difference, which is in *RESULT then. */
static bool fits(enum cell_type type, bool adds, cell_value a, cell_value b, cell_value *result)
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

static bool compute(enum cell_type type, enum cell_change change, cell_value old,
                    cell_value operand, cell_value *new)
{
    switch (change) {
    case CELL_ADD:
    case CELL_SUB:
        return fits(type, change == CELL_ADD, old, operand, new);
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

int cell_get(const struct cell *cell, cell_value *value)
{
    watch_faults();
    if (sigsetjmp(on_fault, 1))
        return errno = EFAULT, -1;
    *value = load(cell);
    return 0;
}

int cell_change(const struct cell *cell, enum cell_change change, cell_value operand,
                cell_value *old, cell_value *new)
{
    watch_faults();
    if (sigsetjmp(on_fault, 1))
        return errno = EFAULT, -1;
    *old = load(cell);
    do
        if (!compute(cell->type, change, *old, operand, new))
            return errno = ERANGE, -1;
    while (!hub(cell, old, *new));
    return cell_wake(cell);
}

int cell_exchange(const struct cell *cell, cell_value expected, cell_value new, cell_value *found)
{
    watch_faults();
    if (sigsetjmp(on_fault, 1))
        return errno = EFAULT, -1;
    *found = expected;
    return hub(cell, found, new) ? cell_wake(cell) : 0;
}

/* The 32 bits of a cell that a futex can wait for: the low half of 64. */
static uint32_t *futex_of(const struct cell *cell)
{
    bool is_second = cell_size(cell->type) == 8 && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    return (uint32_t *)cell->memory + is_second;
}

int cell_wake(const struct cell *cell)
{
    return syscall(SYS_futex, futex_of(cell), FUTEX_WAKE, INT_MAX, NULL, NULL, 0) < 0 ? -1 : 0;
}

/* Sleeps until the cell changes from VALUE, or for a while. */
static int sleep_once(const struct cell *cell, cell_value value, const struct deadline *deadline)
{
    int64_t remaining = deadline_remaining(deadline);
    if (remaining == 0)
        return errno = ETIMEDOUT, -1;
    struct timespec pause = {.tv_nsec = remaining < LOOK_AGAIN ? remaining : LOOK_AGAIN};
    if (syscall(SYS_futex, futex_of(cell), FUTEX_WAIT, (uint32_t)value, &pause, NULL, 0) == 0)
        return 0;
    bool is_stopped = errno == EINTR && interrupt_signal();
    return !is_stopped && (errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR) ? 0 : -1;
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

int cell_wait(const struct cell *cell, enum cell_order order, cell_value operand,
              const struct deadline *deadline, bool (*is_gone)(void *argument), void *argument)
{
    cell_value value;
    for (;;) {
        if (cell_get(cell, &value) < 0)
            return -1;
        if (compares(cell->type, value, order, operand))
            return 0;
        if (is_gone(argument))
            return errno = EIDRM, -1;
        if (sleep_once(cell, value, deadline) < 0)
            return -1;
    }
}
