/*
 * A bare libmicrohttpd server: one constant JSON body for every request. It is the ceiling of the bench.
 *
 *   bare_mhd loops|pool THREADS BODY_BYTES
 *
 * loops: a daemon per thread, driven by our own epoll loop, all accepting from one listening socket (each has a dup):
 * the way Porchlight runs it. pool: libmicrohttpd's own threads. It prints `address=127.0.0.1:PORT` and serves until it
 * is killed. The response is made once and shared, which is the cheapest answer the library can give.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_MAX 64
#define BODY_BYTES_MAX 65536

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_bytes, void **request)
{
    static char seen;

    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_bytes;
    if (*request == NULL) {
        *request = &seen; /* answering in the first call would cost keep-alive */
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, arg);
}

static struct MHD_Response *response_create(size_t bytes)
{
    char *body = malloc(bytes);
    if (body == NULL || bytes < 8) {
        free(body);
        return NULL;
    }
    memset(body, 'x', bytes);
    memcpy(body, "{\"a\":\"", 6);
    memcpy(body + bytes - 2, "\"}", 2);
    struct MHD_Response *response = MHD_create_response_from_buffer(bytes, body, MHD_RESPMEM_MUST_FREE);
    if (response != NULL) {
        MHD_add_response_header(response, "Content-Type", "application/json");
    }
    return response;
}

static int listen_on_loopback(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t at_bytes = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &at_bytes) != 0) {
        return -1;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

static void *run_loop(void *arg)
{
    struct MHD_Daemon *daemon = arg;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};

    if (info == NULL || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, info->epoll_fd, &event) != 0) {
        exit(1);
    }
    for (;;) {
        MHD_UNSIGNED_LONG_LONG wait_ms = 1000;
        if (MHD_get_timeout(daemon, &wait_ms) != MHD_YES || wait_ms > 1000) {
            wait_ms = 1000;
        }
        epoll_wait(epoll, &event, 1, (int)wait_ms);
        MHD_run(daemon);
    }
    return NULL;
}

static int start_loops(int fd, unsigned threads, struct MHD_Response *response)
{
    for (unsigned i = 0; i < threads; i++) {
        pthread_t thread;
        int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, response,
                                                     MHD_OPTION_LISTEN_SOCKET, own, MHD_OPTION_END);
        if (daemon == NULL || pthread_create(&thread, NULL, run_loop, daemon) != 0) {
            return -1;
        }
    }
    return 0;
}

static int start_pool(int fd, unsigned threads, struct MHD_Response *response)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD;
    struct MHD_Daemon *daemon =
        threads > 1 ? MHD_start_daemon(flags, 0, NULL, NULL, answer, response, MHD_OPTION_LISTEN_SOCKET, fd,
                                       MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_END)
                    : MHD_start_daemon(flags, 0, NULL, NULL, answer, response, MHD_OPTION_LISTEN_SOCKET, fd,
                                       MHD_OPTION_END);
    return daemon != NULL ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "loops") != 0 && strcmp(argv[1], "pool") != 0)) {
        fprintf(stderr, "usage: bare_mhd loops|pool THREADS BODY_BYTES\n");
        return 2;
    }
    unsigned long threads = strtoul(argv[2], NULL, 10);
    unsigned long bytes = strtoul(argv[3], NULL, 10);
    if (threads < 1 || threads > THREADS_MAX || bytes < 8 || bytes > BODY_BYTES_MAX) {
        fprintf(stderr, "bare_mhd: 1 to %d threads, 8 to %d bytes\n", THREADS_MAX, BODY_BYTES_MAX);
        return 2;
    }

    int port = 0;
    int fd = listen_on_loopback(&port);
    struct MHD_Response *response = response_create(bytes);
    if (fd < 0 || response == NULL) {
        perror("bare_mhd");
        return 1;
    }
    int rc = strcmp(argv[1], "loops") == 0 ? start_loops(fd, (unsigned)threads, response)
                                           : start_pool(fd, (unsigned)threads, response);
    if (rc != 0) {
        fprintf(stderr, "bare_mhd: cannot start\n");
        return 1;
    }
    fprintf(stderr, "event=listening address=127.0.0.1:%d\n", port);
    for (;;) {
        pause();
    }
}
