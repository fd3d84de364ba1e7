/*
 * The HTTP loops. See server.h for the drawing.
 *
 * A turn of a loop: wait for the daemon's epoll descriptor or the mailbox, go on with the requests that came back, let
 * the daemon run, once a second sweep. The sweep closes connections on which a request does not arrive in time, from
 * the loop's own thread: another would race with descriptors that are used again.
 *
 * Relied on in libmicrohttpd 0.9.75, checked by tests: a daemon with ALLOW_SUSPEND_RESUME and an epoll descriptor of
 * its own can be driven from outside; MHD_quiesce_daemon hands back the listening socket; a request that is suspended
 * keeps its connection until it is resumed.
 */
#include "api/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/auth.h"
#include "api/chat.h"
#include "api/crowd.h"
#include "api/numbers.h"
#include "api/polls.h"
#include "api/request.h"
#include "base/thread.h"

#define LISTEN_BACKLOG 4096
#define SWEEP_MS 1000
#define SWEEP_PARTS 4 /* an idle connection is looked at every fourth sweep: one system call each */

struct server {
    struct app *app;
    struct crowd *crowd; /* connections by address */
    int listen_fd;
    _Atomic int64_t drain_ms; /* how long a stop waits for requests whose bodies are still arriving */
    int stop_fd;              /* an eventfd: readable when it is time to drain */
    uint16_t port;
    bool running;
    unsigned count;
    struct loop *loops;
};

/* ---- what libmicrohttpd calls ------------------------------------------------------------------------------------ */

static void *on_request_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    return request_begin(cls, connection, target);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **context)
{
    (void)cls;
    (void)connection;
    (void)url;
    struct request *r = *context;
    return r != NULL && request_handle(r, method, version, upload, upload_len) ? MHD_YES : MHD_NO;
}

static void on_request_end(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    if (*context != NULL)
        request_end(*context, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *context = NULL;
}

static bool is_trusted_proxy(const struct app *app, const struct cidr_address *address)
{
    return cidr_any_contains(app->options->trust_proxy, app->options->trust_proxy_count, address);
}

/* Whether a connection may be opened at all. A proxy speaks for many, and limits them itself. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *socket_address, socklen_t len)
{
    (void)len;
    struct loop *loop = cls;
    struct cidr_address address;
    if (!cidr_address_of(socket_address, &address) || is_trusted_proxy(loop->app, &address) ||
        crowd_count(loop->server->crowd, cidr_address_key(&address)) < CONNECTIONS_PER_ADDRESS_MAX)
        return MHD_YES;
    loop->refused++;
    return MHD_NO;
}

static void connection_open(struct loop *loop, struct MHD_Connection *mhd, void **context)
{
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)shutdown(fd, SHUT_RDWR); /* what it has sent already meets request_begin, which refuses it */
        return;
    }
    c->fd = fd;
    (void)cidr_address_of(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, &c->address);
    c->opened_ms = loop->now_ms;
    const int send_buffer = SEND_BUFFER_BYTES;
    (void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    c->counted = !is_trusted_proxy(loop->app, &c->address);
    if (c->counted)
        crowd_enter(loop->server->crowd, cidr_address_key(&c->address));
    c->next = loop->connections;
    if (c->next != NULL)
        c->next->previous = c;
    loop->connections = c;
    *context = c;
    atomic_fetch_add_explicit(&loop->connections_count, 1, memory_order_relaxed);
}

static void connection_close(struct loop *loop, struct connection *c)
{
    if (c->next != NULL)
        c->next->previous = c->previous;
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        loop->connections = c->next;
    if (c->counted)
        crowd_leave(loop->server->crowd, cidr_address_key(&c->address));
    free(c);
    atomic_fetch_sub_explicit(&loop->connections_count, 1, memory_order_relaxed);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_open(cls, connection, context);
    else if (*context != NULL)
        connection_close(cls, *context);
}

/* The target is taken apart by api/query.c, which is stricter; here nothing is decoded. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static void on_log(void *cls, const char *format, va_list args)
{
    struct loop *loop = cls;
    char text[256];
    (void)vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug(loop->app->log, "http.library", LOG_S("message", text));
}

/* ---- sweeping ---------------------------------------------------------------------------------------------------- */

static void cut(struct loop *loop, struct connection *c, const char *why)
{
    log_info(loop->app->log, "connection.cut", LOG_S("reason", why));
    (void)shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes */
}

/* Bytes come, but no request line gets complete: only the kernel knows. */
static void look_for_drip(struct loop *loop, struct connection *c, int64_t now_ms)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    if (c->seen_requests != c->requests || info.tcpi_bytes_received == c->seen_bytes) {
        if (c->seen_requests != c->requests)
            c->dripping_ms = 0;
        c->seen_requests = c->requests;
        c->seen_bytes = info.tcpi_bytes_received;
    } else {
        c->seen_bytes = info.tcpi_bytes_received;
        if (c->dripping_ms == 0)
            c->dripping_ms = now_ms;
    }
    if (c->dripping_ms != 0 && now_ms - c->dripping_ms > HEAD_TIMEOUT_MS)
        cut(loop, c, "the request line did not arrive in time");
}

/* An answer that its client does not read holds a connection and memory. Only the kernel knows what arrived. */
static void look_for_progress(struct loop *loop, struct connection *c, int64_t now_ms)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    if (c->progress_ms == 0 || info.tcpi_bytes_acked != c->seen_acked) {
        c->seen_acked = info.tcpi_bytes_acked;
        c->progress_ms = now_ms;
    } else if (now_ms - c->progress_ms > ANSWER_TIMEOUT_MS) {
        cut(loop, c, "the answer was not read in time");
    }
}

static void sweep(struct loop *loop, unsigned part)
{
    int64_t now_ms = clock_mono_ms(loop->app->clock);
    if (loop->refused > 0)
        log_warn(loop->app->log, "connections.refused", LOG_I("count", loop->refused),
                 LOG_S("reason", "too many from one address"));
    loop->refused = 0;
    for (struct connection *c = loop->connections; c != NULL; c = c->next) {
        if (c->requests == 0 && now_ms - c->opened_ms > HEAD_TIMEOUT_MS) {
            cut(loop, c, "no request line arrived in time");
        } else if (c->request == NULL) {
            if ((unsigned)c->fd % SWEEP_PARTS == part % SWEEP_PARTS)
                look_for_drip(loop, c, now_ms);
        } else if (!c->head_complete && now_ms - c->request_ms > HEAD_TIMEOUT_MS) {
            cut(loop, c, "the head did not arrive in time");
        } else if (c->head_complete && !c->body_complete && now_ms - c->request_ms > BODY_TIMEOUT_MS) {
            cut(loop, c, "the body did not arrive in time");
        } else if (c->answered) {
            look_for_progress(loop, c, now_ms);
        }
    }
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static int64_t real_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int wait_ms(struct loop *loop, int64_t most_ms)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    if (most_ms < 0)
        most_ms = 0;
    if (MHD_get_timeout(loop->daemon, &wanted) == MHD_YES && (int64_t)wanted < most_ms)
        return (int)wanted;
    return (int)most_ms;
}

/* The share of time that was not spent waiting, smoothed over a few seconds: what poll advice is made of. */
static void measure_load(struct loop *loop, int64_t busy_ns, int64_t passed_ns)
{
    if (passed_ns <= 0)
        return;
    int64_t percent = busy_ns * 100 / passed_ns;
    if (percent > 100)
        percent = 100;
    unsigned before = atomic_load_explicit(&loop->load_percent, memory_order_relaxed);
    atomic_store_explicit(&loop->load_percent, (unsigned)(((int64_t)before + percent) / 2), memory_order_relaxed);
}

static int64_t jobs_waiting(struct app *app)
{
    size_t main = writer_depth(app->writer);
    size_t rooms = writer_depth(app->rooms);
    return (int64_t)(main > rooms ? main : rooms);
}

/* The first loop looks, for all of them. */
static void mind_load(struct loop *loop, int64_t turn_ns)
{
    struct shed *shed = &loop->app->shed;
    if (turn_ns >= 1000000)
        shed_turned(shed, turn_ns / 1000000);
    if (loop->index == 0)
        numbers_sample(loop);
    if (loop->index != 0 || !shed_due(shed, loop->now_ms) || !shed_look(shed, jobs_waiting(loop->app), loop->now_ms))
        return;
    log_warn(loop->app->log, "load.stage", LOG_I("stage", shed_stage(shed)),
             LOG_S("spared", shed_stage_name(shed_stage(shed))));
}

static void resume_requests(struct loop *loop)
{
    struct mail *mail = mailbox_take(loop->mailbox);
    while (mail != NULL) {
        struct mail *next = mail->next;
        request_resume((struct request *)mail); /* its first member */
        mail = next;
    }
}

/* true: everything is answered, or those that are still arriving had their time. */
static bool drained(struct loop *loop, int64_t *since_ms, bool *quiesced)
{
    if (!atomic_load(&loop->app->draining))
        return false;
    int64_t now_ms = real_ns() / 1000000;
    if (!*quiesced) {
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, loop->server->stop_fd, NULL);
        MHD_socket fd = MHD_quiesce_daemon(loop->daemon);
        if (fd != MHD_INVALID_SOCKET)
            (void)close(fd);
        *quiesced = true;
        *since_ms = now_ms;
    }
    if (loop->suspended > 0)
        return false; /* the writer and the helpers always come back */
    return atomic_load(&loop->active) == 0 || now_ms - *since_ms > atomic_load(&loop->server->drain_ms);
}

/* Until the next sweep, and not past the time that those who are still arriving have. */
static int64_t look_again_ms(const struct loop *loop, int64_t second_began, int64_t drain_since_ms, int64_t now)
{
    int64_t sweep_ms = SWEEP_MS - (now - second_began) / 1000000;
    int64_t drain_ms = drain_since_ms + atomic_load(&loop->server->drain_ms) + 1 - now / 1000000;
    return drain_since_ms > 0 && drain_ms < sweep_ms ? drain_ms : sweep_ms;
}

static void run_loop(struct loop *loop)
{
    int64_t second_began = real_ns();
    int64_t waited_ns = 0;
    int64_t after = 0; /* when this turn began */
    int64_t drain_since_ms = 0;
    bool quiesced = false;
    unsigned part = 0;
    uint64_t beats = 0;
    while (!drained(loop, &drain_since_ms, &quiesced)) {
        struct epoll_event events[3];
        int64_t before = real_ns();
        mind_load(loop, after == 0 ? 0 : before - after);
        int timeout_ms = wait_ms(loop, look_again_ms(loop, second_began, drain_since_ms, before));
        (void)epoll_wait(loop->epoll_fd, events, 3, timeout_ms);
        after = real_ns();
        atomic_store_explicit(&loop->beats, ++beats, memory_order_relaxed);
        waited_ns += after - before;
        loop->now_ms = clock_mono_ms(loop->app->clock);
        loop->wall_ms = clock_wall_ms(loop->app->clock);
        resume_requests(loop);
        (void)MHD_run(loop->daemon);
        if (loop->upgraded) { /* otherwise its own descriptor of a connection that has left lingers */
            loop->upgraded = false;
            (void)MHD_run(loop->daemon);
        }
        if (after - second_began >= SWEEP_MS * INT64_C(1000000)) {
            sweep(loop, part++);
            measure_load(loop, after - second_began - waited_ns, after - second_began);
            second_began = after;
            waited_ns = 0;
        }
    }
}

static void *loop_main(void *arg)
{
    struct loop *loop = arg;
    thread_name("http loop");
    run_loop(loop);
    MHD_stop_daemon(loop->daemon);
    loop->daemon = NULL;
    while (loop->spare != NULL) {
        struct request *r = loop->spare;
        loop->spare = r->next_spare;
        request_free(r);
    }
    return NULL;
}

/* ---- starting and stopping --------------------------------------------------------------------------------------- */

static bool watch(struct loop *loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Of one loop: what the process may have, whatever the operator allowed it. */
static unsigned connections_max(unsigned loops)
{
    struct rlimit limit;
    rlim_t most = CONNECTIONS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most + DESCRIPTORS_RESERVED)
        most = limit.rlim_cur > 2 * DESCRIPTORS_RESERVED ? limit.rlim_cur - DESCRIPTORS_RESERVED : limit.rlim_cur / 2;
    return most > loops ? (unsigned)most / loops : 1;
}

static enum err start_daemon(struct loop *loop, unsigned loops)
{
    int fd = fcntl(loop->server->listen_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return ERR_STORAGE;
    loop->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0,
                                    on_accept, loop, on_request, loop, MHD_OPTION_EXTERNAL_LOGGER, on_log, loop,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, loop,
                                    MHD_OPTION_NOTIFY_COMPLETED, on_request_end, loop, MHD_OPTION_NOTIFY_CONNECTION,
                                    on_connection, loop, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, loop,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
                                    MHD_OPTION_CONNECTION_LIMIT, connections_max(loops), MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)CONNECTION_IDLE_S, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (loop->daemon == NULL) {
        (void)close(fd);
        return ERR_INTERNAL;
    }
    int epoll_fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return watch(loop, epoll_fd) ? ERR_OK : ERR_INTERNAL;
}

static enum err init_loop(struct loop *loop, struct server *s, unsigned loops)
{
    *loop = (struct loop){.server = s, .app = s->app, .index = s->count, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    loop->mailbox = mailbox_create(CONNECTIONS_MAX);
    loop->auth = auth_cache_create();
    loop->polls = polls_create();
    loop->chats = chat_places_create();
    randombytes_buf(&loop->request_ids, sizeof loop->request_ids);
    if (loop->epoll_fd < 0 || loop->mailbox == NULL || loop->auth == NULL || loop->polls == NULL ||
        loop->chats == NULL)
        return ERR_NO_MEMORY;
    if (!watch(loop, mailbox_fd(loop->mailbox)) || !watch(loop, s->stop_fd))
        return ERR_INTERNAL;
    enum err err = store_connect(&s->app->store, &loop->db);
    if (err == ERR_OK)
        err = store_connect_rooms(&s->app->store, &loop->rooms_db);
    return err != ERR_OK ? err : start_daemon(loop, loops);
}

static void clear_loop(struct loop *loop)
{
    if (loop->daemon != NULL)
        MHD_stop_daemon(loop->daemon);
    chat_places_free(loop->chats);
    polls_free(loop->polls);
    auth_cache_free(loop->auth);
    db_close(loop->db);
    db_close(loop->rooms_db);
    mailbox_free(loop->mailbox);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
}

static bool listen_at(struct server *s, const struct sockaddr *address, socklen_t len)
{
    int on = 1;
    s->listen_fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return s->listen_fd >= 0 && setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(s->listen_fd, address, len) == 0 && listen(s->listen_fd, LISTEN_BACKLOG) == 0;
}

static enum err bind_socket(struct server *s, const struct server_options *o, struct problem *problem)
{
    struct sockaddr_storage address = {0};
    socklen_t len = o->ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    address.ss_family = o->ipv6 ? AF_INET6 : AF_INET;
    void *where = o->ipv6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                          : (void *)&((struct sockaddr_in *)&address)->sin_addr;
    if (inet_pton(address.ss_family, o->host, where) != 1)
        return problem_set(problem, ERR_INVALID, "%s is not an address to listen on.", o->host);
    if (o->ipv6)
        ((struct sockaddr_in6 *)&address)->sin6_port = htons(o->port);
    else
        ((struct sockaddr_in *)&address)->sin_port = htons(o->port);
    s->listen_fd = o->listen_fd;
    if (o->listen_fd == 0 && !listen_at(s, (struct sockaddr *)&address, len))
        return problem_set(problem, errno == EADDRINUSE ? ERR_CONFLICT : ERR_STORAGE,
                           "Cannot listen on %s port %u: %s.", o->host, o->port, strerror(errno));
    if (getsockname(s->listen_fd, (struct sockaddr *)&address, &len) != 0)
        return ERR_INTERNAL;
    s->port = ntohs(o->ipv6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                            : ((struct sockaddr_in *)&address)->sin_port);
    return ERR_OK;
}

static void free_server(struct server *s)
{
    for (unsigned i = 0; i < s->count; i++)
        clear_loop(&s->loops[i]);
    if (s->listen_fd >= 0)
        (void)close(s->listen_fd);
    if (s->stop_fd >= 0)
        (void)close(s->stop_fd);
    crowd_free(s->crowd);
    free(s->loops);
    free(s);
}

enum err server_create(const struct server_options *options, struct server **out, struct problem *problem)
{
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->app = options->app;
    s->listen_fd = -1;
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->loops = calloc(options->threads, sizeof *s->loops);
    s->crowd = crowd_create(CONNECTIONS_MAX);
    enum err err = s->loops == NULL || s->crowd == NULL || s->stop_fd < 0 ? ERR_NO_MEMORY
                                                                          : bind_socket(s, options, problem);
    for (; err == ERR_OK && s->count < options->threads; s->count++)
        err = init_loop(&s->loops[s->count], s, options->threads);
    if (err != ERR_OK) {
        if (problem->err == ERR_OK)
            (void)problem_set(problem, err, "The HTTP server could not be started.");
        free_server(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void server_run(struct server *s)
{
    s->running = true;
    for (unsigned i = 0; i < s->count; i++)
        if (pthread_create(&s->loops[i].thread, NULL, loop_main, &s->loops[i]) != 0)
            abort(); /* half a server would only confuse; at start this is for the operator to see */
}

const char *server_library_version(void)
{
    return MHD_get_version();
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

unsigned server_loops(const struct server *s)
{
    return s->count;
}

struct loop *server_loop(struct server *s, unsigned index)
{
    assert(index < s->count);
    return &s->loops[index];
}

bool server_turned(struct server *s)
{
    bool turned = true;
    for (unsigned i = 0; i < s->count; i++) {
        struct loop *loop = &s->loops[i];
        uint64_t beats = atomic_load_explicit(&loop->beats, memory_order_relaxed);
        turned &= beats != loop->seen_beats;
        loop->seen_beats = beats;
        mailbox_wake(loop->mailbox);
    }
    return turned;
}

int server_listen_fd(const struct server *s)
{
    return fcntl(s->listen_fd, F_DUPFD_CLOEXEC, 3);
}

void server_stop(struct server *s, int64_t drain_ms)
{
    if (s == NULL)
        return;
    uint64_t one = 1;
    atomic_store(&s->drain_ms, drain_ms);
    atomic_store(&s->app->draining, true);
    if (write(s->stop_fd, &one, sizeof one) < 0)
        log_warn(s->app->log, "server.stop",
                 LOG_S("reason", strerror(errno))); /* the loops look once a second anyway */
    for (unsigned i = 0; s->running && i < s->count; i++)
        (void)pthread_join(s->loops[i].thread, NULL);
    free_server(s);
}
