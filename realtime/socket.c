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
#include "realtime/join.h"
#include "realtime/members.h"
#include "realtime/out.h"
#include "realtime/queue.h"
#include "realtime/room.h"
#include "realtime/session.h"
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
    s->path = (uint8_t)(seed->path - kinds_paths);
    s->deflate = seed->deflate;
    s->topics = seed->topics;
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

void socket_open_take(struct reactor *r, struct socket_seed *seed)
{
    int on = 1;
    int send_bytes = SEND_BUFFER_BYTES;
    (void)setsockopt(seed->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(seed->fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    struct socket *s = make(r, seed);
    if (s == NULL) {
        doors_leave(r->rt->doors, seed->attachment->user_id, seed->attachment->address_key);
        socket_seed_free(seed);
        return;
    }
    socket_rearm(r, s);
    if (!realtime_is_open(r->rt)) /* the flag was turned off while it was on its way */
        socket_close_at(r, s, atomic_load(&r->rt->stopping) ? 1012 : 4001, r->now_ms);
    join_begin(r, s, seed->room, seed->resumes ? &seed->since : NULL);
    if (seed->early_len > 0)
        socket_data(r, s, seed->early, seed->early_len);
    socket_seed_free(seed);
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
    s->state = (uint8_t)next;
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

/* The other side broke the protocol: nothing it says can be understood any more. */
static void fail(struct reactor *r, struct socket *s, uint16_t code, const char *why)
{
    if (s->state == SOCKET_OPEN) {
        count_close(r, stats_close_of(code));
        begin_close(r, s, code, why, SOCKET_LINGER);
    } else {
        s->state = SOCKET_LINGER;
        s->shut_after = true;
        shut_when_sent(s);
    }
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

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static void say_control(struct reactor *r, struct socket *s, enum frame_opcode opcode, const struct frame_event *e)
{
    struct packet *packet = s->state == SOCKET_OPEN ? packet_control(opcode, e->bytes, e->len) : NULL;
    if (packet != NULL)
        socket_send(r, s, packet);
    packet_unref(packet);
}

/* Theirs came first: it is answered with the same code. Or it answers ours. */
static void on_close(struct reactor *r, struct socket *s, const struct frame_event *e)
{
    if (s->state == SOCKET_OPEN) {
        count_close(r, CLOSED_BY_CLIENT);
        begin_close(r, s, e->code, "", SOCKET_LINGER);
        return;
    }
    s->state = SOCKET_LINGER;
    s->shut_after = true;
    shut_when_sent(s);
}

/* Messages, control frames and empty fragments take from their member's rate before anything else is done with them. 0:
   not too fast; otherwise the milliseconds until one may come again. Who does not slow down is closed, and what comes
   behind is read away: so a receive costs the loop no more than a burst and MESSAGES_REFUSED_MAX. */
static int64_t take_rate(struct reactor *r, struct socket *s)
{
    static const struct rate rate = {MESSAGES_PER_MINUTE, MESSAGES_BURST};
    if (r->rt->options.rates == NULL)
        return 0;
    uint64_t key = rate_key(RATE_MEMBER_MESSAGE, (uint64_t)s->attachment->user_id);
    int64_t wait_ms = rate_take(r->rt->options.rates, key, rate, r->now_ms);
    if (wait_ms == 0)
        s->refused = 0;
    else if (++s->refused > MESSAGES_REFUSED_MAX)
        fail(r, s, 4005, "too many messages: wait a minute");
    return wait_ms;
}

static enum err inflate(struct reactor *r, const struct frame_event *e, size_t bytes_max)
{
    r->inflated.max = bytes_max;
    buf_reset(&r->inflated);
    return deflate_unpack(r->deflate, e->bytes, e->len, &r->inflated);
}

static const unsigned char *inflated(const struct reactor *r)
{
    return (const unsigned char *)(r->inflated.data == NULL ? "" : r->inflated.data);
}

/* It came too fast. What is looked at of it is short, so that a refusal costs little. */
static void refuse(struct reactor *r, struct socket *s, const struct frame_event *e, int64_t wait_ms)
{
    const unsigned char *bytes = e->bytes;
    size_t len = e->len;
    if (len > MESSAGE_SHORT_BYTES || e->opcode != FRAME_OP_TEXT) {
        len = 0;
    } else if (e->compressed) {
        (void)inflate(r, e, MESSAGE_SHORT_BYTES);
        bytes = inflated(r);
        len = r->inflated.len;
    }
    session_too_fast(r, s, (const char *)bytes, len, wait_ms);
}

/* A long message counts for several: a hundred bytes can inflate to what takes ten milliseconds to parse. */
static int64_t take_for_length(struct reactor *r, struct socket *s, size_t len)
{
    int64_t wait_ms = 0;
    for (size_t more = len / MESSAGE_SHORT_BYTES; more > 0 && wait_ms == 0; more--)
        wait_ms = take_rate(r, s);
    return wait_ms;
}

static void pass_on(struct reactor *r, struct socket *s, const struct frame_event *e)
{
    const unsigned char *bytes = e->bytes;
    size_t len = e->len;
    if (e->compressed) {
        enum err err = inflate(r, e, socket_path(s)->message_bytes_max);
        uint32_t utf8 = 0;
        bytes = inflated(r);
        len = r->inflated.len;
        if (err == ERR_TOO_LARGE || err == ERR_NO_MEMORY)
            fail(r, s, FRAME_CLOSE_TOO_BIG, "the message is too big");
        else if (err != ERR_OK)
            fail(r, s, FRAME_CLOSE_NOT_UTF8, "the message cannot be inflated");
        else if (e->opcode == FRAME_OP_TEXT && (!frame_utf8(&utf8, bytes, len) || utf8 != 0))
            fail(r, s, FRAME_CLOSE_NOT_UTF8, "the message is not UTF-8");
        if (s->state != SOCKET_OPEN)
            return;
    }
    if (socket_path(s)->message != NULL) {
        socket_path(s)->message(r, s, bytes, len, e->opcode == FRAME_OP_TEXT);
    } else if (e->opcode != FRAME_OP_TEXT) {
        socket_close(r, s, 1003, "messages are JSON text");
    } else {
        int64_t wait_ms = take_for_length(r, s, len);
        if (s->state == SOCKET_OPEN && wait_ms > 0)
            session_too_fast(r, s, "", 0, wait_ms);
        else if (s->state == SOCKET_OPEN)
            session_message(r, s, (const char *)bytes, len);
    }
}

static void on_message(struct reactor *r, struct socket *s, const struct frame_event *e)
{
    int64_t wait_ms = take_rate(r, s);
    if (s->state != SOCKET_OPEN)
        return;
    if (wait_ms > 0)
        refuse(r, s, e, wait_ms);
    else
        pass_on(r, s, e);
    arena_reset(r->arena);
    if (r->inflated.cap > MESSAGE_BYTES_MAX + 1)
        buf_clear(&r->inflated); /* one large message does not keep its memory */
}

static void on_event(struct reactor *r, struct socket *s, const struct frame_event *e)
{
    switch (e->kind) {
    case FRAME_MORE:
        break;
    case FRAME_MESSAGE:
        if (s->state == SOCKET_OPEN)
            on_message(r, s, e);
        break;
    case FRAME_PING:
        (void)take_rate(r, s);
        say_control(r, s, FRAME_OP_PONG, e); /* too fast or not, while it is open (RFC 6455, section 5.5.2) */
        break;
    case FRAME_PONG:
        (void)take_rate(r, s); /* being heard is all it is for */
        break;
    case FRAME_CLOSE:
        on_close(r, s, e);
        break;
    case FRAME_ERROR:
        fail(r, s, e->code, e->why);
        break;
    }
}

/* Afterwards what comes is read away. */
static bool is_heard(const struct socket *s)
{
    return s->state == SOCKET_OPEN || s->state == SOCKET_CLOSING;
}

/* A reader is kept only while a message is half read: usually the one on the stack is enough. */
static void keep_reader(struct reactor *r, struct socket *s, struct frame_reader *reader)
{
    if (reader == s->reader) {
        if (is_heard(s) && !frame_reader_at_rest(reader))
            return;
        frame_reader_clear(reader);
        free(reader);
        s->reader = NULL;
        return;
    }
    if (!is_heard(s) || frame_reader_at_rest(reader)) {
        frame_reader_clear(reader);
        return;
    }
    s->reader = malloc(sizeof *s->reader);
    if (s->reader == NULL) {
        frame_reader_clear(reader);
        socket_cut(r, s);
        return;
    }
    *s->reader = *reader;
}

void socket_data(struct reactor *r, struct socket *s, unsigned char *bytes, size_t len)
{
    const struct frame_rules rules = {
        .message_bytes_max = socket_path(s)->message_bytes_max, .masked = true, .deflate = s->deflate};
    struct frame_reader fresh = {0};
    struct frame_reader *reader = s->reader != NULL ? s->reader : &fresh;
    s->heard_s = (uint32_t)(r->now_ms / 1000);
    bool more = is_heard(s);
    while (more) {
        struct frame_event event;
        size_t taken = frame_read(reader, &rules, bytes, len, &event);
        for (size_t i = 0; i < event.empty && is_heard(s); i++)
            (void)take_rate(r, s);
        on_event(r, s, &event);
        if (r->outs >= OUTS_MAX)
            reactor_flush(r);
        bytes += taken;
        len -= taken;
        more = event.kind != FRAME_MORE && is_heard(s);
    }
    if (s->state != SOCKET_DEAD)
        keep_reader(r, s, reader);
    else if (reader == &fresh)
        frame_reader_clear(&fresh);
}

void socket_end(struct reactor *r, struct socket *s)
{
    socket_cut(r, s);
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
