/* Sockets. See socket.h for the states and ways of the bytes. */
#include "realtime/socket.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "realtime/doors.h"
#include "realtime/members.h"
#include "realtime/out.h"
#include "realtime/queue.h"
#include "realtime/stay.h"

#define PARTS_MAX 64 /* of one system call */

/* ---- where it is ------------------------------------------------------------------------------------------------- */

const struct socket_path *socket_path(const struct socket *s)
{
    return &kinds_paths[s->path];
}

bool socket_is_bound(const struct socket *s)
{
    return socket_path(s)->room != NULL || socket_path(s)->named;
}

struct address socket_address(const struct socket *s)
{
    return (struct address){.user_id = s->attachment->user_id, .serial = s->serial};
}

int64_t socket_muted_until(const struct reactor *r, const struct socket *s)
{
    struct mutes *mutes = r->rt->options.mutes;
    if (mutes == NULL || s->room == NULL)
        return 0;
    int64_t team_id = s->room->team_id != 0 ? s->room->team_id : s->room->owner_id;
    return mutes_known(mutes, team_id, s->attachment->user_id, r->wall_ms);
}

/* ---- coming ------------------------------------------------------------------------------------------------------ */

void socket_seed_free(struct socket_seed *seed)
{
    if (seed == NULL)
        return;
    if (seed->fd >= 0)
        (void)close(seed->fd);
    free(seed->attachment);
    free(seed->room);
    free(seed);
}

static struct socket *make(struct reactor *r, struct socket_seed *seed)
{
    struct socket *s = members_make_room(r) ? calloc(1, sizeof *s) : NULL;
    if (s == NULL)
        return NULL;
    s->fd = seed->fd;
    s->path = (unsigned)(seed->path - kinds_paths) & 63U;
    s->deflate = seed->deflate;
    s->topics = seed->topics;
    s->reads_only = seed->reads_only;
    s->attachment = seed->attachment;
    if (!r->methods->add(r->io, s->fd, s)) {
        free(s);
        return NULL;
    }
    seed->fd = -1;
    seed->attachment = NULL;
    s->serial = ++r->serials == 0 ? ++r->serials : r->serials;
    s->heard_s = (uint32_t)(r->now_ms / 1000);
    s->timer.kind = TIMER_SOCKET;
    members_add(r, s);
    STATS_ADD(r->rt->stats.sockets, 1);
    STATS_ADD(r->rt->stats.opened, 1);
    return s;
}

struct socket *socket_create(struct reactor *r, struct socket_seed *seed)
{
    int on = 1;
    int send_bytes = SEND_BUFFER_BYTES;
    (void)setsockopt(seed->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(seed->fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    struct socket *s = make(r, seed);
    if (s == NULL) {
        doors_leave(r->rt->doors, seed->attachment->user_id, seed->attachment->address_key);
        return NULL;
    }
    socket_rearm(r, s);
    if (!realtime_is_open(r->rt)) /* the flag was turned off while it was on its way */
        socket_close_at(r, s, atomic_load(&r->rt->stopping) ? 1012 : 4001, r->now_ms);
    return s;
}

struct socket *socket_restore_take(struct reactor *r, struct socket_seed *seed)
{
    struct socket *s = make(r, seed);
    if (s == NULL)
        doors_leave(r->rt->doors, seed->attachment->user_id, seed->attachment->address_key);
    socket_seed_free(seed);
    return s;
}

/* ---- going ------------------------------------------------------------------------------------------------------- */

static void count_close(struct reactor *r, enum stats_close how)
{
    STATS_ADD(r->rt->stats.closed[how], 1);
}

void socket_free(struct reactor *r, struct socket *s)
{
    (void)r;
    assert(s->state == SOCKET_DEAD);
    free(s->attachment);
    free(s);
}

/* What a change to a queue did to the memory of all queues. */
static void count_queued(struct reactor *r, const struct queue *q, size_t before)
{
    STATS_ADD(r->rt->stats.queued_bytes, (int64_t)q->bytes - (int64_t)before);
}

static void drop_list(struct reactor *r, struct out *list)
{
    while (list != NULL) {
        struct out *out = list;
        list = out->next;
        out_give(r, out);
    }
}

static void drop_queue(struct reactor *r, struct socket *s)
{
    if (s->queue == NULL)
        return;
    STATS_ADD(r->rt->stats.queues, -1);
    STATS_ADD(r->rt->stats.queued_bytes, -(int64_t)s->queue->bytes);
    queue_free(s->queue);
    s->queue = NULL;
}

/* Out of every list; the memory goes at the turn's end. */
static void die(struct reactor *r, struct socket *s)
{
    if (s->state == SOCKET_DEAD)
        return;
    stay_leave(r, s);
    s->state = SOCKET_DEAD;
    wheel_stop(r->wheel, &s->timer);
    r->methods->remove(r->io, s->fd, s);
    (void)close(s->fd);
    members_remove(r, s);
    drop_list(r, s->newest);
    s->newest = NULL;
    drop_queue(r, s);
    if (s->reader != NULL)
        frame_reader_clear(s->reader);
    free(s->reader);
    s->reader = NULL;
    doors_leave(r->rt->doors, s->attachment->user_id, s->attachment->address_key);
    STATS_ADD(r->rt->stats.sockets, -1);
    if (s->is_dirty) { /* it stands in the list of the dirty, and is found dead there */
        return;
    }
    s->dirty_next = r->dead;
    r->dead = s;
}

void socket_cut(struct reactor *r, struct socket *s)
{
    if (s->state == SOCKET_OPEN)
        count_close(r, CLOSED_CUT);
    die(r, s);
}

static void push(struct reactor *r, struct socket *s, struct packet *packet);

/* Leaves the room, says goodbye, waits for the other side. */
static void begin_close(struct reactor *r, struct socket *s, uint16_t code, const char *reason, enum socket_state next)
{
    stay_leave(r, s);
    struct packet *packet = packet_close(code, reason);
    if (s->queue != NULL) {
        size_t before = s->queue->bytes;
        queue_drop_rest(s->queue);
        count_queued(r, s->queue, before);
    }
    if (packet == NULL) {
        socket_cut(r, s);
        return;
    }
    push(r, s, packet);
    packet_unref(packet);
    if (s->state == SOCKET_DEAD)
        return;
    s->state = next & 3U;
    s->shut_after = next == SOCKET_LINGER;
    s->close_at_ms = r->now_ms + CLOSE_WAIT_MS;
    socket_rearm(r, s);
}

void socket_close(struct reactor *r, struct socket *s, uint16_t code, const char *reason)
{
    if (s->state != SOCKET_OPEN)
        return;
    count_close(r, stats_close_of(code));
    begin_close(r, s, code, reason, SOCKET_CLOSING);
}

/* Everything we had to say is said: our side is shut, and the other's end awaited, so that no reset overtakes it. */
static void shut_when_sent(struct socket *s)
{
    if (s->shut_after && s->newest == NULL && s->queue == NULL) {
        (void)shutdown(s->fd, SHUT_WR);
        s->shut_after = false;
    }
}

/* Nothing more is said to it: our side ends behind what is on its way. */
static void await_end(struct socket *s)
{
    s->state = SOCKET_LINGER;
    s->shut_after = true;
    shut_when_sent(s);
}

void socket_fail(struct reactor *r, struct socket *s, uint16_t code, const char *why)
{
    if (s->state == SOCKET_OPEN) {
        count_close(r, stats_close_of(code));
        begin_close(r, s, code, why, SOCKET_LINGER);
        return;
    }
    await_end(s);
}

/* Theirs came first: it is answered with the same code. Or it answers ours. */
void socket_heard_close(struct reactor *r, struct socket *s, uint16_t code)
{
    if (s->state == SOCKET_OPEN) {
        count_close(r, CLOSED_BY_CLIENT);
        begin_close(r, s, code, "", SOCKET_LINGER);
        return;
    }
    await_end(s);
}

void socket_close_at(struct reactor *r, struct socket *s, uint16_t code, int64_t at_ms)
{
    if (s->state != SOCKET_OPEN || (s->close_at_ms != 0 && s->close_at_ms <= at_ms))
        return;
    s->close_at_ms = at_ms;
    s->close_code = code;
    socket_rearm(r, s);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* Whether the queue has room after ephemeral packets have given way. */
static bool queue_has_room(struct reactor *r, struct socket *s)
{
    struct queue *q = s->queue;
    if (q->bytes <= QUEUE_BYTES_MAX && queue_age_ms(q, r->now_ms) <= QUEUE_MS_MAX)
        return true;
    size_t before = q->bytes;
    STATS_ADD(r->rt->stats.dropped, queue_drop_ephemeral(q));
    count_queued(r, q, before);
    return q->bytes <= QUEUE_BYTES_MAX && queue_age_ms(q, r->now_ms) <= QUEUE_MS_MAX;
}

static bool start_queue(struct reactor *r, struct socket *s)
{
    s->queue = queue_create(s->deflate);
    if (s->queue == NULL)
        return false;
    STATS_ADD(r->rt->stats.queues, 1);
    s->writing = r->methods->want_write(r->io, s->fd, s, true);
    return s->writing;
}

static bool enqueue(struct reactor *r, struct socket *s, struct packet *packet)
{
    size_t before = s->queue->bytes;
    if (!queue_push(s->queue, packet, r->now_ms))
        return false;
    count_queued(r, s->queue, before);
    return true;
}

static void dequeue(struct reactor *r, struct socket *s, size_t sent)
{
    size_t before = s->queue->bytes;
    queue_taken(s->queue, sent);
    count_queued(r, s->queue, before);
}

/* To this turn's list, or behind what waits already. */
static void push(struct reactor *r, struct socket *s, struct packet *packet)
{
    if (s->queue != NULL) {
        if (!enqueue(r, s, packet))
            socket_cut(r, s);
        return;
    }
    struct out *out = out_take(r, packet);
    if (out == NULL) {
        socket_cut(r, s);
        return;
    }
    out->next = s->newest;
    s->newest = out;
    if (!s->is_dirty) {
        s->is_dirty = true;
        s->dirty_next = r->dirty;
        r->dirty = s;
    }
}

/* After something was queued. One packet alone may be longer than a queue: there was nothing before it to be late with.
 */
static void close_or_rearm(struct reactor *r, struct socket *s)
{
    if (s->state == SOCKET_OPEN && s->queue->count > 1 && !queue_has_room(r, s))
        socket_close(r, s, 4004, "too slow: return with your cursor");
    else
        socket_rearm(r, s);
}

void socket_send(struct reactor *r, struct socket *s, struct packet *packet)
{
    if (s->state != SOCKET_OPEN)
        return;
    if (packet == NULL) {
        socket_cut(r, s);
        return;
    }
    STATS_ADD(r->rt->stats.delivered, 1);
    push(r, s, packet);
    if (s->state == SOCKET_OPEN && s->queue != NULL)
        close_or_rearm(r, s);
}

void socket_send_raw(struct reactor *r, struct socket *s, const void *bytes, size_t len)
{
    struct packet *packet = len == 0 ? NULL : packet_raw(bytes, len);
    if (packet != NULL)
        push(r, s, packet);
    packet_unref(packet);
}

/* What would block becomes a queue; `sent` bytes of the list's first packet are gone. false: the socket is dead. */
static bool queue_rest(struct reactor *r, struct socket *s, struct out *list, size_t sent)
{
    bool kept = start_queue(r, s);
    for (struct out *out = list; kept && out != NULL; out = out->next) {
        kept = enqueue(r, s, out->packet);
        if (kept && out == list)
            dequeue(r, s, sent); /* before a newer pong could take the place of one that is begun */
    }
    drop_list(r, list);
    if (!kept) {
        socket_cut(r, s);
        return false;
    }
    close_or_rearm(r, s);
    return s->state != SOCKET_DEAD;
}

static int gather(const struct socket *s, const struct out *list, struct iovec *parts, size_t *bytes)
{
    int count = 0;
    *bytes = 0;
    for (const struct out *out = list; out != NULL && count < PARTS_MAX; out = out->next, count++) {
        struct packet_bytes b = packet_for(out->packet, s->deflate);
        parts[count] = (struct iovec){.iov_base = (void *)(uintptr_t)b.bytes, .iov_len = b.len};
        *bytes += b.len;
    }
    return count;
}

/* Takes off the list what was sent whole; what is left of `sent` belongs to its new first. */
static struct out *take_off(struct reactor *r, const struct socket *s, struct out *list, size_t *sent)
{
    while (list != NULL) {
        size_t len = packet_for(list->packet, s->deflate).len;
        if (*sent < len)
            break;
        *sent -= len;
        struct out *out = list;
        list = out->next;
        out_give(r, out);
    }
    return list;
}

/* A socket has one pointer to what it is to send, so the newest stands first: turned round before it is sent. */
static struct out *oldest_first(struct socket *s)
{
    struct out *list = NULL;
    while (s->newest != NULL) {
        struct out *out = s->newest;
        s->newest = out->next;
        out->next = list;
        list = out;
    }
    return list;
}

static ssize_t send_parts(struct reactor *r, struct socket *s, const struct iovec *parts, int count)
{
    ssize_t sent = r->methods->send(r->io, s->fd, parts, count);
    STATS_ADD(r->rt->stats.sends, 1);
    if (sent > 0)
        STATS_ADD(r->rt->stats.bytes, (uint64_t)sent);
    return sent;
}

void socket_flush(struct reactor *r, struct socket *s)
{
    if (s->state == SOCKET_DEAD) {
        s->dirty_next = r->dead;
        r->dead = s;
        return;
    }
    struct out *list = oldest_first(s);
    while (list != NULL) {
        struct iovec parts[PARTS_MAX];
        size_t bytes;
        int count = gather(s, list, parts, &bytes);
        ssize_t sent = send_parts(r, s, parts, count);
        if (sent < 0) {
            drop_list(r, list);
            socket_cut(r, s);
            return;
        }
        size_t left = (size_t)sent;
        list = take_off(r, s, list, &left);
        if ((size_t)sent < bytes) {
            if (!queue_rest(r, s, list, left))
                return;
            break;
        }
    }
    shut_when_sent(s);
}

void socket_writable(struct reactor *r, struct socket *s)
{
    while (s->queue != NULL && s->queue->count > 0) {
        struct iovec parts[PARTS_MAX];
        int count = queue_parts(s->queue, parts, PARTS_MAX);
        size_t bytes = 0;
        for (int i = 0; i < count; i++)
            bytes += parts[i].iov_len;
        ssize_t sent = send_parts(r, s, parts, count);
        if (sent < 0) {
            socket_cut(r, s);
            return;
        }
        dequeue(r, s, (size_t)sent);
        if ((size_t)sent < bytes)
            return;
    }
    drop_queue(r, s);
    if (s->writing) {
        s->writing = false;
        (void)r->methods->want_write(r->io, s->fd, s, false);
    }
    shut_when_sent(s);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static int64_t silent_at_ms(const struct socket *s)
{
    return (int64_t)s->heard_s * 1000 + SILENCE_MS_MAX;
}

void socket_rearm(struct reactor *r, struct socket *s)
{
    int64_t due_ms = silent_at_ms(s);
    int64_t expires_ms = r->now_ms + (s->attachment->expires_ms - r->wall_ms);
    if (s->state != SOCKET_OPEN) {
        due_ms = s->close_at_ms;
    } else {
        if (expires_ms < due_ms)
            due_ms = expires_ms;
        if (s->close_at_ms != 0 && s->close_at_ms < due_ms)
            due_ms = s->close_at_ms;
        if (s->queue != NULL && r->now_ms + QUEUE_MS_MAX < due_ms)
            due_ms = r->now_ms + QUEUE_MS_MAX - queue_age_ms(s->queue, r->now_ms) + 1;
    }
    wheel_set(r->wheel, &s->timer, due_ms);
}

/* A close with the time to come back, spread. */
static void close_as_planned(struct reactor *r, struct socket *s)
{
    char reason[64] = "realtime is off: poll";
    if (s->close_code == 1012)
        (void)snprintf(reason, sizeof reason, "{\"retryAfter\":%u}", (unsigned)rand_r(&r->luck) % RETURN_SPREAD_MS);
    socket_close(r, s, s->close_code, reason);
}

void socket_timer(struct reactor *r, struct socket *s)
{
    if (s->state != SOCKET_OPEN) {
        if (s->close_at_ms <= r->now_ms)
            die(r, s); /* the other side had its time */
        else
            socket_rearm(r, s);
        return;
    }
    if (s->close_at_ms != 0 && s->close_at_ms <= r->now_ms)
        close_as_planned(r, s);
    else if (s->attachment->expires_ms <= r->wall_ms)
        socket_close(r, s, 4002, "the token has expired");
    else if (silent_at_ms(s) <= r->now_ms)
        socket_close(r, s, 1001, "not a word for too long");
    else if (s->queue != NULL && !queue_has_room(r, s))
        socket_close(r, s, 4004, "too slow: return with your cursor");
    else
        socket_rearm(r, s);
}
