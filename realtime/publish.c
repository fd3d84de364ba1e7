/* Publishing. See publish.h. */
#include "realtime/publish.h"

#include <stdlib.h>
#include <string.h>

#include "db/notices.h"
#include "realtime/kinds.h"
#include "realtime/note.h"
#include "realtime/reactor.h"
#include "realtime/room.h"

#define NOTICE_ARENA_BYTES 4096
#define WORDS_ARENA_BYTES 4096

/* What cannot be posted is caught up with from the database. */
static void fell_behind(struct realtime *rt)
{
    for (unsigned i = 0; i < rt->options.loops; i++)
        reactor_gap(&rt->reactors[i]);
}

struct publication {
    struct realtime *rt;
    const struct change *change;
    uint64_t likes;
    int64_t born_us;
    const struct notice *notice; /* NULL: not a notice */
    const char *kind;
    const struct buf *text; /* NULL: the room finds the words */
    uint8_t topic;
};

static bool copy_text(struct note_event *e, const struct publication *p)
{
    if (p->text == NULL)
        return true;
    e->text = malloc(p->text->len + 1);
    if (e->text == NULL)
        return false;
    memcpy(e->text, p->text->data, p->text->len);
    e->text[p->text->len] = '\0';
    e->text_len = p->text->len;
    e->topic = p->topic;
    return true;
}

static bool copy_notice(struct note_event *e, const struct publication *p)
{
    const struct notice *n = p->notice;
    if (n == NULL)
        return true;
    e->kind = strdup(p->kind);
    e->title = strdup(n->title);
    e->body = strdup(n->body);
    e->link = n->link == NULL ? NULL : strdup(n->link);
    return e->kind != NULL && e->title != NULL && e->body != NULL && (n->link == NULL || e->link != NULL);
}

static void post_event(void *arg, struct room *room)
{
    const struct publication *p = arg;
    struct note *note = note_create(NOTE_EVENT, room);
    if (note != NULL) {
        note->born_us = p->born_us;
        note->as.event.change = *p->change;
        note->as.event.likes = p->likes;
        if (!copy_notice(&note->as.event, p) || !copy_text(&note->as.event, p)) {
            note_free(note);
            note = NULL;
        }
    }
    if (note == NULL || !reactor_post_take(hub_home_of(p->rt, room), note))
        fell_behind(p->rt);
}

static void publish_to(struct publication *p, struct room *room)
{
    if (room != NULL)
        post_event(p, room);
    room_unref(room);
}

/* A notice's words: rare, and the row was written a moment ago on this very connection. */
static const struct notice *read_notice(const struct change *c, struct db *read, struct arena *arena,
                                        struct notice *out)
{
    return notices_by_id(read, arena, c->subject_id, out) == ERR_OK ? out : NULL;
}

static void publish_event(struct realtime *rt, const struct change *c, struct db *read)
{
    struct publication p = {.rt = rt, .change = c, .born_us = reactor_real_us()};
    struct arena *arena = NULL;
    struct notice notice;
    if (c->kind == CHANGE_NOTICE) {
        arena = arena_create(NOTICE_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
        p.notice = arena == NULL ? NULL : read_notice(c, read, arena, &notice);
        if (p.notice == NULL) {
            fell_behind(rt);
            arena_free(arena);
            return;
        }
        p.kind = notice_kind_name(notice.kind);
    }
    if (c->team_id == 0)
        room_each_team(rt, post_event, &p);
    else
        publish_to(&p, room_find_team(rt, c->team_id));
    publish_to(&p, room_find(rt, ROOM_FEED));
    arena_free(arena);
}

bool publish_listens(const struct telling *t, const char *name)
{
    struct room *room = name == NULL ? room_find_team(t->rt, t->change->team_id) : room_find(t->rt, name);
    room_unref(room);
    return room != NULL;
}

void publish_tell(const struct telling *t, const char *name, const struct buf *json, uint8_t topic)
{
    if (json->failed) {
        fell_behind(t->rt);
        return;
    }
    struct publication p = {.rt = t->rt, .change = t->change, .born_us = t->born_us, .text = json, .topic = topic};
    publish_to(&p, name == NULL ? room_find_team(t->rt, t->change->team_id) : room_find(t->rt, name));
}

/* Kinds put into words what concerns them. */
static void publish_words(struct realtime *rt, const struct change *c, struct db *read, struct arena **words)
{
    if (*words == NULL)
        *words = arena_create(WORDS_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    struct arena *arena = *words;
    if (read == NULL || arena == NULL) {
        fell_behind(rt);
        return;
    }
    const struct telling t = {.rt = rt, .change = c, .read = read, .arena = arena, .born_us = reactor_real_us()};
    for (const struct room_kind *const *kind = kinds_rooms; *kind != NULL; kind++)
        if ((*kind)->committed != NULL)
            (*kind)->committed(&t);
    arena_reset(arena);
}

/* The head has the newest count of the post and its version, perhaps newer than this change: so much the better. They
   stay together: who returns with a version is not told the counts before it again. */
static void publish_likes(struct realtime *rt, const struct change *c)
{
    struct change newest = *c;
    struct publication p = {.rt = rt, .change = &newest, .born_us = reactor_real_us()};
    struct team_head *head = heads_peek(rt->options.heads, c->team_id);
    if (head != NULL)
        (void)team_head_like(head, c->subject_id, &p.likes, &newest.value);
    publish_to(&p, room_find_team(rt, c->team_id));
    publish_to(&p, room_find(rt, ROOM_FEED));
}

static void tell_loop(struct reactor *r, enum note_kind kind, int64_t user_id)
{
    struct note *note = note_create(kind, NULL);
    if (note != NULL && kind == NOTE_DOUBT)
        note->as.user_id = user_id;
    if (note != NULL)
        reactor_tell_take(r, note);
    else
        reactor_gap(r);
}

void publish_doubt(struct realtime *rt, int64_t user_id)
{
    if (user_id != 0) {
        tell_loop(hub_reactor_of(rt, user_id), NOTE_DOUBT, user_id);
        return;
    }
    for (unsigned i = 0; i < rt->options.loops; i++)
        tell_loop(&rt->reactors[i], NOTE_DOUBT, 0);
}

static void publish(struct realtime *rt, const struct change *c, struct db *read, struct arena **words)
{
    switch (c->kind) {
    case CHANGE_POST_CREATED:
    case CHANGE_POST_EDITED:
    case CHANGE_POST_DELETED:
    case CHANGE_POST_PINNED:
    case CHANGE_POST_UNPINNED:
    case CHANGE_POST_HIDDEN:
    case CHANGE_POST_RESTORED:
    case CHANGE_NOTICE:
        publish_event(rt, c, read);
        break;
    case CHANGE_LIKES:
        publish_likes(rt, c);
        break;
    case CHANGE_MEMBER:
    case CHANGE_TOKENS:
        publish_doubt(rt, c->subject_id);
        break;
    case CHANGE_ALL:
        publish_doubt(rt, 0);
        for (unsigned i = 0; i < rt->options.loops; i++)
            tell_loop(&rt->reactors[i], NOTE_FORGET, 0);
        break;
    case CHANGE_COUNTER:
    case CHANGE_MESSAGE:
    case CHANGE_MESSAGE_EDITED:
    case CHANGE_MESSAGE_DELETED:
    case CHANGE_CHANNEL:
    case CHANGE_RECEIPT:
        publish_words(rt, c, read, words);
        break;
    case CHANGE_DIGEST:
    case CHANGE_ALARM:
    case CHANGE_FAREWELL:
    case CHANGE_ERASED:
    case CHANGE_MUTE:
    case CHANGE_FLAG:
    case CHANGE_PRUNED:
        break;
    }
}

void publish_changes(struct realtime *rt, const struct change *changes, size_t count, struct db *read)
{
    struct arena *words = NULL; /* made when something has to be put into words */
    for (size_t i = 0; i < count; i++)
        publish(rt, &changes[i], read, &words);
    arena_free(words);
}
