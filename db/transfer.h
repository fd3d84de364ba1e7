/*
 * A community on its way in or out: records with their ids, as import and export move them.
 *
 * transfer_put_*: the row becomes what the record says. TRANSFER_SAME when it was so already (then there is no
 * event), otherwise created or updated, with the events that the aggregates make. Parts that `given` does not name
 * keep what the row has, or get their default in a new one. ERR_INVALID or ERR_CONFLICT with tx->problem set when a
 * reference is missing or the record cannot be. Strings read on the way live in tx->arena. What is kept in memory is
 * not told of each row: whoever moves a community drops those notes and calls transfer_note_all once.
 *
 * Who has left here for good (db/farewell.h) does not come back with a file from before: of what is theirs only numbers
 * and empty places are taken, and the rest is TRANSFER_SAME.
 *
 * transfer_each_*: all rows in order of id, without holding more than one in memory. Run inside one db_begin.
 */
#ifndef PORCHLIGHT_DB_TRANSFER_H
#define PORCHLIGHT_DB_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "db/channels.h"
#include "db/counters.h"
#include "db/hidden.h"
#include "db/notices.h"
#include "db/tx.h"
#include "db/users.h"

enum transfer_result { TRANSFER_SAME, TRANSFER_CREATED, TRANSFER_UPDATED };

enum transfer_part {
    TRANSFER_ROLE = 1 << 0,
    TRANSFER_EXTERNAL_ID = 1 << 1,
    TRANSFER_APPEAR_OFFLINE = 1 << 2,
    TRANSFER_DISABLED = 1 << 3,
    TRANSFER_PASSWORD = 1 << 4,
    TRANSFER_CREATED_AT = 1 << 5, /* of a membership: when it began */
    TRANSFER_TOPICS = 1 << 6,
    TRANSFER_PINNED = 1 << 7,
    TRANSFER_EDITED = 1 << 8,
    TRANSFER_TEAM = 1 << 9,
    TRANSFER_BODY = 1 << 10,
    TRANSFER_LINK = 1 << 11,
    TRANSFER_POSTING = 1 << 12,
    TRANSFER_THREAD = 1 << 13,
    TRANSFER_CLIENT_ID = 1 << 14,
    TRANSFER_DELETED = 1 << 15,
    TRANSFER_MILESTONE = 1 << 16,
    TRANSFER_HIDDEN = 1 << 17,
    TRANSFER_AUTHOR = 1 << 18
};

struct transfer_user {
    unsigned given;
    int64_t id;
    const char *username;
    const char *name;
    enum role role;
    const char *external_id; /* NULL: none */
    const char *password;    /* argon2id string; NULL: cannot sign in by password */
    bool appear_offline;
    bool disabled;
    int64_t created_ms;
    int64_t deleted_ms; /* 0: they are here. Otherwise nothing else of the record is taken */
};

struct transfer_team {
    unsigned given;
    int64_t id; /* its coach */
    const char *name;
    int64_t created_ms;
};

struct transfer_membership {
    unsigned given;
    int64_t team_id;
    int64_t user_id;
    int64_t joined_ms;
};

struct transfer_post {
    unsigned given;
    int64_t id;
    int64_t team_id;
    int64_t author_id;
    const char *body;
    const char *topics; /* words separated by one space */
    int64_t pinned_ms;  /* 0: not pinned */
    enum hidden hidden;
    int64_t created_ms;
    int64_t edited_ms; /* 0: never */
};

struct transfer_like {
    unsigned given;
    int64_t post_id;
    int64_t user_id;
    int64_t created_ms;
};

struct transfer_notice {
    unsigned given;
    int64_t id;
    enum notice_kind kind;
    int64_t team_id; /* 0: everybody */
    int64_t author_id;
    const char *title;
    const char *body;
    const char *link; /* NULL: none */
    int64_t created_ms;
};

struct transfer_channel {
    unsigned given;
    int64_t id;
    int64_t team_id;
    const char *name;
    enum posting posting;
    int64_t created_ms;
};

struct transfer_message {
    unsigned given;
    int64_t id;
    int64_t channel_id;
    int64_t author_id;
    const char *content;
    int64_t thread_id;     /* 0: none */
    const char *client_id; /* NULL: none */
    bool deleted;          /* it keeps its place; content is "" */
    enum hidden hidden;    /* of a deleted one nobody asks */
    int64_t created_ms;
    int64_t edited_ms; /* 0: never */
};

struct transfer_receipt {
    int64_t channel_id;
    int64_t user_id;
    int64_t delivered_id;
    int64_t read_id; /* 0: nothing */
};

/* A counter without its changes stands at 0; one whose oldest changes are forgotten where they left it. */
struct transfer_counter {
    unsigned given;
    int64_t id;
    int64_t team_id;
    const char *name;
    int64_t milestone; /* the highest that was told; 0: none */
    int64_t forgotten; /* changes before the first that is kept */
    int64_t value;     /* after these */
    int64_t created_ms;
};

struct transfer_counter_change {
    unsigned given;
    int64_t counter_id;
    int64_t operation; /* 1 for the counter's first change, and so on */
    enum counter_kind kind;
    int64_t value; /* after it */
    int64_t user_id;
    int64_t at_ms;
};

struct transfer_mute {
    unsigned given;
    int64_t team_id;
    int64_t user_id;
    int64_t until_ms;
    int64_t author_id; /* who asked for it; 0: the operator */
    int64_t created_ms;
};

/* Whether the member has left for good; false also for one who never was. */
enum err transfer_has_left(struct tx *tx, int64_t user_id, bool *left);

enum err transfer_put_user(struct tx *tx, const struct transfer_user *record, enum transfer_result *result);
enum err transfer_put_team(struct tx *tx, const struct transfer_team *record, enum transfer_result *result);
enum err transfer_put_membership(struct tx *tx, const struct transfer_membership *record, enum transfer_result *result);
/* A post that was deleted here stays deleted: TRANSFER_SAME. */
enum err transfer_put_post(struct tx *tx, const struct transfer_post *record, enum transfer_result *result);
enum err transfer_put_like(struct tx *tx, const struct transfer_like *record, enum transfer_result *result);
enum err transfer_put_notice(struct tx *tx, const struct transfer_notice *record, enum transfer_result *result);
enum err transfer_put_channel(struct tx *tx, const struct transfer_channel *record, enum transfer_result *result);
/* A message that was deleted here stays deleted: TRANSFER_SAME. */
enum err transfer_put_message(struct tx *tx, const struct transfer_message *record, enum transfer_result *result);
/* Only moves forward. */
enum err transfer_put_receipt(struct tx *tx, const struct transfer_receipt *record, enum transfer_result *result);

/* A milestone that was told here stays told. */
enum err transfer_put_counter(struct tx *tx, const struct transfer_counter *record, enum transfer_result *result);
/* A counter's changes come in order; one that is forgotten here stays so: TRANSFER_SAME. No milestone is told. */
enum err transfer_put_counter_change(struct tx *tx, const struct transfer_counter_change *record,
                                     enum transfer_result *result);

enum err transfer_put_mute(struct tx *tx, const struct transfer_mute *record, enum transfer_result *result);
/* One word of the word list. */
enum err transfer_put_word(struct tx *tx, const char *word, enum transfer_result *result);

/* `each` returns anything but ERR_OK to stop; that is returned. */
enum err transfer_each_user(struct db *db, enum err (*each)(void *arg, const struct transfer_user *record), void *arg);
enum err transfer_each_team(struct db *db, enum err (*each)(void *arg, const struct transfer_team *record), void *arg);
enum err transfer_each_membership(struct db *db, enum err (*each)(void *arg, const struct transfer_membership *record),
                                  void *arg);
enum err transfer_each_post(struct db *db, enum err (*each)(void *arg, const struct transfer_post *record), void *arg);
enum err transfer_each_like(struct db *db, enum err (*each)(void *arg, const struct transfer_like *record), void *arg);
enum err transfer_each_notice(struct db *db, enum err (*each)(void *arg, const struct transfer_notice *record),
                              void *arg);
enum err transfer_each_channel(struct db *db, enum err (*each)(void *arg, const struct transfer_channel *record),
                               void *arg);
enum err transfer_each_message(struct db *db, enum err (*each)(void *arg, const struct transfer_message *record),
                               void *arg);
enum err transfer_each_receipt(struct db *db, enum err (*each)(void *arg, const struct transfer_receipt *record),
                               void *arg);

enum err transfer_each_counter(struct db *db, enum err (*each)(void *arg, const struct transfer_counter *record),
                               void *arg);
enum err transfer_each_counter_change(struct db *db,
                                      enum err (*each)(void *arg, const struct transfer_counter_change *record),
                                      void *arg);

enum err transfer_each_mute(struct db *db, enum err (*each)(void *arg, const struct transfer_mute *record), void *arg);
enum err transfer_each_word(struct db *db, enum err (*each)(void *arg, const char *word), void *arg);

/* What a team has from its beginning and no record brought. Once at the end. */
enum err transfer_complete(struct tx *tx);

/* CHANGE_ALL, with the newest number of the sequence, so that cursors given from now on are known to be ours. */
enum err transfer_note_all(struct tx *tx);

/* Whether anybody is there, and whether the demo is what is there. */
enum err transfer_population(struct db *db, int64_t *users, bool *is_demo);
enum err transfer_mark_demo(struct tx *tx);

/*
 * Looks for damage: the file's own check, dangling references, like counts that are not their rows, counters that
 * are not their newest change. `out` says what, or is empty.
 */
enum err transfer_inspect(struct db *db, char *out, size_t out_bytes);

#endif
