/* db/posts.h: the feed, pins, and likes whose counts are their rows whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/limits.h"
#include "db_fixture.h"

static void a_post_comes_back_as_created(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct post_new new = {.id = 500,
                           .team_id = team,
                           .author_id = team,
                           .body = "Good morning ☀",
                           .topics = "walk sun",
                           .created_ms = 11,
                           .edited_ms = 22,
                           .pinned_ms = 33};
    int64_t id;
    assert_int_equal(posts_create(tx, &new, &id), ERR_OK);
    assert_int_equal(id, 500);
    const struct change *change = fixture_last(tx);
    assert_int_equal(change->kind, CHANGE_POST_CREATED);
    assert_int_equal(change->team_id, team);
    assert_int_equal(change->subject_id, id);
    assert_int_equal(change->seq, 1);
    assert_int_equal(fixture_post(tx, team, team, "next"), 501);
    fixture_commit(f);

    struct post post;
    assert_int_equal(posts_by_id(f->reader, f->arena, id, team, &post), ERR_OK);
    assert_int_equal(post.team_id, team);
    assert_int_equal(post.author_id, team);
    assert_string_equal(post.author_name, "sarah");
    assert_int_equal(post.author_role, ROLE_COACH);
    assert_string_equal(post.body, "Good morning ☀");
    assert_string_equal(post.topics, "walk sun");
    assert_int_equal(post.created_ms, 11);
    assert_int_equal(post.edited_ms, 22);
    assert_int_equal(post.pinned_ms, 33);
    assert_false(post.liked);
    assert_false(post.deleted);
    assert_int_equal(posts_by_id(f->reader, f->arena, 499, team, &post), ERR_NOT_FOUND);
    assert_int_equal(posts_by_id(f->reader, f->arena, 501, team, &post), ERR_OK);
    assert_int_equal(post.created_ms, T0);
    assert_int_equal(post.edited_ms, 0);
    assert_int_equal(post.pinned_ms, 0);
}

static void a_post_needs_a_team_and_an_author(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct post_new foreign = {.team_id = 999, .author_id = team, .body = "x", .topics = ""};
    int64_t id;
    assert_int_equal(posts_create(tx, &foreign, &id), ERR_CONFLICT);
    assert_string_not_equal(tx->problem.detail, "");
    db_rollback(f->db);
}

static void the_feed_pages_newest_first(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    int64_t dave = fixture_team(tx, "dave");
    int64_t ids[25];
    for (int i = 0; i < 25; i++) {
        ids[i] = fixture_post(tx, sarah, sarah, "s");
        (void)fixture_post(tx, dave, dave, "d");
    }
    assert_int_equal(posts_delete(tx, ids[20]), ERR_OK);
    assert_int_equal(users_set_disabled(tx, sarah, true), ERR_OK); /* her posts stay */
    fixture_commit(f);

    struct posts_query query = {.team_id = sarah, .viewer_id = dave, .limit = 10};
    int seen = 24;
    for (size_t pages = 0, count = 10; count == 10; pages++) {
        struct post *posts;
        assert_int_equal(posts_page(f->reader, f->arena, &query, &posts, &count), ERR_OK);
        for (size_t i = 0; i < count; i++, seen--) {
            if (seen == 20)
                seen--; /* the deleted one */
            assert_int_equal(posts[i].id, ids[seen]);
            query.before_id = posts[i].id;
        }
        assert_true(pages < 3);
    }
    assert_int_equal(seen, -1);
}

static void editing_and_deleting(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t id = fixture_post(tx, team, team, "before");
    int64_t count;
    bool changed;
    tx->now_ms = T0 + 1;
    assert_int_equal(posts_edit(tx, id, "after", NULL), ERR_OK);
    assert_int_equal(posts_edit(tx, id, NULL, "one two"), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_POST_EDITED);
    struct post post;
    assert_int_equal(posts_by_id(tx->db, tx->arena, id, team, &post), ERR_OK);
    assert_string_equal(post.body, "after");
    assert_string_equal(post.topics, "one two");
    assert_int_equal(post.edited_ms, T0 + 1);
    assert_int_equal(posts_like(tx, id, team, true, 0, &count), ERR_OK);
    assert_int_equal(posts_pin(tx, id, true, &changed), ERR_OK);

    assert_int_equal(posts_delete(tx, id), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_POST_DELETED);
    assert_int_equal(fixture_last(tx)->subject_id, id);
    size_t noted = tx->changes_count;
    assert_int_equal(posts_delete(tx, id), ERR_OK); /* again: nothing */
    assert_int_equal(tx->changes_count, noted);
    assert_int_equal(posts_by_id(tx->db, tx->arena, id, team, &post), ERR_OK);
    assert_true(post.deleted);
    assert_string_equal(post.body, "");
    assert_string_equal(post.topics, "");
    assert_int_equal(post.likes, 0);
    assert_int_equal(post.pinned_ms, 0);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM likes"), 0);

    assert_int_equal(posts_edit(tx, id, "x", NULL), ERR_NOT_FOUND);
    assert_int_equal(posts_like(tx, id, team, true, 0, &count), ERR_NOT_FOUND);
    assert_int_equal(posts_pin(tx, id, true, &changed), ERR_NOT_FOUND);
    assert_int_equal(posts_edit(tx, 999, "x", NULL), ERR_NOT_FOUND);
    assert_int_equal(posts_delete(tx, 999), ERR_NOT_FOUND);
    assert_int_equal(posts_like(tx, 999, team, true, 0, &count), ERR_NOT_FOUND);
    assert_int_equal(tx->changes_count, noted);
    fixture_commit(f);
}

static void pins_are_bounded_and_say_when_they_change(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t ids[PINS_PER_TEAM_MAX + 1];
    bool changed;
    for (int i = 0; i <= PINS_PER_TEAM_MAX; i++)
        ids[i] = fixture_post(tx, team, team, "p");
    for (int i = 0; i < PINS_PER_TEAM_MAX; i++) {
        tx->now_ms = T0 + i;
        assert_int_equal(posts_pin(tx, ids[i], true, &changed), ERR_OK);
        assert_true(changed);
    }
    assert_int_equal(fixture_last(tx)->kind, CHANGE_POST_PINNED);
    size_t noted = tx->changes_count;
    assert_int_equal(posts_pin(tx, ids[0], true, &changed), ERR_OK);
    assert_false(changed);
    assert_int_equal(posts_pin(tx, ids[PINS_PER_TEAM_MAX], true, &changed), ERR_CONFLICT);
    assert_false(changed);
    assert_non_null(strstr(tx->problem.detail, "10"));
    assert_int_equal(tx->changes_count, noted);
    assert_int_equal(posts_pin(tx, ids[3], false, &changed), ERR_OK);
    assert_true(changed);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_POST_UNPINNED);
    assert_int_equal(posts_pin(tx, ids[PINS_PER_TEAM_MAX], true, &changed), ERR_OK);
    fixture_commit(f);

    struct post *posts;
    size_t count;
    struct posts_query query = {.team_id = team, .viewer_id = team, .limit = 100, .pinned_only = true};
    assert_int_equal(posts_page(f->reader, f->arena, &query, &posts, &count), ERR_OK);
    assert_int_equal(count, PINS_PER_TEAM_MAX);
    assert_int_equal(posts[0].id, ids[PINS_PER_TEAM_MAX]);
    assert_int_equal(posts[count - 1].id, ids[0]);
}

/* ---- likes ------------------------------------------------------------------------------------------------------- */

static void liking_twice_is_liking_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t mary = fixture_user(tx, "mary", ROLE_MEMBER);
    int64_t id = fixture_post(tx, team, team, "p");
    int64_t count = -1;
    assert_int_equal(posts_like(tx, id, mary, false, 0, &count), ERR_OK); /* nothing to take back */
    assert_int_equal(count, 0);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_POST_CREATED);
    assert_int_equal(posts_like(tx, id, mary, true, T0 + 9, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_LIKES);
    assert_int_equal(fixture_last(tx)->subject_id, id);
    assert_int_equal(fixture_last(tx)->team_id, team);
    assert_int_equal(fixture_last(tx)->value, 1);
    assert_int_equal(fixture_last(tx)->seq, 0);
    size_t noted = tx->changes_count;
    assert_int_equal(posts_like(tx, id, mary, true, 0, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tx->changes_count, noted);
    assert_int_equal(posts_like(tx, id, team, true, 0, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(posts_like(tx, id, mary, false, 0, &count), ERR_OK);
    assert_int_equal(count, 1);
    fixture_commit(f);

    struct post post;
    assert_int_equal(posts_by_id(f->reader, f->arena, id, mary, &post), ERR_OK);
    assert_false(post.liked);
    assert_int_equal(post.likes, 1);
    assert_int_equal(posts_by_id(f->reader, f->arena, id, team, &post), ERR_OK);
    assert_true(post.liked);
}

enum { PEOPLE = 12, POSTS = 15, STEPS = 4000 };

static void assert_counts_are_rows(struct fixture *f)
{
    assert_int_equal(fixture_number(f->reader, "SELECT COUNT(*) FROM posts WHERE likes <>"
                                               " (SELECT COUNT(*) FROM likes WHERE post_id = posts.id)"),
                     0);
}

/* Likes, unlikes and deletions in any order, some of them undone by a mark or a rollback. */
static void counts_are_rows_under_random_operations(void **state)
{
    struct fixture *f = *state;
    unsigned seed = (unsigned)time(NULL);
    const char *given = getenv("TEST_SEED");
    if (given != NULL)
        seed = (unsigned)strtoul(given, NULL, 10);
    print_message("seed %u (repeat with TEST_SEED=%u)\n", seed, seed);
    srandom(seed);

    struct tx *tx = fixture_begin(f);
    int64_t people[PEOPLE];
    int64_t posts[POSTS];
    bool model[POSTS][PEOPLE] = {{false}};
    int64_t team = fixture_team(tx, "sarah");
    for (int i = 0; i < PEOPLE; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "m%d", i);
        people[i] = fixture_user(tx, name, ROLE_MEMBER);
    }
    for (int i = 0; i < POSTS; i++)
        posts[i] = fixture_post(tx, team, team, "p");
    fixture_commit(f);

    tx = fixture_begin(f);
    for (int step = 0; step < STEPS; step++) {
        long post = random() % POSTS;
        long person = random() % PEOPLE;
        bool liked = random() % 2;
        bool undo = random() % 5 == 0;
        bool was = model[post][person];
        int64_t before = 0;
        int64_t count = -1;
        for (int i = 0; i < PEOPLE; i++)
            before += model[post][i];
        assert_int_equal(db_mark(f->db), ERR_OK);
        size_t noted = tx->changes_count;
        assert_int_equal(posts_like(tx, posts[post], people[person], liked, 0, &count), ERR_OK);
        assert_int_equal(count, before + liked - was);
        assert_int_equal(tx->changes_count - noted, liked != was);
        if (undo)
            db_back_to_mark(f->db);
        else
            assert_int_equal(db_release(f->db), ERR_OK);
        if (!undo)
            model[post][person] = liked;
        if (step % 500 == 499) {
            fixture_commit(f);
            assert_counts_are_rows(f);
            tx = fixture_begin(f);
        }
    }
    assert_int_equal(posts_delete(tx, posts[0]), ERR_OK);
    fixture_commit(f);
    assert_counts_are_rows(f);
    for (int p = 1; p < POSTS; p++)
        for (int i = 0; i < PEOPLE; i++) {
            struct post post;
            arena_reset(f->arena);
            assert_int_equal(posts_by_id(f->reader, f->arena, posts[p], people[i], &post), ERR_OK);
            assert_int_equal(post.liked, model[p][i]);
        }
}

static void recent_likes_are_of_the_newest_posts(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t other = fixture_team(tx, "dave");
    int64_t ids[4];
    int64_t count;
    for (int i = 0; i < 4; i++)
        ids[i] = fixture_post(tx, team, team, "p");
    int64_t foreign = fixture_post(tx, other, other, "p");
    assert_int_equal(posts_like(tx, ids[0], team, true, T0 + 30, &count), ERR_OK);
    assert_int_equal(posts_like(tx, ids[1], team, true, T0 + 10, &count), ERR_OK);
    assert_int_equal(posts_like(tx, ids[2], team, true, T0 + 20, &count), ERR_OK);
    assert_int_equal(posts_like(tx, foreign, team, true, T0 + 40, &count), ERR_OK);
    assert_int_equal(posts_delete(tx, ids[3]), ERR_OK);
    fixture_commit(f);
    int64_t got[2];
    int64_t counts[2];
    size_t n;
    assert_int_equal(posts_recent_likes(f->reader, team, got, counts, 2, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(got[0], ids[2]);
    assert_int_equal(counts[0], 1);
    assert_int_equal(got[1], ids[1]);
    assert_int_equal(counts[1], 1);
}

static void marks_are_ordered_by_number(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    const int64_t given[] = {50, 10, 30, 20}; /* an import in no order */
    for (size_t i = 0; i < 4; i++) {
        struct post_new post = {.id = given[i], .team_id = team, .author_id = team, .body = "p", .topics = ""};
        int64_t id;
        assert_int_equal(posts_create(tx, &post, &id), ERR_OK);
    }
    assert_int_equal(posts_delete(tx, 30), ERR_OK);
    /* as pruning does */
    assert_int_equal(db_run(tx->db, "UPDATE sequence SET value = 1 WHERE name = 'pruned'", ""), ERR_OK);
    fixture_commit(f);
    struct post_mark marks[10];
    size_t count;
    assert_int_equal(posts_marks(f->reader, team, marks, 10, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(marks[0].id, 20);
    assert_int_equal(marks[0].seq, 4);
    assert_int_equal(marks[1].id, 10);
    assert_int_equal(marks[1].seq, 2);
    assert_int_equal(marks[2].id, 50);
    assert_int_equal(marks[2].seq, 0); /* forgotten */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_post_comes_back_as_created),
        TEST(a_post_needs_a_team_and_an_author),
        TEST(the_feed_pages_newest_first),
        TEST(editing_and_deleting),
        TEST(pins_are_bounded_and_say_when_they_change),
        TEST(liking_twice_is_liking_once),
        TEST(counts_are_rows_under_random_operations),
        TEST(recent_likes_are_of_the_newest_posts),
        TEST(marks_are_ordered_by_number),
    };
    return cmocka_run_group_tests_name("db/posts", tests, NULL, NULL);
}
