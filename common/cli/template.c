#include "cli/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char too_long[] = "too long (at most 64 fields and texts)";

static const char *refuse(struct template *format, const char *what)
{
    int used = snprintf(format->why, sizeof format->why, "%s", what);
    for (const char *letter = format->letters; *letter; letter++)
        used += snprintf(format->why + used, sizeof format->why - (size_t)used, "%%%c ", *letter);
    snprintf(format->why + used, sizeof format->why - (size_t)used, "%%%%)");
    return format->why;
}

/* Adds CHARACTER to the literal text that is the last piece, or begins one. */
static int add_character(struct template *format, int character)
{
    if (format->count == 0 || !format->pieces[format->count - 1].iov_base) {
        if (format->count == TEMPLATE_PIECES)
            return -1;
        format->pieces[format->count++] = (struct iovec){format->end, 0};
    }
    format->pieces[format->count - 1].iov_len++;
    *format->end++ = (char)character;
    return 0;
}

/* What LETTER after a backslash stands for, -1 if nothing. */
static int unescape(char letter)
{
    static const char letters[] = "nt0\\", meanings[] = {'\n', '\t', '\0', '\\'};
    const char *found = letter ? strchr(letters, letter) : NULL;
    return found ? meanings[found - letters] : -1;
}

const char *template_parse(const char *text, void *value)
{
    struct template *format = value;
    format->is_given = true;
    format->count = 0;
    format->end = malloc(strlen(text) + 1);
    if (!format->end)
        return parse_no_memory;

    for (const char *at = text; *at; at++) {
        const char *field = *at == '%' && at[1] ? strchr(format->letters, at[1]) : NULL;
        if (*at == '%' && at[1] != '%' && !field)
            return refuse(format, "unknown field (");
        int character = *at == '\\' ? unescape(at[1]) : (unsigned char)*at;
        if (character < 0)
            return "unknown escape (\\n \\t \\0 \\\\)";
        at += *at == '%' || *at == '\\';

        if (!field && add_character(format, character) < 0)
            return too_long;
        if (field && format->count == TEMPLATE_PIECES)
            return too_long;
        if (field)
            format->pieces[format->count++] =
                (struct iovec){NULL, (size_t)(field - format->letters)};
    }
    return NULL;
}

int template_fill(const struct template *format, const struct iovec *fields,
                  struct iovec pieces[TEMPLATE_PIECES])
{
    for (int i = 0; i < format->count; i++)
        pieces[i] =
            format->pieces[i].iov_base ? format->pieces[i] : fields[format->pieces[i].iov_len];
    return format->count;
}
