/* Receiving. See receive.h. */
#include "realtime/receive.h"

#include <stdlib.h>

#include "realtime/deflate.h"
#include "realtime/frame.h"
#include "realtime/out.h"
#include "realtime/packet.h"
#include "realtime/session.h"
#include "realtime/socket.h"
#include "realtime/stay.h"

static void say_control(struct reactor *r, struct socket *s, enum frame_opcode opcode, const struct frame_event *e)
{
    if (s->state != SOCKET_OPEN)
        return;
    struct packet *packet = packet_control(opcode, e->bytes, e->len);
    socket_send(r, s, packet);
    packet_unref(packet);
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
        socket_fail(r, s, 4005, "too many messages: wait a minute");
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

int64_t receive_count(struct reactor *r, struct socket *s, size_t more)
{
    int64_t wait_ms = 0;
    for (; more > 0 && wait_ms == 0; more--)
        wait_ms = take_rate(r, s);
    return wait_ms;
}

/* A long message counts for several: a hundred bytes can inflate to what takes ten milliseconds to parse. */
static int64_t take_for_length(struct reactor *r, struct socket *s, size_t len)
{
    return receive_count(r, s, len / MESSAGE_SHORT_BYTES);
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
        if (err == ERR_NO_MEMORY)
            socket_fail(r, s, FRAME_CLOSE_LATER, "no memory for the message");
        else if (err == ERR_TOO_LARGE)
            socket_fail(r, s, FRAME_CLOSE_TOO_BIG, "the message is too big");
        else if (err != ERR_OK)
            socket_fail(r, s, FRAME_CLOSE_NOT_UTF8, "the message cannot be inflated");
        else if (e->opcode == FRAME_OP_TEXT && (!frame_utf8(&utf8, bytes, len) || utf8 != 0))
            socket_fail(r, s, FRAME_CLOSE_NOT_UTF8, "the message is not UTF-8");
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
        socket_heard_close(r, s, e->code);
        break;
    case FRAME_ERROR:
        socket_fail(r, s, e->code, e->why);
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

void receive_data(struct reactor *r, struct socket *s, unsigned char *bytes, size_t len)
{
    const struct frame_rules rules = {
        .message_bytes_max = socket_path(s)->message_bytes_max, .masked = true, .deflate = s->deflate};
    struct frame_reader fresh = {0};
    struct frame_reader *reader = s->reader != NULL ? s->reader : &fresh;
    s->heard_s = (uint32_t)(r->now_ms / 1000);
    stay_heard(r, s);
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
