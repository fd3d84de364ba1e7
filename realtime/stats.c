/* What is counted, as Prometheus text. See stats.h. */
#include "realtime/stats.h"

static const char *const close_names[CLOSED_KINDS_] = {"4001", "4002", "4003", "4004", "4005", "1001",   "1002", "1003",
                                                       "1007", "1009", "1011", "1012", "1013", "client", "cut"};

static const char *const said_names[SAID_KINDS_] = {"WELCOME",
                                                    "RESET",
                                                    "ACK",
                                                    "error",
                                                    "pong",
                                                    "PRESENCE_UPDATE",
                                                    "LIVE_CHEER",
                                                    "LIKE_UPDATE",
                                                    "NEW_POSTS",
                                                    "POST_CHANGED",
                                                    "LIVE_NOTIFICATION",
                                                    "published",
                                                    "counter",
                                                    "COUNTER_UPDATE",
                                                    "CHANNEL_UPDATE",
                                                    "DIGEST_PROGRESS",
                                                    "initial_state",
                                                    "message",
                                                    "message_updated",
                                                    "message_deleted",
                                                    "typing",
                                                    "presence",
                                                    "user_disconnected",
                                                    "receipt"};

enum stats_close stats_close_of(unsigned code)
{
    static const struct {
        unsigned code;
        enum stats_close kind;
    } codes[] = {{4001, CLOSED_4001}, {4002, CLOSED_4002}, {4003, CLOSED_4003}, {4004, CLOSED_4004},
                 {4005, CLOSED_4005}, {1001, CLOSED_1001}, {1002, CLOSED_1002}, {1003, CLOSED_1003},
                 {1007, CLOSED_1007}, {1009, CLOSED_1009}, {1011, CLOSED_1011}, {1012, CLOSED_1012},
                 {1013, CLOSED_1013}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].kind;
    return CLOSED_BY_CLIENT;
}

/* The two that clients hear by one name are one. */
void stats_refused(struct hub_stats *s, enum err err)
{
    STATS_ADD(s->refused[err == ERR_NO_MEMORY ? ERR_BUSY : err], 1);
}

void stats_latency(struct hub_stats *s, int64_t took_us)
{
    size_t i = 0;
    for (int64_t bound_us = 100; i < STATS_BUCKETS - 1 && took_us > bound_us; bound_us *= 2)
        i++;
    STATS_ADD(s->latency[i], 1);
    STATS_ADD(s->latency_sum_us, took_us > 0 ? (uint64_t)took_us : 0);
}

static void head(struct buf *out, const char *name, const char *type, const char *text)
{
    buf_printf(out, "# HELP porchlight_%s %s\n# TYPE porchlight_%s %s\n", name, text, name, type);
}

static void figure(struct buf *out, const char *name, const char *type, const char *text, int64_t value)
{
    head(out, name, type, text);
    buf_printf(out, "porchlight_%s %lld\n", name, (long long)value);
}

static void rooms_text(const struct hub_stats *s, struct buf *out)
{
    int64_t awake = atomic_load(&s->rooms_awake);
    figure(out, "sockets", "gauge", "Open sockets.", atomic_load(&s->sockets));
    figure(out, "sockets_opened_total", "counter", "Sockets opened.", (int64_t)atomic_load(&s->opened));
    head(out, "sockets_closed_total", "counter", "Sockets closed, by the code we gave, by the client, or cut.");
    for (size_t i = 0; i < CLOSED_KINDS_; i++)
        buf_printf(out, "porchlight_sockets_closed_total{code=\"%s\"} %llu\n", close_names[i],
                   (unsigned long long)atomic_load(&s->closed[i]));
    head(out, "rooms", "gauge", "Rooms with somebody in them.");
    buf_printf(out, "porchlight_rooms{state=\"awake\"} %lld\nporchlight_rooms{state=\"asleep\"} %lld\n",
               (long long)awake, (long long)(atomic_load(&s->rooms) - awake));
    figure(out, "room_wakes_total", "counter", "Times a room woke.", (int64_t)atomic_load(&s->wakes));
    figure(out, "room_alarms_total", "counter", "Stored alarms handed to their rooms.",
           (int64_t)atomic_load(&s->alarms));
}

static void refused_text(const struct hub_stats *s, struct buf *out)
{
    head(out, "messages_refused_total", "counter", "Messages answered with an error, by its code.");
    for (unsigned i = ERR_OK + 1; i < ERR_COUNT_; i++)
        if (i != ERR_NO_MEMORY)
            buf_printf(out, "porchlight_messages_refused_total{code=\"%s\"} %llu\n", err_slug((enum err)i),
                       (unsigned long long)atomic_load(&s->refused[i]));
}

static void messages_text(const struct hub_stats *s, struct buf *out)
{
    head(out, "messages_in_total", "counter", "Messages from clients, by type.");
    for (unsigned i = 0; i < MESSAGE_TYPES_; i++)
        buf_printf(out, "porchlight_messages_in_total{type=\"%s\"} %llu\n", message_type_name((enum message_type)i),
                   (unsigned long long)atomic_load(&s->heard[i]));
    refused_text(s, out);
    head(out, "messages_out_total", "counter", "Messages made, by type; a broadcast is one.");
    for (size_t i = 0; i < SAID_KINDS_; i++)
        buf_printf(out, "porchlight_messages_out_total{type=\"%s\"} %llu\n", said_names[i],
                   (unsigned long long)atomic_load(&s->said[i]));
    figure(out, "deliveries_total", "counter", "Messages handed to sockets.", (int64_t)atomic_load(&s->delivered));
    figure(out, "sends_total", "counter", "System calls that sent them.", (int64_t)atomic_load(&s->sends));
    figure(out, "sent_bytes_total", "counter", "Bytes sent to sockets.", (int64_t)atomic_load(&s->bytes));
}

static void queues_text(const struct hub_stats *s, struct buf *out)
{
    figure(out, "socket_queues", "gauge", "Sockets that take less than they are sent.", atomic_load(&s->queues));
    figure(out, "socket_queued_bytes", "gauge", "Bytes of memory that wait for them.", atomic_load(&s->queued_bytes));
    figure(out, "messages_dropped_total", "counter", "Cheers and the like that slow sockets did not get.",
           (int64_t)atomic_load(&s->dropped));
    figure(out, "catch_ups_total", "counter", "Times a socket was brought up to date from the database.",
           (int64_t)atomic_load(&s->caught_up));
    figure(out, "resets_total", "counter", "Clients whose cursor was unknown or too old.",
           (int64_t)atomic_load(&s->resets));
    figure(out, "likes_told_total", "counter", "Like changes that LIKE_UPDATEs stood for.",
           (int64_t)atomic_load(&s->likes_told));
    figure(out, "loop_mail_refused_total", "counter", "Notes that found a loop's mailbox full.",
           (int64_t)atomic_load(&s->mail_refused));
}

static void latency_text(const struct hub_stats *s, struct buf *out)
{
    static const char name[] = "delivery_duration_seconds";
    uint64_t below = 0;
    double bound_s = 0.0001;
    head(out, name, "histogram", "From the commit or the message to the last send of a loop.");
    for (size_t i = 0; i + 1 < STATS_BUCKETS; i++, bound_s *= 2) {
        below += atomic_load(&s->latency[i]);
        buf_printf(out, "porchlight_%s_bucket{le=\"%g\"} %llu\n", name, bound_s, (unsigned long long)below);
    }
    below += atomic_load(&s->latency[STATS_BUCKETS - 1]);
    buf_printf(out, "porchlight_%s_bucket{le=\"+Inf\"} %llu\nporchlight_%s_sum %.6f\nporchlight_%s_count %llu\n", name,
               (unsigned long long)below, name, (double)atomic_load(&s->latency_sum_us) / 1e6, name,
               (unsigned long long)below);
}

void stats_text(const struct hub_stats *s, struct buf *out)
{
    rooms_text(s, out);
    messages_text(s, out);
    queues_text(s, out);
    latency_text(s, out);
}
