/* db/farewell.h: the end of an account that has written much, in transactions of a page; interrupted anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/digests.h"
#include "db/farewell.h"
#include "db/member_state.h"
#include "db/messages.h"
#include "db_fixture.h"

#define MUCH (2 * FAREWELL_ROWS + 7)

struct world {
    struct fixture *f;     /* porchlight.db */
    struct fixture *rooms; /* rooms.db */
    int64_t team;
    int64_t ruth; /* leaves */
    int64_t ann;  /* stays */
    size_t jobs;
    size_t jobs_max; /* then the writers refuse */
};

static enum err run_one(struct world *w, struct fixture *f, struct job *job)
{
    if (w->jobs == w->jobs_max)
        return ERR_BUSY;
    w->jobs++;
    struct tx *tx = fixture_begin(f);
    enum err err = job->run(job, tx);
    assert_true(tx->changes_count <= FAREWELL_DIGEST_ROWS); /* nobody has to wait for a big one */
    if (err == ERR_OK)
        fixture_commit(f);
    else
        db_rollback(f->db);
    arena_reset(f->arena);
    return err;
}

static enum err run_main(void *arg, struct job *job)
{
    struct world *w = arg;
    return run_one(w, w->f, job);
}

static enum err run_rooms(void *arg, struct job *job)
{
    struct world *w = arg;
    return run_one(w, w->rooms, job);
}

static void write_much(struct world *w, int64_t author)
{
    struct fixture *f = w->f;
    struct channel *channels;
    size_t count;
    struct tx *tx = fixture_begin(f);
    assert_int_equal(channels_of(f->db, f->arena, w->team, w->team, -1, &channels, &count), ERR_OK);
    for (int i = 0; i < MUCH; i++) {
        char client_id[40];
        int64_t id;
        bool again;
        (void)snprintf(client_id, sizeof client_id, "%lld-%d", (long long)author, i);
        const struct chat_message_new message = {
            .channel = &channels[0], .author_id = author, .content = "hello", .client_id = client_id};
        assert_int_equal(messages_create(tx, &message, &id, &again), ERR_OK);
        (void)fixture_post(tx, w->team, author, "a walk");
    }
    fixture_commit(f);
    arena_reset(f->arena);
}

/* A digest of Ann's that quotes a post; its text speaks of another. */
static void quote(struct world *w, const char *id, int64_t post_id, int64_t spoken_of)
{
    const char *topics[] = {"walking"};
    char link[64];
    char summary[120];
    struct digest d;
    const struct digest_new new = {.user_id = w->ann, .topics = topics, .topics_count = 1};
    struct tx *tx = fixture_begin(w->rooms);
    (void)snprintf(link, sizeof link, "/#/posts/%lld", (long long)post_id);
    (void)snprintf(summary, sizeof summary, "See \"link\":\"/#/posts/%lld\"", (long long)spoken_of);
    const struct digest_article article = {
        .id = id, .title = "Title", .summary = summary, .link = link, .topics = topics, .topics_count = 1, .score = 1};
    assert_int_equal(digests_create(tx, &new, &d), ERR_OK);
    assert_int_equal(digests_add_article(tx, &d.id, &article), ERR_OK);
    fixture_commit(w->rooms);
    arena_reset(w->rooms->arena);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fixture_setup_both(&w->f, &w->rooms);
    struct tx *tx = fixture_begin(w->f);
    w->team = fixture_team(tx, "sarah");
    w->ruth = fixture_user(tx, "ruth", ROLE_MEMBER);
    w->ann = fixture_user(tx, "ann", ROLE_MEMBER);
    fixture_commit(w->f);
    w->jobs_max = SIZE_MAX;
    write_much(w, w->ruth);
    write_much(w, w->ann);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    void *f = w->f;
    void *rooms = w->rooms;
    (void)fixture_teardown(&f);
    (void)fixture_teardown(&rooms);
    free(w);
    return 0;
}

static void begin(struct world *w)
{
    struct tx *tx = fixture_begin(w->f);
    assert_int_equal(farewell_begin(tx, 0, w->ruth), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_FAREWELL);
    fixture_commit(w->f);
}

static enum err finish(struct world *w)
{
    const struct farewell_writers writers = {.main = run_main, .rooms = run_rooms, .arg = w, .reads = w->f->reader};
    return farewell_finish(&writers, w->ruth);
}

static int64_t count(struct db *db, const char *sql, int64_t id)
{
    struct db_stmt *stmt;
    assert_int_equal(db_query(db, &stmt, sql, "i", id), ERR_OK);
    int64_t number = db_row(stmt) ? db_int(stmt, 0) : -1;
    assert_int_equal(db_end(stmt), ERR_OK);
    return number;
}

static int64_t words_of(struct world *w, int64_t user_id)
{
    return count(w->f->reader, "SELECT COUNT(*) FROM posts WHERE author_id = $1 AND body <> ''", user_id) +
           count(w->f->reader, "SELECT COUNT(*) FROM messages WHERE author_id = $1 AND content <> ''", user_id) +
           count(w->f->reader, "SELECT COUNT(*) FROM messages WHERE author_id = $1 AND client_id IS NOT NULL", user_id);
}

static int64_t waiting(struct world *w)
{
    int64_t user_id;
    assert_int_equal(farewell_next(w->f->reader, &user_id), ERR_OK);
    return user_id;
}

static void the_person_goes_first_and_only_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(waiting(w), 0);
    assert_int_equal(users_is_here(w->f->reader, w->ruth), ERR_OK);
    begin(w);
    assert_int_equal(waiting(w), w->ruth);
    assert_int_equal(users_is_here(w->f->reader, w->ruth), ERR_UNAUTHENTICATED);
    assert_int_equal(users_is_here(w->f->reader, w->ann), ERR_OK);
    struct tx *tx = fixture_begin(w->f);
    assert_int_equal(farewell_begin(tx, 0, w->ruth), ERR_NOT_FOUND);
    assert_int_equal(farewell_begin(tx, 0, 999), ERR_NOT_FOUND);
    db_rollback(w->f->db);
}

static void what_was_written_goes_page_by_page(void **state)
{
    struct world *w = *state;
    int64_t others = words_of(w, w->ann);
    assert_int_equal(words_of(w, w->ruth), 3 * MUCH);
    begin(w);
    assert_int_equal(finish(w), ERR_OK);
    assert_int_equal(words_of(w, w->ruth), 0);
    assert_int_equal(words_of(w, w->ann), others);
    assert_int_equal(waiting(w), 0);
    assert_true(w->jobs >= 3 + 3 + 3);
}

static void it_goes_on_wherever_it_was_interrupted(void **state)
{
    struct world *w = *state;
    begin(w);
    for (w->jobs_max = 1; finish(w) == ERR_BUSY; w->jobs_max++) {
        assert_int_equal(waiting(w), w->ruth);
        w->jobs = 0;
    }
    assert_true(w->jobs_max > 3);
    assert_int_equal(words_of(w, w->ruth), 0);
    assert_int_equal(waiting(w), 0);
}

static void digests_of_others_forget_what_they_quote(void **state)
{
    struct world *w = *state;
    int64_t own = count(w->f->reader, "SELECT MIN(id) FROM posts WHERE author_id = $1", w->ruth);
    int64_t other = count(w->f->reader, "SELECT MIN(id) FROM posts WHERE author_id = $1", w->ann);
    quote(w, "theirs", own, other);
    quote(w, "ours", other, own);
    quote(w, "none", 1000000, own);
    begin(w);
    assert_int_equal(finish(w), ERR_OK);
    assert_int_equal(
        fixture_number(w->rooms->reader, "SELECT COUNT(*) FROM room_values WHERE CAST(value AS TEXT) LIKE '%theirs%'"),
        0);
    assert_int_equal(
        fixture_number(w->rooms->reader, "SELECT COUNT(*) FROM room_values WHERE CAST(value AS TEXT) LIKE '%ours%'"),
        1);
    assert_int_equal(
        fixture_number(w->rooms->reader, "SELECT COUNT(*) FROM room_values WHERE CAST(value AS TEXT) LIKE '%none%'"),
        1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_person_goes_first_and_only_once),
        TEST(what_was_written_goes_page_by_page),
        TEST(it_goes_on_wherever_it_was_interrupted),
        TEST(digests_of_others_forget_what_they_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
