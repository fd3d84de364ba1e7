/* db/access.h: keys, revocations, flags, stored answers, and their housekeeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/access.h"
#include "db_fixture.h"

static void a_new_key_retires_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    for (int i = 0; i < 3; i++) {
        struct signing_key key = {.created_ms = T0 + i};
        (void)snprintf(key.kid, sizeof key.kid, "k4.pid.%d", i);
        memset(key.public_key, i + 1, sizeof key.public_key);
        memset(key.secret_key, 100 + i, sizeof key.secret_key);
        tx->now_ms = T0 + 10 * i;
        assert_int_equal(access_key_add(tx, &key), ERR_OK);
        assert_int_equal(fixture_last(tx)->kind, CHANGE_TOKENS);
        assert_int_equal(fixture_last(tx)->subject_id, 0);
    }
    fixture_commit(f);

    struct signing_key keys[SIGNING_KEYS_MAX];
    size_t count;
    static const unsigned char zeros[KEY_SECRET_BYTES];
    assert_int_equal(access_keys(f->reader, keys, SIGNING_KEYS_MAX, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_string_equal(keys[0].kid, "k4.pid.2");
    assert_int_equal(keys[0].retired_ms, 0);
    assert_int_equal(keys[0].secret_key[KEY_SECRET_BYTES - 1], 102);
    assert_int_equal(keys[0].public_key[KEY_PUBLIC_BYTES - 1], 3);
    assert_string_equal(keys[1].kid, "k4.pid.1");
    assert_int_equal(keys[1].retired_ms, T0 + 20);
    assert_memory_equal(keys[1].secret_key, zeros, sizeof zeros);
    assert_int_equal(keys[2].retired_ms, T0 + 10); /* it keeps its time */
    assert_int_equal(access_keys(f->reader, keys, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(keys[0].retired_ms, 0);
}

static void a_damaged_key_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    assert_int_equal(db_run(tx->db, "INSERT INTO signing_keys VALUES ('k', x'0102', NULL, 1, NULL)", ""), ERR_OK);
    struct signing_key keys[2];
    size_t count;
    assert_int_equal(access_keys(tx->db, keys, 2, &count), ERR_INTERNAL);
    assert_int_equal(count, 0);
    db_rollback(f->db);
}

static void a_revoked_token_stays_revoked_until_it_expires(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    bool revoked = true;
    assert_int_equal(access_is_revoked(tx->db, "a", &revoked), ERR_OK);
    assert_false(revoked);
    assert_int_equal(access_revoke(tx, "a", 7, T0 + 100), ERR_OK);
    assert_int_equal(access_revoke(tx, "b", 7, T0), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_TOKENS);
    assert_int_equal(fixture_last(tx)->subject_id, 7);
    size_t noted = tx->changes_count;
    assert_int_equal(access_revoke(tx, "a", 7, T0 + 100), ERR_OK);
    assert_int_equal(tx->changes_count, noted);
    assert_int_equal(access_is_revoked(tx->db, "a", &revoked), ERR_OK);
    assert_true(revoked);
    int64_t pruned = -1;
    assert_int_equal(access_prune(tx, 100, &pruned), ERR_OK);
    assert_int_equal(pruned, 1);
    assert_int_equal(access_is_revoked(tx->db, "a", &revoked), ERR_OK);
    assert_true(revoked);
    assert_int_equal(access_is_revoked(tx->db, "b", &revoked), ERR_OK);
    assert_false(revoked); /* expired: nobody needs the row */
    fixture_commit(f);
}

static void a_flag_is_noted_when_it_changes(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    bool value = true;
    assert_int_equal(access_flag(tx->db, "realtime", &value), ERR_OK);
    assert_false(value);
    assert_int_equal(access_flag_set(tx, "realtime", false), ERR_OK);
    assert_int_equal(tx->changes_count, 0);
    assert_int_equal(access_flag_set(tx, "realtime", true), ERR_OK);
    assert_int_equal(tx->changes_count, 1);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_FLAG);
    assert_int_equal(fixture_last(tx)->value, 1);
    assert_int_equal(access_flag(tx->db, "realtime", &value), ERR_OK);
    assert_true(value);
    assert_int_equal(access_flag(tx->db, "unknown", &value), ERR_NOT_FOUND);
    fixture_commit(f);
}

static void an_answer_is_stored_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    unsigned char print[FINGERPRINT_BYTES] = {0, 1, 2};
    struct replay replay;
    assert_int_equal(access_replay_find(tx->db, tx->arena, 1, "key", &replay), ERR_OK);
    assert_false(replay.found);
    assert_int_equal(access_replay_store(tx, 1, "key", print, 201, "{\"a\":1}xx", 7), ERR_OK);
    assert_int_equal(access_replay_store(tx, 2, "key", print, 204, "", 0), ERR_OK); /* another member's key */
    fixture_commit(f);
    assert_int_equal(access_replay_find(f->reader, f->arena, 1, "key", &replay), ERR_OK);
    assert_true(replay.found);
    assert_memory_equal(replay.fingerprint, print, sizeof print);
    assert_int_equal(replay.status, 201);
    assert_int_equal(replay.body_len, 7);
    assert_string_equal(replay.body, "{\"a\":1}");
    assert_int_equal(access_replay_find(f->reader, f->arena, 2, "key", &replay), ERR_OK);
    assert_int_equal(replay.body_len, 0);
    assert_string_equal(replay.body, "");
    tx = fixture_begin(f);
    assert_int_equal(access_replay_store(tx, 1, "key", print, 500, "", 0), ERR_CONFLICT);
    db_rollback(f->db);
}

static void housekeeping_takes_so_many_rows_at_once(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    unsigned char print[FINGERPRINT_BYTES] = {0};
    int64_t id;
    for (int i = 0; i < 5; i++) {
        char key[20];
        unsigned char hash[INVITE_HASH_BYTES] = {(unsigned char)i};
        (void)snprintf(key, sizeof key, "k%d", i);
        tx->now_ms = T0 + i;
        assert_int_equal(access_replay_store(tx, 1, key, print, 200, "", 0), ERR_OK);
        assert_int_equal(access_revoke(tx, key, 1, T0 + i), ERR_OK);
        assert_int_equal(teams_invite_create(tx, hash, team, team, 1, T0 + i, &id), ERR_OK);
    }
    tx->now_ms = T0 + 3 + IDEMPOTENCY_HOURS * INT64_C(3600000); /* three answers are too old; all else has expired */
    int64_t pruned = -1;
    assert_int_equal(access_prune(tx, 2, &pruned), ERR_OK);
    assert_int_equal(pruned, 2); /* as many as it may: there may be more */
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM replays"), 3);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM revocations"), 3);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM invites"), 3);
    assert_int_equal(access_prune(tx, 100, &pruned), ERR_OK);
    assert_int_equal(pruned, 3);
    assert_int_equal(access_prune(tx, 100, &pruned), ERR_OK);
    assert_int_equal(pruned, 0);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM replays"), 2);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM revocations"), 0);
    assert_int_equal(fixture_number(tx->db, "SELECT COUNT(*) FROM invites"), 0);
    fixture_commit(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_key_retires_the_one_before),
        TEST(a_damaged_key_is_not_used),
        TEST(a_revoked_token_stays_revoked_until_it_expires),
        TEST(a_flag_is_noted_when_it_changes),
        TEST(an_answer_is_stored_once),
        TEST(housekeeping_takes_so_many_rows_at_once),
    };
    return cmocka_run_group_tests_name("db/access", tests, NULL, NULL);
}
