#include "outlet.h"

#include "io.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENOUGH = 65536 };

void outlet_start(struct outlet *outlet, enum record_form form)
{
    struct stat status;
    bool is_file = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    *outlet = (struct outlet){.form = form, .most = is_file ? SSIZE_MAX : PIPE_BUF};
}

char *outlet_room(struct outlet *outlet, size_t size)
{
    if (outlet->capacity - outlet->end >= size)
        return outlet->data + outlet->end;
    size_t waiting = outlet->end - outlet->start, capacity = 2 * ENOUGH;
    if (waiting > 0)
        memmove(outlet->data, outlet->data + outlet->start, waiting);
    outlet->start = 0;
    outlet->end = waiting;
    while (capacity < waiting + size)
        capacity *= 2;
    if (capacity > outlet->capacity) {
        char *data = realloc(outlet->data, capacity);
        if (!data)
            return NULL;
        outlet->data = data;
        outlet->capacity = capacity;
    }
    return outlet->data + outlet->end;
}

void outlet_add(struct outlet *outlet, size_t size)
{
    outlet->end += size;
}

bool outlet_is_empty(const struct outlet *outlet)
{
    return outlet->start == outlet->end;
}

bool outlet_is_full(const struct outlet *outlet)
{
    return outlet->end - outlet->start >= ENOUGH;
}

/* After POLLOUT a pipe takes PIPE_BUF bytes without waiting, and whole (pipe(7)): so a record of
 * that size stays whole too where the write ends with one. */
static size_t next_write(const struct outlet *outlet)
{
    const char *data = outlet->data + outlet->start, *end = NULL;
    size_t size = outlet->end - outlet->start;
    if (size <= outlet->most)
        return size;
    if (outlet->form == RECORD_LINE || outlet->form == RECORD_NUL)
        end = memrchr(data, outlet->form == RECORD_LINE ? '\n' : '\0', outlet->most);
    return end ? (size_t)(end - data) + 1 : outlet->most;
}

int outlet_flush(struct outlet *outlet)
{
    ssize_t put = write(STDOUT_FILENO, outlet->data + outlet->start, next_write(outlet));
    if (put < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    outlet->start += (size_t)put;
    if (outlet_is_empty(outlet))
        outlet->start = outlet->end = 0;
    return 0;
}

int outlet_end(struct outlet *outlet)
{
    const char *rest = outlet->data + outlet->start;
    size_t size = outlet->end - outlet->start;
    outlet->start = outlet->end = 0;
    return size == 0 ? 0 : io_write(STDOUT_FILENO, rest, size);
}
