/* parse: words of the command line as values
 *
 * A parser takes the whole of TEXT. It stores the value and returns NULL; or it stores nothing and
 * returns what is wrong with TEXT, a constant string such as "too large". */
#ifndef PARSE_H
#define PARSE_H

#include <stdint.h>

typedef const char *parse_function(const char *text, void *value);

/* What a parser returns if there was no memory for a correct TEXT. */
extern const char parse_no_memory[];

/* The exit status after a parser returned WHY: EXIT_USAGE, or EXIT_ERROR for parse_no_memory. */
int parse_status(const char *why);

/* TIME: a decimal number of seconds, or with ms s m h d. VALUE is an int64_t of nanoseconds,
 * rounded up so that only a written zero is zero. */
parse_function parse_time;

/* SIZE: an integer with K M G T or KiB MiB GiB TiB (powers of 1024), KB MB GB TB (powers of
 * 1000). VALUE is an int64_t of bytes. */
parse_function parse_size;

/* SIZE, or -SIZE. */
parse_function parse_signed_size;

/* N: an integer from 1 up. VALUE is an int64_t. */
parse_function parse_count;

/* N: any integer from INT_MIN to INT_MAX, in C notation (0x1f, 017). VALUE is an int. */
parse_function parse_int;

/* N: an integer from 0 to INT_MAX. VALUE is an int. */
parse_function parse_natural;

/* MODE: octal permissions up to 0777. VALUE is a mode_t. */
parse_function parse_mode;

/* TEXT as it is. VALUE is a const char *. */
parse_function parse_text;

/* The same, of a path: not empty. */
parse_function parse_path;

/* The index of TEXT in WORDS, which end with NULL; -1 if it is none of them. */
int parse_word(const char *text, const char *const *words);

/* Reads the unsigned integer at the start of TEXT in BASE (0: C notation), without sign or space.
 * Returns where it ends: TEXT itself if there is no digit, NULL if the number is over MAX. */
const char *parse_digits(const char *text, unsigned base, uint64_t max, uint64_t *value);

#endif
