/* semaphore_posix_file: the file of a POSIX semaphore, mapped or created so that it is one */
#ifndef SEMAPHORE_POSIX_FILE_H
#define SEMAPHORE_POSIX_FILE_H

#include "semaphore/semaphore.h"

/* The open of struct semaphore_family: fills in what is private to POSIX. */
int semaphore_posix_file_open(struct semaphore *semaphore, enum semaphore_access access,
                              const struct semaphore_creation *creation);

#endif
