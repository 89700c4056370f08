#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_json;
static const char *separator;

void report_start(bool json)
{
    is_json = json;
    separator = json ? "{" : "";
}

static void print_name(const char *name)
{
    if (is_json)
        printf("%s\"%s\":", separator, name);
    else
        printf("%s=", name);
    separator = ",";
}

static void print_end(void)
{
    if (!is_json)
        putchar('\n');
}

/* Bytes of the UTF-8 character at TEXT, 0 if it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *text)
{
    size_t length = text[0] < 0x80   ? 1
                    : text[0] < 0xc2 ? 0
                    : text[0] < 0xe0 ? 2
                    : text[0] < 0xf0 ? 3
                    : text[0] < 0xf5 ? 4
                                     : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool is_overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool is_no_character =
        (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf4 && text[1] >= 0x90);
    return is_overlong || is_no_character ? 0 : length;
}

/* RFC 8259 wants quotation marks, backslashes and control characters escaped, and everything in
 * UTF-8: any other byte becomes U+FFFD. */
static void print_json_string(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    putchar('"');
    while (*at) {
        size_t length = utf8_length(at);
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20)
            printf("\\u%04x", *at);
        else if (length == 0)
            fputs("\\ufffd", stdout);
        else
            fwrite(at, 1, length, stdout);
        at += length > 0 ? length : 1;
    }
    putchar('"');
}

static void print_text(const char *text)
{
    if (is_json)
        print_json_string(text);
    else
        fputs(text, stdout);
}

void report_text(const char *name, const char *value)
{
    print_name(name);
    print_text(value);
    print_end();
}

void report_number(const char *name, int64_t value)
{
    print_name(name);
    printf("%" PRId64, value);
    print_end();
}

static void start_list(const char *name)
{
    print_name(name);
    if (is_json)
        putchar('[');
}

static void separate_items(size_t index)
{
    if (index > 0)
        putchar(is_json ? ',' : ' ');
}

static void end_list(void)
{
    if (is_json)
        putchar(']');
    print_end();
}

void report_values(const char *name, const unsigned short *values, size_t count)
{
    start_list(name);
    for (size_t i = 0; i < count; i++) {
        separate_items(i);
        printf("%d", values[i]);
    }
    end_list();
}

void report_words(const char *name, const char *const *words, size_t count)
{
    start_list(name);
    for (size_t i = 0; i < count; i++) {
        separate_items(i);
        print_text(words[i]);
    }
    end_list();
}

void report_mode(const char *name, mode_t mode)
{
    char octal[16];
    snprintf(octal, sizeof octal, "%04o", (unsigned)(mode & 07777));
    report_text(name, octal);
}

void report_object(bool json, const char *name, bool is_sysv)
{
    report_start(json);
    report_text("name", name);
    report_text("family", is_sysv ? "sysv" : "posix");
}

void report_owner(mode_t mode, uid_t uid, gid_t gid)
{
    report_mode("mode", mode);
    report_number("uid", uid);
    report_number("gid", gid);
}

void report_time(const char *name, time_t when)
{
    if (when != 0)
        report_number(name, when);
}

void report_end(void)
{
    if (is_json)
        fputs("}\n", stdout);
}
