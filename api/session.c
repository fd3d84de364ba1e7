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
    int64_t issued_ms; /* what the token will say: from before the user was read */
    bool known;
    enum err verdict;
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

/* What a new session rests on. */
struct basis {
    int64_t user_id;
    const char *password; /* the hash that was verified; NULL: a token, or nothing but the invitation */
    int64_t since_ms;     /* of what was shown: who was signed out everywhere since then has to show more */
    int64_t issued_ms;
};

/* The member as of now: much may have happened while a password was verified. */
static enum err read_member(struct request *r, const struct basis *basis, struct user *user)
{
    enum err err = users_by_id(r->loop->db, r->arena, basis->user_id, user);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_UNAUTHENTICATED : err;
    if (user->disabled)
        return problem_set(&r->problem, ERR_UNAUTHENTICATED, "This account is closed. Please ask your coach.");
    bool same_password = basis->password == NULL ||
                         (user->password != NULL && strcmp(user->password, basis->password) == 0);
    if (!same_password || basis->since_ms <= user->tokens_after_ms)
        return problem_set(&r->problem, ERR_UNAUTHENTICATED, "Your sign-in is no longer valid. Please sign in again.");
    return ERR_OK;
}

/* Session: a new token with its member, and the cookie. */
static void answer_session(struct request *r, const struct basis *basis, int status)
{
    struct user user;
    struct membership *teams = NULL;
    size_t count = 0;
    const char *token = NULL;
    int64_t expires_ms = 0;
    enum err err = read_member(r, basis, &user);
    if (err == ERR_OK)
        err = users_teams(r->loop->db, r->arena, user.id, &teams, &count);
    if (err == ERR_OK)
        err = auth_issue(r, &user, count > 0 ? teams[0].team_id : 0, basis->issued_ms, &token, &expires_ms);
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
    s->verdict = password_verify(s->known ? s->user.password : NULL, s->password, s->password_len);
    sodium_memzero(s->password, s->password_len);
}

static void after_verify(struct request *r)
{
    struct sign_in *s = r->state;
    if (s->verdict == ERR_NO_MEMORY) {
        request_fail(r, s->verdict);
        return;
    }
    if (s->verdict != ERR_OK || !s->known) {
        refuse_sign_in(r);
        return;
    }
    struct basis basis = {
        .user_id = s->user.id, .password = s->user.password, .since_ms = s->issued_ms, .issued_ms = s->issued_ms};
    answer_session(r, &basis, 200);
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
    s->issued_ms = auth_issue_time(r);
    enum err err = users_by_username(r->loop->db, r->arena, values[0].text, &s->user);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        request_fail(r, err);
        return;
    }
    s->known = err == ERR_OK;
    if (s->known && s->issued_ms <= s->user.tokens_after_ms) /* it saw the reset of that same moment */
        s->issued_ms = s->user.tokens_after_ms + 1;
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
        return err == ERR_NOT_FOUND ? problem_set(&tx->problem, err, INVITE_IS_OVER) : err;
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

/* Who repeats a request knows the password that it was made with: the key and the invitation alone open nothing. */
static void after_verify_again(struct request *r)
{
    struct sign_in *s = r->state;
    struct basis basis = {
        .user_id = s->user.id, .password = s->user.password, .since_ms = s->issued_ms, .issued_ms = s->issued_ms};
    if (s->verdict == ERR_OK) {
        answer_session(r, &basis, r->status);
        return;
    }
    r->headers_count = 0; /* nothing was replayed */
    request_fail(r, s->verdict == ERR_NO_MEMORY ? s->verdict : ERR_KEY_REUSED);
}

static void after_join(struct request *r)
{
    struct sign_in *s = r->state;
    int64_t id = strtoll(r->out.data, NULL, 10);
    s->issued_ms = auth_issue_time(r);
    if (!r->replayed) {
        struct basis basis = {.user_id = id, .since_ms = s->issued_ms, .issued_ms = s->issued_ms};
        answer_session(r, &basis, r->status);
        return;
    }
    enum err err = users_by_id(r->loop->db, r->arena, id, &s->user);
    s->known = err == ERR_OK;
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        request_help(r, verify_password, after_verify_again);
    else
        request_fail(r, err);
}

static void hash_new_password(struct request *r)
{
    struct sign_in *s = r->state;
    s->hash_err = password_hash(s->password, s->password_len, s->hash);
}

/* It is needed until it is known whether the request came before. */
static void wipe_password(struct request *r)
{
    struct sign_in *s = r->state;
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
        request_refuse(r, err, INVITE_IS_OVER);
    else
        request_fail(r, err);
    return false;
}

void session_join(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "invite", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = INVITE_CODE_CHARS_MAX},
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
    r->ended = wipe_password;
    sodium_memzero(r->body, r->body_len);
    request_help(r, hash_new_password, after_hash);
}

/* ---- with a token ------------------------------------------------------------------------------------------------ */

static bool no_body(struct request *r)
{
    return request_json(r, NULL, 0, NULL);
}

/* The old token holds until its end: who loses this answer in a tunnel, or has a second tab, is not signed out. */
void session_refresh(struct request *r)
{
    struct basis basis = {
        .user_id = r->caller.user_id, .since_ms = r->caller.issued_ms, .issued_ms = auth_issue_time(r)};
    if (no_body(r))
        answer_session(r, &basis, 200);
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
