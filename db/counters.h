/*
 * Named counters of teams: what they stand at, every change with who made it, milestones. Tables counters,
 * counter_changes.
 *
 * A change is a durable event (CHANGE_COUNTER) and its row has that event's number; a counter's value and count of
 * operations are those of its newest change. Values and amounts stay within COUNTER_VALUE_MAX on both sides, so that
 * every client reads them exactly. Nothing is merged: a hundred changes of one commit are a hundred rows.
 */
#ifndef PORCHLIGHT_DB_COUNTERS_H
#define PORCHLIGHT_DB_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "db/tx.h"

enum counter_kind { COUNTER_INCREMENT, COUNTER_DECREMENT, COUNTER_SET, COUNTER_RESET };
const char *counters_kind_name(enum counter_kind kind); /* "increment", "decrement", "setValue", "reset" */
bool counters_kind_parse(const char *text, enum counter_kind *kind);

/* [a-z0-9][a-z0-9._-]*, at most COUNTER_NAME_CHARS_MAX; NULL is no name. */
bool counters_name_is_good(const char *name);
#define COUNTERS_NAME_RULE                                                                                             \
    "A counter's name has small letters, digits, \".\", \"_\" and \"-\", and begins with a letter or a digit."

struct counter {
    int64_t id;
    int64_t team_id;
    const char *name;
    int64_t value;
    int64_t operations; /* how many changes it took */
    int64_t milestone;  /* the highest that was announced; 0: none */
    int64_t seq;        /* of its newest change; 0: none */
    int64_t created_ms;
    int64_t updated_ms;
};

/* One change, and the counter as it was right after it. */
struct counter_event {
    struct counter counter;
    enum counter_kind kind;
    int64_t previous;
    int64_t user_id;
    const char *user_name; /* as it is shown; NULL where nobody asked */
};

/* ERR_NOT_FOUND. */
enum err counters_by_name(struct db *db, struct arena *arena, int64_t team_id, const char *name, struct counter *out);
enum err counters_by_id(struct db *db, struct arena *arena, int64_t id, struct counter *out);

/* A team's counters that changed after `since_seq` (-1: all), by name. */
enum err counters_of_team(struct db *db, struct arena *arena, int64_t team_id, int64_t since_seq, struct counter **out,
                          size_t *count);

/* Changes with a number below `before_seq` (0: from the newest), newest first, with names of members. */
enum err counters_history(struct db *db, struct arena *arena, const struct counter *counter, int64_t before_seq,
                          size_t limit, struct counter_event **out, size_t *count);

/* Changes with a number above `since_seq`, oldest first, at most `limit`: what a socket missed. */
enum err counters_since(struct db *db, struct arena *arena, const struct counter *counter, int64_t since_seq,
                        size_t limit, struct counter_event **out, size_t *count);

/* Whether all changes with a number above `since_seq` are still kept. */
enum err counters_reach(struct db *db, const struct counter *counter, int64_t since_seq, bool *reach);

/* Forgets what is beyond a counter's newest COUNTER_HISTORY_KEPT changes, at most `limit` rows; value, count of
   operations and milestone stay. */
enum err counters_prune(struct tx *tx, size_t limit, int64_t *removed);

/* What an increment or decrement adds or takes away; of the others there is none. false: none. */
bool counters_amount(const struct counter_event *event, int64_t *amount);

struct counter_order {
    int64_t team_id;
    const char *name; /* a good one */
    enum counter_kind kind;
    int64_t number; /* the amount, from 1 on, or the new value; both within COUNTER_VALUE_MAX */
    int64_t user_id;
    bool leads; /* the team's coach or an admin, who may start a counter, and add more than COUNTER_MEMBER_AMOUNT_MAX */
};

/*
 * Changes a counter, which is made by its first change (a reset makes none). CHANGE_COUNTER; and CHANGE_NOTICE when an
 * increment reaches a milestone for the first time: a win for everybody, by the team's coach. ERR_INVALID when the
 * value would leave its range or a member's amount is too large, ERR_FORBIDDEN when a member would start a counter (its
 * name is told to everybody with its milestones), ERR_CONFLICT beyond COUNTERS_PER_TEAM_MAX, ERR_NOT_FOUND for a reset
 * of nothing. The name in `out` lives in tx->arena.
 */
enum err counters_change(struct tx *tx, const struct counter_order *order, struct counter_event *out);

/* For an import. Stores a change that the caller worked out, with the counter as it is after it; sets the number.
   CHANGE_COUNTER. */
enum err counters_put(struct tx *tx, struct counter_event *event);
/* ERR_CONFLICT when the team has COUNTERS_PER_TEAM_MAX counters. */
enum err counters_make_room(struct tx *tx, int64_t team_id);

/* The highest of 10,000, 25,000, 50,000, 100,000, ... with previous < milestone <= value; 0: none. */
int64_t counters_milestone(int64_t previous, int64_t value);

/*
 * As JSON, for the API and for sockets alike (counters_render.c). `cursor` is where the change stands.
 *   Counter       {id, name, teamId, value, createdAt, updatedAt, operationCount}
 *   CounterEvent  {type, value, previousValue, metadata, timestamp, cursor}
 */
void counters_render(struct json_writer *w, const struct counter *counter);
void counters_render_event(struct json_writer *w, const struct counter_event *event, const char *cursor);

#endif
