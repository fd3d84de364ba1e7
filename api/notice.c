/*
 * Notices: what a coach tells the team, or an admin everybody.
 */
#include "db/notices.h"

#include <string.h>

#include "api/polls.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"

void notice_list(struct request *r)
{
    int64_t team_id;
    size_t limit;
    int64_t page;
    struct team_head *head;
    struct cursor since = {0};
    char cursor[CURSOR_BYTES_MAX];
    struct notice *notices;
    size_t count;
    if (!request_team(r, &team_id) || !request_page(r, &limit, &page))
        return;
    enum err err = heads_team(r->app->heads, r->loop->db, team_id, &head);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    enum polls_since asked = polls_since(r, head, &since);
    if (asked == POLLS_SINCE_BAD)
        return;
    if (asked == POLLS_SINCE_RESET) /* of another history: everything is news */
        since.seq = 0;
    err = polls_cursor_now(r, team_id, cursor);
    if (err == ERR_OK)
        err = notices_page(r->loop->db, r->arena, team_id, since.seq, page, limit, &notices, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    if (page == 0 && count > 0) /* they need no push for these */
        reach_polled(r->app->reach, r->caller.user_id, team_id, notices[0].seq, r->loop->now_ms);
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        render_notice(&w, &notices[i]);
    render_list_end(&w, count > 0 ? notices[count - 1].id : 0, count, limit);
    json_key(&w, "cursor");
    json_put_string(&w, cursor);
    json_object_end(&w);
    (void)request_poll_interval(r, (unsigned)(r->app->options->poll_interval_s + 1) / 2);
    request_reply(r, 200);
}

static enum err run_create(struct request *r, struct tx *tx)
{
    const struct notice *draft = r->state;
    struct notice made;
    int64_t id = 0;
    enum err err = notices_create(tx, draft, &id);
    const struct audit_entry entry = {.actor_id = draft->author_id,
                                      .action = "notice.create",
                                      .team_id = draft->team_id,
                                      .subject = "notice",
                                      .subject_id = id};
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    if (err == ERR_OK)
        err = notices_by_id(tx->db, tx->arena, id, &made);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    render_notice(&w, &made);
    r->status = 201;
    return ERR_OK;
}

/* To whom: a coach's own team or, for an admin, a team or everybody. false: answered. */
static bool choose_team(struct request *r, const struct json_value *asked, int64_t *team_id)
{
    bool admin = r->caller.role == ROLE_ADMIN;
    bool everybody = asked->present ? asked->is_null : admin;
    *team_id = everybody ? 0 : asked->present ? asked->number : r->caller.user_id;
    if (everybody && !admin) {
        request_refuse(r, ERR_FORBIDDEN, "Only an admin can write to everybody.");
        return false;
    }
    if (!everybody && (!caller_leads_team(&r->caller, *team_id) || (!admin && r->caller.role != ROLE_COACH))) {
        request_refuse(r, ERR_FORBIDDEN, "Only the coach of this team can do this.");
        return false;
    }
    return everybody || request_may_enter(r, *team_id);
}

void notice_create(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "title", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = NOTICE_TITLE_CHARS_MAX},
        {.name = "body", .kind = JSON_KIND_TEXT, .min = 0, .max = NOTICE_BODY_CHARS_MAX},
        {.name = "link", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = NOTICE_LINK_CHARS_MAX},
        {.name = "teamId", .kind = JSON_KIND_ID, .nullable = true},
    };
    struct json_value values[4];
    struct notice *draft = arena_zalloc(r->arena, sizeof *draft);
    if (draft == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, 4, values) || !choose_team(r, &values[3], &draft->team_id))
        return;
    if (values[2].text != NULL && !notices_link_is_ours(values[2].text)) {
        request_refuse(r, ERR_INVALID, "The field \"link\" has to be an address of this site that begins with \"/\".");
        return;
    }
    draft->kind = draft->team_id == 0 ? NOTICE_WIN : NOTICE_ANNOUNCEMENT;
    draft->author_id = r->caller.user_id;
    draft->title = values[0].text;
    draft->body = values[1].text != NULL ? values[1].text : "";
    draft->link = values[2].text;
    r->state = draft;
    request_write(r, run_create, NULL);
}
