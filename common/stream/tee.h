/* tee: passes a stream of bytes on and writes down, line by line, what passes */
#ifndef TEE_H
#define TEE_H

/* Opens the log at PATH, emptied; created with mode 0600. Returns the descriptor, to which several
 * taps may write, or -1 with errno. */
int tee_open(const char *path);

/* Copies from FROM to TO until one of them ends. First each piece goes to LOG, in one write: a line
 * each behind MARK and a blank, or MARK and `+` where the line had begun before. Returns 0; -1 with
 * errno and *WHAT, what was tried: where that is to write the log, all was copied. */
int tee_run(int from, int to, int log, char mark, const char **what);

#endif
