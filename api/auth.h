/*
 * Who is calling: from a bearer token or the session cookie to a member, with what they may do.
 *
 * A token's signature is verified once and its verdict kept in the loop's cache, under a keyed hash of the token. The
 * entry holds until the token expires or auth_changed tells of its member; then the member is looked up again (one look
 * at the database, no signature), so that a revoked token, a changed role or a closed account takes effect with the
 * next request. What concerns everybody may concern the keys: then the signature is verified again as well. The loop's
 * thread.
 */
#ifndef PORCHLIGHT_API_AUTH_H
#define PORCHLIGHT_API_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/users.h"

struct app;
struct request;
struct auth_cache;

enum caller_kind { CALLER_NOBODY, CALLER_MEMBER, CALLER_SERVICE };

/* Valid as long as the request, or the arena of who asked. */
struct caller {
    enum caller_kind kind;
    int64_t user_id;
    enum role role;
    bool appears_offline;
    const char *name; /* a member's display name, or a service's */
    const char *jti;
    int64_t issued_ms; /* the token was */
    int64_t token_expires_ms;
    const int64_t *teams; /* the own team first */
    size_t teams_count;
};

struct auth_cache *auth_cache_create(void);
void auth_cache_free(struct auth_cache *cache); /* NULL is fine */

/* Something about the member (0: anybody) is no longer what it was: after the commit, before anything that would show
 * it. Any thread. */
void auth_changed(struct app *app, int64_t user_id);

/* Fills r->caller. ERR_UNAUTHENTICATED, ERR_FORBIDDEN (a cookie from a foreign origin), ERR_STORAGE; r->problem says
 * why. */
enum err auth_request(struct request *r);

/*
 * The same without a request, a cache or a loop (api/auth_check.c): any thread that may ask the database. Who keeps an
 * answer reads app->auth_generation before asking; when it has moved, the answer may no longer hold.
 */
struct auth_check {
    struct app *app;
    struct db *db;       /* the calling thread's */
    struct arena *arena; /* what is found lies in it */
    int64_t wall_ms;
    const char *id;          /* of the request, for the log */
    struct problem *problem; /* says why not */
};

/* Verifies everything: signature, claims, time; then what auth_check_again asks. ERR_UNAUTHENTICATED, ERR_STORAGE,
   ERR_NO_MEMORY. */
enum err auth_check_token(const struct auth_check *check, const char *token, size_t len, struct caller *out);

/*
 * Whether a token that was verified before still holds, and who its member is now. Of `before` are read: kind, user_id,
 * jti, issued_ms, token_expires_ms and, of a service, the name; `out` may be the same. ERR_UNAUTHENTICATED: revoked, or
 * the member is gone or disabled; ERR_STORAGE, ERR_NO_MEMORY: it is not known. The token's end is not looked at.
 */
enum err auth_check_again(const struct auth_check *check, const struct caller *before, struct caller *out);

bool caller_in_team(const struct caller *c, int64_t team_id);
bool caller_leads_team(const struct caller *c, int64_t team_id); /* its coach, or an admin */

/*
 * What a token that is about to be made says as its `iat`, asked before the member is read: a reset of the password
 * that this reading does not see will end the token.
 */
int64_t auth_issue_time(const struct request *r);

/* A new token for a member as they were read after `issued_ms`: what Session carries. ERR_INTERNAL without a key. In
   the request's arena. */
enum err auth_issue(struct request *r, const struct user *user, int64_t team_id, int64_t issued_ms, const char **token,
                    int64_t *expires_ms);

/* Set-Cookie for a token, or (NULL) one that removes it. */
enum err auth_set_cookie(struct request *r, const char *token, int64_t expires_ms);

/* Whether the Origin header names this server; true when none was sent. */
bool auth_origin_is_ours(const struct request *r);
bool auth_origin_is_allowed(const struct request *r); /* on the CORS list */

#endif
