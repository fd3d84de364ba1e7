/*
 * Web Push as it is stored: the server's key, members' devices and wishes, and the deliveries that are owed. Tables
 * push_*.
 *
 *   notice ─── same transaction ──> push_owed ── spread, a page of devices a job ──> push_deliveries ── settle ──> gone
 *
 * So a commit owes its pushes whatever happens to the process afterwards, and a notice to everybody does not hold the
 * writer up. Reads take any connection; writes take a struct tx.
 */
#ifndef PORCHLIGHT_DB_PUSHES_H
#define PORCHLIGHT_DB_PUSHES_H

#include "db/notices.h"
#include "db/tx.h"

#define PUSHES_PUBLIC_BYTES 65
#define PUSHES_PRIVATE_BYTES 32
#define PUSHES_AUTH_BYTES 16

/* ---- the server's key -------------------------------------------------------------------------------------------- */

struct push_key {
    unsigned char public_key[PUSHES_PUBLIC_BYTES];
    unsigned char private_key[PUSHES_PRIVATE_BYTES];
};

/* ERR_NOT_FOUND: none was made yet. ERR_INTERNAL: it is damaged. */
enum err pushes_key(struct db *db, struct push_key *out);
enum err pushes_key_add(struct tx *tx, const struct push_key *key);

/* ---- devices and wishes ------------------------------------------------------------------------------------------ */

struct push_device {
    int64_t id;
    int64_t user_id;
    const char *endpoint; /* who has it can send to the device: never logged */
    unsigned char public_key[PUSHES_PUBLIC_BYTES];
    unsigned char auth[PUSHES_AUTH_BYTES];
    int64_t created_ms;
    int64_t taken_ms; /* when its push service last took something; 0: never */
    int64_t failures; /* since then */
};

/* By endpoint: one that is known gets the new keys, and is this member's from now on (a tablet changes hands). Beyond
   PUSH_DEVICES_MAX of a member the one that was added first goes. Sets nothing but what it takes from `device`. */
enum err pushes_add_device(struct tx *tx, const struct push_device *device);
/* Idempotent: another member's is left alone. */
enum err pushes_remove_device(struct tx *tx, int64_t user_id, const char *endpoint);
/* Newest first. */
enum err pushes_devices(struct db *db, struct arena *arena, int64_t user_id, struct push_device **out, size_t *count);

struct push_wishes {
    bool only_pins;
    bool quiet;       /* whether there are quiet hours */
    int64_t from_min; /* of the member's day */
    int64_t to_min;
    int64_t zone_min; /* east of UTC */
};

/* What nobody has wished otherwise: everything, at any time. */
enum err pushes_wishes(struct db *db, int64_t user_id, struct push_wishes *out);
enum err pushes_set_wishes(struct tx *tx, int64_t user_id, const struct push_wishes *wishes);

/* Devices and what is owed to them; of a member who goes the wishes as well. */
enum err pushes_forget_devices(struct tx *tx, int64_t user_id);
enum err pushes_forget_member(struct tx *tx, int64_t user_id);

/* ---- deliveries -------------------------------------------------------------------------------------------------- */

/* Called by db/notices.c for a notice that was made now (not one that is imported). */
enum err pushes_owe(struct tx *tx, int64_t notice_id);

/* Whether spreading has something to do. */
enum err pushes_are_owed(struct db *db, bool *owed);
/* Looks at the next `limit` devices for the oldest notice that is owed: those of its team that are not its author's
   and want it get a delivery, due PUSH_DELAY_MS after the notice. */
enum err pushes_spread(struct tx *tx, size_t limit);

struct push_delivery {
    int64_t id;
    int64_t tries;
    int64_t due_ms;
    int64_t expires_ms;
    const char *topic;
    bool wanted; /* the member may still sign in, is in the team, wants this kind */
    struct push_wishes wishes;
    struct push_device device;
    struct notice notice;
};

/* Those due at `until_ms` or before, in the order of their time. */
enum err pushes_due(struct db *db, struct arena *arena, int64_t until_ms, size_t limit, struct push_delivery *out,
                    size_t *count);
/* When the first is due; 0: none. */
enum err pushes_next_ms(struct db *db, int64_t *due_ms);

enum push_outcome {
    PUSH_OUTCOME_TAKEN,   /* the push service has it */
    PUSH_OUTCOME_DROPPED, /* nobody needs it any more */
    PUSH_OUTCOME_REFUSED, /* it cannot be sent; the device is counted a failure */
    PUSH_OUTCOME_AGAIN,   /* at `due_ms`, after a failure */
    PUSH_OUTCOME_WAIT,    /* at `due_ms`; it was not tried */
    PUSH_OUTCOME_GONE,    /* the device is forgotten */
};

struct push_result {
    int64_t delivery_id;
    int64_t notice_id; /* a newer one that took its place meanwhile stays */
    int64_t device_id;
    enum push_outcome outcome;
    int64_t due_ms;
    bool unanswered;      /* AGAIN: that says more of the network, perhaps our own, than of the device */
    bool device_given_up; /* set: PUSH_FAILURES_MAX failures in a row were enough */
};

enum err pushes_settle(struct tx *tx, struct push_result *results, size_t count);

struct push_counts {
    int64_t devices;
    int64_t deliveries; /* and notices whose devices are still to be found */
};
enum err pushes_count(struct db *db, struct push_counts *out);

#endif
