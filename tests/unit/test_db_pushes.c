/* db/pushes.h: devices, and what a notice owes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/notices.h"
#include "db/pushes.h"
#include "db_fixture.h"

#define SOON (T0 + PUSH_DELAY_MS)

static struct push_device device(int64_t user_id, const char *endpoint)
{
    return (struct push_device){.user_id = user_id, .endpoint = endpoint, .public_key = {4, 1, 2}, .auth = {9}};
}

static int64_t add(struct tx *tx, int64_t user_id, const char *endpoint)
{
    struct push_device d = device(user_id, endpoint);
    struct push_device *all;
    size_t count;
    assert_int_equal(pushes_add_device(tx, &d), ERR_OK);
    assert_int_equal(pushes_devices(tx->db, tx->arena, user_id, &all, &count), ERR_OK);
    assert_true(count > 0);
    return all[0].id;
}

static int64_t tell(struct tx *tx, enum notice_kind kind, int64_t team_id, int64_t author_id)
{
    const struct notice notice = {
        .kind = kind, .team_id = team_id, .author_id = author_id, .title = "Rain", .body = "Bring coats"};
    int64_t id;
    assert_int_equal(notices_create(tx, &notice, &id), ERR_OK);
    return id;
}

static void spread_all(struct tx *tx, size_t page)
{
    bool owed = true;
    for (int i = 0; i < 1000 && owed; i++) {
        assert_int_equal(pushes_are_owed(tx->db, &owed), ERR_OK);
        assert_int_equal(pushes_spread(tx, page), ERR_OK);
    }
    assert_false(owed);
}

static size_t due(struct tx *tx, int64_t until_ms, struct push_delivery *out)
{
    size_t count;
    assert_int_equal(pushes_due(tx->db, tx->arena, until_ms, 20, out, &count), ERR_OK);
    return count;
}

static void settle(struct tx *tx, const struct push_delivery *d, enum push_outcome outcome, int64_t due_ms)
{
    struct push_result result = {.delivery_id = d->id,
                                 .notice_id = d->notice.id,
                                 .device_id = d->device.id,
                                 .outcome = outcome,
                                 .due_ms = due_ms};
    assert_int_equal(pushes_settle(tx, &result, 1), ERR_OK);
}

static void a_key_is_kept(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    struct push_key key = {.public_key = {4, 7}, .private_key = {5}};
    struct push_key got;
    assert_int_equal(pushes_key(tx->db, &got), ERR_NOT_FOUND);
    assert_int_equal(pushes_key_add(tx, &key), ERR_OK);
    assert_int_equal(pushes_key(tx->db, &got), ERR_OK);
    assert_memory_equal(&got, &key, sizeof key);
    fixture_commit(f);
}

static void devices_have_one_owner_and_a_bound(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    int64_t dave = fixture_team(tx, "dave");
    struct push_device *all;
    size_t count;
    char endpoint[40];
    int64_t first = add(tx, sarah, "https://p.example/1");
    assert_int_equal(add(tx, sarah, "https://p.example/1"), first);
    (void)add(tx, dave, "https://p.example/1");
    assert_int_equal(pushes_devices(tx->db, tx->arena, sarah, &all, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(pushes_remove_device(tx, sarah, "https://p.example/1"), ERR_OK); /* not hers any more */
    assert_int_equal(pushes_devices(tx->db, tx->arena, dave, &all, &count), ERR_OK);
    assert_int_equal(count, 1);
    for (int i = 2; i <= PUSH_DEVICES_MAX + 1; i++) {
        (void)snprintf(endpoint, sizeof endpoint, "https://p.example/%d", i);
        (void)add(tx, dave, endpoint);
    }
    assert_int_equal(pushes_devices(tx->db, tx->arena, dave, &all, &count), ERR_OK);
    assert_int_equal(count, PUSH_DEVICES_MAX);
    assert_string_equal(all[0].endpoint, "https://p.example/11");
    assert_string_equal(all[count - 1].endpoint, "https://p.example/2");
    assert_int_equal(all[0].public_key[0], 4);
    assert_int_equal(all[0].auth[0], 9);
    assert_int_equal(pushes_forget_member(tx, dave), ERR_OK);
    assert_int_equal(pushes_devices(tx->db, tx->arena, dave, &all, &count), ERR_OK);
    assert_int_equal(count, 0);
    fixture_commit(f);
}

static void a_notice_owes_its_team(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    int64_t dave = fixture_team(tx, "dave");
    int64_t ruth = fixture_user(tx, "ruth", ROLE_MEMBER);
    int64_t ann = fixture_user(tx, "ann", ROLE_MEMBER);
    struct push_delivery out[20];
    struct push_counts counts;
    bool owed;
    assert_int_equal(users_join(tx, ruth, sarah, 0), ERR_OK);
    assert_int_equal(users_join(tx, ann, sarah, 0), ERR_OK);
    (void)tell(tx, NOTICE_PIN, sarah, sarah); /* nobody has a device */
    assert_int_equal(pushes_are_owed(tx->db, &owed), ERR_OK);
    assert_false(owed);

    (void)add(tx, sarah, "https://p.example/s");
    (void)add(tx, dave, "https://p.example/d");
    (void)add(tx, ruth, "https://p.example/r1");
    (void)add(tx, ann, "https://p.example/a");
    (void)add(tx, ruth, "https://p.example/r2");
    int64_t pin = tell(tx, NOTICE_PIN, sarah, sarah);
    assert_int_equal(pushes_count(tx->db, &counts), ERR_OK);
    assert_int_equal(counts.devices, 5);
    assert_int_equal(counts.deliveries, 1);
    spread_all(tx, 2); /* in pages */
    assert_int_equal(due(tx, SOON - 1, out), 0);
    assert_int_equal(due(tx, SOON, out), 3);
    assert_int_equal(out[0].device.user_id, ruth);
    assert_string_equal(out[0].device.endpoint, "https://p.example/r1");
    assert_int_equal(out[1].device.user_id, ann);
    assert_int_equal(out[2].device.user_id, ruth);
    assert_int_equal(out[0].notice.id, pin);
    assert_string_equal(out[0].notice.title, "Rain");
    assert_int_equal(out[0].expires_ms, T0 + PUSH_TTL_S * INT64_C(1000));
    assert_true(out[0].wanted);
    int64_t next_ms;
    assert_int_equal(pushes_next_ms(tx->db, &next_ms), ERR_OK);
    assert_int_equal(next_ms, SOON);

    assert_int_equal(users_set_disabled(tx, ann, true), ERR_OK);
    assert_int_equal(due(tx, SOON, out), 3);
    assert_false(out[1].wanted);
    (void)tell(tx, NOTICE_WIN, 0, sarah); /* to everybody but her and who may not sign in */
    spread_all(tx, 500);
    assert_int_equal(due(tx, SOON, out), 6);

    struct notice imported = {.id = 4000,
                              .kind = NOTICE_PIN,
                              .team_id = sarah,
                              .author_id = sarah,
                              .title = "Old",
                              .body = "x",
                              .created_ms = T0 - 1};
    int64_t id;
    assert_int_equal(notices_create(tx, &imported, &id), ERR_OK);
    assert_int_equal(pushes_are_owed(tx->db, &owed), ERR_OK);
    assert_false(owed);
    fixture_commit(f);
}

static void a_newer_one_takes_the_place(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    int64_t ruth = fixture_user(tx, "ruth", ROLE_MEMBER);
    struct push_delivery out[20];
    assert_int_equal(users_join(tx, ruth, sarah, 0), ERR_OK);
    (void)add(tx, ruth, "https://p.example/r");
    (void)tell(tx, NOTICE_ANNOUNCEMENT, sarah, sarah);
    spread_all(tx, 500);
    assert_int_equal(due(tx, SOON, out), 1);
    struct push_delivery older = out[0];
    settle(tx, &older, PUSH_OUTCOME_AGAIN, SOON + 500000); /* its push service asked to wait */
    int64_t newer = tell(tx, NOTICE_ANNOUNCEMENT, sarah, sarah);
    spread_all(tx, 500);
    assert_int_equal(due(tx, SOON + 499999, out), 0);
    assert_int_equal(due(tx, SOON + 500000, out), 1);
    assert_int_equal(out[0].id, older.id);
    assert_int_equal(out[0].notice.id, newer);
    assert_int_equal(out[0].tries, 0);
    settle(tx, &older, PUSH_OUTCOME_TAKEN, 0); /* what was under way is not the newer one */
    assert_int_equal(due(tx, SOON + 500000, out), 1);
    settle(tx, &older, PUSH_OUTCOME_DROPPED, 0);
    assert_int_equal(due(tx, SOON + 500000, out), 1);
    settle(tx, &out[0], PUSH_OUTCOME_TAKEN, 0);
    assert_int_equal(due(tx, INT64_MAX, out), 0);
    fixture_commit(f);
}

static void wishes_and_ends(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_team(tx, "sarah");
    int64_t ruth = fixture_user(tx, "ruth", ROLE_MEMBER);
    struct push_delivery out[20];
    struct push_wishes wishes;
    assert_int_equal(users_join(tx, ruth, sarah, 0), ERR_OK);
    (void)add(tx, ruth, "https://p.example/r");
    assert_int_equal(pushes_wishes(tx->db, ruth, &wishes), ERR_OK);
    assert_false(wishes.only_pins || wishes.quiet);
    wishes = (struct push_wishes){.only_pins = true, .quiet = true, .from_min = 60, .to_min = 120, .zone_min = -300};
    assert_int_equal(pushes_set_wishes(tx, ruth, &wishes), ERR_OK);
    (void)tell(tx, NOTICE_ANNOUNCEMENT, sarah, sarah);
    (void)tell(tx, NOTICE_PIN, sarah, sarah);
    spread_all(tx, 500);
    assert_int_equal(due(tx, SOON, out), 1);
    assert_int_equal(out[0].notice.kind, NOTICE_PIN);
    assert_true(out[0].wishes.only_pins && out[0].wishes.quiet);
    assert_int_equal(out[0].wishes.from_min, 60);
    assert_int_equal(out[0].wishes.to_min, 120);
    assert_int_equal(out[0].wishes.zone_min, -300);

    settle(tx, &out[0], PUSH_OUTCOME_WAIT, SOON + 7);
    assert_int_equal(due(tx, SOON + 7, out), 1);
    assert_int_equal(out[0].tries, 0);
    assert_int_equal(out[0].device.failures, 0);
    for (int i = 1; i < 2 * PUSH_FAILURES_MAX; i++) { /* our own network may be away for as long */
        struct push_result unanswered = {.delivery_id = out[0].id,
                                         .notice_id = out[0].notice.id,
                                         .device_id = out[0].device.id,
                                         .outcome = PUSH_OUTCOME_AGAIN,
                                         .due_ms = SOON,
                                         .unanswered = true};
        assert_int_equal(pushes_settle(tx, &unanswered, 1), ERR_OK);
    }
    assert_int_equal(due(tx, SOON, out), 1);
    assert_int_equal(out[0].device.failures, 0);
    int64_t tries = out[0].tries;
    for (int i = 1; i < PUSH_FAILURES_MAX; i++)
        settle(tx, &out[0], PUSH_OUTCOME_AGAIN, SOON);
    assert_int_equal(due(tx, SOON, out), 1);
    assert_int_equal(out[0].tries, tries + PUSH_FAILURES_MAX - 1);
    assert_int_equal(out[0].device.failures, PUSH_FAILURES_MAX - 1);
    settle(tx, &out[0], PUSH_OUTCOME_REFUSED, 0); /* one too many: the device goes, and all it was owed */
    struct push_counts counts;
    assert_int_equal(pushes_count(tx->db, &counts), ERR_OK);
    assert_int_equal(counts.devices, 0);
    assert_int_equal(counts.deliveries, 0);
    fixture_commit(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_is_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(devices_have_one_owner_and_a_bound, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_notice_owes_its_team, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_newer_one_takes_the_place, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wishes_and_ends, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
