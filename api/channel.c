/*
 * Channels of a team's chat, and who has read how far in them.
 */
#include "api/chat.h"

#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"
#include "db/messages.h"
#include "db/shapes.h"

/* ---- channels ---------------------------------------------------------------------------------------------------- */

void channel_list(struct request *r)
{
    int64_t team_id;
    struct team_head *head;
    struct head_view view;
    struct channel *channels;
    size_t count;
    if (!request_team(r, &team_id))
        return;
    enum err err = heads_team(r->app->heads, r->loop->db, team_id, &head);
    if (err == ERR_OK) {
        team_head_read(head, &view);
        err = channels_of(r->loop->db, r->arena, team_id, r->caller.user_id, -1, &channels, &count);
    }
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        chat_put_channel(&w, r, &channels[i], view.seq);
    json_array_end(&w);
    json_key(&w, "next");
    json_put_null(&w); /* they fit into one page: CHANNELS_PER_TEAM_MAX */
    json_object_end(&w);
    (void)request_poll_interval(r, chat_base_s(r));
    request_reply(r, 200);
}

static enum err run_create(struct request *r, struct tx *tx)
{
    struct channel made;
    const struct channel_new *draft = r->state;
    int64_t id = 0;
    enum err err = channels_create(tx, draft, &id);
    const struct audit_entry entry = {.actor_id = r->caller.user_id,
                                      .action = "channel.create",
                                      .team_id = draft->team_id,
                                      .subject = "channel",
                                      .subject_id = id};
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    if (err == ERR_OK)
        err = channels_by_id(tx->db, tx->arena, id, r->caller.user_id, &made);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    chat_put_channel(&w, r, &made, made.seq); /* published before this is answered */
    r->status = 201;
    return ERR_OK;
}

void channel_create(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "name", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = CHANNEL_NAME_CHARS_MAX},
        {.name = "posting", .kind = JSON_KIND_LINE, .min = 1, .max = 10},
        {.name = "teamId", .kind = JSON_KIND_ID},
    };
    struct json_value values[3];
    struct channel_new *draft = arena_zalloc(r->arena, sizeof *draft);
    if (draft == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, 3, values))
        return;
    draft->name = values[0].text;
    if (values[1].present && !posting_parse(values[1].text, &draft->posting)) {
        request_refuse(r, ERR_INVALID, "The field \"posting\" is \"everyone\" or \"coaches\".");
        return;
    }
    if (!values[2].present) {
        if (!request_team(r, &draft->team_id))
            return;
    } else if (!request_may_enter(r, draft->team_id = values[2].number)) {
        return;
    }
    if (!caller_leads_team(&r->caller, draft->team_id)) {
        request_refuse(r, ERR_FORBIDDEN, "Only the coach of this team can make a channel.");
        return;
    }
    r->state = draft;
    request_write(r, run_create, NULL);
}

/* ---- receipts ---------------------------------------------------------------------------------------------------- */

void channel_receipts(struct request *r)
{
    struct chat_place place;
    size_t limit;
    int64_t page;
    struct receipt *receipts;
    size_t count;
    if (!chat_find(r, &place) || !request_page(r, &limit, &page))
        return;
    enum err err = channels_receipts(r->loop->db, r->arena, &place.channel, page, limit, &receipts, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        shapes_receipt(&w, &receipts[i]);
    (void)request_poll_interval(r, chat_base_s(r));
    request_reply_list(r, &w, count > 0 ? receipts[count - 1].user_id : 0, count, limit);
}

/* ---- who is active now ------------------------------------------------------------------------------------------- */

/* Those of `ids` who lead, or the others; who has left for good or may not come in is in no list. */
static enum err put_people(struct request *r, struct json_writer *w, const int64_t *ids, size_t count, bool lead)
{
    for (size_t i = 0; i < count; i++) {
        struct user user;
        enum err err = users_by_id(r->loop->db, r->arena, ids[i], &user);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
        if (err == ERR_NOT_FOUND || user.disabled || user.appear_offline || (user.role == ROLE_COACH) != lead)
            continue;
        json_object_begin(w);
        json_key(w, "userId");
        json_put_id(w, user.id);
        json_key(w, "username");
        json_put_string(w, user.name);
        json_object_end(w);
    }
    return ERR_OK;
}

void channel_online(struct request *r)
{
    struct chat_place place;
    struct presence_view view = {0};
    int64_t *ids = NULL;
    size_t count = 0;
    if (!chat_find(r, &place))
        return;
    struct presence_team *team = presence_team(r->app->presence, place.channel.team_id);
    enum err err = team == NULL ? ERR_NO_MEMORY : presence_read(team, r->loop->now_ms, r->arena, &view);
    if (err == ERR_OK)
        err = presence_people(team, r->loop->now_ms, r->arena, CHAT_NAMED_MAX, &ids, &count);
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "people");
    json_array_begin(&w);
    for (int lead = 1; lead >= 0 && err == ERR_OK; lead--)
        err = put_people(r, &w, ids, count, lead == 1);
    json_array_end(&w);
    json_key(&w, "online");
    json_put_int(&w, (int64_t)view.count);
    json_object_end(&w);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    (void)request_poll_interval(r, chat_base_s(r));
    request_reply(r, 200);
}

struct reading {
    int64_t channel_id;
    int64_t message_id;
    bool delivered_only;
};

static enum err run_read(struct request *r, struct tx *tx)
{
    const struct reading *reading = r->state;
    struct channel channel;
    struct chat_message message;
    struct receipt now;
    enum err err = chat_enter(tx, &r->caller, reading->channel_id, &channel);
    if (err != ERR_OK)
        return err;
    err = messages_in(tx, &channel, reading->message_id, &message);
    if (err != ERR_OK)
        return err;
    const struct receipt receipt = {
        .user_id = r->caller.user_id,
        .delivered_id = message.id,
        .read_id = reading->delivered_only ? 0 : message.id,
    };
    err = channels_receive(tx, &channel, &receipt, &now);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    shapes_receipt(&w, &now);
    r->status = 200;
    return ERR_OK;
}

void channel_read(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "messageId", .kind = JSON_KIND_ID, .required = true},
        {.name = "state", .kind = JSON_KIND_LINE, .min = 1, .max = 10},
    };
    struct json_value values[2];
    struct reading *reading = arena_zalloc(r->arena, sizeof *reading);
    if (reading == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_path_id(r, 1, &reading->channel_id) || !request_json(r, fields, 2, values))
        return;
    reading->message_id = values[0].number;
    if (values[1].present && !chat_parse_state(values[1].text, &reading->delivered_only)) {
        request_refuse(r, ERR_INVALID, "The field \"state\" is \"read\" or \"delivered\".");
        return;
    }
    r->state = reading;
    request_write(r, run_read, NULL);
}
