#include "queue/message_format.h"

#include <stdio.h>

void message_format_fill(const struct message_format *format, struct message_record *record,
                         long tag, const void *data, size_t size)
{
    size_t tag_size = 0;
    record->tag[0] = '\0';
    if (format->is_tagged || format->template.is_given)
        tag_size = (size_t)snprintf(record->tag, sizeof record->tag, "%ld\t", tag);
    if (!format->template.is_given) {
        record->count =
            record_pieces(record->pieces, record->head, format->form, record->tag, data, size);
        return;
    }
    size_t digits = (size_t)snprintf(record->size, sizeof record->size, "%zu", size);
    const struct iovec fields[] = {
        {(void *)(uintptr_t)data, size}, {record->size, digits}, {record->tag, tag_size - 1}};
    record->count = template_fill(&format->template, fields, record->pieces);
}
