/* semaphores_file: the file of a POSIX semaphore, mapped or created so that it is one */
#ifndef SEMAPHORES_FILE_H
#define SEMAPHORES_FILE_H

#include "semaphore/semaphores.h"

/* The open of struct semaphores_family: fills in what is private to POSIX. */
int semaphores_file_open(struct semaphore *semaphore, enum semaphores_access access,
                         const struct semaphores_creation *creation);

#endif
