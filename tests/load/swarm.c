/*
 * Thousands of members at their sockets, in one small process: what tests and the bench hold against the server.
 *
 *     swarm PORT TOKENS          TOKENS: a file, one a line; so are the commands, each answered by a line:
 *     open COUNT TEAM            sockets with the next COUNT tokens, which join TEAM ("-": none)       opened COUNT
 *     narrow BYTES               receive buffer of the next ones (0: the system's)                     ok
 *     path PATH                  where the next ones are opened (first: /ws)                           ok
 *     cheer SOCKET COUNT BATCH   that socket cheers COUNT times, BATCH at once, the next batch when    cheered COUNT
 *                                every reading socket of its team has the last
 *     chat WRITERS RATE COUNT    the first WRITERS of one channel write in turn, RATE a second in all: {...}
 *                                p50, p99 and longest from sending to the last reader
 *     posted POST COUNT          every open socket has heard of COUNT posts in all, the last of    heard of by SOCKETS
 *                                them POST
 *     ping                       every socket pings, and has its pong                                  ponged COUNT
 *     pause SOCKET, resume SOCKET                                                                      ok
 *     stuff SOCKET COUNT         a paused one pings COUNT times: the pongs pile up before it alone     ok
 *     awake 1|0                  whether it looks all the time: a wake-up is paid by the sender        ok
 *     settle MILLISECONDS        reads what comes for so long                                          ok
 *     report                     deliveries, p50, p99 and longest in microseconds, open sockets,       {...}
 *                                closed ones by code; begins anew
 *     quit
 *
 * A cheer carries the time at which it was sent, so a delivery's latency is known where it arrives. One thread, epoll.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "realtime/frame.h"

#define SOCKETS_MAX_HERE 20000
#define BUCKETS 1024 /* of latency: 16 a doubling */
#define PATIENCE_S 60
#define CHAT_MAX 20000

struct client {
    int fd;
    int team;
    bool paused;
    bool welcomed;
    unsigned cheers; /* heard since the last command */
    unsigned pongs;
    unsigned posts; /* heard of since it is open */
    uint64_t post;  /* the last of them */
    int code;       /* how it was closed; 0: it is open */
    struct frame_reader reader;
};

struct swarm {
    struct sockaddr_in address;
    char **tokens;
    size_t tokens_count;
    size_t tokens_used;
    char path[200];
    int narrow_bytes;
    bool awake;
    struct client *clients;
    size_t count;
    int epoll_fd;
    uint64_t buckets[BUCKETS];
    uint64_t deliveries;
    int64_t longest_us;
    size_t welcomed;
    size_t cheers; /* heard by anybody since the last command */
    size_t pongs;
    size_t posts; /* heard of by anybody */
    struct written *written; /* by their number, CHAT_MAX; NULL: nobody chats */
    size_t written_count;
    size_t chats; /* heard by anybody since the last command */
};

/* A chat message on its way. */
struct written {
    int64_t sent_us;
    int64_t last_us; /* when the last of its readers so far had it */
    size_t heard;
};

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "swarm: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static size_t bucket_of(int64_t us)
{
    unsigned shift = 0;
    uint64_t value = us < 0 ? 0 : (uint64_t)us;
    while (value >= 32) {
        value >>= 1;
        shift++;
    }
    size_t bucket = shift == 0 ? (size_t)value : 16 + (size_t)shift * 16 + (size_t)(value - 16);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static int64_t value_of(size_t bucket)
{
    return bucket < 32 ? (int64_t)bucket : (int64_t)((bucket % 16 + 16) << (bucket / 16 - 1));
}

static int64_t percentile(const struct swarm *s, unsigned percent)
{
    uint64_t wanted = s->deliveries * percent / 100;
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        if ((seen += s->buckets[i]) > wanted)
            return value_of(i);
    return 0;
}

static void report(struct swarm *s)
{
    unsigned open = 0;
    unsigned codes[5000] = {0};
    for (size_t i = 0; i < s->count; i++) {
        open += s->clients[i].code == 0;
        if (s->clients[i].code > 0 && s->clients[i].code < 5000)
            codes[s->clients[i].code]++;
    }
    (void)printf("{\"deliveries\":%llu,\"p50\":%lld,\"p99\":%lld,\"longest\":%lld,\"open\":%u,\"closed\":{",
                 (unsigned long long)s->deliveries, (long long)percentile(s, 50), (long long)percentile(s, 99),
                 (long long)s->longest_us, open);
    const char *comma = "";
    for (int code = 0; code < 5000; code++)
        if (codes[code] > 0) {
            (void)printf("%s\"%d\":%u", comma, code, codes[code]);
            comma = ",";
        }
    (void)printf("}}\n");
    memset(s->buckets, 0, sizeof s->buckets);
    s->deliveries = 0;
    s->longest_us = 0;
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

static void say(const struct client *c, const char *text)
{
    static const unsigned char mask[4] = {1, 2, 3, 4};
    unsigned char frame[FRAME_HEAD_BYTES_MAX + 4096];
    size_t len = strlen(text);
    size_t head = frame_head(frame, FRAME_OP_TEXT, false, len, mask);
    memcpy(frame + head, text, len);
    frame_mask(frame + head, len, mask, 0);
    if (send(c->fd, frame, head + len, MSG_NOSIGNAL) != (ssize_t)(head + len))
        die("send");
}

/* As devices far away: no ACK for each message. The kernel goes back to that at the first it sent late. */
static void delay_acks(const struct client *c)
{
    int off = 0;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
}

static void shake(const struct swarm *s, struct client *c, const char *token)
{
    char text[4096];
    size_t have = 0;
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->narrow_bytes > 0)
        (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &s->narrow_bytes, sizeof s->narrow_bytes);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&s->address, sizeof s->address) != 0)
        die("connect");
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    delay_acks(c);
    int len = snprintf(text, sizeof text,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Authorization: Bearer %s\r\n\r\n",
                       s->path, token);
    if (send(c->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
        die("send");
    /* A byte at a time behind the head: what follows it is a frame already. */
    while (have < 4 || memcmp(text + have - 4, "\r\n\r\n", 4) != 0) {
        if (have + 1 >= sizeof text || recv(c->fd, text + have, 1, 0) != 1)
            die("handshake");
        text[++have] = '\0';
    }
    if (strncmp(text, "HTTP/1.1 101", 12) != 0) {
        (void)fprintf(stderr, "swarm: %.80s\n", text);
        exit(1);
    }
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
}

/* Edge-triggered: otherwise the kernel looks at each socket twice for every message, on the time of the server. */
static void watch(struct swarm *s, size_t index, bool on)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = index};
    if (epoll_ctl(s->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->clients[index].fd, &event) != 0)
        die("epoll");
}

/* "content":"t NUMBER" */
static void hear_chat(struct swarm *s, const char *text, size_t len, int64_t when_us)
{
    const char *at = memmem(text, len, "\"content\":\"t ", 13);
    size_t number = at == NULL ? CHAT_MAX : strtoul(at + 13, NULL, 10);
    if (s->written == NULL || number >= s->written_count)
        return;
    s->written[number].last_us = when_us;
    s->written[number].heard++;
    s->chats++;
}

static void hear(struct swarm *s, struct client *c, const char *text, size_t len, int64_t when_us)
{
    static const char cheer[] = "{\"type\":\"LIVE_CHEER\"";
    if (len > sizeof cheer && memcmp(text, cheer, sizeof cheer - 1) == 0) {
        const char *at = memmem(text, len, "\"icon\":\"t", 9);
        int64_t took_us = at == NULL ? 0 : when_us - strtoll(at + 9, NULL, 10);
        s->buckets[bucket_of(took_us)]++;
        s->deliveries++;
        if (took_us > s->longest_us)
            s->longest_us = took_us;
        c->cheers++;
        s->cheers++;
    } else if (len > 16 && memcmp(text, "{\"type\":\"WELCOME", 16) == 0) {
        s->welcomed += !c->welcomed;
        c->welcomed = true;
    } else if (len > 23 && memcmp(text, "{\"type\":\"initial_state\"", 23) == 0) {
        s->welcomed += !c->welcomed;
        c->welcomed = true;
    } else if (len > 18 && memcmp(text, "{\"type\":\"message\",", 18) == 0) {
        hear_chat(s, text, len, when_us);
    } else if (len > 18 && memcmp(text, "{\"type\":\"NEW_POSTS", 18) == 0) {
        const char *at = memmem(text, len, "\"postIds\":[\"", 12);
        c->post = at == NULL ? 0 : strtoull(at + 12, NULL, 10);
        c->posts++;
        s->posts++;
    } else if (len > 13 && memcmp(text, "{\"type\":\"pong", 13) == 0) {
        c->pongs++;
        s->pongs++;
    }
}

static void end(struct swarm *s, size_t index, int code)
{
    struct client *c = &s->clients[index];
    watch(s, index, false);
    (void)close(c->fd);
    c->code = code;
    frame_reader_clear(&c->reader);
}

/* false: nothing is left to read. */
static bool receive(struct swarm *s, size_t index)
{
    static unsigned char bytes[1 << 16];
    static const struct frame_rules rules = {.message_bytes_max = 1U << 20};
    struct client *c = &s->clients[index];
    ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    if (got <= 0) {
        end(s, index, 1006);
        return false;
    }
    int64_t when_us = now_us();
    delay_acks(c);
    unsigned char *at = bytes;
    size_t left = (size_t)got;
    struct frame_event event;
    do {
        size_t taken = frame_read(&c->reader, &rules, at, left, &event);
        at += taken;
        left -= taken;
        if (event.kind == FRAME_MESSAGE)
            hear(s, c, (const char *)event.bytes, event.len, when_us);
        else if (event.kind == FRAME_CLOSE || event.kind == FRAME_ERROR) {
            end(s, index, event.code);
            return false;
        }
    } while (event.kind != FRAME_MORE);
    return (size_t)got == sizeof bytes;
}

static void turn(struct swarm *s, int timeout_ms)
{
    struct epoll_event events[512];
    int found = epoll_wait(s->epoll_fd, events, 512, timeout_ms);
    for (int i = 0; i < found; i++)
        while (s->clients[events[i].data.u64].code == 0 && receive(s, (size_t)events[i].data.u64))
            continue;
}

static void until(struct swarm *s, const size_t *counter, size_t wanted, const char *what)
{
    int64_t deadline_us = now_us() + (int64_t)PATIENCE_S * 1000000;
    while (*counter < wanted) {
        turn(s, s->awake ? 0 : 100);
        if (now_us() > deadline_us) {
            (void)fprintf(stderr, "swarm: %s: %zu of %zu after %d s\n", what, *counter, wanted, PATIENCE_S);
            exit(1);
        }
    }
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void open_some(struct swarm *s, size_t count, const char *team)
{
    char join[100];
    bool greeted = strcmp(team, "-") != 0 || strncmp(s->path, "/channel/", 9) == 0;
    size_t wanted = s->welcomed + (greeted ? count : 0);
    (void)snprintf(join, sizeof join, "{\"type\":\"JOIN_TEAM\",\"teamId\":\"%.40s\"}", team);
    for (size_t i = 0; i < count; i++) {
        if (s->count == SOCKETS_MAX_HERE || s->tokens_used == s->tokens_count) {
            (void)fprintf(stderr, "swarm: no room or no token for another\n");
            exit(1);
        }
        struct client *c = &s->clients[s->count];
        shake(s, c, s->tokens[s->tokens_used++]);
        c->team = atoi(team);
        watch(s, s->count, true);
        s->count++;
        if (strcmp(team, "-") != 0)
            say(c, join);
        turn(s, 0);
    }
    until(s, &s->welcomed, wanted, "welcomes");
    (void)printf("opened %zu\n", count);
}

static size_t readers_of(const struct swarm *s, int team)
{
    size_t readers = 0;
    for (size_t i = 0; i < s->count; i++)
        readers += s->clients[i].code == 0 && !s->clients[i].paused && s->clients[i].team == team;
    return readers;
}

static void cheer(struct swarm *s, size_t index, size_t count, size_t batch)
{
    const struct client *c = &s->clients[index];
    char text[100];
    for (size_t sent = 0; sent < count;) {
        size_t now = count - sent < batch ? count - sent : batch;
        s->cheers = 0;
        for (size_t i = 0; i < now; i++) {
            (void)snprintf(text, sizeof text, "{\"type\":\"SEND_CHEER\",\"icon\":\"t%lld\"}", (long long)now_us());
            say(c, text);
        }
        until(s, &s->cheers, now * readers_of(s, c->team), "cheers");
        sent += now;
    }
    (void)printf("cheered %zu\n", count);
}

static int by_size(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a;
    int64_t other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

/* From sending to the last reader, of each message; all have arrived. */
static void report_chat(const struct swarm *s, size_t readers)
{
    int64_t *took_us = calloc(s->written_count + 1, sizeof *took_us);
    size_t whole = 0;
    for (size_t i = 0; took_us != NULL && i < s->written_count; i++)
        if (s->written[i].heard == readers)
            took_us[whole++] = s->written[i].last_us - s->written[i].sent_us;
    if (whole == 0)
        die("chat");
    qsort(took_us, whole, sizeof *took_us, by_size);
    (void)printf("{\"messages\":%zu,\"readers\":%zu,\"p50\":%lld,\"p99\":%lld,\"longest\":%lld}\n", whole, readers,
                 (long long)took_us[whole / 2], (long long)took_us[whole * 99 / 100], (long long)took_us[whole - 1]);
    free(took_us);
}

static void chat(struct swarm *s, size_t writers, size_t per_second, size_t count)
{
    static unsigned runs;
    char text[200];
    size_t readers = readers_of(s, 0);
    free(s->written);
    s->written = calloc(CHAT_MAX, sizeof *s->written);
    s->written_count = 0;
    s->chats = 0;
    runs++;
    if (s->written == NULL)
        die("chat");
    int64_t began_us = now_us();
    while (s->written_count < count) {
        int64_t due_us = began_us + (int64_t)(s->written_count * 1000000 / per_second);
        int64_t left_us = due_us - now_us();
        if (left_us > 0) {
            turn(s, s->awake ? 0 : (int)(left_us / 1000));
            continue;
        }
        size_t number = s->written_count++;
        (void)snprintf(text, sizeof text,
                       "{\"type\":\"message\",\"content\":\"t %zu who is coming round the lake today?\","
                       "\"clientId\":\"%ld-%u-%zu\"}",
                       number, (long)getpid(), runs, number);
        s->written[number].sent_us = now_us();
        say(&s->clients[number % writers], text);
    }
    until(s, &s->chats, count * readers, "messages");
    report_chat(s, readers);
}

static void ping(struct swarm *s)
{
    size_t asked = 0;
    s->pongs = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->clients[i].code == 0 && !s->clients[i].paused) {
            say(&s->clients[i], "{\"type\":\"ping\"}");
            asked++;
        }
    until(s, &s->pongs, asked, "pongs");
    (void)printf("ponged %zu\n", asked);
}

static void posted(struct swarm *s, uint64_t post, unsigned count)
{
    size_t missing = 0;
    size_t heard = 0;
    for (size_t i = 0; i < s->count; i++)
        missing += s->clients[i].code == 0 && s->clients[i].posts < count ? count - s->clients[i].posts : 0;
    until(s, &s->posts, s->posts + missing, "posts");
    for (size_t i = 0; i < s->count; i++)
        heard += s->clients[i].code == 0 && s->clients[i].posts == count && s->clients[i].post == post;
    (void)printf("heard of by %zu\n", heard);
}

static void stuff(const struct swarm *s, size_t index, size_t count)
{
    while (count-- > 0)
        say(&s->clients[index], "{\"type\":\"ping\"}");
    (void)printf("ok\n");
}

static void settle(struct swarm *s, long ms)
{
    int64_t deadline_us = now_us() + ms * 1000;
    for (int64_t left_us; (left_us = deadline_us - now_us()) > 0;)
        turn(s, (int)(left_us / 1000 + 1));
    (void)printf("ok\n");
}

static void pause_one(struct swarm *s, size_t index, bool paused)
{
    s->clients[index].paused = paused;
    watch(s, index, !paused);
    (void)printf("ok\n");
}

/* false: the end. */
static bool obey(struct swarm *s, const char *line)
{
    char word[200];
    size_t a;
    size_t b;
    size_t c;
    if (sscanf(line, "open %zu %199s", &a, word) == 2)
        open_some(s, a, word);
    else if (sscanf(line, "cheer %zu %zu %zu", &a, &b, &c) == 3 && a < s->count && c > 0)
        cheer(s, a, b, c);
    else if (sscanf(line, "chat %zu %zu %zu", &a, &b, &c) == 3 && a > 0 && a <= s->count && b > 0 && c <= CHAT_MAX)
        chat(s, a, b, c);
    else if (sscanf(line, "narrow %zu", &a) == 1) {
        s->narrow_bytes = (int)a;
        (void)printf("ok\n");
    } else if (sscanf(line, "path %199s", word) == 1) {
        memcpy(s->path, word, sizeof word);
        (void)printf("ok\n");
    } else if (sscanf(line, "awake %zu", &a) == 1) {
        s->awake = a != 0;
        (void)printf("ok\n");
    } else if (strncmp(line, "ping", 4) == 0)
        ping(s);
    else if (sscanf(line, "pause %zu", &a) == 1 && a < s->count)
        pause_one(s, a, true);
    else if (sscanf(line, "resume %zu", &a) == 1 && a < s->count)
        pause_one(s, a, false);
    else if (sscanf(line, "posted %zu %zu", &a, &b) == 2)
        posted(s, a, (unsigned)b);
    else if (sscanf(line, "stuff %zu %zu", &a, &b) == 2 && a < s->count && s->clients[a].paused)
        stuff(s, a, b);
    else if (sscanf(line, "settle %zu", &a) == 1)
        settle(s, (long)a);
    else if (strncmp(line, "report", 6) == 0)
        report(s);
    else if (strncmp(line, "quit", 4) == 0)
        return false;
    else
        (void)printf("what?\n");
    (void)fflush(stdout);
    return true;
}

static void read_tokens(struct swarm *s, const char *path)
{
    FILE *f = fopen(path, "re");
    char line[4096];
    if (f == NULL)
        die(path);
    s->tokens = calloc(SOCKETS_MAX_HERE, sizeof *s->tokens);
    while (s->tokens != NULL && s->tokens_count < SOCKETS_MAX_HERE && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        s->tokens[s->tokens_count++] = strdup(line);
    }
    (void)fclose(f);
}

int main(int argc, char **argv)
{
    struct swarm *s = calloc(1, sizeof *s);
    struct rlimit limit;
    char line[300];
    if (argc != 3 || s == NULL) {
        (void)fprintf(stderr, "usage: swarm PORT TOKENS\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    s->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    s->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memcpy(s->path, "/ws", 4);
    read_tokens(s, argv[2]);
    s->clients = calloc(SOCKETS_MAX_HERE, sizeof *s->clients);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->clients == NULL || s->epoll_fd < 0)
        die("start");
    while (fgets(line, sizeof line, stdin) != NULL && obey(s, line))
        ;
    return 0;
}
