/* db/room_store.h: what rooms keep, their alarms, and answers that are given once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db/room_store.h"
#include "db_fixture.h"
#include "random.h"

static void put(struct fixture *f, const char *room, const char *key, const char *text)
{
    struct room_value value = {.key = key, .bytes = text, .len = strlen(text)};
    assert_int_equal(room_store_put(&f->tx, room, &value), ERR_OK);
}

static void assert_value(struct fixture *f, const char *room, const char *key, const char *text)
{
    struct room_value value;
    assert_int_equal(room_store_get(f->reader, f->arena, room, key, &value), ERR_OK);
    assert_string_equal(value.key, key);
    assert_int_equal(value.len, strlen(text));
    assert_memory_equal(value.bytes, text, value.len);
}

static void assert_none(struct fixture *f, const char *room, const char *key)
{
    struct room_value value;
    assert_int_equal(room_store_get(f->reader, f->arena, room, key, &value), ERR_NOT_FOUND);
}

static void values_come_back(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    put(f, "counter:steps", "value", "1");
    put(f, "counter:steps", "value", "2"); /* again: the newer */
    put(f, "counter:steps", "empty", "");
    put(f, "counter:miles", "value", "3"); /* another room's is another */
    struct room_value nul = {.key = "bytes", .bytes = "a\0b", .len = 3};
    assert_int_equal(room_store_put(&f->tx, "counter:steps", &nul), ERR_OK);
    fixture_commit(f);
    assert_value(f, "counter:steps", "value", "2");
    assert_value(f, "counter:steps", "empty", "");
    assert_value(f, "counter:miles", "value", "3");
    assert_none(f, "counter:steps", "other");
    assert_none(f, "counter", "value");
    struct room_value value;
    assert_int_equal(room_store_get(f->reader, f->arena, "counter:steps", "bytes", &value), ERR_OK);
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.bytes, "a\0b", 3);

    (void)fixture_begin(f);
    assert_int_equal(room_store_delete(&f->tx, "counter:steps", "value"), ERR_OK);
    assert_int_equal(room_store_delete(&f->tx, "counter:steps", "value"), ERR_OK);
    fixture_commit(f);
    assert_none(f, "counter:steps", "value");
    assert_value(f, "counter:steps", "empty", "");
}

static void many_at_once(void **state)
{
    struct fixture *f = *state;
    (void)fixture_begin(f);
    const struct room_value values[] = {{.key = "a", .bytes = "1", .len = 1},
                                        {.key = "b", .bytes = "2", .len = 1},
                                        {.key = "c", .bytes = "3", .len = 1}};
    assert_int_equal(room_store_put_many(&f->tx, "r", values, 3), ERR_OK);
    fixture_commit(f);
    const char *const keys[] = {"c", "missing", "a"};
    struct room_value out[3];
    size_t found;
    assert_int_equal(room_store_get_many(f->reader, f->arena, "r", keys, 3, out, &found), ERR_OK);
    assert_int_equal(found, 2);
    assert_string_equal(out[0].key, "c");
    assert_memory_equal(out[0].bytes, "3", 1);
    assert_string_equal(out[1].key, "a");
    assert_memory_equal(out[1].bytes, "1", 1);

    (void)fixture_begin(f);
    assert_int_equal(room_store_set_alarm(&f->tx, "r", 5), ERR_OK);
    assert_int_equal(room_store_set_alarm(&f->tx, "s", 6), ERR_OK);
    put(f, "s", "a", "stays");
    assert_int_equal(room_store_delete_all(&f->tx, "r"), ERR_OK);
    fixture_commit(f);
    assert_none(f, "r", "a");
    assert_none(f, "r", "c");
    assert_value(f, "s", "a", "stays");
    int64_t due_ms;
    assert_int_equal(room_store_alarm(f->reader, "r", &due_ms), ERR_OK);
    assert_int_equal(due_ms, 0);
    assert_int_equal(room_store_alarm(f->reader, "s", &due_ms), ERR_OK);
    assert_int_equal(due_ms, 6);
}

static size_t list(struct fixture *f, const char *prefix, const char *after, size_t limit, struct room_value *out)
{
    size_t found;
    assert_int_equal(room_store_list(f->reader, f->arena, "r", prefix, after, limit, out, &found), ERR_OK);
    return found;
}

static void lists_go_by_prefix_and_page(void **state)
{
    struct fixture *f = *state;
    static const char *const keys[] = {"a", "m", "m:", "m:1", "m:2", "m:é", "m:\xf4\x8f\xbf\xbf", "m;", "z%", "z_"};
    (void)fixture_begin(f);
    for (size_t i = sizeof keys / sizeof keys[0]; i > 0; i--)
        put(f, "r", keys[i - 1], keys[i - 1]);
    put(f, "q", "m:0", "another room's");
    put(f, "s", "m:0", "another room's");
    fixture_commit(f);
    struct room_value out[10];
    assert_int_equal(list(f, "", "", 10, out), 10);
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(out[i].key, keys[i]);
        assert_memory_equal(out[i].bytes, keys[i], strlen(keys[i]));
    }
    assert_int_equal(list(f, "m:", "", 10, out), 5);
    assert_string_equal(out[0].key, "m:");
    assert_string_equal(out[4].key, "m:\xf4\x8f\xbf\xbf");
    assert_int_equal(list(f, "m:", "m:1", 10, out), 3);
    assert_string_equal(out[0].key, "m:2");
    assert_int_equal(list(f, "m:", "a", 2, out), 2); /* after something before the prefix */
    assert_string_equal(out[0].key, "m:");
    assert_int_equal(list(f, "m:", "z", 10, out), 0);
    assert_int_equal(list(f, "m:", "m:\xf4\x8f\xbf\xbf", 10, out), 0);
    assert_int_equal(list(f, "z_", "", 10, out), 1); /* no wildcard */
    assert_int_equal(list(f, "n", "", 10, out), 0);
}

/* Against a table in memory: whatever is put, deleted and listed. */
static void a_walk_finds_what_a_model_has(void **state)
{
    struct fixture *f = *state;
    struct random r = random_seeded();
    enum { KEYS = 64 };
    int64_t model[KEYS];
    memset(model, 0, sizeof model); /* 0: not there */
    (void)fixture_begin(f);
    for (int i = 0; i < 600; i++) {
        size_t k = random_below(&r, KEYS);
        char key[8];
        (void)snprintf(key, sizeof key, "%02x", (unsigned)k);
        if (random_below(&r, 3) == 0) {
            assert_int_equal(room_store_delete(&f->tx, "r", key), ERR_OK);
            model[k] = 0;
        } else {
            model[k] = i + 1;
            struct room_value value = {.key = key, .bytes = &model[k], .len = sizeof model[k]};
            assert_int_equal(room_store_put(&f->tx, "r", &value), ERR_OK);
        }
    }
    fixture_commit(f);
    struct room_value out[5];
    char after[8] = "";
    size_t next = 0;
    for (size_t count = 5; count == 5;) {
        arena_reset(f->arena);
        count = list(f, "", after, 5, out);
        for (size_t i = 0; i < count; i++, next++) {
            while (model[next] == 0)
                next++;
            assert_int_equal(strtoul(out[i].key, NULL, 16), next);
            assert_int_equal(out[i].len, sizeof model[next]);
            assert_memory_equal(out[i].bytes, &model[next], sizeof model[next]);
            (void)snprintf(after, sizeof after, "%s", out[i].key);
        }
    }
    while (next < KEYS && model[next] == 0)
        next++;
    assert_int_equal(next, KEYS);
}

static void limits_are_kept(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    char *long_text = calloc(1, ROOM_VALUE_BYTES_MAX + 2);
    assert_non_null(long_text);
    memset(long_text, 'x', ROOM_VALUE_BYTES_MAX + 1);
    struct room_value value = {.key = "k", .bytes = long_text, .len = ROOM_VALUE_BYTES_MAX};
    assert_int_equal(room_store_put(tx, "r", &value), ERR_OK);
    value.len++;
    assert_int_equal(room_store_put(tx, "r", &value), ERR_INVALID);
    assert_string_not_equal(tx->problem.detail, "");
    value = (struct room_value){
        .key = long_text + ROOM_VALUE_BYTES_MAX + 1 - ROOM_KEY_BYTES_MAX, .bytes = "", .len = 0};
    assert_int_equal(room_store_put(tx, "r", &value), ERR_OK);
    value.key--;
    assert_int_equal(room_store_put(tx, "r", &value), ERR_INVALID);
    value.key = "";
    assert_int_equal(room_store_put(tx, "r", &value), ERR_INVALID);
    value.key = "k";
    const char *room = long_text + ROOM_VALUE_BYTES_MAX + 1 - ROOM_NAME_BYTES_MAX;
    assert_int_equal(room_store_put(tx, room, &value), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, room, 1), ERR_OK);
    assert_int_equal(room_store_put(tx, room - 1, &value), ERR_INVALID);
    assert_int_equal(room_store_set_alarm(tx, room - 1, 1), ERR_INVALID);
    assert_int_equal(room_store_put(tx, "", &value), ERR_INVALID);
    const char *id = long_text + ROOM_VALUE_BYTES_MAX + 1 - MESSAGE_ID_BYTES_MAX;
    assert_int_equal(room_store_ack_put(tx, 1, id, "{}"), ERR_OK);
    assert_int_equal(room_store_ack_put(tx, 1, id - 1, "{}"), ERR_INVALID);
    assert_int_equal(room_store_ack_put(tx, 1, "", "{}"), ERR_INVALID);
    fixture_commit(f);
    free(long_text);
}

static void a_full_arena_is_said(void **state)
{
    struct fixture *f = *state;
    static const char bytes[8192];
    (void)fixture_begin(f);
    struct room_value value = {.key = "k", .bytes = bytes, .len = sizeof bytes};
    assert_int_equal(room_store_put(&f->tx, "r", &value), ERR_OK);
    fixture_commit(f);
    struct arena *small = arena_create(128, 4096);
    size_t found = 1;
    assert_int_equal(room_store_get(f->reader, small, "r", "k", &value), ERR_NO_MEMORY);
    assert_int_equal(room_store_list(f->reader, small, "r", "", "", 1, &value, &found), ERR_NO_MEMORY);
    assert_int_equal(found, 0);
    arena_free(small);
}

static void alarms_in_order(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    assert_int_equal(room_store_set_alarm(tx, "late", 300), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "early", 100), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "moved", 50), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "moved", 200), ERR_OK); /* one a room */
    assert_int_equal(room_store_set_alarm(tx, "gone", 10), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "gone", 0), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "never", 0), ERR_OK);
    fixture_commit(f);
    struct room_alarm out[5];
    size_t found;
    assert_int_equal(room_store_alarms(f->reader, f->arena, NULL, out, 5, &found), ERR_OK);
    assert_int_equal(found, 3);
    assert_string_equal(out[0].room, "early");
    assert_int_equal(out[0].due_ms, 100);
    assert_string_equal(out[1].room, "moved");
    assert_int_equal(out[1].due_ms, 200);
    assert_string_equal(out[2].room, "late");
    assert_int_equal(room_store_alarms(f->reader, f->arena, NULL, out, 2, &found), ERR_OK);
    assert_int_equal(found, 2);
    assert_string_equal(out[1].room, "moved");
    assert_int_equal(room_store_alarms(f->reader, f->arena, &out[1], out, 2, &found), ERR_OK);
    assert_int_equal(found, 1);
    assert_string_equal(out[0].room, "late");
}

static void alarms_that_fail_are_kept(void **state)
{
    struct fixture *f = *state;
    struct room_alarm out[3];
    size_t found;
    int64_t revived;
    struct tx *tx = fixture_begin(f);
    assert_int_equal(room_store_set_alarm(tx, "a", 100), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_ALARM);
    assert_int_equal(fixture_last(tx)->value, 100);
    assert_int_equal(room_store_set_alarm(tx, "b", 100), ERR_OK); /* at the same moment: by name */
    assert_int_equal(room_store_alarm_again(tx, "a", 300, 1), ERR_OK);
    assert_int_equal(fixture_last(tx)->value, 300);
    assert_int_equal(room_store_alarm_again(tx, "gone", 50, 1), ERR_OK); /* nothing is made of it */
    assert_int_equal(room_store_alarms(tx->db, f->arena, NULL, out, 3, &found), ERR_OK);
    assert_int_equal(found, 2);
    assert_string_equal(out[1].room, "a");
    assert_int_equal(out[1].tries, 1);
    assert_int_equal(room_store_alarm_give_up(tx, "a"), ERR_OK);
    struct room_alarms_count count;
    assert_int_equal(room_store_count_alarms(tx->db, &count), ERR_OK);
    assert_int_equal(count.waiting, 1);
    assert_int_equal(count.given_up, 1);
    assert_int_equal(room_store_alarms(tx->db, f->arena, NULL, out, 3, &found), ERR_OK);
    assert_int_equal(found, 1);
    assert_string_equal(out[0].room, "b");
    assert_int_equal(room_store_alarms_revive(tx, &revived), ERR_OK);
    assert_int_equal(revived, 1);
    assert_int_equal(room_store_alarms(tx->db, f->arena, NULL, out, 3, &found), ERR_OK);
    assert_int_equal(found, 2);
    assert_int_equal(out[1].tries, 0);
    assert_int_equal(room_store_alarm_give_up(tx, "a"), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, "a", 400), ERR_OK); /* set anew: it runs */
    assert_int_equal(room_store_alarms(tx->db, f->arena, NULL, out, 3, &found), ERR_OK);
    assert_int_equal(found, 2);
    fixture_commit(f);
}

static struct room_size size_of(struct tx *tx, const char *room)
{
    struct room_size size;
    assert_int_equal(room_store_size(tx->db, room, &size), ERR_OK);
    return size;
}

static void a_room_has_room_for_so_much(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    char key[16];
    char *bytes = calloc(1, ROOM_VALUE_BYTES_MAX);
    assert_non_null(bytes);
    struct room_value value = {.key = key, .bytes = bytes, .len = ROOM_VALUE_BYTES_MAX};
    int64_t full = 0;
    for (; full + (int64_t)value.len + 4 <= ROOM_BYTES_MAX; full += (int64_t)value.len + 4) {
        (void)snprintf(key, sizeof key, "%04d", (int)size_of(tx, "r").keys);
        assert_int_equal(room_store_put(tx, "r", &value), ERR_OK);
    }
    assert_int_equal(size_of(tx, "r").bytes, full);
    (void)snprintf(key, sizeof key, "more");
    assert_int_equal(room_store_put(tx, "r", &value), ERR_CONFLICT);
    assert_string_not_equal(tx->problem.detail, "");
    assert_int_equal(room_store_put(tx, "s", &value), ERR_OK); /* another room is not full */
    value.len = (size_t)(ROOM_BYTES_MAX - full) - 4;
    assert_int_equal(room_store_put(tx, "r", &value), ERR_OK); /* to the last byte */
    (void)snprintf(key, sizeof key, "0000");
    value.len = 1;
    assert_int_equal(room_store_put(tx, "r", &value), ERR_OK); /* one that shrinks */
    assert_int_equal(room_store_delete(tx, "r", "0001"), ERR_OK);
    assert_int_equal(room_store_delete(tx, "r", "0001"), ERR_OK);
    struct room_size size = size_of(tx, "r");
    assert_int_equal(size.bytes, fixture_number(tx->db, "SELECT SUM(LENGTH(key) + LENGTH(value)) FROM room_values"
                                                        " WHERE room = 'r'"));
    assert_int_equal(size.keys, fixture_number(tx->db, "SELECT COUNT(*) FROM room_values WHERE room = 'r'"));
    assert_int_equal(room_store_delete_all(tx, "r"), ERR_OK);
    assert_int_equal(size_of(tx, "r").keys, 0);
    value.len = 0;
    for (int i = 0; i < ROOM_KEYS_MAX; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        assert_int_equal(room_store_put(tx, "r", &value), ERR_OK);
    }
    (void)snprintf(key, sizeof key, "more");
    assert_int_equal(room_store_put(tx, "r", &value), ERR_CONFLICT);
    fixture_commit(f);
    free(bytes);
}

static void an_answer_is_given_once_and_kept_a_day(void **state)
{
    struct fixture *f = *state;
    const char *answer;
    struct tx *tx = fixture_begin(f);
    assert_int_equal(room_store_ack_find(tx->db, f->arena, 1, "x", &answer), ERR_NOT_FOUND);
    assert_int_equal(room_store_ack_put(tx, 1, "x", "first"), ERR_OK);
    assert_int_equal(room_store_ack_find(tx->db, f->arena, 1, "x", &answer), ERR_OK); /* in the same transaction */
    assert_string_equal(answer, "first");
    assert_int_equal(room_store_ack_put(tx, 1, "x", "second"), ERR_CONFLICT);
    assert_int_equal(room_store_ack_put(tx, 2, "x", "another member's"), ERR_OK);
    assert_int_equal(room_store_ack_find(tx->db, f->arena, 1, "x", &answer), ERR_OK);
    assert_string_equal(answer, "first");

    int64_t removed;
    tx->now_ms = T0 + 1;
    assert_int_equal(room_store_ack_put(tx, 1, "y", ""), ERR_OK);
    tx->now_ms = T0 + ACK_HOURS * INT64_C(3600000);
    assert_int_equal(room_store_ack_prune(tx, 10, &removed), ERR_OK);
    assert_int_equal(removed, 0);
    tx->now_ms += 1;
    assert_int_equal(room_store_ack_prune(tx, 1, &removed), ERR_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(room_store_ack_prune(tx, 10, &removed), ERR_OK);
    assert_int_equal(removed, 1);
    assert_int_equal(room_store_ack_find(tx->db, f->arena, 1, "x", &answer), ERR_NOT_FOUND);
    assert_int_equal(room_store_ack_find(tx->db, f->arena, 2, "x", &answer), ERR_NOT_FOUND);
    assert_int_equal(room_store_ack_find(tx->db, f->arena, 1, "y", &answer), ERR_OK);
    assert_string_equal(answer, "");
    fixture_commit(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_rooms, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_come_back),
        TEST(many_at_once),
        TEST(lists_go_by_prefix_and_page),
        TEST(a_walk_finds_what_a_model_has),
        TEST(limits_are_kept),
        TEST(a_full_arena_is_said),
        TEST(alarms_in_order),
        TEST(alarms_that_fail_are_kept),
        TEST(a_room_has_room_for_so_much),
        TEST(an_answer_is_given_once_and_kept_a_day),
    };
    return cmocka_run_group_tests_name("db/room_store", tests, NULL, NULL);
}
