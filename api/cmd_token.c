/*
 * token issue, verify, revoke, keys.
 */
#include <stdio.h>
#include <string.h>

#include "api/cmd.h"
#include "api/keyring.h"
#include "db/access.h"

/* The keyring of the database, with the foreign keys of the options. NULL: an error was printed. */
static struct keyring *load_keyring(struct operator_context *ctx)
{
    struct keyring *ring = NULL;
    struct problem problem = {0};
    enum err err = keyring_load(ctx->db, ctx->options->trusted_keys, ctx->options->trusted_keys_count, &ring, &problem);
    if (err == ERR_OK)
        return ring;
    problem.err = err;
    (void)operator_fail_with(ctx, &problem);
    return NULL;
}

/* ---- issue ------------------------------------------------------------------------------------------------------- */

/* Whom the token is for, also as the audit log says it. False: an error was printed. */
static bool claim_member(struct operator_context *ctx, struct token_claims *claims, struct audit_entry *entry)
{
    struct user user;
    struct membership *teams;
    size_t count;
    if (!operator_find_user(ctx, ctx->options->user, &user))
        return false;
    if (user.disabled) {
        (void)operator_fail(ctx, "%s is disabled", user.username);
        return false;
    }
    enum err err = users_teams(ctx->db, ctx->arena, user.id, &teams, &count);
    if (err != ERR_OK) {
        (void)operator_fail(ctx, "%s", err_sentence(err));
        return false;
    }
    if (claims->iat_ms <= user.tokens_after_ms)
        claims->iat_ms = user.tokens_after_ms + 1;
    claims->sub = arena_printf(ctx->arena, "%lld", (long long)user.id);
    claims->role = role_name(user.role);
    claims->team = count > 0 ? arena_printf(ctx->arena, "%lld", (long long)teams[0].team_id) : NULL;
    entry->subject = "user";
    entry->subject_id = user.id;
    return true;
}

static bool claim_service(struct operator_context *ctx, struct token_claims *claims, struct audit_entry *entry)
{
    if (!keyring_service_name(ctx->options->service)) {
        (void)operator_fail(ctx, "a service's name has 1 to 60 letters, digits, dots, hyphens or underscores");
        return false;
    }
    claims->sub = arena_printf(ctx->arena, "service:%s", ctx->options->service);
    claims->role = "service";
    entry->detail = arena_printf(ctx->arena, "for the service %s", ctx->options->service);
    return true;
}

int cmd_token_issue(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    int64_t now_ms = clock_wall_ms(ctx->clock);
    char jti[TOKEN_ID_BYTES];
    token_new_id(jti);
    struct token_claims claims = {
        .jti = jti,
        .iss = o->issuer,
        .aud = o->audience,
        .iat_ms = now_ms,
        .exp_ms = now_ms + (o->ttl_s > 0 ? o->ttl_s : o->token_ttl_s) * 1000,
    };
    struct audit_entry entry = {.action = "token.issue"};
    struct problem problem = {0};
    if (!(o->user != NULL ? claim_member(ctx, &claims, &entry) : claim_service(ctx, &claims, &entry)))
        return 1;
    struct keyring *ring = load_keyring(ctx);
    if (ring == NULL)
        return 1;
    const char *token;
    enum err err = keyring_sign(ring, &claims, ctx->arena, &token);
    keyring_unref(ring);
    if (err != ERR_OK)
        return operator_fail(ctx, err == ERR_NOT_FOUND ? "there is no key to sign with" : "the token cannot be signed");
    if (operator_record(ctx, &entry, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s", token);
    return 0;
}

/* ---- verify ------------------------------------------------------------------------------------------------------ */

static enum token_fault verify(struct operator_context *ctx, struct keyring *ring, const char *token,
                               struct keyring_verdict *verdict)
{
    const struct keyring_expect expect = {
        .issuer = ctx->options->issuer,
        .audience = ctx->options->audience,
        .now_ms = clock_wall_ms(ctx->clock),
    };
    return keyring_verify(ring, &expect, token, strlen(token), ctx->arena, verdict);
}

/* The member a verdict speaks of. ERR_NOT_FOUND: there is none (a service, or nobody we know). */
static enum err member_of(struct operator_context *ctx, const struct keyring_verdict *verdict, struct user *user)
{
    switch (verdict->subject) {
    case KEYRING_USER:
        return users_by_id(ctx->db, ctx->arena, verdict->user_id, user);
    case KEYRING_EXTERNAL:
        return users_by_external_id(ctx->db, ctx->arena, verdict->name, user);
    default:
        return ERR_NOT_FOUND;
    }
}

static void print_claims(struct operator_context *ctx, const struct keyring_verdict *verdict, const struct user *user)
{
    char issued[CLOCK_TEXT_BYTES];
    char expires[CLOCK_TEXT_BYTES];
    clock_format(verdict->claims.iat_ms, issued);
    clock_format(verdict->claims.exp_ms, expires);
    if (user != NULL)
        operator_print(ctx, "  for       %s (%s), %s", user->username, user->name, role_name(user->role));
    else
        operator_print(ctx, "  for       the service %s", verdict->name);
    operator_print(ctx, "  issued    %s by %s", issued, verdict->claims.iss);
    operator_print(ctx, "  expires   %s", expires);
    operator_print(ctx, "  audience  %s", verdict->claims.aud);
    operator_print(ctx, "  id        %s", verdict->claims.jti);
    operator_print(ctx, "  key       %s%s", verdict->kid, verdict->foreign ? " (another site's)" : "");
}

/* A token that is in order still has to be one that nobody took back. NULL: it holds. */
static const char *why_void(struct operator_context *ctx, const struct keyring_verdict *verdict, enum err found,
                            const struct user *user)
{
    bool revoked = false;
    if (access_is_revoked(ctx->db, verdict->claims.jti, &revoked) != ERR_OK)
        return "the database cannot be read";
    if (revoked)
        return "the token was revoked";
    if (verdict->subject == KEYRING_SERVICE)
        return NULL;
    if (found != ERR_OK)
        return "the token is for somebody who is not a member";
    if (user->disabled)
        return "the token is for a member who is disabled";
    if (verdict->claims.iat_ms <= user->tokens_after_ms)
        return "the token is older than the last time the member was signed out everywhere";
    return NULL;
}

int cmd_token_verify(struct operator_context *ctx)
{
    struct keyring *ring = load_keyring(ctx);
    if (ring == NULL)
        return 1;
    struct keyring_verdict verdict;
    struct user user;
    enum token_fault fault = verify(ctx, ring, ctx->options->words[0], &verdict);
    keyring_unref(ring);
    if (fault != TOKEN_OK)
        return operator_fail(ctx, "%s", token_fault_sentence(fault));
    enum err found = member_of(ctx, &verdict, &user);
    const char *why = why_void(ctx, &verdict, found, &user);
    if (why != NULL)
        return operator_fail(ctx, "%s", why);
    operator_print(ctx, "The token holds.");
    print_claims(ctx, &verdict, found == ERR_OK ? &user : NULL);
    return 0;
}

/* ---- revoke ------------------------------------------------------------------------------------------------------ */

struct revoke_job {
    struct job job;
    const char *jti;
    int64_t user_id;
    int64_t expires_ms;
    const char *password;
};

/* What was issued by another site, or for a service, names no member. */
static enum err record(struct tx *tx, const struct revoke_job *job, const char *detail)
{
    const struct audit_entry entry = {.action = "token.revoke",
                                      .subject = job->user_id != 0 ? "user" : NULL,
                                      .subject_id = job->user_id,
                                      .detail = detail};
    return audit_add(tx, &entry);
}

static enum err revoke_one(struct job *base, struct tx *tx)
{
    const struct revoke_job *job = (const struct revoke_job *)base;
    enum err err = access_revoke(tx, job->jti, job->user_id, job->expires_ms);
    return err == ERR_OK ? record(tx, job, "one") : err;
}

/* Setting a password ends what was issued before, also when it is the one they have. */
static enum err revoke_all(struct job *base, struct tx *tx)
{
    const struct revoke_job *job = (const struct revoke_job *)base;
    enum err err = users_set_password(tx, job->user_id, job->password);
    return err == ERR_OK ? record(tx, job, "all") : err;
}

static int revoke_member(struct operator_context *ctx)
{
    struct user user;
    if (!operator_find_user(ctx, ctx->options->user, &user))
        return 1;
    struct revoke_job job = {.job.run = revoke_all, .user_id = user.id, .password = user.password};
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s was signed out everywhere.", user.username);
    return 0;
}

int cmd_token_revoke(struct operator_context *ctx)
{
    if (ctx->options->user != NULL)
        return revoke_member(ctx);
    struct keyring *ring = load_keyring(ctx);
    if (ring == NULL)
        return 1;
    struct keyring_verdict verdict;
    struct user user;
    enum token_fault fault = verify(ctx, ring, ctx->options->words[0], &verdict);
    keyring_unref(ring);
    if (fault == TOKEN_EXPIRED) {
        operator_print(ctx, "The token has expired already.");
        return 0;
    }
    if (fault != TOKEN_OK)
        return operator_fail(ctx, "%s", token_fault_sentence(fault));
    struct revoke_job job = {
        .job.run = revoke_one,
        .jti = verdict.claims.jti,
        .user_id = member_of(ctx, &verdict, &user) == ERR_OK ? user.id : 0,
        .expires_ms = verdict.claims.exp_ms,
    };
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "The token was revoked.");
    return 0;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

struct rotate_job {
    struct job job;
    struct signing_key key;
};

static enum err add_key(struct job *base, struct tx *tx)
{
    const struct audit_entry entry = {.action = "key.rotate"};
    enum err err = access_key_add(tx, &((struct rotate_job *)base)->key);
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

static int rotate(struct operator_context *ctx)
{
    struct rotate_job job = {.job.run = add_key};
    struct problem problem = {0};
    keyring_key_new(&job.key, clock_wall_ms(ctx->clock));
    enum err err = operator_write(ctx, &job.job, &problem);
    if (err == ERR_OK)
        operator_print(ctx, "Tokens are signed with %s from now on.", job.key.kid);
    keyring_key_wipe(&job.key);
    return err == ERR_OK ? 0 : operator_fail_with(ctx, &problem);
}

static void print_key(struct operator_context *ctx, const struct signing_key *key)
{
    char text[PASERK_PUBLIC_BYTES];
    char created[CLOCK_TEXT_BYTES];
    char retired[CLOCK_TEXT_BYTES];
    paserk_public(key->public_key, text);
    clock_format(key->created_ms, created);
    clock_format(key->retired_ms, retired);
    operator_print(ctx, "%s", key->kid);
    operator_print(ctx, "  public   %s", text);
    operator_print(ctx, "  made     %s", created);
    operator_print(ctx, "  state    %s%s", key->retired_ms == 0 ? "signs" : "verifies only, since ",
                   key->retired_ms == 0 ? "" : retired);
}

int cmd_token_keys(struct operator_context *ctx)
{
    if (ctx->options->words_count == 1) {
        if (strcmp(ctx->options->words[0], "rotate") != 0)
            return operator_misused(ctx, "token keys takes nothing or rotate, not \"%.60s\"", ctx->options->words[0]);
        return rotate(ctx);
    }
    struct signing_key keys[SIGNING_KEYS_MAX];
    size_t count = 0;
    enum err err = access_keys(ctx->db, keys, SIGNING_KEYS_MAX, &count);
    for (size_t i = 0; i < count; i++) {
        print_key(ctx, &keys[i]);
        keyring_key_wipe(&keys[i]);
    }
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}
