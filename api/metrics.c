/*
 * Counting requests, and all figures as text. See metrics.h and metrics_text.h.
 */
#include "api/metrics.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/metrics_text.h"
#include "api/pusher.h"
#include "api/resources.h"
#include "api/routes.h"
#include "api/server.h"

/* The statuses that are told apart, in order; another counts as the next one. */
static const int statuses[METRICS_STATUSES] = {101, 200, 201, 204, 304, 400, 401, 403, 404, 405, 408,
                                               409, 411, 413, 414, 415, 422, 426, 429, 500, 503};

static size_t status_index(int status)
{
    for (size_t i = 0; i < METRICS_STATUSES; i++)
        if (statuses[i] >= status)
            return i;
    return METRICS_STATUSES - 1;
}

static size_t bucket_index(int64_t took_us)
{
    size_t i = 0;
    for (int64_t bound_us = METRICS_BOUND_US; i < METRICS_BUCKETS - 1 && took_us > bound_us; bound_us *= 2)
        i++;
    return i;
}

/* One thread counts, others only read: no locked instruction is needed. */
static void bump(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

void metrics_count(struct metrics_loop *m, size_t route, int status, int64_t took_us)
{
    struct metrics_route *r = &m->routes[route];
    bump(&r->statuses[status_index(status)], 1);
    bump(&r->buckets[bucket_index(took_us)], 1);
    bump(&r->sum_us, took_us > 0 ? (uint64_t)took_us : 0);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void help(struct buf *out, const char *name, const char *type, const char *text)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, text, name, type);
}

static void figure(struct buf *out, const char *name, const char *type, const char *text, uint64_t value)
{
    help(out, name, type, text);
    buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void route_labels(size_t route, char *out, size_t size)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};
    if (route < routes_count())
        (void)snprintf(out, size, "method=\"%s\",route=\"/%s\"", methods[routes[route].method], routes[route].path);
    else
        (void)snprintf(out, size, "method=\"GET\",route=\"%s\"",
                       route == routes_count()       ? "web app"
                       : route == routes_count() + 1 ? "socket"
                                                     : "none");
}

static uint64_t sum_status(struct server *s, size_t route, size_t status)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < server_loops(s); i++)
        sum += atomic_load(&server_loop(s, i)->metrics.routes[route].statuses[status]);
    return sum;
}

static uint64_t sum_bucket(struct server *s, size_t route, size_t bucket)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < server_loops(s); i++)
        sum += atomic_load(&server_loop(s, i)->metrics.routes[route].buckets[bucket]);
    return sum;
}

static uint64_t sum_us(struct server *s, size_t route)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < server_loops(s); i++)
        sum += atomic_load(&server_loop(s, i)->metrics.routes[route].sum_us);
    return sum;
}

static bool is_poll(size_t route)
{
    return route < routes_count() &&
           (routes[route].handle == polls_presence || routes[route].handle == polls_changes ||
            routes[route].handle == polls_new_count);
}

void metrics_sum(struct server *s, struct metrics_totals *out)
{
    *out = (struct metrics_totals){0};
    for (size_t route = 0; route < METRICS_ROUTES_MAX; route++)
        for (size_t i = 0; i < METRICS_BUCKETS; i++) {
            uint64_t count = sum_bucket(s, route, i);
            out->buckets[i] += count;
            out->polls += is_poll(route) ? count : 0;
        }
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void requests_text(struct server *s, struct buf *out)
{
    char labels[160];
    help(out, "porchlight_http_requests_total", "counter", "Requests by route and status.");
    for (size_t route = 0; route < METRICS_ROUTES_MAX; route++)
        for (size_t status = 0; status < METRICS_STATUSES; status++) {
            uint64_t count = sum_status(s, route, status);
            if (count == 0)
                continue;
            route_labels(route, labels, sizeof labels);
            buf_printf(out, "porchlight_http_requests_total{%s,status=\"%d\"} %llu\n", labels, statuses[status],
                       (unsigned long long)count);
        }
}

static void latency_text(struct server *s, struct buf *out)
{
    static const char name[] = "porchlight_http_request_duration_seconds";
    char labels[160];
    help(out, name, "histogram", "From the request line to the end of the answer.");
    for (size_t route = 0; route < METRICS_ROUTES_MAX; route++) {
        uint64_t below = 0;
        double bound_s = METRICS_BOUND_US / 1e6;
        uint64_t total = 0;
        for (size_t i = 0; i < METRICS_BUCKETS; i++)
            total += sum_bucket(s, route, i);
        if (total == 0)
            continue;
        route_labels(route, labels, sizeof labels);
        for (size_t i = 0; i + 1 < METRICS_BUCKETS; i++, bound_s *= 2) {
            below += sum_bucket(s, route, i);
            buf_printf(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels, bound_s, (unsigned long long)below);
        }
        below += sum_bucket(s, route, METRICS_BUCKETS - 1);
        buf_printf(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels, (unsigned long long)below);
        buf_printf(out, "%s_sum{%s} %.6f\n%s_count{%s} %llu\n", name, labels, (double)sum_us(s, route) / 1e6, name,
                   labels, (unsigned long long)below);
    }
}

static void load_text(const struct shed *shed, struct buf *out)
{
    help(out, "porchlight_load_stage", "gauge",
         "What is left undone for having too much to do: 0 nothing, 1 quick polls, 2 cheers and typing, 3 new sockets, "
         "4 requests.");
    buf_printf(out, "porchlight_load_stage %d\n", (int)shed_stage(shed));
    help(out, "porchlight_load_stages_entered_total", "counter", "How often each of them was entered.");
    for (int i = SHED_ADVICE; i < SHED_STAGES; i++)
        buf_printf(out, "porchlight_load_stages_entered_total{stage=\"%s\"} %llu\n",
                   shed_stage_name((enum shed_stage)i), (unsigned long long)atomic_load(&shed->entered[i]));
}

static void loops_text(struct server *s, struct buf *out)
{
    help(out, "porchlight_http_loop_load_percent", "gauge",
         "Time a loop was not waiting, smoothed: poll advice grows above 60.");
    for (unsigned i = 0; i < server_loops(s); i++)
        buf_printf(out, "porchlight_http_loop_load_percent{loop=\"%u\"} %u\n", i,
                   atomic_load(&server_loop(s, i)->load_percent));
    help(out, "porchlight_http_connections", "gauge", "Open TCP connections.");
    for (unsigned i = 0; i < server_loops(s); i++)
        buf_printf(out, "porchlight_http_connections{loop=\"%u\"} %u\n", i,
                   atomic_load(&server_loop(s, i)->connections_count));
}

static void writer_text(struct app *app, struct buf *out)
{
    static const char name[] = "porchlight_writer_batch_size";
    const struct writer_stats *stats = writer_stats(app->writer);
    uint64_t below = 0;
    help(out, name, "histogram", "Jobs that shared one transaction.");
    for (int i = 0; i + 1 < WRITER_BATCH_BUCKETS; i++) {
        below += atomic_load(&stats->batch_sizes[i]);
        buf_printf(out, "%s_bucket{le=\"%u\"} %llu\n", name, 1U << i, (unsigned long long)below);
    }
    below += atomic_load(&stats->batch_sizes[WRITER_BATCH_BUCKETS - 1]);
    buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %llu\n%s_count %llu\n", name, (unsigned long long)below, name,
               (unsigned long long)atomic_load(&stats->jobs), name, (unsigned long long)below);
    figure(out, "porchlight_writer_jobs_total", "counter", "Write jobs run.", atomic_load(&stats->jobs));
    figure(out, "porchlight_writer_batches_total", "counter", "Write transactions tried.",
           atomic_load(&stats->batches));
    figure(out, "porchlight_writer_failed_batches_total", "counter", "Write transactions that storage refused.",
           atomic_load(&stats->failed_batches));
    figure(out, "porchlight_writer_queue", "gauge", "Jobs that wait for the writer.", writer_depth(app->writer));
    figure(out, "porchlight_storage_failing", "gauge", "1 while the last write failed for want of storage.",
           (uint64_t)atomic_load(&stats->storage_failing));
    figure(out, "porchlight_helpers_queue", "gauge", "Passwords and digests that wait for a helper.",
           helpers_depth(app->helpers));
    figure(out, "porchlight_sql_statements_total", "counter", "SQL statements begun, on all connections.",
           atomic_load(&app->db_stats.statements));
    figure(out, "porchlight_sql_transactions_total", "counter", "Write transactions committed.",
           atomic_load(&app->db_stats.transactions));
}

static void likes_text(struct app *app, struct buf *out)
{
    const struct likes_stats *s = likes_stats(app->likes);
    figure(out, "porchlight_likes_buffered_total", "counter", "Likes that went to the buffer.",
           atomic_load(&s->buffered));
    figure(out, "porchlight_likes_waiting", "gauge", "Likes in the buffer.", atomic_load(&s->waiting));
    figure(out, "porchlight_like_flushes_total", "counter", "Transactions that moved the buffer.",
           atomic_load(&s->flushes));
    figure(out, "porchlight_likes_flushed_total", "counter", "Likes they carried.", atomic_load(&s->flushed));
    figure(out, "porchlight_like_flushes_failed_total", "counter", "Flushes that storage refused; nothing is lost.",
           atomic_load(&s->failed_flushes));
    figure(out, "porchlight_rooms_writer_queue", "gauge", "Jobs that wait for the rooms writer.",
           writer_depth(app->rooms));
}

static void backups_text(struct app *app, struct buf *out)
{
    const struct backups_stats *s = backups_stats(app->backups);
    figure(out, "porchlight_backups_total", "counter", "Backups made since the start.", atomic_load(&s->made));
    figure(out, "porchlight_backups_failed_total", "counter", "Backups that failed: see the log.",
           atomic_load(&s->failed));
    figure(out, "porchlight_backup_failing", "gauge", "1 while the last backup failed.",
           (uint64_t)atomic_load(&s->failing));
    figure(out, "porchlight_backup_scheduled", "gauge", "1 when backups are made by themselves.",
           (uint64_t)backups_scheduled(app->backups));
    help(out, "porchlight_backup_last_success_timestamp_seconds", "gauge",
         "When the newest backup was made, in Unix time; 0: never.");
    buf_printf(out, "porchlight_backup_last_success_timestamp_seconds %.3f\n", (double)atomic_load(&s->last_ms) / 1000);
    figure(out, "porchlight_backup_last_size_bytes", "gauge", "Its size.", (uint64_t)atomic_load(&s->last_bytes));
    help(out, "porchlight_backup_last_duration_seconds", "gauge", "How long it took.");
    buf_printf(out, "porchlight_backup_last_duration_seconds %.3f\n", (double)atomic_load(&s->last_took_ms) / 1000);
    help(out, "porchlight_backup_writer_pause_seconds", "gauge", "The longest that a backup has held a writer.");
    buf_printf(out, "porchlight_backup_writer_pause_seconds %.6f\n", (double)atomic_load(&s->held_us) / 1e6);
}

static enum err alarms_text(struct app *app, struct db *rooms, struct buf *out)
{
    const struct alarms_stats *s = alarms_stats(app->alarms);
    struct room_alarms_count count;
    enum err err = room_store_count_alarms(rooms, &count);
    figure(out, "porchlight_alarms_waiting", "gauge", "Stored alarms of rooms.", (uint64_t)count.waiting);
    figure(out, "porchlight_alarms_kept", "gauge", "Those that were given up: the next start tries them again.",
           (uint64_t)count.given_up);
    figure(out, "porchlight_alarms_total", "counter", "Stored alarms of rooms that ran.", atomic_load(&s->rung));
    figure(out, "porchlight_alarms_failed_total", "counter", "Stored alarms that failed and are tried again.",
           atomic_load(&s->failed));
    figure(out, "porchlight_alarms_given_up_total", "counter", "Stored alarms that failed too often: see the log.",
           atomic_load(&s->given_up));
    return err;
}

static uint64_t resident_bytes(void)
{
    unsigned long size = 0;
    unsigned long resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    (void)fclose(f);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static enum err community_text(struct app *app, struct db *db, struct buf *out)
{
    size_t people;
    size_t teams;
    struct engagement e;
    presence_totals(app->presence, clock_mono_ms(app->clock), &people, &teams);
    figure(out, "porchlight_presence_people", "gauge", "Members present now.", people);
    figure(out, "porchlight_presence_teams", "gauge", "Teams with somebody present.", teams);
    enum err err = users_engagement(db, clock_wall_ms(app->clock), &e);
    if (err != ERR_OK)
        return err;
    figure(out, "porchlight_users", "gauge", "Members.", (uint64_t)e.users);
    figure(out, "porchlight_teams", "gauge", "Teams.", (uint64_t)e.teams);
    figure(out, "porchlight_posts", "gauge", "Posts that are not deleted.", (uint64_t)e.posts);
    figure(out, "porchlight_likes", "gauge", "Likes.", (uint64_t)e.likes);
    figure(out, "porchlight_notices", "gauge", "Notices.", (uint64_t)e.notices);
    figure(out, "porchlight_active_members_day", "gauge", "Distinct members seen today (UTC).", (uint64_t)e.active_day);
    figure(out, "porchlight_active_members_week", "gauge", "Distinct members seen in the last seven days.",
           (uint64_t)e.active_week);
    return ERR_OK;
}

enum err metrics_text(struct app *app, struct server *server, struct db *db, struct db *rooms, struct buf *out)
{
    requests_text(server, out);
    latency_text(server, out);
    load_text(&app->shed, out);
    loops_text(server, out);
    writer_text(app, out);
    figure(out, "porchlight_realtime", "gauge", "1 while the realtime flag is on.", atomic_load(&app->flag_realtime));
    likes_text(app, out);
    backups_text(app, out);
    enum err err = alarms_text(app, rooms, out);
    if (err != ERR_OK)
        return err;
    err = pusher_metrics(app->pusher, db, out);
    if (err != ERR_OK)
        return err;
    if (app->realtime != NULL)
        realtime_metrics(app->realtime, out);
    figure(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    help(out, "process_start_time_seconds", "gauge", "When the server started, in Unix time.");
    buf_printf(out, "process_start_time_seconds %.3f\n", (double)app->started_ms / 1000);
    return community_text(app, db, out);
}
