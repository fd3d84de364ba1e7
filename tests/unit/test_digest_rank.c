/* api/digest_rank.h, by cases that were worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "api/digest_rank.h"
#include "base/limits.h"

#define NOW INT64_C(1700000000000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* In the order of their bytes, as db/member_state.h has them. */
static struct member_weight taught[] = {{"bread", 20}, {"garden", 13}, {"gardens", 1}, {"knees", 1}, {"walking", 10}};
static const struct member_weights weights = {.items = taught, .count = sizeof taught / sizeof taught[0]};

static int64_t score(const char *topics, int64_t likes, bool pinned, int64_t age_ms, const char *asked)
{
    const struct digest_rank_for whom = {
        .weights = &weights, .asked = &asked, .asked_count = asked != NULL, .now_ms = NOW};
    const struct post_brief post = {
        .id = 1, .topics = topics, .likes = likes, .pinned = pinned, .created_ms = NOW - age_ms};
    return digest_rank_score(&whom, &post);
}

static void an_ordinary_post_of_today_scores_100(void **state)
{
    (void)state;
    assert_int_equal(score("", 0, false, 0, NULL), 100);
    assert_int_equal(score("walking", 0, false, 0, NULL), 100);
    assert_int_equal(score("never-heard-of", 0, false, DAY_MS - 1, NULL), 100);
    assert_int_equal(score("", 0, false, -HOUR_MS, NULL), 100); /* a clock that was set back */
}

static void likes_and_pins_add(void **state)
{
    (void)state;
    assert_int_equal(score("", 1, false, 0, NULL), 110);
    assert_int_equal(score("", 10, false, 0, NULL), 200);
    assert_int_equal(score("", 50, false, 0, NULL), 600);
    assert_int_equal(score("", 51, false, 0, NULL), 600); /* fifty count */
    assert_int_equal(score("", 100000, false, 0, NULL), 600);
    assert_int_equal(score("", 0, true, 0, NULL), 300);
    assert_int_equal(score("", 3, true, 0, NULL), 330);
}

static void topics_multiply(void **state)
{
    (void)state;
    assert_int_equal(score("bread", 0, false, 0, NULL), 200);
    assert_int_equal(score("knees", 0, false, 0, NULL), 10);
    assert_int_equal(score("garden", 0, false, 0, NULL), 130);
    assert_int_equal(score("gardens", 0, false, 0, NULL), 10); /* a topic is a whole word */
    assert_int_equal(score("gard", 0, false, 0, NULL), 100);
    assert_int_equal(score("bread garden", 0, false, 0, NULL), 165);       /* (2.0 + 1.3) / 2 */
    assert_int_equal(score("bread garden knees", 0, false, 0, NULL), 113); /* 3.4 / 3, rounded down */
    assert_int_equal(score("bread", 10, true, 0, NULL), 800);              /* 2.0 x (100 + 100 + 200) */
}

static void what_was_asked_for_adds_a_half(void **state)
{
    (void)state;
    assert_int_equal(score("walking", 0, false, 0, "walking"), 150);
    assert_int_equal(score("walking other", 0, false, 0, "walking"), 150);
    assert_int_equal(score("garden", 0, false, 0, "walking"), 130);
    assert_int_equal(score("", 0, false, 0, "walking"), 100);
    assert_int_equal(score("knees", 5, false, 0, "knees"), 90); /* 0.6 x 150 */
}

static void age_takes_a_tenth_a_day(void **state)
{
    (void)state;
    assert_int_equal(score("", 0, false, DAY_MS, NULL), 90);
    assert_int_equal(score("", 0, false, 3 * DAY_MS + 5 * HOUR_MS, NULL), 70);
    assert_int_equal(score("", 0, false, 7 * DAY_MS, NULL), 30);
    assert_int_equal(score("", 0, false, 70 * DAY_MS, NULL), 30);
    assert_int_equal(score("garden", 7, false, 2 * DAY_MS, NULL), 176); /* 130 x 170 x 80 / 10,000 = 176.8 */
}

/* Every post of a week, in the order that follows from the cases above. */
static void a_week_in_order(void **state)
{
    (void)state;
    const struct post_brief posts[] = {
        {.id = 1, .topics = "", .likes = 0, .created_ms = NOW},                              /* 100 */
        {.id = 2, .topics = "knees", .likes = 50, .created_ms = NOW},                        /* 60 */
        {.id = 3, .topics = "", .likes = 0, .pinned = true, .created_ms = NOW - 6 * DAY_MS}, /* 120 */
        {.id = 4, .topics = "walking", .likes = 0, .created_ms = NOW},                       /* 100, newer than 1 */
        {.id = 5, .topics = "bread", .likes = 2, .created_ms = NOW - DAY_MS},                /* 216 */
        {.id = 6, .topics = "", .likes = 2, .created_ms = NOW},                              /* 120, newer than 3 */
    };
    static const struct digest_ranked wanted[] = {{5, 216}, {6, 120}, {3, 120}, {4, 100}, {1, 100}, {2, 60}};
    const struct digest_rank_for whom = {.weights = &weights, .now_ms = NOW};
    struct digest_ranked out[6];
    digest_rank(&whom, posts, 6, out);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(out[i].id, wanted[i].id);
        assert_int_equal(out[i].score, wanted[i].score);
    }
    digest_rank(&whom, posts, 0, out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_post_of_today_scores_100),
        cmocka_unit_test(likes_and_pins_add),
        cmocka_unit_test(topics_multiply),
        cmocka_unit_test(what_was_asked_for_adds_a_half),
        cmocka_unit_test(age_takes_a_tenth_a_day),
        cmocka_unit_test(a_week_in_order),
    };
    return cmocka_run_group_tests_name("api/digest_rank", tests, NULL, NULL);
}
