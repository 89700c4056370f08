/* semaphore_report: describes a semaphore on stdout */
#ifndef SEMAPHORE_REPORT_H
#define SEMAPHORE_REPORT_H

#include "semaphore/semaphore.h"

#include <stdbool.h>

/* Describes SEMAPHORE, in JSON or in lines as report.h has them. Returns 0; -1 with a failure of
 * SEMAPHORE, having printed nothing. */
int semaphore_report(struct semaphore *semaphore, bool json);

#endif
