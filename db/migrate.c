/*
 * Checking and applying the schema. See migrate.h.
 *
 * What a database has must be a beginning of what the program has: same numbers, same checksums. Everything is checked
 * by reading before the first write, so a refused file stays as it was.
 */
#include "db/migrate.h"

#include <sodium.h>
#include <string.h>

#include "db/access.h"
#include "db/events.h"

static int newest_known(const struct migration *set)
{
    int count = 0;
    while (set[count].number != 0)
        count++;
    return count;
}

/* One row of table migrations against the program's. `index` counts from 0. */
static enum err check_row(struct db_stmt *stmt, const struct migration *set, int index, int known,
                          struct problem *problem)
{
    int64_t number = db_int(stmt, 0);
    const char *checksum = db_text(stmt, 2, NULL);
    if (number > known)
        return problem_set(problem, ERR_SCHEMA,
                           "the database has migration %lld, this program knows only up to %d: use a newer porchlight",
                           (long long)number, known);
    if (number != index + 1)
        return problem_set(problem, ERR_SCHEMA, "the database lacks migration %d but has %lld: its schema was altered",
                           index + 1, (long long)number);
    if (checksum == NULL || strcmp(checksum, set[index].checksum) != 0)
        return problem_set(problem, ERR_SCHEMA,
                           "migration %s in the database is not the one in this program: its checksum differs",
                           set[index].name);
    return ERR_OK;
}

enum err migrate_check(struct db *db, const struct migration *set, struct migrate_report *report,
                       struct problem *problem)
{
    *report = (struct migrate_report){.known = newest_known(set)};
    bool exists;
    enum err err = db_table_exists(db, "migrations", &exists);
    if (err != ERR_OK)
        return problem_set(problem, err, "the database cannot be read");
    struct db_stmt *stmt = NULL;
    if (exists)
        err = db_query(db, &stmt, "SELECT number, name, checksum FROM migrations ORDER BY number", "");
    if (err != ERR_OK)
        return problem_set(problem, err, "the database's table of migrations cannot be read");
    enum err checked = ERR_OK;
    while (stmt != NULL && checked == ERR_OK && db_row(stmt)) {
        checked = check_row(stmt, set, report->applied, report->known, problem);
        if (checked == ERR_OK)
            report->applied++;
    }
    err = db_end(stmt);
    if (err != ERR_OK)
        return problem_set(problem, err, "the database's table of migrations cannot be read");
    report->pending = report->known - report->applied;
    return checked;
}

/* The name of this history and the secret of keyed hashes: of a community, once. */
static enum err insert_meta(struct db *db)
{
    static const char sql[] = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    unsigned char random[(EPOCH_BYTES - 1) / 2];
    char epoch[EPOCH_BYTES];
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2hex(epoch, sizeof epoch, random, sizeof random);
    enum err err = db_run(db, sql, "sb", "epoch", epoch, (size_t)(EPOCH_BYTES - 1));
    if (err != ERR_OK)
        return err;
    unsigned char secret[ACCESS_SECRET_BYTES];
    randombytes_buf(secret, sizeof secret);
    err = db_run(db, sql, "sb", "secret", secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return err;
}

static enum err insert_row(struct db *db, const struct migration *migration, const struct clock *clock)
{
    char now[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_ms(clock), now);
    return db_run(db, "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)", "isss",
                  (int64_t)migration->number, migration->name, migration->checksum, now);
}

static enum err apply(struct db *db, const struct migration *migration, const struct clock *clock)
{
    enum err err = db_begin(db);
    if (err != ERR_OK)
        return err;
    if (migration->number == 1)
        err = db_script(db, "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                            " checksum TEXT NOT NULL, applied_at TEXT NOT NULL)");
    if (err == ERR_OK)
        err = db_script(db, migration->sql);
    if (err == ERR_OK && migration == &migrations_community[0])
        err = insert_meta(db);
    if (err == ERR_OK)
        err = insert_row(db, migration, clock);
    if (err == ERR_OK)
        err = db_commit(db);
    if (err != ERR_OK)
        db_rollback(db);
    return err;
}

enum err migrate_run(struct db *db, const struct migration *set, const struct clock *clock,
                     struct migrate_report *report, struct problem *problem)
{
    enum err err = migrate_check(db, set, report, problem);
    for (int i = report->applied; err == ERR_OK && i < report->known; i++) {
        err = apply(db, &set[i], clock);
        if (err != ERR_OK)
            return problem_set(problem, err, "migration %s could not be applied; nothing of it was kept", set[i].name);
    }
    return err;
}
