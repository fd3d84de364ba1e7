/*
 * What threads tell a loop: a note in its mailbox. The sender allocates it, the loop frees it (with what it carries).
 */
#ifndef PORCHLIGHT_REALTIME_NOTE_H
#define PORCHLIGHT_REALTIME_NOTE_H

#include "db/tx.h"
#include "realtime/hub.h"

enum note_kind {
    /* to the socket's loop */
    NOTE_ADOPT,   /* a new socket */
    NOTE_ANSWER,  /* a packet for one socket */
    NOTE_CAUGHT,  /* the desk's answer to a join */
    NOTE_CHECKED, /* the desk's answer to a doubt about a member */
    NOTE_TOKEN,   /* the desk's answer to AUTH */
    NOTE_LIKED,   /* a like is durable, or was refused */
    NOTE_WRITTEN, /* likewise another message that writes */
    NOTE_DOUBT,   /* a member (0: everybody) may no longer be who they were */
    NOTE_CLOSE,   /* every socket */
    NOTE_FORGET,  /* every room catches up from the database: what was told may not be all */
    NOTE_SPREAD,  /* a packet for the loop's sockets in a room */
    NOTE_TELL,    /* a packet for a member's sockets at /ws */
    /* to the room's home */
    NOTE_CHEER,
    NOTE_SAID,     /* a message that is passed on */
    NOTE_EVENT,    /* a durable event, or a like count */
    NOTE_PRESENCE, /* the team's presence changed */
    NOTE_RAW,      /* a text for the room's sockets as it is */
    NOTE_STORED,   /* a job of the rooms writer has ended */
    NOTE_ALARM     /* the stored alarm is due */
};

/* A cheer on its way to its room. */
struct note_cheer {
    struct address from; /* serial 0: by HTTP */
    int64_t user_id;
    bool routed; /* it comes from the member's loop, which has seen that its id is new */
    char *id;    /* owned; NULL: none */
    char *name;
    char *icon;
};

/* A client's message that its room passes on, or not. */
struct note_said {
    struct address from;
    enum message_type type;
    bool appears_offline;
    bool flag;
    char *name; /* of the member; owned */
    char *text; /* owned; NULL: none */
};

/* An event and what its message needs. */
struct note_event {
    struct change change;
    uint64_t likes; /* of a like count: its version */
    char *kind;     /* of a notice: owned */
    char *title;
    char *body;
    char *link;
    char *text; /* the message itself, when the writer's thread made it: owned */
    size_t text_len;
    uint8_t topic;
};

struct note {
    struct mail mail; /* first */
    enum note_kind kind;
    struct room *room; /* a reference, or NULL */
    int64_t born_us;   /* real monotonic time of what it tells, for latency; 0: not measured */
    union {
        struct socket_seed *seed; /* ADOPT (socket.h); owned */
        struct {
            struct address to;
            struct packet *packet; /* owned */
        } answer;
        struct desk_catch *caught;  /* owned by the desk's answer (desk.h) */
        struct desk_check *checked; /* likewise */
        struct desk_token *token;   /* likewise */
        struct writes_like *like;   /* owned (writes.h) */
        struct desk_write *write;   /* owned (desk.h) */
        struct note_said said;
        int64_t user_id; /* DOUBT */
        struct {
            uint16_t code;
            int64_t spread_ms;
        } close;
        struct packet *packet; /* SPREAD; owned */
        struct {
            int64_t user_id;
            struct packet *packet; /* owned */
        } tell;
        struct note_cheer cheer;
        struct note_event event;
        struct {
            char *text; /* owned */
            size_t len;
        } raw;
        struct room_job *stored; /* owned (storage.h) */
        int64_t alarm_ms;        /* ALARM: the time it was set to */
    } as;
};

struct note *note_create(enum note_kind kind, struct room *room); /* takes a reference of its own; NULL: no memory */
void note_free(struct note *n);                                   /* NULL is fine */

#endif
