/* texts: what is printed: --format, JSON, and the numbers of a progress meter
 *
 * The first byte chooses, the rest is the format with a body behind it, a text, or a number. */
#include "cli/report.h"
#include "fuzz.h"
#include "grammar.h"
#include "queue/message_format.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/progress.c" /* with its static functions */

/* Adds SIZE bytes to what is expected of FORMAT, or counts a piece of it. */
struct expected {
    char bytes[65536];
    size_t size;
    int pieces;
    bool is_text; /* so the last piece */
};

static void expect(struct expected *expected, const void *data, size_t size, bool is_text)
{
    assert(size <= sizeof expected->bytes - expected->size);
    if (size > 0)
        memcpy(expected->bytes + expected->size, data, size);
    expected->size += size;
    expected->pieces += !is_text || !expected->is_text;
    expected->is_text = is_text;
}

static void expect_format(struct expected *expected, const char *text, long tag, const char *body,
                          size_t size)
{
    char number[32];
    for (const char *at = text; *at && expected->pieces <= TEMPLATE_PIECES;
         at += *at == '%' || *at == '\\' ? 2 : 1) {
        if (*at != '%' && *at != '\\')
            expect(expected, at, 1, true);
        else if (at[1] == 'n' || at[1] == 't' || at[1] == '0')
            expect(expected, at[1] == 'n' ? "\n" : at[1] == 't' ? "\t" : "\0", 1, true);
        else if (at[1] == *at)
            expect(expected, at, 1, true);
        else if (at[1] == 'b')
            expect(expected, body, size, false);
        else if (at[1] == 's')
            expect(expected, number, (size_t)sprintf(number, "%zu", size), false);
        else
            expect(expected, number, (size_t)sprintf(number, "%ld", tag), false);
    }
}

static void free_format(struct template *format)
{
    for (int i = 0; i < format->count; i++)
        if (format->pieces[i].iov_base)
            format->end -= format->pieces[i].iov_len;
    free(format->end);
}

/* FORMAT is filled in for a message of BODY. */
static void check_format(const char *text, const char *body, size_t size)
{
    static struct grammar grammar = {.pattern = "^([^%\\]|%[bsp%]|\\\\[nt0\\])*$"};
    static struct expected expected;
    regmatch_t group[GRAMMAR_GROUPS];
    struct message_format format = {.template.letters = MESSAGE_FORMAT_LETTERS};
    struct message_record record;
    long tag = size % 2 ? (long)size : LONG_MAX;
    bool fits = grammar_fits(&grammar, text, group);
    expected.size = 0;
    expected.pieces = 0;
    expected.is_text = false;
    if (fits)
        expect_format(&expected, text, tag, body, size);
    fits = fits && expected.pieces <= TEMPLATE_PIECES;

    const char *why = template_parse(text, &format.template);
    assert((why == NULL) == fits);
    assert(!why || strlen(why) > 0);
    if (fits) {
        message_format_fill(&format, &record, tag, body, size);
        assert(record.count == expected.pieces);
        const char *at = expected.bytes;
        for (int i = 0; i < record.count; at += record.pieces[i++].iov_len)
            assert(record.pieces[i].iov_len == 0 ||
                   memcmp(at, record.pieces[i].iov_base, record.pieces[i].iov_len) == 0);
        assert(at == expected.bytes + expected.size);
    }
    free_format(&format.template);
}

/* The character at TEXT, and in *SIZE its bytes; U+FFFD of one byte if it is not UTF-8. */
static unsigned decode(const unsigned char *text, size_t *size)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = *text < 0x80         ? 1
                    : *text >> 5 == 0x06 ? 2
                    : *text >> 4 == 0x0e ? 3
                    : *text >> 3 == 0x1e ? 4
                                         : 0;
    unsigned character = length == 1 ? *text : *text & (0x7fu >> length);
    *size = 1;
    for (size_t i = 1; i < length; i++) {
        if (text[i] >> 6 != 2)
            return 0xfffd;
        character = character << 6 | (text[i] & 0x3f);
    }
    bool is_surrogate = character >= 0xd800 && character < 0xe000;
    if (length == 0 || character < least[length] || character > 0x10ffff || is_surrogate)
        return 0xfffd;
    *size = length;
    return character;
}

/* The character that the JSON at TEXT stands for, as decode. */
static unsigned decode_json(const char *text, size_t *size)
{
    if (*text != '\\') {
        unsigned character = decode((const unsigned char *)text, size);
        assert(character != 0xfffd || *size == 3); /* it is UTF-8 */
        return character;
    }
    char digits[] = {text[2], text[3], text[4], text[5], '\0'};
    *size = text[1] == 'u' ? 6 : 2;
    assert(text[1] == '"' || text[1] == '\\' || text[1] == 'u');
    assert(text[1] != 'u' || strspn(digits, "0123456789abcdef") == 4);
    return text[1] == 'u' ? (unsigned)strtoul(digits, NULL, 16) : (unsigned char)text[1];
}

static void check_json(const char *text)
{
    static char printed[65536 * 6];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("stdout", MFD_CLOEXEC);
    assert(ftruncate(fd, 0) == 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
    rewind(stdout);
    report_start(true);
    report_text("name", text);
    report_number("size", -1);
    report_end();
    assert(fflush(stdout) == 0);
    ssize_t got = pread(fd, printed, sizeof printed - 1, 0);
    assert(got > 0);
    printed[got] = '\0';

    static const char before[] = "{\"name\":\"", behind[] = "\",\"size\":-1}\n";
    assert(strncmp(printed, before, strlen(before)) == 0);
    const char *at = printed + strlen(before);
    for (size_t size, bytes; *text; text += size, at += bytes) {
        assert((unsigned char)*at >= 0x20 && *at != '"');
        assert(decode((const unsigned char *)text, &size) == decode_json(at, &bytes));
    }
    assert(strcmp(at, behind) == 0);
}

static void check_meter(struct input *input)
{
    double number = 0;
    char size[32], time[32];
    memcpy(&number, input->at, input->left < sizeof number ? input->left : sizeof number);
    if (signbit(number) || !(number <= 1e300))
        return;
    format_size(number, size);
    /* Never more digits than there is room for in what can be counted in bytes. */
    assert(number >= 0x1p63 || strlen(size) <= strlen("1024.0 KiB"));
    if (number < 1e15) {
        format_time(number, time);
        assert(strspn(time, "0123456789:. s") == strlen(time));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned choice = input_byte(&input) % 4;
    char *text = input_text(&input);
    size_t length = strlen(text), rest = length < input.left ? length + 1 : input.left;
    if (choice < 2 && size < 8192)
        check_format(text, (const char *)input.at + rest,
                     input.left - rest < 512 ? input.left - rest : 512);
    else if (choice == 2 && size < 65536)
        check_json(text);
    else if (choice == 3)
        check_meter(&input);
    free(text);
    return 0;
}
