/*
 * The loops. See reactor.h for a turn. What is to be sent in a turn hangs on its sockets as nodes of one pool; when
 * very much piles up in one turn, it is sent before the turn's end.
 */
#include "realtime/reactor.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/thread.h"
#include "realtime/cheers.h"
#include "realtime/doubts.h"
#include "realtime/join.h"
#include "realtime/members.h"
#include "realtime/out.h"
#include "realtime/receive.h"
#include "realtime/room.h"
#include "realtime/session.h"
#include "realtime/socket.h"
#include "realtime/writes.h"

#define ARENA_FIRST_BYTES 8192
#define ARENA_BYTES_MAX (2U << 20)
#define TEST_WAIT_MS 20 /* a clock that a test moves is looked at so often */
#define WAIT_MS_MAX 60000
#define LATER_WAIT_MS 20 /* before the desk is asked again that could not be */

int64_t reactor_real_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

enum err reactor_init(struct reactor *r, struct realtime *rt, unsigned index)
{
    *r = (struct reactor){.rt = rt, .index = index, .methods = &io_epoll};
    r->now_ms = clock_mono_ms(rt->options.clock);
    r->wall_ms = clock_wall_ms(rt->options.clock);
    r->mailbox = mailbox_create(LOOP_MAIL_MAX);
    r->wheel = wheel_create(r->now_ms);
    r->deflate = deflate_create();
    r->arena = arena_create(ARENA_FIRST_BYTES, ARENA_BYTES_MAX);
    buf_init(&r->inflated, MESSAGE_BYTES_MAX);
    if (r->mailbox != NULL)
        r->io = r->methods->create(mailbox_fd(r->mailbox));
    bool complete = r->io != NULL && r->wheel != NULL && r->deflate != NULL && r->arena != NULL;
    return complete ? ERR_OK : ERR_NO_MEMORY;
}

static void free_mail(struct mail *mail)
{
    while (mail != NULL) {
        struct mail *next = mail->next;
        note_free((struct note *)mail);
        mail = next;
    }
}

static void bury(struct reactor *r)
{
    while (r->dead != NULL) {
        struct socket *s = r->dead;
        r->dead = s->dirty_next;
        socket_free(r, s);
    }
}

void reactor_quiet(struct reactor *r)
{
    for (size_t i = 0; i < r->members_cap; i++)
        while (r->members[i] != NULL)
            socket_cut(r, r->members[i]);
    reactor_flush(r); /* the dead among those that had something to say */
    bury(r);
    room_sleep_all(r);
}

void reactor_clear(struct reactor *r)
{
    if (r->mailbox != NULL)
        free_mail(mailbox_take(r->mailbox));
    if (r->io != NULL)
        r->methods->free(r->io);
    out_pool_clear(r);
    free(r->members);
    free(r->seen);
    wheel_free(r->wheel);
    deflate_free(r->deflate);
    arena_free(r->arena);
    buf_clear(&r->inflated);
    mailbox_free(r->mailbox);
}

bool reactor_post_take(struct reactor *r, struct note *note)
{
    if (mailbox_post(r->mailbox, &note->mail) == ERR_OK)
        return true;
    STATS_ADD(r->rt->stats.mail_refused, 1);
    note_free(note);
    return false;
}

void reactor_tell_take(struct reactor *r, struct note *note)
{
    mailbox_post_always(r->mailbox, &note->mail);
}

bool reactor_turned(struct reactor *r)
{
    uint64_t turns = atomic_load_explicit(&r->turns, memory_order_relaxed);
    bool turned = turns != r->seen_turns;
    r->seen_turns = turns;
    mailbox_wake(r->mailbox);
    return turned;
}

void reactor_gap(struct reactor *r)
{
    atomic_store(&r->gap, true);
    mailbox_wake(r->mailbox);
}

void reactor_lost(struct reactor *r, int64_t user_id)
{
    int64_t nobody = 0;
    if (!atomic_compare_exchange_strong(&r->lost, &nobody, user_id) && nobody != user_id)
        atomic_store(&r->lost, LOST_BY_MANY);
    mailbox_wake(r->mailbox);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

void reactor_flush(struct reactor *r)
{
    while (r->dirty != NULL) {
        struct socket *s = r->dirty;
        r->dirty = s->dirty_next;
        s->is_dirty = false;
        socket_flush(r, s);
    }
    if (r->births_count == 0)
        return;
    int64_t now_us = reactor_real_us();
    for (size_t i = 0; i < r->births_count; i++)
        stats_latency(&r->rt->stats, now_us - r->births_us[i]);
    r->births_count = 0;
}

void reactor_born(struct reactor *r, int64_t born_us)
{
    if (born_us != 0 && r->births_count < sizeof r->births_us / sizeof r->births_us[0])
        r->births_us[r->births_count++] = born_us;
}

/* ---- notes ------------------------------------------------------------------------------------------------------- */

/* A new socket, with what came behind its handshake. */
static void adopt(struct reactor *r, struct socket_seed *seed)
{
    struct socket *s = socket_create(r, seed);
    if (s == NULL)
        return;
    join_begin(r, s, seed->room, seed->resumes ? &seed->since : NULL);
    if (seed->early_len > 0)
        receive_data(r, s, seed->early, seed->early_len);
}

static void answer(struct reactor *r, const struct note *n)
{
    struct socket *s = members_find(r, &n->as.answer.to);
    if (s != NULL)
        socket_send(r, s, n->as.answer.packet);
}

static void each_socket(struct reactor *r, void (*each)(struct reactor *r, struct socket *s, void *arg), void *arg)
{
    for (size_t i = 0; i < r->members_cap; i++)
        for (struct socket *s = r->members[i], *next; s != NULL; s = next) {
            next = s->member_next;
            each(r, s, arg);
        }
}

/* Those in a team's room; each may be closed by it, and leave. */
static void tell_member(struct reactor *r, int64_t user_id, struct packet *packet)
{
    struct socket *next;
    for (struct socket *s = members_first_of(r, user_id); s != NULL; s = next) {
        next = s->member_next;
        if (s->attachment->user_id == user_id && s->room != NULL && s->room->kind == &team_kind)
            socket_send(r, s, packet);
    }
}

static void plan_close(struct reactor *r, struct socket *s, void *arg)
{
    const struct note *n = arg;
    int64_t in_ms = n->as.close.spread_ms == 0
                        ? 0
                        : (int64_t)((uint64_t)rand_r(&r->luck) % (uint64_t)n->as.close.spread_ms);
    socket_close_at(r, s, n->as.close.code, r->now_ms + in_ms);
}

static void catch_up(struct reactor *r, struct socket *s, void *arg)
{
    (void)arg;
    if (s->room != NULL)
        join_catch_up(r, s);
}

/* Not at once: who is cut leaves the table that is being walked. */
static void close_lost(struct reactor *r, struct socket *s, void *arg)
{
    const int64_t *user_id = arg;
    if (*user_id == LOST_BY_MANY || s->attachment->user_id == *user_id)
        socket_close_at(r, s, 1013, r->now_ms);
}

static void handle(struct reactor *r, struct note *n)
{
    reactor_born(r, n->born_us);
    switch (n->kind) {
    case NOTE_ADOPT:
        adopt(r, n->as.seed);
        break;
    case NOTE_ANSWER:
        answer(r, n);
        break;
    case NOTE_CAUGHT:
        join_caught(r, n->as.caught);
        break;
    case NOTE_CHECKED:
        doubts_checked(r, n->as.checked);
        break;
    case NOTE_TOKEN:
        doubts_token(r, n->as.token);
        break;
    case NOTE_LIKED:
        writes_liked(r, n->as.like);
        break;
    case NOTE_WRITTEN:
        writes_written(r, n->as.write);
        break;
    case NOTE_DOUBT:
        doubts_raise(r, n->as.user_id);
        break;
    case NOTE_CLOSE:
        each_socket(r, plan_close, n);
        break;
    case NOTE_FORGET:
        each_socket(r, catch_up, NULL);
        break;
    case NOTE_TELL:
        tell_member(r, n->as.tell.user_id, n->as.tell.packet);
        break;
    case NOTE_SPREAD:
        room_spread(r, n->room, n->as.packet);
        break;
    case NOTE_CHEER:
        if (n->as.cheer.routed)
            room_note(r, n);
        else
            cheers_route(r, n);
        break;
    case NOTE_SAID:
    case NOTE_EVENT:
    case NOTE_PRESENCE:
    case NOTE_RAW:
    case NOTE_STORED:
    case NOTE_ALARM:
        room_note(r, n);
        break;
    }
    arena_reset(r->arena);
    note_free(n);
}

static void take_notes(struct reactor *r)
{
    struct mail *mail = mailbox_take(r->mailbox);
    /* Before the mail: what comes after the gap would otherwise seem to be all there is. */
    if (atomic_load_explicit(&r->gap, memory_order_relaxed) && atomic_exchange(&r->gap, false))
        each_socket(r, catch_up, NULL);
    int64_t lost = atomic_load_explicit(&r->lost, memory_order_relaxed);
    if (lost != 0 && (lost = atomic_exchange(&r->lost, 0)) != 0)
        each_socket(r, close_lost, &lost);
    while (mail != NULL) {
        struct mail *next = mail->next;
        handle(r, (struct note *)mail);
        mail = next;
        if (r->outs >= OUTS_MAX)
            reactor_flush(r);
    }
    if (r->later > 0)
        session_take_up(r);
}

bool reactor_drain(struct reactor *r)
{
    bool any = mailbox_depth(r->mailbox) > 0;
    take_notes(r);
    reactor_flush(r);
    bury(r);
    return any;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static void on_woke(void *arg)
{
    struct reactor *r = arg;
    r->now_ms = clock_mono_ms(r->rt->options.clock);
    r->wall_ms = clock_wall_ms(r->rt->options.clock);
}

static void on_data(void *arg, void *owner, unsigned char *bytes, size_t len)
{
    receive_data(arg, owner, bytes, len);
}

static void on_end(void *arg, void *owner)
{
    socket_cut(arg, owner);
}

static void on_writable(void *arg, void *owner)
{
    socket_writable(arg, owner);
}

static void fire(void *arg, struct timer *t)
{
    struct reactor *r = arg;
    if (t->kind == TIMER_SOCKET)
        socket_timer(r, (struct socket *)(void *)((char *)t - offsetof(struct socket, timer)));
    else
        room_timer(r, t);
    arena_reset(r->arena);
}

static int wait_ms(struct reactor *r)
{
    int64_t now_ms = clock_mono_ms(r->rt->options.clock);
    int64_t ms = wheel_wait_ms(r->wheel, now_ms);
    if (ms < 0 || ms > WAIT_MS_MAX)
        ms = WAIT_MS_MAX;
    if (r->later > 0 && r->asked < DESK_ASKS_MAX && ms > LATER_WAIT_MS)
        ms = LATER_WAIT_MS; /* the writer's queue was full, or there was no memory */
    if (r->rt->options.clock_moves && ms > TEST_WAIT_MS)
        ms = TEST_WAIT_MS;
    return (int)ms;
}

static void turn(struct reactor *r)
{
    const struct io_events events = {
        .arg = r, .woke = on_woke, .data = on_data, .end = on_end, .writable = on_writable};
    r->methods->turn(r->io, wait_ms(r), &events);
    atomic_store_explicit(&r->turns, atomic_load_explicit(&r->turns, memory_order_relaxed) + 1, memory_order_relaxed);
    take_notes(r);
    wheel_turn(r->wheel, r->now_ms, fire, r);
    reactor_flush(r);
    bury(r);
}

static void *reactor_main(void *arg)
{
    struct reactor *r = arg;
    char name[16];
    (void)snprintf(name, sizeof name, "sockets %u", r->index);
    thread_name(name);
    while (!atomic_load(&r->ending))
        turn(r);
    return NULL;
}

bool reactor_run(struct reactor *r)
{
    atomic_store(&r->ending, false);
    return pthread_create(&r->thread, NULL, reactor_main, r) == 0;
}

void reactor_end(struct reactor *r)
{
    atomic_store(&r->ending, true);
    struct note *note = note_create(NOTE_DOUBT, NULL); /* about nobody: only to wake it */
    if (note != NULL) {
        note->as.user_id = -1;
        (void)reactor_post_take(r, note);
    }
    (void)pthread_join(r->thread, NULL); /* without memory for the note: within WAIT_MS_MAX */
}
