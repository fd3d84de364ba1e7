/*
 * Signing in and out: login, join by invite, refresh, logout, tickets for sockets.
 *
 * Passwords are hashed and verified on helper threads, so that neither a loop nor the writer waits for argon2id. What a
 * step leaves for the next lies in struct sign_in, in the request's arena; the password is wiped when it was used.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "api/password.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/secret.h"
#include "api/server.h"
#include "api/username.h"
#include "api/write.h"
#include "db/teams.h"

struct sign_in {
    struct user user;
    bool known;
    bool right;
    char *password;
    size_t password_len;
    char hash[PASSWORD_HASH_BYTES];
    enum err hash_err;
    unsigned char invite[INVITE_HASH_BYTES];
    char username[USERNAME_BYTES];
    const char *name;
};

/* A sentence that does not tell whether the name or the password was wrong. */
static void refuse_sign_in(struct request *r)
{
    request_refuse(r, ERR_UNAUTHENTICATED, "The name or the password is not right.");
}

/* Session: a new token with its member, and the cookie. */
static void answer_session(struct request *r, int64_t user_id, int status)
{
    struct user user;
    struct membership *teams = NULL;
    size_t count = 0;
    const char *token = NULL;
    int64_t expires_ms = 0;
    enum err err = users_by_id(r->loop->db, r->arena, user_id, &user);
    if (err == ERR_OK)
        err = users_teams(r->loop->db, r->arena, user_id, &teams, &count);
    if (err == ERR_OK)
        err = auth_issue(r, &user, count > 0 ? teams[0].team_id : 0, &token, &expires_ms);
    if (err == ERR_OK)
        err = auth_set_cookie(r, token, expires_ms);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    buf_reset(&r->out);
    json_object_begin(&w);
    json_key(&w, "token");
    json_put_string(&w, token);
    json_key(&w, "expiresAt");
    json_put_time(&w, expires_ms);
    json_key(&w, "user");
    render_user(&w, &user, teams, count);
    json_object_end(&w);
    request_reply(r, status);
}

/* ---- login ------------------------------------------------------------------------------------------------------- */

static void verify_password(struct request *r)
{
    struct sign_in *s = r->state;
    s->right = password_verify(s->known ? s->user.password : NULL, s->password, s->password_len);
    sodium_memzero(s->password, s->password_len);
}

static void after_verify(struct request *r)
{
    struct sign_in *s = r->state;
    if (!s->right || !s->known) {
        refuse_sign_in(r);
        return;
    }
    if (s->user.disabled) {
        request_refuse(r, ERR_UNAUTHENTICATED, "This account is closed. Please ask your coach.");
        return;
    }
    answer_session(r, s->user.id, 200);
}

void session_login(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "name", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = USERNAME_CHARS_MAX},
        {.name = "password", .kind = JSON_KIND_SECRET, .required = true, .min = 1, .max = PASSWORD_CHARS_MAX},
    };
    struct json_value values[2];
    struct sign_in *s = arena_zalloc(r->arena, sizeof *s);
    if (!request_json(r, fields, 2, values))
        return;
    if (s == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    enum err err = users_by_username(r->loop->db, r->arena, values[0].text, &s->user);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        request_fail(r, err);
        return;
    }
    s->known = err == ERR_OK;
    s->password = (char *)(uintptr_t)values[1].text; /* the copy in our arena: ours to wipe */
    s->password_len = values[1].text_len;
    r->state = s;
    sodium_memzero(r->body, r->body_len);
    request_help(r, verify_password, after_verify);
}

/* ---- join -------------------------------------------------------------------------------------------------------- */

static enum err run_join(struct request *r, struct tx *tx)
{
    struct sign_in *s = r->state;
    struct invite invite;
    enum err err = teams_invite_use(tx, s->invite, &invite);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND
                   ? problem_set(&tx->problem, err,
                                 "This invitation is used up or no longer valid. Please ask for a new one.")
                   : err;
    struct user_new user = {.username = s->username, .name = s->name, .role = ROLE_MEMBER, .password = s->hash};
    int64_t id;
    err = users_create(tx, &user, &id);
    if (err == ERR_OK)
        err = users_join(tx, id, invite.team_id, 0);
    if (err != ERR_OK)
        return err;
    /* What is kept for a replay names the member; the token is made anew for each answer and never stored. */
    buf_printf(&r->out, "%lld", (long long)id);
    r->status = 201;
    return ERR_OK;
}

static void after_join(struct request *r)
{
    int64_t id = strtoll(r->out.data, NULL, 10);
    answer_session(r, id, r->status);
}

static void hash_new_password(struct request *r)
{
    struct sign_in *s = r->state;
    s->hash_err = password_hash(s->password, s->password_len, s->hash);
    sodium_memzero(s->password, s->password_len);
}

static void after_hash(struct request *r)
{
    struct sign_in *s = r->state;
    if (s->hash_err != ERR_OK) {
        request_fail(r, s->hash_err);
        return;
    }
    char hex[INVITE_HASH_BYTES * 2 + 1];
    (void)sodium_bin2hex(hex, sizeof hex, s->invite, sizeof s->invite);
    char *scope = arena_printf(r->arena, "%s %s %s", hex, s->username, s->name);
    if (scope == NULL)
        request_fail(r, ERR_NO_MEMORY);
    else
        request_write_scoped(r, scope, run_join, after_join);
}

static bool read_invite(struct request *r, const char *text, unsigned char hash[static INVITE_HASH_BYTES])
{
    char code[SECRET_CODE_BYTES];
    struct invite invite;
    bool can_be = secret_code_parse(text, strlen(text), code);
    if (can_be)
        secret_code_hash(code, hash);
    /* Looked up before the work of hashing; used up in the transaction that makes the member. A replay finds its own
     * again. */
    enum err err = can_be ? teams_invite_find(r->loop->db, hash, r->loop->wall_ms, &invite) : ERR_NOT_FOUND;
    if (err == ERR_OK || (err == ERR_NOT_FOUND && can_be && r->head.idempotency_key != NULL))
        return true;
    if (err == ERR_NOT_FOUND)
        request_refuse(r, err, "This invitation is used up or no longer valid. Please ask for a new one.");
    else
        request_fail(r, err);
    return false;
}

void session_join(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "invite", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 64},
        {.name = "name", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = NAME_CHARS_MAX},
        {.name = "username", .kind = JSON_KIND_LINE, .min = 2, .max = USERNAME_CHARS_MAX},
        {.name = "password",
         .kind = JSON_KIND_SECRET,
         .required = true,
         .min = PASSWORD_CHARS_MIN,
         .max = PASSWORD_CHARS_MAX},
    };
    struct json_value values[4];
    struct sign_in *s = arena_zalloc(r->arena, sizeof *s);
    if (!request_json(r, fields, 4, values))
        return;
    if (s == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    s->name = values[1].text;
    bool usable = values[2].present ? username_parse(values[2].text, values[2].text_len, s->username)
                                    : username_propose(s->name, s->username);
    if (!usable) {
        request_refuse(r, ERR_INVALID,
                       "A sign-in name has 2 to %d letters a to z, digits, dots, hyphens or underscores.",
                       USERNAME_CHARS_MAX);
        return;
    }
    if (!read_invite(r, values[0].text, s->invite))
        return;
    s->password = (char *)(uintptr_t)values[3].text;
    s->password_len = values[3].text_len;
    r->state = s;
    sodium_memzero(r->body, r->body_len);
    request_help(r, hash_new_password, after_hash);
}

/* ---- with a token ------------------------------------------------------------------------------------------------ */

static bool no_body(struct request *r)
{
    return request_json(r, NULL, 0, NULL);
}

void session_refresh(struct request *r)
{
    if (no_body(r))
        answer_session(r, r->caller.user_id, 200);
}

static enum err run_logout(struct request *r, struct tx *tx)
{
    r->status = 204;
    return access_revoke(tx, r->caller.jti, r->caller.user_id, r->caller.token_expires_ms);
}

static void after_logout(struct request *r)
{
    if (auth_set_cookie(r, NULL, 0) != ERR_OK)
        request_fail(r, ERR_NO_MEMORY);
    else
        request_reply(r, r->status);
}

void session_logout(struct request *r)
{
    if (no_body(r))
        request_write(r, run_logout, after_logout);
}

void session_ticket(struct request *r)
{
    char *ticket = arena_alloc(r->arena, TICKET_BYTES);
    const struct caller *c = &r->caller;
    struct ticket_token token = {
        .user_id = c->user_id, .jti = c->jti, .issued_ms = c->issued_ms, .expires_ms = c->token_expires_ms};
    if (!no_body(r))
        return;
    enum err err = ticket == NULL ? ERR_NO_MEMORY : ticket_issue(r->app->tickets, &token, r->loop->now_ms, ticket);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "ticket");
    json_put_string(&w, ticket);
    json_key(&w, "expiresAt");
    json_put_time(&w, r->loop->wall_ms + TICKET_TTL_MS);
    json_object_end(&w);
    request_reply(r, 201);
}
