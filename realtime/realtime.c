/*
 * The realtime module as a whole: its loops come and go with the flag, sockets are let in, what was committed finds its
 * rooms. See realtime.h and hub.h.
 */
#include "realtime/realtime.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/cursor.h"
#include "realtime/deflate.h"
#include "realtime/doors.h"
#include "realtime/freeze.h"
#include "realtime/handshake.h"
#include "realtime/hub.h"
#include "realtime/kinds.h"
#include "realtime/note.h"
#include "realtime/packet.h"
#include "realtime/publish.h"
#include "realtime/reactor.h"
#include "realtime/room.h"
#include "realtime/say.h"
#include "realtime/socket.h"
#include "realtime/storage.h"

#define RETRY_S 5      /* a full room or a rate: told with jitter, since all who were refused hear it */
#define STOP_POLL_MS 5 /* how often a stop looks whether everybody is gone */

bool realtime_available(void)
{
    return true;
}

const char *realtime_library_version(void)
{
    return deflate_library_version();
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

/* Any thread that changes who is here. Without a room nobody waits for it. */
static void presence_changed(void *arg, int64_t team_id)
{
    struct realtime *rt = arg;
    struct room *room = room_find_team(rt, team_id);
    bool heard = room != NULL && atomic_load(&room->sockets) > 0;
    struct note *note = heard ? note_create(NOTE_PRESENCE, room) : NULL;
    if (note == NULL || !reactor_post_take(hub_home_of(rt, room), note)) {
        struct presence_team *team = presence_team(rt->options.presence, team_id);
        if (team != NULL)
            presence_watched(team);
    }
    room_unref(room);
}

enum err realtime_create(const struct realtime_options *options, struct realtime **out)
{
    *out = NULL;
    struct realtime *rt = calloc(1, sizeof *rt);
    if (rt == NULL)
        return ERR_NO_MEMORY;
    rt->options = *options;
    (void)pthread_mutex_init(&rt->switching, NULL);
    rt->directory = room_directory_create(rt);
    rt->doors = doors_create(SOCKETS_MAX, SOCKETS_PER_MEMBER_MAX, options->address_limit);
    rt->reactors = calloc(options->loops, sizeof *rt->reactors);
    enum err err = rt->directory == NULL || rt->doors == NULL || rt->reactors == NULL ? ERR_NO_MEMORY : ERR_OK;
    if (err != ERR_OK)
        rt->options.loops = 0;
    for (unsigned i = 0; err == ERR_OK && i < rt->options.loops; i++)
        err = reactor_init(&rt->reactors[i], rt, i);
    if (err != ERR_OK) {
        realtime_free(rt);
        return err;
    }
    presence_watch(options->presence, presence_changed, rt);
    *out = rt;
    return ERR_OK;
}

void realtime_free(struct realtime *rt)
{
    if (rt == NULL)
        return;
    assert(!rt->running);
    for (unsigned i = 0; rt->reactors != NULL && i < rt->options.loops; i++)
        reactor_clear(&rt->reactors[i]);
    free(rt->reactors);
    doors_free(rt->doors);
    room_directory_free(rt->directory);
    (void)pthread_mutex_destroy(&rt->switching);
    free(rt);
}

static enum err run_loops(struct realtime *rt)
{
    for (unsigned i = 0; i < rt->options.loops; i++)
        if (!reactor_run(&rt->reactors[i])) {
            while (i-- > 0)
                reactor_end(&rt->reactors[i]);
            return ERR_NO_MEMORY;
        }
    rt->running = true;
    return ERR_OK;
}

enum err realtime_start(struct realtime *rt)
{
    enum err err = ERR_OK;
    (void)pthread_mutex_lock(&rt->switching);
    if (atomic_load(&rt->stopping))
        err = ERR_CONFLICT;
    else if (!rt->running)
        err = run_loops(rt);
    if (err == ERR_OK)
        atomic_store(&rt->open, true);
    (void)pthread_mutex_unlock(&rt->switching);
    return err;
}

bool realtime_turned(struct realtime *rt)
{
    bool turned = true;
    (void)pthread_mutex_lock(&rt->switching);
    bool new = rt->running && !rt->watched; /* they had no time to turn */
    for (unsigned i = 0; rt->running && i < rt->options.loops; i++)
        turned &= reactor_turned(&rt->reactors[i]) || new;
    rt->watched = rt->running;
    (void)pthread_mutex_unlock(&rt->switching);
    return turned;
}

static void tell_all(struct realtime *rt, uint16_t code, int64_t spread_ms)
{
    for (unsigned i = 0; i < rt->options.loops; i++) {
        struct note *note = note_create(NOTE_CLOSE, NULL);
        if (note == NULL)
            continue;
        note->as.close.code = code;
        note->as.close.spread_ms = spread_ms;
        reactor_tell_take(&rt->reactors[i], note);
    }
}

bool realtime_is_open(const struct realtime *rt)
{
    return atomic_load_explicit(&rt->open, memory_order_relaxed);
}

void realtime_close_all(struct realtime *rt)
{
    (void)pthread_mutex_lock(&rt->switching);
    atomic_store(&rt->open, false);
    if (rt->running)
        tell_all(rt, 4001, CLOSE_SPREAD_MS);
    (void)pthread_mutex_unlock(&rt->switching);
}

static void end_loops(struct realtime *rt)
{
    for (unsigned i = 0; i < rt->options.loops; i++)
        reactor_end(&rt->reactors[i]);
    for (unsigned i = 0; i < rt->options.loops; i++)
        reactor_quiet(&rt->reactors[i]); /* what a room says as it falls asleep may go to any loop */
    rt->running = false;
}

void realtime_settle(struct realtime *rt)
{
    (void)pthread_mutex_lock(&rt->switching);
    if (rt->running && !atomic_load(&rt->open) && doors_count(rt->doors) == 0)
        end_loops(rt);
    (void)pthread_mutex_unlock(&rt->switching);
}

void realtime_alarm(struct realtime *rt, const char *room, int64_t due_ms)
{
    storage_alarm(rt, room, due_ms);
}

void realtime_stop(struct realtime *rt)
{
    if (rt == NULL)
        return;
    (void)pthread_mutex_lock(&rt->switching);
    atomic_store(&rt->stopping, true);
    atomic_store(&rt->open, false);
    bool running = rt->running;
    if (running)
        tell_all(rt, 1012, 0);
    (void)pthread_mutex_unlock(&rt->switching);
    int64_t until_us = reactor_real_us() + CLOSE_WAIT_MS * 1000;
    while (running && doors_count(rt->doors) > 0 && reactor_real_us() < until_us)
        (void)usleep(STOP_POLL_MS * 1000); /* without the lock: a writer that turns the flag would wait, too */
    (void)pthread_mutex_lock(&rt->switching);
    if (rt->running)
        end_loops(rt);
    (void)pthread_mutex_unlock(&rt->switching);
}

/* ---- hot restart ------------------------------------------------------------------------------------------------- */

void realtime_freeze_loops(struct realtime *rt)
{
    (void)pthread_mutex_lock(&rt->switching);
    for (unsigned i = 0; rt->running && i < rt->options.loops; i++)
        reactor_end(&rt->reactors[i]);
    rt->running = false;
    for (unsigned i = 0; i < rt->options.loops; i++)
        (void)reactor_drain(&rt->reactors[i]); /* sockets that were on their way, and what came with them */
    atomic_store(&rt->stopping, true);         /* a flag that waits in the writer's queue starts nothing */
    (void)pthread_mutex_unlock(&rt->switching);
}

bool realtime_freeze(struct realtime *rt, FILE *out, struct buf *fds)
{
    rt->options.rooms = rt->options.main =
        NULL; /* they have stopped: what would be asked of it waits for the next image */
    likes_stop(rt->options.likes);
    freeze_drain(rt);
    return freeze_pack(rt, out, fds);
}

bool realtime_thaw(struct realtime *rt, struct pack_reader *from)
{
    return freeze_unpack(rt, from);
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

const struct socket_path *realtime_path(const char *path)
{
    for (const struct socket_path *p = kinds_paths; p->path != NULL; p++)
        if (handshake_path_matches(p->path, path))
            return p;
    return NULL;
}

const char *realtime_path_room(const struct socket_path *path)
{
    return path->room;
}

bool realtime_path_names(const struct socket_path *path)
{
    return path->named;
}

bool realtime_path_resumes(const struct socket_path *path)
{
    return path->room != NULL || path->named;
}

static enum err later(struct problem *problem, const struct realtime_knock *knock, const char *sentence)
{
    problem->retry_after_s = RETRY_S + (int)((uint64_t)knock->member.user_id * UINT64_C(2654435761) % RETRY_S);
    return problem_set(problem, ERR_BUSY, "%s", sentence);
}

static uint32_t sockets_where(struct realtime *rt, const struct realtime_knock *knock)
{
    if (knock->room != NULL)
        return room_sockets(rt, knock->room);
    struct room *room = knock->member.teams_count == 0 ? NULL : room_find_team(rt, knock->member.teams[0]);
    uint32_t count = room == NULL ? 0 : atomic_load(&room->sockets);
    room_unref(room);
    return count;
}

static enum err closed(struct realtime *rt, const struct realtime_knock *knock, struct problem *problem)
{
    if (atomic_load(&rt->stopping))
        return later(problem, knock, "The server is stopping. Please try again in a moment.");
    return problem_set(problem, ERR_CONFLICT, "Realtime is off. Please poll.");
}

enum err realtime_admit(struct realtime *rt, const struct realtime_knock *knock, struct problem *problem)
{
    static const struct rate rate = {HANDSHAKES_PER_S * 60, HANDSHAKES_BURST};
    const struct realtime_options *o = &rt->options;
    if (!realtime_is_open(rt))
        return closed(rt, knock, problem);
    if (o->shed != NULL && shed_stage(o->shed) >= SHED_SOCKETS)
        return later(problem, knock, "There is much to do just now. Please poll, and try again in a moment.");
    if (o->rates != NULL && rate_take(o->rates, rate_key(RATE_HANDSHAKES, 0), rate, clock_mono_ms(o->clock)) > 0)
        return later(problem, knock, "Many are coming at once. Please try again in a moment.");
    if (sockets_where(rt, knock) >= room_limit(rt, knock->path->kind))
        return later(problem, knock, "The room is full. Please poll, and try again in a moment.");
    switch (doors_enter(rt->doors, knock->member.user_id, knock->address_key)) {
    case DOORS_IN:
        if (realtime_is_open(rt)) /* still: from here on the loops wait for whoever has a place */
            return ERR_OK;
        realtime_give_up(rt, knock);
        return closed(rt, knock, problem);
    case DOORS_MEMBER_FULL:
        return problem_set(problem, ERR_RATE_LIMITED, "You have too many connections open. Please close some.");
    case DOORS_ADDRESS_FULL:
        return problem_set(problem, ERR_RATE_LIMITED, "There are too many connections from this address.");
    case DOORS_FULL:
    case DOORS_NO_MEMORY:
        break;
    }
    return later(problem, knock, "The server is full. Please poll, and try again in a moment.");
}

void realtime_give_up(struct realtime *rt, const struct realtime_knock *knock)
{
    doors_leave(rt->doors, knock->member.user_id, knock->address_key);
}

void realtime_adopt_take(struct realtime *rt, const struct realtime_knock *knock, int fd, bool deflate,
                         const void *early, size_t early_len)
{
    struct socket_seed *seed = calloc(1, sizeof *seed + early_len);
    struct note *note = seed == NULL ? NULL : note_create(NOTE_ADOPT, NULL);
    if (note == NULL) {
        free(seed);
        (void)close(fd);
        realtime_give_up(rt, knock);
        return;
    }
    seed->fd = fd;
    seed->deflate = deflate;
    seed->path = knock->path;
    seed->room = knock->room == NULL ? NULL : strdup(knock->room);
    seed->topics = knock->topics;
    seed->reads_only = knock->reads_only;
    seed->early_len = early_len;
    if (early_len > 0)
        memcpy(seed->early, early, early_len);
    seed->attachment = attachment_create(&knock->member, (uint32_t)(clock_wall_ms(rt->options.clock) / 1000),
                                         knock->address_key);
    seed->resumes = knock->resumes;
    seed->since = knock->since;
    note->as.seed = seed;
    bool complete = seed->attachment != NULL && (knock->room == NULL || seed->room != NULL);
    if (!complete)
        note_free(note);
    if (!complete || !reactor_post_take(hub_reactor_of(rt, knock->member.user_id), note))
        realtime_give_up(rt, knock);
}

size_t realtime_sockets(struct realtime *rt)
{
    return doors_count(rt->doors);
}

/* ---- what happens ------------------------------------------------------------------------------------------------ */

void realtime_published(struct realtime *rt, const struct change *changes, size_t count, struct db *read)
{
    if (atomic_load_explicit(&rt->stats.sockets, memory_order_relaxed) == 0 && !atomic_load(&rt->open))
        return;
    publish_changes(rt, changes, count, read);
}

void realtime_tell_digest(struct realtime *rt, const struct realtime_digest *digest)
{
    struct buf text;
    if (!realtime_is_open(rt) || doors_count(rt->doors) == 0)
        return;
    buf_init(&text, SAY_BYTES_MAX);
    say_digest(&text, digest);
    struct packet *packet = text.failed ? NULL : packet_text(text.data, text.len, PACKET_STATE, 0, NULL);
    struct note *note = packet == NULL ? NULL : note_create(NOTE_TELL, NULL);
    buf_clear(&text);
    if (note == NULL) {
        packet_unref(packet);
        return;
    }
    note->as.tell.user_id = digest->user_id;
    note->as.tell.packet = packet;
    STATS_ADD(rt->stats.said[SAID_DIGEST_PROGRESS], 1);
    (void)reactor_post_take(hub_reactor_of(rt, digest->user_id), note);
}

void realtime_doubt(struct realtime *rt, int64_t user_id)
{
    publish_doubt(rt, user_id);
}

enum err realtime_cheer(struct realtime *rt, const struct realtime_member *member, int64_t team_id, const char *icon,
                        const char *key)
{
    if (!atomic_load(&rt->open))
        return ERR_CONFLICT;
    struct room *room = room_get_team(rt, team_id);
    struct note *note = room == NULL ? NULL : note_create(NOTE_CHEER, room);
    bool complete = false;
    if (note != NULL) {
        struct note_cheer *c = &note->as.cheer;
        c->user_id = member->user_id;
        c->id = key == NULL ? NULL : strdup(key);
        c->name = strdup(member->name);
        c->icon = strdup(icon);
        note->born_us = reactor_real_us();
        complete = c->name != NULL && c->icon != NULL && (key == NULL || c->id != NULL);
        if (!complete)
            note_free(note);
    }
    bool posted = complete && reactor_post_take(hub_reactor_of(rt, member->user_id), note);
    room_unref(room);
    return posted ? ERR_OK : ERR_BUSY;
}

enum err realtime_feed(struct realtime *rt, const char *json, size_t len)
{
    if (!atomic_load(&rt->open))
        return ERR_CONFLICT;
    struct room *room = room_find(rt, ROOM_FEED);
    if (room == NULL)
        return ERR_OK; /* nobody listens */
    struct note *note = note_create(NOTE_RAW, room);
    if (note != NULL && (note->as.raw.text = malloc(len + 1)) == NULL) {
        note_free(note);
        note = NULL;
    }
    bool posted = false;
    if (note != NULL) {
        memcpy(note->as.raw.text, json, len);
        note->as.raw.len = len;
        note->born_us = reactor_real_us();
        posted = reactor_post_take(hub_home_of(rt, room), note);
    }
    room_unref(room);
    return posted ? ERR_OK : ERR_BUSY;
}

void realtime_metrics(struct realtime *rt, struct buf *out)
{
    stats_text(&rt->stats, out);
    buf_puts(out, "# HELP porchlight_loop_mail Notes that wait for a loop.\n# TYPE porchlight_loop_mail gauge\n");
    for (unsigned i = 0; i < rt->options.loops; i++)
        buf_printf(out, "porchlight_loop_mail{loop=\"%u\"} %zu\n", i, mailbox_depth(rt->reactors[i].mailbox));
}
