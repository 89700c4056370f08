/* numbers: times, sizes, counts, integers, modes and the values of cells
 *
 * The first byte chooses the parser, the rest is its text. A pattern decides what should be
 * accepted, and arithmetic of 128 bits gives the value; a value that is printed is parsed to the
 * same again. */
#include "cli/parse.h"
#include "fuzz.h"
#include "grammar.h"
#include "memory/cell.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

typedef __int128 wide;

/* Over every limit, and times a day in nanoseconds it fits. */
static const wide far = (wide)1 << 80;

/* The digits of TEXT from START to END as a number, at most FAR. */
static wide read_wide(const char *text, regoff_t start, regoff_t end, int base)
{
    wide sum = 0;
    for (regoff_t at = start; at < end; at++) {
        char c = text[at];
        int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        sum = sum < far ? sum * base + digit : far;
    }
    return sum < far ? sum : far;
}

static wide power(wide base, int exponent)
{
    wide product = 1;
    while (exponent-- > 0)
        product *= base;
    return product;
}

static wide factor_of_time(const char *unit)
{
    const wide second = 1000000000;
    switch (*unit) {
    case 'm':
        return unit[1] ? second / 1000 : 60 * second;
    case 'h':
        return 60 * 60 * second;
    case 'd':
        return 24 * 60 * 60 * second;
    default:
        return second;
    }
}

static void check_time(const char *text)
{
    static struct grammar grammar = {.pattern = "^([0-9]*)(\\.([0-9]*))?(ms|s|m|h|d)?$"};
    enum { DIGITS = 22 }; /* of a fraction, of which times a day in nanoseconds fits a wide */
    regmatch_t group[GRAMMAR_GROUPS];
    int64_t value = -7;
    bool is_taken = parse_time(text, &value) == NULL;
    bool fits = grammar_fits(&grammar, text, group);
    fits = fits && (group[1].rm_eo > group[1].rm_so || group[3].rm_eo > group[3].rm_so);
    assert(is_taken || value == -7);
    assert(fits || !is_taken);
    if (!fits)
        return;

    wide factor = factor_of_time(group[4].rm_so >= 0 ? text + group[4].rm_so : "");
    wide least = read_wide(text, group[1].rm_so, group[1].rm_eo, 10) * factor;
    int digits = group[3].rm_so >= 0 ? group[3].rm_eo - group[3].rm_so : 0;
    bool is_exact = digits <= DIGITS;
    if (!is_exact)
        digits = DIGITS;
    if (digits > 0) {
        wide part = read_wide(text, group[3].rm_so, group[3].rm_so + digits, 10) * factor;
        least += (part + power(10, digits) - 1) / power(10, digits);
    }
    /* A refusal may come one unit before the end, so that the fraction has room. */
    assert(is_taken || least > INT64_MAX - 2 * factor);
    if (!is_taken)
        return;
    assert(is_exact ? value == least : value >= least && value <= least + 1);

    char again[64];
    int64_t second_value;
    snprintf(again, sizeof again, "%" PRId64 ".%09" PRId64, value / 1000000000, value % 1000000000);
    assert(parse_time(again, &second_value) == NULL && second_value == value);
}

static wide factor_of_size(const char *unit)
{
    const char *letter = *unit ? strchr("KMGT", *unit) : NULL;
    if (!letter)
        return 1;
    return power(unit[1] == 'B' ? 1000 : 1024, (int)(letter - "KMGT") + 1);
}

static void check_size(const char *text, parse_function *parse, bool is_signed)
{
    static struct grammar grammar = {.pattern = "^(-?)([0-9]+)([KMGT](iB|B)?)?$"};
    regmatch_t group[GRAMMAR_GROUPS];
    int64_t value = -7;
    bool is_taken = parse(text, &value) == NULL;
    bool fits = grammar_fits(&grammar, text, group) && (is_signed || *text != '-');
    wide size = 0;
    if (fits) {
        size = read_wide(text, group[2].rm_so, group[2].rm_eo, 10);
        wide factor = factor_of_size(group[3].rm_so >= 0 ? text + group[3].rm_so : "");
        size = size < far / factor ? size * factor : far;
        fits = size <= INT64_MAX;
    }
    if (fits && *text == '-')
        size = -size;
    assert(is_taken == fits);
    assert(value == (fits ? size : -7));
}

static void check_plain(const char *text, parse_function *parse, int base, wide min, wide max)
{
    static struct grammar decimal = {.pattern = "^[0-9]+$"}, octal = {.pattern = "^[0-7]+$"};
    regmatch_t group[GRAMMAR_GROUPS];
    int64_t value = 0; /* an int and a mode_t lie in its first bytes */
    wide expected = 0;
    bool fits = grammar_fits(base == 8 ? &octal : &decimal, text, group);
    if (fits)
        expected = read_wide(text, 0, group[0].rm_eo, base);
    fits = fits && expected >= min && expected <= max;
    assert((parse(text, &value) == NULL) == fits);
    if (!fits)
        return;
    uint32_t narrow;
    memcpy(&narrow, &value, sizeof narrow);
    assert((max > UINT32_MAX ? value : narrow) == expected);
}

/* C notation between MIN and MAX; PARSED is the value if the parser took it. */
static void check_notation(const char *text, struct grammar *grammar, wide min, wide max,
                           bool is_taken, wide parsed)
{
    regmatch_t group[GRAMMAR_GROUPS];
    bool fits = grammar_fits(grammar, text, group);
    if (fits) {
        const char *digits = text + strspn(text, "+-");
        bool is_hexadecimal = digits[0] == '0' && (digits[1] | 0x20) == 'x';
        int base = is_hexadecimal ? 16 : *digits == '0' ? 8 : 10;
        digits += is_hexadecimal ? 2 : 0;
        wide value = read_wide(digits, 0, (regoff_t)strlen(digits), base);
        if (*text == '-')
            value = -value;
        fits = value >= min && value <= max;
        assert(!is_taken || parsed == value);
    }
    assert(is_taken == fits);
}

#define NUMBER "(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$"

static void check_int(const char *text)
{
    static struct grammar grammar = {.pattern = "^[-+]?" NUMBER};
    int value = -7;
    bool is_taken = parse_int(text, &value) == NULL;
    assert(is_taken || value == -7);
    check_notation(text, &grammar, INT_MIN, INT_MAX, is_taken, value);
}

static void check_cell(const char *text, enum cell_type type)
{
    static const wide least[] = {0, INT32_MIN, 0, INT64_MIN},
                      most[] = {UINT32_MAX, INT32_MAX, UINT64_MAX, INT64_MAX};
    static struct grammar is_signed = {.pattern = "^-?" NUMBER},
                          is_unsigned = {.pattern = "^" NUMBER};
    bool has_sign = type == CELL_I32 || type == CELL_I64;
    cell_value value = 7, second;
    bool is_taken = cell_parse(type, text, &value) == NULL;
    wide number = has_sign ? (wide)(int64_t)value : (wide)value;
    check_notation(text, has_sign ? &is_signed : &is_unsigned, least[type], most[type], is_taken,
                   number);
    if (is_taken)
        assert(cell_parse(type, cell_text(type, value), &second) == NULL && second == value);
}

static void check_digits(const char *text, unsigned base, uint64_t max)
{
    uint64_t value = 7;
    const char *end = parse_digits(text, base, max, &value);
    char *expected_end = (char *)(uintptr_t)text;
    uint64_t expected = 0;
    errno = 0;
    if (text[0] != ' ' && text[0] != '-' && text[0] != '+' && (text[0] < '\t' || text[0] > '\r'))
        expected = strtoull(text, &expected_end, (int)base);
    if (base == 16 && text[0] == '0' && (text[1] | 0x20) == 'x') /* only C notation has prefixes */
        errno = 0, expected = 0, expected_end = (char *)(uintptr_t)text + 1;
    bool fits = errno == 0 && expected <= max;
    assert(fits ? end == expected_end && value == expected : !end && value == 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned bases[] = {0, 8, 10, 16};
    static const uint64_t limits[] = {UINT64_MAX, INT64_MAX, UINT32_MAX, INT_MAX, 255, 5, 0};
    struct input input = {data, size};
    unsigned choice = input_byte(&input), more = choice / 16;
    char *text = input_text(&input);
    switch (choice % 16) {
    case 0:
    case 1:
    case 2:
        check_time(text);
        break;
    case 3:
    case 4:
        check_size(text, parse_size, false);
        break;
    case 5:
        check_size(text, parse_signed_size, true);
        break;
    case 6:
        check_plain(text, parse_count, 10, 1, INT64_MAX);
        break;
    case 7:
        check_plain(text, parse_natural, 10, 0, INT_MAX);
        break;
    case 8:
        check_plain(text, parse_mode, 8, 0, 0777);
        break;
    case 9:
    case 10:
        check_int(text);
        break;
    case 11:
    case 12:
        check_cell(text, (enum cell_type)(more % 4));
        break;
    default:
        check_digits(text, bases[more % 4], limits[(more + choice) % 7]);
    }
    free(text);
    return 0;
}
