/*
 * What is started against what, in which order, and what is printed. All figures of one table come from one interleaved
 * run: A, B, C, A, B, C ... so that a slow moment of the machine falls on all of them alike.
 */
#include "measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "baseline.h"
#include "child.h"
#include "reply.h"

#define PRESENCE_MARK 0.8
#define LIKES_MARK 5.0
#define TAIL_MARK 3.0
#define IDLE_MIB_MARK 16.0
#define START_MS_MARK 1000.0
#define OPEN_POLLS_PER_S 2000.0 /* 120,000 members who poll once a minute */
#define ANSWER_BYTES 262144
#define BATCH_BUCKETS_MAX 32

/* ---- small things all of them need ------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void mark(struct measure *m, bool met, const char *format, ...)
{
    if (m->marks_count == MEASURE_MARKS_MAX) {
        return;
    }
    struct measure_mark *out = &m->marks[m->marks_count++];
    va_list args;
    va_start(args, format);
    vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    out->met = met;
}

static void path_in(const struct measure *m, const char *name, char out[static MEASURE_PATH_BYTES])
{
    if (snprintf(out, MEASURE_PATH_BYTES, "%.400s/%.100s", m->folder, name) >= MEASURE_PATH_BYTES) {
        out[0] = '\0';
    }
}

/* `threads` 0: as many as the product takes by itself. */
static int start_product(const struct measure *m, struct child *child, int threads, int cpu)
{
    char data[MEASURE_PATH_BYTES];
    char log[MEASURE_PATH_BYTES];
    char count[16];
    path_in(m, "data", data);
    path_in(m, "porchlight.log", log);
    snprintf(count, sizeof(count), "%d", threads);
    const char *argv[] = {m->binary,    "serve", "--listen",  "127.0.0.1:0",           "--data",
                          data,         "--rate-limit", "off", threads > 0 ? "--threads" : NULL, count, NULL};
    return child_start(child, argv, cpu, log);
}

static int start_bare(const struct measure *m, struct child *child, const char *style, int threads, int cpu,
                      size_t bytes)
{
    char log[MEASURE_PATH_BYTES];
    char count[16];
    char size[24];
    path_in(m, style, log);
    snprintf(count, sizeof(count), "%d", threads);
    snprintf(size, sizeof(size), "%zu", bytes);
    const char *argv[] = {m->bare, style, count, size, NULL};
    return child_start(child, argv, cpu, log);
}

static const char *ask(int port, const char *path, const char *token, struct reply *reply)
{
    static char answer[ANSWER_BYTES];
    char request[COMMUNITY_TOKEN_BYTES + 512];
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: porchlight.example\r\n%s%s%s\r\n", path,
                       token != NULL ? "Authorization: Bearer " : "", token != NULL ? token : "",
                       token != NULL ? "\r\n" : "");
    int status = load_ask(port, request, (size_t)len, answer, sizeof(answer));
    if (status != 200 || reply_read(answer, strlen(answer), reply) != REPLY_COMPLETE_HEAD) {
        fprintf(stderr, "bench: GET %s answered %d\n%.600s\n", path, status, answer);
        return NULL;
    }
    return answer;
}

static int run_one(const struct measure *m, int port, int cpu, struct load_group group, struct load_result *result)
{
    struct load_options options = {.port = port, .cpu = cpu, .seconds = m->seconds, .warm_up_s = m->seconds / 5,
                                   .groups = &group, .groups_count = 1};
    if (load_run(&options, result) != 0) {
        fprintf(stderr, "bench: the load generator failed: %s\n", strerror(errno));
        return -1;
    }
    return 0;
}

static void warn_about(const char *what, const struct load_result *r)
{
    if (r->refused > 0 || r->broken > 0 || r->skipped > 0) {
        printf("    NOTE %s: %llu refused, %llu broken connections, %llu skipped\n", what,
               (unsigned long long)r->refused, (unsigned long long)r->broken, (unsigned long long)r->skipped);
    }
}

/* ---- (d) memory, (e) cold start ---------------------------------------------------------------------------------- */

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

int measure_idle(struct measure *m)
{
    struct figures_series start_ms = {0};
    struct figures_series idle_mib = {0};
    char text[FIGURES_TEXT_BYTES];

    for (int round = 0; round < m->rounds; round++) {
        struct child child;
        struct reply reply;
        if (start_product(m, &child, 0, -1) != 0) {
            return -1;
        }
        bool answered = ask(child.port, "/healthz", NULL, &reply) != NULL;
        figures_add(&start_ms, (double)(figures_now_ns() - child.began_ns) / 1e6);
        sleep_ms(1000);
        figures_add(&idle_mib, child_resident_kib(&child) / 1024);
        child_stop(&child);
        if (!answered) {
            return -1;
        }
    }
    double mib = figures_max(&idle_mib);
    double ms = figures_median(&start_ms);
    printf("(d) idle server with the demo community: resident memory\n    %s MiB\n\n",
           figures_text(&idle_mib, 1, text));
    mark(m, mib < IDLE_MIB_MARK, "(d) idle memory                 %8.1f MiB   mark <  %.0f MiB", mib, IDLE_MIB_MARK);
    printf("(e) cold start: from exec to the first answer\n    %s ms\n\n", figures_text(&start_ms, 1, text));
    mark(m, ms < START_MS_MARK, "(e) cold start                  %8.1f ms    mark <  %.0f ms", ms, START_MS_MARK);
    return 0;
}

/* ---- (a) polls against the bare library -------------------------------------------------------------------------- */

enum side { LOOPS, POOL, POLLS, POLLS_304, SIDES };

static const char *const side_names[SIDES] = {
    [LOOPS] = "bare libmicrohttpd, own epoll loops",
    [POOL] = "bare libmicrohttpd, its own threads",
    [POLLS] = "porchlight, GET /presence",
    [POLLS_304] = "porchlight, GET /presence, 304",
};

struct contest {
    struct child servers[SIDES]; /* POLLS_304 has none of its own */
    struct load_client *clients[SIDES];
    struct figures_series per_s[SIDES];
    struct figures_series p50_us[SIDES];
    struct figures_series p99_us[SIDES];
    struct figures_series cpu_us[SIDES]; /* the server's, per request */
    size_t body_bytes;
    int generator_cpu;
};

static struct child *server_of(struct contest *c, enum side side)
{
    return &c->servers[side == POLLS_304 ? POLLS : side];
}

static int contest_start(struct measure *m, struct contest *c, int threads, int server_cpu)
{
    char etag[160];
    struct reply reply;
    struct load_result result;

    if (start_product(m, &c->servers[POLLS], threads, server_cpu) != 0) {
        return -1;
    }
    c->clients[POLLS] = community_polls(&m->community, "/presence", NULL);
    if (c->clients[POLLS] == NULL) {
        return -1;
    }
    /* Everybody is present after this, so the body and its ETag stay as they are. */
    struct load_options once = {.port = c->servers[POLLS].port, .cpu = -1, .seconds = 0.3,
                                .groups = &(struct load_group){.clients = c->clients[POLLS], .count = COMMUNITY_PEOPLE},
                                .groups_count = 1};
    if (load_run(&once, &result) != 0) {
        return -1;
    }
    const char *answer = ask(c->servers[POLLS].port, "/presence", m->community.tokens[1], &reply);
    if (answer == NULL || !reply_header(answer, reply.head_bytes, "ETag", etag, sizeof(etag))) {
        fprintf(stderr, "bench: GET /presence has no ETag\n");
        return -1;
    }
    c->body_bytes = reply.body_bytes;
    printf("    body of %zu bytes: %.*s\n", reply.body_bytes, (int)reply.body_bytes, answer + reply.head_bytes);
    c->clients[POLLS_304] = community_polls(&m->community, "/presence", etag);
    c->clients[LOOPS] = c->clients[POOL] = c->clients[POLLS];
    if (c->clients[POLLS_304] == NULL ||
        start_bare(m, &c->servers[LOOPS], "loops", threads, server_cpu, c->body_bytes) != 0 ||
        start_bare(m, &c->servers[POOL], "pool", threads, server_cpu, c->body_bytes) != 0) {
        return -1;
    }
    return 0;
}

static int contest_round(struct measure *m, struct contest *c)
{
    for (enum side side = 0; side < SIDES; side++) {
        struct child *server = server_of(c, side);
        struct load_result r;
        struct load_group group = {.clients = c->clients[side], .count = COMMUNITY_PEOPLE};
        double cpu_s = child_cpu_s(server);
        if (run_one(m, server->port, c->generator_cpu, group, &r) != 0) {
            return -1;
        }
        cpu_s = child_cpu_s(server) - cpu_s;
        /* The warm-up used processor time as well. */
        double all = r.per_s * r.seconds * 1.2;
        figures_add(&c->per_s[side], r.per_s);
        figures_add(&c->p50_us[side], figures_percentile(&r.latency, 50) / 1e3);
        figures_add(&c->p99_us[side], figures_percentile(&r.latency, 99) / 1e3);
        figures_add(&c->cpu_us[side], all > 0 ? cpu_s * 1e6 / all : 0);
        warn_about(side_names[side], &r);
        if (side == POLLS_304 && r.ok > r.not_modified / 100) {
            printf("    NOTE %s: %llu of %llu answers were not 304\n", side_names[side], (unsigned long long)r.ok,
                   (unsigned long long)(r.ok + r.not_modified));
        }
    }
    return 0;
}

static void contest_print(struct measure *m, struct contest *c, const char *how)
{
    char text[FIGURES_TEXT_BYTES];
    enum side ceiling = figures_median(&c->per_s[LOOPS]) >= figures_median(&c->per_s[POOL]) ? LOOPS : POOL;

    for (enum side side = 0; side < SIDES; side++) {
        printf("    %-38s %-34s req/s   p50 %5.0f us   p99 %5.0f us   server %4.1f us/req\n", side_names[side],
               figures_text(&c->per_s[side], 0, text), figures_median(&c->p50_us[side]),
               figures_median(&c->p99_us[side]), figures_median(&c->cpu_us[side]));
    }
    for (enum side side = POLLS; side <= POLLS_304; side++) {
        struct figures_series ratio;
        struct figures_series cpu_ratio;
        char cpu_text[FIGURES_TEXT_BYTES];
        figures_ratio(&c->per_s[side], &c->per_s[ceiling], &ratio);
        figures_ratio(&c->cpu_us[ceiling], &c->cpu_us[side], &cpu_ratio);
        double value = figures_median(&ratio);
        printf("    ratio %-32s %s of %s; by the server's processor time %s\n",
               side == POLLS ? "GET /presence" : "GET /presence, 304", figures_text(&ratio, 2, text),
               side_names[ceiling], figures_text(&cpu_ratio, 2, cpu_text));
        mark(m, value >= PRESENCE_MARK, "(a) %-26s %8.2f %-6s mark >= %.1f   %s",
             side == POLLS ? "polls / bare server" : "304 polls / bare server", value, "", PRESENCE_MARK, how);
    }
    printf("\n");
}

static int contest_run(struct measure *m, int threads, bool pinned)
{
    struct contest *c = calloc(1, sizeof(*c));
    char how[80];
    int rc = -1;

    if (c == NULL) {
        return -1;
    }
    c->generator_cpu = pinned ? 1 : -1;
    snprintf(how, sizeof(how), pinned ? "%d server thread, pinned" : "%d server threads", threads);
    printf("(a) authenticated GET /presence, %d keep-alive connections: %s\n", COMMUNITY_PEOPLE,
           pinned ? "1 server thread and the generator, each on a processor of its own"
                  : "default threads; server and generator share all processors");
    if (contest_start(m, c, threads, pinned ? 0 : -1) == 0) {
        rc = 0;
        for (int round = 0; rc == 0 && round < m->rounds; round++) {
            rc = contest_round(m, c);
        }
    }
    if (rc == 0) {
        contest_print(m, c, how);
    }
    for (enum side side = 0; side < SIDES; side++) {
        child_stop(&c->servers[side]);
    }
    community_clients_free(c->clients[POLLS]);
    community_clients_free(c->clients[POLLS_304]);
    free(c);
    return rc;
}

int measure_presence(struct measure *m)
{
    if (m->cpus >= 2 && contest_run(m, 1, true) != 0) {
        return -1;
    }
    return contest_run(m, m->cpus, false);
}

/* ---- (b) durable likes ------------------------------------------------------------------------------------------- */

struct batches {
    double jobs, count;
    double at_most[BATCH_BUCKETS_MAX]; /* cumulative, as Prometheus has them */
    char bounds[BATCH_BUCKETS_MAX][16];
    size_t buckets;
};

static double metric(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, name, len) == 0 && line[len] == ' ') {
            return strtod(line + len, NULL);
        }
    }
    return 0;
}

static int read_batches(int port, struct batches *out)
{
    static const char mark_text[] = "porchlight_writer_batch_size_bucket{le=\"";
    struct reply reply;
    const char *text = ask(port, "/metrics", NULL, &reply);
    if (text == NULL) {
        return -1;
    }
    text += reply.head_bytes;
    *out = (struct batches){.jobs = metric(text, "porchlight_writer_jobs_total"),
                            .count = metric(text, "porchlight_writer_batches_total")};
    const char *at = text;
    while ((at = strstr(at, mark_text)) != NULL && out->buckets < BATCH_BUCKETS_MAX) {
        at += sizeof(mark_text) - 1;
        size_t len = strcspn(at, "\"");
        snprintf(out->bounds[out->buckets], sizeof(out->bounds[0]), "%.*s", (int)(len < 15 ? len : 15), at);
        at += len + strspn(at + len, "\"}");
        out->at_most[out->buckets++] = strtod(at, NULL);
    }
    return 0;
}

static void print_batches(const struct batches *before, const struct batches *after)
{
    double jobs = after->jobs - before->jobs;
    double count = after->count - before->count;
    double below = 0;

    printf("    batches: %.0f likes in %.0f transactions, %.1f a transaction; sizes:", jobs, count,
           count > 0 ? jobs / count : 0);
    for (size_t i = 0; i < after->buckets; i++) {
        double here = after->at_most[i] - before->at_most[i];
        if (here > below) {
            printf("  <=%s: %.0f%%", after->bounds[i], count > 0 ? (here - below) * 100 / count : 0);
        }
        below = here;
    }
    printf("\n");
}

static int likes_rounds(struct measure *m, const struct child *server, struct baseline *baseline,
                        struct figures_series *http, struct figures_series *single)
{
    struct load_client *clients = community_likes(&m->community);
    struct load_group group = {.clients = clients, .count = COMMUNITY_PEOPLE};
    struct load_result r;
    int rc = clients != NULL ? 0 : -1;

    for (int round = 0; rc == 0 && round < m->rounds; round++) {
        double per_s = baseline_run(baseline, m->seconds);
        rc = per_s < 0 ? -1 : run_one(m, server->port, -1, group, &r);
        if (rc == 0) {
            figures_add(single, per_s);
            figures_add(http, r.per_s);
            warn_about("likes", &r);
        }
    }
    community_clients_free(clients);
    return rc;
}

int measure_likes(struct measure *m)
{
    struct figures_series http = {0};
    struct figures_series single = {0};
    struct figures_series ratio;
    struct batches before;
    struct batches after;
    struct child server;
    char path[MEASURE_PATH_BYTES];
    char text[FIGURES_TEXT_BYTES];
    int rc = -1;

    path_in(m, "baseline.db", path);
    printf("(b) durable likes: %d members over HTTP against one transaction per like in plain C\n", COMMUNITY_PEOPLE);
    struct baseline *baseline = baseline_create(path, m->schema, COMMUNITY_PEOPLE, COMMUNITY_POSTS);
    if (baseline == NULL) {
        return -1;
    }
    if (start_product(m, &server, 0, -1) == 0 && read_batches(server.port, &before) == 0 &&
        likes_rounds(m, &server, baseline, &http, &single) == 0 && read_batches(server.port, &after) == 0) {
        rc = 0;
        figures_ratio(&http, &single, &ratio);
        printf("    one transaction per like              %s likes/s\n", figures_text(&single, 0, text));
        printf("    porchlight, PUT and DELETE .../like   %s likes/s\n", figures_text(&http, 0, text));
        print_batches(&before, &after);
        printf("    ratio                                 %s\n\n", figures_text(&ratio, 2, text));
        double value = figures_median(&ratio);
        mark(m, value >= LIKES_MARK, "(b) %-26s %8.2f %-6s mark >= %.1f", "likes / one tx per like", value, "",
             LIKES_MARK);
    }
    child_stop(&server);
    baseline_free(baseline);
    return rc;
}

/* ---- (c) polls while others write -------------------------------------------------------------------------------- */

struct tail {
    struct figures_series quiet_us;
    struct figures_series busy_us;
    struct figures_series polls_per_s;
    struct figures_series likes_per_s;
};

static int tail_round(struct measure *m, const struct child *server, struct load_client *const clients[2],
                      double polls_per_s, struct tail *out)
{
    struct load_group groups[] = {{.clients = clients[0], .count = COMMUNITY_PEOPLE, .rate_per_s = polls_per_s},
                                  {.clients = clients[1], .count = COMMUNITY_PEOPLE}};
    struct load_result *results = calloc(2, sizeof(*results));
    struct load_options options = {.port = server->port, .cpu = -1, .seconds = m->seconds, .warm_up_s = m->seconds / 5,
                                   .groups = groups, .groups_count = 1};
    int rc = results != NULL ? load_run(&options, results) : -1;

    if (rc == 0) {
        figures_add(&out->quiet_us, figures_percentile(&results[0].latency, 99) / 1e3);
        options.groups_count = 2;
        rc = load_run(&options, results);
    }
    if (rc == 0) {
        figures_add(&out->busy_us, figures_percentile(&results[0].latency, 99) / 1e3);
        figures_add(&out->polls_per_s, results[0].per_s);
        figures_add(&out->likes_per_s, results[1].per_s);
        warn_about("polls", &results[0]);
        warn_about("likes", &results[1]);
    }
    free(results);
    return rc;
}

static double tail_print(const struct tail *t, const char *how)
{
    struct figures_series ratio;
    char text[FIGURES_TEXT_BYTES];

    figures_ratio(&t->busy_us, &t->quiet_us, &ratio);
    printf("    polls: %s\n", how);
    printf("      p99 without writers       %s us\n", figures_text(&t->quiet_us, 0, text));
    printf("      p99 while 64 write        %s us", figures_text(&t->busy_us, 0, text));
    printf("   (%s polls/s", figures_text(&t->polls_per_s, 0, text));
    printf(", %s likes/s)\n", figures_text(&t->likes_per_s, 0, text));
    printf("      ratio                     %s\n", figures_text(&ratio, 2, text));
    return figures_median(&ratio);
}

int measure_tail(struct measure *m)
{
    struct tail closed = {0};
    struct tail open = {0};
    struct child server;
    struct load_client *clients[] = {community_polls(&m->community, "/presence", NULL), community_likes(&m->community)};
    char how[96];
    int rc = clients[0] != NULL && clients[1] != NULL ? 0 : -1;

    printf("(c) GET /presence on %d connections, with and without %d members who like without pause\n",
           COMMUNITY_PEOPLE, COMMUNITY_PEOPLE);
    if (rc != 0 || start_product(m, &server, 0, -1) != 0) {
        rc = -1;
        goto out;
    }
    for (int round = 0; rc == 0 && round < m->rounds; round++) {
        rc = tail_round(m, &server, clients, 0, &closed);
        rc = rc != 0 ? rc : tail_round(m, &server, clients, OPEN_POLLS_PER_S, &open);
    }
    if (rc == 0) {
        double value = tail_print(&closed, "without pause");
        mark(m, value <= TAIL_MARK, "(c) %-26s %8.2f %-6s mark <= %.1f", "p99 of polls, write / quiet", value, "",
             TAIL_MARK);
        snprintf(how, sizeof(how), "%.0f a second, for comparison (an idle machine against a full one)",
                 OPEN_POLLS_PER_S);
        (void)tail_print(&open, how);
        printf("\n");
    }
    child_stop(&server);
out:
    community_clients_free(clients[0]);
    community_clients_free(clients[1]);
    return rc;
}
