/* files: what others have written: pidfiles, lists of targets, files of /proc, semaphores
 *
 * The first byte chooses the reader, the rest is the file. */
#include "fuzz.h"
#include "grammar.h"
#include "signal/target.h"
#include "stream/record.h"
#include "sys/io.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* With their static functions. */
#include "semaphore/semaphore_posix.c"
#include "semaphore/semaphore_posix_file.c"
#include "signal/signal_state.c"
#include "sys/blocked_threads.c"

static char *lines; /* that the reader of targets.c leaves to the end of the process */

static int next_line(struct record_reader *reader, const char **data, size_t *size)
{
    int result = record_next(reader, data, size);
    lines = reader->buffer;
    return result;
}

#define record_next next_line
#include "signal/target.c"
#undef record_next

static ssize_t read_given(const char *path, char *text, size_t size);
#define io_read_text read_given /* whose path is fixed */
#include "sys/limits.c"
#undef io_read_text

static struct {
    const uint8_t *data;
    size_t size;
    int fd;
    char path[32];
} file = {.fd = -1};

static void write_file(struct input *input)
{
    if (file.fd < 0)
        file.fd = memfd_create("file", MFD_CLOEXEC);
    assert(file.fd >= 0 && ftruncate(file.fd, 0) == 0);
    assert(pwrite(file.fd, input->at, input->left, 0) == (ssize_t)input->left);
    assert(lseek(file.fd, 0, SEEK_SET) == 0);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
    file.data = input->at;
    file.size = input->left;
}

/* What PID or PID:INODE the text is; pid 0 where it is none. */
static struct process expect_process(const char *text)
{
    static struct grammar grammar = {.pattern = "^([0-9]+)(:([0-9]+))?$"};
    regmatch_t group[GRAMMAR_GROUPS];
    struct process process = {.pid = 0};
    if (!grammar_fits(&grammar, text, group))
        return process;
    uint64_t pid = strtoull(text, NULL, 10);
    bool has_inode = group[3].rm_so >= 0;
    errno = 0;
    process.inode = has_inode ? strtoull(text + group[3].rm_so, NULL, 10) : 0;
    if (pid <= INT_MAX && errno == 0 && (process.inode > 0 || !has_inode))
        process.pid = (pid_t)pid;
    return process;
}

static void check_pidfile(const char *text)
{
    enum { READ = 63 };
    struct process process = {.pid = -7}, expected;
    size_t start = strspn(text, " \t\n"), length = strcspn(text + start, " \t\r\n");
    char *word = strndup(text + start, length);
    expected = expect_process(word);
    bool is_taken = process_read(&process, file.path) == 0;
    assert(is_taken || errno == EBADMSG);
    if (is_taken)
        assert(process.pid == expected.pid && process.inode == expected.inode);
    else /* a word further behind is not looked for */
        assert(expected.pid == 0 || start + length >= READ);
    free(word);
}

static void check_targets(void)
{
    struct targets targets = {.scope = PROCESS_WHOLE};
    int count = 0;
    if (memmem(file.data, file.size, "pidfile:", 8)) /* any file of this machine */
        return;
    assert(dup2(file.fd, STDIN_FILENO) == STDIN_FILENO);
    bool is_taken = target_read(&targets) == NULL, is_right = true;

    char *text = malloc(file.size + 1), *rest;
    memcpy(text, file.data, file.size);
    text[file.size] = '\0';
    for (char *nul = text; (nul += strlen(nul)) < text + file.size;)
        *nul = ' ';
    for (char *word = strtok_r(text, " \t\r\n", &rest); is_right && word;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        struct process expected = expect_process(word);
        is_right = expected.pid > 0;
        if (!is_right)
            break;
        assert(count < targets.count);
        const struct process *found = &targets.all[count++].process;
        assert(found->pid == expected.pid && found->inode == expected.inode);
    }
    assert(is_taken == is_right && count == targets.count);
    free(text);
    for (int i = 0; i < targets.count; i++)
        free((char *)(uintptr_t)targets.all[i].text);
    if (targets.all != targets.few)
        free(targets.all);
    free(lines);
}

/* The mask behind `NAME:` at the beginning of a line: the last there is. */
static uint64_t expect_mask(const char *text, const char *name)
{
    size_t length = strlen(name);
    uint64_t found = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *digits = line + length + 1;
        digits += strspn(digits, ":\t ");
        bool has_prefix = digits[0] == '0' && tolower(digits[1]) == 'x';
        bool is_number = isxdigit((unsigned char)*digits) && !has_prefix;
        errno = 0;
        uint64_t mask = is_number ? strtoull(digits, NULL, 16) : 0;
        found = errno == 0 ? mask : 0;
    }
    return found;
}

static void check_status(const char *text)
{
    struct masks masks = {.blocked = UINT64_MAX};
    if (strlen(text) < file.size) /* the kernel writes no NUL */
        return;
    assert(read_thread(file.path, &masks) == 0);
    if (strncmp(text, "State:\tZ", 8) == 0 || strstr(text, "\nState:\tZ"))
        return;
    assert(masks.blocked == expect_mask(text, "SigBlk"));
    assert(masks.ignored == expect_mask(text, "SigIgn"));
    assert(masks.caught == expect_mask(text, "SigCgt"));
    uint64_t least = expect_mask(text, "SigPnd") | expect_mask(text, "ShdPnd");
    assert((masks.pending & least) == least);
}

static void check_call(const char *text)
{
    static struct grammar grammar = {.pattern = "^([0-9]{1,9}) (0x[0-9a-f]{1,16})( |\n|$)"};
    regmatch_t group[GRAMMAR_GROUPS];
    long number;
    uint64_t argument;
    bool is_call = read_call(file.path, &number, &argument);
    assert(!is_call || strpbrk(text, "0123456789"));
    if (strlen(text) < 200 && grammar_fits(&grammar, text, group))
        assert(is_call && number == strtol(text, NULL, 10) &&
               argument == strtoull(text + group[2].rm_so, NULL, 16));
}

static ssize_t read_given(const char *path, char *text, size_t size)
{
    size_t length = file.size < size - 1 ? file.size : size - 1;
    assert(strcmp(path, "/proc/sys/kernel/limit") == 0);
    memcpy(text, file.data, length);
    text[length] = '\0';
    return (ssize_t)length;
}

static void check_limit(const char *text)
{
    int64_t limit = limits_read("kernel.limit", -7);
    assert(file.size > 0 || limit == -7);
    if (file.size > 0 && file.size < 32)
        assert(limit == strtoll(text, NULL, 10));
}

static int step_semaphore(struct semaphore *semaphore, int delta)
{
    struct semaphore_op step = {.delta = delta};
    struct deadline now = deadline_after(0);
    errno = 0;
    return semaphore_posix.operate(semaphore, &step, 1, &now);
}

/* The file is a semaphore and behind it what is done to it, a byte each. */
static void check_semaphore(struct input input)
{
    struct semaphore semaphore = {.name.text = "/x", .path = "/dev/shm/sem.x"};
    size_t size = file.size < sizeof(sem_t) ? file.size : sizeof(sem_t);
    assert(ftruncate(file.fd, (off_t)size) == 0);
    bool is_taken = map_file(&semaphore, file.fd, PROT_READ | PROT_WRITE) == 0;
    assert(is_taken || errno == EBADMSG);
    assert(!is_taken || size == sizeof(sem_t));
    if (!is_taken)
        return;
    in_hand = NULL;
    is_truncated = 0;
    input.at += size;
    input.left -= size;
    int value = semaphore_posix.value(&semaphore);
    assert(value >= 0);
    while (input.left > 0 && !is_truncated) {
        unsigned action = input_byte(&input);
        switch (action % 8) {
        case 0: /* somebody cuts the file: nothing that follows ends by SIGBUS */
            assert(ftruncate(file.fd, 0) == 0);
            assert(semaphore_posix.value(&semaphore) == -1 && errno == EBADMSG && is_truncated);
            break;
        case 1:
            assert(step_semaphore(&semaphore, 0) == (value == 0 ? 0 : -1));
            break;
        case 2:
            if (value > 1000) /* it goes there step by step */
                break;
            value = (int)action;
            assert(semaphore_posix.set(&semaphore, value) == 0);
            break;
        case 3:
        case 4:
        case 5:
            assert(step_semaphore(&semaphore, -1) == (value > 0 ? 0 : -1));
            assert(value > 0 || errno == EAGAIN);
            value -= value > 0;
            break;
        default:
            assert(step_semaphore(&semaphore, 1) == (value < SEM_VALUE_MAX ? 0 : -1));
            assert(value < SEM_VALUE_MAX || errno == EOVERFLOW);
            value += value < SEM_VALUE_MAX;
        }
        assert(is_truncated || semaphore_posix.value(&semaphore) == value);
    }
    munmap(semaphore.posix, sizeof(sem_t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned choice = input_byte(&input) % 8;
    char *text = input_text(&input);
    write_file(&input);
    switch (choice) {
    case 0:
    case 1:
        check_pidfile(text);
        break;
    case 2:
        check_targets();
        break;
    case 3:
    case 4:
        check_status(text);
        break;
    case 5:
        check_call(text);
        break;
    case 6:
        check_limit(text);
        break;
    default:
        check_semaphore(input);
    }
    free(text);
    return 0;
}
