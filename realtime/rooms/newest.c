/* Gathered states. See newest.h. */
#include "realtime/rooms/newest.h"

#include <stdlib.h>

#include "realtime/kinds.h"

struct newest_entry {
    enum change_kind kind;
    int64_t subject_id;
    char *text; /* owned */
    size_t len;
};

/* A counter has one kind of change; a channel has several, of which the newest says it all. */
static enum change_kind of_what(enum change_kind kind)
{
    return kind == CHANGE_COUNTER ? CHANGE_COUNTER : CHANGE_CHANNEL;
}

static void say(struct room_turn *t, const struct newest_entry *e)
{
    struct buf text = {.data = e->text, .len = e->len};
    room_say(t, &text, PACKET_STATE, 0, e->kind == CHANGE_COUNTER ? SAID_COUNTER_UPDATE : SAID_CHANNEL_UPDATE);
}

void newest_tell(struct room_turn *t, struct newest *newest)
{
    for (size_t i = 0; i < newest->count; i++) {
        say(t, &newest->entries[i]);
        free(newest->entries[i].text);
    }
    newest->count = 0;
}

void newest_clear(struct newest *newest)
{
    for (size_t i = 0; i < newest->count; i++)
        free(newest->entries[i].text);
    free(newest->entries);
    *newest = (struct newest){0};
}

/* NULL: no memory. */
static struct newest_entry *find(struct newest *newest, enum change_kind kind, int64_t subject_id)
{
    for (size_t i = 0; i < newest->count; i++)
        if (newest->entries[i].kind == kind && newest->entries[i].subject_id == subject_id)
            return &newest->entries[i];
    if (newest->count == newest->cap) {
        size_t cap = newest->cap == 0 ? 4 : newest->cap * 2;
        struct newest_entry *grown = realloc(newest->entries, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        newest->entries = grown;
        newest->cap = cap;
    }
    struct newest_entry *e = &newest->entries[newest->count++];
    *e = (struct newest_entry){.kind = kind, .subject_id = subject_id};
    return e;
}

void newest_add_take(struct room_turn *t, struct newest *newest, struct note_event *event)
{
    enum change_kind kind = of_what(event->change.kind);
    /* A channel's words name it: its message is the subject of the change. */
    int64_t subject_id = kind == CHANGE_COUNTER ? event->change.subject_id : event->change.value;
    struct newest_entry *e = find(newest, kind, subject_id);
    if (e == NULL) {
        const struct newest_entry once = {.kind = kind, .text = event->text, .len = event->text_len};
        say(t, &once);
        return;
    }
    free(e->text);
    e->text = event->text;
    e->len = event->text_len;
    event->text = NULL;
    room_soon(t, TIMER_ROOM_SOON, LIKES_SOON_MS);
}
