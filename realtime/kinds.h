/*
 * What kinds of rooms there are, and where sockets may be opened: two tables that a test build replaces by its own.
 *
 * A kind knows no socket and no SQL: it is told what happens in its room and says what goes to whom (realtime/room.h).
 * Its methods run on the room's home loop, but for those that say otherwise. Between `wake` and `sleep` it has
 * `state_bytes` of memory, zeroed at first; whatever must survive sleep is on the sockets (attachments), in room
 * storage or in the posts database.
 *
 *   a member writes   socket's loop: message of a type in `writes` ──> main writer: its run, committed ──> answered
 *   it is committed   main writer: `committed` makes words ──NOTE_EVENT──> home loop: `event` ──> everybody in the room
 *   somebody comes    socket's loop ──> rooms writer: `missed` reads ──> told in order, then what was said since
 */
#ifndef PORCHLIGHT_REALTIME_KINDS_H
#define PORCHLIGHT_REALTIME_KINDS_H

#include "realtime/desk.h"
#include "realtime/message.h"
#include "realtime/note.h"
#include "realtime/room.h"

struct attachment;

struct telling; /* realtime/publish.h */

/* A client's message that writes. Ends with a NULL run. */
struct room_write {
    enum message_type type;
    enum err (*run)(struct desk_write *write, struct tx *tx); /* the main writer's thread; see desk.h */
};

/* A method that a kind has no use for is NULL. */
struct room_kind {
    const char *name;
    size_t state_bytes;
    void (*wake)(struct room_turn *t);
    void (*sleep)(struct room_turn *t); /* gives back what the state holds */
    void (*cheer)(struct room_turn *t, const struct note_cheer *cheer);
    void (*event)(struct room_turn *t, struct note_event *event); /* which may take the event's text */
    void (*presence)(struct room_turn *t);                        /* who is here has changed */
    void (*raw)(struct room_turn *t, const char *text, size_t len);
    void (*timer)(struct room_turn *t, enum reactor_timer which);
    void (*alarm)(struct room_turn *t, int64_t due_ms); /* the stored one (storage.h) */

    const struct room_write *writes;
    /* A message that is passed on and not kept. A kind has it when it `hears` the type. */
    bool (*hears)(enum message_type type);
    void (*said)(struct room_turn *t, const struct note_said *said);
    /* A change of any kind was committed. The main writer's thread. */
    void (*committed)(const struct telling *t);
    /* What a socket in a room of this kind missed. When nothing else says WELCOME (`greets`), the first packet for a
       socket that is not yet welcome does. The rooms writer's thread. */
    enum err (*missed)(struct desk_catch *c, struct db *read, struct arena *arena);
    bool greets;
    /* The newest state of this kind that a team's socket missed, which is not told event by event. Likewise. */
    enum err (*heads)(struct desk_catch *c, struct db *read, struct arena *arena);
    bool syncs; /* a client may say: I have all up to this (MESSAGE_SYNC) */
    bool likes; /* posts may be liked from there */
    uint32_t (*limit)(const struct realtime_options *options); /* of sockets; NULL: room_limit */
    bool (*made)(struct room *room);                           /* makes room->people; false: no memory */
    /* Somebody came or went. The socket's loop; what they touch (room->people) needs its own lock. */
    void (*entered)(struct reactor *r, struct room *room, const struct attachment *who);
    void (*left)(struct reactor *r, struct room *room, const struct attachment *who);
    void (*forget)(struct room *room); /* frees room->people: the room's last reference is gone */
};

struct socket;

struct socket_path {
    const char *path; /* without the first slash, as the router has it; {x} is any one segment */
    const char
        *room;  /* the room that is entered at once; NULL: the client says which (JOIN_TEAM), unless it is named */
    bool named; /* the address names the room: api/socket.c finds it */
    const struct room_kind *kind;
    size_t message_bytes_max;
    /* NULL: JSON messages (realtime/session.h). Otherwise every message goes here. */
    void (*message)(struct reactor *r, struct socket *s, const unsigned char *bytes, size_t len, bool text);
};

extern const struct socket_path kinds_paths[];      /* ends with a NULL path */
extern const struct room_kind *const kinds_rooms[]; /* all whose rooms are named KIND/...; ends with NULL */

extern const struct room_kind team_kind;    /* rooms/team.c */
extern const struct room_kind feed_kind;    /* rooms/feed.c */
extern const struct room_kind counter_kind; /* rooms/counter.c */
extern const struct room_kind channel_kind; /* rooms/channel.c */

#endif
