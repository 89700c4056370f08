/* tee: passes a byte stream on and logs it line by line */
#ifndef TEE_H
#define TEE_H

#include "cli/failure.h"

/* Opens the log at PATH and empties it, or creates it with mode 0600. Several directions may write
 * to it. Returns the descriptor, or -1 with errno and FAILURE. */
int tee_open(const char *path, struct failure *failure);

/* Copies from FROM to TO until one of them ends. Each piece is first written to LOG, in one write:
 * a line each after MARK and a blank, or after MARK and `+` if the line began in an earlier piece.
 * Returns 0; -1 with errno and FAILURE. If only the log cannot be written, all is copied first. */
int tee_run(int from, int to, int log, char mark, struct failure *failure);

#endif
