/*
 * How a loop waits, receives and sends: a table of methods, so that another variant (io_uring) can stand beside epoll
 * without a change to sockets and rooms. A variant hands received bytes over instead of saying that there are some, so
 * that one whose kernel fills the buffers fits as well. Everything on the loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_IO_H
#define PORCHLIGHT_REALTIME_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct io;

/* What a turn found. `owner` is what was given to `add`; it may be removed by any of these, then nothing more comes. */
struct io_events {
    void *arg;
    void (*woke)(void *arg); /* the wait is over: before anything else of the turn */
    void (*data)(void *arg, void *owner, unsigned char *bytes, size_t len); /* may be changed in place */
    void (*end)(void *arg, void *owner);                                    /* the other side closed, or an error */
    void (*writable)(void *arg, void *owner);                               /* after want_write */
};

struct io_methods {
    const char *name;
    struct io *(*create)(int wake_fd); /* NULL: no memory or descriptor. Readable wake_fd ends a wait; not read here */
    void (*free)(struct io *io);
    bool (*add)(struct io *io, int fd, void *owner);
    void (*remove)(struct io *io, int fd, void *owner);
    bool (*want_write)(struct io *io, int fd, void *owner, bool wanted);
    void (*turn)(struct io *io, int timeout_ms, const struct io_events *events);
    ssize_t (*send)(struct io *io, int fd, const struct iovec *parts, int count); /* bytes taken, 0: would block, -1 */
};

extern const struct io_methods io_epoll;

#endif
