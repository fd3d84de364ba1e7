/*
 * From a token to a member, by asking the database: no request, no cache. The part of api/auth.h that any thread may
 * use with a connection of its own.
 */
#include "api/auth.h"

#include "api/app.h"
#include "db/access.h"

/* What a verified token says. */
struct identity {
    int64_t user_id;         /* 0: a service, or looked up by the external id */
    const char *external_id; /* NULL: none */
    const char *service;     /* its name; NULL: a member */
    const char *jti;
    int64_t issued_ms;
    int64_t expires_ms;
};

static enum err find_member(const struct auth_check *check, const struct identity *who, struct user *user)
{
    enum err err = who->external_id != NULL ? users_by_external_id(check->db, check->arena, who->external_id, user)
                                            : users_by_id(check->db, check->arena, who->user_id, user);
    if (err == ERR_OK && (user->disabled || who->issued_ms <= user->tokens_after_ms))
        err = ERR_NOT_FOUND;
    return err;
}

static enum err fill_teams(const struct auth_check *check, struct caller *c)
{
    struct membership *found;
    size_t count;
    enum err err = users_teams(check->db, check->arena, c->user_id, &found, &count);
    if (err != ERR_OK)
        return err;
    int64_t *teams = arena_alloc(check->arena, (count + 1) * sizeof *teams);
    if (teams == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        teams[i] = found[i].team_id;
    c->teams = teams;
    c->teams_count = count;
    return ERR_OK;
}

static enum err fill(const struct auth_check *check, const struct identity *who, const struct user *user,
                     struct caller *out)
{
    *out = (struct caller){
        .kind = who->service != NULL ? CALLER_SERVICE : CALLER_MEMBER,
        .user_id = user->id,
        .role = user->role,
        .appears_offline = user->appear_offline,
        .name = arena_text(check->arena, who->service != NULL ? who->service : user->name),
        .jti = arena_text(check->arena, who->jti),
        .issued_ms = who->issued_ms,
        .token_expires_ms = who->expires_ms,
    };
    if (out->name == NULL || out->jti == NULL)
        return ERR_NO_MEMORY;
    return who->service != NULL ? ERR_OK : fill_teams(check, out);
}

/* Asks the database whether the token still holds, and for whom. */
static enum err admit(const struct auth_check *check, const struct identity *who, struct caller *out)
{
    bool revoked = false;
    struct user user = {0};
    enum err err = access_is_revoked(check->db, who->jti, &revoked);
    if (err == ERR_OK && revoked)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK && who->service == NULL)
        err = find_member(check, who, &user);
    if (err == ERR_OK)
        err = fill(check, who, &user, out);
    if (err == ERR_NOT_FOUND)
        return problem_set(check->problem, ERR_UNAUTHENTICATED,
                           "Your sign-in is no longer valid. Please sign in again.");
    return err == ERR_OK ? ERR_OK : problem_set(check->problem, err, "%s", err_sentence(err));
}

enum err auth_check_token(const struct auth_check *check, const char *token, size_t len, struct caller *out)
{
    const struct options *o = check->app->options;
    struct keyring_expect expect = {.issuer = o->issuer, .audience = o->audience, .now_ms = check->wall_ms};
    struct keyring_verdict verdict;
    struct keyring *ring = keyring_holder_get(&check->app->keyrings);
    enum token_fault fault = keyring_verify(ring, &expect, token, len, check->arena, &verdict);
    keyring_unref(ring);
    if (fault != TOKEN_OK) {
        log_info(check->app->log, "token.refused", LOG_S("id", check->id), LOG_S("reason", token_fault_name(fault)));
        enum err err = token_fault_err(fault);
        return problem_set(check->problem, err, "%s",
                           fault == TOKEN_EXPIRED ? "Your sign-in has expired. Please sign in again."
                                                  : err_sentence(err));
    }
    struct identity who = {
        .user_id = verdict.user_id,
        .external_id = verdict.subject == KEYRING_EXTERNAL ? verdict.name : NULL,
        .service = verdict.subject == KEYRING_SERVICE ? verdict.name : NULL,
        .jti = verdict.claims.jti,
        .issued_ms = verdict.claims.iat_ms,
        .expires_ms = verdict.claims.exp_ms,
    };
    return admit(check, &who, out);
}

enum err auth_check_again(const struct auth_check *check, const struct caller *before, struct caller *out)
{
    struct identity who = {
        .user_id = before->user_id,
        .service = before->kind == CALLER_SERVICE ? before->name : NULL,
        .jti = before->jti,
        .issued_ms = before->issued_ms,
        .expires_ms = before->token_expires_ms,
    };
    return admit(check, &who, out);
}
