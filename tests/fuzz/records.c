/* records: a stream read as records, in pieces of any size, and the records written again
 *
 * Bytes: the form and how it is read, the limit (2), the sizes of the pieces (their number first),
 * the stream. An io_read of our own gives the stream in those pieces. A splitter that has the whole
 * stream at once finds the records that are expected. */
#include "fuzz.h"
#include "queue/message_format.h"
#include "stream/record.h"
#include "sys/io.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { STREAM_SIZE = 150000, FAILS = 255 /* as the size of a piece */ };

static struct {
    const char *data;
    size_t size, at;
    struct input pieces;
    int reads;
} stream;

static size_t next_piece(size_t most)
{
    size_t left = stream.size - stream.at, piece = input_byte(&stream.pieces);
    piece = piece == 0 ? left : piece >= 128 ? (piece - 127) * 512 : piece;
    piece = piece < left ? piece : left;
    return piece < most ? piece : most;
}

static ssize_t read_piece(int fd, void *data, size_t size)
{
    (void)fd;
    stream.reads++;
    assert(size > 0);
    if (stream.pieces.left > 0 && *stream.pieces.at == FAILS) {
        input_byte(&stream.pieces);
        return errno = EIO, -1;
    }
    size_t piece = next_piece(size);
    memcpy(data, stream.data + stream.at, piece);
    stream.at += piece;
    return (ssize_t)piece;
}

#define io_read read_piece
#include "stream/record.c" /* with its static functions, on this floor */
#undef io_read

/* One record of the stream, or why there is none. */
struct expected {
    size_t start, size, end; /* of the record, and where the next begins */
    int result, error;
    bool is_cut; /* the stream ends within it */
};

static struct expected fail(int error, bool is_cut)
{
    return (struct expected){.result = -1, .error = error, .is_cut = is_cut};
}

static struct expected expect_netstring(size_t at, size_t limit, size_t most_digits)
{
    size_t colon = at, length = 0;
    while (colon < stream.size && stream.data[colon] >= '0' && stream.data[colon] <= '9')
        colon++;
    size_t digits = colon - at;
    if (digits > most_digits || (digits > 1 && stream.data[at] == '0'))
        return fail(EBADMSG, false);
    if (colon == stream.size)
        return fail(EBADMSG, true);
    if (digits == 0 || stream.data[colon] != ':')
        return fail(EBADMSG, false);
    for (size_t i = at; i < colon; i++)
        length = 10 * length + (size_t)(stream.data[i] - '0');
    if (length > limit)
        return fail(EMSGSIZE, false);
    if (length + 1 > stream.size - colon - 1)
        return fail(EBADMSG, true);
    if (stream.data[colon + 1 + length] != ',')
        return fail(EBADMSG, false);
    return (struct expected){colon + 1, length, colon + 1 + length + 1, 1, 0, false};
}

static struct expected expect(enum record_form form, size_t at, size_t limit, size_t most_digits)
{
    if (at == stream.size && (form != RECORD_WHOLE || stream.size > 0))
        return (struct expected){0};
    if (form == RECORD_NETSTRING)
        return expect_netstring(at, limit, most_digits);
    size_t end = at;
    char terminator = form == RECORD_NUL ? '\0' : '\n';
    while (end < stream.size && (form == RECORD_WHOLE || stream.data[end] != terminator))
        end++;
    if (end - at > limit)
        return fail(EMSGSIZE, false);
    return (struct expected){at, end - at, end + (end < stream.size), 1, 0, false};
}

/* Joins PIECES into OUT. Returns the bytes. */
static size_t join(const struct iovec *pieces, int count, char *out, size_t room)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        assert(pieces[i].iov_len <= room - used);
        if (pieces[i].iov_len > 0)
            memcpy(out + used, pieces[i].iov_base, pieces[i].iov_len);
        used += pieces[i].iov_len;
    }
    return used;
}

/* Whether the record, written again, is the bytes of the stream that it came from. */
static void check_written(enum record_form form, const struct expected *record, size_t at,
                          const char *data)
{
    static char out[STREAM_SIZE + 64];
    struct iovec pieces[RECORD_PIECES];
    char head[RECORD_HEAD_SIZE], before[RECORD_HEAD_SIZE], after[RECORD_TAIL_SIZE];
    int count = record_pieces(pieces, head, form, "", data, record->size);
    size_t size = join(pieces, count, out, sizeof out), bytes = record->end - at;
    bool lacks_end = (form == RECORD_LINE || form == RECORD_NUL) && bytes == record->size;
    assert(size == bytes + lacks_end && memcmp(out, stream.data + at, bytes) == 0);

    size_t front = record_head(form, record->size, before), back = record_tail(form, after);
    assert(front + record->size + back == size);
    assert(memcmp(out, before, front) == 0 && memcmp(out + size - back, after, back) == 0);
}

static int read_record(struct record_reader *reader, bool takes, const char **data, size_t *size)
{
    int result;
    do {
        stream.reads = 0;
        bool may_read = stream.pieces.left == 0 || *stream.pieces.at % 2;
        result =
            takes ? record_take(reader, may_read, data, size) : record_next(reader, data, size);
        assert(!takes || stream.reads <= may_read);
        if (takes && !may_read)
            input_byte(&stream.pieces);
    } while (result < 0 && (errno == EIO || (takes && errno == EAGAIN)));
    return result;
}

static void check_reader(enum record_form form, size_t limit, bool takes)
{
    struct record_reader reader;
    struct expected expected;
    const char *data;
    size_t size, at = 0, longest = 0;
    uint64_t number = 0;
    record_start(&reader, -1, form, limit);
    do {
        bool is_over = form == RECORD_WHOLE && number > 0;
        expected = is_over ? (struct expected){0} : expect(form, at, limit, 19);
        errno = 0;
        int result = read_record(&reader, takes, &data, &size);
        int error = errno;
        assert(result == expected.result);
        assert(result >= 0 || error == expected.error);
        number += result != 0;
        assert(reader.number == number);
        if (result < 0) {
            errno = error;
            assert(reader.failure.errnum == error);
        }
        if (result <= 0)
            break;
        assert(size == expected.size && memcmp(data, stream.data + expected.start, size) == 0);
        check_written(form, &expected, at, data);
        at = expected.end;
        assert(reader.taken == at);
        longest = size > longest ? size : longest;
        assert(reader.capacity <= FIRST_CAPACITY || reader.capacity <= 4 * longest);
    } while (true);
    free(reader.buffer);
}

/* The ends that a walk over the pieces finds are those of the splitter. */
static void check_scanner(enum record_form form)
{
    struct record_scanner scanner;
    struct expected expected = {0};
    size_t at = 0, end = 0;
    ssize_t step = 0;
    record_scan_start(&scanner, form, UINT64_MAX);
    for (size_t piece; step >= 0 && at < stream.size; at += piece) {
        piece = next_piece(SIZE_MAX);
        if (piece == 0)
            piece = 1;
        stream.at = at + piece;
        for (size_t from = 0; from < piece; from += (size_t)step) {
            step = record_scan(&scanner, stream.data + at + from, piece - from);
            if (step < 0)
                break;
            assert(step > 0 && (size_t)step <= piece - from);
            if (scanner.is_inside)
                continue;
            expected = expect(form, end, SIZE_MAX, 19);
            assert(expected.result == 1 && expected.end == at + from + (size_t)step);
            end = expected.end;
        }
    }
    if (form == RECORD_WHOLE)
        return;
    expected = expect(form, end, SIZE_MAX, 19);
    if (step < 0)
        assert(expected.result < 0 && !expected.is_cut && errno == EBADMSG);
    else if (scanner.is_inside)
        assert(form == RECORD_NETSTRING ? expected.is_cut : expected.end == stream.size);
    else
        assert(expected.result == 0);
}

/* A tagged record is read back with its tag. */
static void check_tagged(enum record_form form, long tag)
{
    static char out[STREAM_SIZE + 64];
    struct message_format format = {.form = form, .is_tagged = true};
    struct message_record record;
    char body[256];
    size_t size = stream.size < sizeof body ? stream.size : sizeof body;
    memcpy(body, stream.data, size);
    message_format_fill(&format, &record, tag, body, size);
    stream.size = join(record.pieces, record.count, out, sizeof out);
    stream.data = out;
    stream.at = 0;

    struct record_reader reader;
    const char *data;
    size_t got;
    uint64_t again;
    record_start(&reader, -1, form, sizeof out);
    assert(read_record(&reader, false, &data, &got) == 1);
    const char *tab = memchr(data, '\t', got);
    assert(tab && parse_digits(data, 10, LONG_MAX, &again) == tab && again == (uint64_t)tag);
    bool is_whole = form == RECORD_NETSTRING || form == RECORD_WHOLE ||
                    !memchr(body, form == RECORD_NUL ? '\0' : '\n', size);
    if (is_whole)
        assert(got == (size_t)(tab + 1 - data) + size && memcmp(tab + 1, body, size) == 0);
    free(reader.buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[STREAM_SIZE];
    struct input input = {data, size};
    unsigned choice = input_byte(&input);
    enum record_form form = (enum record_form)(choice % 4);
    size_t limit = input_byte(&input);
    limit = limit << 8 | input_byte(&input);
    unsigned extent = input_byte(&input);
    size_t pieces = extent % 32;
    stream.pieces = (struct input){input.at, pieces < input.left ? pieces : input.left};
    input.at += stream.pieces.left;
    input.left -= stream.pieces.left;

    /* A stream that is longer than the reader's first buffer is the same bytes again and again.
     * That takes its time, so it is rare. */
    bool is_long = choice & 32 && extent >= 0xe0;
    size_t times = is_long ? STREAM_SIZE / (input.left + 1) : 1;
    times = times < 4000 ? times : 4000;
    for (stream.size = 0; input.left > 0 && times > 0; times--) {
        memcpy(text + stream.size, input.at, input.left);
        stream.size += input.left;
    }
    stream.data = text;
    stream.at = 0;
    long tag = (long)limit * (choice & 128 ? 1L << 47 : 1);
    limit = choice & 64 ? limit : STREAM_SIZE;
    switch (choice >> 3 & 3) {
    case 0:
        check_reader(form, limit, false);
        break;
    case 1:
        check_reader(form, limit, true);
        break;
    case 2:
        check_scanner(form);
        break;
    default:
        check_tagged(form, tag);
    }
    return 0;
}
