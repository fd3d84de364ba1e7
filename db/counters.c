/*
 * Counters of teams. See counters.h.
 *
 * One change is: the counter's row (read), a number, the row (written), the change. Whatever can refuse it
 * stands before the first write.
 */
#include "db/counters.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "db/audit.h"
#include "db/notices.h"
#include "db/rows.h"
#include "db/teams.h"

static const char *const kind_names[] = {[COUNTER_INCREMENT] = "increment",
                                         [COUNTER_DECREMENT] = "decrement",
                                         [COUNTER_SET] = "setValue",
                                         [COUNTER_RESET] = "reset"};
#define KINDS (sizeof kind_names / sizeof kind_names[0])

const char *counters_kind_name(enum counter_kind kind)
{
    return kind_names[kind];
}

bool counters_kind_parse(const char *text, enum counter_kind *kind)
{
    for (size_t i = 0; text != NULL && i < KINDS; i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *kind = (enum counter_kind)i;
            return true;
        }
    }
    return false;
}

bool counters_name_is_good(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    if (name == NULL || name[0] == '\0' || strchr(first, name[0]) == NULL)
        return false;
    size_t len = strspn(name, all);
    return len <= COUNTER_NAME_CHARS_MAX && name[len] == '\0';
}

static bool has_amount(enum counter_kind kind)
{
    return kind == COUNTER_INCREMENT || kind == COUNTER_DECREMENT;
}

bool counters_amount(const struct counter_event *event, int64_t *amount)
{
    *amount = event->kind == COUNTER_DECREMENT ? event->previous - event->counter.value
                                               : event->counter.value - event->previous;
    return has_amount(event->kind);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

#define COUNTER_COLUMNS "id, team_id, name, value, operations, milestone, seq, created_ms, updated_ms"

static void read_counter(struct db_stmt *stmt, struct arena *arena, struct counter *out, bool *full)
{
    *out = (struct counter){
        .id = db_int(stmt, 0),
        .team_id = db_int(stmt, 1),
        .name = rows_text(stmt, 2, arena, full),
        .value = db_int(stmt, 3),
        .operations = db_int(stmt, 4),
        .milestone = db_int(stmt, 5),
        .seq = db_int(stmt, 6),
        .created_ms = db_int(stmt, 7),
        .updated_ms = db_int(stmt, 8),
    };
}

static enum err read_one(struct db_stmt *stmt, struct arena *arena, struct counter *out)
{
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_counter(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

enum err counters_by_name(struct db *db, struct arena *arena, int64_t team_id, const char *name, struct counter *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT " COUNTER_COLUMNS " FROM counters WHERE team_id = $1 AND name = $2",
                            "is", team_id, name);
    return err != ERR_OK ? err : read_one(stmt, arena, out);
}

enum err counters_by_id(struct db *db, struct arena *arena, int64_t id, struct counter *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT " COUNTER_COLUMNS " FROM counters WHERE id = $1", "i", id);
    return err != ERR_OK ? err : read_one(stmt, arena, out);
}

enum err counters_of_team(struct db *db, struct arena *arena, int64_t team_id, int64_t since_seq, struct counter **out,
                          size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, COUNTERS_PER_TEAM_MAX * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT " COUNTER_COLUMNS " FROM counters WHERE team_id = $1 AND seq > $2 ORDER BY name LIMIT $3",
        "iii", team_id, since_seq, (int64_t)COUNTERS_PER_TEAM_MAX);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < COUNTERS_PER_TEAM_MAX && db_row(stmt))
        read_counter(stmt, arena, &(*out)[(*count)++], &full);
    return rows_end(stmt, full);
}

#define CHANGE_COLUMNS "c.seq, c.operation, c.kind, c.value, c.previous, c.user_id, c.at_ms"

/* The counter as it was is its row with what the change says of it. */
static void read_event(struct db_stmt *stmt, const struct counter *counter, struct counter_event *out)
{
    *out = (struct counter_event){.counter = *counter, .previous = db_int(stmt, 4), .user_id = db_int(stmt, 5)};
    out->counter.seq = db_int(stmt, 0);
    out->counter.operations = db_int(stmt, 1);
    out->counter.value = db_int(stmt, 3);
    out->counter.updated_ms = db_int(stmt, 6);
    (void)counters_kind_parse(db_text(stmt, 2, NULL), &out->kind);
}

enum err counters_history(struct db *db, struct arena *arena, const struct counter *counter, int64_t before_seq,
                          size_t limit, struct counter_event **out, size_t *count)
{
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT " CHANGE_COLUMNS ", u.name FROM counter_changes c JOIN users u ON u.id = c.user_id"
                            " WHERE c.counter_id = $1 AND c.seq < $2 ORDER BY c.seq DESC LIMIT $3",
                            "iii", counter->id, before_seq != 0 ? before_seq : INT64_MAX, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < limit && db_row(stmt)) {
        struct counter_event *event = &(*out)[(*count)++];
        read_event(stmt, counter, event);
        event->user_name = rows_text(stmt, 7, arena, &full);
    }
    return rows_end(stmt, full);
}

enum err counters_since(struct db *db, struct arena *arena, const struct counter *counter, int64_t since_seq,
                        size_t limit, struct counter_event **out, size_t *count)
{
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT " CHANGE_COLUMNS " FROM counter_changes c WHERE c.counter_id = $1 AND c.seq > $2"
                            " ORDER BY c.seq LIMIT $3",
                            "iii", counter->id, since_seq, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    while (*count < limit && db_row(stmt))
        read_event(stmt, counter, &(*out)[(*count)++]);
    return db_end(stmt);
}

/* The oldest that is kept was preceded by one that may have been after `since_seq`, or by none. */
enum err counters_reach(struct db *db, const struct counter *counter, int64_t since_seq, bool *reach)
{
    *reach = true;
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT operation, seq FROM counter_changes WHERE counter_id = $1 ORDER BY operation LIMIT 1", "i",
        counter->id);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *reach = db_int(stmt, 0) == 1 || db_int(stmt, 1) <= since_seq;
    return db_end(stmt);
}

static_assert(COUNTER_HISTORY_KEPT == 200000, "as in the index counters_long and the query below");

enum err counters_prune(struct tx *tx, size_t limit, int64_t *removed)
{
    enum err err = db_run(
        tx->db,
        "DELETE FROM counter_changes WHERE (counter_id, operation) IN"
        " (SELECT c.counter_id, c.operation FROM counters long CROSS JOIN counter_changes c"
        " WHERE long.operations > 200000 AND c.counter_id = long.id AND c.operation <= long.operations - 200000"
        " LIMIT $1)",
        "i", (int64_t)limit);
    *removed = err == ERR_OK ? db_changes(tx->db) : 0;
    if (*removed == 0)
        return err;
    /* One that was imported may have operations and no changes. */
    return db_run(tx->db,
                  "UPDATE counters AS long SET forgotten = COALESCE((SELECT MIN(operation) - 1 FROM counter_changes"
                  " WHERE counter_id = long.id), forgotten) WHERE operations > 200000",
                  "");
}

/* ---- milestones -------------------------------------------------------------------------------------------------- */

/* The last is the highest below COUNTER_VALUE_MAX. */
int64_t counters_milestone(int64_t previous, int64_t value)
{
    int64_t found = 0;
    for (int64_t ten = 10000; ten <= value; ten *= 10) {
        const int64_t steps[] = {ten, ten / 2 * 5, ten * 5};
        for (size_t i = 0; i < sizeof steps / sizeof steps[0] && steps[i] <= value; i++)
            found = steps[i];
    }
    return found > previous ? found : 0;
}

/* 100000 as "100,000". */
static const char *grouped(struct arena *arena, int64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)number);
    char *out = arena_alloc(arena, 2 * sizeof digits);
    if (out == NULL)
        return NULL;
    char *at = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

/* "glasses-of-water" as it is said. */
static const char *spoken(struct arena *arena, const char *name)
{
    char *out = arena_text(arena, name);
    for (char *at = out; at != NULL && *at != '\0'; at++)
        if (*at == '-' || *at == '_')
            *at = ' ';
    return out;
}

/* A name that makes the title too long goes into the body. */
static enum err announce(struct tx *tx, const struct counter *counter, int64_t milestone)
{
    struct team team;
    enum err err = teams_by_id(tx->db, tx->arena, counter->team_id, &team);
    if (err != ERR_OK)
        return err;
    const char *number = grouped(tx->arena, milestone);
    const char *name = spoken(tx->arena, counter->name);
    if (number == NULL || name == NULL)
        return ERR_NO_MEMORY;
    struct notice notice = {
        .kind = NOTICE_WIN,
        .author_id = counter->team_id,
        .title = arena_printf(tx->arena, "%s just hit %s %s combined!", team.name, number, name),
        .body = "",
    };
    if (notice.title != NULL && json_utf8_length(notice.title, strlen(notice.title)) > NOTICE_TITLE_CHARS_MAX) {
        notice.title = arena_printf(tx->arena, "%s just hit %s combined!", team.name, number);
        notice.body = name;
    }
    int64_t id;
    return notice.title == NULL ? ERR_NO_MEMORY : notices_create(tx, &notice, &id);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

enum err counters_make_room(struct tx *tx, int64_t team_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT COUNT(*) FROM counters WHERE team_id = $1", "i", team_id);
    if (err != ERR_OK)
        return err;
    int64_t count = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_OK && count >= COUNTERS_PER_TEAM_MAX)
        return problem_set(&tx->problem, ERR_CONFLICT, "A team can have at most %d counters.", COUNTERS_PER_TEAM_MAX);
    return err;
}

/* The counter as it is; a new one is not stored yet and has no id. */
static enum err find(struct tx *tx, const struct counter_order *order, struct counter *out)
{
    enum err err = counters_by_name(tx->db, tx->arena, order->team_id, order->name, out);
    if (err != ERR_NOT_FOUND)
        return err;
    if (order->kind == COUNTER_RESET)
        return problem_set(&tx->problem, err, "There is no counter of this name.");
    if (!order->leads)
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach of this team can start a new count.");
    *out = (struct counter){.team_id = order->team_id, .name = order->name, .created_ms = tx->now_ms};
    return counters_make_room(tx, order->team_id);
}

static enum err new_value(struct tx *tx, const struct counter_order *order, int64_t value, int64_t *out)
{
    assert(order->number >= -COUNTER_VALUE_MAX && order->number <= COUNTER_VALUE_MAX);
    assert(!has_amount(order->kind) || order->number >= 1);
    if (has_amount(order->kind) && !order->leads && order->number > COUNTER_MEMBER_AMOUNT_MAX)
        return problem_set(&tx->problem, ERR_INVALID, "A member can add or take away at most %d at once.",
                           COUNTER_MEMBER_AMOUNT_MAX);
    *out = order->kind == COUNTER_INCREMENT   ? value + order->number
           : order->kind == COUNTER_DECREMENT ? value - order->number
           : order->kind == COUNTER_SET       ? order->number
                                              : 0;
    if (*out < -COUNTER_VALUE_MAX || *out > COUNTER_VALUE_MAX)
        return problem_set(&tx->problem, ERR_INVALID, "The counter would leave the numbers it can hold, up to %lld.",
                           (long long)COUNTER_VALUE_MAX);
    return ERR_OK;
}

static enum err insert(struct tx *tx, struct counter *counter)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "INSERT INTO counters (team_id, name, created_ms, updated_ms) VALUES ($1, $2, $3, $3)"
                            " RETURNING id",
                            "isi", counter->team_id, counter->name, counter->created_ms);
    if (err != ERR_OK)
        return err;
    counter->id = db_row(stmt) ? db_int(stmt, 0) : 0;
    return db_end(stmt);
}

enum err counters_put(struct tx *tx, struct counter_event *event)
{
    struct counter *c = &event->counter;
    enum err err = tx_number(tx, &c->seq);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "UPDATE counters SET value = $2, operations = $3, milestone = $4, seq = $5, updated_ms = $6"
                     " WHERE id = $1",
                     "iiiiii", c->id, c->value, c->operations, c->milestone, c->seq, c->updated_ms);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "INSERT INTO counter_changes (counter_id, operation, seq, kind, value, previous, user_id, at_ms)"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                     "iiisiiii", c->id, c->operations, c->seq, counters_kind_name(event->kind), c->value,
                     event->previous, event->user_id, c->updated_ms);
    return err != ERR_OK ? err : tx_event_numbered(tx, CHANGE_COUNTER, c->team_id, c->id, c->seq);
}

/* Setting and resetting undo what others added: acts of who leads. */
static enum err record(struct tx *tx, const struct counter_event *event)
{
    if (has_amount(event->kind))
        return ERR_OK;
    const struct audit_entry entry = {.actor_id = event->user_id,
                                      .action = event->kind == COUNTER_SET ? "counter.set" : "counter.reset",
                                      .team_id = event->counter.team_id,
                                      .subject = "counter",
                                      .subject_id = event->counter.id,
                                      .detail = arena_printf(tx->arena, "%lld, before %lld",
                                                             (long long)event->counter.value,
                                                             (long long)event->previous)};
    return audit_add(tx, &entry);
}

enum err counters_change(struct tx *tx, const struct counter_order *order, struct counter_event *out)
{
    int64_t value = 0;
    *out = (struct counter_event){.kind = order->kind, .user_id = order->user_id};
    struct counter *c = &out->counter;
    enum err err = find(tx, order, c);
    if (err == ERR_OK)
        err = new_value(tx, order, c->value, &value);
    if (err == ERR_OK && c->id == 0)
        err = insert(tx, c);
    if (err != ERR_OK)
        return err;
    int64_t milestone = order->kind == COUNTER_INCREMENT ? counters_milestone(c->value, value) : 0;
    bool reached = milestone > c->milestone;
    if (reached)
        c->milestone = milestone;
    out->previous = c->value;
    c->value = value;
    c->operations++;
    c->updated_ms = tx->now_ms;
    err = counters_put(tx, out);
    if (err == ERR_OK)
        err = record(tx, out);
    return err == ERR_OK && reached ? announce(tx, c, milestone) : err;
}
