#include "report.h"

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

/* RFC 8259 wants quotation mark, backslash and control characters escaped; other bytes pass. */
static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

void report_text(const char *name, const char *value)
{
    print_name(name);
    if (is_json)
        print_json_string(value);
    else
        fputs(value, stdout);
    print_end();
}

void report_number(const char *name, int64_t value)
{
    print_name(name);
    printf("%" PRId64, value);
    print_end();
}

void report_mode(const char *name, mode_t mode)
{
    char octal[16];
    snprintf(octal, sizeof octal, "%04o", (unsigned)(mode & 07777));
    report_text(name, octal);
}

void report_time(const char *name, time_t when)
{
    if (when != 0)
        report_number(name, when);
}

int report_end(void)
{
    if (is_json)
        fputs("}\n", stdout);
    return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0;
}
