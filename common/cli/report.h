/* report: describes one object on stdout, as `name=value` lines or as one JSON object
 *
 * One report at a time. The names must need no quoting. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

void report_start(bool json);

/* The same for an IPC object: `name`, and `family`, sysv or posix. */
void report_object(bool json, const char *name, bool is_sysv);

/* Its `mode`, `uid` and `gid`. */
void report_owner(mode_t mode, uid_t uid, gid_t gid);

void report_text(const char *name, const char *value);
void report_number(const char *name, int64_t value);

/* COUNT numbers separated by blanks; in JSON an array. */
void report_values(const char *name, const unsigned short *values, size_t count);

/* COUNT words separated by blanks; in JSON an array of strings. */
void report_words(const char *name, const char *const *words, size_t count);

/* Permissions in octal, `0600`; in JSON a string. */
void report_mode(const char *name, mode_t mode);

/* Seconds since the epoch; left out if the kernel has none (0). */
void report_time(const char *name, time_t when);

/* Ends the report; program_end fails if stdout did not take it. */
void report_end(void);

#endif
