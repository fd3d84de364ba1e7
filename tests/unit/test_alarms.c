/*
 * db/alarms.h: alarms that succeed, fail, are given up and revived; rooms with sockets, and while nobody takes them.
 * Time is the clock that the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/alarms.h"
#include "db_fixture.h"

struct scene {
    struct fixture *f;
    struct clock clock;
    struct writer *writer;
    struct alarms *alarms;
    bool takes;
    bool turns_on;
    int rings;          /* of the kind's method, also those that fail */
    int fail;           /* so many are still to fail */
    enum err fail_with; /* with this */
    int64_t set_again_in_ms;
    bool follow;
    int rung;   /* told to be durable */
    int undone; /* or not */
    int handed_over;
    char last[40]; /* room */
};

static int64_t now_of(struct scene *s)
{
    return clock_wall_ms(&s->clock);
}

static enum err ring(void *arg, struct tx *tx, struct alarm *alarm)
{
    struct scene *s = arg;
    struct room_value value = {.key = "rang", .bytes = "yes", .len = 3};
    s->rings++;
    enum err err = room_store_put(tx, alarm->room, &value); /* undone when it fails */
    if (err == ERR_OK && s->set_again_in_ms != 0)
        err = room_store_set_alarm(tx, alarm->room, tx->now_ms + s->set_again_in_ms);
    alarm->follow = s->follow;
    if (s->fail > 0) {
        s->fail--;
        return s->fail_with;
    }
    return err;
}

static void rung(void *arg, const struct alarm *alarm, bool durable)
{
    struct scene *s = arg;
    s->undone += !durable;
    s->rung += durable;
    (void)snprintf(s->last, sizeof s->last, "%s", alarm->room);
}

static bool takes(void *arg)
{
    struct scene *s = arg;
    bool answer = s->takes;
    if (s->turns_on) { /* right after the look at it */
        s->turns_on = false;
        s->takes = true;
        alarms_look(s->alarms);
    }
    return answer;
}

static void hand_over(void *arg, const char *room, int64_t due_ms)
{
    struct scene *s = arg;
    assert_true(due_ms <= now_of(s));
    s->handed_over++;
    (void)snprintf(s->last, sizeof s->last, "%s", room);
}

static void published(void *arg, const struct change *changes, size_t count)
{
    struct scene *s = arg;
    alarms_published(s->alarms, changes, count);
}

static const struct alarm_kind kinds[] = {{.prefix = "job/", .ring = ring, .rung = rung}, {.prefix = NULL}};

static void start(struct scene *s)
{
    struct writer_options w = {.db = s->f->db, .clock = &s->clock, .published = published, .published_arg = s};
    assert_int_equal(writer_start(&w, &s->writer), ERR_OK);
    struct alarms_options o = {
        .rooms = s->writer, .clock = &s->clock, .kinds = kinds, .arg = s, .takes = takes, .hand_over = hand_over};
    assert_int_equal(alarms_create(&o, &s->alarms), ERR_OK);
}

static void stop(struct scene *s)
{
    writer_stop(s->writer);
    alarms_free(s->alarms);
}

static int setup(void **state)
{
    void *f;
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_int_equal(fixture_setup_rooms(&f), 0);
    s->f = f;
    s->fail_with = ERR_INTERNAL;
    start(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    void *f = s->f;
    stop(s);
    (void)fixture_teardown(&f);
    free(s);
    return 0;
}

struct setting {
    struct job job;
    const char *room;
    int64_t due_ms;
};

static enum err run_setting(struct job *job, struct tx *tx)
{
    struct setting *set = (struct setting *)job;
    return room_store_set_alarm(tx, set->room, set->due_ms);
}

static void set_alarm(struct scene *s, const char *room, int64_t in_ms)
{
    struct setting set = {.job.run = run_setting, .room = room, .due_ms = in_ms == 0 ? 0 : now_of(s) + in_ms};
    assert_int_equal(writer_call(s->writer, &set.job, NULL), ERR_OK);
}

static void pass(struct scene *s, int64_t ms)
{
    clock_advance(&s->clock, ms);
    alarms_ring(s->alarms);
}

static int64_t due_of(struct scene *s, const char *room)
{
    int64_t due_ms;
    assert_int_equal(room_store_alarm(s->f->reader, room, &due_ms), ERR_OK);
    return due_ms;
}

static void an_alarm_rings_once(void **state)
{
    struct scene *s = *state;
    alarms_ring(s->alarms);
    set_alarm(s, "job/1", 60000);
    pass(s, 59000);
    assert_int_equal(s->rings, 0);
    pass(s, 1000);
    assert_int_equal(s->rings, 1);
    assert_int_equal(s->rung, 0); /* it did not ask to be followed */
    assert_int_equal(due_of(s, "job/1"), 0);
    pass(s, 3600000);
    assert_int_equal(s->rings, 1);
    assert_int_equal(alarms_stats(s->alarms)->rung, 1);
}

static void an_alarm_may_set_itself_again(void **state)
{
    struct scene *s = *state;
    s->set_again_in_ms = 5000;
    s->follow = true;
    set_alarm(s, "job/1", 1000);
    for (int i = 1; i <= 3; i++) {
        pass(s, 5000);
        assert_int_equal(s->rings, i);
        assert_int_equal(s->rung, i);
        assert_string_equal(s->last, "job/1");
    }
    pass(s, 4900);
    assert_int_equal(s->rings, 3);
}

/* 2 s, doubled, six times; then it is kept and no longer rings, until the next start. */
static void an_alarm_that_fails_is_tried_six_times(void **state)
{
    struct scene *s = *state;
    s->fail = 100;
    set_alarm(s, "job/1", 1000);
    pass(s, 1000);
    assert_int_equal(s->rings, 1);
    for (int64_t i = 0, wait_ms = 2000; i < 6; i++, wait_ms *= 2) {
        pass(s, wait_ms - 500);
        assert_int_equal(s->rings, 1 + i);
        pass(s, 500);
        assert_int_equal(s->rings, 2 + i);
    }
    assert_int_equal(alarms_stats(s->alarms)->failed, 6);
    assert_int_equal(alarms_stats(s->alarms)->given_up, 1);
    pass(s, 864000000);
    assert_int_equal(s->rings, 7);
    assert_true(due_of(s, "job/1") > 0); /* kept */
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM room_values"), 0);

    stop(s);
    s->fail = 0;
    start(s);
    alarms_ring(s->alarms);
    assert_int_equal(s->rings, 8);
    assert_int_equal(due_of(s, "job/1"), 0);
}

static void a_failure_does_not_hold_up_the_others(void **state)
{
    struct scene *s = *state;
    set_alarm(s, "job/1", 1000);
    set_alarm(s, "job/2", 1001);
    set_alarm(s, "job/3", 1002);
    s->fail = 1;
    s->follow = true;
    pass(s, 2000);
    assert_int_equal(s->rings, 3);
    assert_int_equal(s->rung, 2);
    assert_int_equal(s->undone, 1);
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM room_values"), 2);
    pass(s, 2000);
    assert_int_equal(s->rings, 4);
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM room_values"), 3);
}

/* The whole batch is refused: that is nobody's fault, and no try is lost. */
static void what_storage_refuses_is_no_failure(void **state)
{
    struct scene *s = *state;
    s->fail = 20;
    s->fail_with = ERR_STORAGE;
    set_alarm(s, "job/1", 1000);
    for (int i = 0; i < 20; i++)
        pass(s, 1000);
    assert_int_equal(s->rings, 20);
    assert_int_equal(alarms_stats(s->alarms)->failed, 0);
    pass(s, 1);
    assert_int_equal(alarms_stats(s->alarms)->rung, 1);
}

static void rooms_with_sockets_wait_for_them(void **state)
{
    struct scene *s = *state;
    char name[24];
    for (int i = 0; i < 600; i++) { /* more than a page of them */
        (void)snprintf(name, sizeof name, "team/%03d", i);
        set_alarm(s, name, 1000);
    }
    set_alarm(s, "job/1", 1500);
    set_alarm(s, "likes", 1000); /* the like buffer's is not ours */
    pass(s, 2000);
    assert_int_equal(s->handed_over, 0);
    assert_int_equal(s->rings, 1);
    pass(s, 1);
    s->takes = true;
    alarms_look(s->alarms);
    for (int i = 0; i < 3; i++)
        pass(s, 1);
    assert_int_equal(s->handed_over, 600);
    assert_int_equal(due_of(s, "likes") > 0, 1);
}

static void a_flag_that_turns_on_during_a_round_is_seen(void **state)
{
    struct scene *s = *state;
    set_alarm(s, "team/1", 1000);
    s->turns_on = true;
    pass(s, 1000);
    assert_int_equal(s->handed_over, 0);
    pass(s, 1);
    assert_int_equal(s->handed_over, 1);
}

static void a_room_that_does_not_end_its_alarm_hears_it_again(void **state)
{
    struct scene *s = *state;
    s->takes = true;
    set_alarm(s, "team/1", 1000);
    pass(s, 1000);
    assert_int_equal(s->handed_over, 1);
    for (int64_t i = 0, wait_ms = 2000; i < 6; i++, wait_ms *= 2) {
        pass(s, wait_ms);
        assert_int_equal(s->handed_over, 2 + i);
    }
    pass(s, 128000);
    assert_int_equal(s->handed_over, 7);
    assert_int_equal(alarms_stats(s->alarms)->given_up, 1);
    set_alarm(s, "team/1", 1000);
    pass(s, 1000);
    assert_int_equal(s->handed_over, 8);
    set_alarm(s, "team/1", 0);
    pass(s, 100000);
    assert_int_equal(s->handed_over, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_alarm_rings_once),
        TEST(an_alarm_may_set_itself_again),
        TEST(an_alarm_that_fails_is_tried_six_times),
        TEST(a_failure_does_not_hold_up_the_others),
        TEST(what_storage_refuses_is_no_failure),
        TEST(rooms_with_sockets_wait_for_them),
        TEST(a_flag_that_turns_on_during_a_round_is_seen),
        TEST(a_room_that_does_not_end_its_alarm_hears_it_again),
    };
    return cmocka_run_group_tests_name("db/alarms", tests, NULL, NULL);
}
