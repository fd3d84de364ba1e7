/*
 * Reports, the coach's queue of them, and hiding: posts and messages that not everybody should see.
 *
 *   member ── POST /reports ──┐
 *   word list (when written) ─┴─> queue: GET /reports ── PUT /reports/{id} {decision} ──> hidden, shown, dismissed
 *   coach ── PUT, DELETE /posts/{id}/hidden and the same of a message: without a report
 */
#include "db/moderation.h"

#include <string.h>

#include "api/chat.h"
#include "api/post.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/messages.h"
#include "db/shapes.h"

/* Who reported is told to admins alone: a coach may know both sides too well. */
static void put_report(struct json_writer *w, const struct report *report, bool to_admin)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, report->id);
    json_key(w, "subject");
    json_put_string(w, reports_subject_name(report->subject));
    json_key(w, "subjectId");
    json_put_id(w, report->subject_id);
    json_key(w, "channelId");
    json_put_id(w, report->channel_id);
    json_key(w, "teamId");
    json_put_id(w, report->team_id);
    json_key(w, "author");
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, report->author_id);
    json_key(w, "name");
    json_put_string(w, report->author_name);
    json_object_end(w);
    json_key(w, "text");
    json_put_string(w, report->text);
    json_key(w, "deleted");
    json_put_bool(w, report->deleted);
    json_key(w, "hidden");
    json_put_string(w, report->deleted ? NULL : hidden_name(report->hidden));
    json_key(w, "reporterId");
    json_put_id(w, to_admin ? report->reporter_id : 0);
    json_key(w, "reason");
    json_put_string(w, reports_reason_name(report->reason));
    json_key(w, "words");
    json_put_string(w, report->words);
    json_key(w, "state");
    json_put_string(w, reports_state_name(report->state));
    json_key(w, "createdAt");
    json_put_time(w, report->created_ms);
    json_key(w, "decidedAt");
    json_put_time(w, report->decided_ms);
    json_object_end(w);
}

/* ---- reporting --------------------------------------------------------------------------------------------------- */

struct wish {
    enum report_subject kind;
    int64_t id;
    int64_t channel_id; /* of the path; 0: not in it */
    bool hide;
    const char *decision;
    struct complaint complaint;
};

/* The subject, if the caller may read it. */
static enum err find_visible(struct request *r, struct tx *tx, struct subject *out)
{
    const struct wish *wish = r->state;
    struct channel channel;
    enum err err = ERR_OK;
    if (wish->channel_id != 0)
        err = chat_enter(tx, &r->caller, wish->channel_id, &channel);
    if (err == ERR_OK)
        err = moderation_subject(tx, wish->kind, wish->id, out);
    if (err == ERR_OK && !caller_in_team(&r->caller, out->team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "You are not in this team.");
    if (err == ERR_OK && wish->channel_id != 0 && wish->channel_id != out->channel_id)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such message in this channel.");
    if (err == ERR_OK &&
        hidden_from(out->hidden, out->author_id, r->caller.user_id, caller_leads_team(&r->caller, out->team_id)))
        return problem_set(&tx->problem, ERR_NOT_FOUND, "This is not shown at the moment.");
    return err;
}

static enum err run_report(struct request *r, struct tx *tx)
{
    const struct wish *wish = r->state;
    struct subject subject;
    int64_t id;
    bool again;
    enum err err = find_visible(r, tx, &subject);
    if (err == ERR_OK)
        err = moderation_report(tx, &subject, &wish->complaint, &id, &again);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "id");
    json_put_id(&w, id);
    json_key(&w, "subject");
    json_put_string(&w, reports_subject_name(subject.kind));
    json_key(&w, "subjectId");
    json_put_id(&w, subject.id);
    json_object_end(&w);
    r->status = again ? 200 : 201;
    return ERR_OK;
}

void report_create(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "subject", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 20},
        {.name = "subjectId", .kind = JSON_KIND_ID, .required = true},
        {.name = "reason", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 20},
        {.name = "words", .kind = JSON_KIND_TEXT, .min = 0, .max = REPORT_WORDS_CHARS_MAX},
    };
    struct json_value values[4];
    struct wish *wish = arena_zalloc(r->arena, sizeof *wish);
    if (wish == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, 4, values))
        return;
    if (!reports_subject_parse(values[0].text, &wish->kind)) {
        request_refuse(r, ERR_INVALID, "The field \"subject\" is \"post\" or \"message\".");
        return;
    }
    if (!reports_reason_parse(values[2].text, &wish->complaint.reason)) {
        request_refuse(r, ERR_INVALID,
                       "The field \"reason\" is \"unkind\", \"advert\", \"private\", \"worry\" or \"other\".");
        return;
    }
    wish->id = values[1].number;
    wish->complaint.reporter_id = r->caller.user_id;
    wish->complaint.words = values[3].present ? values[3].text : "";
    r->state = wish;
    request_write(r, run_report, NULL);
}

/* ---- the queue --------------------------------------------------------------------------------------------------- */

/* Nobody judges their own: an admin's or another coach's eyes do. */
static bool may_judge(const struct request *r, int64_t team_id, int64_t author_id)
{
    return r->caller.role == ROLE_ADMIN || (caller_leads_team(&r->caller, team_id) && author_id != r->caller.user_id);
}

void report_list(struct request *r)
{
    struct reports_query query = {.state = REPORT_OPEN};
    struct report *reports;
    size_t count;
    bool admin = r->caller.role == ROLE_ADMIN;
    const struct query_param *state = query_find(&r->query, "state");
    if (!request_page(r, &query.limit, &query.before_id))
        return;
    if (state != NULL && !reports_state_parse(state->value, &query.state)) {
        request_refuse(r, ERR_INVALID,
                       "The parameter \"state\" is \"open\", \"hidden\", \"restored\" or \"dismissed\".");
        return;
    }
    if (!admin && !caller_in_team(&r->caller, r->caller.user_id)) { /* a coach's team has the coach's id */
        request_refuse(r, ERR_FORBIDDEN, "Only coaches and admins see what was reported.");
        return;
    }
    query.team_id = admin ? 0 : r->caller.user_id;
    query.not_author = r->caller.user_id;
    enum err err = reports_page(r->loop->db, r->arena, &query, &reports, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        put_report(&w, &reports[i], admin);
    request_reply_list(r, &w, count > 0 ? reports[count - 1].id : 0, count, query.limit);
}

static enum err run_decide(struct request *r, struct tx *tx)
{
    const struct wish *wish = r->state;
    struct report report;
    enum err err = reports_by_id(tx->db, tx->arena, wish->id, &report);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such report.");
    if (err == ERR_OK && !may_judge(r, report.team_id, report.author_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach of this team or an admin decides this.");
    if (err == ERR_OK)
        err = moderation_decide(tx, r->caller.user_id, &report, wish->decision);
    if (err == ERR_OK)
        err = reports_by_id(tx->db, tx->arena, wish->id, &report);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    put_report(&w, &report, r->caller.role == ROLE_ADMIN);
    r->status = 200;
    return ERR_OK;
}

void report_decide(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "decision", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 20},
    };
    struct json_value values[1];
    struct wish *wish = arena_zalloc(r->arena, sizeof *wish);
    if (wish == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_path_id(r, 1, &wish->id) || !request_json(r, fields, 1, values))
        return;
    wish->decision = values[0].text;
    if (strcmp(wish->decision, "hide") != 0 && strcmp(wish->decision, "restore") != 0 &&
        strcmp(wish->decision, "dismiss") != 0) {
        request_refuse(r, ERR_INVALID, "The field \"decision\" is \"hide\", \"restore\" or \"dismiss\".");
        return;
    }
    r->state = wish;
    request_write(r, run_decide, NULL);
}

/* ---- hiding ------------------------------------------------------------------------------------------------------ */

static enum err render_message_now(struct request *r, struct tx *tx, int64_t id)
{
    struct chat_message message;
    enum err err = messages_by_id(tx->db, tx->arena, id, &message);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    shapes_message(&w, &message, true);
    r->status = 200;
    return ERR_OK;
}

static enum err run_hide(struct request *r, struct tx *tx)
{
    const struct wish *wish = r->state;
    struct subject subject;
    bool changed;
    enum err err = find_visible(r, tx, &subject);
    if (err == ERR_OK && !caller_leads_team(&r->caller, subject.team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach of this team or an admin can hide this.");
    if (err == ERR_OK && !may_judge(r, subject.team_id, subject.author_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "This is your own: an admin decides whether it is shown.");
    if (err == ERR_OK)
        err = moderation_hide(tx, r->caller.user_id, &subject, wish->hide, &changed);
    if (err != ERR_OK)
        return err;
    return wish->kind == REPORT_POST ? post_render_now(r, tx, wish->id, 200) : render_message_now(r, tx, wish->id);
}

static void set_hidden(struct request *r, enum report_subject kind, bool hide)
{
    struct wish *wish = arena_zalloc(r->arena, sizeof *wish);
    if (wish == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    wish->kind = kind;
    wish->hide = hide;
    if (kind == REPORT_MESSAGE && !request_path_id(r, 1, &wish->channel_id))
        return;
    if (!request_path_id(r, kind == REPORT_MESSAGE ? 3 : 1, &wish->id))
        return;
    r->state = wish;
    request_write(r, run_hide, NULL);
}

void report_post_hide(struct request *r)
{
    set_hidden(r, REPORT_POST, true);
}

void report_post_show(struct request *r)
{
    set_hidden(r, REPORT_POST, false);
}

void report_message_hide(struct request *r)
{
    set_hidden(r, REPORT_MESSAGE, true);
}

void report_message_show(struct request *r)
{
    set_hidden(r, REPORT_MESSAGE, false);
}
