/* semaphore_posix_file: maps or creates the file of a POSIX semaphore, and makes sure that it is
 * one */
#ifndef SEMAPHORE_POSIX_FILE_H
#define SEMAPHORE_POSIX_FILE_H

#include "semaphore/semaphore.h"

/* The open of struct semaphore_family: sets what is private to POSIX. */
int semaphore_posix_file_open(struct semaphore *semaphore, const struct semaphore_how *how);

#endif
