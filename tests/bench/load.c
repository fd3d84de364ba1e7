/*
 * The generator's loop. One struct link per connection:
 *
 *   idle --start--> waiting --whole answer read--> idle (open loop) or waiting again (closed loop)
 *
 * A link whose connection breaks is opened again at once and counted.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "reply.h"

#define ANSWER_BYTES_MAX 65536
#define EVENTS_MAX 128
#define OPENED_AGAIN_MAX 10000 /* a server that closes every time ends the run instead of spinning it */

struct link {
    struct load_client *client;
    struct group *group;
    struct link *next_free; /* of an open loop */
    int fd;
    bool waiting;
    uint64_t began_ns;
    size_t len;
    char *answer; /* ANSWER_BYTES_MAX */
};

struct group {
    const struct load_group *plan;
    struct load_result *result;
    struct link *links;
    struct link *free;
    int timer; /* -1 in a closed loop */
    double interval_ns;
    uint64_t started; /* requests begun, or skipped, by the timer */
    uint64_t first_ns;
};

struct run {
    const struct load_options *options;
    struct group *groups;
    int epoll;
    uint64_t count_from_ns;
    uint64_t end_ns;
    uint64_t opened_again;
};

static int connect_to(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static int link_open(struct run *run, struct link *link)
{
    link->fd = connect_to(run->options->port);
    if (link->fd < 0) {
        return -1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    if (fcntl(link->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(run->epoll, EPOLL_CTL_ADD, link->fd, &event) != 0) {
        return -1;
    }
    link->len = 0;
    link->waiting = false;
    return 0;
}

static int link_ask(struct link *link, uint64_t began_ns)
{
    struct load_client *client = link->client;
    const struct load_request *request = &client->requests[client->next];

    client->next = client->next + 1 < client->count ? client->next + 1 : 0;
    link->began_ns = began_ns;
    link->waiting = true;
    /* An idle connection's buffer holds any of our requests whole; a short write is a broken connection. */
    return send(link->fd, request->bytes, request->len, MSG_NOSIGNAL) == (ssize_t)request->len ? 0 : -1;
}

/* The connection broke: a new one, and the next request unless the timer starts them. */
static int link_again(struct run *run, struct link *link)
{
    struct group *group = link->group;
    bool was_waiting = link->waiting;

    close(link->fd);
    link->fd = -1;
    group->result->broken++;
    if (++run->opened_again > OPENED_AGAIN_MAX) {
        errno = ECONNRESET;
        return -1;
    }
    if (link_open(run, link) != 0) {
        return -1;
    }
    if (group->timer < 0) {
        return link_ask(link, figures_now_ns());
    }
    if (was_waiting) {
        link->next_free = group->free;
        group->free = link;
    }
    return 0;
}

static void count_answer(struct run *run, struct link *link, int status, uint64_t now_ns)
{
    struct load_result *result = link->group->result;

    if (now_ns < run->count_from_ns) {
        return;
    }
    if (status >= 200 && status < 300) {
        result->ok++;
    } else if (status == 304) {
        result->not_modified++;
    } else {
        result->refused++;
    }
    figures_record(&result->latency, now_ns - link->began_ns);
}

/* The link was answered: ask again, or wait for the timer. */
static int link_done(struct run *run, struct link *link, bool closes, uint64_t now_ns)
{
    link->waiting = false;
    link->len = 0;
    if (closes) {
        close(link->fd);
        if (link_open(run, link) != 0) {
            return -1;
        }
    }
    if (link->group->timer >= 0) {
        link->next_free = link->group->free;
        link->group->free = link;
        return 0;
    }
    return link_ask(link, now_ns) == 0 ? 0 : link_again(run, link);
}

static int link_read(struct run *run, struct link *link)
{
    ssize_t got = recv(link->fd, link->answer + link->len, ANSWER_BYTES_MAX - link->len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    bool broken = got <= 0;
    struct reply reply;
    uint64_t now_ns = figures_now_ns();

    if (!broken) {
        link->len += (size_t)got;
        enum reply_state state = link->waiting ? reply_read(link->answer, link->len, &reply) : REPLY_BROKEN;
        if (state == REPLY_INCOMPLETE && link->len < ANSWER_BYTES_MAX) {
            return 0;
        }
        broken = state != REPLY_COMPLETE_HEAD || reply.head_bytes + reply.body_bytes > ANSWER_BYTES_MAX;
    }
    if (!broken && link->len < reply.head_bytes + reply.body_bytes) {
        return 0;
    }
    if (!broken && link->len == reply.head_bytes + reply.body_bytes) {
        count_answer(run, link, reply.status, now_ns);
        return link_done(run, link, reply.closes, now_ns);
    }
    /* More bytes than one answer, a half one, or none at all. */
    return link_again(run, link);
}

/* Begins as many requests as their moment has come. */
static int group_tick(struct run *run, struct group *group)
{
    uint64_t fired;
    if (read(group->timer, &fired, sizeof(fired)) != sizeof(fired)) {
        return 0;
    }
    uint64_t now_ns = figures_now_ns();
    for (;;) {
        uint64_t due_ns = group->first_ns + (uint64_t)((double)group->started * group->interval_ns);
        if (due_ns > now_ns) {
            return 0;
        }
        struct link *link = group->free;
        if (link == NULL) {
            /* The moment stays due; the request starts late, and its latency says so. */
            if (now_ns - due_ns > 4000000000U) {
                group->result->skipped++;
                group->started++;
                continue;
            }
            return 0;
        }
        group->free = link->next_free;
        group->started++;
        if (link_ask(link, due_ns) != 0 && link_again(run, link) != 0) {
            return -1;
        }
    }
}

static int group_start_timer(struct run *run, struct group *group)
{
    group->interval_ns = 1e9 / group->plan->rate_per_s;
    group->first_ns = figures_now_ns() + 1000000;
    /* Ticks finer than 100 us cost more than they tell. */
    long tick_ns = group->interval_ns > 100000 ? (long)group->interval_ns : 100000;
    struct itimerspec every = {.it_interval.tv_nsec = tick_ns % 1000000000, .it_interval.tv_sec = tick_ns / 1000000000,
                               .it_value.tv_nsec = 1000000};
    /* Told apart from links by the lowest bit of the pointer. */
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uintptr_t)group | 1U};

    group->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (group->timer < 0 || timerfd_settime(group->timer, 0, &every, NULL) != 0) {
        return -1;
    }
    return epoll_ctl(run->epoll, EPOLL_CTL_ADD, group->timer, &event);
}

static int group_start(struct run *run, struct group *group, const struct load_group *plan, struct load_result *result)
{
    memset(result, 0, sizeof(*result));
    *group = (struct group){.plan = plan, .result = result, .timer = -1};
    group->links = calloc(plan->count, sizeof(*group->links));
    if (group->links == NULL) {
        return -1;
    }
    for (size_t i = 0; i < plan->count; i++) {
        group->links[i].fd = -1;
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct link *link = &group->links[i];
        link->client = &plan->clients[i];
        link->group = group;
        link->answer = malloc(ANSWER_BYTES_MAX);
        if (link->answer == NULL || link_open(run, link) != 0) {
            return -1;
        }
        if (plan->rate_per_s > 0) {
            link->next_free = group->free;
            group->free = link;
        }
    }
    return plan->rate_per_s > 0 ? group_start_timer(run, group) : 0;
}

static void group_stop(struct group *group)
{
    for (size_t i = 0; group->links != NULL && i < group->plan->count; i++) {
        free(group->links[i].answer);
        if (group->links[i].fd >= 0) {
            close(group->links[i].fd);
        }
    }
    free(group->links);
    if (group->timer >= 0) {
        close(group->timer);
    }
}

static int loop(struct run *run)
{
    struct epoll_event events[EVENTS_MAX];

    while (figures_now_ns() < run->end_ns) {
        int count = epoll_wait(run->epoll, events, EVENTS_MAX, 20);
        for (int i = 0; i < count; i++) {
            uint64_t tag = events[i].data.u64;
            int rc = (tag & 1U) != 0 ? group_tick(run, (struct group *)(uintptr_t)(tag & ~(uint64_t)1))
                                     : link_read(run, events[i].data.ptr);
            if (rc != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int start_all(struct run *run, struct load_result *results)
{
    const struct load_options *options = run->options;

    for (size_t g = 0; g < options->groups_count; g++) {
        if (group_start(run, &run->groups[g], &options->groups[g], &results[g]) != 0) {
            return -1;
        }
    }
    uint64_t now_ns = figures_now_ns();
    run->count_from_ns = now_ns + (uint64_t)(options->warm_up_s * 1e9);
    run->end_ns = run->count_from_ns + (uint64_t)(options->seconds * 1e9);
    for (size_t g = 0; g < options->groups_count; g++) {
        struct group *group = &run->groups[g];
        for (size_t i = 0; group->timer < 0 && i < group->plan->count; i++) {
            if (link_ask(&group->links[i], now_ns) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

int load_run(const struct load_options *options, struct load_result *results)
{
    struct run run = {.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    cpu_set_t before;
    int rc = -1;

    run.groups = calloc(options->groups_count, sizeof(*run.groups));
    sched_getaffinity(0, sizeof(before), &before);
    if (options->cpu >= 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)options->cpu, &one);
        sched_setaffinity(0, sizeof(one), &one);
    }
    if (run.epoll >= 0 && run.groups != NULL && start_all(&run, results) == 0) {
        rc = loop(&run);
    }
    uint64_t now_ns = figures_now_ns();
    for (size_t g = 0; run.groups != NULL && g < options->groups_count && run.groups[g].plan != NULL; g++) {
        struct load_result *result = &results[g];
        result->seconds = now_ns > run.count_from_ns ? (double)(now_ns - run.count_from_ns) / 1e9 : 0;
        result->per_s = result->seconds > 0 ? (double)(result->ok + result->not_modified) / result->seconds : 0;
        group_stop(&run.groups[g]);
    }
    free(run.groups);
    if (run.epoll >= 0) {
        close(run.epoll);
    }
    sched_setaffinity(0, sizeof(before), &before);
    return rc;
}

int load_ask(int port, const char *request, size_t len, char *answer, size_t answer_bytes)
{
    int fd = connect_to(port);
    int status = -1;
    size_t have = 0;

    if (fd < 0) {
        return -1;
    }
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool sent = send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len;
    while (sent && have + 1 < answer_bytes) {
        ssize_t got = recv(fd, answer + have, answer_bytes - 1 - have, 0);
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
        struct reply reply;
        enum reply_state state = reply_read(answer, have, &reply);
        if (state == REPLY_BROKEN) {
            break;
        }
        if (state == REPLY_COMPLETE_HEAD && have >= reply.head_bytes + reply.body_bytes) {
            status = reply.status;
            break;
        }
    }
    answer[have] = '\0';
    close(fd);
    return status;
}
