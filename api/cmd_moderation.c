/*
 * audit, words, report, hide, show, mute, team remove, user delete: what coaches and admins do in the app, for the
 * operator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/cmd.h"
#include "api/departed.h"
#include "api/query.h"
#include "base/json.h"
#include "base/limits.h"
#include "db/audit.h"
#include "db/farewell.h"
#include "db/moderation.h"
#include "db/mutes.h"
#include "db/shapes.h"
#include "db/teams.h"
#include "db/words.h"

#define ROW_BYTES_MAX 8192
#define REPORTS_SHOWN 100

/* ---- the audit log ----------------------------------------------------------------------------------------------- */

struct log_walk {
    struct operator_context *ctx;
    size_t rows;
    struct buf row;
};

static void put_time(char out[static 32], int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm utc;
    out[0] = '\0';
    if (gmtime_r(&seconds, &utc) != NULL)
        (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* Nothing in it needs quotes: times, ids, names of acts. */
static void each_entry(void *arg, const struct audit_entry *e)
{
    struct log_walk *l = arg;
    char at[32];
    put_time(at, e->at_ms);
    buf_reset(&l->row);
    if (l->ctx->options->json) {
        struct json_writer w = {.out = &l->row};
        shapes_audit(&w, e);
        operator_print(l->ctx, "%s%s", l->rows++ == 0 ? "[" : ",", l->row.data);
        return;
    }
    const char *gap = l->ctx->options->csv ? "," : "  ";
    const char *none = l->ctx->options->csv ? "" : "-";
    buf_printf(&l->row, "%s%s", at, gap);
    if (e->actor_id == 0)
        buf_printf(&l->row, "operator%s%s%s", gap, e->action, gap);
    else
        buf_printf(&l->row, "%lld%s%s%s", (long long)e->actor_id, gap, e->action, gap);
    if (e->team_id == 0)
        buf_printf(&l->row, "%s%s", none, gap);
    else
        buf_printf(&l->row, "%lld%s", (long long)e->team_id, gap);
    if (e->subject == NULL)
        buf_printf(&l->row, "%s%s%s%s%s", none, gap, none, gap, e->detail);
    else
        buf_printf(&l->row, "%s%s%lld%s%s", e->subject, gap, (long long)e->subject_id, gap, e->detail);
    operator_print(l->ctx, "%s", l->row.data);
}

int cmd_audit(struct operator_context *ctx)
{
    struct log_walk l = {.ctx = ctx};
    buf_init(&l.row, ROW_BYTES_MAX);
    if (ctx->options->csv)
        operator_print(ctx, "at,actor,action,team,subject,subjectId,detail");
    enum err err = audit_each(ctx->db, each_entry, &l);
    if (err == ERR_OK && ctx->options->json)
        operator_print(ctx, l.rows == 0 ? "[]" : "]");
    buf_clear(&l.row);
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}

/* ---- the word list ----------------------------------------------------------------------------------------------- */

struct word_job {
    struct job job;
    const char *word;
    bool add;
    bool changed;
};

static enum err change_word(struct job *base, struct tx *tx)
{
    struct word_job *job = (struct word_job *)base;
    const struct audit_entry entry = {.action = job->add ? "words.add" : "words.remove"};
    enum err err = job->add ? words_add(tx, job->word, &job->changed) : words_remove(tx, job->word, &job->changed);
    return err == ERR_OK && job->changed ? audit_add(tx, &entry) : err;
}

int cmd_words(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    struct problem problem = {0};
    if (o->words_count == 0) {
        const char **words;
        size_t count;
        enum err err = words_list(ctx->db, ctx->arena, &words, &count);
        for (size_t i = 0; err == ERR_OK && i < count; i++)
            operator_print(ctx, "%s", words[i]);
        return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
    }
    bool add = strcmp(o->words[0], "add") == 0;
    if (o->words_count != 2 || (!add && strcmp(o->words[0], "remove") != 0))
        return operator_misused(ctx, "say `words add WORD` or `words remove WORD`");
    struct word_job job = {.job.run = change_word, .word = o->words[1], .add = add};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s", !job.changed ? "It was so already." : add ? "Added." : "Removed.");
    return 0;
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

struct report_job {
    struct job job;
    int64_t id;
    const char *decision;
};

static enum err decide_report(struct job *base, struct tx *tx)
{
    const struct report_job *job = (const struct report_job *)base;
    struct report report;
    enum err err = reports_by_id(tx->db, tx->arena, job->id, &report);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "there is no such report");
    return err == ERR_OK ? moderation_decide(tx, 0, &report, job->decision) : err;
}

static int list_reports(struct operator_context *ctx)
{
    const struct reports_query query = {.state = REPORT_OPEN, .limit = REPORTS_SHOWN};
    struct report *reports;
    size_t count;
    enum err err = reports_page(ctx->db, ctx->arena, &query, &reports, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        operator_print(ctx, "%lld  %s %lld by %s  %s%s  %s", (long long)reports[i].id,
                       reports_subject_name(reports[i].subject), (long long)reports[i].subject_id,
                       reports[i].author_name, reports_reason_name(reports[i].reason),
                       reports[i].hidden != HIDDEN_NOT ? " (hidden)" : "", reports[i].text);
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}

int cmd_report(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    struct problem problem = {0};
    if (o->words_count == 0)
        return list_reports(ctx);
    const char *decision = o->words_count == 2 ? o->words[1] : "";
    if (strcmp(decision, "hide") != 0 && strcmp(decision, "restore") != 0 && strcmp(decision, "dismiss") != 0)
        return operator_misused(ctx, "say what to do with the report: hide, restore or dismiss");
    struct report_job job = {.job.run = decide_report, .id = strtoll(o->words[0], NULL, 10), .decision = decision};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "Done.");
    return 0;
}

/* ---- hiding without a report ------------------------------------------------------------------------------------- */

struct hide_job {
    struct job job;
    enum report_subject kind;
    int64_t id;
    bool hide;
    bool changed;
};

static enum err hide_subject(struct job *base, struct tx *tx)
{
    struct hide_job *job = (struct hide_job *)base;
    struct subject subject;
    enum err err = moderation_subject(tx, job->kind, job->id, &subject);
    if (err == ERR_NOT_FOUND && !tx->problem.detail[0])
        return problem_set(&tx->problem, err, "there is no such %s", reports_subject_name(job->kind));
    return err == ERR_OK ? moderation_hide(tx, 0, &subject, job->hide, &job->changed) : err;
}

static int turn_subject(struct operator_context *ctx, bool hide)
{
    const struct options *o = ctx->options;
    struct hide_job job = {.job.run = hide_subject, .hide = hide};
    struct problem problem = {0};
    if (!reports_subject_parse(o->words[0], &job.kind) || !query_id(o->words[1], &job.id))
        return operator_misused(ctx, "say `%s post ID` or `%s message ID`", hide ? "hide" : "show",
                                hide ? "hide" : "show");
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s", !job.changed ? "It was so already." : hide ? "Hidden." : "Shown again.");
    return 0;
}

int cmd_hide(struct operator_context *ctx)
{
    return turn_subject(ctx, true);
}

int cmd_show(struct operator_context *ctx)
{
    return turn_subject(ctx, false);
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

struct person_job {
    struct job job;
    int64_t team_id;
    int64_t user_id;
    int64_t minutes;
    struct db *db;
};

static enum err mute_member(struct job *base, struct tx *tx)
{
    const struct person_job *job = (const struct person_job *)base;
    int64_t until_ms;
    return moderation_mute(tx, 0, job->team_id, job->user_id, job->minutes, &until_ms);
}

static enum err remove_member(struct job *base, struct tx *tx)
{
    const struct person_job *job = (const struct person_job *)base;
    return moderation_remove(tx, 0, job->team_id, job->user_id);
}

/* A coach's team and a member of it, by their user names. */
static bool find_both(struct operator_context *ctx, struct person_job *job, struct user *member)
{
    struct user coach;
    if (!operator_find_user(ctx, ctx->options->words[0], &coach) ||
        !operator_find_user(ctx, ctx->options->words[1], member))
        return false;
    job->team_id = coach.id;
    job->user_id = member->id;
    return true;
}

static void each_mute(void *arg, const struct mute *mute)
{
    struct operator_context *ctx = arg;
    char until[CLOCK_TEXT_BYTES];
    struct user member;
    clock_format(mute->until_ms, until);
    if (users_by_id(ctx->db, ctx->arena, mute->user_id, &member) == ERR_OK)
        operator_print(ctx, "%s  until %s", member.username, until);
}

static int list_mutes(struct operator_context *ctx)
{
    struct user coach;
    if (!operator_find_user(ctx, ctx->options->words[0], &coach))
        return 1;
    enum err err = mutes_each(ctx->db, coach.id, 0, clock_wall_ms(ctx->clock), each_mute, ctx);
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}

int cmd_mute(struct operator_context *ctx)
{
    struct user member;
    struct problem problem = {0};
    struct person_job job = {.job.run = mute_member};
    char *end;
    if (ctx->options->words_count == 1)
        return list_mutes(ctx);
    if (ctx->options->words_count == 2)
        return operator_misused(ctx, "say for how many minutes; 0 ends a pause");
    job.minutes = strtoll(ctx->options->words[2], &end, 10);
    if (*end != '\0' || job.minutes < 0 || job.minutes > MUTE_MINUTES_MAX)
        return operator_misused(ctx, "a pause has 1 to %d minutes; 0 ends it", MUTE_MINUTES_MAX);
    if (!find_both(ctx, &job, &member))
        return 1;
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, job.minutes == 0 ? "%s can write again." : "%s reads and likes, and writes nothing meanwhile.",
                   member.username);
    return 0;
}

int cmd_team_remove(struct operator_context *ctx)
{
    struct user member;
    struct problem problem = {0};
    struct person_job job = {.job.run = remove_member};
    if (!find_both(ctx, &job, &member))
        return 1;
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s is no longer in the team; what they wrote stays.", member.username);
    return 0;
}

static enum err begin_farewell(struct job *base, struct tx *tx)
{
    const struct person_job *job = (const struct person_job *)base;
    return farewell_begin(tx, 0, job->user_id);
}

static enum err call_main(void *arg, struct job *job)
{
    struct problem problem = {0};
    return operator_write(arg, job, &problem);
}

static enum err call_rooms(void *arg, struct job *job)
{
    struct problem problem = {0};
    return operator_write_rooms(arg, job, &problem);
}

int cmd_user_delete(struct operator_context *ctx)
{
    struct user member;
    struct problem problem = {0};
    if (!operator_find_user(ctx, ctx->options->words[0], &member))
        return 1;
    struct person_job job = {.job.run = begin_farewell, .user_id = member.id};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    if (ctx->likes == NULL && departed_save(ctx->options->data, ctx->db, &problem) != ERR_OK) /* a server has done it */
        operator_print(ctx, "The next start of the server notes it for restores: %s", problem_detail(&problem));
    const struct farewell_writers writers = {.main = call_main, .rooms = call_rooms, .arg = ctx, .reads = ctx->db};
    enum err err = farewell_finish(&writers, member.id);
    if (err != ERR_OK)
        return operator_fail(ctx,
                             "the account is gone, but not yet all that was written: the server goes on with it (%s)",
                             err_sentence(err));
    operator_print(ctx, "The account is gone, with all that was personal. A restore leaves it so; backups made before "
                        "still have it until their time is over.");
    return 0;
}
