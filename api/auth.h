/*
 * Who is calling: from a bearer token or the session cookie to a member, with what they may do.
 *
 * A token's signature is verified once and its verdict kept in the loop's cache, under a keyed hash of the token. The
 * entry holds until the token expires or the app's auth generation moves; then the member is looked up again (one look
 * at the database, no signature), so that a revoked token, a changed role or a closed account takes effect with the
 * next request. The loop's thread.
 */
#ifndef PORCHLIGHT_API_AUTH_H
#define PORCHLIGHT_API_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/users.h"

struct request;
struct auth_cache;

enum caller_kind { CALLER_NOBODY, CALLER_MEMBER, CALLER_SERVICE };

/* Valid as long as the request. */
struct caller {
    enum caller_kind kind;
    int64_t user_id;
    enum role role;
    bool appears_offline;
    const char *name; /* a member's display name, or a service's */
    const char *jti;
    int64_t token_expires_ms;
    const int64_t *teams; /* the own team first */
    size_t teams_count;
};

struct auth_cache *auth_cache_create(void);
void auth_cache_free(struct auth_cache *cache); /* NULL is fine */

/* Fills r->caller. ERR_UNAUTHENTICATED, ERR_FORBIDDEN (a cookie from a foreign origin), ERR_STORAGE; r->problem says
 * why. */
enum err auth_request(struct request *r);

bool caller_in_team(const struct caller *c, int64_t team_id);
bool caller_leads_team(const struct caller *c, int64_t team_id); /* its coach, or an admin */

/* A new token for a member, signed now: what Session carries. ERR_INTERNAL without a key. In the request's arena. */
enum err auth_issue(struct request *r, const struct user *user, int64_t team_id, const char **token,
                    int64_t *expires_ms);

/* Set-Cookie for a token, or (NULL) one that removes it. */
enum err auth_set_cookie(struct request *r, const char *token, int64_t expires_ms);

/* Whether the Origin header names this server or an allowed site; true when none was sent. */
bool auth_origin_is_ours(const struct request *r);
bool auth_origin_is_allowed(const struct request *r); /* on the CORS list */

#endif
