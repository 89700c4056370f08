/* byte_buffer: bytes in memory that grow at the end */
#ifndef BYTE_BUFFER_H
#define BYTE_BUFFER_H

#include <stddef.h>

/* {0} is an empty buffer. Setting SIZE to 0 empties it and keeps the memory. */
struct byte_buffer {
    char *data;
    size_t size, capacity;
};

/* Appends SIZE bytes. DATA is not NULL afterwards, even if there is not one byte. Returns 0, or -1
 * with errno. */
int byte_buffer_append(struct byte_buffer *buffer, const void *data, size_t size);

#endif
