/*
 * Waiting with epoll, level-triggered: one wait, then one receive for each socket that has something, so that no socket
 * keeps the others waiting. See io.h.
 */
#include "realtime/io.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define RECEIVE_BYTES 65536

struct io {
    int epoll_fd;
    struct epoll_event events[EVENTS_MAX];
    int events_count; /* of this turn; a removed owner's are blanked */
    unsigned char bytes[RECEIVE_BYTES];
};

static void io_close(struct io *io)
{
    if (io == NULL)
        return;
    if (io->epoll_fd >= 0)
        (void)close(io->epoll_fd);
    free(io);
}

static bool control(struct io *io, int op, int fd, void *owner, uint32_t wanted)
{
    struct epoll_event event = {.events = wanted, .data.ptr = owner};
    return epoll_ctl(io->epoll_fd, op, fd, &event) == 0;
}

static struct io *io_create(int wake_fd)
{
    struct io *io = malloc(sizeof *io);
    if (io == NULL)
        return NULL;
    io->events_count = 0;
    io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (io->epoll_fd < 0 || !control(io, EPOLL_CTL_ADD, wake_fd, NULL, EPOLLIN)) {
        io_close(io);
        return NULL;
    }
    return io;
}

static bool add(struct io *io, int fd, void *owner)
{
    return control(io, EPOLL_CTL_ADD, fd, owner, EPOLLIN | EPOLLRDHUP);
}

static void remove_owner(struct io *io, int fd, void *owner)
{
    (void)control(io, EPOLL_CTL_DEL, fd, owner, 0);
    for (int i = 0; i < io->events_count; i++)
        if (io->events[i].data.ptr == owner)
            io->events[i].data.ptr = NULL;
}

static bool want_write(struct io *io, int fd, void *owner, bool wanted)
{
    return control(io, EPOLL_CTL_MOD, fd, owner, EPOLLIN | EPOLLRDHUP | (wanted ? EPOLLOUT : 0U));
}

static void receive(struct io *io, int index, const struct io_events *events)
{
    /* The descriptor is the first member of every owner (realtime/socket.h). */
    void *owner = io->events[index].data.ptr;
    ssize_t got = recv(*(const int *)owner, io->bytes, sizeof io->bytes, MSG_DONTWAIT);
    if (got > 0)
        events->data(events->arg, owner, io->bytes, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        events->end(events->arg, owner);
}

static void turn(struct io *io, int timeout_ms, const struct io_events *events)
{
    int count = epoll_wait(io->epoll_fd, io->events, EVENTS_MAX, timeout_ms);
    io->events_count = count > 0 ? count : 0;
    events->woke(events->arg);
    for (int i = 0; i < io->events_count; i++) {
        uint32_t what = io->events[i].events;
        if (io->events[i].data.ptr != NULL && (what & (EPOLLOUT | EPOLLERR)) != 0)
            events->writable(events->arg, io->events[i].data.ptr);
        if (io->events[i].data.ptr != NULL && (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            receive(io, i, events);
    }
    io->events_count = 0;
}

static ssize_t send_parts(struct io *io, int fd, const struct iovec *parts, int count)
{
    (void)io;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
    ssize_t sent = count == 1 ? send(fd, parts->iov_base, parts->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return sent;
}

const struct io_methods io_epoll = {
    .name = "epoll",
    .create = io_create,
    .free = io_close,
    .add = add,
    .remove = remove_owner,
    .want_write = want_write,
    .turn = turn,
    .send = send_parts,
};
