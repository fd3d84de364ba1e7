/*
 * Counters in and out, with every change. See transfer.h.
 *
 * A counter's value is that of its newest change, so changes are taken in order and what a change found is what the one
 * before it left.
 */
#include <string.h>

#include "db/rows.h"
#include "db/transfer.h"

static enum err need(struct tx *tx, const char *sql, const char *what, int64_t id)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, sql, "i", id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    err = rows_end_one(stmt, found, false);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, ERR_INVALID, "there is no %s \"%lld\"", what, (long long)id);
    return err;
}

/* ---- counters ---------------------------------------------------------------------------------------------------- */

static enum err create_counter(struct tx *tx, const struct transfer_counter *r)
{
    enum err err = need(tx, "SELECT 1 FROM teams WHERE id = $1", "team", r->team_id);
    if (err == ERR_OK)
        err = counters_make_room(tx, r->team_id);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "INSERT INTO counters (id, team_id, name, milestone, created_ms, updated_ms, operations,"
                     " forgotten, value) VALUES ($1, $2, $3, $4, $5, $5, $6, $6, $7)",
                     "iisiiii", r->id, r->team_id, r->name, r->milestone, r->created_ms, r->forgotten, r->value);
    if (err == ERR_CONFLICT && tx->problem.detail[0] == '\0')
        return problem_set(&tx->problem, err, "the team has another counter of the name \"%s\"", r->name);
    return err;
}

enum err transfer_put_counter(struct tx *tx, const struct transfer_counter *record, enum transfer_result *result)
{
    struct transfer_counter r = *record;
    struct counter row = {.created_ms = tx->now_ms};
    enum err err = counters_by_id(tx->db, tx->arena, r.id, &row);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if ((r.given & TRANSFER_MILESTONE) == 0 || r.milestone < row.milestone)
        r.milestone = row.milestone;
    if ((r.given & TRANSFER_CREATED_AT) == 0)
        r.created_ms = row.created_ms;
    *result = TRANSFER_CREATED;
    if (err == ERR_NOT_FOUND)
        return create_counter(tx, &r);
    if (r.team_id != row.team_id || strcmp(r.name, row.name) != 0)
        return problem_set(&tx->problem, ERR_CONFLICT, "the counter \"%lld\" is another one here", (long long)r.id);
    *result = r.milestone == row.milestone && r.created_ms == row.created_ms ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (*result == TRANSFER_SAME)
        return ERR_OK;
    return db_run(tx->db, "UPDATE counters SET milestone = $2, created_ms = $3 WHERE id = $1", "iii", r.id, r.milestone,
                  r.created_ms);
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* ERR_NOT_FOUND: the counter did not take so many yet. */
static enum err find_change(struct tx *tx, const struct transfer_counter_change *r, struct transfer_counter_change *row)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "SELECT kind, value, user_id, at_ms FROM counter_changes"
                            " WHERE counter_id = $1 AND operation = $2",
                            "ii", r->counter_id, r->operation);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found) {
        (void)counters_kind_parse(db_text(stmt, 0, NULL), &row->kind);
        row->value = db_int(stmt, 1);
        row->user_id = db_int(stmt, 2);
        row->at_ms = db_int(stmt, 3);
    }
    return rows_end_one(stmt, found, false);
}

static enum err check_change(struct tx *tx, const struct transfer_counter_change *r, const struct counter_event *event)
{
    int64_t amount;
    if (r->operation != event->counter.operations)
        return problem_set(&tx->problem, ERR_INVALID, "the next change of the counter \"%lld\" is number %lld",
                           (long long)r->counter_id, (long long)event->counter.operations);
    if (r->kind == COUNTER_RESET && r->value != 0)
        return problem_set(&tx->problem, ERR_INVALID, "a reset sets a counter to 0");
    if (counters_amount(event, &amount) && (amount > COUNTER_VALUE_MAX || amount < -COUNTER_VALUE_MAX))
        return problem_set(&tx->problem, ERR_INVALID, "no change of a counter is over %lld",
                           (long long)COUNTER_VALUE_MAX);
    return need(tx, "SELECT 1 FROM users WHERE id = $1", "user", r->user_id);
}

static enum err create_change(struct tx *tx, const struct transfer_counter_change *r, enum transfer_result *result)
{
    struct counter_event event = {.kind = r->kind, .user_id = r->user_id};
    enum err err = counters_by_id(tx->db, tx->arena, r->counter_id, &event.counter);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, ERR_INVALID, "there is no counter \"%lld\"", (long long)r->counter_id);
    if (err == ERR_OK && r->operation <= event.counter.operations) {
        *result = TRANSFER_SAME;
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    event.previous = event.counter.value;
    event.counter.value = r->value;
    event.counter.operations++;
    event.counter.updated_ms = (r->given & TRANSFER_CREATED_AT) != 0 ? r->at_ms : tx->now_ms;
    err = check_change(tx, r, &event);
    return err != ERR_OK ? err : counters_put(tx, &event);
}

enum err transfer_put_counter_change(struct tx *tx, const struct transfer_counter_change *record,
                                     enum transfer_result *result)
{
    const struct transfer_counter_change *r = record;
    struct transfer_counter_change row = {0};
    enum err err = find_change(tx, r, &row);
    *result = TRANSFER_CREATED;
    if (err == ERR_NOT_FOUND)
        return create_change(tx, r, result);
    if (err == ERR_OK && (r->kind != row.kind || r->value != row.value || r->user_id != row.user_id))
        return problem_set(&tx->problem, ERR_CONFLICT, "change %lld of the counter \"%lld\" is another one here",
                           (long long)r->operation, (long long)r->counter_id);
    bool same = (r->given & TRANSFER_CREATED_AT) == 0 || r->at_ms == row.at_ms;
    *result = same ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (err != ERR_OK || same)
        return err;
    return db_run(tx->db, "UPDATE counter_changes SET at_ms = $3 WHERE counter_id = $1 AND operation = $2", "iii",
                  r->counter_id, r->operation, r->at_ms);
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

enum err transfer_each_counter(struct db *db, enum err (*each)(void *arg, const struct transfer_counter *record),
                               void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT k.id, k.team_id, k.name, k.milestone, k.created_ms, k.forgotten,"
                            " COALESCE(c.previous, k.value) FROM counters k LEFT JOIN counter_changes c"
                            " ON c.counter_id = k.id"
                            " AND c.operation = k.forgotten + 1 ORDER BY k.id",
                            "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_counter r = {
            .id = db_int(stmt, 0),
            .team_id = db_int(stmt, 1),
            .name = db_text(stmt, 2, NULL),
            .milestone = db_int(stmt, 3),
            .created_ms = db_int(stmt, 4),
            .forgotten = db_int(stmt, 5),
            .value = db_int(stmt, 6),
        };
        err = each(arg, &r);
    }
    enum err ended = db_end(stmt);
    return err != ERR_OK ? err : ended;
}

enum err transfer_each_counter_change(struct db *db,
                                      enum err (*each)(void *arg, const struct transfer_counter_change *record),
                                      void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT counter_id, operation, kind, value, user_id, at_ms FROM counter_changes"
                            " ORDER BY counter_id, operation",
                            "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        struct transfer_counter_change r = {
            .counter_id = db_int(stmt, 0),
            .operation = db_int(stmt, 1),
            .value = db_int(stmt, 3),
            .user_id = db_int(stmt, 4),
            .at_ms = db_int(stmt, 5),
        };
        err = counters_kind_parse(db_text(stmt, 2, NULL), &r.kind) ? each(arg, &r) : ERR_INTERNAL;
    }
    enum err ended = db_end(stmt);
    return err != ERR_OK ? err : ended;
}
