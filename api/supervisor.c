/*
 * See supervisor.h.
 */
#include "api/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

/* ---- telling ----------------------------------------------------------------------------------------------------- */

void supervisor_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') /* Linux's abstract namespace */
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

void supervisor_tell_reloading(void)
{
    struct timespec now; /* Type=notify-reload tells by it which reload is meant */
    char text[64];
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    supervisor_tell(text);
}

/* ---- variables --------------------------------------------------------------------------------------------------- */

/* -1: it is not set, or no number. */
static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;
    errno = 0;
    long long number = text == NULL ? -1 : strtoll(text, &end, 10);
    return text == NULL || errno != 0 || end == text || *end != '\0' || number < 0 ? -1 : number;
}

/* They are inherited by children, who must not take them for theirs. */
static bool is_for_us(const char *name)
{
    return number_of(name) == getpid();
}

/* ---- the socket -------------------------------------------------------------------------------------------------- */

static int socket_option(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

static bool listens(int fd)
{
    int domain = socket_option(fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
           socket_option(fd, SO_ACCEPTCONN) == 1;
}

enum err supervisor_take_socket(int *fd, struct problem *problem)
{
    int64_t count = is_for_us("LISTEN_PID") ? number_of("LISTEN_FDS") : 0;
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    *fd = 0;
    if (count <= 0)
        return ERR_OK;
    if (count > 1)
        return problem_set(problem, ERR_INVALID,
                           "%lld sockets were passed to listen on, and there can be one; [::]:8080 takes IPv4 as well",
                           (long long)count);
    if (!listens(FIRST_FD))
        return problem_set(problem, ERR_INVALID, "the socket that was passed does not listen for TCP");
    int flags = fcntl(FIRST_FD, F_GETFL);
    if (flags < 0 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) != 0)
        return problem_set(problem, ERR_INVALID, "the socket that was passed cannot be used: %s", strerror(errno));
    *fd = FIRST_FD;
    return ERR_OK;
}

/* ---- the watchdog ------------------------------------------------------------------------------------------------ */

int64_t supervisor_watchdog_us(void)
{
    int64_t us = number_of("WATCHDOG_USEC");
    bool ours = getenv("WATCHDOG_PID") == NULL || is_for_us("WATCHDOG_PID");
    return ours && us > 0 ? us : 0;
}
