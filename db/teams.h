/*
 * Teams and the links that invite into them. A team's id is its coach's user id. Tables teams, memberships, invites.
 *
 * An invite's code is kept only as a BLAKE2b hash, so that a copy of the database opens no door.
 */
#ifndef PORCHLIGHT_DB_TEAMS_H
#define PORCHLIGHT_DB_TEAMS_H

#include "db/users.h"

struct team {
    int64_t id;
    const char *name;
    const char *coach_name;
    int64_t members; /* the coach included */
    int64_t created_ms;
};

struct team_member {
    int64_t user_id;
    const char *name;
    enum role role;
    int64_t joined_ms;
};

enum err teams_by_id(struct db *db, struct arena *arena, int64_t id, struct team *out);

/* Teams with id > `after`, by id, at most `limit`; only those of `user_id`, or all when it is 0. */
enum err teams_page(struct db *db, struct arena *arena, int64_t user_id, int64_t after, size_t limit, struct team **out,
                    size_t *count);

/* All of them, by their coach's user name. Texts are borrowed; `each` runs inside the query. */
struct team_row {
    int64_t id;
    const char *name;
    const char *coach; /* user name */
    int64_t members;   /* as struct team */
    int64_t created_ms;
};
enum err teams_each(struct db *db, void (*each)(void *arg, const struct team_row *row), void *arg);

/* Members with user id > `after`, by id; disabled ones are left out. */
enum err teams_members(struct db *db, struct arena *arena, int64_t team_id, int64_t after, size_t limit,
                       struct team_member **out, size_t *count);

/* The coach becomes a member of the team, and a coach if only a member; the team gets its first channel. ERR_CONFLICT
 * when the coach has a team, ERR_NOT_FOUND for an unknown coach. */
enum err teams_create(struct tx *tx, int64_t coach_id, const char *name, int64_t created_ms);
/* Without a channel, for an import that brings the team's own: whoever ends it calls channels_complete. */
enum err teams_create_bare(struct tx *tx, int64_t coach_id, const char *name, int64_t created_ms);
enum err teams_rename(struct tx *tx, int64_t team_id, const char *name); /* ERR_NOT_FOUND. Notes CHANGE_ALL */

#define INVITE_HASH_BYTES 32

struct invite {
    int64_t team_id;
    int64_t uses_left;
    int64_t expires_ms;
};

/* `id` is what it is listed by. */
enum err teams_invite_create(struct tx *tx, const unsigned char hash[static INVITE_HASH_BYTES], int64_t team_id,
                             int64_t created_by, int64_t uses, int64_t expires_ms, int64_t *id);

/* ERR_NOT_FOUND when unknown, used up or expired at `now_ms`. */
enum err teams_invite_find(struct db *db, const unsigned char hash[static INVITE_HASH_BYTES], int64_t now_ms,
                           struct invite *out);

/* Takes one use, in the transaction that makes the member. ERR_NOT_FOUND as above. */
enum err teams_invite_use(struct tx *tx, const unsigned char hash[static INVITE_HASH_BYTES], struct invite *out);

struct invite_row {
    int64_t id;
    int64_t team_id;
    const char *team_name;
    int64_t created_by;
    const char *creator_name;
    int64_t uses_max;
    int64_t uses_left;
    int64_t created_ms;
    int64_t expires_ms;
};

/* Those that open at `now_ms`, the newest first, below `before_id` (0: from the newest); of a team, or of all (0). */
enum err teams_invites(struct db *db, struct arena *arena, int64_t team_id, int64_t before_id, int64_t now_ms,
                       size_t limit, struct invite_row **out, size_t *count);

/* ERR_NOT_FOUND when there is no such invite, or it is over at `now_ms`. */
enum err teams_invite_team(struct db *db, int64_t id, int64_t now_ms, int64_t *team_id);

/* From now on it opens nothing. ERR_NOT_FOUND. */
enum err teams_invite_revoke(struct tx *tx, int64_t id);

#endif
