/*
 * BEGIN IMMEDIATE, one like, COMMIT, again and again: the same rows change as in the product (the like, the post's
 * count), statements are prepared once, and nothing else runs. It is as fast as one transaction per like gets.
 */
#include "baseline.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "figures.h"

#define SCHEMA_BYTES_MAX 65536

enum statement { BEGIN, LIKE, UNLIKE, COUNT, COMMIT, STATEMENTS };

struct baseline {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    int members;
    int posts;
    int next; /* which like of members * posts, and then which unlike */
};

/* As in db/driver_sqlite.c. */
static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                              "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 8388608;"
                              "PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -2048;";

/* The likes as in db/posts.c. */
static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [LIKE] = "INSERT INTO likes (post_id, user_id, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [UNLIKE] = "DELETE FROM likes WHERE post_id = $1 AND user_id = $2",
    [COUNT] = "UPDATE posts SET likes = likes + $2 WHERE id = $1 RETURNING likes",
    [COMMIT] = "COMMIT",
};

static bool run_script(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK) {
        return true;
    }
    fprintf(stderr, "bench: sqlite: %s\n", why != NULL ? why : "?");
    sqlite3_free(why);
    return false;
}

static bool make_schema(sqlite3 *db, const char *path)
{
    char *text = calloc(1, SCHEMA_BYTES_MAX);
    FILE *file = fopen(path, "re");
    bool ok = text != NULL && file != NULL && fread(text, 1, SCHEMA_BYTES_MAX - 1, file) > 0 && run_script(db, text);

    if (file == NULL) {
        perror(path);
    } else {
        fclose(file);
    }
    free(text);
    return ok;
}

static bool fill(sqlite3 *db, int members, int posts)
{
    char sql[1024];
    snprintf(sql, sizeof(sql),
             "BEGIN;"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO users (id, username, name, role, created_ms)"
             " SELECT i, 'u' || i, 'U ' || i, 'member', 1 FROM n;"
             "INSERT INTO teams (id, name, created_ms) VALUES (1, 'Bench', 1);"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO posts (id, team_id, author_id, body, created_ms, created_seq)"
             " SELECT i, 1, 1, 'Post ' || i, 1, i FROM n;"
             "COMMIT;",
             members, posts);
    return run_script(db, sql);
}

struct baseline *baseline_create(const char *path, const char *schema, int members, int posts)
{
    struct baseline *b = calloc(1, sizeof(*b));

    if (b == NULL || sqlite3_open(path, &b->db) != SQLITE_OK) {
        fprintf(stderr, "bench: cannot open %s\n", path);
        baseline_free(b);
        return NULL;
    }
    b->members = members;
    b->posts = posts;
    bool ok = run_script(b->db, pragmas) &&
              make_schema(b->db, schema) && fill(b->db, members, posts);
    for (int i = 0; ok && i < STATEMENTS; i++) {
        ok = sqlite3_prepare_v3(b->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &b->statements[i], NULL) == SQLITE_OK;
        if (!ok) {
            fprintf(stderr, "bench: sqlite: %s: %s\n", texts[i], sqlite3_errmsg(b->db));
        }
    }
    if (!ok) {
        baseline_free(b);
        return NULL;
    }
    return b;
}

void baseline_free(struct baseline *b)
{
    if (b == NULL) {
        return;
    }
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(b->statements[i]);
    }
    sqlite3_close(b->db);
    free(b);
}

static bool step(struct baseline *b, enum statement which, long long first, long long second, long long third)
{
    sqlite3_stmt *statement = b->statements[which];
    int parameters = sqlite3_bind_parameter_count(statement);
    const long long values[] = {first, second, third};

    for (int i = 0; i < parameters; i++) {
        sqlite3_bind_int64(statement, i + 1, values[i]);
    }
    int rc = sqlite3_step(statement);
    while (rc == SQLITE_ROW) {
        rc = sqlite3_step(statement);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE;
}

static bool like(struct baseline *b)
{
    int pairs = b->members * b->posts;
    int pair = b->next % pairs;
    bool unlike = b->next >= pairs;
    long long member = pair % b->members + 1;
    long long post = pair / b->members + 1;
    long long now_ms = 1 + b->next;

    b->next = (b->next + 1) % (2 * pairs);
    return step(b, BEGIN, 0, 0, 0) && step(b, unlike ? UNLIKE : LIKE, post, member, now_ms) &&
           step(b, COUNT, post, unlike ? -1 : 1, now_ms) && step(b, COMMIT, 0, 0, 0);
}

double baseline_run(struct baseline *b, double seconds)
{
    uint64_t began_ns = figures_now_ns();
    uint64_t end_ns = began_ns + (uint64_t)(seconds * 1e9);
    uint64_t count = 0;

    while (figures_now_ns() < end_ns) {
        if (!like(b)) {
            fprintf(stderr, "bench: sqlite: %s\n", sqlite3_errmsg(b->db));
            return -1;
        }
        count++;
    }
    return (double)count * 1e9 / (double)(figures_now_ns() - began_ns);
}
