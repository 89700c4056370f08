#include "queue/byte_buffer.h"

#include <stdlib.h>
#include <string.h>

enum { SPARE = 65536 };

int byte_buffer_append(struct byte_buffer *buffer, const void *data, size_t size)
{
    size_t needed = buffer->size + size;
    if (needed >= buffer->capacity) {
        char *larger = realloc(buffer->data, needed + SPARE);
        if (!larger)
            return -1;
        buffer->data = larger;
        buffer->capacity = needed + SPARE;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size = needed;
    return 0;
}
