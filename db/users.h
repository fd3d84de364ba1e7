/*
 * Members: who they are, how they sign in, which teams they are in. Tables users, memberships.
 *
 * Reads take any connection and put strings into the arena; writes take a struct tx. A user name is compared without
 * regard to ASCII case and stored in lower case.
 */
#ifndef PORCHLIGHT_DB_USERS_H
#define PORCHLIGHT_DB_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "db/driver.h"
#include "db/tx.h"

enum role { ROLE_MEMBER, ROLE_COACH, ROLE_ADMIN };

const char *role_name(enum role role); /* "member", "coach", "admin" */
bool role_parse(const char *text, enum role *role);

struct user {
    int64_t id;
    const char *username;
    const char *name;
    enum role role;
    bool appear_offline;
    bool disabled;
    const char *external_id; /* NULL: none */
    const char *password;    /* argon2id string; NULL: cannot sign in by password */
    int64_t tokens_after_ms; /* tokens issued before this or then do not hold */
    int64_t created_ms;
};

struct membership {
    int64_t team_id;
    const char *team_name;
    int64_t joined_ms;
};

/* ERR_UNAUTHENTICATED: they have left for good. What is to be written for a member asks it in its transaction: they may
   have left since they were let in. */
enum err users_is_here(struct db *db, int64_t id);
/* ERR_NOT_FOUND when there is none. */
enum err users_by_id(struct db *db, struct arena *arena, int64_t id, struct user *out);
enum err users_by_username(struct db *db, struct arena *arena, const char *username, struct user *out);
enum err users_by_external_id(struct db *db, struct arena *arena, const char *external_id, struct user *out);

/* Oldest membership first: the first is the member's own team. */
enum err users_teams(struct db *db, struct arena *arena, int64_t user_id, struct membership **out, size_t *count);

struct user_new {
    int64_t id; /* 0: the next free one */
    const char *username;
    const char *name;
    enum role role;
    const char *password;    /* argon2id string, or NULL */
    const char *external_id; /* or NULL */
    bool appear_offline;
    bool disabled;
    int64_t created_ms; /* 0: now */
};

/* Those who are in no presence set: disabled, or they appear offline. `each` runs inside the query. */
enum err users_each_hidden(struct db *db, void (*each)(void *arg, int64_t id), void *arg);

/* Ids above `after` of those who are not disabled, in order; `out` has room for `limit`. */
enum err users_ids(struct db *db, int64_t after, int64_t *out, size_t limit, size_t *count);

/* Everybody, by user name. Texts are borrowed; `each` runs inside the query. */
struct user_row {
    int64_t id;
    const char *username;
    const char *name;
    enum role role;
    const char *team; /* the name of the one they joined first; NULL: none */
    bool disabled;
    int64_t created_ms;
};
enum err users_each(struct db *db, void (*each)(void *arg, const struct user_row *row), void *arg);

/* The same by id, above `after`, at most `limit`, without those who left for good. */
enum err users_page(struct db *db, int64_t after, size_t limit, void (*each)(void *arg, const struct user_row *row),
                    void *arg);

/* ERR_CONFLICT with a sentence when the user name (or external id) is taken. Notes CHANGE_MEMBER. */
enum err users_create(struct tx *tx, const struct user_new *user, int64_t *id);

/* Each notes CHANGE_MEMBER (and CHANGE_TOKENS where tokens stop holding). ERR_NOT_FOUND. */
enum err users_rename(struct tx *tx, int64_t id, const char *name);
enum err users_set_appear_offline(struct tx *tx, int64_t id, bool appear_offline);
enum err users_set_password(struct tx *tx, int64_t id, const char *password); /* earlier tokens stop holding */
enum err users_set_disabled(struct tx *tx, int64_t id, bool disabled);        /* earlier tokens stop holding */
enum err users_set_role(struct tx *tx, int64_t id, enum role role);

/* Idempotent. ERR_CONFLICT beyond TEAMS_PER_MEMBER_MAX. `joined_ms` 0: now. Notes CHANGE_MEMBER when new. */
enum err users_join(struct tx *tx, int64_t user_id, int64_t team_id, int64_t joined_ms);

/* Out of a team. ERR_NOT_FOUND when not in it. Notes CHANGE_MEMBER with value 1: they are here no longer. */
enum err users_leave(struct tx *tx, int64_t user_id, int64_t team_id);

/* Members seen (polled) on the given UTC days; idempotent. `day` is days since 1970-01-01. For engagement figures. */
enum err users_seen(struct tx *tx, int64_t day, const int64_t *user_ids, size_t count);
/* Forgets days of before ACTIVITY_KEPT_DAYS, at most `limit` rows. */
enum err users_seen_prune(struct tx *tx, size_t limit, int64_t *removed);

struct engagement {
    int64_t users, teams, posts, likes, notices;
    int64_t active_day;  /* distinct members seen on the day of `now_ms` */
    int64_t active_week; /* and on the seven days that end with it */
};
enum err users_engagement(struct db *db, int64_t now_ms, struct engagement *out);

struct engagement_day {
    int64_t day;     /* since 1970-01-01, UTC */
    int64_t members; /* distinct ones seen on it */
};
/* The days that end with that of `now_ms`, oldest first, those without anybody too. */
enum err users_days(struct db *db, int64_t now_ms, struct engagement_day out[static ENGAGEMENT_DAYS]);

#endif
