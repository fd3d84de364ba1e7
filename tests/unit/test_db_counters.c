/* db/counters.h: values in their range, a row for each change, milestones told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/counters.h"
#include "db/events.h"
#include "db/notices.h"
#include "db/transfer.h"
#include "db_fixture.h"

static enum err change(struct tx *tx, int64_t team, const char *name, enum counter_kind kind, int64_t number,
                       struct counter_event *out)
{
    const struct counter_order order = {
        .team_id = team, .name = name, .kind = kind, .number = number, .user_id = team, .leads = true};
    return counters_change(tx, &order, out);
}

static struct counter_event must(struct tx *tx, int64_t team, enum counter_kind kind, int64_t number)
{
    struct counter_event event;
    assert_int_equal(change(tx, team, "steps", kind, number, &event), ERR_OK);
    return event;
}

static void names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "0", "steps", "glasses-of-water", "a.b_c-d", "2026.w07"};
    static const char *const bad[] = {"", "A", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n", "steps!"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(counters_name_is_good(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(counters_name_is_good(bad[i]));
    assert_false(counters_name_is_good(NULL));
    char longest[COUNTER_NAME_CHARS_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[COUNTER_NAME_CHARS_MAX] = '\0';
    assert_true(counters_name_is_good(longest));
    longest[COUNTER_NAME_CHARS_MAX] = 'x';
    longest[COUNTER_NAME_CHARS_MAX + 1] = '\0';
    assert_false(counters_name_is_good(longest));
}

static void the_first_change_makes_the_counter(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t other = fixture_team(tx, "dave");
    struct counter_event made = must(tx, team, COUNTER_INCREMENT, 5);
    assert_int_equal(made.previous, 0);
    assert_int_equal(made.counter.value, 5);
    assert_int_equal(made.counter.operations, 1);
    assert_int_equal(made.counter.created_ms, T0);
    const struct change *noted = fixture_last(tx);
    assert_int_equal(noted->kind, CHANGE_COUNTER);
    assert_int_equal(noted->team_id, team);
    assert_int_equal(noted->subject_id, made.counter.id);
    assert_int_equal(noted->seq, made.counter.seq);

    tx->now_ms = T0 + 7;
    assert_int_equal(must(tx, team, COUNTER_DECREMENT, 7).counter.value, -2);
    assert_int_equal(must(tx, team, COUNTER_SET, 40).previous, -2);
    assert_int_equal(must(tx, team, COUNTER_DECREMENT, 4).counter.value, 36);
    struct counter_event last = must(tx, team, COUNTER_RESET, 0);
    assert_int_equal(last.counter.value, 0);
    assert_int_equal(last.counter.operations, 5);
    assert_int_equal(must(tx, other, COUNTER_INCREMENT, 1).counter.value, 1); /* the same name, another team's */
    fixture_commit(f);

    struct counter counter;
    assert_int_equal(counters_by_name(f->reader, f->arena, team, "steps", &counter), ERR_OK);
    assert_int_equal(counter.id, made.counter.id);
    assert_string_equal(counter.name, "steps");
    assert_int_equal(counter.value, 0);
    assert_int_equal(counter.operations, 5);
    assert_int_equal(counter.seq, last.counter.seq);
    assert_int_equal(counter.created_ms, T0);
    assert_int_equal(counter.updated_ms, T0 + 7);
    assert_int_equal(counters_by_id(f->reader, f->arena, counter.id, &counter), ERR_OK);
    assert_int_equal(counter.team_id, team);
    assert_int_equal(counters_by_name(f->reader, f->arena, team, "water", &counter), ERR_NOT_FOUND);
}

static void what_is_refused_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct counter_event event;
    assert_int_equal(change(tx, team, "steps", COUNTER_RESET, 0, &event), ERR_NOT_FOUND);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM counters"), 0);

    assert_int_equal(must(tx, team, COUNTER_INCREMENT, COUNTER_VALUE_MAX).counter.value, COUNTER_VALUE_MAX);
    size_t noted = tx->changes_count;
    int64_t number = fixture_number(tx->db, "SELECT value FROM sequence");
    assert_int_equal(change(tx, team, "steps", COUNTER_INCREMENT, 1, &event), ERR_INVALID);
    assert_string_not_equal(tx->problem.detail, "");
    assert_int_equal(change(tx, team, "steps", COUNTER_INCREMENT, COUNTER_VALUE_MAX, &event), ERR_INVALID);
    assert_int_equal(tx->changes_count, noted);
    assert_int_equal(fixture_number(tx->db, "SELECT value FROM sequence "), number);
    assert_int_equal(fixture_number(tx->db, "SELECT value FROM counters"), COUNTER_VALUE_MAX);

    (void)must(tx, team, COUNTER_SET, -COUNTER_VALUE_MAX);
    assert_int_equal(change(tx, team, "steps", COUNTER_DECREMENT, 1, &event), ERR_INVALID);
    assert_int_equal(must(tx, team, COUNTER_INCREMENT, COUNTER_VALUE_MAX).counter.value, 0);
    fixture_commit(f);
}

static void what_a_member_may(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct counter_event event;
    struct counter_order order = {.team_id = team, .name = "steps", .number = 1, .user_id = team};
    assert_int_equal(counters_change(tx, &order, &event), ERR_FORBIDDEN);
    assert_string_equal(tx->problem.detail, "Only the coach of this team can start a new count.");
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM counters"), 0);
    (void)must(tx, team, COUNTER_SET, 0);
    order.number = COUNTER_MEMBER_AMOUNT_MAX;
    assert_int_equal(counters_change(tx, &order, &event), ERR_OK);
    order.number++;
    assert_int_equal(counters_change(tx, &order, &event), ERR_INVALID);
    order.kind = COUNTER_DECREMENT;
    assert_int_equal(counters_change(tx, &order, &event), ERR_INVALID);
    assert_int_equal(fixture_number(tx->db, "SELECT value FROM counters"), COUNTER_MEMBER_AMOUNT_MAX);
    fixture_commit(f);
}

static void a_team_has_so_many_counters_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t other = fixture_team(tx, "dave");
    struct counter_event event;
    char name[20];
    for (int i = 0; i < COUNTERS_PER_TEAM_MAX; i++) {
        (void)snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(change(tx, team, name, COUNTER_INCREMENT, 1, &event), ERR_OK);
    }
    assert_int_equal(change(tx, team, "more", COUNTER_INCREMENT, 1, &event), ERR_CONFLICT);
    assert_string_not_equal(tx->problem.detail, "");
    assert_int_equal(change(tx, team, "c7", COUNTER_INCREMENT, 1, &event), ERR_OK);
    assert_int_equal(change(tx, other, "more", COUNTER_INCREMENT, 1, &event), ERR_OK);
    fixture_commit(f);

    struct counter *counters;
    size_t count;
    assert_int_equal(counters_of_team(f->reader, f->arena, team, -1, &counters, &count), ERR_OK);
    assert_int_equal(count, COUNTERS_PER_TEAM_MAX);
    assert_string_equal(counters[0].name, "c0");
    assert_string_equal(counters[1].name, "c1");
    assert_string_equal(counters[2].name, "c10"); /* by name */
    int64_t since = fixture_number(f->reader, "SELECT MAX(seq) FROM counters WHERE name <> 'c7' AND name <> 'more'");
    assert_int_equal(counters_of_team(f->reader, f->arena, team, since, &counters, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(counters[0].name, "c7");
}

static void history_has_each_change_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t numbers[25];
    for (int i = 0; i < 25; i++) {
        struct counter_event other;
        numbers[i] = must(tx, team, i % 5 == 4 ? COUNTER_DECREMENT : COUNTER_INCREMENT, i + 1).counter.seq;
        assert_int_equal(change(tx, team, "water", COUNTER_SET, i, &other), ERR_OK);
    }
    fixture_commit(f);
    struct counter counter;
    assert_int_equal(counters_by_name(f->reader, f->arena, team, "steps", &counter), ERR_OK);

    int seen = 24;
    int64_t before = 0;
    for (size_t count = 10; count == 10;) {
        struct counter_event *events;
        assert_int_equal(counters_history(f->reader, f->arena, &counter, before, 10, &events, &count), ERR_OK);
        for (size_t i = 0; i < count; i++, seen--) {
            int64_t amount;
            assert_int_equal(events[i].counter.seq, numbers[seen]);
            assert_int_equal(events[i].counter.operations, seen + 1);
            assert_string_equal(events[i].user_name, "sarah");
            assert_int_equal(events[i].user_id, team);
            assert_int_equal(events[i].kind, seen % 5 == 4 ? COUNTER_DECREMENT : COUNTER_INCREMENT);
            assert_true(counters_amount(&events[i], &amount));
            assert_int_equal(amount, seen + 1);
            before = events[i].counter.seq;
        }
    }
    assert_int_equal(seen, -1);

    struct counter_event *missed;
    size_t count;
    assert_int_equal(counters_since(f->reader, f->arena, &counter, numbers[9], 10, &missed, &count), ERR_OK);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(missed[i].counter.seq, numbers[10 + i]);
        assert_int_equal(missed[i].previous, i == 0 ? missed[0].previous : missed[i - 1].counter.value);
        assert_int_equal(missed[i].counter.id, counter.id);
        assert_string_equal(missed[i].counter.name, "steps");
    }
    assert_int_equal(counters_since(f->reader, f->arena, &counter, numbers[24], 10, &missed, &count), ERR_OK);
    assert_int_equal(count, 0);
}

/* The list of events that polls and sockets page through is about posts and notices alone, and so is the log. */
static void a_busy_counter_hides_no_post(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    for (int i = 0; i < 20; i++)
        (void)must(tx, team, COUNTER_INCREMENT, 1);
    int64_t post = fixture_post(tx, team, team, "seen");
    (void)must(tx, team, COUNTER_INCREMENT, 1);
    fixture_commit(f);
    struct change events[10];
    size_t count;
    int64_t newest;
    assert_int_equal(events_since(f->reader, team, 0, events, 10, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].subject_id, post);
    assert_int_equal(events_since_all(f->reader, 0, events, 10, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(events_newest_of(f->reader, team, &newest), ERR_OK);
    assert_int_equal(newest, 22);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM events"), 1);
}

/* The counter as it would be after many more changes, each of which has a row. */
static void bulk(struct tx *tx, int64_t counter_id, int64_t operations)
{
    assert_int_equal(
        db_run(tx->db,
               "INSERT INTO counter_changes (counter_id, operation, seq, kind, value, previous, user_id, at_ms)"
               " WITH RECURSIVE n (i) AS (SELECT operations + 1 FROM counters WHERE id = $1 UNION ALL"
               " SELECT i + 1 FROM n WHERE i < $2) SELECT $1, i, 1000 + i, 'setValue', i, i - 1, team_id, 1 FROM n"
               " JOIN counters ON id = $1",
               "ii", counter_id, operations),
        ERR_OK);
    assert_int_equal(db_run(tx->db,
                            "UPDATE counters SET operations = $2, value = $2, seq = 1000 + $2, milestone = 10000"
                            " WHERE id = $1",
                            "ii", counter_id, operations),
                     ERR_OK);
}

static void only_the_newest_changes_are_kept(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct counter_event event = must(tx, team, COUNTER_INCREMENT, 1);
    int64_t id = event.counter.id;
    bulk(tx, id, COUNTER_HISTORY_KEPT + 5);
    assert_int_equal(change(tx, team, "water", COUNTER_INCREMENT, 1, &event), ERR_OK);
    int64_t removed = -1;
    bool reach;
    struct counter counter;
    assert_int_equal(counters_by_id(tx->db, tx->arena, id, &counter), ERR_OK);
    assert_int_equal(counters_reach(tx->db, &counter, 0, &reach), ERR_OK);
    assert_true(reach);
    const struct transfer_counter bare = {
        .id = id + 2, .team_id = team, .name = "imported", .forgotten = COUNTER_HISTORY_KEPT + 1, .value = 7};
    enum transfer_result result;
    assert_int_equal(transfer_put_counter(tx, &bare, &result), ERR_OK); /* without changes */
    const int64_t steps[] = {3, 2, 0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(counters_prune(tx, 3, &removed), ERR_OK);
        assert_int_equal(removed, steps[i]);
    }
    assert_int_equal(fixture_number(tx->db, "SELECT MIN(operation) FROM counter_changes WHERE counter_id = 1"), 6);
    assert_int_equal(counters_by_id(tx->db, tx->arena, id, &counter), ERR_OK);
    assert_int_equal(counter.value, COUNTER_HISTORY_KEPT + 5);
    assert_int_equal(counter.operations, COUNTER_HISTORY_KEPT + 5);
    assert_int_equal(counter.milestone, 10000);
    assert_int_equal(fixture_number(tx->db, "SELECT forgotten FROM counters WHERE id = 1"), 5);
    assert_int_equal(counters_reach(tx->db, &counter, 1006, &reach), ERR_OK);
    assert_true(reach);
    assert_int_equal(counters_reach(tx->db, &counter, 1005, &reach), ERR_OK);
    assert_false(reach); /* nobody knows any more what was before 1006 */
    assert_int_equal(counters_reach(tx->db, &event.counter, 0, &reach), ERR_OK);
    assert_true(reach);
    struct counter_event *past;
    size_t count;
    assert_int_equal(counters_history(tx->db, tx->arena, &counter, 1008, 10, &past, &count), ERR_OK);
    assert_int_equal(count, 2);
    char damage[200];
    assert_int_equal(transfer_inspect(tx->db, damage, sizeof damage), ERR_OK);
    assert_string_equal(damage, "");
    assert_int_equal(db_run(tx->db, "DELETE FROM counter_changes WHERE operation = 100", ""), ERR_OK);
    assert_int_equal(transfer_inspect(tx->db, damage, sizeof damage), ERR_OK);
    assert_string_not_equal(damage, "");
    db_rollback(f->db);
}

/* ---- milestones -------------------------------------------------------------------------------------------------- */

static void milestones_are_these(void **state)
{
    static const struct {
        int64_t previous;
        int64_t value;
        int64_t milestone;
    } table[] = {
        {0, 9999, 0},
        {0, 10000, 10000},
        {9999, 10000, 10000},
        {10000, 10001, 0},
        {10000, 24999, 0},
        {10000, 25000, 25000},
        {24999, 49999, 25000},
        {49999, 50000, 50000},
        {50000, 99999, 0},
        {99999, 100000, 100000},
        {0, 100000, 100000},
        {0, 260000, 250000},
        {-5, 10000, 10000},
        {20000, 10000, 0},
        {999999, 1000000, 1000000},
        {2499999999, 2500000000, 2500000000},
        {0, COUNTER_VALUE_MAX, INT64_C(5000000000000000)},
        {INT64_C(5000000000000000), COUNTER_VALUE_MAX, 0},
        {-COUNTER_VALUE_MAX, -10000, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(counters_milestone(table[i].previous, table[i].value), table[i].milestone);
}

static int64_t wins(struct tx *tx)
{
    return fixture_number(tx->db, "SELECT COUNT(*) FROM notices WHERE kind = 'win' AND team_id IS NULL");
}

static void assert_newest_win(struct fixture *f, const char *title, const char *body)
{
    struct notice notice;
    int64_t id = fixture_number(f->db, "SELECT MAX(id) FROM notices");
    assert_int_equal(notices_by_id(f->db, f->arena, id, &notice), ERR_OK);
    assert_string_equal(notice.title, title);
    assert_string_equal(notice.body, body);
}

static void a_milestone_is_told_once_for_ever(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    assert_int_equal(teams_rename(tx, team, "Team Blue"), ERR_OK);
    (void)must(tx, team, COUNTER_INCREMENT, 9999);
    assert_int_equal(wins(tx), 0);
    (void)must(tx, team, COUNTER_INCREMENT, 1);
    assert_int_equal(wins(tx), 1);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_NOTICE);
    assert_int_equal(fixture_last(tx)->team_id, 0);
    assert_newest_win(f, "Team Blue just hit 10,000 steps combined!", "");
    assert_int_equal(fixture_number(tx->db, "SELECT author_id FROM notices"), team);

    (void)must(tx, team, COUNTER_DECREMENT, 5); /* and over it again */
    (void)must(tx, team, COUNTER_INCREMENT, 5);
    (void)must(tx, team, COUNTER_RESET, 0);
    (void)must(tx, team, COUNTER_INCREMENT, 10000);
    assert_int_equal(wins(tx), 1);

    (void)must(tx, team, COUNTER_INCREMENT, 90000); /* three at once: the highest */
    assert_int_equal(wins(tx), 2);
    assert_newest_win(f, "Team Blue just hit 100,000 steps combined!", "");
    (void)must(tx, team, COUNTER_SET, 0);
    (void)must(tx, team, COUNTER_INCREMENT, 60000); /* those below count as told */
    assert_int_equal(wins(tx), 2);
    (void)must(tx, team, COUNTER_SET, 600000); /* a coach's pen reaches nothing, and no one after it */
    (void)must(tx, team, COUNTER_INCREMENT, 1);
    assert_int_equal(wins(tx), 2);
    (void)must(tx, team, COUNTER_SET, 400000);
    (void)must(tx, team, COUNTER_INCREMENT, 100000);
    assert_int_equal(wins(tx), 3);
    assert_newest_win(f, "Team Blue just hit 500,000 steps combined!", "");
    fixture_commit(f);
}

static void a_win_is_told_in_words_that_fit(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    char team_name[TEAM_NAME_CHARS_MAX + 1] = {0};
    char name[COUNTER_NAME_CHARS_MAX + 1] = {0};
    char title[200];
    struct counter_event event;
    assert_int_equal(change(tx, team, "glasses-of_water", COUNTER_INCREMENT, 10000, &event), ERR_OK);
    assert_newest_win(f, "sarah just hit 10,000 glasses of water combined!", "");
    memset(team_name, 'T', TEAM_NAME_CHARS_MAX);
    memset(name, 'n', COUNTER_NAME_CHARS_MAX);
    assert_int_equal(teams_rename(tx, team, team_name), ERR_OK);
    assert_int_equal(change(tx, team, name, COUNTER_INCREMENT, COUNTER_VALUE_MAX, &event), ERR_OK);
    (void)snprintf(title, sizeof title, "%s just hit 5,000,000,000,000,000 combined!", team_name);
    assert_true(strlen(title) <= NOTICE_TITLE_CHARS_MAX);
    assert_newest_win(f, title, name);
    fixture_commit(f);
}

static void a_counter_that_is_not_its_changes_is_damage(void **state)
{
    static const char *const damages[] = {
        "UPDATE counters SET value = value + 1",
        "UPDATE counters SET operations = operations + 1",
        "DELETE FROM counter_changes WHERE operation = 1",
        "DELETE FROM counter_changes",
        "UPDATE counters SET seq = 0",
    };
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    char found[200];
    for (int i = 0; i < 3; i++)
        (void)must(tx, team, COUNTER_INCREMENT, 5);
    fixture_commit(f);
    assert_int_equal(transfer_inspect(f->db, found, sizeof found), ERR_OK);
    assert_string_equal(found, "");
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        (void)fixture_begin(f);
        assert_int_equal(db_script(f->db, damages[i]), ERR_OK);
        assert_int_equal(transfer_inspect(f->db, found, sizeof found), ERR_OK);
        assert_string_equal(found, "counter 1 is not what its changes say");
        db_rollback(f->db);
    }
}

static void as_json(void **state)
{
    (void)state;
    struct counter_event event = {
        .counter = {.id = 3,
                    .team_id = 2,
                    .name = "steps",
                    .value = -COUNTER_VALUE_MAX,
                    .operations = 12,
                    .seq = 9,
                    .created_ms = T0,
                    .updated_ms = T0 + 1},
        .kind = COUNTER_SET,
        .previous = COUNTER_VALUE_MAX,
    };
    struct buf out;
    buf_init(&out, 2000);
    struct json_writer w = {.out = &out};
    counters_render_event(&w, &event, "c");
    buf_append(&out, "", 1);
    assert_false(out.failed);
    assert_string_equal(
        out.data,
        "{\"type\":\"setValue\",\"value\":-9007199254740991,\"previousValue\":9007199254740991,"
        "\"metadata\":{\"id\":\"3\",\"name\":\"steps\",\"teamId\":\"2\",\"value\":-9007199254740991,"
        "\"createdAt\":\"2023-11-14T22:13:20.000Z\",\"updatedAt\":\"2023-11-14T22:13:20.001Z\",\"operationCount\":12},"
        "\"timestamp\":\"2023-11-14T22:13:20.001Z\",\"cursor\":\"c\"}");
    buf_clear(&out);
    enum counter_kind kind;
    assert_true(counters_kind_parse(counters_kind_name(COUNTER_RESET), &kind));
    assert_int_equal(kind, COUNTER_RESET);
    assert_false(counters_kind_parse("Reset", &kind));
    assert_false(counters_kind_parse(NULL, &kind));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names),
        TEST(the_first_change_makes_the_counter),
        TEST(what_is_refused_changes_nothing),
        TEST(what_a_member_may),
        TEST(a_team_has_so_many_counters_and_no_more),
        TEST(history_has_each_change_once),
        TEST(only_the_newest_changes_are_kept),
        TEST(a_busy_counter_hides_no_post),
        TEST(milestones_are_these),
        TEST(a_milestone_is_told_once_for_ever),
        TEST(a_win_is_told_in_words_that_fit),
        TEST(a_counter_that_is_not_its_changes_is_damage),
        TEST(as_json),
    };
    return cmocka_run_group_tests_name("db/counters", tests, NULL, NULL);
}
