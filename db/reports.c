/* Reports. See reports.h. */
#include "db/reports.h"

#include <string.h>

#include "db/rows.h"

static const char *const subject_names[] = {[REPORT_POST] = "post", [REPORT_MESSAGE] = "message"};
static const char *const reason_names[] = {
    [REASON_UNKIND] = "unkind", [REASON_ADVERT] = "advert", [REASON_PRIVATE] = "private",
    [REASON_WORRY] = "worry",   [REASON_OTHER] = "other",   [REASON_WORDS] = "words"};
static const char *const state_names[] = {[REPORT_OPEN] = "open",
                                          [REPORT_HIDDEN] = "hidden",
                                          [REPORT_RESTORED] = "restored",
                                          [REPORT_DISMISSED] = "dismissed"};

#define COUNT_OF(names) (sizeof names / sizeof names[0])

/* The index of a name; `count` when it is none. */
static size_t find_name(const char *const *names, size_t count, const char *text)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], text) != 0)
        i++;
    return i;
}

const char *reports_subject_name(enum report_subject subject)
{
    return subject_names[subject];
}

bool reports_subject_parse(const char *text, enum report_subject *subject)
{
    size_t i = find_name(subject_names, COUNT_OF(subject_names), text);
    *subject = (enum report_subject)i;
    return i < COUNT_OF(subject_names);
}

const char *reports_reason_name(enum report_reason reason)
{
    return reason_names[reason];
}

bool reports_reason_parse(const char *text, enum report_reason *reason)
{
    size_t i = find_name(reason_names, COUNT_OF(reason_names), text);
    *reason = (enum report_reason)i;
    return i < REASON_WORDS;
}

const char *reports_state_name(enum report_state state)
{
    return state_names[state];
}

bool reports_state_parse(const char *text, enum report_state *state)
{
    size_t i = find_name(state_names, COUNT_OF(state_names), text);
    *state = (enum report_state)i;
    return i < COUNT_OF(state_names);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

#define REPORT_SELECT                                                                                                  \
    "SELECT r.id, r.subject, r.subject_id, m.channel_id, r.team_id, r.author_id, u.name,"                              \
    " COALESCE(p.body, m.content, ''), COALESCE(p.deleted_ms, m.deleted_ms), COALESCE(p.hidden, m.hidden, 0),"         \
    " r.reporter_id, r.reason, r.words, r.state, r.created_ms, r.decided_ms, r.decided_by"                             \
    " FROM reports r JOIN users u ON u.id = r.author_id"                                                               \
    " LEFT JOIN posts p ON r.subject = 'post' AND p.id = r.subject_id"                                                 \
    " LEFT JOIN messages m ON r.subject = 'message' AND m.id = r.subject_id "

/* The texts as they lie in the statement. */
static void read_borrowed(struct db_stmt *stmt, struct report *out)
{
    *out = (struct report){
        .id = db_int(stmt, 0),
        .subject = (enum report_subject)find_name(subject_names, REPORT_MESSAGE, db_text(stmt, 1, NULL)),
        .subject_id = db_int(stmt, 2),
        .channel_id = db_int(stmt, 3),
        .team_id = db_int(stmt, 4),
        .author_id = db_int(stmt, 5),
        .author_name = db_text(stmt, 6, NULL),
        .text = db_text(stmt, 7, NULL),
        .deleted = !db_is_null(stmt, 8),
        .hidden = (enum hidden)db_int(stmt, 9),
        .reporter_id = db_int(stmt, 10),
        .reason = (enum report_reason)find_name(reason_names, REASON_WORDS, db_text(stmt, 11, NULL)),
        .words = db_text(stmt, 12, NULL),
        .state = (enum report_state)find_name(state_names, REPORT_DISMISSED, db_text(stmt, 13, NULL)),
        .created_ms = db_int(stmt, 14),
        .decided_ms = db_int(stmt, 15),
        .decided_by = db_int(stmt, 16),
    };
}

static void read_report(struct db_stmt *stmt, struct arena *arena, struct report *out, bool *full)
{
    read_borrowed(stmt, out);
    out->author_name = rows_text(stmt, 6, arena, full);
    out->text = rows_text(stmt, 7, arena, full);
    out->words = rows_text(stmt, 12, arena, full);
}

enum err reports_page(struct db *db, struct arena *arena, const struct reports_query *query, struct report **out,
                      size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, query->limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    static const char all[] = REPORT_SELECT "WHERE r.state = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3";
    static const char team[] = REPORT_SELECT
        "WHERE r.team_id = $4 AND r.state = $1 AND r.id < $2 AND r.author_id <> $5 ORDER BY r.id DESC LIMIT $3";
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, query->team_id != 0 ? team : all, query->team_id != 0 ? "siiii" : "sii",
                            reports_state_name(query->state), query->before_id != 0 ? query->before_id : INT64_MAX,
                            (int64_t)query->limit, query->team_id, query->not_author);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < query->limit && db_row(stmt))
        read_report(stmt, arena, &(*out)[(*count)++], &full);
    return rows_end(stmt, full);
}

enum err reports_by_id(struct db *db, struct arena *arena, int64_t id, struct report *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, REPORT_SELECT "WHERE r.id = $1", "i", id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_report(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

enum err reports_each_of(struct db *db, int64_t reporter_id, void (*each)(void *arg, const struct report *report),
                         void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, REPORT_SELECT "WHERE r.reporter_id = $1 ORDER BY r.id", "i", reporter_id);
    if (err != ERR_OK)
        return err;
    while (db_row(stmt)) {
        struct report report;
        read_borrowed(stmt, &report);
        each(arg, &report);
    }
    return db_end(stmt);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* The word list asks once at a time; a member has one report of a subject. */
static enum err find_again(struct tx *tx, const struct report_new *report, int64_t *id)
{
    static const char of_member[] =
        "SELECT id FROM reports WHERE subject = $1 AND subject_id = $2 AND reporter_id = $3";
    static const char of_words[] = "SELECT id FROM reports WHERE subject = $1 AND subject_id = $2"
                                   " AND reporter_id IS NULL AND state = 'open'";
    bool member = report->reporter_id != 0;
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, member ? of_member : of_words, member ? "sii" : "si",
                            reports_subject_name(report->subject), report->subject_id, report->reporter_id);
    if (err != ERR_OK)
        return err;
    *id = db_row(stmt) ? db_int(stmt, 0) : 0;
    return db_end(stmt);
}

/* What was decided before is asked anew: the words may be others since. An open one stays as it is. */
static enum err reopen(struct tx *tx, int64_t id, const struct report_new *report)
{
    return db_run(tx->db,
                  "UPDATE reports SET state = 'open', reason = $2, words = $3, decided_ms = NULL, decided_by = NULL"
                  " WHERE id = $1 AND state <> 'open'",
                  "iss", id, reports_reason_name(report->reason), report->words == NULL ? "" : report->words);
}

enum err reports_create(struct tx *tx, const struct report_new *report, int64_t *id, bool *again)
{
    enum err err = find_again(tx, report, id);
    *again = err == ERR_OK && *id != 0;
    if (err != ERR_OK || *again)
        return err != ERR_OK ? err : reopen(tx, *id, report);
    struct db_stmt *stmt;
    err = db_query(tx->db, &stmt,
                   "INSERT INTO reports (subject, subject_id, team_id, author_id, reporter_id, reason, words,"
                   " created_ms) VALUES ($1, $2, $3, $4, NULLIF($5, 0), $6, $7, $8) RETURNING id",
                   "siiiissi", reports_subject_name(report->subject), report->subject_id, report->team_id,
                   report->author_id, report->reporter_id, reports_reason_name(report->reason),
                   report->words == NULL ? "" : report->words, tx->now_ms);
    if (err != ERR_OK)
        return err;
    *id = db_row(stmt) ? db_int(stmt, 0) : 0;
    return db_end(stmt);
}

enum err reports_decide(struct tx *tx, enum report_subject subject, int64_t subject_id, enum report_state state,
                        int64_t by)
{
    return db_run(tx->db,
                  "UPDATE reports SET state = $3, decided_ms = $4, decided_by = NULLIF($5, 0)"
                  " WHERE subject = $1 AND subject_id = $2 AND state = 'open'",
                  "sisii", reports_subject_name(subject), subject_id, reports_state_name(state), tx->now_ms, by);
}
