/*
 * The checks and their repairs. See doctor.h.
 *
 * `find` gives one row: how many, and the words for one of them. The texts are SQLite's: another driver brings others
 * for its own file, and the pragmas here. Rows of rooms.db that belong to a member are known by their room's name.
 */
#include "db/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "db/audit.h"

#define ROUNDS_MAX 10  /* of rows whose loss leaves others without theirs: the longest chain of references has four */
#define SCRIPTS_MAX 64 /* repairs of references in one round: more than there are references */

struct check {
    const char *name;
    const char *what;
    const char *find;
    const char *repair; /* in words */
    const char *script;
};

/* How a counter's row stands against its newest change. Where all of them are forgotten, its value is all there is. */
#define COUNTERS_OFF                                                                                                   \
    "FROM counters c LEFT JOIN counter_changes n ON n.counter_id = c.id AND n.operation ="                             \
    " (SELECT MAX(o.operation) FROM counter_changes o WHERE o.counter_id = c.id)"                                      \
    " WHERE c.value <> COALESCE(n.value, CASE c.forgotten WHEN 0 THEN 0 ELSE c.value END)"                             \
    " OR c.seq <> COALESCE(n.seq, 0) OR c.operations <> COALESCE(n.operation, c.forgotten)"

/* The first `forgotten` changes are meant to be gone: those after them have every number. */
#define COUNTERS_WITH_GAPS                                                                                             \
    "(SELECT c.id FROM counters c JOIN counter_changes n ON n.counter_id = c.id GROUP BY c.id, c.forgotten"            \
    " HAVING COUNT(*) <> MAX(n.operation) - c.forgotten)"

#define NEWEST_NUMBER                                                                                                  \
    "(SELECT MAX(n) FROM (SELECT MAX(seq) AS n FROM events UNION ALL SELECT MAX(created_seq) FROM posts"               \
    " UNION ALL SELECT MAX(seq) FROM notices UNION ALL SELECT MAX(seq) FROM counters"                                  \
    " UNION ALL SELECT MAX(seq) FROM counter_changes UNION ALL SELECT MAX(seq) FROM channels"                          \
    " UNION ALL SELECT MAX(created_seq) FROM messages UNION ALL SELECT MAX(changed_seq) FROM messages))"

#define NEWEST_OF_CHANNEL                                                                                              \
    "(SELECT MAX(MAX(m.created_seq), COALESCE(MAX(m.changed_seq), 0)) FROM messages m WHERE m.channel_id = channels.id)"

#define EVENTS_OF_NOTHING                                                                                              \
    "FROM events WHERE (kind BETWEEN 1 AND 5 AND subject_id NOT IN (SELECT id FROM posts))"                            \
    " OR (kind = 6 AND subject_id NOT IN (SELECT id FROM notices))"

/* "member/7" and "digest/7:3" belong to member 7. */
#define IS_NOBODYS                                                                                                     \
    "(room LIKE 'member/%' OR room LIKE 'digest/%')"                                                                   \
    " AND CAST(SUBSTR(room, 8) AS INTEGER) NOT IN (SELECT id FROM main.users)"

#define ROOMS_OF_NOBODY                                                                                                \
    "(SELECT room FROM rooms.room_values WHERE " IS_NOBODYS " UNION SELECT room FROM rooms.room_alarms"                \
    " WHERE " IS_NOBODYS ")"

/* A digest's room and the key under which its member's room lists it. */
#define LISTED_AS                                                                                                      \
    "'member/' || CAST(SUBSTR(room, 8) AS INTEGER), PRINTF('digest/%019d', CAST(SUBSTR(room, INSTR(room, ':') + 1)"    \
    " AS INTEGER))"

#define UNLISTED_DIGESTS                                                                                               \
    "FROM rooms.room_values WHERE room LIKE 'digest/%' AND key = 'job' AND (" LISTED_AS ") NOT IN"                     \
    " (SELECT room, key FROM rooms.room_values WHERE key LIKE 'digest/%')"

#define LISTED_WITHOUT_JOB                                                                                             \
    "FROM rooms.room_values WHERE room LIKE 'member/%' AND key LIKE 'digest/%'"                                        \
    " AND 'digest/' || SUBSTR(room, 8) || ':' || CAST(SUBSTR(key, 8) AS INTEGER) NOT IN"                               \
    " (SELECT room FROM rooms.room_values WHERE key = 'job')"

#define ALARMS_OF_NOTHING                                                                                              \
    "FROM rooms.room_alarms WHERE room LIKE 'digest/%' AND room NOT IN (SELECT room FROM rooms.room_values"            \
    " WHERE key = 'job')"

#define SIZES                                                                                                          \
    "SELECT room, COUNT(*), SUM(LENGTH(CAST(key AS BLOB)) + LENGTH(value)) FROM rooms.room_values GROUP BY room"
#define KEPT_SIZES "SELECT room, keys, bytes FROM rooms.room_sizes WHERE keys <> 0 OR bytes <> 0"

#define LIKES_OF_NOTHING                                                                                               \
    "FROM rooms.pending_likes WHERE post_id NOT IN (SELECT id FROM main.posts)"                                        \
    " OR user_id NOT IN (SELECT id FROM main.users)"

static const struct check checks[] = {
    {.name = "epoch",
     .what = "no name of this history, by which clients know it",
     .find = "SELECT (SELECT COUNT(*) FROM meta WHERE key = 'epoch' AND LENGTH(value) = 16) = 0, 'epoch'",
     .repair = "make one; clients load everything again",
     .script = "INSERT INTO meta (key, value) VALUES ('epoch', CAST(LOWER(HEX(RANDOMBLOB(8))) AS BLOB))"
               " ON CONFLICT (key) DO UPDATE SET value = excluded.value"},
    {.name = "secret",
     .what = "no secret of this community's hashes",
     .find = "SELECT (SELECT COUNT(*) FROM meta WHERE key = 'secret' AND LENGTH(value) = 32) = 0, 'secret'",
     .repair = "make one; invites that were given out end",
     .script = "INSERT INTO meta (key, value) VALUES ('secret', RANDOMBLOB(32))"
               " ON CONFLICT (key) DO UPDATE SET value = excluded.value"},
    {.name = "likes-of-deleted",
     .what = "deleted posts that have likes, or count some",
     .find = "SELECT COUNT(*), 'post ' || MIN(id) FROM posts WHERE deleted_ms IS NOT NULL"
             " AND (likes <> 0 OR id IN (SELECT post_id FROM likes))",
     .repair = "take them away",
     .script = "DELETE FROM likes WHERE post_id IN (SELECT id FROM posts WHERE deleted_ms IS NOT NULL);"
               "UPDATE posts SET likes = 0 WHERE deleted_ms IS NOT NULL AND likes <> 0"},
    {.name = "like-counts",
     .what = "posts whose count is not that of their likes",
     .find = "SELECT COUNT(*), 'post ' || MIN(id) FROM posts WHERE deleted_ms IS NULL"
             " AND likes <> (SELECT COUNT(*) FROM likes WHERE post_id = posts.id)",
     .repair = "count again",
     .script = "UPDATE posts SET likes = (SELECT COUNT(*) FROM likes WHERE post_id = posts.id) WHERE deleted_ms IS NULL"
               " AND likes <> (SELECT COUNT(*) FROM likes WHERE post_id = posts.id)"},
    {.name = "counter-history",
     .what = "counters some of whose changes are missing",
     .find = "SELECT COUNT(*), 'counter ' || MIN(id) FROM " COUNTERS_WITH_GAPS,
     .repair = "number the changes that are there without a gap",
     /* By way of numbers that none has: a change must not meet another's number on its way. */
     .script = "UPDATE counter_changes SET operation = operation + 1000000000000 WHERE counter_id IN" COUNTERS_WITH_GAPS
               ";"
               "UPDATE counter_changes SET operation = n.place + (SELECT forgotten FROM counters c"
               " WHERE c.id = counter_changes.counter_id) FROM (SELECT counter_id, operation, ROW_NUMBER() OVER"
               " (PARTITION BY counter_id ORDER BY operation) AS place FROM counter_changes) AS n"
               " WHERE counter_changes.operation > 1000000000000 AND n.counter_id = counter_changes.counter_id"
               " AND n.operation = counter_changes.operation;"
               "UPDATE counters SET operations = forgotten +"
               " (SELECT COUNT(*) FROM counter_changes n WHERE n.counter_id = counters.id)"},
    {.name = "counter-values",
     .what = "counters that do not stand where their newest change left them",
     .find = "SELECT COUNT(*), 'counter ' || MIN(c.id) " COUNTERS_OFF,
     .repair = "set them to it",
     .script = "UPDATE counters SET value = CASE forgotten WHEN 0 THEN 0 ELSE value END, seq = 0,"
               " operations = forgotten WHERE id NOT IN (SELECT counter_id FROM counter_changes);"
               "UPDATE counters SET value = n.value, seq = n.seq, operations = n.operation FROM counter_changes n"
               " WHERE n.counter_id = counters.id AND n.operation = (SELECT MAX(o.operation) FROM counter_changes o"
               " WHERE o.counter_id = counters.id)"},
    {.name = "team-channels",
     .what = "teams without a channel",
     .find = "SELECT COUNT(*), 'team ' || MIN(id) FROM teams WHERE id NOT IN (SELECT team_id FROM channels)",
     .repair = "give them their first one",
     .script = "INSERT INTO channels (team_id, name, posting, created_ms)"
               " SELECT id, 'Team chat', 'everyone', created_ms FROM teams"
               " WHERE id NOT IN (SELECT team_id FROM channels) ORDER BY id"},
    {.name = "channel-heads",
     .what = "channels with messages that are newer than the channel says",
     .find = "SELECT COUNT(*), 'channel ' || MIN(id) FROM channels WHERE seq < " NEWEST_OF_CHANNEL,
     .repair = "set them to the newest message",
     .script = "UPDATE channels SET seq = " NEWEST_OF_CHANNEL " WHERE seq < " NEWEST_OF_CHANNEL},
    {.name = "receipts",
     .what = "receipts of messages that were read before they arrived",
     .find = "SELECT COUNT(*), 'member ' || MIN(user_id) FROM receipts WHERE read_id > delivered_id",
     .repair = "say that they arrived",
     .script = "UPDATE receipts SET delivered_id = read_id WHERE read_id > delivered_id"},
    {.name = "events-of-nothing",
     .what = "events of posts or notices that are not there",
     .find = "SELECT COUNT(*), 'event ' || MIN(seq) " EVENTS_OF_NOTHING,
     .repair = "forget them",
     .script = "DELETE " EVENTS_OF_NOTHING},
    {.name = "sequence",
     .what = "a sequence of events that is behind the numbers it gave out",
     .find = "SELECT COALESCE((SELECT value FROM sequence WHERE name = 'event'), -1) < COALESCE(" NEWEST_NUMBER ", 0),"
             " 'number ' || COALESCE(" NEWEST_NUMBER ", 0)",
     .repair = "go on from the newest one",
     .script = "INSERT INTO sequence (name, value) VALUES ('event', COALESCE(" NEWEST_NUMBER ", 0))"
               " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > sequence.value"},
    {.name = "rooms-of-nobody",
     .what = "what is kept for members who are not there",
     .find = "SELECT COUNT(*), 'room ' || MIN(room) FROM " ROOMS_OF_NOBODY,
     .repair = "take it away",
     .script = "CREATE TEMP TABLE nobody AS SELECT room FROM " ROOMS_OF_NOBODY ";"
               "DELETE FROM rooms.room_values WHERE room IN (SELECT room FROM temp.nobody);"
               "DELETE FROM rooms.room_sizes WHERE room IN (SELECT room FROM temp.nobody);"
               "DELETE FROM rooms.room_alarms WHERE room IN (SELECT room FROM temp.nobody);"
               "DROP TABLE temp.nobody"},
    {.name = "digests-unlisted",
     .what = "digests that their member's list lacks",
     .find = "SELECT COUNT(*), 'room ' || MIN(room) " UNLISTED_DIGESTS,
     .repair = "take them away",
     .script = "DELETE FROM rooms.room_alarms WHERE room IN (SELECT room " UNLISTED_DIGESTS ");"
               "DELETE FROM rooms.room_sizes WHERE room IN (SELECT room " UNLISTED_DIGESTS ");"
               "DELETE FROM rooms.room_values WHERE room IN (SELECT room " UNLISTED_DIGESTS ")"},
    {.name = "digests-missing",
     .what = "digests that are listed but not there",
     .find = "SELECT COUNT(*), MIN(room || ', ' || key) " LISTED_WITHOUT_JOB,
     .repair = "take them off the list",
     .script = "DELETE " LISTED_WITHOUT_JOB},
    {.name = "alarms-of-nothing",
     .what = "alarms of digests that are not there",
     .find = "SELECT COUNT(*), 'room ' || MIN(room) " ALARMS_OF_NOTHING,
     .repair = "take them away",
     .script = "DELETE " ALARMS_OF_NOTHING},
    {.name = "likes-of-nothing",
     .what = "likes on their way to posts, or of members, that are not there",
     .find = "SELECT COUNT(*), 'post ' || MIN(post_id) " LIKES_OF_NOTHING,
     .repair = "take them away",
     .script = "DELETE " LIKES_OF_NOTHING},
    /* Last: what was taken away above has changed them. */
    {.name = "room-sizes",
     .what = "rooms whose size is not that of what they keep",
     .find = "SELECT COUNT(DISTINCT room), 'room ' || MIN(room) FROM (SELECT * FROM (" SIZES " EXCEPT " KEPT_SIZES
             ") UNION ALL SELECT * FROM (" KEPT_SIZES " EXCEPT " SIZES "))",
     .repair = "measure again",
     .script = "DELETE FROM rooms.room_sizes; INSERT INTO rooms.room_sizes (room, keys, bytes) " SIZES},
};

#define CHECKS (sizeof checks / sizeof checks[0])

/* ---- pages ------------------------------------------------------------------------------------------------------- */

/* All of a pragma's lines; `indexes` stays true while each of them is about an index alone. */
static enum err read_integrity(struct db *db, const char *sql, char *fault, size_t fault_bytes, bool *indexes)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, "");
    while (err == ERR_OK && db_row(stmt)) {
        const char *line = db_text(stmt, 0, NULL);
        const char *heading_end = line != NULL && strncmp(line, "***", 3) == 0 ? strchr(line, '\n') : NULL;
        line = heading_end != NULL ? heading_end + 1 : line;
        if (line == NULL || strcmp(line, "ok") == 0)
            continue;
        if (fault[0] == '\0')
            (void)snprintf(fault, fault_bytes, "%.*s", (int)strcspn(line, "\n"), line);
        *indexes = *indexes && (strstr(line, "missing from index") != NULL ||
                                strstr(line, "wrong # of entries in index") != NULL ||
                                strstr(line, "non-unique entry in index") != NULL);
    }
    if (err == ERR_OK)
        err = db_end(stmt);
    if (err != ERR_STORAGE)
        return err;
    /* A file that cannot be read to its end is damaged as well. */
    if (fault[0] == '\0')
        (void)snprintf(fault, fault_bytes, "it cannot be read to its end");
    *indexes = false;
    return ERR_OK;
}

enum err doctor_integrity(struct db *db, char *fault, size_t fault_bytes)
{
    bool indexes = true;
    fault[0] = '\0';
    return read_integrity(db, "PRAGMA integrity_check", fault, fault_bytes, &indexes);
}

enum err doctor_join_rooms(struct db *db, const char *rooms_path)
{
    return db_run(db, "ATTACH DATABASE $1 AS rooms", "s", rooms_path);
}

/* Of one of the two files. `damaged`: only a backup helps. */
static enum err examine_pages(struct db *db, const char *sql, const char *file, struct doctor_finding *finding,
                              bool *damaged)
{
    bool indexes = true;
    *finding = (struct doctor_finding){.name = file};
    enum err err = read_integrity(db, sql, finding->example, sizeof finding->example, &indexes);
    finding->count = finding->example[0] != '\0';
    finding->what = indexes ? "an index that is not what its table says" : "pages that are damaged";
    finding->repair = indexes ? "make the indexes anew" : NULL;
    *damaged = finding->count > 0 && !indexes;
    return err;
}

struct examination {
    void (*each)(void *arg, const struct doctor_finding *finding);
    void *arg;
    size_t found;
    bool damaged; /* nothing else can be told */
    bool indexes;
};

static void tell(struct examination *e, const struct doctor_finding *finding)
{
    e->found++;
    e->each(e->arg, finding);
}

static enum err examine_files(struct db *db, struct examination *e)
{
    static const char *const names[] = {"pages", "rooms-pages"};
    static const char *const pragmas[] = {"PRAGMA main.integrity_check", "PRAGMA rooms.integrity_check"};
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < 2; i++) {
        struct doctor_finding finding;
        bool damaged;
        err = examine_pages(db, pragmas[i], names[i], &finding, &damaged);
        if (err == ERR_OK && finding.count > 0)
            tell(e, &finding);
        e->damaged = e->damaged || damaged;
        e->indexes = e->indexes || (finding.count > 0 && !damaged);
    }
    return err;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static enum err find(struct db *db, const char *sql, struct doctor_finding *finding)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt)) {
        const char *example = db_text(stmt, 1, NULL);
        finding->count = db_int(stmt, 0);
        (void)snprintf(finding->example, sizeof finding->example, "%s", example != NULL ? example : "");
    }
    return db_end(stmt);
}

static const char *const reference_checks[] = {
    "SELECT COUNT(*), MIN('table ' || \"table\" || ', of ' || parent) FROM pragma_foreign_key_check",
    "SELECT COUNT(*), MIN('table ' || \"table\" || ', of ' || parent) FROM pragma_foreign_key_check(NULL, 'rooms')",
};

/* Where the column may be empty it becomes so; otherwise the row, which nobody can be shown, goes. */
static const char reference_repairs[] =
    "SELECT CASE i.\"notnull\" WHEN 0 THEN 'UPDATE \"' || v.t || '\" SET \"' || f.\"from\" || '\" = NULL'"
    " ELSE 'DELETE FROM \"' || v.t || '\"' END"
    " || ' WHERE \"' || f.\"from\" || '\" IS NOT NULL AND \"' || f.\"from\" || '\" NOT IN (SELECT \"' || f.\"to\" ||"
    " '\" FROM \"' || f.\"table\" || '\")'"
    " FROM (SELECT DISTINCT \"table\" AS t FROM pragma_foreign_key_check) AS v"
    " JOIN pragma_foreign_key_list(v.t) AS f JOIN pragma_table_info(v.t) AS i ON i.name = f.\"from\"";

static enum err examine_references(struct db *db, struct examination *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof reference_checks / sizeof reference_checks[0]; i++) {
        struct doctor_finding finding = {.name = "references",
                                         .what = "rows that refer to rows that are not there",
                                         .repair = "leave out what is missing, or the row where nothing is left of it"};
        err = find(db, reference_checks[i], &finding);
        if (err == ERR_OK && finding.count > 0)
            tell(e, &finding);
    }
    return err;
}

static enum err examine_checks(struct db *db, struct examination *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < CHECKS; i++) {
        struct doctor_finding finding = {
            .name = checks[i].name, .what = checks[i].what, .repair = checks[i].repair};
        err = find(db, checks[i].find, &finding);
        if (err == ERR_OK && finding.count > 0)
            tell(e, &finding);
    }
    return err;
}

static enum err examine(struct db *db, struct examination *e)
{
    enum err err = examine_files(db, e);
    if (err != ERR_OK || e->damaged)
        return err;
    err = examine_references(db, e);
    return err != ERR_OK ? err : examine_checks(db, e);
}

enum err doctor_examine(struct db *db, void (*each)(void *arg, const struct doctor_finding *finding), void *arg,
                        size_t *found)
{
    struct examination e = {.each = each, .arg = arg};
    enum err err = examine(db, &e);
    *found = e.found;
    return err;
}

/* ---- repairing --------------------------------------------------------------------------------------------------- */

static void no_one(void *arg, const struct doctor_finding *finding)
{
    (void)arg;
    (void)finding;
}

/* One round: the statements are read first, since they change what is being read. */
static enum err repair_references_once(struct db *db, size_t *count)
{
    char *scripts[SCRIPTS_MAX] = {0};
    struct db_stmt *stmt;
    *count = 0;
    enum err err = db_query(db, &stmt, reference_repairs, "");
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < SCRIPTS_MAX && db_row(stmt)) {
        scripts[*count] = strdup(db_text(stmt, 0, NULL));
        full = scripts[*count] == NULL;
        *count += !full;
    }
    err = db_end(stmt);
    if (err == ERR_OK && full)
        err = ERR_NO_MEMORY;
    for (size_t i = 0; i < *count; i++) {
        if (err == ERR_OK)
            err = db_script(db, scripts[i]);
        free(scripts[i]);
    }
    return err;
}

static enum err repair_references(struct db *db)
{
    size_t count = 1;
    enum err err = ERR_OK;
    for (int round = 0; err == ERR_OK && count > 0 && round < ROUNDS_MAX; round++)
        err = repair_references_once(db, &count);
    return err;
}

/* Only what is wrong is touched: a repair of nothing would still write. */
static enum err repair_checks(struct db *db)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < CHECKS; i++) {
        struct doctor_finding finding = {0};
        err = find(db, checks[i].find, &finding);
        if (err == ERR_OK && finding.count > 0)
            err = db_script(db, checks[i].script);
    }
    return err;
}

static enum err repair(struct db *db, struct examination *e, size_t *left)
{
    enum err err = examine(db, e);
    *left = e->found;
    if (err != ERR_OK || e->damaged || e->found == 0)
        return err;
    if (e->indexes)
        err = db_script(db, "REINDEX");
    if (err == ERR_OK)
        err = repair_references(db);
    if (err == ERR_OK)
        err = repair_checks(db);
    return err != ERR_OK ? err : doctor_examine(db, no_one, NULL, left);
}

static enum err record(struct db *db, int64_t now_ms, size_t repaired)
{
    char detail[40];
    struct tx tx = {.db = db, .now_ms = now_ms};
    (void)snprintf(detail, sizeof detail, "%zu repaired", repaired);
    const struct audit_entry entry = {.action = "doctor.repair", .detail = detail};
    return audit_add(&tx, &entry);
}

enum err doctor_repair(struct db *db, int64_t now_ms, void (*each)(void *arg, const struct doctor_finding *finding),
                       void *arg, size_t *left)
{
    struct examination e = {.each = each, .arg = arg};
    *left = 0;
    /* A row may go before those that refer to it; at the end all references are looked at. */
    enum err err = db_script(db, "PRAGMA foreign_keys = OFF");
    if (err == ERR_OK)
        err = db_begin(db);
    if (err == ERR_OK) {
        err = repair(db, &e, left);
        bool repaired = err == ERR_OK && e.found > 0 && !e.damaged;
        if (repaired)
            err = record(db, now_ms, e.found - *left);
        if (repaired && err == ERR_OK)
            err = db_commit(db);
        if (err != ERR_OK || !repaired)
            db_rollback(db);
    }
    enum err on = db_script(db, "PRAGMA foreign_keys = ON");
    return err != ERR_OK ? err : on;
}
