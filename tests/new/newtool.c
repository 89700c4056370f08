/* newtool: prints the size of a file
 *
 * Say here which object the tool works on, what orders or locks it, and what can be lost. */

#include "cli/diag.h"
#include "cli/exit.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "sys/program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

static int find_size(const char *path, int64_t *size, struct failure *failure)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return failure_set(failure, "look at file");
    *size = status.st_size;
    return 0;
}

static void print_size(int64_t size, bool is_bare, bool json)
{
    if (is_bare) {
        printf("%lld\n", (long long)size);
        return;
    }
    report_start(json);
    report_number("size", size);
    report_end();
}

static const char *const synopsis[] = {"[-b | -j] FILE", NULL};

static const struct option_rule rules[] = {
    {.only_one = "bare json"},
    {0},
};

static const struct tool tool = {
    .name = "newtool",
    .purpose = "Print the size of a file",
    .synopsis = synopsis,
    .rules = rules,
};

int main(int argc, char **argv)
{
    bool is_bare = false, json = false;
    const struct tool_option table[] = {
        {'b', "bare", NULL, NULL, &is_bare, "print the number alone"},
        {OPTION_JSON(&json)},
        {0},
    };
    const char *path;
    int64_t size = 0;
    struct failure failure = {0};

    program_begin();
    struct operands operands = options_parse(argc, argv, &tool, table);
    options_operand(&operands, "FILE", parse_path, &path);
    options_end(&operands);
    options_check(&operands, NULL);

    if (find_size(path, &size, &failure) < 0)
        return diag_fail(path, &failure);
    print_size(size, is_bare, json);
    if (program_end() < 0)
        diag_die(EXIT_ERROR, "stdout: write: %m");
    return EXIT_DONE;
}
