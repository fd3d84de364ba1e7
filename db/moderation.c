/* Acts of moderation. See moderation.h. */
#include "db/moderation.h"

#include <stdio.h>
#include <string.h>

#include "db/audit.h"
#include "db/messages.h"
#include "db/mutes.h"
#include "db/notices.h"
#include "db/posts.h"
#include "db/words.h"

#define MINUTE_MS INT64_C(60000)

/* ---- what is looked at ------------------------------------------------------------------------------------------- */

static enum err find_post(struct tx *tx, int64_t id, struct subject *out)
{
    struct post post;
    enum err err = posts_by_id(tx->db, tx->arena, id, 0, &post);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && post.deleted))
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such post.");
    if (err == ERR_OK)
        *out = (struct subject){
            .kind = REPORT_POST, .id = id, .team_id = post.team_id, .author_id = post.author_id, .hidden = post.hidden};
    return err;
}

static enum err find_message(struct tx *tx, int64_t id, struct subject *out)
{
    struct chat_message message;
    struct channel channel;
    enum err err = messages_by_id(tx->db, tx->arena, id, &message);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && message.deleted))
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such message.");
    if (err == ERR_OK)
        err = channels_brief(tx->db, message.channel_id, &channel);
    if (err == ERR_OK)
        *out = (struct subject){.kind = REPORT_MESSAGE,
                                .id = id,
                                .channel_id = channel.id,
                                .team_id = channel.team_id,
                                .author_id = message.author_id,
                                .hidden = message.hidden};
    return err;
}

enum err moderation_subject(struct tx *tx, enum report_subject kind, int64_t id, struct subject *out)
{
    return kind == REPORT_POST ? find_post(tx, id, out) : find_message(tx, id, out);
}

/* ---- hiding ------------------------------------------------------------------------------------------------------ */

static enum err record(struct tx *tx, int64_t actor_id, const struct subject *s, const char *act)
{
    char action[32];
    (void)snprintf(action, sizeof action, "%s.%s", reports_subject_name(s->kind), act);
    const struct audit_entry entry = {.actor_id = actor_id,
                                      .action = action,
                                      .team_id = s->team_id,
                                      .subject = reports_subject_name(s->kind),
                                      .subject_id = s->id};
    return audit_add(tx, &entry);
}

static enum err set_hidden(struct tx *tx, const struct subject *s, enum hidden hidden, bool *changed)
{
    const char *link = s->kind == REPORT_POST ? notices_post_link(tx->arena, s->id) : "";
    struct channel channel;
    if (link == NULL)
        return ERR_NO_MEMORY;
    if (s->kind == REPORT_POST) {
        enum err err = posts_hide(tx, s->id, hidden, changed);
        /* Also of one that was held back before: its notice goes on quoting it until then. */
        return err == ERR_OK && hidden != HIDDEN_NOT ? notices_forget_words(tx, link) : err;
    }
    enum err err = channels_brief(tx->db, s->channel_id, &channel);
    return err != ERR_OK ? err : messages_hide(tx, &channel, s->id, hidden, changed);
}

enum err moderation_hide(struct tx *tx, int64_t actor_id, const struct subject *subject, bool hide, bool *changed)
{
    enum err err = set_hidden(tx, subject, hide ? HIDDEN_BY_COACH : HIDDEN_NOT, changed);
    if (err == ERR_OK)
        err = reports_decide(tx, subject->kind, subject->id, hide ? REPORT_HIDDEN : REPORT_RESTORED, actor_id);
    bool settled = err == ERR_OK && db_changes(tx->db) > 0;
    return err == ERR_OK && (*changed || settled) ? record(tx, actor_id, subject, hide ? "hide" : "restore") : err;
}

enum err moderation_dismiss(struct tx *tx, int64_t actor_id, const struct subject *subject)
{
    bool changed = false;
    enum err err = ERR_OK;
    if (subject->hidden == HIDDEN_BY_WORDS || subject->hidden == HIDDEN_EDIT)
        err = set_hidden(tx, subject, HIDDEN_NOT, &changed);
    if (err == ERR_OK)
        err = reports_decide(tx, subject->kind, subject->id, REPORT_DISMISSED, actor_id);
    bool settled = err == ERR_OK && db_changes(tx->db) > 0;
    return err == ERR_OK && (changed || settled) ? record(tx, actor_id, subject, "dismiss") : err;
}

/* ---- what is written --------------------------------------------------------------------------------------------- */

enum err moderation_screen(struct tx *tx, const struct draft_words *draft, enum hidden *out)
{
    bool found = false;
    *out = HIDDEN_NOT;
    enum err err = mutes_check(tx, draft->team_id, draft->author_id);
    if (err != ERR_OK || draft->leads)
        return err;
    err = words_match(tx->db, draft->text, &found);
    if (err == ERR_OK && !found && draft->topics != NULL)
        err = words_match(tx->db, draft->topics, &found);
    if (found)
        *out = HIDDEN_BY_WORDS;
    return err;
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

enum err moderation_report(struct tx *tx, const struct subject *subject, const struct complaint *complaint, int64_t *id,
                           bool *again)
{
    if (subject->author_id == complaint->reporter_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "This is your own. You can change it or delete it.");
    const struct report_new report = {.subject = subject->kind,
                                      .subject_id = subject->id,
                                      .team_id = subject->team_id,
                                      .author_id = subject->author_id,
                                      .reporter_id = complaint->reporter_id,
                                      .reason = complaint->reason,
                                      .words = complaint->words};
    return reports_create(tx, &report, id, again);
}

enum err moderation_held(struct tx *tx, const struct subject *subject)
{
    const struct report_new report = {.subject = subject->kind,
                                      .subject_id = subject->id,
                                      .team_id = subject->team_id,
                                      .author_id = subject->author_id,
                                      .reason = REASON_WORDS};
    int64_t id;
    bool again;
    return reports_create(tx, &report, &id, &again);
}

enum err moderation_held_message(struct tx *tx, const struct channel *channel, int64_t id, int64_t author_id)
{
    const struct subject subject = {.kind = REPORT_MESSAGE,
                                    .id = id,
                                    .channel_id = channel->id,
                                    .team_id = channel->team_id,
                                    .author_id = author_id,
                                    .hidden = HIDDEN_BY_WORDS};
    return moderation_held(tx, &subject);
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

static enum err find_member(struct tx *tx, int64_t team_id, int64_t user_id, struct user *out)
{
    struct membership *teams;
    size_t count = 0;
    bool is_in = false;
    enum err err = users_by_id(tx->db, tx->arena, user_id, out);
    if (err == ERR_OK)
        err = users_teams(tx->db, tx->arena, user_id, &teams, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        is_in = is_in || teams[i].team_id == team_id;
    bool missing = err == ERR_NOT_FOUND || (err == ERR_OK && !is_in);
    return missing ? problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such member in this team.") : err;
}

enum err moderation_mute(struct tx *tx, int64_t actor_id, int64_t team_id, int64_t user_id, int64_t minutes,
                         int64_t *until_ms)
{
    struct user user;
    char detail[32] = "";
    enum err err = find_member(tx, team_id, user_id, &user);
    if (err == ERR_OK && user.role == ROLE_ADMIN)
        return problem_set(&tx->problem, ERR_FORBIDDEN, "An admin cannot be asked for a pause.");
    if (err == ERR_OK && user.id == team_id)
        return problem_set(&tx->problem, ERR_FORBIDDEN, "The coach of this team cannot be asked for a pause.");
    *until_ms = minutes == 0 ? 0 : tx->now_ms + minutes * MINUTE_MS;
    if (err == ERR_OK)
        err = minutes == 0 ? mutes_end(tx, team_id, user_id) : mutes_set(tx, team_id, user_id, *until_ms, actor_id);
    bool changed = err == ERR_OK && (minutes != 0 || db_changes(tx->db) > 0);
    if (minutes != 0)
        (void)snprintf(detail, sizeof detail, "%lld minutes", (long long)minutes);
    const struct audit_entry entry = {.actor_id = actor_id,
                                      .action = minutes == 0 ? "member.unmute" : "member.mute",
                                      .team_id = team_id,
                                      .subject = "user",
                                      .subject_id = user_id,
                                      .detail = detail};
    return changed ? audit_add(tx, &entry) : err;
}

enum err moderation_remove(struct tx *tx, int64_t actor_id, int64_t team_id, int64_t user_id)
{
    struct user user;
    enum err err = find_member(tx, team_id, user_id, &user);
    if (err == ERR_OK && user.id == team_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "The coach cannot leave their own team.");
    if (err == ERR_OK)
        err = users_leave(tx, user_id, team_id);
    /* A pause stays: leaving and coming back does not end it. */
    const struct audit_entry entry = {.actor_id = actor_id,
                                      .action = actor_id == user_id ? "member.leave" : "member.remove",
                                      .team_id = team_id,
                                      .subject = "user",
                                      .subject_id = user_id};
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

enum err moderation_decide(struct tx *tx, int64_t actor_id, const struct report *report, const char *decision)
{
    struct subject subject = {.kind = report->subject,
                              .id = report->subject_id,
                              .channel_id = report->channel_id,
                              .team_id = report->team_id,
                              .author_id = report->author_id,
                              .hidden = report->deleted ? HIDDEN_NOT : report->hidden};
    bool changed;
    if (strcmp(decision, "dismiss") == 0)
        return moderation_dismiss(tx, actor_id, &subject);
    enum err err = moderation_subject(tx, report->subject, report->subject_id, &subject);
    return err == ERR_OK ? moderation_hide(tx, actor_id, &subject, strcmp(decision, "hide") == 0, &changed) : err;
}
