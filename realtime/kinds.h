/*
 * What kinds of rooms there are, and where sockets may be opened: two tables that a test build replaces by its own.
 *
 * A kind knows no socket and no SQL: it is told what happens in its room and says what goes to whom (realtime/room.h).
 * All its methods run on the room's home loop. Between `wake` and `sleep` it has `state_bytes` of memory, zeroed at
 * first; whatever must survive sleep is on the sockets (attachments) or in room storage.
 */
#ifndef PORCHLIGHT_REALTIME_KINDS_H
#define PORCHLIGHT_REALTIME_KINDS_H

#include "realtime/room.h"

struct room_kind {
    const char *name;
    size_t state_bytes;
    void (*wake)(struct room_turn *t);
    void (*sleep)(struct room_turn *t); /* gives back what the state holds */
    void (*cheer)(struct room_turn *t, const struct note_cheer *cheer);
    void (*event)(struct room_turn *t, const struct note_event *event);
    void (*presence)(struct room_turn *t); /* who is here has changed */
    void (*raw)(struct room_turn *t, const char *text, size_t len);
    void (*timer)(struct room_turn *t, enum reactor_timer which);
    void (*alarm)(struct room_turn *t, int64_t due_ms); /* the stored one (storage.h); NULL: the kind sets none */
};

struct socket;

struct socket_path {
    const char *path; /* without the first slash, as the router has it */
    const char *room; /* the room that is entered at once; NULL: the client says which (JOIN_TEAM) */
    const struct room_kind *kind;
    size_t message_bytes_max;
    /* NULL: JSON messages (realtime/session.h). Otherwise every message goes here. */
    void (*message)(struct reactor *r, struct socket *s, const unsigned char *bytes, size_t len, bool text);
};

extern const struct socket_path kinds_paths[];      /* ends with a NULL path */
extern const struct room_kind *const kinds_rooms[]; /* whose rooms are named KIND/...; ends with NULL */

extern const struct room_kind team_kind; /* rooms/team.c */
extern const struct room_kind feed_kind; /* rooms/feed.c */

#endif
