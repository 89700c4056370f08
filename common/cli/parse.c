#include "cli/parse.h"

#include "cli/exit.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static const char too_large[] = "too large";
const char parse_no_memory[] = "out of memory";

int parse_status(const char *why)
{
    return why == parse_no_memory ? EXIT_ERROR : EXIT_USAGE;
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return UINT_MAX;
}

const char *parse_digits(const char *text, unsigned base, uint64_t max, uint64_t *value)
{
    if (base == 0) {
        base = *text == '0' ? 8 : 10;
        if (base == 8 && (text[1] == 'x' || text[1] == 'X') && digit_of(text[2]) < 16) {
            base = 16;
            text += 2;
        }
    }

    uint64_t sum = 0;
    for (unsigned digit; (digit = digit_of(*text)) < base; text++) {
        if (digit > max || sum > (max - digit) / base)
            return NULL;
        sum = sum * base + digit;
    }
    *value = sum;
    return text;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* Returns the factor of the unit TEXT, 0 if it is none of UNITS. */
static int64_t factor_of(const char *text, const struct unit *units)
{
    for (; units->name; units++)
        if (strcmp(text, units->name) == 0)
            return units->factor;
    return 0;
}

const char *parse_time(const char *text, void *value)
{
    static const char wrong[] = "not a time (seconds, or a number with ms, s, m, h or d)";
    static const int64_t second = 1000000000;
    static const struct unit units[] = {
        {"", second},         {"ms", second / 1000}, {"s", second}, {"m", 60 * second},
        {"h", 3600 * second}, {"d", 86400 * second}, {NULL, 0}};
    uint64_t whole;
    const char *at = parse_digits(text, 10, INT64_MAX, &whole);
    if (!at)
        return too_large;
    bool has_digits = at > text;

    const char *fraction = at, *fraction_end = at;
    if (*at == '.') {
        fraction = ++at;
        fraction_end = at += strspn(at, "0123456789");
        has_digits = has_digits || at > fraction;
    }
    int64_t factor = has_digits ? factor_of(at, units) : 0;
    if (factor == 0)
        return wrong;
    if (whole > (uint64_t)(INT64_MAX / factor - 1))
        return too_large;

    /* From the last digit to the first, so that no rounding in between is lost. */
    int64_t part = 0;
    bool has_rest = false;
    while (fraction_end > fraction) {
        part += (*--fraction_end - '0') * factor;
        has_rest = has_rest || part % 10 != 0;
        part /= 10;
    }
    *(int64_t *)value = (int64_t)whole * factor + part + has_rest;
    return NULL;
}

const char *parse_size(const char *text, void *value)
{
    static const char wrong[] = "not a size (bytes, or a number with K M G T, KiB.. or KB..)";
    static const struct unit units[] = {{"", 1},
                                        {"K", 1LL << 10},
                                        {"M", 1LL << 20},
                                        {"G", 1LL << 30},
                                        {"T", 1LL << 40},
                                        {"KiB", 1LL << 10},
                                        {"MiB", 1LL << 20},
                                        {"GiB", 1LL << 30},
                                        {"TiB", 1LL << 40},
                                        {"KB", 1000},
                                        {"MB", 1000000},
                                        {"GB", 1000000000},
                                        {"TB", 1000000000000},
                                        {NULL, 0}};
    uint64_t number;
    const char *at = parse_digits(text, 10, INT64_MAX, &number);
    if (!at)
        return too_large;
    int64_t factor = at > text ? factor_of(at, units) : 0;
    if (factor == 0)
        return wrong;
    if (number > (uint64_t)(INT64_MAX / factor))
        return too_large;
    *(int64_t *)value = (int64_t)number * factor;
    return NULL;
}

const char *parse_signed_size(const char *text, void *value)
{
    bool is_negative = *text == '-';
    const char *why = parse_size(text + is_negative, value);
    if (!why && is_negative)
        *(int64_t *)value = -*(int64_t *)value;
    return why;
}

const char *parse_count(const char *text, void *value)
{
    uint64_t number;
    const char *at = parse_digits(text, 10, INT64_MAX, &number);
    if (!at)
        return too_large;
    if (at == text || *at || number == 0)
        return "not a count (1 or more)";
    *(int64_t *)value = (int64_t)number;
    return NULL;
}

const char *parse_int(const char *text, void *value)
{
    bool is_negative = *text == '-';
    const char *digits = text + (is_negative || *text == '+');
    uint64_t number;
    const char *at = parse_digits(digits, 0, (uint64_t)INT_MAX + is_negative, &number);
    if (!at)
        return too_large;
    if (at == digits || *at)
        return "not an integer";
    *(int *)value = (int)(is_negative ? -(int64_t)number : (int64_t)number);
    return NULL;
}

const char *parse_natural(const char *text, void *value)
{
    uint64_t number;
    const char *at = parse_digits(text, 10, INT_MAX, &number);
    if (!at)
        return too_large;
    if (at == text || *at)
        return "not a number (0 or more)";
    *(int *)value = (int)number;
    return NULL;
}

const char *parse_mode(const char *text, void *value)
{
    uint64_t number;
    const char *at = parse_digits(text, 8, 0777, &number);
    if (!at || at == text || *at)
        return "not a mode (octal, 0 to 0777)";
    *(mode_t *)value = (mode_t)number;
    return NULL;
}

const char *parse_text(const char *text, void *value)
{
    *(const char **)value = text;
    return NULL;
}

const char *parse_path(const char *text, void *value)
{
    return *text ? parse_text(text, value) : "an empty path";
}

int parse_word(const char *text, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return -1;
}
