/*
 * The realtime module of a build without it (REALTIME=0): it cannot be created, so nobody has one to call. To clients
 * such a server is one whose flag is off. Likes are written as ever: their buffer never opens (what a build with the
 * module left in it was brought home by api/store.c).
 */
#include <assert.h>
#include <string.h>

#include "realtime/handshake.h"
#include "realtime/kinds.h"
#include "realtime/realtime.h"

bool realtime_available(void)
{
    return false;
}

const char *realtime_library_version(void)
{
    return NULL;
}

enum err realtime_create(const struct realtime_options *options, struct realtime **out)
{
    (void)options;
    *out = NULL;
    return ERR_CONFLICT;
}

void realtime_free(struct realtime *rt)
{
    assert(rt == NULL);
}

enum err realtime_start(struct realtime *rt)
{
    (void)rt;
    return ERR_CONFLICT;
}

bool realtime_is_open(const struct realtime *rt)
{
    (void)rt;
    return false;
}

void realtime_close_all(struct realtime *rt)
{
    assert(rt == NULL);
}

void realtime_settle(struct realtime *rt)
{
    assert(rt == NULL);
}

bool realtime_turned(struct realtime *rt)
{
    assert(rt == NULL);
    return true;
}

void realtime_alarm(struct realtime *rt, const char *room, int64_t due_ms)
{
    (void)room;
    (void)due_ms;
    assert(rt == NULL);
}

void realtime_stop(struct realtime *rt)
{
    assert(rt == NULL);
}

void realtime_freeze_loops(struct realtime *rt)
{
    assert(rt == NULL);
}

bool realtime_freeze(struct realtime *rt, FILE *out, struct buf *fds)
{
    (void)out;
    (void)fds;
    assert(rt == NULL);
    return true;
}

bool realtime_thaw(struct realtime *rt, struct pack_reader *from)
{
    (void)rt;
    (void)from;
    return false;
}

/* The addresses of realtime/kinds.c: whoever knocks there hears why not. */
const struct socket_path *realtime_path(const char *path)
{
    static const struct socket_path paths[] = {
        {.path = "ws"}, {.path = "api/feed/live"}, {.path = "ws/counter/{x}"}, {.path = "channel/{x}/websocket"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (handshake_path_matches(paths[i].path, path))
            return &paths[i];
    return NULL;
}

const char *realtime_path_room(const struct socket_path *path)
{
    (void)path;
    return NULL;
}

bool realtime_path_names(const struct socket_path *path)
{
    (void)path;
    return false;
}

bool realtime_path_resumes(const struct socket_path *path)
{
    (void)path;
    return false;
}

enum err realtime_admit(struct realtime *rt, const struct realtime_knock *knock, struct problem *problem)
{
    (void)rt;
    (void)knock;
    return problem_set(problem, ERR_CONFLICT, "This build has no realtime module. Please poll.");
}

void realtime_give_up(struct realtime *rt, const struct realtime_knock *knock)
{
    (void)rt;
    (void)knock;
}

void realtime_adopt_take(struct realtime *rt, const struct realtime_knock *knock, int fd, bool deflate,
                         const void *early, size_t early_len)
{
    (void)rt;
    (void)knock;
    (void)fd;
    (void)deflate;
    (void)early;
    (void)early_len;
    assert(!"nothing is admitted here");
}

void realtime_published(struct realtime *rt, const struct change *changes, size_t count, struct db *read)
{
    (void)rt;
    (void)changes;
    (void)count;
    (void)read;
}

void realtime_tell_digest(struct realtime *rt, const struct realtime_digest *digest)
{
    (void)digest;
    assert(rt == NULL);
}

void realtime_doubt(struct realtime *rt, int64_t user_id)
{
    (void)user_id;
    assert(rt == NULL);
}

size_t realtime_sockets(struct realtime *rt)
{
    (void)rt;
    return 0;
}

enum err realtime_cheer(struct realtime *rt, const struct realtime_member *member, int64_t team_id, const char *icon,
                        const char *key)
{
    (void)rt;
    (void)member;
    (void)team_id;
    (void)icon;
    (void)key;
    return ERR_CONFLICT;
}

enum err realtime_feed(struct realtime *rt, const char *json, size_t len)
{
    (void)rt;
    (void)json;
    (void)len;
    return ERR_CONFLICT;
}

void realtime_metrics(struct realtime *rt, struct buf *out)
{
    (void)rt;
    (void)out;
}
