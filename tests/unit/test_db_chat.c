/* Channels, messages and receipts: what is written, what is told, in which order it is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/messages.h"
#include "db_fixture.h"

static struct channel first_channel(struct fixture *f, struct db *db, int64_t team)
{
    struct channel *channels;
    size_t count;
    assert_int_equal(channels_of(db, f->arena, team, team, -1, &channels, &count), ERR_OK);
    assert_true(count > 0);
    return channels[0];
}

static int64_t say(struct tx *tx, const struct channel *channel, int64_t author, const char *content)
{
    const struct chat_message_new message = {.channel = channel, .author_id = author, .content = content};
    int64_t id;
    bool again;
    assert_int_equal(messages_create(tx, &message, &id, &again), ERR_OK);
    assert_false(again);
    return id;
}

static void a_team_begins_with_a_channel_and_without_an_event(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    for (size_t i = 0; i < tx->changes_count; i++)
        assert_int_not_equal(tx->changes[i].kind, CHANGE_CHANNEL);
    fixture_commit(f);
    struct channel channel = first_channel(f, f->reader, team);
    assert_string_equal(channel.name, "Team chat");
    assert_int_equal(channel.posting, POSTING_EVERYONE);
    assert_int_equal(channel.seq, 0);
    assert_int_equal(channel.last_message_id, 0);
    assert_int_equal(channel.unread, 0);
}

static void a_team_without_a_channel_gets_one(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t with = fixture_team(tx, "sarah");
    int64_t without = fixture_user(tx, "dave", ROLE_COACH);
    assert_int_equal(teams_create_bare(tx, without, "Strong", 0), ERR_OK);
    assert_int_equal(channels_complete(tx), ERR_OK);
    assert_int_equal(channels_complete(tx), ERR_OK);
    fixture_commit(f);
    assert_int_equal(first_channel(f, f->reader, without).team_id, without);
    assert_int_equal(first_channel(f, f->reader, with).team_id, with);
    assert_int_equal(fixture_number(f->reader, "SELECT COUNT(*) FROM channels"), 2);
}

static void a_channel_is_an_event_and_there_are_only_so_many(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct channel_new channel = {.team_id = team, .name = "News", .posting = POSTING_COACHES};
    int64_t id;
    assert_int_equal(channels_create(tx, &channel, &id), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_CHANNEL);
    assert_int_equal(fixture_last(tx)->subject_id, id);
    assert_int_equal(fixture_last(tx)->team_id, team);
    struct channel made;
    assert_int_equal(channels_by_id(tx->db, tx->arena, id, team, &made), ERR_OK);
    assert_int_equal(made.seq, fixture_last(tx)->seq);
    assert_true(channels_may_post(&made, team, ROLE_COACH));
    assert_true(channels_may_post(&made, team + 1, ROLE_ADMIN));
    assert_false(channels_may_post(&made, team + 1, ROLE_COACH)); /* another team's */
    assert_false(channels_may_post(&made, team + 1, ROLE_MEMBER));
    for (int i = 2; i < CHANNELS_PER_TEAM_MAX; i++)
        assert_int_equal(channels_create(tx, &channel, &id), ERR_OK);
    assert_int_equal(channels_create(tx, &channel, &id), ERR_CONFLICT);
    struct channel_new nobodys = {.team_id = 999, .name = "News"};
    assert_int_equal(channels_create(tx, &nobodys, &id), ERR_CONFLICT);
    fixture_commit(f);
}

static void a_client_id_makes_a_resend_harmless(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t mary = fixture_user(tx, "mary", ROLE_MEMBER);
    struct channel channel = first_channel(f, tx->db, team);
    struct chat_message_new message = {.channel = &channel, .author_id = mary, .content = "Hi", .client_id = "c1"};
    int64_t id;
    int64_t second;
    bool again;
    assert_int_equal(messages_create(tx, &message, &id, &again), ERR_OK);
    assert_false(again);
    size_t told = tx->changes_count;
    assert_int_equal(messages_create(tx, &message, &second, &again), ERR_OK);
    assert_true(again);
    assert_int_equal(second, id);
    assert_int_equal(tx->changes_count, told);
    message.content = "Hello";
    assert_int_equal(messages_create(tx, &message, &second, &again), ERR_KEY_REUSED);
    message.author_id = team; /* another member's names are their own */
    assert_int_equal(messages_create(tx, &message, &second, &again), ERR_OK);
    assert_int_not_equal(second, id);
    /* What was edited since cannot be compared: a late resend finds it. */
    assert_int_equal(messages_edit(tx, &channel, id, "Hi!"), ERR_OK);
    message = (struct chat_message_new){.channel = &channel, .author_id = mary, .content = "Hi", .client_id = "c1"};
    assert_int_equal(messages_create(tx, &message, &second, &again), ERR_OK);
    assert_int_equal(second, id);
    message.thread_id = id;
    assert_int_equal(messages_create(tx, &message, &second, &again), ERR_KEY_REUSED);
    fixture_commit(f);
}

static void a_thread_has_one_level_and_one_channel(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct channel channel = first_channel(f, tx->db, team);
    struct channel_new other_new = {.team_id = team, .name = "Other"};
    struct channel other = {.team_id = team};
    assert_int_equal(channels_create(tx, &other_new, &other.id), ERR_OK);
    int64_t first = say(tx, &channel, team, "First");
    (void)say(tx, &channel, team, "Beside it");
    struct chat_message_new answer = {.channel = &channel, .author_id = team, .content = "Yes", .thread_id = first};
    int64_t id;
    bool again;
    assert_int_equal(messages_create(tx, &answer, &id, &again), ERR_OK);
    answer.thread_id = id;
    int64_t unused;
    assert_int_equal(messages_create(tx, &answer, &unused, &again), ERR_INVALID);
    answer.thread_id = 999;
    assert_int_equal(messages_create(tx, &answer, &unused, &again), ERR_NOT_FOUND);
    answer.thread_id = first;
    answer.channel = &other;
    assert_int_equal(messages_create(tx, &answer, &unused, &again), ERR_NOT_FOUND);
    assert_int_equal(messages_edit(tx, &other, first, "x"), ERR_NOT_FOUND);
    assert_int_equal(messages_delete(tx, &other, first), ERR_NOT_FOUND);
    struct messages_query query = {.channel_id = channel.id, .thread_id = first, .limit = 10};
    struct chat_message *page;
    size_t count;
    assert_int_equal(messages_page(tx->db, f->arena, &query, &page, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(page[0].id, id);
    assert_int_equal(page[1].id, first);
    query.before_id = id;
    assert_int_equal(messages_page(tx->db, f->arena, &query, &page, &count), ERR_OK);
    assert_int_equal(count, 1);
    query.before_id = first;
    assert_int_equal(messages_page(tx->db, f->arena, &query, &page, &count), ERR_OK);
    assert_int_equal(count, 0);
    fixture_commit(f);
}

static void expect_since(struct fixture *f, int64_t channel, int64_t since, int64_t until, size_t limit,
                         const int64_t *ids, size_t ids_count)
{
    struct chat_message *messages;
    size_t count;
    assert_int_equal(messages_since(f->reader, f->arena, channel, since, until, limit, &messages, &count), ERR_OK);
    assert_int_equal(count, ids_count);
    int64_t place = since;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(messages[i].id, ids[i]);
        assert_true(messages_place(&messages[i], since) > place);
        place = messages_place(&messages[i], since);
        assert_true(place <= until);
    }
}

static void what_came_since_is_in_order_and_each_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    struct channel channel = first_channel(f, tx->db, team);
    int64_t a = say(tx, &channel, team, "a"); /* 1 */
    int64_t b = say(tx, &channel, team, "b"); /* 2 */
    int64_t c = say(tx, &channel, team, "c"); /* 3 */
    assert_int_equal(messages_edit(tx, &channel, a, "a!"), ERR_OK); /* 4 */
    int64_t d = say(tx, &channel, team, "d");                       /* 5 */
    assert_int_equal(messages_delete(tx, &channel, b), ERR_OK);     /* 6 */
    assert_int_equal(messages_delete(tx, &channel, b), ERR_OK);     /* no event */
    assert_int_equal(messages_edit(tx, &channel, b, "b?"), ERR_NOT_FOUND);
    assert_int_equal(messages_edit(tx, &channel, d, "d!"), ERR_OK); /* 7 */
    assert_int_equal(fixture_last(tx)->seq, 7);
    fixture_commit(f);
    assert_int_equal(first_channel(f, f->reader, team).seq, 7);
    expect_since(f, channel.id, 0, 99, 9, (int64_t[]){a, b, c, d}, 4);
    expect_since(f, channel.id, 1, 99, 9, (int64_t[]){b, c, a, d}, 4);
    expect_since(f, channel.id, 3, 99, 9, (int64_t[]){a, d, b}, 3);
    expect_since(f, channel.id, 3, 99, 2, (int64_t[]){a, d}, 2);
    expect_since(f, channel.id, 5, 99, 9, (int64_t[]){b, d}, 2);
    expect_since(f, channel.id, 3, 5, 9, (int64_t[]){a, d}, 2);
    expect_since(f, channel.id, 7, 99, 9, NULL, 0);
}

static void receipts_only_move_forward(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t mary = fixture_user(tx, "mary", ROLE_MEMBER);
    struct channel channel = first_channel(f, tx->db, team);
    struct receipt now;
    struct receipt at = {.user_id = mary, .delivered_id = 5};
    assert_int_equal(channels_receive(tx, &channel, &at, &now), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_RECEIPT);
    assert_int_equal(fixture_last(tx)->value, mary);
    assert_int_equal(now.delivered_id, 5);
    assert_int_equal(now.read_id, 0);
    size_t told = tx->changes_count;
    at = (struct receipt){.user_id = mary, .delivered_id = 3, .read_id = 3};
    assert_int_equal(channels_receive(tx, &channel, &at, &now), ERR_OK);
    assert_int_equal(now.delivered_id, 5);
    assert_int_equal(now.read_id, 3);
    assert_int_equal(tx->changes_count, ++told);
    assert_int_equal(channels_receive(tx, &channel, &at, &now), ERR_OK);
    assert_int_equal(tx->changes_count, told);
    at = (struct receipt){.user_id = mary, .read_id = 9};
    assert_int_equal(channels_receive(tx, &channel, &at, &now), ERR_OK);
    assert_int_equal(now.delivered_id, 9);
    struct receipt *receipts;
    size_t count;
    assert_int_equal(channels_receipts(tx->db, f->arena, &channel, 0, 10, &receipts, &count), ERR_OK);
    assert_int_equal(count, 0); /* she is not in the team */
    assert_int_equal(users_join(tx, mary, team, 0), ERR_OK);
    assert_int_equal(channels_receipts(tx->db, f->arena, &channel, 0, 10, &receipts, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(receipts[0].read_id, 9);
    assert_int_equal(channels_receipts(tx->db, f->arena, &channel, mary, 10, &receipts, &count), ERR_OK);
    assert_int_equal(count, 0);
    fixture_commit(f);
}

static void unread_counts_what_others_said_since_one_came(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t mary = fixture_user(tx, "mary", ROLE_MEMBER);
    struct channel channel = first_channel(f, tx->db, team);
    (void)say(tx, &channel, team, "long ago");
    tx->now_ms += 1000;
    assert_int_equal(users_join(tx, mary, team, 0), ERR_OK);
    int64_t one = say(tx, &channel, team, "one");
    int64_t two = say(tx, &channel, team, "two");
    (void)say(tx, &channel, mary, "mine");
    struct channel seen;
    assert_int_equal(channels_by_id(tx->db, f->arena, channel.id, mary, &seen), ERR_OK);
    assert_int_equal(seen.unread, 2);
    struct receipt at = {.user_id = mary, .read_id = one};
    assert_int_equal(channels_receive(tx, &channel, &at, &at), ERR_OK);
    assert_int_equal(channels_by_id(tx->db, f->arena, channel.id, mary, &seen), ERR_OK);
    assert_int_equal(seen.unread, 1);
    assert_int_equal(messages_delete(tx, &channel, two), ERR_OK);
    assert_int_equal(channels_by_id(tx->db, f->arena, channel.id, mary, &seen), ERR_OK);
    assert_int_equal(seen.unread, 0);
    for (int i = 0; i < UNREAD_COUNTED_MAX + 5; i++) {
        (void)say(tx, &channel, team, "more");
        arena_reset(tx->arena);
    }
    assert_int_equal(channels_by_id(tx->db, f->arena, channel.id, mary, &seen), ERR_OK);
    assert_int_equal(seen.unread, UNREAD_COUNTED_MAX);
    tx->now_ms -= 1000;
    fixture_commit(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_team_begins_with_a_channel_and_without_an_event),
        TEST(a_team_without_a_channel_gets_one),
        TEST(a_channel_is_an_event_and_there_are_only_so_many),
        TEST(a_client_id_makes_a_resend_harmless),
        TEST(a_thread_has_one_level_and_one_channel),
        TEST(what_came_since_is_in_order_and_each_once),
        TEST(receipts_only_move_forward),
        TEST(unread_counts_what_others_said_since_one_came),
    };
    return cmocka_run_group_tests_name("db chat", tests, NULL, NULL);
}
