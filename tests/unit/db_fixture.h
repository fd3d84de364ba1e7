/*
 * A fresh database in a folder of its own for each test: a write connection with the schema, a read connection, an
 * arena and a transaction to hand to the functions under test. Include after <cmocka.h>.
 */
#ifndef PORCHLIGHT_UNIT_DB_FIXTURE_H
#define PORCHLIGHT_UNIT_DB_FIXTURE_H

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "db/migrate.h"
#include "db/posts.h"
#include "db/teams.h"
#include "db/tx.h"
#include "db/users.h"

#define T0 INT64_C(1700000000000)

struct fixture {
    char dir[200];
    char path[240];
    struct clock clock;
    struct db_stats stats;
    struct db *db;
    struct db *reader;
    struct arena *arena;
    struct tx tx;
};

static inline void fixture_dir(struct fixture *f)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(f->dir, sizeof f->dir, "%.150s/porchlight-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof f->path, "%s/test.db", f->dir);
}

static inline struct db *fixture_open(struct fixture *f, bool read_only)
{
    struct db *db = NULL;
    struct db_options options = {.path = f->path, .read_only = read_only, .create = !read_only, .stats = &f->stats};
    assert_int_equal(db_open(&options, &db), ERR_OK);
    return db;
}

/* An empty file. */
static inline int fixture_setup_bare(void **state)
{
    assert_true(sodium_init() >= 0);
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    fixture_dir(f);
    f->db = fixture_open(f, false);
    f->arena = arena_create(4096, 16U << 20);
    assert_non_null(f->arena);
    f->tx = (struct tx){.db = f->db, .now_ms = T0, .arena = f->arena};
    *state = f;
    return 0;
}

static inline int fixture_setup_set(void **state, const struct migration *set)
{
    assert_int_equal(fixture_setup_bare(state), 0);
    struct fixture *f = *state;
    struct migrate_report report;
    struct problem problem = {0};
    assert_int_equal(migrate_run(f->db, set, &f->clock, &report, &problem), ERR_OK);
    f->reader = fixture_open(f, true);
    return 0;
}

static inline int fixture_setup(void **state)
{
    return fixture_setup_set(state, migrations_community);
}

/* As rooms.db: the same fixture with the other schema. */
static inline int fixture_setup_rooms(void **state)
{
    return fixture_setup_set(state, migrations_rooms);
}

/* Both files of a community. */
static inline void fixture_setup_both(struct fixture **community, struct fixture **rooms)
{
    void *f;
    void *r;
    assert_int_equal(fixture_setup(&f), 0);
    assert_int_equal(fixture_setup_rooms(&r), 0);
    *community = f;
    *rooms = r;
}

static inline void fixture_remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char file[600];
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            (void)unlink(file);
    }
    if (dir != NULL)
        (void)closedir(dir);
    (void)rmdir(path);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    if (f->db != NULL)
        db_rollback(f->db); /* of a test that failed half way */
    db_close(f->reader);
    db_close(f->db);
    arena_free(f->arena);
    free(f->tx.changes);
    fixture_remove_dir(f->dir);
    free(f);
    return 0;
}

static inline struct tx *fixture_begin(struct fixture *f)
{
    f->tx.changes_count = 0;
    f->tx.problem = (struct problem){0};
    assert_int_equal(db_begin(f->db), ERR_OK);
    return &f->tx;
}

static inline void fixture_commit(struct fixture *f)
{
    assert_int_equal(db_commit(f->db), ERR_OK);
}

/* One number from one row; -1 when there is none. */
#define fixture_number(db, sql) fixture_number_((db), "" sql)
static inline int64_t fixture_number_(struct db *db, const char *sql)
{
    struct db_stmt *stmt;
    assert_int_equal(db_query(db, &stmt, sql, ""), ERR_OK);
    int64_t number = db_row(stmt) ? db_int(stmt, 0) : -1;
    assert_int_equal(db_end(stmt), ERR_OK);
    return number;
}

static inline int64_t fixture_user(struct tx *tx, const char *username, enum role role)
{
    int64_t id;
    struct user_new user = {.username = username, .name = username, .role = role};
    assert_int_equal(users_create(tx, &user, &id), ERR_OK);
    return id;
}

/* A coach with a team; returns the id of both. */
static inline int64_t fixture_team(struct tx *tx, const char *username)
{
    int64_t id = fixture_user(tx, username, ROLE_COACH);
    assert_int_equal(teams_create(tx, id, username, 0), ERR_OK);
    return id;
}

static inline int64_t fixture_post(struct tx *tx, int64_t team_id, int64_t author_id, const char *body)
{
    int64_t id;
    struct post_new post = {.team_id = team_id, .author_id = author_id, .body = body, .topics = ""};
    assert_int_equal(posts_create(tx, &post, &id), ERR_OK);
    return id;
}

/* The last change that was noted. */
static inline const struct change *fixture_last(const struct tx *tx)
{
    assert_true(tx->changes_count > 0);
    return &tx->changes[tx->changes_count - 1];
}

#endif
