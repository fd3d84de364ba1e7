/* db/events.h and db/notices.h: one sequence, what a cursor still reaches, what is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/counters.h"
#include "db/events.h"
#include "db/messages.h"
#include "db/notices.h"
#include "db_fixture.h"

#define DAY_MS INT64_C(86400000)

static void assert_bounds(struct db *db, int64_t newest, int64_t oldest)
{
    int64_t got_newest = -1;
    int64_t got_oldest = -1;
    assert_int_equal(events_bounds(db, &got_newest, &got_oldest), ERR_OK);
    assert_int_equal(got_newest, newest);
    assert_int_equal(got_oldest, oldest);
}

static void an_empty_log_starts_at_one(void **state)
{
    struct fixture *f = *state;
    assert_bounds(f->reader, 0, 1);
    int64_t seq = -1;
    assert_int_equal(events_newest_of(f->reader, 1, &seq), ERR_OK);
    assert_int_equal(seq, 0);
}

static void numbers_have_no_gap_even_after_a_failure(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t seq;
    assert_int_equal(tx_event(tx, CHANGE_POST_EDITED, 1, 1, &seq), ERR_OK);
    assert_int_equal(seq, 1);
    assert_int_equal(db_mark(f->db), ERR_OK);
    assert_int_equal(tx_event(tx, CHANGE_POST_EDITED, 1, 1, &seq), ERR_OK);
    assert_int_equal(seq, 2);
    db_back_to_mark(f->db);
    assert_int_equal(tx_event(tx, CHANGE_POST_EDITED, 1, 1, &seq), ERR_OK);
    assert_int_equal(seq, 2);
    fixture_commit(f);
    assert_bounds(f->reader, 2, 1);
}

/* Event n is of team n % 3, where 0 is everybody. */
static void make_events(struct fixture *f, int count, int64_t at_ms, int64_t step_ms)
{
    struct tx *tx = fixture_begin(f);
    for (int i = 1; i <= count; i++) {
        tx->now_ms = at_ms + (i - 1) * step_ms;
        assert_int_equal(tx_event(tx, CHANGE_POST_EDITED, i % 3, 1000 + i, NULL), ERR_OK);
    }
    tx->now_ms = T0;
    fixture_commit(f);
}

static void a_team_sees_its_own_and_everybodys(void **state)
{
    struct fixture *f = *state;
    make_events(f, 30, T0, 1);
    struct change changes[30];
    size_t count;
    assert_int_equal(events_since(f->reader, 1, 0, changes, 30, &count), ERR_OK);
    assert_int_equal(count, 20);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || changes[i].seq > changes[i - 1].seq);
        assert_int_equal(changes[i].team_id, changes[i].seq % 3);
        assert_int_not_equal(changes[i].team_id, 2);
        assert_int_equal(changes[i].subject_id, 1000 + changes[i].seq);
        assert_int_equal(changes[i].at_ms, T0 + changes[i].seq - 1);
        assert_int_equal(changes[i].kind, CHANGE_POST_EDITED);
    }
    assert_int_equal(events_since(f->reader, 1, 10, changes, 4, &count), ERR_OK);
    assert_int_equal(count, 4);
    const int64_t expected[] = {12, 13, 15, 16};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(changes[i].seq, expected[i]);
    assert_int_equal(events_since(f->reader, 1, 30, changes, 4, &count), ERR_OK);
    assert_int_equal(count, 0);

    int64_t seq;
    assert_int_equal(events_newest_of(f->reader, 1, &seq), ERR_OK);
    assert_int_equal(seq, 30);
    assert_int_equal(events_newest_of(f->reader, 77, &seq), ERR_OK);
    assert_int_equal(seq, 30); /* to everybody */
    make_events(f, 2, T0, 1);
    assert_int_equal(events_newest_of(f->reader, 1, &seq), ERR_OK);
    assert_int_equal(seq, 31);
}

/* They have no row in the log, and yet a cursor counts them. */
static void counters_and_channels_have_numbers_alone(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t other = fixture_team(tx, "dave");
    const struct counter_order order = {
        .team_id = team, .name = "steps", .kind = COUNTER_INCREMENT, .number = 1, .user_id = team, .leads = true};
    struct counter_event counted;
    struct channel channel;
    int64_t id;
    int64_t seq;
    bool again;
    assert_int_equal(counters_change(tx, &order, &counted), ERR_OK);
    assert_int_equal(events_newest_of(tx->db, team, &seq), ERR_OK);
    assert_int_equal(seq, counted.counter.seq);
    assert_int_equal(channels_by_id(tx->db, tx->arena, 1, team, &channel), ERR_OK);
    const struct chat_message_new message = {.channel = &channel, .author_id = team, .content = "hello"};
    assert_int_equal(messages_create(tx, &message, &id, &again), ERR_OK);
    assert_int_equal(messages_edit(tx, &channel, id, "hello you"), ERR_OK);
    assert_int_equal(messages_delete(tx, &channel, id), ERR_OK);
    assert_int_equal(events_newest_of(tx->db, team, &seq), ERR_OK);
    assert_int_equal(seq, fixture_last(tx)->seq);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_MESSAGE_DELETED);
    const struct channel_new news = {.team_id = team, .name = "News"};
    assert_int_equal(channels_create(tx, &news, &id), ERR_OK);
    assert_int_equal(events_newest_of(tx->db, team, &seq), ERR_OK);
    assert_int_equal(seq, 5);
    assert_int_equal(fixture_last(tx)->seq, 5);
    assert_int_equal(events_newest_of(tx->db, other, &seq), ERR_OK);
    assert_int_equal(seq, 0);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM events"), 0);
    fixture_commit(f);
    assert_bounds(f->reader, 5, 1);
}

static void old_events_are_forgotten_from_the_front(void **state)
{
    struct fixture *f = *state;
    make_events(f, 10, T0, DAY_MS);
    struct tx *tx = fixture_begin(f);
    tx->now_ms = T0 + 36 * DAY_MS - 1; /* the first six are older than 30 days */
    int64_t removed = -1;
    assert_int_equal(events_prune(tx, 4, &removed), ERR_OK);
    assert_int_equal(removed, 4);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_PRUNED);
    assert_int_equal(fixture_last(tx)->value, 5);
    assert_int_equal(events_prune(tx, 4, &removed), ERR_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(fixture_last(tx)->value, 7);
    size_t noted = tx->changes_count;
    assert_int_equal(events_prune(tx, 4, &removed), ERR_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(tx->changes_count, noted);
    assert_bounds(tx->db, 10, 7);

    tx->now_ms = T0 + 400 * DAY_MS;
    assert_int_equal(events_prune(tx, 100, NULL), ERR_OK);
    assert_int_equal(fixture_last(tx)->value, 11);
    assert_bounds(tx->db, 10, 11); /* nothing is kept, and no number comes back */
    int64_t seq;
    assert_int_equal(tx_event(tx, CHANGE_POST_EDITED, 1, 1, &seq), ERR_OK);
    assert_int_equal(seq, 11);
    assert_bounds(tx->db, 11, 11);
    fixture_commit(f);
}

/* A clock that was wrong for a while must not open a hole in what a cursor counts. */
static void no_event_is_forgotten_from_the_middle(void **state)
{
    struct fixture *f = *state;
    make_events(f, 1, T0 + 100 * DAY_MS, 0);
    make_events(f, 3, T0, 0);
    struct tx *tx = fixture_begin(f);
    tx->now_ms = T0 + 40 * DAY_MS;
    int64_t removed = -1;
    assert_int_equal(events_prune(tx, 100, &removed), ERR_OK);
    assert_int_equal(removed, 0);
    fixture_commit(f);
    assert_bounds(f->reader, 4, 1);
}

/* Rows count, not numbers: those of counters and channels take no room. */
static void too_many_events_are_forgotten(void **state)
{
    struct fixture *f = *state;
    make_events(f, 5, T0, 0);
    struct tx *tx = fixture_begin(f);
    assert_int_equal(db_run(tx->db, "UPDATE sequence SET value = $1 WHERE name = 'event'", "i",
                            (int64_t)EVENTS_KEPT_MAX * 2), ERR_OK);
    int64_t removed;
    assert_int_equal(events_prune(tx, 100, &removed), ERR_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(db_run(tx->db,
                            "INSERT INTO events (seq, team_id, kind, subject_id, at_ms)"
                            " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
                            " SELECT 5 + i, 1, 2, 1, $2 FROM n",
                            "ii", (int64_t)EVENTS_KEPT_MAX - 2, T0), ERR_OK);
    assert_int_equal(events_prune(tx, 2, &removed), ERR_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(events_prune(tx, 100, &removed), ERR_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(fixture_last(tx)->value, 4);
    assert_int_equal(events_prune(tx, 100, &removed), ERR_OK);
    assert_int_equal(removed, 0);
    fixture_commit(f);
    assert_bounds(f->reader, (int64_t)EVENTS_KEPT_MAX * 2, 4);
}

/* ---- notices ----------------------------------------------------------------------------------------------------- */

static int64_t notice(struct tx *tx, enum notice_kind kind, int64_t team_id, int64_t author_id, const char *title)
{
    int64_t id;
    struct notice n = {.kind = kind, .team_id = team_id, .author_id = author_id, .title = title, .body = "b"};
    assert_int_equal(notices_create(tx, &n, &id), ERR_OK);
    return id;
}

static void notices_page_by_number(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    int64_t dave = fixture_team(tx, "dave");
    int64_t ids[6];
    ids[0] = notice(tx, NOTICE_ANNOUNCEMENT, sarah, sarah, "0");
    ids[1] = notice(tx, NOTICE_WIN, 0, dave, "1");
    (void)notice(tx, NOTICE_ANNOUNCEMENT, dave, dave, "of the other team");
    ids[2] = notice(tx, NOTICE_PIN, sarah, sarah, "2");
    ids[3] = notice(tx, NOTICE_WIN, 0, dave, "3");
    const struct change *change = fixture_last(tx);
    assert_int_equal(change->kind, CHANGE_NOTICE);
    assert_int_equal(change->team_id, 0);
    assert_int_equal(change->subject_id, ids[3]);
    int64_t since = change->seq;
    ids[4] = notice(tx, NOTICE_ANNOUNCEMENT, sarah, sarah, "4");
    ids[5] = notice(tx, NOTICE_WIN, 0, dave, "5");
    fixture_commit(f);

    struct notice *notices;
    size_t count;
    assert_int_equal(notices_page(f->reader, f->arena, sarah, 0, 0, 4, &notices, &count), ERR_OK);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(notices[i].id, ids[5 - i]);
    assert_int_equal(notices_page(f->reader, f->arena, sarah, 0, notices[3].id, 4, &notices, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(notices[0].id, ids[1]);
    assert_int_equal(notices[0].kind, NOTICE_WIN);
    assert_int_equal(notices[0].team_id, 0);
    assert_int_equal(notices[1].id, ids[0]);
    assert_int_equal(notices_page(f->reader, f->arena, sarah, since, 0, 4, &notices, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(notices[1].id, ids[4]);
    assert_true(notices[1].seq > since);
    assert_int_equal(notices_page(f->reader, f->arena, sarah, since, ids[5], 4, &notices, &count), ERR_OK);
    assert_int_equal(count, 1);
}

static void a_notice_comes_back_as_created(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    struct notice new = {.id = 9,
                         .kind = NOTICE_PIN,
                         .team_id = sarah,
                         .author_id = sarah,
                         .title = "t",
                         .body = "b",
                         .link = "/#/posts/1",
                         .created_ms = 5};
    int64_t id;
    assert_int_equal(notices_create(tx, &new, &id), ERR_OK);
    int64_t seq = fixture_last(tx)->seq;
    fixture_commit(f);
    struct notice got;
    assert_int_equal(notices_by_id(f->reader, f->arena, 9, &got), ERR_OK);
    assert_int_equal(got.kind, NOTICE_PIN);
    assert_int_equal(got.team_id, sarah);
    assert_int_equal(got.author_id, sarah);
    assert_string_equal(got.title, "t");
    assert_string_equal(got.body, "b");
    assert_string_equal(got.link, "/#/posts/1");
    assert_int_equal(got.created_ms, 5);
    assert_int_equal(got.seq, seq);
    assert_int_equal(notices_by_id(f->reader, f->arena, 10, &got), ERR_NOT_FOUND);
    tx = fixture_begin(f);
    assert_int_equal(notice(tx, NOTICE_WIN, 0, sarah, "next"), 10);
    assert_int_equal(notices_by_id(tx->db, f->arena, 10, &got), ERR_OK);
    assert_null(got.link);
    assert_int_equal(got.created_ms, T0);
    assert_int_equal(notices_create(tx, &new, &id), ERR_CONFLICT);
    db_rollback(f->db);
    enum notice_kind kind;
    assert_true(notice_kind_parse(notice_kind_name(NOTICE_ANNOUNCEMENT), &kind));
    assert_int_equal(kind, NOTICE_ANNOUNCEMENT);
    assert_false(notice_kind_parse("nonsense", &kind));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_log_starts_at_one),
        TEST(numbers_have_no_gap_even_after_a_failure),
        TEST(a_team_sees_its_own_and_everybodys),
        TEST(counters_and_channels_have_numbers_alone),
        TEST(old_events_are_forgotten_from_the_front),
        TEST(no_event_is_forgotten_from_the_middle),
        TEST(too_many_events_are_forgotten),
        TEST(notices_page_by_number),
        TEST(a_notice_comes_back_as_created),
    };
    return cmocka_run_group_tests_name("db/events, db/notices", tests, NULL, NULL);
}
