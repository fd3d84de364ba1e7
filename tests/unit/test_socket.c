/*
 * realtime/socket.h on a loop that no thread runs, over a wire that takes as many bytes as the test lets it: what
 * floods of frames cost in memory and in answers, and what a broadcast costs however many hear it.
 *
 * zlib's deflate is put in the place of its own, so that it is counted.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/limits.h"
#include "realtime/doors.h"
#include "realtime/out.h"
#include "realtime/queue.h"
#include "realtime/receive.h"
#include "realtime/room.h"
#include "realtime/say.h"
#include "realtime/socket.h"

enum { RECEIVE_BYTES = 65536, USER = 7, PIECES_MAX = 8 };

static unsigned deflates;

int deflate(z_stream *z, int flush)
{
    int (*real)(z_stream *, int);
    void *found = dlsym(RTLD_NEXT, "deflate");
    memcpy(&real, &found, sizeof real);
    deflates++;
    return real(z, flush);
}

/* What the kernel is here. */
struct wire {
    size_t room; /* it takes so many bytes more */
    size_t sent; /* bytes, of all sockets */
    unsigned char first[64];
    size_t calls;
    const void *pieces[PIECES_MAX]; /* places in memory that it was given bytes of, each once */
    size_t pieces_count;
};

static void note_piece(struct wire *w, const void *piece)
{
    for (size_t i = 0; i < w->pieces_count; i++)
        if (w->pieces[i] == piece)
            return;
    if (w->pieces_count < PIECES_MAX)
        w->pieces[w->pieces_count++] = piece;
}

static bool add(struct io *io, int fd, void *owner)
{
    (void)io;
    (void)owner;
    return fd >= 0;
}

static void remove_owner(struct io *io, int fd, void *owner)
{
    (void)io;
    (void)fd;
    (void)owner;
}

static bool want_write(struct io *io, int fd, void *owner, bool wanted)
{
    (void)io;
    (void)fd;
    (void)owner;
    (void)wanted;
    return true;
}

static ssize_t send_parts(struct io *io, int fd, const struct iovec *parts, int count)
{
    struct wire *w = (struct wire *)(void *)io;
    size_t before = w->sent;
    (void)fd;
    w->calls++;
    for (int i = 0; i < count; i++) {
        note_piece(w, parts[i].iov_base);
        size_t len = parts[i].iov_len < w->room ? parts[i].iov_len : w->room;
        if (w->sent + len <= sizeof w->first)
            memcpy(w->first + w->sent, parts[i].iov_base, len);
        w->room -= len;
        w->sent += len;
    }
    return (ssize_t)(w->sent - before);
}

static void io_free(struct io *io)
{
    (void)io;
}

static const struct io_methods wire_methods = {
    .name = "wire", .free = io_free, .add = add, .remove = remove_owner, .want_write = want_write, .send = send_parts};

struct scene {
    struct clock clock;
    struct presence *presence;
    struct rate_table *rates;
    struct realtime *rt;
    struct reactor *r;
    struct wire wire;
};

static void begin(struct scene *s, bool rated)
{
    *s = (struct scene){.presence = presence_create(), .wire.room = SIZE_MAX};
    s->rates = rated ? rate_create() : NULL;
    const struct realtime_options options = {.presence = s->presence,
                                             .rates = s->rates,
                                             .clock = &s->clock,
                                             .loops = 1,
                                             .room_limit = 100,
                                             .address_limit = 100};
    assert_int_equal(realtime_create(&options, &s->rt), ERR_OK);
    s->r = &s->rt->reactors[0];
    s->r->methods->free(s->r->io);
    s->r->methods = &wire_methods;
    s->r->io = (struct io *)(void *)&s->wire;
}

static void end(struct scene *s)
{
    reactor_quiet(s->r);
    assert_int_equal(s->r->outs, 0);
    assert_int_equal(atomic_load(&s->rt->stats.queued_bytes), 0);
    realtime_free(s->rt);
    rate_free(s->rates);
    presence_free(s->presence);
}

static struct socket *open_socket_of(struct scene *s, int64_t user_id, bool deflate)
{
    const struct realtime_member member = {
        .user_id = user_id, .name = "Ruth", .jti = "j", .expires_ms = s->r->wall_ms + 3600000};
    struct socket_seed *seed = calloc(1, sizeof *seed);
    assert_non_null(seed);
    seed->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    seed->path = realtime_path("ws");
    seed->deflate = deflate;
    seed->attachment = attachment_create(&member, 0, 0);
    assert_int_equal(doors_enter(s->rt->doors, user_id, 0), DOORS_IN);
    struct socket *opened = socket_restore_take(s->r, seed);
    assert_non_null(opened);
    return opened;
}

static struct socket *open_socket(struct scene *s)
{
    return open_socket_of(s, USER, false);
}

/* So many frames like this one, as the kernel hands them over; 0: as many as one receive brings. Returns how many. */
static size_t receive(struct scene *s, struct socket *to, size_t count, enum frame_opcode opcode, bool fin,
                      const char *payload)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    unsigned char *bytes = malloc(RECEIVE_BYTES);
    unsigned char one[FRAME_HEAD_BYTES_MAX + 256];
    size_t len = frame_head(one, opcode, false, strlen(payload), mask);
    assert_non_null(bytes);
    memcpy(one + len, payload, strlen(payload));
    frame_mask(one + len, strlen(payload), mask, 0);
    one[0] &= (unsigned char)(fin ? 0xff : 0x7f);
    len += strlen(payload);
    if (count == 0)
        count = RECEIVE_BYTES / len;
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * len, one, len);
    receive_data(s->r, to, bytes, count * len);
    free(bytes);
    return count;
}

static void ping(struct scene *s, struct socket *to, const char *payload)
{
    (void)receive(s, to, 1, FRAME_OP_PING, true, payload);
}

static void of_pongs_for_who_does_not_read_one_is_kept(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, false);
    struct socket *slow = open_socket(&s);
    s.wire.room = 0;
    for (int turn = 0; turn < 100; turn++) {
        (void)receive(&s, slow, 0, FRAME_OP_PING, true, turn < 99 ? "" : "newest");
        reactor_flush(s.r);
    }
    assert_non_null(slow->queue);
    assert_int_equal(slow->queue->count, 1);
    assert_true(atomic_load(&s.rt->stats.queued_bytes) < 256);
    s.wire.room = SIZE_MAX;
    socket_writable(s.r, slow);
    assert_int_equal(s.wire.sent, 8);
    assert_memory_equal(s.wire.first, "\x8a\x06newest", 8);
    assert_int_equal(slow->state, SOCKET_OPEN);
    end(&s);
}

static void a_pong_that_is_begun_is_not_replaced(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, false);
    struct socket *slow = open_socket(&s);
    s.wire.room = 3;
    ping(&s, slow, "one");
    ping(&s, slow, "two");
    ping(&s, slow, "three");
    reactor_flush(s.r);
    s.wire.room = SIZE_MAX;
    socket_writable(s.r, slow);
    assert_int_equal(s.wire.sent, 12);
    assert_memory_equal(s.wire.first, "\x8a\x03one\x8a\x05three", 12);
    end(&s);
}

/* All data of a turn comes before anything is sent. */
static void answers_are_sent_before_a_turn_makes_too_many(void **state)
{
    struct scene s;
    size_t pings = 0;
    (void)state;
    begin(&s, false);
    for (int i = 0; i < 16; i++) {
        pings += receive(&s, open_socket(&s), 0, FRAME_OP_PING, true, "");
        assert_in_range(s.r->outs, 0, OUTS_MAX);
    }
    assert_true(pings > 2 * OUTS_MAX);
    assert_in_range(s.wire.sent, 2 * (pings - OUTS_MAX), 2 * pings);
    reactor_flush(s.r);
    assert_int_equal(s.wire.sent, 2 * pings);
    end(&s);
}

/* Whether they come in one turn or in many. */
static void who_does_not_read_its_answers_is_closed_before_they_take_a_mebibyte(void **state)
{
    struct scene s;
    (void)state;
    for (int at_once = 1; at_once <= 16; at_once *= 16) {
        begin(&s, false);
        struct socket *slow = open_socket(&s);
        s.wire.room = 0;
        for (int turn = 0; turn < 64 && slow->state == SOCKET_OPEN; turn += at_once) {
            for (int i = 0; i < at_once; i++)
                (void)receive(&s, slow, 0, FRAME_OP_TEXT, true, "{\"type\":\"ping\"}");
            reactor_flush(s.r);
            assert_in_range(atomic_load(&s.rt->stats.queued_bytes), 0, QUEUE_BYTES_MAX);
        }
        assert_int_equal(slow->state, SOCKET_CLOSING);
        assert_int_equal(atomic_load(&s.rt->stats.closed[CLOSED_4004]), 1);
        end(&s);
    }
}

/* As far as the loop is concerned: a receive has eleven thousand frames. */
static void a_receive_full_of_frames_ends_with_the_member_s_rate(void **state)
{
    static const struct {
        enum frame_opcode opcode;
        bool fin;
        const char *payload;
        size_t answers;
    } floods[] = {
        {FRAME_OP_PING, true, "", MESSAGES_BURST + MESSAGES_REFUSED_MAX},
        {FRAME_OP_PONG, true, "", 0},
        {FRAME_OP_CONTINUATION, false, "", 0},
        {FRAME_OP_TEXT, true, "{\"type\":\"ping\"}", MESSAGES_BURST + MESSAGES_REFUSED_MAX},
        {FRAME_OP_TEXT, true, "", MESSAGES_BURST + MESSAGES_REFUSED_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        struct scene s;
        begin(&s, true);
        struct socket *flooding = open_socket(&s);
        if (floods[i].opcode == FRAME_OP_CONTINUATION)
            (void)receive(&s, flooding, 1, FRAME_OP_TEXT, false, "a");
        (void)receive(&s, flooding, 0, floods[i].opcode, floods[i].fin, floods[i].payload);
        assert_int_equal(atomic_load(&s.rt->stats.delivered), floods[i].answers);
        assert_int_equal(atomic_load(&s.rt->stats.closed[CLOSED_4005]), 1);
        assert_int_equal(flooding->state, SOCKET_LINGER);
        end(&s);
    }
}

/* A hundred hear it, half of them compressed: all are given the same two runs of bytes. */
static void a_broadcast_is_encoded_and_compressed_once(void **state)
{
    struct scene s;
    struct buf json;
    (void)state;
    begin(&s, false);
    struct room *room = room_get(s.rt, realtime_path("api/feed/live")->kind, "FEED");
    assert_non_null(room);
    for (int i = 0; i < 100; i++)
        assert_true(room_enter(s.r, open_socket_of(&s, USER + i, i % 2 == 0), room));
    buf_init(&json, SAY_BYTES_MAX);
    say_cheer(&json, USER, "Ruth", "a word that is said so often, so often, so often, so often, so often, so often");
    struct room_turn turn = {.reactor = s.r, .room = room};
    deflates = 0;
    room_say(&turn, &json, PACKET_EPHEMERAL, 0, SAID_CHEER);
    reactor_flush(s.r);
    assert_int_equal(deflates, 1);
    assert_int_equal(s.wire.pieces_count, 2);
    assert_int_equal(s.wire.calls, 100);
    assert_int_equal(atomic_load(&s.rt->stats.said[SAID_CHEER]), 1);
    assert_int_equal(atomic_load(&s.rt->stats.delivered), 100);
    for (int i = 0; i < 8; i++)
        room_say(&turn, &json, PACKET_EPHEMERAL, 0, SAID_CHEER);
    reactor_flush(s.r);
    assert_int_equal(s.wire.calls, 2 * 100); /* what a turn has for a socket leaves in one */
    buf_clear(&json);
    room_unref(room);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_pongs_for_who_does_not_read_one_is_kept),
        cmocka_unit_test(a_pong_that_is_begun_is_not_replaced),
        cmocka_unit_test(answers_are_sent_before_a_turn_makes_too_many),
        cmocka_unit_test(a_receive_full_of_frames_ends_with_the_member_s_rate),
        cmocka_unit_test(who_does_not_read_its_answers_is_closed_before_they_take_a_mebibyte),
        cmocka_unit_test(a_broadcast_is_encoded_and_compressed_once),
    };
    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
