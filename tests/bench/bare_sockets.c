/*
 * A bare broadcast: what a delivery costs when nothing but the kernel is in its way. The floor under the bench's
 * broadcasts, read by the same reader (tests/load/swarm.c).
 *
 *   bare_sockets SOCKETS
 *
 * Prints its port, lets SOCKETS clients in, and welcomes each. A cheer from any of them goes to all, in the bytes that
 * Porchlight would send: framed once, one send a socket, in the order in which they came. It checks nothing and queues
 * nothing: a socket that takes less than a whole message ends it. One thread; it serves until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "realtime/frame.h"

#define EVENTS 256
#define RECEIVE_BYTES 4096

struct bare {
    int listener;
    int epoll_fd;
    int *fds;
    size_t count;
    size_t wanted;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bare_sockets: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void say(int fd, const char *text)
{
    unsigned char frame[FRAME_HEAD_BYTES_MAX + 512];
    size_t len = strlen(text);
    size_t head = frame_head(frame, FRAME_OP_TEXT, false, len, NULL);
    memcpy(frame + head, text, len);
    if (send(fd, frame, head + len, MSG_NOSIGNAL) != (ssize_t)(head + len))
        die("send");
}

/* A handshake in one piece, as the reader sends it. */
static void let_in(struct bare *b)
{
    static const char switched[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    struct epoll_event event = {.events = EPOLLIN};
    char head[RECEIVE_BYTES];
    int on = 1;
    int fd = accept(b->listener, NULL, NULL);
    if (fd < 0 || recv(fd, head, sizeof head, 0) <= 0 ||
        send(fd, switched, sizeof switched - 1, MSG_NOSIGNAL) != (ssize_t)sizeof switched - 1)
        die("handshake");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    event.data.fd = fd;
    if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll");
    if (b->count == b->wanted)
        die("more sockets than were said");
    b->fds[b->count++] = fd;
    say(fd, "{\"type\":\"WELCOME\",\"cursor\":\"\"}");
}

static void cheer(const struct bare *b, const char *icon, int icon_len)
{
    unsigned char frame[FRAME_HEAD_BYTES_MAX + 512];
    char text[256];
    int len = snprintf(text, sizeof text,
                       "{\"type\":\"LIVE_CHEER\",\"userId\":\"100000\",\"name\":\"Crowd 0\",\"icon\":\"%.*s\"}",
                       icon_len, icon);
    size_t head = frame_head(frame, FRAME_OP_TEXT, false, (uint64_t)len, NULL);
    memcpy(frame + head, text, (size_t)len);
    for (size_t i = 0; i < b->count; i++)
        if (send(b->fds[i], frame, head + (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)head + len)
            die("send");
}

/* What is no cheer is read away. false: it has left. */
static bool hear(const struct bare *b, int fd)
{
    static const struct frame_rules rules = {.message_bytes_max = RECEIVE_BYTES, .masked = true};
    struct frame_reader reader = {0};
    unsigned char bytes[RECEIVE_BYTES];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0)
        return false;
    struct frame_event event = {0};
    for (size_t at = 0; at < (size_t)got;) {
        at += frame_read(&reader, &rules, bytes + at, (size_t)got - at, &event);
        const char *icon = event.kind != FRAME_MESSAGE ? NULL : memmem(event.bytes, event.len, "\"icon\":\"", 8);
        const char *end = icon == NULL ? NULL
                                       : memchr(icon + 8, '"', event.len - (size_t)(icon + 8 - (char *)event.bytes));
        if (end != NULL)
            cheer(b, icon + 8, (int)(end - icon - 8));
    }
    frame_reader_clear(&reader);
    return true;
}

static void serve(struct bare *b)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int found = epoll_wait(b->epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < found; i++) {
            if (events[i].data.fd == b->listener)
                let_in(b);
            else if (!hear(b, events[i].data.fd))
                return; /* the reader has ended: so does this */
        }
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN};
    socklen_t len = sizeof address;
    struct rlimit limit;
    struct bare b = {.wanted = argc == 2 ? strtoul(argv[1], NULL, 10) : 0};
    if (b.wanted == 0) {
        (void)fprintf(stderr, "usage: bare_sockets SOCKETS\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    b.fds = calloc(b.wanted, sizeof *b.fds);
    b.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    b.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    event.data.fd = b.listener;
    if (b.fds == NULL || b.epoll_fd < 0 || b.listener < 0 ||
        bind(b.listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(b.listener, 1024) != 0 ||
        getsockname(b.listener, (struct sockaddr *)&address, &len) != 0 ||
        epoll_ctl(b.epoll_fd, EPOLL_CTL_ADD, b.listener, &event) != 0)
        die("listen");
    (void)printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    serve(&b);
    free(b.fds);
    return 0;
}
