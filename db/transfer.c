/*
 * Records in: each becomes its row, through the aggregate when it is new, by an UPDATE here when it differs. See
 * transfer.h.
 *
 * Every function goes the same way: find the row; fill what the record left out; compare; write. Out is
 * transfer_walk.c.
 */
#include "db/transfer.h"

#include <string.h>

#include "base/limits.h"
#include "db/farewell.h"
#include "db/moderation.h"
#include "db/posts.h"
#include "db/rows.h"
#include "db/teams.h"
#include "db/words.h"

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool given(unsigned parts, enum transfer_part part)
{
    return (parts & (unsigned)part) != 0;
}

/* Whether a row is there. The text must be static: it is its statement's name. */
static enum err exists(struct db *db, const char *sql, int64_t id, bool *found)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, "i", id);
    if (err != ERR_OK)
        return err;
    *found = db_row(stmt);
    return db_end(stmt);
}

static enum err need(struct tx *tx, const char *sql, const char *what, int64_t id)
{
    bool found = false;
    enum err err = exists(tx->db, sql, id, &found);
    if (err == ERR_OK && !found)
        return problem_set(&tx->problem, ERR_INVALID, "there is no %s \"%lld\"", what, (long long)id);
    return err;
}

static enum err need_user(struct tx *tx, int64_t id)
{
    return need(tx, "SELECT 1 FROM users WHERE id = $1", "user", id);
}

static enum err need_team(struct tx *tx, int64_t id)
{
    return need(tx, "SELECT 1 FROM teams WHERE id = $1", "team", id);
}

enum err transfer_has_left(struct tx *tx, int64_t user_id, bool *left)
{
    *left = false;
    return exists(tx->db, "SELECT 1 FROM users WHERE id = $1 AND deleted_ms IS NOT NULL", user_id, left);
}

/* ---- users ------------------------------------------------------------------------------------------------------- */

static enum err create_user(struct tx *tx, const struct transfer_user *r)
{
    const struct user_new user = {
        .id = r->id,
        .username = r->username,
        .name = r->name,
        .role = r->role,
        .password = r->password,
        .external_id = r->external_id,
        .appear_offline = r->appear_offline,
        .disabled = r->disabled,
        .created_ms = r->created_ms,
    };
    int64_t id;
    return users_create(tx, &user, &id);
}

/* The row that posts and counts name, as db/farewell.h leaves it. */
static enum err create_former(struct tx *tx, const struct transfer_user *r)
{
    const struct user_new former = {
        .id = r->id,
        .username = arena_printf(tx->arena, "former-%lld", (long long)r->id),
        .name = "Former member",
        .appear_offline = true,
        .disabled = true,
        .created_ms = r->created_ms,
    };
    int64_t id;
    enum err err = former.username == NULL ? ERR_NO_MEMORY : users_create(tx, &former, &id);
    return err == ERR_OK ? db_run(tx->db, "UPDATE users SET deleted_ms = $2, tokens_after_ms = $2 + 1 WHERE id = $1",
                                  "ii", r->id, r->deleted_ms)
                         : err;
}

static bool same_user(const struct transfer_user *r, const struct user *row)
{
    return same_text(r->username, row->username) && same_text(r->name, row->name) && r->role == row->role &&
           same_text(r->external_id, row->external_id) && same_text(r->password, row->password) &&
           r->appear_offline == row->appear_offline && r->disabled == row->disabled && r->created_ms == row->created_ms;
}

/* The site that gave out an external id may rename its member; otherwise another name is another person. */
static bool same_person(const struct transfer_user *r, const struct user *row)
{
    return same_text(r->username, row->username) ||
           (row->external_id != NULL && same_text(r->external_id, row->external_id));
}

static enum err update_user(struct tx *tx, const struct transfer_user *r, const struct user *row)
{
    bool signed_out = !same_text(r->password, row->password) || (r->disabled && !row->disabled);
    int64_t tokens_after_ms = row->tokens_after_ms;
    if (signed_out)
        tokens_after_ms = tx->now_ms > tokens_after_ms ? tx->now_ms : tokens_after_ms + 1;
    enum err err = db_run(tx->db,
                          "UPDATE users SET username = $2, name = $3, role = $4, external_id = $5, password = $6, "
                          "appear_offline = $7, disabled = $8, created_ms = $9, tokens_after_ms = $10 WHERE id = $1",
                          "isssssiiii", r->id, r->username, r->name, role_name(r->role), r->external_id, r->password,
                          (int64_t)r->appear_offline, (int64_t)r->disabled, r->created_ms, tokens_after_ms);
    if (err == ERR_CONFLICT)
        return problem_set(&tx->problem, err, "the user name \"%.60s\" or the external id belongs to another user",
                           r->username);
    return err;
}

enum err transfer_put_user(struct tx *tx, const struct transfer_user *record, enum transfer_result *result)
{
    struct transfer_user r = *record;
    struct user row;
    bool left;
    *result = TRANSFER_SAME;
    enum err err = transfer_has_left(tx, r.id, &left);
    if (err != ERR_OK || left)
        return err;
    err = users_by_id(tx->db, tx->arena, r.id, &row);
    bool is_new = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !is_new)
        return err;
    if (is_new)
        row = (struct user){.role = ROLE_MEMBER, .created_ms = tx->now_ms};
    if (!given(r.given, TRANSFER_ROLE))
        r.role = row.role;
    if (!given(r.given, TRANSFER_EXTERNAL_ID))
        r.external_id = row.external_id;
    if (!given(r.given, TRANSFER_PASSWORD))
        r.password = row.password;
    if (!given(r.given, TRANSFER_APPEAR_OFFLINE))
        r.appear_offline = row.appear_offline;
    if (!given(r.given, TRANSFER_DISABLED))
        r.disabled = row.disabled;
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    *result = TRANSFER_CREATED;
    if (is_new)
        return r.deleted_ms != 0 ? create_former(tx, &r) : create_user(tx, &r);
    if (r.deleted_ms != 0)
        return problem_set(&tx->problem, ERR_CONFLICT,
                           "the user \"%lld\" has left for good in this file, but is %.60s here: delete the account, or"
                           " leave the line out",
                           (long long)r.id, row.username);
    if (!same_person(&r, &row))
        return problem_set(&tx->problem, ERR_CONFLICT, "the id \"%lld\" belongs to %.60s here, not to %.60s",
                           (long long)r.id, row.username, r.username);

    /*
     * Whoever has a team is its coach: making the team said so, and a file that says "member" does not undo it each
     * time.
     */
    bool has_team = false;
    err = exists(tx->db, "SELECT 1 FROM teams WHERE id = $1", r.id, &has_team);
    if (err != ERR_OK)
        return err;
    if (has_team && r.role == ROLE_MEMBER)
        r.role = ROLE_COACH;
    *result = same_user(&r, &row) ? TRANSFER_SAME : TRANSFER_UPDATED;
    return *result == TRANSFER_SAME ? ERR_OK : update_user(tx, &r, &row);
}

/* ---- teams ------------------------------------------------------------------------------------------------------- */

static enum err find_team(struct tx *tx, int64_t id, struct transfer_team *row)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT name, created_ms FROM teams WHERE id = $1", "i", id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        *row = (struct transfer_team){
            .id = id, .name = rows_text(stmt, 0, tx->arena, &full), .created_ms = db_int(stmt, 1)};
    return rows_end_one(stmt, found, full);
}

enum err transfer_put_team(struct tx *tx, const struct transfer_team *record, enum transfer_result *result)
{
    struct transfer_team r = *record;
    struct transfer_team row = {.created_ms = tx->now_ms};
    enum err err = find_team(tx, r.id, &row);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    if (err == ERR_NOT_FOUND) {
        *result = TRANSFER_CREATED;
        err = need_user(tx, r.id);
        return err != ERR_OK ? err : teams_create_bare(tx, r.id, r.name, r.created_ms);
    }
    *result = same_text(r.name, row.name) && r.created_ms == row.created_ms ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (*result == TRANSFER_SAME)
        return ERR_OK;
    return db_run(tx->db, "UPDATE teams SET name = $2, created_ms = $3 WHERE id = $1", "isi", r.id, r.name,
                  r.created_ms);
}

static enum err find_pair(struct db *db, const char *sql, int64_t a, int64_t b, int64_t *at_ms)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, "ii", a, b);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *at_ms = db_int(stmt, 0);
    return rows_end_one(stmt, found, false);
}

enum err transfer_put_membership(struct tx *tx, const struct transfer_membership *record, enum transfer_result *result)
{
    const struct transfer_membership *r = record;
    int64_t row_ms;
    bool left;
    *result = TRANSFER_SAME;
    enum err err = transfer_has_left(tx, r->user_id, &left);
    if (err != ERR_OK || left)
        return err;
    err = find_pair(tx->db, "SELECT joined_ms FROM memberships WHERE team_id = $1 AND user_id = $2",
                             r->team_id, r->user_id, &row_ms);
    if (err == ERR_NOT_FOUND) {
        *result = TRANSFER_CREATED;
        err = need_team(tx, r->team_id);
        if (err == ERR_OK)
            err = need_user(tx, r->user_id);
        if (err == ERR_OK)
            err = users_join(tx, r->user_id, r->team_id, given(r->given, TRANSFER_CREATED_AT) ? r->joined_ms : 0);
        return err;
    }
    bool same = err == ERR_OK && (!given(r->given, TRANSFER_CREATED_AT) || r->joined_ms == row_ms);
    *result = same ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (err != ERR_OK || same)
        return err;
    return db_run(tx->db, "UPDATE memberships SET joined_ms = $3 WHERE team_id = $1 AND user_id = $2", "iii",
                  r->team_id, r->user_id, r->joined_ms);
}

/* ---- posts ------------------------------------------------------------------------------------------------------- */

static enum err find_post(struct tx *tx, int64_t id, struct transfer_post *row, bool *deleted)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "SELECT team_id, author_id, body, topics, pinned_ms, created_ms, edited_ms, "
                            "deleted_ms IS NOT NULL, hidden FROM posts WHERE id = $1",
                            "i", id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found) {
        *row = (struct transfer_post){
            .id = id,
            .team_id = db_int(stmt, 0),
            .author_id = db_int(stmt, 1),
            .body = rows_text(stmt, 2, tx->arena, &full),
            .topics = rows_text(stmt, 3, tx->arena, &full),
            .pinned_ms = db_int(stmt, 4),
            .created_ms = db_int(stmt, 5),
            .edited_ms = db_int(stmt, 6),
            .hidden = (enum hidden)db_int(stmt, 8),
        };
        *deleted = db_int(stmt, 7) != 0;
    }
    return rows_end_one(stmt, found, full);
}

static enum err check_pins(struct tx *tx, int64_t team_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT count(*) FROM posts WHERE team_id = $1 AND pinned_ms IS NOT NULL",
                            "i", team_id);
    if (err != ERR_OK)
        return err;
    int64_t pins = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_OK && pins >= PINS_PER_TEAM_MAX)
        return problem_set(&tx->problem, ERR_CONFLICT, "a team has %d pinned posts at most", PINS_PER_TEAM_MAX);
    return err;
}

/* Reports do not come along, and what the list holds back is found in the queue. */
static enum err queue_held(struct tx *tx, const struct transfer_post *r)
{
    const struct subject subject = {
        .kind = REPORT_POST, .id = r->id, .team_id = r->team_id, .author_id = r->author_id, .hidden = r->hidden};
    return r->hidden == HIDDEN_BY_WORDS ? moderation_held(tx, &subject) : ERR_OK;
}

static enum err create_post(struct tx *tx, const struct transfer_post *r)
{
    enum err err = need_team(tx, r->team_id);
    if (err == ERR_OK)
        err = need_user(tx, r->author_id);
    if (err == ERR_OK && r->pinned_ms != 0)
        err = check_pins(tx, r->team_id);
    if (err != ERR_OK)
        return err;
    const struct post_new post = {
        .id = r->id,
        .team_id = r->team_id,
        .author_id = r->author_id,
        .body = r->body,
        .topics = r->topics,
        .created_ms = r->created_ms,
        .edited_ms = r->edited_ms,
        .pinned_ms = r->pinned_ms,
        .hidden = r->hidden,
    };
    int64_t id;
    err = posts_create(tx, &post, &id);
    return err != ERR_OK ? err : queue_held(tx, r);
}

/* The place of a post whose author has left: likes of it may follow in the file. */
static enum err create_empty(struct tx *tx, const struct transfer_post *record)
{
    const struct transfer_post r = {.id = record->id,
                                    .team_id = record->team_id,
                                    .author_id = record->author_id,
                                    .body = "",
                                    .topics = "",
                                    .created_ms = given(record->given, TRANSFER_CREATED_AT) ? record->created_ms
                                                                                             : tx->now_ms};
    enum err err = create_post(tx, &r);
    return err == ERR_OK ? posts_delete(tx, r.id) : err;
}

static enum err update_post(struct tx *tx, const struct transfer_post *r, const struct transfer_post *row)
{
    bool words = !same_text(r->body, row->body) || !same_text(r->topics, row->topics) ||
                 r->author_id != row->author_id || r->created_ms != row->created_ms || r->edited_ms != row->edited_ms;
    bool pin = (r->pinned_ms != 0) != (row->pinned_ms != 0);
    bool changed;
    enum err err = need_user(tx, r->author_id);
    if (err == ERR_OK && pin && r->pinned_ms != 0)
        err = check_pins(tx, r->team_id);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "UPDATE posts SET author_id = $2, body = $3, topics = $4, pinned_ms = NULLIF($5, 0), "
                     "created_ms = $6, edited_ms = NULLIF($7, 0) WHERE id = $1",
                     "iissiii", r->id, r->author_id, r->body, r->topics, r->pinned_ms, r->created_ms, r->edited_ms);
    if (err == ERR_OK)
        err = posts_hide(tx, r->id, r->hidden, &changed);
    if (err == ERR_OK && r->hidden != HIDDEN_NOT) /* also when it was hidden by the other */
        err = db_run(tx->db, "UPDATE posts SET hidden = $2 WHERE id = $1", "ii", r->id, (int64_t)r->hidden);
    if (err == ERR_OK && words)
        err = tx_event(tx, CHANGE_POST_EDITED, r->team_id, r->id, NULL);
    if (err == ERR_OK && pin)
        err = tx_event(tx, r->pinned_ms != 0 ? CHANGE_POST_PINNED : CHANGE_POST_UNPINNED, r->team_id, r->id, NULL);
    return err != ERR_OK ? err : queue_held(tx, r);
}

enum err transfer_put_post(struct tx *tx, const struct transfer_post *record, enum transfer_result *result)
{
    struct transfer_post r = *record;
    struct transfer_post row = {.topics = "", .created_ms = tx->now_ms};
    bool deleted = false;
    bool left;
    *result = TRANSFER_SAME;
    enum err err = transfer_has_left(tx, r.author_id, &left);
    if (err != ERR_OK)
        return err;
    err = find_post(tx, r.id, &row, &deleted);
    bool is_new = err == ERR_NOT_FOUND;
    if ((err != ERR_OK && !is_new) || (left && !is_new))
        return err;
    if (left) {
        *result = TRANSFER_CREATED;
        return create_empty(tx, &r);
    }
    if (!given(r.given, TRANSFER_TOPICS))
        r.topics = row.topics;
    if (!given(r.given, TRANSFER_PINNED))
        r.pinned_ms = row.pinned_ms;
    if (!given(r.given, TRANSFER_EDITED))
        r.edited_ms = row.edited_ms;
    if (!given(r.given, TRANSFER_HIDDEN) || same_text(hidden_name(r.hidden), hidden_name(row.hidden)))
        r.hidden = row.hidden; /* also of the two kinds of "words" the one it is */
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    *result = TRANSFER_CREATED;
    if (is_new)
        return create_post(tx, &r);

    *result = TRANSFER_SAME;
    if (deleted)
        return ERR_OK;
    if (r.team_id != row.team_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "the post \"%lld\" belongs to another team", (long long)r.id);
    if (r.author_id != row.author_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "the post \"%lld\" belongs to somebody else here",
                           (long long)r.id);
    if (same_text(r.body, row.body) && same_text(r.topics, row.topics) && r.author_id == row.author_id &&
        r.pinned_ms == row.pinned_ms && r.created_ms == row.created_ms && r.edited_ms == row.edited_ms &&
        r.hidden == row.hidden)
        return ERR_OK;
    *result = TRANSFER_UPDATED;
    return update_post(tx, &r, &row);
}

/* ---- likes ------------------------------------------------------------------------------------------------------- */

static enum err create_like(struct tx *tx, const struct transfer_like *r, enum transfer_result *result)
{
    enum err err = need(tx, "SELECT 1 FROM posts WHERE id = $1", "post", r->post_id);
    if (err == ERR_OK)
        err = need_user(tx, r->user_id);
    if (err != ERR_OK)
        return err;
    int64_t count;
    int64_t at_ms = given(r->given, TRANSFER_CREATED_AT) ? r->created_ms : tx->now_ms;
    err = posts_like(tx, r->post_id, r->user_id, true, at_ms, &count);
    *result = err == ERR_OK ? TRANSFER_CREATED : TRANSFER_SAME;
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* the post was deleted here, and its likes with it */
}

enum err transfer_put_like(struct tx *tx, const struct transfer_like *record, enum transfer_result *result)
{
    const struct transfer_like *r = record;
    int64_t row_ms;
    enum err err = find_pair(tx->db, "SELECT created_ms FROM likes WHERE post_id = $1 AND user_id = $2", r->post_id,
                             r->user_id, &row_ms);
    if (err == ERR_NOT_FOUND)
        return create_like(tx, r, result);
    bool same = err == ERR_OK && (!given(r->given, TRANSFER_CREATED_AT) || r->created_ms == row_ms);
    *result = same ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (err != ERR_OK || same)
        return err;
    return db_run(tx->db, "UPDATE likes SET created_ms = $3 WHERE post_id = $1 AND user_id = $2", "iii", r->post_id,
                  r->user_id, r->created_ms);
}

/* ---- notices ----------------------------------------------------------------------------------------------------- */

static bool same_notice(const struct transfer_notice *r, const struct notice *row)
{
    return r->kind == row->kind && r->team_id == row->team_id && r->author_id == row->author_id &&
           same_text(r->title, row->title) && same_text(r->body, row->body) && same_text(r->link, row->link) &&
           r->created_ms == row->created_ms;
}

static enum err create_notice(struct tx *tx, const struct transfer_notice *r)
{
    const struct notice notice = {
        .id = r->id,
        .kind = r->kind,
        .team_id = r->team_id,
        .author_id = r->author_id,
        .title = r->title,
        .body = r->body,
        .link = r->link,
        .created_ms = r->created_ms,
    };
    int64_t id;
    return notices_create(tx, &notice, &id);
}

/* A changed notice is news again, so it moves to a new place in the sequence. */
static enum err update_notice(struct tx *tx, const struct transfer_notice *r)
{
    int64_t seq = 0;
    enum err err = tx_event(tx, CHANGE_NOTICE, r->team_id, r->id, &seq);
    if (err != ERR_OK)
        return err;
    return db_run(tx->db,
                  "UPDATE notices SET kind = $2, team_id = NULLIF($3, 0), author_id = $4, title = $5, body = $6, "
                  "link = $7, created_ms = $8, seq = $9 WHERE id = $1",
                  "isiisssii", r->id, notice_kind_name(r->kind), r->team_id, r->author_id, r->title, r->body, r->link,
                  r->created_ms, seq);
}

/* What a member who has left wrote is not told again, nor what a pin quotes of a post that is gone. */
static enum err forget_words(struct tx *tx, struct transfer_notice *r)
{
    struct db_stmt *stmt;
    bool left;
    enum err err = transfer_has_left(tx, r->author_id, &left);
    if (err == ERR_OK && left) {
        r->given |= TRANSFER_BODY;
        r->title = FAREWELL_NOTICE_TITLE;
        r->body = "";
    }
    if (err == ERR_OK && r->kind == NOTICE_PIN && r->link != NULL)
        err = db_query(tx->db, &stmt,
                       "SELECT 1 FROM posts WHERE deleted_ms IS NOT NULL AND '/#/posts/' || id = $1 AND"
                       " id = CAST(substr($1, 10) AS INTEGER)",
                       "s", r->link);
    else
        return err;
    if (err == ERR_OK && db_row(stmt)) {
        r->given |= TRANSFER_BODY;
        r->body = "";
    }
    return err == ERR_OK ? db_end(stmt) : err;
}

enum err transfer_put_notice(struct tx *tx, const struct transfer_notice *record, enum transfer_result *result)
{
    struct transfer_notice r = *record;
    struct notice row;
    enum err err = notices_by_id(tx->db, tx->arena, r.id, &row);
    bool is_new = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !is_new)
        return err;
    if (is_new)
        row = (struct notice){.body = "", .created_ms = tx->now_ms};
    if (!given(r.given, TRANSFER_TEAM))
        r.team_id = row.team_id;
    if (!given(r.given, TRANSFER_BODY))
        r.body = row.body;
    if (!given(r.given, TRANSFER_LINK))
        r.link = row.link;
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    if (!is_new && r.author_id != row.author_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "the notice \"%lld\" belongs to somebody else here",
                           (long long)r.id);
    err = forget_words(tx, &r);
    if (err != ERR_OK)
        return err;
    *result = is_new ? TRANSFER_CREATED : same_notice(&r, &row) ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (*result == TRANSFER_SAME)
        return ERR_OK;
    err = r.team_id != 0 ? need_team(tx, r.team_id) : ERR_OK;
    if (err == ERR_OK)
        err = need_user(tx, r.author_id);
    if (err != ERR_OK)
        return err;
    return is_new ? create_notice(tx, &r) : update_notice(tx, &r);
}

/* ---- keeping it kind --------------------------------------------------------------------------------------------- */

static enum err find_mute(struct tx *tx, int64_t team_id, int64_t user_id, struct transfer_mute *row)
{
    struct db_stmt *stmt;
    enum err err = db_query(
        tx->db, &stmt, "SELECT until_ms, created_by, created_ms FROM mutes WHERE team_id = $1 AND user_id = $2", "ii",
        team_id, user_id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found) {
        row->until_ms = db_int(stmt, 0);
        row->author_id = db_int(stmt, 1);
        row->created_ms = db_int(stmt, 2);
    }
    return rows_end_one(stmt, found, false);
}

enum err transfer_put_mute(struct tx *tx, const struct transfer_mute *record, enum transfer_result *result)
{
    struct transfer_mute r = *record;
    struct transfer_mute row = {.created_ms = tx->now_ms};
    bool left;
    *result = TRANSFER_SAME;
    enum err err = transfer_has_left(tx, r.user_id, &left);
    if (err != ERR_OK || left)
        return err;
    err = find_mute(tx, r.team_id, r.user_id, &row);
    bool is_new = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !is_new)
        return err;
    if (!given(r.given, TRANSFER_AUTHOR))
        r.author_id = row.author_id;
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    if (!is_new && r.until_ms == row.until_ms && r.author_id == row.author_id && r.created_ms == row.created_ms)
        return ERR_OK;
    *result = is_new ? TRANSFER_CREATED : TRANSFER_UPDATED;
    err = need_team(tx, r.team_id);
    if (err == ERR_OK)
        err = need_user(tx, r.user_id);
    if (err == ERR_OK && r.author_id != 0)
        err = need_user(tx, r.author_id);
    if (err != ERR_OK)
        return err;
    return db_run(tx->db,
                  "INSERT INTO mutes (team_id, user_id, until_ms, created_by, created_ms) VALUES ($1, $2, $3, $4, $5)"
                  " ON CONFLICT (team_id, user_id) DO UPDATE SET until_ms = $3, created_by = $4, created_ms = $5",
                  "iiiii", r.team_id, r.user_id, r.until_ms, r.author_id, r.created_ms);
}

enum err transfer_put_word(struct tx *tx, const char *word, enum transfer_result *result)
{
    bool changed = false;
    enum err err = words_add(tx, word, &changed);
    *result = changed ? TRANSFER_CREATED : TRANSFER_SAME;
    return err;
}
