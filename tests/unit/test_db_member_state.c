/* db/member_state.h: preferences, weights, feedback and what is learnt of it, and the alarm of the member's room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/member_state.h"
#include "db_fixture.h"
#include "random.h"

#define DAY_MS INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)
#define RUTH 7

/* Of several transactions, each with the arena empty, as the writer has it. */
static struct tx *again(struct fixture *f)
{
    arena_reset(f->arena);
    return &f->tx;
}

static void answer(struct fixture *f, int article, bool helpful, const char *topic, const char *other)
{
    char id[16];
    const char *topics[] = {topic, other};
    (void)snprintf(id, sizeof id, "%d", article);
    const struct member_feedback feedback = {
        .article_id = id, .helpful = helpful, .topics = topics, .topics_count = other == NULL ? 1 : 2};
    assert_int_equal(member_state_feedback(again(f), RUTH, &feedback), ERR_OK);
}

/* Of an article that nobody said anything of before: the number is the one that its feedback is stored under. */
static void tell(struct fixture *f, bool helpful, const char *topic, const char *other)
{
    int64_t number;
    assert_int_equal(member_state_number(f->db, again(f)->arena, RUTH, "feedback-next", 0, &number), ERR_OK);
    answer(f, 1000 + (int)number, helpful, topic, other);
}

static int weight(struct fixture *f, const char *topic)
{
    struct member_weights weights;
    assert_int_equal(member_state_weights(f->db, again(f)->arena, RUTH, &weights), ERR_OK);
    return member_state_weight(&weights, topic, strlen(topic));
}

static size_t weights_count(struct fixture *f)
{
    struct member_weights weights;
    assert_int_equal(member_state_weights(f->db, again(f)->arena, RUTH, &weights), ERR_OK);
    return weights.count;
}

static void preferences_have_defaults_and_stay(void **state)
{
    struct fixture *f = *state;
    struct member_preferences p;
    struct tx *tx = fixture_begin(f);
    assert_int_equal(member_state_preferences(f->db, f->arena, RUTH, &p), ERR_OK);
    assert_false(p.only_mine);
    assert_true(p.weekly_digest);
    assert_int_equal(p.topics_count, 0);
    const char *topics[] = {"\"quoted\"", "größe"};
    const struct member_preferences set = {.only_mine = true, .topics = topics, .topics_count = 2};
    assert_int_equal(member_state_set_preferences(tx, RUTH, &set), ERR_OK);
    fixture_commit(f);
    assert_int_equal(member_state_preferences(f->reader, f->arena, RUTH, &p), ERR_OK);
    assert_true(p.only_mine);
    assert_false(p.weekly_digest);
    assert_int_equal(p.topics_count, 2);
    assert_string_equal(p.topics[0], "\"quoted\"");
    assert_string_equal(p.topics[1], "größe");
    assert_int_equal(member_state_preferences(f->reader, f->arena, RUTH + 1, &p), ERR_OK); /* nobody else's */
    assert_false(p.only_mine);
}

static void a_step_stays_within_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(member_state_step(10, true), 11);
    assert_int_equal(member_state_step(10, false), 9);
    assert_int_equal(member_state_step(20, true), 20);
    assert_int_equal(member_state_step(1, false), 1);
}

static void feedback_moves_weights(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    assert_int_equal(weight(f, "garden"), 10);
    tell(f, true, "garden", "bread");
    assert_int_equal(weight(f, "garden"), 11);
    assert_int_equal(weight(f, "bread"), 11);
    tell(f, false, "garden", NULL);
    tell(f, false, "garden", NULL);
    assert_int_equal(weight(f, "garden"), 9);
    assert_int_equal(weight(f, "gard"), 10);
    assert_int_equal(weight(f, "gardens"), 10);
    for (int i = 0; i < 30; i++)
        tell(f, true, "bread", NULL);
    assert_int_equal(weight(f, "bread"), 20);
    for (int i = 0; i < 30; i++)
        tell(f, false, "bread", NULL);
    assert_int_equal(weight(f, "bread"), 1);
    assert_int_equal(weights_count(f), 2);
    fixture_commit(f);
}

static void learning_is_deterministic(void **state)
{
    struct fixture *f = *state;
    static const char *const topics[] = {"a", "b", "c", "d"};
    struct random r = random_seeded();
    int told[4];
    (void)fixture_begin(f);
    for (int i = 0; i < FEEDBACK_KEPT_MAX; i++)
        tell(f, random_below(&r, 2) == 0, topics[random_below(&r, 4)], NULL);
    for (size_t i = 0; i < 4; i++)
        told[i] = weight(f, topics[i]);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(member_state_learn(again(f), RUTH), ERR_OK);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(weight(f, topics[i]), told[i]);
    }
    int64_t written = fixture_number(f->db, "SELECT total_changes()");
    assert_int_equal(member_state_learn(again(f), RUTH), ERR_OK); /* nothing differs: nothing is written */
    assert_int_equal(fixture_number(f->db, "SELECT total_changes() "), written);
    /* A weight that no stored opinion accounts for goes. */
    assert_int_equal(room_store_put(again(f), "member/7", &(struct room_value){"weights", "20 z", 4}), ERR_OK);
    assert_int_equal(weight(f, "z"), 20);
    assert_int_equal(member_state_learn(again(f), RUTH), ERR_OK);
    assert_int_equal(weight(f, "z"), 10);
    fixture_commit(f);
}

static int64_t stored(struct fixture *f)
{
    return fixture_number(f->db, "SELECT COUNT(*) FROM room_values WHERE key LIKE 'feedback/%'");
}

static void an_article_has_one_answer(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    answer(f, 1, true, "garden", "bread");
    int64_t written = fixture_number(f->db, "SELECT total_changes()");
    answer(f, 1, true, "bread", "garden"); /* the same once more */
    assert_int_equal(fixture_number(f->db, "SELECT total_changes() "), written);
    assert_int_equal(weight(f, "garden"), 11);
    answer(f, 1, false, "garden", "lake"); /* another opinion, and its topics were changed */
    assert_int_equal(weight(f, "garden"), 9);
    assert_int_equal(weight(f, "lake"), 9);
    assert_int_equal(weight(f, "bread"), 10);
    assert_int_equal(weights_count(f), 2); /* as if bread had never been said */
    assert_int_equal(stored(f), 1);
    for (int i = 0; i < 3 * FEEDBACK_KEPT_MAX; i++)
        answer(f, 2, i % 2 == 1, "tea", NULL);
    assert_int_equal(stored(f), 2); /* who cannot decide forgets nothing else */
    assert_int_equal(weight(f, "tea"), 11);
    fixture_commit(f);
}

/* A bound is left from where it was reached, and what is forgotten has moved a weight for good. */
static void a_changed_answer_moves_the_weight_as_it_should(void **state)
{
    struct fixture *f = *state;
    bool weekly;
    (void)fixture_begin(f);
    for (int i = 0; i < 12; i++)
        answer(f, i, true, "tea", NULL);
    answer(f, 0, false, "tea", NULL);
    assert_int_equal(weight(f, "tea"), 19); /* eleven say yes, which is 20, and the newest no */
    answer(f, 20, true, "old", NULL);
    answer(f, 21, true, "old", NULL);
    f->tx.now_ms = T0 + DAY_MS;
    answer(f, 22, true, "old", NULL);
    f->tx.now_ms = T0 + FEEDBACK_KEPT_DAYS * DAY_MS;
    assert_int_equal(member_state_ring(again(f), RUTH, &weekly), ERR_OK);
    assert_int_equal(stored(f), 1);
    assert_int_equal(weight(f, "old"), 13);
    answer(f, 22, false, "old", NULL);
    assert_int_equal(weight(f, "old"), 11);
    answer(f, 22, true, "new", NULL);
    assert_int_equal(weight(f, "old"), 12);
    fixture_commit(f);
}

static void learning_says_what_answering_said(void **state)
{
    struct fixture *f = *state;
    static const char *const topics[] = {"a", "b", "c"};
    struct random r = random_seeded();
    (void)fixture_begin(f);
    for (int i = 0; i < 600; i++) {
        int told[3];
        size_t topic = random_below(&r, 3);
        const char *other = random_below(&r, 2) == 0 ? NULL : topics[(topic + 1) % 3];
        answer(f, (int)random_below(&r, 40), random_below(&r, 4) != 0, topics[topic], other);
        size_t count = weights_count(f);
        for (size_t t = 0; t < 3; t++)
            told[t] = weight(f, topics[t]);
        assert_int_equal(member_state_learn(again(f), RUTH), ERR_OK);
        for (size_t t = 0; t < 3; t++)
            assert_int_equal(weight(f, topics[t]), told[t]);
        assert_int_equal(weights_count(f), count);
    }
    assert_true(stored(f) <= 40);
    fixture_commit(f);
}

static void old_feedback_is_forgotten_and_its_weight_stays(void **state)
{
    struct fixture *f = *state;
    bool weekly;
    (void)fixture_begin(f);
    tell(f, true, "old", NULL);
    f->tx.now_ms = T0 + 10 * DAY_MS;
    tell(f, true, "new", NULL);
    f->tx.now_ms = T0 + FEEDBACK_KEPT_DAYS * DAY_MS - 1;
    assert_int_equal(member_state_ring(again(f), RUTH, &weekly), ERR_OK);
    assert_int_equal(stored(f), 2);
    f->tx.now_ms++;
    assert_int_equal(member_state_ring(again(f), RUTH, &weekly), ERR_OK);
    assert_int_equal(stored(f), 1);
    assert_int_equal(weight(f, "old"), 11);
    assert_int_equal(member_state_learn(again(f), RUTH), ERR_OK); /* only what is remembered counts */
    assert_int_equal(weight(f, "old"), 10);
    assert_int_equal(weight(f, "new"), 11);
    fixture_commit(f);
}

static void so_much_is_kept_and_no_more(void **state)
{
    struct fixture *f = *state;
    char topic[16];
    (void)fixture_begin(f);
    tell(f, true, "loved", NULL);
    tell(f, true, "loved", NULL);
    for (int i = 0; i < MEMBER_WEIGHTS_MAX + 10; i++) {
        (void)snprintf(topic, sizeof topic, "t%04d", i);
        tell(f, true, topic, NULL);
    }
    assert_int_equal(stored(f), FEEDBACK_KEPT_MAX);
    assert_int_equal(weights_count(f), MEMBER_WEIGHTS_MAX);
    assert_int_equal(weight(f, "loved"), 12); /* those that say least made room */
    assert_int_equal(weight(f, topic), 11);
    fixture_commit(f);
}

static void what_is_shown(void **state)
{
    (void)state;
    struct member_weight items[] = {{"bread", 5}, {"knees", 4}, {"rain", 1}};
    const struct member_weights weights = {.items = items, .count = 3};
    assert_true(member_state_shows(&weights, ""));
    assert_true(member_state_shows(&weights, "bread"));
    assert_false(member_state_shows(&weights, "knees"));
    assert_false(member_state_shows(&weights, "knees rain"));
    assert_true(member_state_shows(&weights, "knees rain walking"));
}

/* ---- alarm ------------------------------------------------------------------------------------------------------- */

static int64_t alarm_of(struct fixture *f, int64_t user_id)
{
    char room[32];
    int64_t due_ms;
    member_state_room(user_id, room);
    assert_int_equal(room_store_alarm(f->db, room, &due_ms), ERR_OK);
    return due_ms;
}

static bool ring(struct fixture *f, int64_t at_ms)
{
    bool weekly;
    f->tx.now_ms = at_ms;
    assert_int_equal(member_state_ring(again(f), RUTH, &weekly), ERR_OK);
    return weekly;
}

static void members_have_moments_of_their_own(void **state)
{
    struct fixture *f = *state;
    int64_t first = INT64_MAX;
    int64_t last = 0;
    (void)fixture_begin(f);
    for (int64_t id = 1; id <= 200; id++) {
        assert_int_equal(member_state_enroll(again(f), id), ERR_OK);
        int64_t due_ms = alarm_of(f, id);
        assert_true(due_ms > T0 && due_ms <= T0 + WEEK_MS);
        assert_int_equal((due_ms / DAY_MS + 4) % 7, 0); /* a Sunday: 1970-01-01 was a Thursday */
        first = due_ms < first ? due_ms : first;
        last = due_ms > last ? due_ms : last;
    }
    assert_true(last - first > 3 * INT64_C(3600000)); /* of four hours */
    fixture_commit(f);
}

/* From enrolment on: one a week, not two; a server that slept through some makes one. */
static void a_week_has_one_digest(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    assert_int_equal(member_state_enroll(again(f), RUTH), ERR_OK);
    int64_t due_ms = alarm_of(f, RUTH);
    assert_int_equal(member_state_week_ms(RUTH, member_state_week(RUTH, due_ms)), due_ms);
    assert_int_equal(member_state_week(RUTH, due_ms - 1) + 1, member_state_week(RUTH, due_ms));
    assert_false(ring(f, due_ms - DAY_MS));
    assert_true(ring(f, due_ms));
    assert_false(ring(f, due_ms)); /* at least once: the alarm may come again */
    assert_false(ring(f, due_ms + 6 * DAY_MS));
    assert_int_equal(alarm_of(f, RUTH), due_ms + WEEK_MS);
    assert_true(ring(f, due_ms + 5 * WEEK_MS + 12345)); /* four were slept through */
    assert_false(ring(f, due_ms + 5 * WEEK_MS + 23456));
    assert_int_equal(alarm_of(f, RUTH), due_ms + 6 * WEEK_MS);

    const struct member_preferences none = {.weekly_digest = false};
    assert_int_equal(member_state_set_preferences(again(f), RUTH, &none), ERR_OK);
    assert_false(ring(f, due_ms + 6 * WEEK_MS));
    const struct member_preferences wanted = {.weekly_digest = true};
    assert_int_equal(member_state_set_preferences(again(f), RUTH, &wanted), ERR_OK);
    assert_false(ring(f, due_ms + 6 * WEEK_MS + DAY_MS)); /* from the next week on */
    assert_true(ring(f, due_ms + 7 * WEEK_MS));
    assert_int_equal(member_state_enroll(again(f), RUTH), ERR_OK); /* who has an alarm keeps it */
    assert_int_equal(alarm_of(f, RUTH), due_ms + 8 * WEEK_MS);
    fixture_commit(f);
}

static void feedback_makes_the_alarm_daily(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    tell(f, true, "garden", NULL);
    int64_t due_ms = alarm_of(f, RUTH);
    assert_true(due_ms > T0 && due_ms <= T0 + DAY_MS);
    (void)ring(f, due_ms);
    assert_int_equal(alarm_of(f, RUTH), due_ms + DAY_MS);
    (void)ring(f, due_ms + 40 * DAY_MS);
    assert_int_equal(stored(f), 0);
    assert_int_equal((alarm_of(f, RUTH) / DAY_MS + 4) % 7, 0); /* weekly again */
    fixture_commit(f);
}

static void rooms_have_names(void **state)
{
    (void)state;
    int64_t id;
    assert_true(member_state_parse_room("member/7", &id));
    assert_int_equal(id, 7);
    static const char *const others[] = {"member/", "member/0", "member/07", "member/-7", "member/7x", "digest/7:1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(member_state_parse_room(others[i], &id));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_rooms, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(preferences_have_defaults_and_stay),
        TEST(a_step_stays_within_its_bounds),
        TEST(feedback_moves_weights),
        TEST(learning_is_deterministic),
        TEST(an_article_has_one_answer),
        TEST(a_changed_answer_moves_the_weight_as_it_should),
        TEST(learning_says_what_answering_said),
        TEST(old_feedback_is_forgotten_and_its_weight_stays),
        TEST(so_much_is_kept_and_no_more),
        TEST(what_is_shown),
        TEST(members_have_moments_of_their_own),
        TEST(a_week_has_one_digest),
        TEST(feedback_makes_the_alarm_daily),
        TEST(rooms_have_names),
    };
    return cmocka_run_group_tests_name("db/member_state", tests, NULL, NULL);
}
