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

/* Ten thousand members have one each, so it is as long as it must be: the teams, the jti, the name. */
struct entry {
    unsigned char key[crypto_shorthash_siphashx24_BYTES];
    uint64_t changes; /* of the member, when they were last looked up */
    int64_t issued_ms;
    int64_t expires_ms;
    int64_t user_id; /* 0: a service */
    uint32_t used;   /* the least recently used of a set makes room */
    uint8_t role;
    bool appears_offline;
    uint8_t teams_count;
    int64_t teams[]; /* behind them the jti and the name, each with its NUL */
};

static_assert(TEAMS_PER_MEMBER_MAX <= UINT8_MAX, "a count of teams is a byte");

struct auth_cache {
    unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
    uint32_t clock; /* may come round: ages are differences */
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
        if (*spare != NULL && cache->clock - set[i]->used > cache->clock - (*spare)->used)
            spare = &set[i];
    }
    return spare;
}

/* ---- changes of members ------------------------------------------------------------------------------------------ */

#define EVERYBODY AUTH_SLOTS

static size_t slot_of(int64_t user_id)
{
    return (size_t)((uint64_t)user_id % AUTH_SLOTS);
}

/* The whole first: see known_since. */
void auth_changed(struct app *app, int64_t user_id)
{
    (void)atomic_fetch_add(&app->auth_generation, 1);
    (void)atomic_fetch_add(&app->auth_members[user_id == 0 ? EVERYBODY : slot_of(user_id)], 1);
}

/* The changes of everybody, such as of keys, above those of the member. */
static uint64_t changes_of(const struct app *app, int64_t user_id)
{
    return (uint64_t)atomic_load(&app->auth_members[EVERYBODY]) << 32 |
           atomic_load(&app->auth_members[slot_of(user_id)]);
}

static bool keys_may_differ(uint64_t changes, uint64_t since)
{
    return changes >> 32 != since >> 32;
}

/*
 * What changes_of was before the database was asked who the member is, when only the whole could be read: it was
 * `generation` then. If anything changed meanwhile, the verdict is one that the next request looks at again:
 * since the whole moves first, a change that is in changes_of already is seen in it.
 */
static uint64_t known_since(const struct app *app, int64_t user_id, uint64_t generation)
{
    uint64_t changes = changes_of(app, user_id);
    return atomic_load(&app->auth_generation) == generation ? changes : changes - 1;
}

/* ---- callers and entries ----------------------------------------------------------------------------------------- */

static char *entry_jti(struct entry *e)
{
    return (char *)(e->teams + e->teams_count);
}

static char *entry_name(struct entry *e)
{
    char *jti = entry_jti(e);
    return jti + strlen(jti) + 1;
}

static struct entry *make_entry(const unsigned char key[static 16], uint64_t changes, const struct caller *c)
{
    size_t jti_bytes = strlen(c->jti) + 1;
    size_t name_bytes = strlen(c->name) + 1;
    struct entry *e = malloc(sizeof *e + c->teams_count * sizeof *c->teams + jti_bytes + name_bytes);
    if (e == NULL)
        return NULL;
    *e = (struct entry){
        .changes = changes,
        .issued_ms = c->issued_ms,
        .expires_ms = c->token_expires_ms,
        .user_id = c->user_id,
        .role = (uint8_t)c->role,
        .appears_offline = c->appears_offline,
        .teams_count = (uint8_t)c->teams_count,
    };
    memcpy(e->key, key, sizeof e->key);
    for (size_t i = 0; i < c->teams_count; i++)
        e->teams[i] = c->teams[i];
    memcpy(entry_jti(e), c->jti, jti_bytes);
    memcpy(entry_name(e), c->name, name_bytes);
    return e;
}

/* Copied into the request's arena: the entry may be replaced while the request waits for the writer. */
static enum err fill_caller(struct request *r, struct entry *e)
{
    int64_t *teams = arena_alloc(r->arena, (e->teams_count + 1U) * sizeof *teams);
    r->caller = (struct caller){
        .kind = e->user_id == 0 ? CALLER_SERVICE : CALLER_MEMBER,
        .user_id = e->user_id,
        .role = e->role,
        .appears_offline = e->appears_offline,
        .name = arena_text(r->arena, entry_name(e)),
        .jti = arena_text(r->arena, entry_jti(e)),
        .issued_ms = e->issued_ms,
        .token_expires_ms = e->expires_ms,
        .teams = teams,
        .teams_count = e->teams_count,
    };
    if (teams == NULL || r->caller.name == NULL || r->caller.jti == NULL)
        return ERR_NO_MEMORY;
    memcpy(teams, e->teams, e->teams_count * sizeof *teams);
    return ERR_OK;
}

/* Asks anew: all of it, or (a change of the member came) whether the verdict still holds. */
static enum err ask(struct request *r, const char *token, size_t len, bool again)
{
    struct auth_check check = {
        .app = r->app,
        .db = r->loop->db,
        .arena = r->arena,
        .wall_ms = r->loop->wall_ms,
        .id = request_id(r),
        .problem = &r->problem,
    };
    return again ? auth_check_again(&check, &r->caller, &r->caller) : auth_check_token(&check, token, len, &r->caller);
}

/* Verifying is the dearest thing that a stranger can ask for, and each failure is a line in the log. An address that
   has failed too often is not verified for a while; those whose tokens are known do not notice. */
static const struct rate token_rate = {RATE_ANONYMOUS_PER_MINUTE, RATE_ANONYMOUS_BURST};

static enum err may_verify(struct request *r)
{
    if (!r->app->options->rate_limit)
        return ERR_OK;
    int64_t wait_ms = rate_wait(r->app->rates, rate_key(RATE_ADDRESS_TOKEN, r->address_key), token_rate,
                                r->loop->now_ms);
    if (wait_ms == 0)
        return ERR_OK;
    r->problem.retry_after_s = (int)((wait_ms + 999) / 1000);
    return r->problem.err = ERR_RATE_LIMITED;
}

static enum err verify(struct request *r, const char *token, size_t len)
{
    enum err err = may_verify(r);
    if (err != ERR_OK)
        return err;
    err = ask(r, token, len, false);
    if (err == ERR_UNAUTHENTICATED && r->app->options->rate_limit)
        (void)rate_take(r->app->rates, rate_key(RATE_ADDRESS_TOKEN, r->address_key), token_rate, r->loop->now_ms);
    return err;
}

static enum err admit_token(struct request *r, const char *token, size_t len)
{
    struct auth_cache *cache = r->loop->auth;
    unsigned char key[crypto_shorthash_siphashx24_BYTES];
    if (len > TOKEN_BYTES_MAX)
        return problem_set(&r->problem, ERR_UNAUTHENTICATED, "%s", err_sentence(ERR_UNAUTHENTICATED));
    (void)crypto_shorthash_siphashx24(key, (const unsigned char *)token, len, cache->secret);
    struct entry **slot = find_slot(cache, key);
    struct entry *e = *slot != NULL && memcmp((*slot)->key, key, sizeof key) == 0 ? *slot : NULL;
    uint64_t changes = e != NULL ? changes_of(r->app, e->user_id) : 0;
    enum err err = e != NULL ? fill_caller(r, e) : ERR_OK;
    if (err == ERR_OK && e != NULL && e->expires_ms <= r->loop->wall_ms)
        err = problem_set(&r->problem, ERR_UNAUTHENTICATED, "Your sign-in has expired. Please sign in again.");
    if (err == ERR_OK && (e == NULL || e->changes != changes)) {
        struct entry *fresh = NULL;
        uint64_t generation = atomic_load(&r->app->auth_generation);
        err = e == NULL ? verify(r, token, len) : ask(r, token, len, !keys_may_differ(changes, e->changes));
        if (err == ERR_OK)
            changes = known_since(r->app, r->caller.user_id, generation);
        if (err == ERR_OK && (fresh = make_entry(key, changes, &r->caller)) == NULL)
            err = ERR_NO_MEMORY;
        if (err == ERR_OK) {
            free(*slot);
            *slot = fresh;
        }
    }
    if (err == ERR_OK) {
        (*slot)->used = ++cache->clock;
    } else {
        r->caller = (struct caller){0};
        if (err == ERR_UNAUTHENTICATED && e != NULL) {
            free(e);
            *slot = NULL;
        }
    }
    return err;
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
    /* A browser sends the cookie whoever asks it to; so an unsafe request must say that it comes from our own pages,
       or from those that the operator listed. */
    bool ours = r->head.origin != NULL && (auth_origin_is_ours(r) || auth_origin_is_allowed(r));
    if (is_unsafe(r->method) && !ours)
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

int64_t auth_issue_time(const struct request *r)
{
    int64_t batch_ms = writer_batch_ms(r->app->writer);
    return batch_ms != 0 && batch_ms < r->loop->wall_ms ? batch_ms : r->loop->wall_ms;
}

enum err auth_issue(struct request *r, const struct user *user, int64_t team_id, int64_t issued_ms, const char **token,
                    int64_t *expires_ms)
{
    const struct options *o = r->app->options;
    char jti[TOKEN_ID_BYTES];
    token_new_id(jti);
    if (issued_ms <= user->tokens_after_ms) /* made in the millisecond of the reset, by who knows the new password */
        issued_ms = user->tokens_after_ms + 1;
    *expires_ms = issued_ms + o->token_ttl_s * 1000;
    struct token_claims claims = {
        .sub = arena_printf(r->arena, "%lld", (long long)user->id),
        .role = role_name(user->role),
        .team = team_id == 0 ? NULL : arena_printf(r->arena, "%lld", (long long)team_id),
        .jti = jti,
        .iss = o->issuer,
        .aud = o->audience,
        .iat_ms = issued_ms,
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
