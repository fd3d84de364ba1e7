/*
 * user add, passwd, disable, enable; team add; invite, invites.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "api/cmd.h"
#include "api/password.h"
#include "api/query.h"
#include "api/secret.h"
#include "api/username.h"
#include "base/json.h"
#include "db/audit.h"
#include "db/teams.h"

/* The operator's act, in its own transaction. */
static enum err record(struct tx *tx, enum err err, const char *action, int64_t user_id)
{
    const struct audit_entry entry = {.action = action, .subject = "user", .subject_id = user_id};
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

/* ---- passwords --------------------------------------------------------------------------------------------------- */

/* The password that was given, or a random one, which `made` then holds. Its hash goes to `hash`. */
static enum err choose_password(struct operator_context *ctx, char made[static SECRET_CODE_BYTES],
                                char hash[static PASSWORD_HASH_BYTES], struct problem *problem)
{
    const char *password = ctx->secret;
    made[0] = '\0';
    if (password == NULL) {
        secret_code_new(made);
        password = made;
    }
    size_t len = strlen(password);
    size_t chars = json_utf8_length(password, len);
    if (chars == SIZE_MAX || chars < PASSWORD_CHARS_MIN || chars > PASSWORD_CHARS_MAX)
        return problem_set(problem, ERR_INVALID, "a password has %d to %d characters", PASSWORD_CHARS_MIN,
                           PASSWORD_CHARS_MAX);
    enum err err = password_hash(password, len, hash);
    return err == ERR_OK ? ERR_OK : problem_set(problem, err, "there is not enough memory to hash a password");
}

static void print_password(struct operator_context *ctx, char made[static SECRET_CODE_BYTES])
{
    if (made[0] != '\0')
        operator_print(ctx, "Password: %s", made);
    sodium_memzero(made, SECRET_CODE_BYTES);
}

/* ---- user add ---------------------------------------------------------------------------------------------------- */

struct add_job {
    struct job job;
    struct user_new user;
    int64_t team_id; /* 0: none */
    int64_t id;
};

static enum err add_user(struct job *base, struct tx *tx)
{
    struct add_job *job = (struct add_job *)base;
    enum err err = users_create(tx, &job->user, &job->id);
    if (err == ERR_OK && job->team_id != 0)
        err = users_join(tx, job->id, job->team_id, 0);
    return record(tx, err, "user.add", job->id);
}

/* The team that a coach leads. False: an error was printed. */
static bool find_team(struct operator_context *ctx, const char *coach, struct user *user, struct team *team)
{
    if (!operator_find_user(ctx, coach, user))
        return false;
    enum err err = teams_by_id(ctx->db, ctx->arena, user->id, team);
    if (err == ERR_NOT_FOUND)
        (void)operator_fail(ctx, "%s has no team; `porchlight team add %s --name NAME` makes one", user->username,
                            user->username);
    else if (err != ERR_OK)
        (void)operator_fail(ctx, "%s", err_sentence(err));
    return err == ERR_OK;
}

int cmd_user_add(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    char username[USERNAME_BYTES];
    if (!username_parse(o->words[0], strlen(o->words[0]), username))
        return operator_misused(ctx, "\"%.80s\" cannot be a user name: " USERNAME_RULE, o->words[0]);
    struct user coach;
    struct team team = {0};
    if (o->team != NULL && !find_team(ctx, o->team, &coach, &team))
        return 1;

    char made[SECRET_CODE_BYTES];
    char hash[PASSWORD_HASH_BYTES];
    struct problem problem = {0};
    if (choose_password(ctx, made, hash, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    struct add_job job = {
        .job.run = add_user,
        .user = {.username = username, .name = o->name, .role = o->role, .password = hash},
        .team_id = team.id,
    };
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "Added %s (%s), %s%s%s.", username, o->name, role_name(o->role),
                   team.id != 0 ? " in the team " : "", team.id != 0 ? team.name : "");
    print_password(ctx, made);
    return 0;
}

/* ---- changes to one member --------------------------------------------------------------------------------------- */

struct member_job {
    struct job job;
    int64_t id;
    const char *password;
    bool disabled;
};

static enum err set_password(struct job *base, struct tx *tx)
{
    struct member_job *job = (struct member_job *)base;
    return record(tx, users_set_password(tx, job->id, job->password), "user.password", job->id);
}

static enum err set_disabled(struct job *base, struct tx *tx)
{
    struct member_job *job = (struct member_job *)base;
    return record(tx, users_set_disabled(tx, job->id, job->disabled), job->disabled ? "user.disable" : "user.enable",
                  job->id);
}

int cmd_user_passwd(struct operator_context *ctx)
{
    struct user user;
    if (!operator_find_user(ctx, ctx->options->words[0], &user))
        return 1;
    char made[SECRET_CODE_BYTES];
    char hash[PASSWORD_HASH_BYTES];
    struct problem problem = {0};
    if (choose_password(ctx, made, hash, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    struct member_job job = {.job.run = set_password, .id = user.id, .password = hash};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s has a new password and was signed out everywhere.", user.username);
    print_password(ctx, made);
    return 0;
}

static int change_standing(struct operator_context *ctx, bool disabled)
{
    struct user user;
    if (!operator_find_user(ctx, ctx->options->words[0], &user))
        return 1;
    if (user.disabled == disabled) {
        operator_print(ctx, disabled ? "%s is disabled already." : "%s is not disabled.", user.username);
        return 0;
    }
    struct member_job job = {.job.run = set_disabled, .id = user.id, .disabled = disabled};
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, disabled ? "%s is disabled and was signed out everywhere." : "%s can sign in again.",
                   user.username);
    return 0;
}

int cmd_user_disable(struct operator_context *ctx)
{
    return change_standing(ctx, true);
}

int cmd_user_enable(struct operator_context *ctx)
{
    return change_standing(ctx, false);
}

/* ---- teams ------------------------------------------------------------------------------------------------------- */

struct team_job {
    struct job job;
    int64_t coach_id;
    const char *name;
};

static enum err add_team(struct job *base, struct tx *tx)
{
    struct team_job *job = (struct team_job *)base;
    return record(tx, teams_create(tx, job->coach_id, job->name, tx->now_ms), "team.add", job->coach_id);
}

int cmd_team_add(struct operator_context *ctx)
{
    struct user coach;
    if (!operator_find_user(ctx, ctx->options->words[0], &coach))
        return 1;
    struct team_job job = {.job.run = add_team, .coach_id = coach.id, .name = ctx->options->name};
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "Made the team %s of %s.", job.name, coach.name);
    return 0;
}

struct invite_job {
    struct job job;
    int64_t id; /* of one that is there */
    unsigned char hash[INVITE_HASH_BYTES];
    int64_t team_id;
    int64_t uses;
    int64_t expires_ms;
};

static_assert(INVITE_HASH_BYTES == SECRET_HASH_BYTES, "an invite is found by the hash of its code");

static enum err add_invite(struct job *base, struct tx *tx)
{
    struct invite_job *job = (struct invite_job *)base;
    enum err err = teams_invite_create(tx, job->hash, job->team_id, job->team_id, job->uses, job->expires_ms, &job->id);
    const struct audit_entry entry = {
        .action = "invite.create", .team_id = job->team_id, .subject = "invite", .subject_id = job->id};
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

int cmd_invite(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    struct user coach;
    struct team team;
    if (!find_team(ctx, o->words[0], &coach, &team))
        return 1;
    struct invite_job job = {
        .job.run = add_invite,
        .team_id = team.id,
        .uses = o->uses,
        .expires_ms = clock_wall_ms(ctx->clock) + o->expires_s * 1000,
    };
    char code[SECRET_CODE_BYTES];
    secret_code_new(code);
    secret_code_hash(code, job.hash);
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s/#/join/%s", o->public_url, code);
    return 0;
}

static enum err revoke_invite(struct job *base, struct tx *tx)
{
    const struct invite_job *job = (const struct invite_job *)base;
    struct audit_entry entry = {.action = "invite.revoke", .subject = "invite", .subject_id = job->id};
    enum err err = teams_invite_team(tx->db, job->id, tx->now_ms, &entry.team_id);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "there is no such invite, or it is over");
    if (err == ERR_OK)
        err = teams_invite_revoke(tx, job->id);
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

int cmd_invites(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    struct invite_job job = {.job.run = revoke_invite};
    struct problem problem = {0};
    if (o->words_count == 0)
        return cmd_list_invites(ctx);
    if (o->words_count != 2 || strcmp(o->words[0], "revoke") != 0 || !query_id(o->words[1], &job.id))
        return operator_misused(ctx, "say `invites revoke ID`");
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "The link lets nobody in any more.");
    return 0;
}
