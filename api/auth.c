/*
 * Credentials to callers. See auth.h.
 *
 *   cache: sets of WAYS entries, chosen by a keyed hash of the token; the whole 128-bit hash is compared. The key is
 * random per loop, so nobody can aim at a set, and a token itself is never kept.
 */
#include "api/auth.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/request.h"
#include "api/server.h"

#define WAYS 4
#define SETS (TOKEN_CACHE_ENTRIES / WAYS)

struct entry {
    unsigned char key[crypto_shorthash_siphashx24_BYTES];
    uint64_t generation; /* of the app, when the member was last looked up */
    int64_t issued_ms;
    int64_t expires_ms;
    int64_t user_id; /* 0: a service */
    enum role role;
    bool appears_offline;
    uint64_t used; /* the least recently used of a set makes room */
    char *jti;     /* points into `text`, as `name` does */
    char *name;
    size_t teams_count;
    int64_t teams[TEAMS_PER_MEMBER_MAX];
    char text[];
};

struct auth_cache {
    unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
    uint64_t clock;
    struct entry *sets[SETS][WAYS];
};

struct auth_cache *auth_cache_create(void)
{
    struct auth_cache *cache = calloc(1, sizeof *cache); /* sets nobody uses cost no memory */
    if (cache != NULL)
        randombytes_buf(cache->secret, sizeof cache->secret);
    return cache;
}

void auth_cache_free(struct auth_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < WAYS; k++)
            free(cache->sets[i][k]);
    free(cache);
}

/* The place of the entry with this key, or (no entry has it) the one that may be replaced. */
static struct entry **find_slot(struct auth_cache *cache, const unsigned char key[static 16])
{
    uint64_t hash;
    memcpy(&hash, key, sizeof hash);
    struct entry **set = cache->sets[hash % SETS];
    struct entry **spare = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i] == NULL) {
            spare = &set[i];
            continue;
        }
        if (memcmp(set[i]->key, key, sizeof set[i]->key) == 0)
            return &set[i];
        if (*spare != NULL && set[i]->used < (*spare)->used)
            spare = &set[i];
    }
    return spare;
}

/* ---- from a verified token to an entry --------------------------------------------------------------------------- */

static enum err no_longer(struct request *r)
{
    return problem_set(&r->problem, ERR_UNAUTHENTICATED, "Your sign-in is no longer valid. Please sign in again.");
}

static enum err read_storage(struct request *r, enum err err)
{
    return err == ERR_NOT_FOUND ? no_longer(r) : problem_set(&r->problem, err, "%s", err_sentence(err));
}

/* The member as the database has them now. ERR_NOT_FOUND: nobody who may come in. */
static enum err look_up(struct request *r, const struct keyring_verdict *verdict, int64_t user_id, struct user *user)
{
    struct db *db = r->loop->db;
    if (verdict != NULL && verdict->subject == KEYRING_EXTERNAL)
        return users_by_external_id(db, r->arena, verdict->name, user);
    return users_by_id(db, r->arena, user_id, user);
}

static struct entry *make_entry(const char *jti, const char *name)
{
    size_t jti_len = strlen(jti) + 1;
    size_t name_len = strlen(name) + 1;
    struct entry *e = calloc(1, sizeof *e + jti_len + name_len);
    if (e == NULL)
        return NULL;
    e->jti = memcpy(e->text, jti, jti_len);
    e->name = memcpy(e->text + jti_len, name, name_len);
    return e;
}

static enum err fill_teams(struct request *r, struct entry *e)
{
    struct membership *teams;
    size_t count;
    enum err err = users_teams(r->loop->db, r->arena, e->user_id, &teams, &count);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < count && i < TEAMS_PER_MEMBER_MAX; i++)
        e->teams[e->teams_count++] = teams[i].team_id;
    return ERR_OK;
}

struct identity {
    const struct keyring_verdict *verdict; /* NULL: known from before */
    int64_t user_id;
    const char *jti;
    const char *service; /* NULL: a member */
    int64_t issued_ms;
    int64_t expires_ms;
};

/* Asks the database whether the token still holds, and makes an entry of the answer. */
static enum err admit(struct request *r, const struct identity *who, struct entry **out)
{
    uint64_t generation = atomic_load_explicit(&r->app->auth_generation, memory_order_acquire);
    bool revoked = false;
    struct user user = {0};
    enum err err = access_is_revoked(r->loop->db, who->jti, &revoked);
    if (err == ERR_OK && revoked)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK && who->service == NULL) {
        err = look_up(r, who->verdict, who->user_id, &user);
        if (err == ERR_OK && (user.disabled || who->issued_ms < user.tokens_after_ms))
            err = ERR_NOT_FOUND;
    }
    if (err != ERR_OK)
        return read_storage(r, err);
    struct entry *e = make_entry(who->jti, who->service != NULL ? who->service : user.name);
    if (e == NULL)
        return ERR_NO_MEMORY;
    e->generation = generation;
    e->issued_ms = who->issued_ms;
    e->expires_ms = who->expires_ms;
    e->user_id = user.id;
    e->role = user.role;
    e->appears_offline = user.appear_offline;
    err = e->user_id != 0 ? fill_teams(r, e) : ERR_OK;
    if (err != ERR_OK) {
        free(e);
        return read_storage(r, err);
    }
    *out = e;
    return ERR_OK;
}

static enum err verify(struct request *r, const char *token, size_t len, struct entry **out)
{
    const struct options *o = r->app->options;
    struct keyring_expect expect = {.issuer = o->issuer, .audience = o->audience, .now_ms = r->loop->wall_ms};
    struct keyring_verdict verdict;
    struct keyring *ring = keyring_holder_get(&r->app->keyrings);
    enum token_fault fault = keyring_verify(ring, &expect, token, len, r->arena, &verdict);
    keyring_unref(ring);
    if (fault != TOKEN_OK) {
        log_info(r->app->log, "token.refused", LOG_S("id", request_id(r)), LOG_S("reason", token_fault_name(fault)));
        enum err err = token_fault_err(fault);
        return problem_set(&r->problem, err, "%s",
                           fault == TOKEN_EXPIRED ? "Your sign-in has expired. Please sign in again."
                                                  : err_sentence(err));
    }
    struct identity who = {
        .verdict = &verdict,
        .user_id = verdict.user_id,
        .jti = verdict.claims.jti,
        .service = verdict.subject == KEYRING_SERVICE ? verdict.name : NULL,
        .issued_ms = verdict.claims.iat_ms,
        .expires_ms = verdict.claims.exp_ms,
    };
    return admit(r, &who, out);
}

/* The member may have changed: looked up again under the same verdict. */
static enum err refresh(struct request *r, const struct entry *old, struct entry **out)
{
    struct identity who = {
        .user_id = old->user_id,
        .jti = old->jti,
        .service = old->user_id == 0 ? old->name : NULL,
        .issued_ms = old->issued_ms,
        .expires_ms = old->expires_ms,
    };
    return admit(r, &who, out);
}

static void fill_caller(struct request *r, const struct entry *e)
{
    struct caller *c = &r->caller;
    int64_t *teams = arena_alloc(r->arena, sizeof e->teams);
    c->name = arena_text(r->arena, e->name);
    c->jti = arena_text(r->arena, e->jti);
    c->teams_count = teams == NULL ? 0 : e->teams_count;
    if (teams != NULL)
        memcpy(teams, e->teams, e->teams_count * sizeof *teams);
    c->teams = teams;
    c->kind = e->user_id == 0 ? CALLER_SERVICE : CALLER_MEMBER;
    c->user_id = e->user_id;
    c->role = e->role;
    c->appears_offline = e->appears_offline;
    c->token_expires_ms = e->expires_ms;
}

static enum err admit_token(struct request *r, const char *token, size_t len)
{
    struct auth_cache *cache = r->loop->auth;
    unsigned char key[crypto_shorthash_siphashx24_BYTES];
    enum err err = ERR_OK;
    if (len > TOKEN_BYTES_MAX)
        return problem_set(&r->problem, ERR_UNAUTHENTICATED, "%s", err_sentence(ERR_UNAUTHENTICATED));
    (void)crypto_shorthash_siphashx24(key, (const unsigned char *)token, len, cache->secret);
    struct entry **slot = find_slot(cache, key);
    struct entry *e = *slot != NULL && memcmp((*slot)->key, key, sizeof key) == 0 ? *slot : NULL;
    struct entry *fresh = NULL;
    if (e == NULL)
        err = verify(r, token, len, &fresh);
    else if (e->expires_ms <= r->loop->wall_ms)
        err = problem_set(&r->problem, ERR_UNAUTHENTICATED, "Your sign-in has expired. Please sign in again.");
    else if (e->generation != atomic_load_explicit(&r->app->auth_generation, memory_order_acquire))
        err = refresh(r, e, &fresh);
    if (err == ERR_OK && fresh != NULL) {
        memcpy(fresh->key, key, sizeof key);
        free(*slot);
        *slot = e = fresh;
    } else if (err == ERR_UNAUTHENTICATED && e != NULL) {
        free(e);
        *slot = NULL;
    }
    if (err != ERR_OK)
        return err;
    e->used = ++cache->clock;
    fill_caller(r, e);
    return r->caller.name == NULL || r->caller.jti == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* ---- where a token stands ---------------------------------------------------------------------------------------- */

/* The value of our cookie (RFC 6265, section 4.2.1); NULL: it is not there. */
static const char *find_cookie(const char *header, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    for (const char *at = header; *at != '\0';) {
        at += strspn(at, "; \t");
        size_t pair = strcspn(at, ";");
        if (pair > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            *len = pair - name_len - 1;
            return at + name_len + 1;
        }
        at += pair;
    }
    return NULL;
}

bool auth_origin_is_allowed(const struct request *r)
{
    const struct options *o = r->app->options;
    for (size_t i = 0; r->head.origin != NULL && i < o->cors_origins_count; i++)
        if (strcmp(o->cors_origins[i], r->head.origin) == 0)
            return true;
    return false;
}

bool auth_origin_is_ours(const struct request *r)
{
    const char *origin = r->head.origin;
    if (origin == NULL || strcmp(origin, r->app->origin) == 0)
        return true;
    if (r->app->options->public_url_given || r->head.host == NULL)
        return false;
    /* Without a public URL the address that the browser itself used is ours: "localhost" as well as "127.0.0.1". */
    const char *host = strstr(origin, "://");
    return host != NULL && strcmp(host + 3, r->head.host) == 0;
}

static bool is_unsafe(enum method method)
{
    return method != METHOD_GET && method != METHOD_HEAD && method != METHOD_OPTIONS;
}

enum err auth_request(struct request *r)
{
    static const char bearer[] = "Bearer ";
    const char *token = r->head.authorization;
    size_t len = 0;
    if (token != NULL && strncasecmp(token, bearer, sizeof bearer - 1) == 0) {
        token += sizeof bearer - 1;
        return admit_token(r, token, strlen(token));
    }
    token = r->head.cookie == NULL ? NULL : find_cookie(r->head.cookie, r->app->cookie_name, &len);
    if (token == NULL)
        return problem_set(&r->problem, ERR_UNAUTHENTICATED, "%s", err_sentence(ERR_UNAUTHENTICATED));
    /* A browser sends the cookie whoever asks it to; so an unsafe request must say that it comes from our own pages. */
    if (is_unsafe(r->method) && (r->head.origin == NULL || !auth_origin_is_ours(r)))
        return problem_set(&r->problem, ERR_FORBIDDEN, "This request does not come from this site.");
    return admit_token(r, token, len);
}

bool caller_in_team(const struct caller *c, int64_t team_id)
{
    for (size_t i = 0; i < c->teams_count; i++)
        if (c->teams[i] == team_id)
            return true;
    return c->kind == CALLER_MEMBER && c->role == ROLE_ADMIN;
}

bool caller_leads_team(const struct caller *c, int64_t team_id)
{
    return c->kind == CALLER_MEMBER &&
           (c->role == ROLE_ADMIN || c->user_id == team_id); /* a team's id is its coach's */
}

/* ---- new tokens -------------------------------------------------------------------------------------------------- */

enum err auth_issue(struct request *r, const struct user *user, int64_t team_id, const char **token,
                    int64_t *expires_ms)
{
    const struct options *o = r->app->options;
    char jti[TOKEN_ID_BYTES];
    token_new_id(jti);
    int64_t now_ms = r->loop->wall_ms;
    *expires_ms = now_ms + o->token_ttl_s * 1000;
    struct token_claims claims = {
        .sub = arena_printf(r->arena, "%lld", (long long)user->id),
        .role = role_name(user->role),
        .team = team_id == 0 ? NULL : arena_printf(r->arena, "%lld", (long long)team_id),
        .jti = jti,
        .iss = o->issuer,
        .aud = o->audience,
        .iat_ms = now_ms,
        .exp_ms = *expires_ms,
    };
    if (claims.sub == NULL || (team_id != 0 && claims.team == NULL))
        return ERR_NO_MEMORY;
    struct keyring *ring = keyring_holder_get(&r->app->keyrings);
    enum err err = keyring_sign(ring, &claims, r->arena, token);
    keyring_unref(ring);
    return err == ERR_NOT_FOUND ? ERR_INTERNAL : err;
}

enum err auth_set_cookie(struct request *r, const char *token, int64_t expires_ms)
{
    int64_t age_s = token == NULL ? 0 : (expires_ms - r->loop->wall_ms) / 1000;
    char *cookie = arena_printf(r->arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s", r->app->cookie_name,
                                token == NULL ? "" : token, (long long)age_s, r->app->secure_cookies ? "; Secure" : "");
    if (cookie == NULL)
        return ERR_NO_MEMORY;
    request_header(r, "Set-Cookie", cookie);
    return ERR_OK;
}
