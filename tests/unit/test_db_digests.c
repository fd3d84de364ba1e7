/* db/digests.h: the way of a job, its articles, its end, its expiry, and how many are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/digests.h"
#include "db_fixture.h"

#define RUTH 7

static struct digest create(struct fixture *f, bool built_in)
{
    const char *topics[] = {"walking", "garden"};
    const struct digest_new new = {.user_id = RUTH, .topics = topics, .topics_count = 2, .built_in = built_in};
    struct digest d;
    arena_reset(f->arena);
    assert_int_equal(digests_create(&f->tx, &new, &d), ERR_OK);
    return d;
}

static struct digest get(struct fixture *f, const struct digest_id *id)
{
    struct digest d;
    assert_int_equal(digests_get(f->db, f->arena, id, &d), ERR_OK);
    return d;
}

static enum err add(struct fixture *f, const struct digest_id *id, const char *name, int64_t score)
{
    const char *topics[] = {"walking"};
    const struct digest_article article = {.id = name,
                                           .title = "Ten \"easy\" walks",
                                           .summary = "One.\nTwo.",
                                           .link = "/#/posts/1",
                                           .topics = topics,
                                           .topics_count = 1,
                                           .score = score};
    return digests_add_article(&f->tx, id, &article);
}

static int64_t alarm_of(struct fixture *f, const struct digest_id *id)
{
    char room[ROOM_NAME_BYTES_MAX] = DIGESTS_ROOMS;
    int64_t due_ms;
    digest_id_format(id, room + sizeof DIGESTS_ROOMS - 1);
    assert_int_equal(room_store_alarm(f->db, room, &due_ms), ERR_OK);
    return due_ms;
}

static void ids_have_one_spelling(void **state)
{
    (void)state;
    struct digest_id id;
    char text[DIGEST_ID_BYTES];
    assert_true(digest_id_parse("7:3", &id));
    assert_int_equal(id.user_id, 7);
    assert_int_equal(id.number, 3);
    assert_true(digest_id_parse("9223372036854775807:9223372036854775807", &id));
    digest_id_format(&id, text);
    assert_string_equal(text, "9223372036854775807:9223372036854775807");
    static const char *const others[] = {"",
                                         ":",
                                         "7:",
                                         ":3",
                                         "7",
                                         "07:3",
                                         "7:03",
                                         "0:3",
                                         "7:0",
                                         "-7:3",
                                         "7:-3",
                                         "+7:3",
                                         "7: 3",
                                         "7:3x",
                                         "7:3:",
                                         "7::3",
                                         "7:3:1",
                                         "9223372036854775808:1",
                                         "99999999999999999999:1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(digest_id_parse(others[i], &id));
    assert_true(digests_parse_room("digest/7:3", &id));
    assert_false(digests_parse_room("member/7:3", &id));
    assert_false(digests_parse_room("digest/7", &id));
}

static void a_job_goes_its_way(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    struct digest d = create(f, false);
    assert_int_equal(d.id.number, 1);
    assert_int_equal(d.status, DIGEST_PENDING);
    assert_int_equal(fixture_last(&f->tx)->kind, CHANGE_DIGEST);
    assert_int_equal(fixture_last(&f->tx)->subject_id, RUTH);
    assert_int_equal(fixture_last(&f->tx)->value, 1);
    assert_int_equal(alarm_of(f, &d.id), T0 + DIGEST_EXPIRES_MS);
    f->tx.now_ms = T0 + 1000;
    assert_int_equal(digests_progress(&f->tx, &d.id, 45, NULL), ERR_OK);
    assert_int_equal(digests_progress(&f->tx, &d.id, -1, "Reading"), ERR_OK);
    d = get(f, &d.id);
    assert_int_equal(d.status, DIGEST_IN_PROGRESS);
    assert_int_equal(d.progress, 45);
    assert_string_equal(d.step, "Reading");
    assert_int_equal(d.topics_count, 2);
    assert_string_equal(d.topics[1], "garden");
    assert_int_equal(d.started_ms, T0);
    assert_int_equal(d.updated_ms, T0 + 1000);
    assert_int_equal(alarm_of(f, &d.id), T0 + 1000 + DIGEST_EXPIRES_MS);
    assert_int_equal(digests_complete(&f->tx, &d.id, NULL), ERR_OK);
    d = get(f, &d.id);
    assert_int_equal(d.status, DIGEST_COMPLETED);
    assert_int_equal(d.progress, 100);
    assert_int_equal(d.completed_ms, T0 + 1000);
    assert_int_equal(alarm_of(f, &d.id), 0);
    assert_int_equal(digests_progress(&f->tx, &d.id, 1, NULL), ERR_CONFLICT);
    assert_int_equal(add(f, &d.id, "late", 1), ERR_CONFLICT);
    assert_int_equal(digests_complete(&f->tx, &d.id, "no"), ERR_CONFLICT);
    fixture_commit(f);
    assert_int_equal(get(f, &d.id).articles, 0);
    const struct digest_id unknown = {RUTH, 2};
    assert_int_equal(digests_complete(&f->tx, &unknown, NULL), ERR_NOT_FOUND);
}

static void articles_are_in_order_and_once(void **state)
{
    struct fixture *f = *state;
    struct digest_article *articles;
    size_t count;
    (void)fixture_begin(f);
    struct digest d = create(f, false);
    assert_int_equal(add(f, &d.id, "first", 5), ERR_OK);
    assert_int_equal(add(f, &d.id, "second", 9), ERR_OK);
    assert_int_equal(add(f, &d.id, "third", 5), ERR_OK);
    assert_int_equal(add(f, &d.id, "fourth", 1), ERR_OK);
    assert_int_equal(add(f, &d.id, "fourth", 5), ERR_OK); /* in the place of the one before */
    assert_int_equal(digests_articles(f->db, f->arena, &d.id, &articles, &count), ERR_OK);
    static const char *const wanted[] = {"second", "first", "third", "fourth"};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(articles[i].id, wanted[i]);
    assert_string_equal(articles[0].title, "Ten \"easy\" walks");
    assert_string_equal(articles[0].summary, "One.\nTwo.");
    assert_string_equal(articles[0].topics[0], "walking");
    assert_int_equal(get(f, &d.id).articles, 4);
    for (int i = 4; i < DIGEST_ARTICLES_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "more%d", i);
        assert_int_equal(add(f, &d.id, name, 2), ERR_OK);
    }
    assert_int_equal(add(f, &d.id, "one too many", 2), ERR_CONFLICT);
    assert_int_equal(add(f, &d.id, "first", 3), ERR_OK);
    fixture_commit(f);
}

static bool ring(struct fixture *f, const struct digest_id *id, int64_t at_ms, bool room)
{
    bool begin;
    f->tx.now_ms = at_ms;
    assert_int_equal(digests_ring(&f->tx, id, room, &begin), ERR_OK);
    return begin;
}

static void a_job_without_progress_times_out(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    struct digest d = create(f, false);
    f->tx.now_ms = T0 + DIGEST_EXPIRES_MS - 1;
    assert_int_equal(digests_progress(&f->tx, &d.id, 10, NULL), ERR_OK); /* ten minutes more */
    assert_false(ring(f, &d.id, T0 + DIGEST_EXPIRES_MS, true));
    assert_int_equal(get(f, &d.id).status, DIGEST_IN_PROGRESS);
    int64_t end_ms = T0 + 2 * DIGEST_EXPIRES_MS - 1;
    assert_int_equal(alarm_of(f, &d.id), end_ms);
    f->tx.now_ms = end_ms; /* what comes before the alarm does is too late as well */
    assert_int_equal(digests_progress(&f->tx, &d.id, 20, NULL), ERR_CONFLICT);
    assert_false(ring(f, &d.id, end_ms, true));
    d = get(f, &d.id);
    assert_int_equal(d.status, DIGEST_FAILED);
    assert_string_equal(d.error, "Job timed out");
    assert_int_equal(d.progress, 10);
    assert_int_equal(alarm_of(f, &d.id), 0);
    assert_false(ring(f, &d.id, end_ms + 1, true)); /* again: nothing */
    const struct digest_id removed = {RUTH, 99};
    assert_false(ring(f, &removed, end_ms, true));
    fixture_commit(f);
}

static void our_own_are_begun_again(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    struct digest d = create(f, true);
    assert_int_equal(alarm_of(f, &d.id), T0 + DIGEST_AGAIN_MS);
    assert_true(ring(f, &d.id, T0 + DIGEST_AGAIN_MS, true));
    assert_int_equal(alarm_of(f, &d.id), T0 + 2 * DIGEST_AGAIN_MS);
    assert_int_equal(get(f, &d.id).updated_ms, T0);                /* to begin is no progress */
    assert_false(ring(f, &d.id, T0 + 5 * DIGEST_AGAIN_MS, false)); /* but to wait for its turn is */
    assert_int_equal(get(f, &d.id).updated_ms, T0 + 5 * DIGEST_AGAIN_MS);
    assert_int_equal(alarm_of(f, &d.id), T0 + 5 * DIGEST_AGAIN_MS + DIGEST_WAITS_MS);
    assert_int_equal(get(f, &d.id).status, DIGEST_PENDING);
    assert_true(ring(f, &d.id, T0 + 6 * DIGEST_AGAIN_MS, true));
    assert_false(ring(f, &d.id, T0 + 5 * DIGEST_AGAIN_MS + DIGEST_EXPIRES_MS, true));
    assert_int_equal(get(f, &d.id).status, DIGEST_FAILED);
    fixture_commit(f);
}

/* Each try says that it began, which is progress; but only so many are made. */
static void our_own_that_cannot_be_made_fail(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    struct digest d = create(f, true);
    for (int i = 1; i < DIGEST_BEGINS_MAX; i++) {
        assert_int_equal(digests_begin(&f->tx, &d.id), ERR_OK);
        assert_int_equal(digests_progress(&f->tx, &d.id, 60, NULL), ERR_OK);
        assert_true(ring(f, &d.id, T0 + i * DIGEST_AGAIN_MS, true));
    }
    assert_int_equal(digests_begin(&f->tx, &d.id), ERR_OK);
    assert_int_equal(get(f, &d.id).progress, 60);
    assert_false(ring(f, &d.id, T0 + DIGEST_BEGINS_MAX * DIGEST_AGAIN_MS, true));
    d = get(f, &d.id);
    assert_int_equal(d.status, DIGEST_FAILED);
    assert_string_equal(d.error, "The digest could not be made.");
    assert_int_equal(alarm_of(f, &d.id), 0);
    fixture_commit(f);
}

static void the_newest_are_kept(void **state)
{
    struct fixture *f = *state;
    struct digest jobs[DIGESTS_KEPT];
    size_t count;
    (void)fixture_begin(f);
    for (int64_t i = 1; i <= DIGESTS_KEPT; i++) {
        struct digest d = create(f, false);
        assert_int_equal(d.id.number, i);
        if (i == 3)
            assert_int_equal(add(f, &d.id, "a", 1), ERR_OK);
    }
    struct digest_id second = {RUTH, 2};
    struct digest_id third = {RUTH, 3};
    const struct digest_new new = {.user_id = RUTH};
    struct digest d;
    assert_int_equal(digests_create(&f->tx, &new, &d), ERR_CONFLICT); /* none has ended */
    assert_int_equal(digests_complete(&f->tx, &third, NULL), ERR_OK);
    assert_int_equal(digests_complete(&f->tx, &second, "no"), ERR_OK);
    assert_int_equal(digests_create(&f->tx, &new, &d), ERR_OK);
    assert_int_equal(d.id.number, DIGESTS_KEPT + 1);
    assert_int_equal(digests_get(f->db, f->arena, &second, &d), ERR_NOT_FOUND); /* the oldest that had */
    assert_int_equal(get(f, &third).status, DIGEST_COMPLETED);
    assert_int_equal(digests_list(f->db, f->arena, RUTH, 0, DIGESTS_KEPT, jobs, &count), ERR_OK);
    assert_int_equal(count, DIGESTS_KEPT);
    assert_int_equal(jobs[0].id.number, DIGESTS_KEPT + 1);
    assert_int_equal(jobs[count - 1].id.number, 1);
    assert_int_equal(digests_list(f->db, f->arena, RUTH, 4, 5, jobs, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(jobs[0].id.number, 3);
    assert_int_equal(digests_list(f->db, f->arena, RUTH + 1, 0, 5, jobs, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(digests_create(&f->tx, &new, &d), ERR_OK); /* and the third goes, with what it had */
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM room_values WHERE room = 'digest/7:3'"), 0);
    fixture_commit(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_rooms, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids_have_one_spelling),          TEST(a_job_goes_its_way),
        TEST(articles_are_in_order_and_once), TEST(a_job_without_progress_times_out),
        TEST(our_own_are_begun_again),        TEST(our_own_that_cannot_be_made_fail),
        TEST(the_newest_are_kept),
    };
    return cmocka_run_group_tests_name("db/digests", tests, NULL, NULL);
}
