#include "queue/queue_report.h"

#include "cli/report.h"

static void report_posix(const struct queue_status *status)
{
    report_number("maxmsg", status->maxmsg);
    report_number("msgsize", status->msgsize);
    if (status->notified)
        report_number("notify_pid", status->notified);
    report_time("used", status->used);
}

static void report_sysv(const struct queue *queue, const struct queue_status *status)
{
    report_number("id", queue->id);
    report_number("maxbytes", status->maxbytes);
    report_number("msgsize", status->msgsize);
    report_number("last_sender", status->last_sender);
    report_number("last_receiver", status->last_receiver);
    report_time("sent", status->sent);
    report_time("received", status->received);
    report_time("changed", status->changed);
}

int queue_report(struct queue *queue, bool json)
{
    struct queue_status status;
    int64_t receivers, senders;
    if (queue_status(queue, &status) < 0)
        return -1;
    queue_waiting(queue, &receivers, &senders);
    report_object(json, queue->name.text, queue->is_sysv);
    report_number("messages", status.messages);
    report_number("bytes", status.bytes);
    if (queue->is_sysv)
        report_sysv(queue, &status);
    else
        report_posix(&status);
    if (receivers >= 0) {
        report_number("waiting_receivers", receivers);
        report_number("waiting_senders", senders);
    }
    report_owner(status.mode, status.uid, status.gid);
    if (queue->is_sysv) {
        report_number("creator_uid", status.creator_uid);
        report_number("creator_gid", status.creator_gid);
    }
    report_end();
    return 0;
}
