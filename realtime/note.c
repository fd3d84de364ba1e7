/* Notes between threads. See note.h. */
#include "realtime/note.h"

#include <stdlib.h>

#include "realtime/desk.h"
#include "realtime/packet.h"
#include "realtime/room.h"
#include "realtime/socket.h"
#include "realtime/storage.h"
#include "realtime/writes.h"

struct note *note_create(enum note_kind kind, struct room *room)
{
    struct note *n = calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->kind = kind;
    n->room = room == NULL ? NULL : room_ref(room);
    return n;
}

static void free_event(struct note_event *e)
{
    free(e->kind);
    free(e->title);
    free(e->body);
    free(e->link);
    free(e->text);
}

static void free_contents(struct note *n)
{
    switch (n->kind) {
    case NOTE_ADOPT:
        socket_seed_free(n->as.seed);
        break;
    case NOTE_ANSWER:
        packet_unref(n->as.answer.packet);
        break;
    case NOTE_CAUGHT:
        desk_catch_free(n->as.caught);
        break;
    case NOTE_CHECKED:
        desk_check_free(n->as.checked);
        break;
    case NOTE_TOKEN:
        desk_token_free(n->as.token);
        break;
    case NOTE_LIKED:
        writes_like_free(n->as.like);
        break;
    case NOTE_WRITTEN:
        desk_write_free(n->as.write);
        break;
    case NOTE_SAID:
        free(n->as.said.name);
        free(n->as.said.text);
        break;
    case NOTE_SPREAD:
        packet_unref(n->as.packet);
        break;
    case NOTE_TELL:
        packet_unref(n->as.tell.packet);
        break;
    case NOTE_CHEER:
        free(n->as.cheer.id);
        free(n->as.cheer.name);
        free(n->as.cheer.icon);
        break;
    case NOTE_EVENT:
        free_event(&n->as.event);
        break;
    case NOTE_RAW:
        free(n->as.raw.text);
        break;
    case NOTE_STORED:
        storage_free(n->as.stored);
        break;
    case NOTE_ALARM:
    case NOTE_DOUBT:
    case NOTE_CLOSE:
    case NOTE_FORGET:
    case NOTE_PRESENCE:
        break;
    }
}

void note_free(struct note *n)
{
    if (n == NULL)
        return;
    free_contents(n);
    room_unref(n->room);
    free(n);
}
