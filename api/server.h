/*
 * The HTTP loops: one thread per core, each with its own libmicrohttpd daemon driven by its own epoll loop. DESIGN
 * section 2.
 *
 *   listening socket --dup--> daemon 0 <- loop 0: epoll { daemon's epoll, mailbox }
 *                    --dup--> daemon 1 <- loop 1: ...
 *
 * All daemons accept from one socket. Everything of a loop (its daemon, connections, requests, caches and read
 * connections) is touched by its thread alone; others reach it through its mailbox, and read its atomic figures.
 */
#ifndef PORCHLIGHT_API_SERVER_H
#define PORCHLIGHT_API_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/app.h"
#include "api/cidr.h"
#include "api/metrics.h"

struct MHD_Daemon;
struct auth_cache;
struct polls;
struct request;
struct server;

/* What a loop knows of a TCP connection, to judge how long a request may take to arrive. */
struct connection {
    struct connection *next;
    struct connection *previous;
    int fd;
    struct cidr_address address; /* of the peer */
    bool counted;                /* in the crowd: not a proxy's */
    int64_t opened_ms;           /* monotonic */
    struct request *request;     /* the one that is arriving or being answered */
    int64_t request_ms;          /* monotonic: when its first line was complete */
    bool head_complete;
    bool body_complete;
    bool answered;          /* an answer is queued that has not left for the kernel as a whole */
    int64_t progress_ms;    /* monotonic: when some of it was last seen to arrive; 0: not looked yet */
    uint64_t seen_acked;    /* bytes, at that look */
    uint64_t requests;      /* begun so far */
    uint64_t seen_requests; /* as of the last sweep */
    uint64_t seen_bytes;    /* received, as of the last sweep */
    int64_t dripping_ms;    /* since when bytes come without a complete line; 0: they do not */
};

struct loop {
    struct server *server;
    struct app *app;
    unsigned index;
    pthread_t thread;
    struct MHD_Daemon *daemon;
    int epoll_fd;
    struct mailbox *mailbox;
    struct db *db;       /* reads porchlight.db */
    struct db *rooms_db; /* reads rooms.db */
    struct auth_cache *auth;
    struct polls *polls;
    struct chats *chats;
    struct request *spare; /* requests to use again */
    size_t spare_count;
    struct connection *connections;
    size_t suspended;
    uint64_t refused; /* connections, since the last sweep */
    uint64_t request_ids;
    int64_t now_ms;         /* monotonic, as of this turn of the loop: read once a turn, not once a use */
    int64_t wall_ms;        /* likewise */
    uint64_t turns;         /* picks variants of advice */
    _Atomic uint64_t beats; /* turns, for the watchdog */
    uint64_t seen_beats;    /* by it, at its last look */
    bool upgraded;          /* in this turn a connection left HTTP */
    _Atomic unsigned active;
    _Atomic unsigned connections_count;
    _Atomic unsigned load_percent; /* for advice: server_load */
    struct metrics_loop metrics;
    struct activity_seen seen;
};

/* What poll advice is made of: the loop's load, and all there is from the first stage of too much on. */
static inline unsigned server_load(const struct loop *loop)
{
    if (shed_stage(&loop->app->shed) >= SHED_ADVICE)
        return 100;
    return atomic_load_explicit(&loop->load_percent, memory_order_relaxed);
}

struct server_options {
    struct app *app;
    const char *host;
    uint16_t port; /* 0: a free one */
    bool ipv6;
    unsigned threads;
    int listen_fd; /* a listening socket that is there already, the server's from now on; 0: bind one */
};

/* Binds and makes the loops, which do not run yet. ERR_CONFLICT (address in use), ERR_STORAGE, ... with a sentence. */
enum err server_create(const struct server_options *options, struct server **out, struct problem *problem);

/* Starts the loops' threads: from now on requests are answered. */
void server_run(struct server *s);

/* libmicrohttpd's, for `porchlight --version`. */
const char *server_library_version(void);

uint16_t server_port(const struct server *s);
unsigned server_loops(const struct server *s);
struct loop *server_loop(struct server *s, unsigned index); /* for its atomic figures */

/* Whether every loop has turned since the last call; wakes them all. One thread, the watchdog's. */
bool server_turned(struct server *s);

/* A duplicate of the listening socket, for whoever serves next; -1: none could be made. */
int server_listen_fd(const struct server *s);

/* Stops accepting, answers what is under way (at most `drain_ms`), closes, joins, frees. The writer must still run.
 * NULL is fine. */
void server_stop(struct server *s, int64_t drain_ms);

#endif
