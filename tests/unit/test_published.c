/*
 * realtime_published (realtime/realtime.h): what rooms hear of what was committed. No loop runs; what is posted to one
 * is taken out of its mailbox here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/heads.h"
#include "db_fixture.h"
#include "realtime/reactor.h"
#include "realtime/room.h"

static struct note *take(struct realtime *rt)
{
    return (struct note *)(void *)mailbox_take(rt->reactors[0].mailbox);
}

/* Two likes of one commit: the head knows both when the first is published. */
static void a_like_count_goes_with_its_version(void **state)
{
    struct fixture *f = *state;
    struct presence *presence = presence_create();
    struct heads *heads;
    struct team_head *head;
    struct realtime *rt;
    int64_t users[2];
    uint64_t version;
    int64_t count;

    (void)fixture_begin(f);
    int64_t team = fixture_team(&f->tx, "walkers");
    users[0] = fixture_user(&f->tx, "ruth", ROLE_MEMBER);
    users[1] = fixture_user(&f->tx, "paul", ROLE_MEMBER);
    int64_t post = fixture_post(&f->tx, team, users[0], "hello");
    fixture_commit(f);
    assert_int_equal(heads_create(f->reader, 1, &heads), ERR_OK);
    assert_int_equal(heads_team(heads, f->reader, team, &head), ERR_OK);
    const struct realtime_options options = {
        .heads = heads, .presence = presence, .clock = &f->clock, .loops = 1, .room_limit = 10, .address_limit = 10};
    assert_int_equal(realtime_create(&options, &rt), ERR_OK);
    atomic_store(&rt->open, true);
    struct room *room = room_get_team(rt, team);
    assert_non_null(room);

    (void)fixture_begin(f);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(posts_like(&f->tx, post, users[i], true, 0, &count), ERR_OK);
    fixture_commit(f);
    heads_publish(heads, f->tx.changes, f->tx.changes_count);
    assert_int_equal(f->tx.changes[0].value, 1);
    realtime_published(rt, f->tx.changes, 1, f->reader);

    struct note *note = take(rt);
    assert_non_null(note);
    assert_int_equal(note->kind, NOTE_EVENT);
    assert_true(team_head_like(head, post, &version, &count));
    assert_int_equal(count, 2);
    assert_int_equal(note->as.event.likes, version);
    assert_int_equal(note->as.event.change.value, count);

    note_free(note);
    room_unref(room);
    realtime_free(rt);
    heads_free(heads);
    presence_free(presence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_like_count_goes_with_its_version, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
