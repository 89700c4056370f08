/* The system calls that fault knows, by name; what cannot fail, or ends a process, is not here. */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include <sys/syscall.h>

enum shape { PLAIN, LENGTH, PIECES, MESSAGE }; /* where a call has the length of a transfer */

struct call {
    long number;
    const char *name;
    enum shape shape;
    int argument; /* the length's, or that of the pieces */
    int count;    /* of those seen */
};

/* clang-format off */
#define CALL(name) {SYS_##name, #name, PLAIN, 0, 0}
#define TRANSFER(name, shape, argument) {SYS_##name, #name, shape, argument, 0}

static struct call calls[] = {
    TRANSFER(read, LENGTH, 2), TRANSFER(write, LENGTH, 2), TRANSFER(pread64, LENGTH, 2),
    TRANSFER(pwrite64, LENGTH, 2), TRANSFER(sendto, LENGTH, 2), TRANSFER(recvfrom, LENGTH, 2),
    TRANSFER(splice, LENGTH, 4), TRANSFER(tee, LENGTH, 2), TRANSFER(sendfile, LENGTH, 3),
    TRANSFER(copy_file_range, LENGTH, 4), TRANSFER(readv, PIECES, 1), TRANSFER(writev, PIECES, 1),
    TRANSFER(pwritev2, PIECES, 1), TRANSFER(vmsplice, PIECES, 1), TRANSFER(sendmsg, MESSAGE, 1),
    TRANSFER(recvmsg, MESSAGE, 1), CALL(accept4), CALL(access), CALL(bind), CALL(chdir),
    CALL(clock_nanosleep), CALL(clone), CALL(clone3), CALL(close), CALL(close_range), CALL(connect),
    CALL(dup), CALL(dup2), CALL(dup3), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_pwait),
    CALL(epoll_wait), CALL(eventfd2), CALL(execve), CALL(fallocate), CALL(fchmod), CALL(fchmodat),
    CALL(fchown), CALL(fcntl), CALL(fdatasync), CALL(flock), CALL(fork), CALL(fstat), CALL(fstatfs),
    CALL(fsync), CALL(ftruncate), CALL(futex), CALL(getdents64), CALL(getpeername), CALL(getrandom),
    CALL(getsockname), CALL(inotify_add_watch), CALL(inotify_init1), CALL(ioctl),
    CALL(kill), CALL(link), CALL(linkat), CALL(listen), CALL(lseek), CALL(lstat), CALL(madvise),
    CALL(memfd_create), CALL(mincore), CALL(mknod), CALL(mknodat), CALL(mmap), CALL(mprotect),
    CALL(mq_getsetattr), CALL(mq_notify), CALL(mq_open), CALL(mq_timedreceive), CALL(mq_timedsend),
    CALL(mq_unlink), CALL(mremap), CALL(msgctl), CALL(msgget), CALL(msgrcv), CALL(msgsnd),
    CALL(msync), CALL(nanosleep), CALL(newfstatat), CALL(open), CALL(openat), CALL(pidfd_getfd),
    CALL(pidfd_open), CALL(pidfd_send_signal), CALL(pipe), CALL(pipe2), CALL(poll), CALL(ppoll),
    CALL(prctl), CALL(prlimit64), CALL(pselect6), CALL(readlink), CALL(readlinkat), CALL(rename),
    CALL(renameat), CALL(renameat2), CALL(rt_sigqueueinfo), CALL(rt_sigsuspend),
    CALL(rt_sigtimedwait), CALL(rt_tgsigqueueinfo), CALL(semctl), CALL(semget), CALL(semop),
    CALL(semtimedop), CALL(setpgid), CALL(setsid), CALL(setsockopt), CALL(shmat),
    CALL(shmctl), CALL(shmdt), CALL(shmget), CALL(sigaltstack), CALL(signalfd4),
    CALL(socket), CALL(socketpair), CALL(stat), CALL(statfs), CALL(statx), CALL(symlinkat),
    CALL(sync_file_range), CALL(tgkill), CALL(timer_create), CALL(timer_delete),
    CALL(timer_settime), CALL(timerfd_create), CALL(timerfd_settime), CALL(unlink), CALL(unlinkat),
    CALL(vfork), CALL(wait4), CALL(waitid),
};
/* clang-format on */

#undef CALL
#undef TRANSFER

#endif
