/* db/driver.h on SQLite: values in and out, the statement cache, transactions, and what a full disk does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "db_fixture.h"

static void make_table(struct fixture *f)
{
    assert_int_equal(db_begin(f->db), ERR_OK);
    assert_int_equal(db_script(f->db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);"
                                      "CREATE TABLE child (t_id INTEGER REFERENCES t (id));"),
                     ERR_OK);
    assert_int_equal(db_commit(f->db), ERR_OK);
}

static void insert(struct fixture *f, int64_t id)
{
    assert_int_equal(db_run(f->db, "INSERT INTO t (id) VALUES ($1)", "i", id), ERR_OK);
}

static int64_t rows(struct db *db)
{
    return fixture_number(db, "SELECT COUNT(*) FROM t");
}

static void opening_reports_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct db *db = (struct db *)f;
    char path[300];
    (void)snprintf(path, sizeof path, "%s/missing.db", f->dir);
    struct db_options options = {.path = path};
    assert_int_equal(db_open(&options, &db), ERR_STORAGE);
    assert_null(db);

    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        (void)fputs("not a database ", file);
    (void)fclose(file);
    assert_int_equal(db_open(&options, &db), ERR_STORAGE);
    assert_null(db);
}

static void new_files_belong_to_their_owner_alone(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char wal[300];
    (void)snprintf(wal, sizeof wal, "%s-wal", f->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void settings_are_durable(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(fixture_number(f->db, "PRAGMA synchronous"), 2);
    assert_int_equal(fixture_number(f->db, "PRAGMA foreign_keys"), 1);
    struct db_stmt *stmt;
    assert_int_equal(db_query(f->db, &stmt, "PRAGMA journal_mode", ""), ERR_OK);
    assert_true(db_row(stmt));
    assert_string_equal(db_text(stmt, 0, NULL), "wal");
    assert_int_equal(db_end(stmt), ERR_OK);
}

static void values_come_back_as_they_went_in(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *stmt;
    const char *none = NULL;
    assert_int_equal(db_query(f->db, &stmt, "SELECT $1, $2, $3, $4, $5, $6, $7, typeof($5), typeof($6)", "isstbnt",
                              INT64_MIN, "naïve", none, "a\0b", (size_t)3, "\0\xff", (size_t)2, "", (size_t)0),
                     ERR_OK);
    assert_true(db_row(stmt));
    size_t len;
    assert_true(db_int(stmt, 0) == INT64_MIN);
    assert_string_equal(db_text(stmt, 1, NULL), "naïve");
    assert_true(db_is_null(stmt, 2));
    assert_null(db_text(stmt, 2, NULL));
    assert_int_equal(db_int(stmt, 2), 0);
    assert_memory_equal(db_text(stmt, 3, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_memory_equal(db_blob(stmt, 4, &len), "\0\xff", 2);
    assert_int_equal(len, 2);
    assert_true(db_is_null(stmt, 5));
    assert_false(db_is_null(stmt, 6));
    assert_string_equal(db_text(stmt, 6, &len), "");
    assert_string_equal(db_text(stmt, 7, NULL), "blob");
    assert_string_equal(db_text(stmt, 8, NULL), "null");
    assert_false(db_row(stmt));
    assert_int_equal(db_end(stmt), ERR_OK);
}

static void an_empty_blob_is_not_null(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *stmt;
    assert_int_equal(db_query(f->db, &stmt, "SELECT typeof($1)", "b", NULL, (size_t)0), ERR_OK);
    assert_true(db_row(stmt));
    assert_string_equal(db_text(stmt, 0, NULL), "blob");
    assert_int_equal(db_end(stmt), ERR_OK);
}

static void parameters_go_by_their_number(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *stmt;
    assert_int_equal(db_query(f->db, &stmt, "SELECT $3 || $1 || $2 || $1", "sss", "a", "b", "c"), ERR_OK);
    assert_true(db_row(stmt));
    assert_string_equal(db_text(stmt, 0, NULL), "caba");
    assert_int_equal(db_end(stmt), ERR_OK);
}

static void a_text_is_prepared_once(void **state)
{
    struct fixture *f = *state;
    static const char sql[] = "SELECT $1";
    struct db_stmt *first;
    struct db_stmt *second;
    assert_int_equal(db_query(f->db, &first, sql, "i", INT64_C(7)), ERR_OK);
    assert_true(db_row(first));
    assert_int_equal(db_end(first), ERR_OK);
    assert_int_equal(db_query(f->db, &second, sql, "n"), ERR_OK);
    assert_ptr_equal(first, second);
    assert_true(db_row(second)); /* nothing is left of the earlier execution */
    assert_true(db_is_null(second, 0));
    assert_int_equal(db_end(second), ERR_OK);
}

static void the_cache_grows(void **state)
{
    struct fixture *f = *state;
    enum { TEXTS = 300, BYTES = 40 };
    char(*texts)[BYTES] = calloc(TEXTS, BYTES);
    struct db_stmt *first[TEXTS];
    assert_non_null(texts);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < TEXTS; i++) {
            (void)snprintf(texts[i], BYTES, "SELECT %d + $1", i);
            struct db_stmt *stmt;
            assert_int_equal(db_query(f->db, &stmt, texts[i], "i", INT64_C(1000)), ERR_OK);
            assert_true(db_row(stmt));
            assert_int_equal(db_int(stmt, 0), 1000 + i);
            assert_int_equal(db_end(stmt), ERR_OK);
            if (round == 0)
                first[i] = stmt;
            else
                assert_ptr_equal(first[i], stmt);
        }
    }
    db_close(f->db);
    f->db = NULL;
    free(texts);
}

static void bad_sql_is_our_fault(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *stmt;
    assert_int_equal(db_query(f->db, &stmt, "SELEKT 1", ""), ERR_INTERNAL);
    assert_int_equal(db_run(f->db, "SELECT \"a text in the wrong quotes\"", ""), ERR_INTERNAL);
    assert_int_equal(fixture_number(f->db, "SELECT 5"), 5);
}

static void returning_gives_rows_and_is_carried_through(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    struct db_stmt *stmt;
    assert_int_equal(db_query(f->db, &stmt, "INSERT INTO t (id) VALUES (1), (2), (3) RETURNING id * 10", ""), ERR_OK);
    assert_true(db_row(stmt));
    assert_int_equal(db_int(stmt, 0), 10);
    assert_int_equal(db_end(stmt), ERR_OK); /* two rows unread */
    assert_int_equal(db_changes(f->db), 3);
    assert_int_equal(rows(f->db), 3);

    assert_int_equal(db_query(f->db, &stmt, "INSERT INTO t (id) VALUES (1) ON CONFLICT DO NOTHING RETURNING id", ""),
                     ERR_OK);
    assert_false(db_row(stmt));
    assert_int_equal(db_end(stmt), ERR_OK);
    assert_int_equal(db_changes(f->db), 0);

    assert_int_equal(db_query(f->db, &stmt, "DELETE FROM t WHERE id = 2 RETURNING id", ""), ERR_OK);
    assert_int_equal(db_end(stmt), ERR_OK); /* never stepped by the caller */
    assert_int_equal(rows(f->db), 2);
}

static void constraints_are_conflicts(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    insert(f, 1);
    assert_int_equal(db_run(f->db, "INSERT INTO t (id) VALUES ($1)", "i", INT64_C(1)), ERR_CONFLICT);
    assert_int_equal(db_run(f->db, "INSERT INTO child (t_id) VALUES ($1)", "i", INT64_C(99)), ERR_CONFLICT);
    assert_int_equal(db_run(f->db, "INSERT INTO child (t_id) VALUES ($1)", "i", INT64_C(1)), ERR_OK);
}

static void a_mark_undoes_only_what_came_after_it(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(db_begin(f->db), ERR_OK);
    insert(f, 1);
    assert_int_equal(db_mark(f->db), ERR_OK);
    insert(f, 2);
    db_back_to_mark(f->db);
    assert_int_equal(db_mark(f->db), ERR_OK);
    insert(f, 3);
    assert_int_equal(db_release(f->db), ERR_OK);
    assert_int_equal(db_commit(f->db), ERR_OK);
    assert_int_equal(rows(f->db), 2);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM t WHERE id = 2"), 0);

    assert_int_equal(db_begin(f->db), ERR_OK);
    insert(f, 4);
    db_rollback(f->db);
    db_rollback(f->db); /* nothing to roll back: fine */
    assert_int_equal(rows(f->db), 2);
}

static void a_reader_sees_commits_and_cannot_write(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    f->reader = fixture_open(f, true);
    assert_int_equal(rows(f->reader), 0);
    assert_int_equal(db_begin(f->db), ERR_OK);
    insert(f, 1);
    assert_int_equal(rows(f->reader), 0);
    assert_int_equal(db_commit(f->db), ERR_OK);
    assert_int_equal(rows(f->reader), 1);

    assert_int_equal(db_begin(f->reader), ERR_OK);
    assert_int_equal(rows(f->reader), 1);
    insert(f, 2);
    assert_int_equal(rows(f->reader), 1); /* its snapshot */
    assert_int_equal(db_commit(f->reader), ERR_OK);
    assert_int_equal(rows(f->reader), 2);
    assert_int_equal(db_run(f->reader, "DELETE FROM t", ""), ERR_STORAGE);
}

static void executions_are_counted(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    uint64_t statements = atomic_load(&f->stats.statements);
    uint64_t transactions = atomic_load(&f->stats.transactions);
    assert_int_equal(db_begin(f->db), ERR_OK);
    insert(f, 1);
    insert(f, 2);
    assert_int_equal(db_commit(f->db), ERR_OK);
    assert_int_equal(atomic_load(&f->stats.statements) - statements, 4);
    assert_int_equal(atomic_load(&f->stats.transactions) - transactions, 1);
    f->reader = fixture_open(f, true);
    assert_int_equal(db_begin(f->reader), ERR_OK);
    assert_int_equal(db_commit(f->reader), ERR_OK);
    assert_int_equal(atomic_load(&f->stats.transactions) - transactions, 1); /* reading is not writing */
}

static enum err fill(struct db *db)
{
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < 200; i++)
        err = db_run(db, "INSERT INTO t (a) VALUES (zeroblob(20000))", "");
    return err;
}

static void a_full_database_fails_and_heals(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    insert(f, 1);
    f->reader = fixture_open(f, true);
    assert_int_equal(db_script(f->db, "PRAGMA max_page_count = 20"), ERR_OK);
    for (int attempt = 0; attempt < 3; attempt++) {
        assert_int_equal(db_begin(f->db), ERR_OK);
        assert_int_equal(db_mark(f->db), ERR_OK);
        assert_int_equal(fill(f->db), ERR_STORAGE);
        db_back_to_mark(f->db);
        db_rollback(f->db);
        assert_int_equal(rows(f->reader), 1);
    }
    assert_int_equal(db_script(f->db, "PRAGMA max_page_count = 100000"), ERR_OK);
    assert_int_equal(db_begin(f->db), ERR_OK);
    assert_int_equal(fill(f->db), ERR_OK);
    assert_int_equal(db_commit(f->db), ERR_OK);
    assert_int_equal(rows(f->reader), 201);
}

/* The database gave the transaction up; a later mark must not quietly begin another. */
static void a_lost_transaction_is_never_committed(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(db_begin(f->db), ERR_OK);
    insert(f, 1);
    assert_int_equal(db_mark(f->db), ERR_OK);
    assert_int_equal(db_run(f->db, "ROLLBACK", ""), ERR_OK); /* as SQLite does it by itself */
    db_back_to_mark(f->db);
    assert_int_equal(db_mark(f->db), ERR_STORAGE);
    assert_int_equal(db_commit(f->db), ERR_STORAGE);
    db_rollback(f->db);
    assert_int_equal(rows(f->db), 0);
    assert_int_equal(db_begin(f->db), ERR_OK);
    insert(f, 2);
    assert_int_equal(db_commit(f->db), ERR_OK);
    assert_int_equal(rows(f->db), 1);
}

static int64_t lines_in(const char *path)
{
    int64_t lines = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    (void)fclose(file);
    return lines;
}

/* write(2) itself fails: files may not grow past a bound. */
static void a_full_disk_fails_writes_not_reads_and_is_logged_once(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    insert(f, 1);
    char path[300];
    (void)snprintf(path, sizeof path, "%s/log", f->dir);
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    struct log log = {.fd = fd, .level = LOG_INFO};
    struct db_options options = {.path = f->path, .log = &log};
    struct db *db;
    assert_int_equal(db_open(&options, &db), ERR_OK);
    f->reader = fixture_open(f, true);

    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit tight = {.rlim_cur = 65536, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int attempt = 0; attempt < 3; attempt++) {
        assert_int_equal(db_begin(db), ERR_OK);
        enum err err = db_run(db, "INSERT INTO t (a) VALUES (zeroblob(300000))", "");
        if (err == ERR_OK)
            err = db_commit(db);
        assert_int_equal(err, ERR_STORAGE);
        db_rollback(db);
        assert_int_equal(rows(f->reader), 1);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(lines_in(path), 1);

    assert_int_equal(db_begin(db), ERR_OK);
    assert_int_equal(db_run(db, "INSERT INTO t (a) VALUES (zeroblob(300000))", ""), ERR_OK);
    assert_int_equal(db_commit(db), ERR_OK);
    assert_int_equal(rows(f->reader), 2);
    db_close(db);
    (void)close(fd);
}

/* ---- misuse aborts: these are our own bugs ---------------------------------------------------------------------- */

static void assert_aborts(struct fixture *f, void (*misuse)(struct fixture *f))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL); /* the test's own handler would report it */
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        misuse(f);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void too_few(struct fixture *f)
{
    (void)db_run(f->db, "SELECT $1, $2", "i", INT64_C(1));
}

static void too_many(struct fixture *f)
{
    (void)db_run(f->db, "SELECT $1", "ii", INT64_C(1), INT64_C(2));
}

static void open_twice(struct fixture *f)
{
    static const char sql[] = "SELECT 1";
    struct db_stmt *stmt;
    (void)db_query(f->db, &stmt, sql, "");
    (void)db_query(f->db, &stmt, sql, "");
}

static void text_on_the_stack(struct fixture *f)
{
    char sql[20] = "SELECT 1";
    (void)db_run(f->db, sql, "");
    (void)snprintf(sql, sizeof sql, "SELECT 2");
    (void)db_run(f->db, sql, "");
}

static void commit_while_open(struct fixture *f)
{
    struct db_stmt *stmt;
    (void)db_begin(f->db);
    (void)db_query(f->db, &stmt, "SELECT 1", "");
    (void)db_commit(f->db);
}

static void misuse_is_caught(void **state)
{
    struct fixture *f = *state;
    assert_aborts(f, too_few);
    assert_aborts(f, too_many);
    assert_aborts(f, open_twice);
    assert_aborts(f, text_on_the_stack);
    assert_aborts(f, commit_while_open);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_bare, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_reports_what_is_wrong),
        TEST(new_files_belong_to_their_owner_alone),
        TEST(settings_are_durable),
        TEST(values_come_back_as_they_went_in),
        TEST(an_empty_blob_is_not_null),
        TEST(parameters_go_by_their_number),
        TEST(a_text_is_prepared_once),
        TEST(the_cache_grows),
        TEST(bad_sql_is_our_fault),
        TEST(returning_gives_rows_and_is_carried_through),
        TEST(constraints_are_conflicts),
        TEST(a_mark_undoes_only_what_came_after_it),
        TEST(a_reader_sees_commits_and_cannot_write),
        TEST(executions_are_counted),
        TEST(a_full_database_fails_and_heals),
        TEST(a_lost_transaction_is_never_committed),
        TEST(a_full_disk_fails_writes_not_reads_and_is_logged_once),
        TEST(misuse_is_caught),
    };
    return cmocka_run_group_tests_name("db/driver", tests, NULL, NULL);
}
