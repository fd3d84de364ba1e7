/* db/pending_likes.h: from the buffer's rows to counts that are rows, once, whatever came between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "db/pending_likes.h"
#include "db/room_store.h"
#include "db_fixture.h"
#include "random.h"

enum { MEMBERS = 6, POSTS = 4 };

struct files {
    struct fixture *f; /* porchlight.db */
    struct fixture *r; /* rooms.db */
    int64_t team;
    int64_t users[MEMBERS];
    int64_t posts[POSTS];
};

static int files_setup(void **state)
{
    struct files *s = calloc(1, sizeof *s);
    assert_non_null(s);
    fixture_setup_both(&s->f, &s->r);
    struct tx *tx = fixture_begin(s->f);
    s->team = fixture_team(tx, "sarah");
    for (int i = 0; i < MEMBERS; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "member%d", i);
        s->users[i] = fixture_user(tx, name, ROLE_MEMBER);
    }
    for (int i = 0; i < POSTS; i++)
        s->posts[i] = fixture_post(tx, s->team, s->team, "post");
    fixture_commit(s->f);
    *state = s;
    return 0;
}

static int files_teardown(void **state)
{
    struct files *s = *state;
    void *f = s->f;
    void *r = s->r;
    free(s);
    return fixture_teardown(&f) + fixture_teardown(&r);
}

static struct pending_like like_of(struct files *s, int post, int user, bool liked, int64_t version)
{
    return (struct pending_like){.post_id = s->posts[post],
                                 .user_id = s->users[user],
                                 .liked = liked,
                                 .at_ms = T0 + version,
                                 .version = version};
}

static void put(struct files *s, int post, int user, bool liked, int64_t version)
{
    struct pending_like like = like_of(s, post, user, liked, version);
    (void)fixture_begin(s->r);
    assert_int_equal(pending_likes_put(&s->r->tx, &like), ERR_OK);
    fixture_commit(s->r);
}

static void apply(struct files *s, const struct pending_like *likes, size_t count, int64_t upto)
{
    (void)fixture_begin(s->f);
    assert_int_equal(pending_likes_apply(&s->f->tx, likes, count, upto), ERR_OK);
    assert_int_equal(s->f->tx.changes_count, 0);
    fixture_commit(s->f);
}

static struct like_state state_of(struct files *s, int post, int user)
{
    struct like_state out = {0};
    assert_int_equal(pending_likes_state(s->f->reader, s->posts[post], s->users[user], &out), ERR_OK);
    assert_int_equal(out.team_id, s->team);
    return out;
}

static void assert_counts_are_rows(struct files *s)
{
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM posts p WHERE p.likes <>"
                                                  " (SELECT COUNT(*) FROM likes l WHERE l.post_id = p.id)"),
                     0);
}

static int64_t flushed(struct files *s)
{
    int64_t version;
    assert_int_equal(pending_likes_flushed(s->f->reader, &version), ERR_OK);
    return version;
}

/* ---- rooms.db ---------------------------------------------------------------------------------------------------- */

static void one_row_a_pair_in_the_order_of_versions(void **state)
{
    struct files *s = *state;
    int64_t newest = -1;
    int64_t count = -1;
    size_t found;
    struct pending_like out[5];
    assert_int_equal(pending_likes_bounds(s->r->reader, &newest, &count), ERR_OK);
    assert_int_equal(newest, 0);
    assert_int_equal(count, 0);
    put(s, 1, 1, true, 10);
    put(s, 0, 0, true, 11);
    put(s, 2, 2, true, 12);
    put(s, 1, 1, false, 13); /* in place of 10 */
    assert_int_equal(pending_likes_bounds(s->r->reader, &newest, &count), ERR_OK);
    assert_int_equal(newest, 13);
    assert_int_equal(count, 3);
    assert_int_equal(pending_likes_page(s->r->reader, 0, out, 2, &found), ERR_OK);
    assert_int_equal(found, 2);
    assert_int_equal(out[0].version, 11);
    assert_int_equal(out[1].version, 12);
    assert_int_equal(pending_likes_page(s->r->reader, 12, out, 5, &found), ERR_OK);
    assert_int_equal(found, 1);
    assert_int_equal(out[0].post_id, s->posts[1]);
    assert_int_equal(out[0].user_id, s->users[1]);
    assert_false(out[0].liked);
    assert_int_equal(out[0].at_ms, T0 + 13);

    struct tx *tx = fixture_begin(s->r);
    assert_int_equal(pending_likes_forget(tx, 12), ERR_OK);
    assert_int_equal(db_changes(tx->db), 2);
    fixture_commit(s->r);
    assert_int_equal(pending_likes_page(s->r->reader, 0, out, 5, &found), ERR_OK);
    assert_int_equal(found, 1);
    assert_int_equal(out[0].version, 13);
}

/* ---- porchlight.db ----------------------------------------------------------------------------------------------- */

static void counts_follow_rows(void **state)
{
    struct files *s = *state;
    assert_int_equal(flushed(s), 0);
    struct pending_like first[] = {like_of(s, 0, 0, true, 1), like_of(s, 1, 0, true, 2), like_of(s, 0, 1, true, 3),
                                   like_of(s, 0, 2, false, 4)};
    apply(s, first, 4, 4);
    assert_int_equal(flushed(s), 4);
    assert_int_equal(state_of(s, 0, 0).count, 2);
    assert_true(state_of(s, 0, 1).liked);
    assert_false(state_of(s, 0, 2).liked);
    assert_int_equal(state_of(s, 1, 1).count, 1);
    assert_int_equal(state_of(s, 2, 1).count, 0);
    assert_int_equal(fixture_number(s->f->reader, "SELECT created_ms FROM likes ORDER BY post_id, user_id LIMIT 1"),
                     T0 + 1);
    /* One is liked already, one goes, one comes and one goes: the count of post 0 stays as it is. */
    struct pending_like second[] = {like_of(s, 0, 0, true, 5), like_of(s, 0, 1, false, 6), like_of(s, 1, 0, false, 7),
                                    like_of(s, 0, 3, true, 8)};
    apply(s, second, 4, 9);
    assert_int_equal(flushed(s), 9);
    assert_int_equal(state_of(s, 0, 0).count, 2);
    assert_false(state_of(s, 0, 1).liked);
    assert_true(state_of(s, 0, 3).liked);
    assert_int_equal(state_of(s, 1, 0).count, 0);
    assert_counts_are_rows(s);
}

static void applying_again_changes_nothing(void **state)
{
    struct files *s = *state;
    struct pending_like likes[] = {like_of(s, 0, 0, true, 1), like_of(s, 0, 1, true, 2)};
    apply(s, likes, 2, 2);
    apply(s, likes, 2, 2);
    assert_int_equal(state_of(s, 0, 0).count, 2);

    /* Nor over what came later: one takes the like back while the buffer is closed, the old rows come once more. */
    int64_t count;
    struct tx *tx = fixture_begin(s->f);
    assert_int_equal(posts_like(tx, s->posts[0], s->users[0], false, 0, &count), ERR_OK);
    fixture_commit(s->f);
    apply(s, likes, 2, 2);
    assert_int_equal(state_of(s, 0, 0).count, 1);
    assert_false(state_of(s, 0, 0).liked);
    apply(s, NULL, 0, 1); /* the version never goes back */
    assert_int_equal(flushed(s), 2);
    assert_counts_are_rows(s);
}

static void what_is_gone_is_left_out(void **state)
{
    struct files *s = *state;
    struct pending_like likes[] = {like_of(s, 0, 0, true, 1), like_of(s, 1, 0, true, 2), like_of(s, 2, 0, true, 3),
                                   like_of(s, 2, 1, true, 4), like_of(s, 3, 1, false, 5)};
    likes[2].user_id = 999; /* a member who is gone */
    likes[0].post_id = 999; /* a post that never was */
    int64_t count;
    struct tx *tx = fixture_begin(s->f);
    assert_int_equal(posts_like(tx, s->posts[1], s->users[1], true, 0, &count), ERR_OK);
    assert_int_equal(posts_delete(tx, s->posts[1]), ERR_OK);
    assert_int_equal(posts_like(tx, s->posts[3], s->users[1], true, 0, &count), ERR_OK);
    assert_int_equal(posts_delete(tx, s->posts[3]), ERR_OK);
    fixture_commit(s->f);
    apply(s, likes, 5, 5);
    assert_int_equal(flushed(s), 5);
    assert_int_equal(state_of(s, 2, 1).count, 1);
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM likes"), 1);
    assert_counts_are_rows(s);
    struct like_state out;
    assert_int_equal(pending_likes_state(s->f->reader, s->posts[1], s->users[0], &out), ERR_NOT_FOUND);
    assert_int_equal(pending_likes_state(s->f->reader, 999, s->users[0], &out), ERR_NOT_FOUND);
}

/* A wish that was buffered before still counts when the server starts anew. */
static void a_hidden_post_keeps_its_state(void **state)
{
    struct files *s = *state;
    int64_t count;
    bool changed;
    struct tx *tx = fixture_begin(s->f);
    assert_int_equal(posts_like(tx, s->posts[0], s->users[0], true, 0, &count), ERR_OK);
    assert_false(state_of(s, 0, 0).hidden);
    assert_int_equal(posts_hide(tx, s->posts[0], HIDDEN_BY_COACH, &changed), ERR_OK);
    fixture_commit(s->f);
    assert_true(state_of(s, 0, 0).hidden);
    assert_true(state_of(s, 0, 0).liked);
    assert_int_equal(state_of(s, 0, 0).count, 1);
}

/* A thousand likes of one post: a statement each and a handful more. */
static void a_row_costs_one_statement(void **state)
{
    struct files *s = *state;
    enum { LIKES = 1000 };
    static struct pending_like likes[LIKES];
    struct tx *tx = fixture_begin(s->f);
    for (int i = 0; i < LIKES; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "more%d", i);
        likes[i] = like_of(s, i % 2, 0, true, i + 1);
        likes[i].user_id = fixture_user(tx, name, ROLE_MEMBER);
    }
    fixture_commit(s->f);
    uint64_t statements = atomic_load(&s->f->stats.statements);
    uint64_t transactions = atomic_load(&s->f->stats.transactions);
    apply(s, likes, LIKES, LIKES);
    assert_in_range(atomic_load(&s->f->stats.statements) - statements, LIKES, LIKES + 8);
    assert_int_equal(atomic_load(&s->f->stats.transactions) - transactions, 1);
    assert_int_equal(state_of(s, 0, 0).count, LIKES / 2);
    assert_counts_are_rows(s);
}

/* ---- after a crash ----------------------------------------------------------------------------------------------- */

static int64_t recover(struct files *s)
{
    int64_t recovered = -1;
    assert_int_equal(pending_likes_recover(s->f->db, s->r->db, &s->f->clock, &recovered), ERR_OK);
    return recovered;
}

static int64_t waiting(struct files *s)
{
    return fixture_number(s->r->reader, "SELECT COUNT(*) FROM pending_likes");
}

static void a_crash_is_made_up_for_once(void **state)
{
    struct files *s = *state;
    assert_int_equal(recover(s), 0);
    put(s, 0, 0, true, 7);
    put(s, 0, 1, true, 8);
    struct tx *tx = fixture_begin(s->r);
    assert_int_equal(room_store_set_alarm(tx, PENDING_LIKES_ROOM, T0), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "other", T0), ERR_OK);
    fixture_commit(s->r);
    assert_int_equal(recover(s), 2);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(flushed(s), 8);
    assert_int_equal(state_of(s, 0, 0).count, 2);
    assert_int_equal(fixture_number(s->r->reader, "SELECT COUNT(*) FROM room_alarms"), 1); /* the other's */
    assert_int_equal(recover(s), 0);

    /* The crash came between the two files: the rows are in both, and something came later. */
    put(s, 0, 2, true, 9);
    struct pending_like like = like_of(s, 0, 2, true, 9);
    apply(s, &like, 1, 9);
    int64_t count;
    tx = fixture_begin(s->f);
    assert_int_equal(posts_like(tx, s->posts[0], s->users[2], false, 0, &count), ERR_OK);
    fixture_commit(s->f);
    assert_int_equal(recover(s), 0);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(state_of(s, 0, 2).count, 2);
    assert_false(state_of(s, 0, 2).liked);
    assert_counts_are_rows(s);
}

/* More than one page, and the process dies between two of them: what is there is not counted again. */
static void pages_are_made_up_for_too(void **state)
{
    struct files *s = *state;
    struct random r = random_seeded();
    enum { USERS = 1500, ROWS = 5000 };
    static int64_t users[USERS];
    static bool model[POSTS][USERS];
    memset(model, 0, sizeof model);
    struct tx *tx = fixture_begin(s->f);
    for (int i = 0; i < USERS; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "more%d", i);
        users[i] = fixture_user(tx, name, ROLE_MEMBER);
    }
    fixture_commit(s->f);
    tx = fixture_begin(s->r);
    for (int64_t version = 1; version <= ROWS; version++) {
        size_t post = random_below(&r, POSTS);
        size_t user = random_below(&r, USERS);
        model[post][user] = random_below(&r, 4) > 0;
        struct pending_like like = {.post_id = s->posts[post],
                                    .user_id = users[user],
                                    .liked = model[post][user],
                                    .at_ms = T0,
                                    .version = version};
        assert_int_equal(pending_likes_put(tx, &like), ERR_OK);
    }
    fixture_commit(s->r);
    static struct pending_like half[1000];
    size_t count;
    assert_int_equal(pending_likes_page(s->r->reader, 0, half, 1000, &count), ERR_OK);
    assert_int_equal(count, 1000);
    apply(s, half, count, half[count - 1].version);
    int64_t before = waiting(s);
    assert_true(before > 3000);
    assert_int_equal(recover(s), before - 1000);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(flushed(s), ROWS);
    assert_counts_are_rows(s);
    for (int p = 0; p < POSTS; p++) {
        int64_t likes = 0;
        for (int u = 0; u < USERS; u++) {
            struct like_state out;
            assert_int_equal(pending_likes_state(s->f->reader, s->posts[p], users[u], &out), ERR_OK);
            assert_int_equal(out.liked, model[p][u]);
            likes += model[p][u];
        }
        assert_int_equal(state_of(s, p, 0).count, likes);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_row_a_pair_in_the_order_of_versions),
        TEST(counts_follow_rows),
        TEST(applying_again_changes_nothing),
        TEST(what_is_gone_is_left_out),
        TEST(a_hidden_post_keeps_its_state),
        TEST(a_row_costs_one_statement),
        TEST(a_crash_is_made_up_for_once),
        TEST(pages_are_made_up_for_too),
    };
    return cmocka_run_group_tests_name("db/pending_likes", tests, NULL, NULL);
}
