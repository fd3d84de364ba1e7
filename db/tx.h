/*
 * One write in progress, and what it will have changed once it is durable.
 *
 * The writer hands a struct tx to each job. Whatever changes the community notes it here; after the commit the writer
 * publishes the notes, in order, to the memory beside the database (db/heads.h and others). Notes of a job that fails
 * are dropped with it. Writer's thread only.
 */
#ifndef PORCHLIGHT_DB_TX_H
#define PORCHLIGHT_DB_TX_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "db/driver.h"

enum change_kind {
    /* durable events: they have a sequence number, and a row in table events */
    CHANGE_POST_CREATED = 1,
    CHANGE_POST_EDITED,
    CHANGE_POST_DELETED,
    CHANGE_POST_PINNED,
    CHANGE_POST_UNPINNED,
    CHANGE_NOTICE,
    CHANGE_LOGGED_LAST = CHANGE_NOTICE,
    /* likewise, without that row: the counter's, the channel's and the message's own rows have the number */
    CHANGE_COUNTER, /* subject: a counter that took one more change */
    CHANGE_MESSAGE, /* subject: a new message; value: its channel; likewise the next two */
    CHANGE_MESSAGE_EDITED,
    CHANGE_MESSAGE_DELETED,
    CHANGE_CHANNEL, /* subject, and value: a channel that was made or changed */
    /* these have a row again */
    CHANGE_POST_HIDDEN,
    CHANGE_POST_RESTORED, /* shown again; value: the number it was created with */
    /* state: no sequence number */
    CHANGE_LIKES = 100, /* subject: a post; value: its count */
    CHANGE_MEMBER,  /* subject: a user whose name, role, teams, visibility or standing changed, or who is new; value: 1
                       when they were shut out, with a team_id of that team alone */
    CHANGE_TOKENS,  /* subject: a user (0: everybody) some of whose tokens no longer hold */
    CHANGE_FLAG,    /* value: the realtime flag */
    CHANGE_ALL,     /* much changed at once (an import): whatever is kept in memory is loaded again */
    CHANGE_PRUNED,  /* value: the oldest event that is still kept */
    CHANGE_RECEIPT, /* subject: a channel; value: the member who has or has read more of it */
    CHANGE_DIGEST,  /* subject: a member; value: the number of their digest job that moved */
    CHANGE_ALARM,   /* value: when the stored alarm of some room is due (db/alarms.h) */
    CHANGE_FAREWELL, /* subject: a member who left for good, and whose words are still to be taken away */
    CHANGE_ERASED,  /* subject: a member whose data were taken away; no older copy of a page may stay */
    CHANGE_MUTE,    /* subject: a member who may not write in a team until `value`; 0: they may again */
};

struct change {
    enum change_kind kind;
    int64_t seq;     /* 0 for state */
    int64_t team_id; /* 0: everybody */
    int64_t subject_id;
    int64_t value;
    int64_t at_ms;
};

struct tx {
    struct db *db;
    int64_t now_ms;         /* one time for the whole batch */
    struct arena *arena;    /* emptied after each job */
    struct problem problem; /* a job that fails says why here */
    struct change *changes; /* of the whole batch, in order; owned by the writer */
    size_t changes_count;
    size_t changes_cap;
};

/* ERR_NO_MEMORY. */
enum err tx_note(struct tx *tx, struct change change);

/* Gives the change the next number of the one sequence, stores it in table events if it is of those that have a row
   there, notes it. `seq` may be NULL. */
enum err tx_event(struct tx *tx, enum change_kind kind, int64_t team_id, int64_t subject_id, int64_t *seq);

/* The same in two steps, for a row that keeps the number of its own event. */
enum err tx_number(struct tx *tx, int64_t *seq);
enum err tx_event_numbered(struct tx *tx, enum change_kind kind, int64_t team_id, int64_t subject_id, int64_t seq);
/* And with a value for those who are told; the table does not keep it. */
enum err tx_event_valued(struct tx *tx, const struct change *change);

#endif
