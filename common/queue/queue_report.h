/* queue_report: describes a queue on stdout */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include "queue/queue.h"

#include <stdbool.h>

/* Describes QUEUE as report.h does. Returns 0; -1 with the failure of QUEUE, when nothing is
 * printed.
 */
int queue_report(struct queue *queue, bool json);

#endif
