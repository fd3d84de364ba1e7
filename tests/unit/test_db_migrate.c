/* db/migrate.h: a fresh file, a second run, and files that are refused without a byte changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "db/access.h"
#include "db/events.h"
#include "db/member_state.h"
#include "db_fixture.h"

static enum err run(struct fixture *f, struct migrate_report *report, struct problem *problem)
{
    *problem = (struct problem){0};
    return migrate_run(f->db, migrations_community, &f->clock, report, problem);
}

static void write_sql(struct fixture *f, const char *sql)
{
    assert_int_equal(db_begin(f->db), ERR_OK);
    assert_int_equal(db_script(f->db, sql), ERR_OK);
    assert_int_equal(db_commit(f->db), ERR_OK);
}

static int known(void)
{
    int count = 0;
    while (migrations_community[count].number != 0)
        count++;
    return count;
}

static void a_fresh_file_gets_everything(void **state)
{
    struct fixture *f = *state;
    struct migrate_report report;
    struct problem problem = {0};
    assert_int_equal(migrate_check(f->db, migrations_community, &report, &problem), ERR_OK);
    assert_int_equal(report.applied, 0);
    assert_int_equal(report.pending, known());
    assert_int_equal(run(f, &report, &problem), ERR_OK);
    assert_int_equal(report.applied, 0);
    assert_int_equal(migrate_check(f->db, migrations_community, &report, &problem), ERR_OK);
    assert_int_equal(report.applied, known());
    assert_int_equal(report.pending, 0);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM users"), 0);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM migrations WHERE applied_at LIKE '____-__-__T%Z'"),
                     known());
}

static void every_database_has_its_own_epoch_and_secret(void **state)
{
    struct fixture *f = *state;
    struct migrate_report report;
    struct problem problem;
    char epochs[2][EPOCH_BYTES];
    unsigned char secrets[2][ACCESS_SECRET_BYTES];
    for (int i = 0; i < 2; i++) {
        if (i == 1) { /* another file */
            db_close(f->db);
            (void)unlink(f->path);
            f->db = fixture_open(f, false);
        }
        assert_int_equal(run(f, &report, &problem), ERR_OK);
        assert_int_equal(events_epoch(f->db, epochs[i]), ERR_OK);
        assert_int_equal(access_secret(f->db, secrets[i]), ERR_OK);
        assert_int_equal(strlen(epochs[i]), 16);
        assert_int_equal(strspn(epochs[i], "0123456789abcdef"), 16);
    }
    assert_string_not_equal(epochs[0], epochs[1]);
    assert_memory_not_equal(secrets[0], secrets[1], ACCESS_SECRET_BYTES);

    assert_int_equal(run(f, &report, &problem), ERR_OK); /* again: it keeps them */
    char again[EPOCH_BYTES];
    assert_int_equal(events_epoch(f->db, again), ERR_OK);
    assert_string_equal(again, epochs[1]);
}

/* What a community has beyond its schema belongs to no other set; and neither file is taken for the other. */
static void the_two_sets_are_two(void **state)
{
    struct fixture *f = *state;
    struct migrate_report report;
    struct problem problem = {0};
    bool exists = true;
    assert_int_equal(migrate_run(f->db, migrations_rooms, &f->clock, &report, &problem), ERR_OK);
    assert_int_equal(report.known, 3);
    assert_int_equal(db_table_exists(f->db, "meta", &exists), ERR_OK);
    assert_false(exists);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM pending_likes"), 0);
    assert_int_equal(migrate_check(f->db, migrations_rooms, &report, &problem), ERR_OK);
    assert_int_equal(report.pending, 0);
    assert_int_equal(migrate_check(f->db, migrations_community, &report, &problem), ERR_SCHEMA);
    assert_int_equal(run(f, &report, &problem), ERR_SCHEMA);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM migrations WHERE name = '0001_rooms'"), 1);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM migrations"), 3);
}

/* ---- from one schema to the next --------------------------------------------------------------------------------- */

/* The set as it was before migration `number`. */
static void run_before(struct fixture *f, const struct migration *all, int number)
{
    struct migration set[100] = {{0}};
    struct migrate_report report;
    struct problem problem = {0};
    for (size_t i = 0; all[i].number != 0 && all[i].number < number; i++)
        set[i] = all[i];
    assert_int_equal(migrate_run(f->db, set, &f->clock, &report, &problem), ERR_OK);
    assert_int_equal(report.known, number - 1);
}

#define OLD_COMMUNITY                                                                                                  \
    "INSERT INTO users (id, username, name, role, created_ms) VALUES (2, 'sarah', 'Sarah', 'coach', 1),"               \
    " (3, 'dave', 'Dave', 'coach', 1);"                                                                                \
    "INSERT INTO teams VALUES (2, 'Walkers', 1), (3, 'Strong', 1);"                                                    \
    "INSERT INTO channels (id, team_id, name, posting, seq, created_ms) VALUES (1, 2, 'Chat', 'everyone', 14, 1),"     \
    " (2, 3, 'Chat', 'everyone', 0, 1);"                                                                               \
    "INSERT INTO counters (id, team_id, name, value, operations, seq, created_ms, updated_ms)"                         \
    " VALUES (1, 2, 'steps', 5, 1, 12, 1, 1);"                                                                         \
    "UPDATE sequence SET value = 14 WHERE name = 'event';"
#define OLD_EVENTS "INSERT INTO events (seq, team_id, kind, subject_id, at_ms) VALUES "

/* What a cursor reaches is the same before and after: the bound comes from the oldest row, of whatever kind it was. */
static void the_log_loses_what_nobody_reads(void **state)
{
    static const struct {
        const char *events;
        int64_t oldest;
        int64_t newest_of_walkers;
        int64_t newest_of_strong;
        int64_t kept;
    } table[] = {
        {"", 15, 14, 0, 0}, /* all of them were forgotten */
        {OLD_EVENTS "(10, 2, 1, 1, 1), (11, NULL, 6, 1, 1), (12, 2, 7, 1, 1), (13, 3, 11, 2, 1), (14, 2, 8, 1, 1);", 10,
         14, 11, 2},
        {OLD_EVENTS "(12, 2, 7, 1, 1), (13, 3, 1, 9, 1), (14, 2, 8, 1, 1);", 12, 14, 13, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct fixture *f = *state;
        struct migrate_report report;
        struct problem problem;
        int64_t newest;
        int64_t oldest;
        run_before(f, migrations_community, 4);
        write_sql(f, OLD_COMMUNITY);
        write_sql(f, table[i].events);
        assert_int_equal(run(f, &report, &problem), ERR_OK);
        assert_int_equal(events_bounds(f->db, &newest, &oldest), ERR_OK);
        assert_int_equal(newest, 14);
        assert_int_equal(oldest, table[i].oldest);
        assert_int_equal(events_newest_of(f->db, 2, &newest), ERR_OK);
        assert_int_equal(newest, table[i].newest_of_walkers);
        assert_int_equal(events_newest_of(f->db, 3, &newest), ERR_OK);
        assert_int_equal(newest, table[i].newest_of_strong);
        assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM events"), table[i].kept);
        assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'events_listed'"), 0);
        assert_int_equal(fixture_number(f->db, "SELECT value FROM counters"), 5);
        db_close(f->db);
        (void)unlink(f->path);
        f->db = fixture_open(f, false);
    }
}

static void a_members_weights_become_one_value(void **state)
{
    struct fixture *f = *state;
    struct migrate_report report;
    struct problem problem;
    struct member_weights weights;
    struct room_size size;
    run_before(f, migrations_rooms, 3);
    write_sql(f, "CREATE TEMPORARY TABLE old (room, key, value);"
                 "INSERT INTO old VALUES ('member/7', 'weight/größe', '9'), ('member/7', 'weight/bread', '20'),"
                 " ('member/7', 'weight/bread-2', '1'), ('member/8', 'weight/tea', '11'), ('other', 'weight/x', '1'),"
                 " ('member/9', 'week', '3');"
                 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 205)"
                 " INSERT INTO old SELECT 'member/8', printf('feedback/%015d', i), 'x' FROM n;"
                 "INSERT INTO room_values SELECT room, key, CAST(value AS BLOB) FROM old;"
                 "INSERT INTO room_sizes SELECT room, COUNT(*), 0 FROM old GROUP BY room;"
                 "DROP TABLE old;");
    assert_int_equal(migrate_run(f->db, migrations_rooms, &f->clock, &report, &problem), ERR_OK);
    assert_int_equal(member_state_weights(f->db, f->arena, 7, &weights), ERR_OK);
    assert_int_equal(weights.count, 3);
    assert_int_equal(member_state_weight(&weights, "größe", strlen("größe")), 9);
    assert_int_equal(member_state_weight(&weights, "bread", 5), 20);
    assert_int_equal(member_state_weight(&weights, "bread-2", 7), 1);
    assert_int_equal(room_store_size(f->db, "member/7", &size), ERR_OK);
    assert_int_equal(size.keys, 1);
    assert_int_equal(size.bytes, strlen("weights20 bread 1 bread-2 9 größe"));
    assert_int_equal(room_store_size(f->db, "member/8", &size), ERR_OK);
    assert_int_equal(size.keys, 201);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM room_values WHERE key = 'feedback/000000000000006'"),
                     1);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM room_values WHERE key LIKE 'weight/%'"), 1);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM room_values WHERE key = 'week'"), 1);
}

/* ---- refusing ---------------------------------------------------------------------------------------------------- */

struct bytes {
    unsigned char *data;
    size_t len;
};

static struct bytes read_file(const char *path)
{
    struct bytes b = {.data = malloc(4U << 20)};
    FILE *file = fopen(path, "rb");
    assert_non_null(b.data);
    assert_non_null(file);
    b.len = fread(b.data, 1, 4U << 20, file);
    (void)fclose(file);
    return b;
}

static void write_file(const char *path, struct bytes b)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(b.data, 1, b.len, file), b.len);
    (void)fclose(file);
}

static void assert_same_file(const char *path, struct bytes before)
{
    struct bytes after = read_file(path);
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    free(after.data);
}

/* Opens, is refused by both functions with `words` in the sentence, closes; the file is as before. */
static void assert_refused(struct fixture *f, const char *words)
{
    db_close(f->db);
    f->db = NULL;
    struct bytes before = read_file(f->path);
    struct stat old;
    struct stat new;
    assert_int_equal(stat(f->path, &old), 0);
    struct migrate_report report;
    struct problem problem = {0};
    f->db = fixture_open(f, false);
    assert_int_equal(migrate_check(f->db, migrations_community, &report, &problem), ERR_SCHEMA);
    assert_non_null(strstr(problem.detail, words));
    assert_int_equal(run(f, &report, &problem), ERR_SCHEMA);
    assert_int_equal(problem.err, ERR_SCHEMA);
    assert_non_null(strstr(problem.detail, words));
    db_close(f->db);
    f->db = NULL;
    assert_same_file(f->path, before);
    assert_int_equal(stat(f->path, &new), 0);
    assert_int_equal(old.st_mtim.tv_sec, new.st_mtim.tv_sec);
    assert_int_equal(old.st_mtim.tv_nsec, new.st_mtim.tv_nsec);
    free(before.data);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    write_sql(f, "INSERT INTO migrations VALUES (99, '0099_future', 'abc', 'then')");
    assert_refused(f, "newer");
}

static void an_altered_migration_is_refused(void **state)
{
    struct fixture *f = *state;
    write_sql(f, "UPDATE migrations SET checksum = 'f00d' WHERE number = 1");
    assert_refused(f, migrations_community[0].name);
}

static void a_gap_is_refused(void **state)
{
    struct fixture *f = *state;
    write_sql(f, "UPDATE migrations SET number = 0 WHERE number = 1");
    assert_refused(f, "altered");
}

/* The process that wrote it died: what it committed is still in the log beside the file. */
static void refusing_leaves_an_unfinished_log_alone(void **state)
{
    struct fixture *f = *state;
    write_sql(f, "INSERT INTO migrations VALUES (99, '0099_future', 'abc', 'then')");
    char wal[300];
    char copy[300];
    char copy_wal[310];
    (void)snprintf(wal, sizeof wal, "%s-wal", f->path);
    (void)snprintf(copy, sizeof copy, "%s/copy.db", f->dir);
    (void)snprintf(copy_wal, sizeof copy_wal, "%s-wal", copy);
    struct bytes main_bytes = read_file(f->path);
    struct bytes wal_bytes = read_file(wal);
    assert_true(wal_bytes.len > 0);
    write_file(copy, main_bytes);
    write_file(copy_wal, wal_bytes);

    struct db *db;
    struct migrate_report report;
    struct problem problem = {0};
    assert_int_equal(db_open(&(struct db_options){.path = copy}, &db), ERR_OK);
    assert_int_equal(migrate_run(db, migrations_community, &f->clock, &report, &problem), ERR_SCHEMA);
    db_close(db);
    assert_same_file(copy, main_bytes);
    assert_same_file(copy_wal, wal_bytes);
    free(main_bytes.data);
    free(wal_bytes.data);
}

static void a_run_with_nothing_to_do_writes_nothing(void **state)
{
    struct fixture *f = *state;
    db_close(f->reader);
    db_close(f->db);
    f->reader = f->db = NULL;
    struct bytes before = read_file(f->path);
    struct migrate_report report;
    struct problem problem;
    f->db = fixture_open(f, false);
    assert_int_equal(run(f, &report, &problem), ERR_OK);
    assert_int_equal(report.pending, 0);
    db_close(f->db);
    f->db = NULL;
    assert_same_file(f->path, before);
    free(before.data);
}

static void a_migration_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    write_sql(f, "CREATE TABLE flags (mine)"); /* a foreign table in the way, after most of the file ran */
    struct migrate_report report;
    struct problem problem;
    assert_int_not_equal(run(f, &report, &problem), ERR_OK);
    assert_non_null(strstr(problem.detail, migrations_community[0].name));
    bool exists = true;
    assert_int_equal(db_table_exists(f->db, "users", &exists), ERR_OK);
    assert_false(exists);
    assert_int_equal(db_table_exists(f->db, "migrations", &exists), ERR_OK);
    assert_false(exists);
    write_sql(f, "DROP TABLE flags");
    assert_int_equal(run(f, &report, &problem), ERR_OK);
}

#define BARE(name) cmocka_unit_test_setup_teardown(name, fixture_setup_bare, fixture_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(a_fresh_file_gets_everything),
        BARE(every_database_has_its_own_epoch_and_secret),
        BARE(the_two_sets_are_two),
        BARE(the_log_loses_what_nobody_reads),
        BARE(a_members_weights_become_one_value),
        TEST(a_newer_schema_is_refused),
        TEST(an_altered_migration_is_refused),
        TEST(a_gap_is_refused),
        TEST(refusing_leaves_an_unfinished_log_alone),
        TEST(a_run_with_nothing_to_do_writes_nothing),
        BARE(a_migration_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests_name("db/migrate", tests, NULL, NULL);
}
