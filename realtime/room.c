/*
 * Rooms: the directory, the shards, sleep and waking. See room.h.
 *
 * Directory: a hash table by name under one mutex, held for a look-up. A reference is only ever taken from nothing
 * under that mutex, and the last one is given back under it, so that a room that is found is never one that is being
 * freed.
 *
 * Order: a home posts what its room says to the other loops before it goes on, and mailboxes keep order; so every
 * socket sees a room's messages in the home's order.
 */
#include "realtime/room.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "realtime/kinds.h"
#include "realtime/socket.h"
#include "realtime/storage.h"

#define BUCKETS 4096
#define TEAM_ROOMS "team/"

struct directory {
    struct realtime *rt;
    pthread_mutex_t mutex;
    struct room *buckets[BUCKETS];
    _Atomic size_t count; /* readers skip the lock when there is none */
};

static_assert(sizeof(struct room) + 16 + 4 * sizeof(struct shard) <= 256, "a sleeping room is small");

struct directory *room_directory_create(struct realtime *rt)
{
    struct directory *d = calloc(1, sizeof *d);
    if (d != NULL) {
        d->rt = rt;
        (void)pthread_mutex_init(&d->mutex, NULL);
    }
    return d;
}

void room_directory_free(struct directory *d)
{
    if (d == NULL)
        return;
    assert(atomic_load(&d->count) == 0);
    (void)pthread_mutex_destroy(&d->mutex);
    free(d);
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = hash_text(name, 0);
    return hash ^ (hash >> 29);
}

/* Under the mutex; with a new reference. */
static struct room *find(struct directory *d, const char *name, uint64_t hash)
{
    struct room *room = d->buckets[hash % BUCKETS];
    while (room != NULL && strcmp(room->name, name) != 0)
        room = room->next;
    return room == NULL ? NULL : room_ref(room);
}

struct room *room_find(struct realtime *rt, const char *name)
{
    struct directory *d = rt->directory;
    if (atomic_load_explicit(&d->count, memory_order_acquire) == 0)
        return NULL;
    (void)pthread_mutex_lock(&d->mutex);
    struct room *room = find(d, name, hash_name(name));
    (void)pthread_mutex_unlock(&d->mutex);
    return room;
}

static void name_team(int64_t team_id, char out[static ROOM_NAME_BYTES_MAX])
{
    (void)snprintf(out, ROOM_NAME_BYTES_MAX, TEAM_ROOMS "%lld", (long long)team_id);
}

/* KIND/TEAM, KIND/TEAM/...; 0: nobody's. */
static int64_t team_of(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash == NULL ? 0 : strtoll(slash + 1, NULL, 10);
}

struct room *room_find_team(struct realtime *rt, int64_t team_id)
{
    char name[ROOM_NAME_BYTES_MAX];
    name_team(team_id, name);
    return room_find(rt, name);
}

static struct room *make(struct directory *d, const struct room_kind *kind, const char *name, uint64_t hash)
{
    size_t name_len = strlen(name) + 1;
    size_t shards_at = (sizeof(struct room) + name_len + 15) / 16 * 16;
    unsigned loops = d->rt->options.loops;
    if (name_len > ROOM_NAME_BYTES_MAX)
        return NULL;
    struct room *room = calloc(1, shards_at + loops * sizeof(struct shard));
    if (room == NULL)
        return NULL;
    room->directory = d;
    room->kind = kind;
    room->owner_id = team_of(name);
    room->team_id = kind == &team_kind ? room->owner_id : 0;
    room->home = (uint16_t)((hash >> 16) % loops);
    room->loops = (uint16_t)loops;
    room->shards = (struct shard *)(void *)((char *)room + shards_at);
    memcpy(room->name, name, name_len);
    if (kind->made != NULL && !kind->made(room)) {
        free(room);
        return NULL;
    }
    atomic_init(&room->refs, 1);
    room->next = d->buckets[hash % BUCKETS];
    d->buckets[hash % BUCKETS] = room;
    (void)atomic_fetch_add(&d->count, 1);
    STATS_ADD(d->rt->stats.rooms, 1);
    return room;
}

struct room *room_get(struct realtime *rt, const struct room_kind *kind, const char *name)
{
    struct directory *d = rt->directory;
    uint64_t hash = hash_name(name);
    (void)pthread_mutex_lock(&d->mutex);
    struct room *room = find(d, name, hash);
    if (room == NULL)
        room = make(d, kind, name, hash);
    (void)pthread_mutex_unlock(&d->mutex);
    return room;
}

struct room *room_get_team(struct realtime *rt, int64_t team_id)
{
    char name[ROOM_NAME_BYTES_MAX];
    name_team(team_id, name);
    return room_get(rt, &team_kind, name);
}

struct room *room_ref(struct room *room)
{
    (void)atomic_fetch_add_explicit(&room->refs, 1, memory_order_relaxed);
    return room;
}

static void unlink_room(struct directory *d, struct room *room)
{
    struct room **at = &d->buckets[hash_name(room->name) % BUCKETS];
    while (*at != room)
        at = &(*at)->next;
    *at = room->next;
    (void)atomic_fetch_sub(&d->count, 1);
    STATS_ADD(d->rt->stats.rooms, -1);
}

void room_unref(struct room *room)
{
    if (room == NULL)
        return;
    uint32_t refs = atomic_load_explicit(&room->refs, memory_order_relaxed);
    while (refs > 1)
        if (atomic_compare_exchange_weak_explicit(&room->refs, &refs, refs - 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return;
    struct directory *d = room->directory;
    (void)pthread_mutex_lock(&d->mutex);
    bool last = atomic_fetch_sub(&room->refs, 1) == 1;
    if (last)
        unlink_room(d, room);
    (void)pthread_mutex_unlock(&d->mutex);
    if (last) {
        assert(room->awake == NULL);
        if (room->kind->forget != NULL)
            room->kind->forget(room);
        free(room);
    }
}

/* The references are taken under the lock and used outside: giving one back may need it. */
void room_each_team(struct realtime *rt, void (*each)(void *arg, struct room *room), void *arg)
{
    struct directory *d = rt->directory;
    size_t found = 0;
    (void)pthread_mutex_lock(&d->mutex);
    struct room **rooms = malloc((atomic_load(&d->count) + 1) * sizeof(struct room *));
    for (size_t i = 0; rooms != NULL && i < BUCKETS; i++)
        for (struct room *room = d->buckets[i]; room != NULL; room = room->next)
            if (room->team_id != 0)
                rooms[found++] = room_ref(room);
    (void)pthread_mutex_unlock(&d->mutex);
    for (size_t i = 0; i < found; i++) {
        each(arg, rooms[i]);
        room_unref(rooms[i]);
    }
    free(rooms);
}

uint32_t room_sockets(struct realtime *rt, const char *name)
{
    struct room *room = room_find(rt, name);
    uint32_t count = room == NULL ? 0 : atomic_load(&room->sockets);
    room_unref(room);
    return count;
}

/* ---- the socket's side ------------------------------------------------------------------------------------------- */

/* It is counted already. */
static void add_socket(struct reactor *r, struct socket *s, struct room *room)
{
    struct shard *shard = &room->shards[r->index];
    assert(s->room == NULL);
    if (s->deflate)
        (void)atomic_fetch_add(&room->deflating, 1);
    s->room = room_ref(room);
    s->room_next = shard->first;
    if (s->room_next != NULL)
        s->room_next->room_link = &s->room_next;
    s->room_link = &shard->first;
    shard->first = s;
    shard->count++;
    if (room->kind->entered != NULL)
        room->kind->entered(r, room, s->attachment);
}

uint32_t room_limit(const struct realtime *rt, const struct room_kind *kind)
{
    return kind->limit != NULL ? kind->limit(&rt->options) : rt->options.room_limit;
}

bool room_enter(struct reactor *r, struct socket *s, struct room *room)
{
    if (atomic_fetch_add(&room->sockets, 1) >= room_limit(r->rt, room->kind)) {
        (void)atomic_fetch_sub(&room->sockets, 1);
        return false;
    }
    add_socket(r, s, room);
    return true;
}

void room_return(struct reactor *r, struct socket *s, struct room *room)
{
    (void)atomic_fetch_add(&room->sockets, 1);
    add_socket(r, s, room);
}

void room_leave(struct reactor *r, struct socket *s)
{
    struct room *room = s->room;
    if (room == NULL)
        return;
    *s->room_link = s->room_next;
    if (s->room_next != NULL)
        s->room_next->room_link = s->room_link;
    s->room_link = NULL;
    s->room_next = NULL;
    s->room = NULL;
    room->shards[r->index].count--;
    if (room->kind->left != NULL)
        room->kind->left(r, room, s->attachment);
    (void)atomic_fetch_sub(&room->sockets, 1);
    if (s->deflate)
        (void)atomic_fetch_sub(&room->deflating, 1);
    room_unref(room);
}

/* Whether the socket gets it now; an event it has been told, or will be told by the desk, it does not. */
static bool wants(struct socket *s, const struct packet *packet)
{
    int64_t seq = packet_seq(packet);
    if (s->catching) {
        s->skipped = s->skipped || packet_class(packet) != PACKET_EPHEMERAL;
        return false;
    }
    bool news = seq == 0 || seq > s->seq;
    if (seq > s->seq)
        s->seq = seq;
    return news && packet_is_for(packet, s->topics, s->attachment->user_id);
}

void room_spread(struct reactor *r, struct room *room, struct packet *packet)
{
    struct socket *next;
    for (struct socket *s = room->shards[r->index].first; s != NULL; s = next) {
        next = s->room_next; /* a slow one may be closed, and leave */
        if (wants(s, packet))
            socket_send(r, s, packet);
    }
}

/* ---- the home's side --------------------------------------------------------------------------------------------- */

static struct room_turn turn_of(struct reactor *r, struct room *room)
{
    return (struct room_turn){.reactor = r, .room = room, .state = room->awake->state};
}

static bool wake(struct reactor *r, struct room *room)
{
    if (room->awake == NULL) {
        struct room_awake *awake = calloc(1, sizeof *awake + room->kind->state_bytes);
        if (awake == NULL)
            return false;
        awake->room = room_ref(room);
        room->awake = awake;
        STATS_ADD(r->rt->stats.rooms_awake, 1);
        STATS_ADD(r->rt->stats.wakes, 1);
        struct room_turn t = turn_of(r, room);
        if (room->kind->wake != NULL)
            room->kind->wake(&t);
    }
    wheel_set(r->wheel, &room->awake->sleep, r->now_ms + ROOM_SLEEP_MS);
    room->awake->sleep.kind = TIMER_ROOM_SLEEP;
    return true;
}

static void go_to_sleep(struct reactor *r, struct room *room)
{
    struct room_awake *awake = room->awake;
    struct room_turn t = turn_of(r, room);
    if (room->kind->sleep != NULL)
        room->kind->sleep(&t);
    wheel_stop(r->wheel, &awake->sleep);
    wheel_stop(r->wheel, &awake->soon);
    wheel_stop(r->wheel, &awake->presence);
    wheel_stop(r->wheel, &awake->beat);
    room->awake = NULL;
    free(awake);
    STATS_ADD(r->rt->stats.rooms_awake, -1);
    room_unref(room);
}

void room_note(struct reactor *r, struct note *note)
{
    struct room *room = note->room;
    if (!wake(r, room)) { /* no memory for its state: its sockets read from the database what they were not told */
        for (unsigned loop = 0; note->kind == NOTE_EVENT && loop < room->loops; loop++)
            reactor_gap(&r->rt->reactors[loop]);
        return;
    }
    const struct room_kind *kind = room->kind;
    struct room_turn t = turn_of(r, room);
    switch (note->kind) {
    case NOTE_CHEER:
        if (kind->cheer != NULL)
            kind->cheer(&t, &note->as.cheer);
        break;
    case NOTE_SAID:
        kind->said(&t, &note->as.said);
        break;
    case NOTE_EVENT:
        if (kind->event != NULL)
            kind->event(&t, &note->as.event);
        break;
    case NOTE_PRESENCE:
        if (kind->presence != NULL)
            kind->presence(&t);
        break;
    case NOTE_RAW:
        if (kind->raw != NULL)
            kind->raw(&t, note->as.raw.text, note->as.raw.len);
        break;
    case NOTE_STORED:
        note->as.stored->done(&t, note->as.stored);
        break;
    case NOTE_ALARM:
        kind->alarm(&t, note->as.alarm_ms);
        break;
    default:
        assert(!"not a note for a room");
    }
}

static struct room_awake *awake_of(struct timer *timer)
{
    static const size_t offsets[] = {
        [TIMER_ROOM_SLEEP] = offsetof(struct room_awake, sleep),
        [TIMER_ROOM_SOON] = offsetof(struct room_awake, soon),
        [TIMER_ROOM_PRESENCE] = offsetof(struct room_awake, presence),
        [TIMER_ROOM_BEAT] = offsetof(struct room_awake, beat),
    };
    return (struct room_awake *)(void *)((char *)timer - offsets[timer->kind]);
}

void room_timer(struct reactor *r, struct timer *timer)
{
    struct room *room = awake_of(timer)->room;
    if (timer->kind == TIMER_ROOM_SLEEP) {
        go_to_sleep(r, room);
        return;
    }
    struct room_turn t = turn_of(r, room);
    room->kind->timer(&t, (enum reactor_timer)timer->kind);
}

struct sleepers {
    struct reactor *reactor;
    struct room *found[64];
    size_t count;
};

static void find_awake(struct sleepers *s)
{
    struct directory *d = s->reactor->rt->directory;
    s->count = 0;
    (void)pthread_mutex_lock(&d->mutex);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct room *room = d->buckets[i]; room != NULL; room = room->next)
            if (room->home == s->reactor->index && room->awake != NULL &&
                s->count < sizeof s->found / sizeof s->found[0])
                s->found[s->count++] = room;
    (void)pthread_mutex_unlock(&d->mutex);
}

void room_sleep_all(struct reactor *r)
{
    struct sleepers s = {.reactor = r};
    do {
        find_awake(&s);
        for (size_t i = 0; i < s.count; i++)
            go_to_sleep(r, s.found[i]); /* `awake` is this loop's: nobody else lets them sleep */
    } while (s.count > 0);
}

/* ---- for kinds --------------------------------------------------------------------------------------------------- */

/* What could not be posted the loop's sockets read from the database, when the loop comes to it. */
static void post_spread(struct reactor *home, struct room *room, unsigned loop, struct packet *packet)
{
    struct reactor *to = &home->rt->reactors[loop];
    struct note *note = note_create(NOTE_SPREAD, room);
    if (note != NULL) {
        note->as.packet = packet_ref(packet);
        note->born_us = home->births_count > 0 ? home->births_us[home->births_count - 1] : 0;
    }
    if ((note == NULL || !reactor_post_take(to, note)) && packet_class(packet) != PACKET_EPHEMERAL)
        reactor_gap(to);
}

void room_say_words(struct room_turn *t, const struct room_words *words)
{
    struct reactor *r = t->reactor;
    struct room *room = t->room;
    const struct buf *json = words->json;
    bool packed = atomic_load_explicit(&room->deflating, memory_order_relaxed) > 0;
    struct packet *packet = json->failed ? NULL
                                         : packet_text(json->data, json->len, words->what, words->seq,
                                                       packed ? r->deflate : NULL);
    if (packet == NULL) {
        for (unsigned loop = 0; words->what != PACKET_EPHEMERAL && loop < room->loops; loop++)
            reactor_gap(&r->rt->reactors[loop]);
        return;
    }
    packet_limit(packet, words->topic, words->not_to);
    STATS_ADD(r->rt->stats.said[words->said], 1);
    for (unsigned loop = 0; loop < room->loops; loop++)
        if (loop != r->index)
            post_spread(r, room, loop, packet);
    room_spread(r, room, packet);
    packet_unref(packet);
}

void room_say(struct room_turn *t, const struct buf *json, enum packet_class what, int64_t seq, enum stats_said said)
{
    const struct room_words words = {.json = json, .what = what, .seq = seq, .said = said};
    room_say_words(t, &words);
}

void room_answer(struct room_turn *t, const struct address *to, const struct buf *json, enum stats_said said)
{
    struct reactor *there = hub_reactor_of(t->reactor->rt, to->user_id);
    struct packet *packet = json->failed ? NULL : packet_text(json->data, json->len, PACKET_ANSWER, 0, NULL);
    struct note *note = packet == NULL ? NULL : note_create(NOTE_ANSWER, NULL);
    if (note == NULL) {
        packet_unref(packet);
        reactor_lost(there, to->user_id);
        return;
    }
    note->as.answer.to = *to;
    note->as.answer.packet = packet;
    STATS_ADD(t->reactor->rt->stats.said[said], 1);
    if (!reactor_post_take(there, note))
        reactor_lost(there, to->user_id);
}

void room_soon(struct room_turn *t, enum reactor_timer which, int64_t in_ms)
{
    struct room_awake *awake = t->room->awake;
    struct timer *timer = which == TIMER_ROOM_SOON       ? &awake->soon
                          : which == TIMER_ROOM_PRESENCE ? &awake->presence
                                                         : &awake->beat;
    if (wheel_is_set(timer))
        return;
    timer->kind = which;
    wheel_set(t->reactor->wheel, timer, t->reactor->now_ms + in_ms);
}
