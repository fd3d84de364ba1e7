/*
 * No query of a page or a poll reads a whole table, or sorts what it read.
 *
 * The test does not know the queries: it listens to SQLite while the functions run, then asks for the plan of each text
 * it heard. "SCAN x" in a plan is a walk over all of x.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "db/access.h"
#include "db/counters.h"
#include "db/events.h"
#include "db/messages.h"
#include "db/notices.h"
#include "db_fixture.h"

enum { HEARD_MAX = 100 };

/* SQLite's hook for new connections takes no argument of ours: the one list is the process's. */
static char *heard[HEARD_MAX];
static size_t heard_count;
static bool listening;

static int hear(unsigned type, void *context, void *statement, void *text)
{
    (void)type;
    (void)context;
    (void)text;
    const char *sql = sqlite3_sql(statement);
    bool known = !listening || sql == NULL;
    for (size_t i = 0; i < heard_count && !known; i++)
        known = strcmp(heard[i], sql) == 0;
    if (!known) {
        assert_true(heard_count < HEARD_MAX);
        heard[heard_count++] = strdup(sql);
    }
    return 0;
}

static int listen_to(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, hear, NULL);
}

static void count_up(struct tx *tx, int64_t team)
{
    const struct counter_order order = {
        .team_id = team, .name = "steps", .kind = COUNTER_INCREMENT, .number = 1, .user_id = team, .leads = true};
    struct counter_event event;
    assert_int_equal(counters_change(tx, &order, &event), ERR_OK);
}

/* Rows are in few teams; the planner has no statistics, as in a server that never ran ANALYZE. */
static int64_t populate(struct fixture *f)
{
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t count;
    bool changed;
    struct channel channel;
    assert_int_equal(channels_by_id(tx->db, tx->arena, 1, team, &channel), ERR_OK);
    struct chat_message_new message = {.channel = &channel, .author_id = team, .content = "m"};
    for (int i = 0; i < 20; i++) {
        assert_int_equal(messages_create(tx, &message, &count, &changed), ERR_OK);
        message.thread_id = 1;
        int64_t post = fixture_post(tx, team, team, "p");
        assert_int_equal(posts_like(tx, post, team, true, 0, &count), ERR_OK);
        if (i < 3)
            assert_int_equal(posts_pin(tx, post, true, &changed), ERR_OK);
    }
    for (int i = 0; i < 5; i++)
        count_up(tx, team);
    fixture_commit(f);
    return team;
}

static void ignore_user(void *arg, const struct user_row *row)
{
    (void)arg;
    (void)row;
}

static void read_everything(struct fixture *f, int64_t team)
{
    struct db *db = f->reader;
    struct arena *arena = f->arena;
    struct user user;
    struct membership *memberships;
    struct team one_team, *teams;
    struct team_member *members;
    struct invite invite;
    struct invite_row *invites;
    struct post post, *posts;
    struct post_mark marks[10];
    struct notice notice, *notices;
    struct change changes[10];
    struct replay replay;
    struct counter counter, *counters;
    struct counter_event *counted;
    unsigned char hash[INVITE_HASH_BYTES] = {0};
    int64_t a[10], b[10];
    size_t count;
    bool flag;
    assert_int_equal(users_by_id(db, arena, team, &user), ERR_OK);
    assert_int_equal(users_by_username(db, arena, "sarah", &user), ERR_OK);
    assert_int_equal(users_by_external_id(db, arena, "x", &user), ERR_NOT_FOUND);
    assert_int_equal(users_teams(db, arena, team, &memberships, &count), ERR_OK);
    assert_int_equal(users_page(db, 0, 10, ignore_user, NULL), ERR_OK);
    assert_int_equal(teams_by_id(db, arena, team, &one_team), ERR_OK);
    assert_int_equal(teams_page(db, arena, 0, 0, 10, &teams, &count), ERR_OK);
    assert_int_equal(teams_page(db, arena, team, 0, 10, &teams, &count), ERR_OK);
    assert_int_equal(teams_members(db, arena, team, 0, 10, &members, &count), ERR_OK);
    assert_int_equal(teams_invite_find(db, hash, T0, &invite), ERR_NOT_FOUND);
    assert_int_equal(teams_invites(db, arena, 0, 0, T0, 10, &invites, &count), ERR_OK);
    assert_int_equal(teams_invites(db, arena, team, 0, T0, 10, &invites, &count), ERR_OK);
    assert_int_equal(teams_invite_team(db, 1, T0, a), ERR_NOT_FOUND);
    struct posts_query query = {.team_id = team, .viewer_id = team, .limit = 10};
    assert_int_equal(posts_page(db, arena, &query, &posts, &count), ERR_OK);
    query.pinned_only = true;
    assert_int_equal(posts_page(db, arena, &query, &posts, &count), ERR_OK);
    assert_int_equal(posts_by_id(db, arena, 1, team, &post), ERR_OK);
    assert_int_equal(posts_marks(db, team, marks, 10, &count), ERR_OK);
    assert_int_equal(posts_recent_likes(db, team, a, b, 10, &count), ERR_OK);
    assert_int_equal(notices_page(db, arena, team, 0, 5, 10, &notices, &count), ERR_OK);
    assert_int_equal(notices_by_id(db, arena, 5, &notice), ERR_NOT_FOUND);
    struct channel channel, *channels;
    struct chat_message message, *messages;
    struct receipt *receipts;
    assert_int_equal(channels_of(db, arena, team, team, -1, &channels, &count), ERR_OK);
    assert_int_equal(channels_by_id(db, arena, 1, team, &channel), ERR_OK);
    assert_int_equal(channels_brief(db, 1, &channel), ERR_OK);
    assert_int_equal(channels_receipts(db, arena, &channel, 0, 10, &receipts, &count), ERR_OK);
    struct messages_query chat = {.channel_id = 1, .limit = 10};
    assert_int_equal(messages_page(db, arena, &chat, &messages, &count), ERR_OK);
    chat.thread_id = 1;
    chat.limit = 100;
    assert_int_equal(messages_page(db, arena, &chat, &messages, &count), ERR_OK);
    assert_int_equal(messages_since(db, arena, 1, 0, 99, 10, &messages, &count), ERR_OK);
    assert_int_equal(messages_by_id(db, arena, 5, &message), ERR_OK);
    assert_int_equal(events_bounds(db, a, b), ERR_OK);
    assert_int_equal(events_newest_of(db, team, a), ERR_OK);
    assert_int_equal(events_since(db, team, 0, changes, 10, &count), ERR_OK);
    assert_int_equal(events_since_all(db, 0, changes, 10, &count), ERR_OK);
    assert_int_equal(counters_by_name(db, arena, team, "steps", &counter), ERR_OK);
    assert_int_equal(counters_by_id(db, arena, counter.id, &counter), ERR_OK);
    assert_int_equal(counters_of_team(db, arena, team, 0, &counters, &count), ERR_OK);
    assert_int_equal(counters_history(db, arena, &counter, 0, 10, &counted, &count), ERR_OK);
    assert_int_equal(counters_since(db, arena, &counter, 0, 10, &counted, &count), ERR_OK);
    assert_int_equal(counters_reach(db, &counter, 0, &flag), ERR_OK);
    assert_int_equal(access_is_revoked(db, "x", &flag), ERR_OK);
    assert_int_equal(access_flag(db, "realtime", &flag), ERR_OK);
    assert_int_equal(access_replay_find(db, arena, 1, "x", &replay), ERR_OK);
}

/* The writes that look for rows first. */
static void write_everything(struct fixture *f, int64_t team)
{
    struct tx *tx = fixture_begin(f);
    bool changed;
    int64_t count;
    assert_int_equal(posts_like(tx, 5, team, false, 0, &count), ERR_OK);
    assert_int_equal(posts_pin(tx, 5, true, &changed), ERR_OK);
    assert_int_equal(posts_edit(tx, 5, "x", "y"), ERR_OK);
    assert_int_equal(posts_delete(tx, 5), ERR_OK);
    struct channel channel;
    struct receipt receipt = {.user_id = team, .read_id = 3};
    assert_int_equal(channels_brief(tx->db, 1, &channel), ERR_OK);
    struct chat_message_new message = {.channel = &channel, .author_id = team, .content = "m", .client_id = "c"};
    assert_int_equal(messages_create(tx, &message, &count, &changed), ERR_OK);
    assert_int_equal(messages_edit(tx, &channel, 5, "n"), ERR_OK);
    assert_int_equal(messages_delete(tx, &channel, 6), ERR_OK);
    assert_int_equal(channels_receive(tx, &channel, &receipt, &receipt), ERR_OK);
    struct channel_new channel_new = {.team_id = team, .name = "n"};
    assert_int_equal(channels_create(tx, &channel_new, &count), ERR_OK);
    assert_int_equal(users_join(tx, team, team, 0), ERR_OK);
    assert_int_equal(users_rename(tx, team, "S"), ERR_OK);
    count_up(tx, team);
    assert_int_equal(access_prune(tx, 10, &count), ERR_OK);
    assert_int_equal(counters_prune(tx, 10, &count), ERR_OK);
    assert_int_equal(users_seen_prune(tx, 10, &count), ERR_OK);
    tx->now_ms = T0 + INT64_C(90) * 86400000;
    assert_int_equal(events_prune(tx, 10, &count), ERR_OK);
    assert_int_equal(count, 10);
    tx->now_ms = T0;
    fixture_commit(f);
}

/* The two runs of a merge stop at their LIMIT, so sorting what they gave is no walk; but each must go by the team. */
static bool is_allowed_in_merge(const char *step)
{
    bool is_run = strncmp(step, "SEARCH ", 7) == 0 && strstr(step, "(team_id=?") != NULL;
    bool is_result = strcmp(step, "SCAN own") == 0 || strcmp(step, "SCAN common") == 0;
    return is_run || is_result || (strncmp(step, "SEARCH ", 7) != 0 && strncmp(step, "SCAN ", 5) != 0);
}

static bool is_allowed(const char *step, const char *sql)
{
    if (strstr(sql, ") AS own UNION ALL SELECT * FROM (") != NULL)
        return is_allowed_in_merge(step);
    if (strstr(sql, "FROM events ORDER BY seq LIMIT") != NULL)
        return true; /* the oldest so many, in order */
    if (strncmp(step, "SCAN long USING ", 16) == 0 && strstr(step, "INDEX counters_long") != NULL)
        return true; /* only counters that took more changes than are kept */
    bool is_sort = strncmp(step, "USE TEMP B-TREE", 15) == 0;
    bool is_walk = strncmp(step, "SCAN ", 5) == 0;
    return !is_sort && (!is_walk || strcmp(step, "SCAN CONSTANT ROW") == 0 || strcmp(step, "SCAN newest") == 0);
}

static size_t count_walks(sqlite3 *db, const char *sql, bool say)
{
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *stmt = NULL;
    size_t walks = 0;
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);
        if (!is_allowed(step, sql)) {
            walks++;
            if (say)
                print_error("%s\n    in: %s\n", step, sql);
        }
    }
    (void)sqlite3_finalize(stmt);
    sqlite3_free(explain);
    return walks;
}

static void no_page_walks_a_table(void **state)
{
    struct fixture *f = *state;
    int64_t team = populate(f);
    listening = true;
    read_everything(f, team);
    write_everything(f, team);
    listening = false;
    assert_true(heard_count > 35);

    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    size_t walks = 0;
    for (size_t i = 0; i < heard_count; i++)
        walks += count_walks(db, heard[i], true);
    assert_int_equal(walks, 0);
    assert_int_equal(count_walks(db, "SELECT * FROM posts WHERE body = 'x'", false), 1); /* it can tell */
    (void)sqlite3_close(db);
    for (size_t i = 0; i < heard_count; i++)
        free(heard[i]);
}

int main(void)
{
    (void)sqlite3_auto_extension((void (*)(void))listen_to);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_page_walks_a_table, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("db plans", tests, NULL, NULL);
}
