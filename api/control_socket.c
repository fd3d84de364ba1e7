/*
 * The control socket's system calls. See control_socket.h.
 */
#include "api/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/store.h"

#define BACKLOG 16
#define PASSED_FDS_MAX 8 /* more than anybody sends; the kernel closes what does not fit */

/* A socket's address has room for 107 characters. A longer path goes through a descriptor of its folder, *folder_fd. */
static enum err address_of(const char *data, struct sockaddr_un *address, int *folder_fd)
{
    char path[STORE_PATH_BYTES];
    *folder_fd = -1;
    if (store_path(data, STORE_CONTROL, path) != ERR_OK)
        return ERR_INVALID;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        *folder_fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*folder_fd < 0)
            return errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE;
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d/control.sock", *folder_fd);
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return ERR_OK;
}

static void close_keeping_errno(int fd)
{
    int saved = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = saved;
}

enum err control_socket_listen(const char *data, int *fd)
{
    struct sockaddr_un address;
    int folder_fd;
    enum err err = address_of(data, &address, &folder_fd);
    if (err != ERR_OK)
        return err;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)unlink(address.sun_path);
    /* Nobody can connect before listen(), so the mode is right from the first client on. */
    if (*fd < 0 || bind(*fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(address.sun_path, 0600) != 0 || listen(*fd, BACKLOG) != 0) {
        close_keeping_errno(*fd);
        err = ERR_STORAGE;
    }
    close_keeping_errno(folder_fd);
    return err;
}

enum err control_socket_connect(const char *data, int *fd)
{
    struct sockaddr_un address;
    int folder_fd;
    enum err err = address_of(data, &address, &folder_fd);
    if (err != ERR_OK)
        return err;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        err = ERR_STORAGE;
    } else if (connect(*fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        err = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOT_FOUND : ERR_STORAGE;
        close_keeping_errno(*fd);
    }
    close_keeping_errno(folder_fd);
    return err;
}

void control_socket_remove(const char *data)
{
    char path[STORE_PATH_BYTES];
    if (store_path(data, STORE_CONTROL, path) == ERR_OK)
        (void)unlink(path);
}

bool control_socket_wait(int fd, bool write, int stop_fd, int64_t patience_ms)
{
    struct pollfd fds[2] = {
        {.fd = fd, .events = write ? POLLOUT : POLLIN}, {.fd = stop_fd, .events = POLLIN}, /* poll ignores -1 */
    };
    int ready;
    do {
        ready = poll(fds, 2, (int)(patience_ms < 0 ? 0 : patience_ms));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0 || fds[1].revents != 0)
        return false;
    return write ? (fds[0].revents & (POLLHUP | POLLERR)) == 0 : true;
}

bool control_socket_send(int fd, const char *bytes, size_t len, int stop_fd, int64_t patience_ms)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!control_socket_wait(fd, true, stop_fd, patience_ms))
                return false;
        } else if (sent == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

long control_socket_send_with(int fd, const char *bytes, size_t len, int passed_fd)
{
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed_fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &passed_fd, sizeof passed_fd);
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return (long)sent;
}

/* Keeps the first descriptor of a message, closes the others: a client cannot fill our table of them. */
static void keep_first(const struct msghdr *message, int *passed_fd)
{
    struct msghdr *walk = (struct msghdr *)(uintptr_t)message; /* CMSG_NXTHDR is not const */
    for (struct cmsghdr *head = CMSG_FIRSTHDR(walk); head != NULL; head = CMSG_NXTHDR(walk, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
            if (*passed_fd < 0)
                *passed_fd = fd;
            else
                (void)close(fd);
        }
    }
}

long control_socket_receive(int fd, char *bytes, size_t len, int *passed_fd)
{
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(int) * PASSED_FDS_MAX)];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = len};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do {
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got >= 0)
        keep_first(&message, passed_fd);
    return (long)got;
}
