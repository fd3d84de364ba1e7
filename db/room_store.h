/*
 * Room storage: what a room keeps through sleep, restart and crash. The second database file, rooms.db: tables
 * room_values, room_sizes, room_alarms, acks. (The like buffer of the same file: db/pending_likes.h.)
 *
 * A room is named by a text of 1 to ROOM_NAME_BYTES_MAX bytes. Values are bytes, at most ROOM_VALUE_BYTES_MAX, perhaps
 * none; keys are texts of 1 to ROOM_KEY_BYTES_MAX bytes; a room has at most ROOM_KEYS_MAX of them and ROOM_BYTES_MAX in
 * keys and values. All functions run on the rooms writer's thread, inside its transaction, or (the reads) on a read
 * connection to rooms.db. What is read is in the arena. Errors: ERR_STORAGE, ERR_NO_MEMORY, ERR_INVALID (a limit of a
 * name, key or value; only where something is written: a name that cannot be there is not found), ERR_CONFLICT (the
 * room is full), and ERR_NOT_FOUND where it is named.
 */
#ifndef PORCHLIGHT_DB_ROOM_STORE_H
#define PORCHLIGHT_DB_ROOM_STORE_H

#include "db/tx.h"

struct room_value {
    const char *key;
    const void *bytes;
    size_t len;
};

/* ERR_NOT_FOUND. */
enum err room_store_get(struct db *db, struct arena *arena, const char *room, const char *key, struct room_value *out);
/* Those of `keys` that are there, in the order of `keys`; `out` has room for `count`. */
enum err room_store_get_many(struct db *db, struct arena *arena, const char *room, const char *const *keys,
                             size_t count, struct room_value *out, size_t *found);
/* Keys that begin with `prefix` ("" for all), in the order of their bytes, after `after` ("" from the first); `out` has
   room for `limit`. */
enum err room_store_list(struct db *db, struct arena *arena, const char *room, const char *prefix, const char *after,
                         size_t limit, struct room_value *out, size_t *found);

enum err room_store_put(struct tx *tx, const char *room, const struct room_value *value);
enum err room_store_put_many(struct tx *tx, const char *room, const struct room_value *values, size_t count);
enum err room_store_delete(struct tx *tx, const char *room, const char *key); /* fine when it is not there */
/* Those from `first` to `last`, both of them included, in the order of bytes. */
enum err room_store_delete_range(struct tx *tx, const char *room, const char *first, const char *last);
enum err room_store_delete_all(struct tx *tx, const char *room);              /* values and alarm */

/*
 * One alarm a room; db/alarms.h says when and how it runs. Setting it moves it, forgets how often it failed, and notes
 * CHANGE_ALARM; 0 takes it away. Wall time.
 */
enum err room_store_set_alarm(struct tx *tx, const char *room, int64_t due_ms);

enum err room_store_alarm(struct db *db, const char *room, int64_t *due_ms); /* 0: it has none */

struct room_alarm {
    const char *room;
    int64_t due_ms;
    int64_t tries; /* that failed */
};
/* In the order in which they are due, those given up left out; after `after` (NULL: from the first), at most `limit`.
 */
enum err room_store_alarms(struct db *db, struct arena *arena, const struct room_alarm *after, struct room_alarm *out,
                           size_t limit, size_t *found);

/* It failed: once more, then. Nothing when the alarm is no longer there. Notes CHANGE_ALARM. */
enum err room_store_alarm_again(struct tx *tx, const char *room, int64_t due_ms, int64_t tries);
/* It is kept, but does not run until it is set again, or all are revived. */
enum err room_store_alarm_give_up(struct tx *tx, const char *room);
enum err room_store_alarms_revive(struct tx *tx, int64_t *revived); /* those given up have their tries again */

/* How many there are. */
struct room_alarms_count {
    int64_t waiting;
    int64_t given_up;
};
enum err room_store_count_alarms(struct db *db, struct room_alarms_count *out);

/* What it keeps. */
struct room_size {
    int64_t keys;
    int64_t bytes; /* of keys and values */
};
enum err room_store_size(struct db *db, const char *room, struct room_size *out);

/*
 * What a member's message with an `id` (1 to MESSAGE_ID_BYTES_MAX bytes) was answered with, so that sending it again
 * changes nothing twice. Kept ACK_HOURS at least. ERR_NOT_FOUND: the id is new.
 */
enum err room_store_ack_find(struct db *db, struct arena *arena, int64_t user_id, const char *id, const char **answer);
enum err room_store_ack_put(struct tx *tx, int64_t user_id, const char *id, const char *answer); /* ERR_CONFLICT */
/* Those that are older, the oldest first, at most `limit`. */
enum err room_store_ack_prune(struct tx *tx, size_t limit, int64_t *removed);

#endif
