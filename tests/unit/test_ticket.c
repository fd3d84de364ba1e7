/*
 * One-use tickets: used once, for 30 s, bounded, with their token, and from many threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#include "api/base64url.h"
#include "api/ticket.h"
#include "api/token.h"
#include "base/limits.h"

/* Enough for the numbers of users: the rest follows from it. */
static enum err issue(struct ticket_table *t, int64_t user_id, int64_t now_ms, char out[static TICKET_BYTES])
{
    char jti[40];
    (void)snprintf(jti, sizeof jti, "token-%lld", (long long)user_id);
    struct ticket_token token = {
        .user_id = user_id, .jti = jti, .issued_ms = user_id * 1000, .expires_ms = user_id * 1000 + 77};
    return ticket_issue(t, &token, now_ms, out); /* it was copied: ours is gone when it is taken */
}

static enum err take_text(struct ticket_table *t, const char *text, size_t len, int64_t now_ms, int64_t *user_id)
{
    struct arena *arena = arena_create(128, 1024);
    struct ticket_token token;
    enum err err = ticket_take(t, text, len, now_ms, arena, &token);
    if (err == ERR_OK) {
        char jti[40];
        (void)snprintf(jti, sizeof jti, "token-%lld", (long long)token.user_id);
        if (strcmp(token.jti, jti) != 0 || token.issued_ms != token.user_id * 1000 ||
            token.expires_ms != token.issued_ms + 77)
            err = ERR_INTERNAL; /* what no caller expects; threads may not assert */
        *user_id = token.user_id;
    }
    arena_free(arena);
    return err;
}

static enum err take(struct ticket_table *t, const char *text, int64_t now_ms, int64_t *user_id)
{
    return take_text(t, text, strlen(text), now_ms, user_id);
}

static void a_ticket_works_once(void **state)
{
    (void)state;
    struct ticket_table *t = ticket_table_create(4);
    char text[TICKET_BYTES];
    int64_t user_id = -1;
    assert_int_equal(issue(t, 42, 1000, text), ERR_OK);
    assert_int_equal(strlen(text), TICKET_BYTES - 1);
    assert_int_equal(ticket_count(t), 1);
    assert_int_equal(take(t, text, 1000, &user_id), ERR_OK);
    assert_int_equal(user_id, 42);
    assert_int_equal(take(t, text, 1000, &user_id), ERR_UNAUTHENTICATED);
    assert_int_equal(ticket_count(t), 0);
    ticket_table_free(t);
}

static void a_ticket_lives_thirty_seconds(void **state)
{
    (void)state;
    struct ticket_table *t = ticket_table_create(4);
    char in_time[TICKET_BYTES];
    char late[TICKET_BYTES];
    int64_t user_id = -1;
    assert_int_equal(issue(t, 1, 5, in_time), ERR_OK);
    assert_int_equal(issue(t, 2, 5, late), ERR_OK);
    assert_int_equal(take(t, in_time, 5 + TICKET_TTL_MS - 1, &user_id), ERR_OK);
    assert_int_equal(user_id, 1);
    assert_int_equal(take(t, late, 5 + TICKET_TTL_MS, &user_id), ERR_UNAUTHENTICATED);
    assert_int_equal(user_id, 1);
    assert_int_equal(ticket_count(t), 0); /* shown too late, it is gone too */
    ticket_table_free(t);
}

static void the_table_is_bounded_and_expired_ones_are_reused(void **state)
{
    (void)state;
    struct ticket_table *t = ticket_table_create(3);
    char texts[3][TICKET_BYTES];
    char more[TICKET_BYTES];
    int64_t user_id = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(issue(t, i + 1, i * 1000, texts[i]), ERR_OK);
    assert_int_equal(issue(t, 9, 3000, more), ERR_BUSY);

    /* One is used in the middle of the list: room for one. */
    assert_int_equal(take(t, texts[1], 3000, &user_id), ERR_OK);
    assert_int_equal(user_id, 2);
    assert_int_equal(issue(t, 4, 3000, texts[1]), ERR_OK);
    assert_int_equal(issue(t, 9, TICKET_TTL_MS - 1, more), ERR_BUSY);

    /* The oldest expires: its slot is reused, and its text does not open it. */
    assert_int_equal(issue(t, 5, TICKET_TTL_MS, more), ERR_OK);
    assert_int_equal(take(t, texts[0], TICKET_TTL_MS, &user_id), ERR_UNAUTHENTICATED);
    assert_int_equal(issue(t, 9, TICKET_TTL_MS, texts[0]), ERR_BUSY);
    assert_int_equal(take(t, more, TICKET_TTL_MS, &user_id), ERR_OK);
    assert_int_equal(user_id, 5);
    assert_int_equal(take(t, texts[2], TICKET_TTL_MS, &user_id), ERR_OK);
    assert_int_equal(user_id, 3);
    assert_int_equal(take(t, texts[1], TICKET_TTL_MS, &user_id), ERR_OK);
    assert_int_equal(user_id, 4);
    assert_int_equal(ticket_count(t), 0);
    ticket_table_free(t);
}

static void strangers_get_nothing(void **state)
{
    (void)state;
    struct ticket_table *t = ticket_table_create(2);
    char text[TICKET_BYTES];
    int64_t user_id = 0;

    /* A slot that was never used, or was used, holds zeros: guessing them is no ticket. */
    unsigned char zeros[18] = {0};
    char zero_text[TICKET_BYTES];
    base64url_encode(zeros, sizeof zeros, zero_text);
    assert_int_equal(take(t, zero_text, 0, &user_id), ERR_UNAUTHENTICATED);
    assert_int_equal(issue(t, 1, 0, text), ERR_OK);
    assert_int_equal(take(t, text, 0, &user_id), ERR_OK);
    assert_int_equal(take(t, zero_text, 0, &user_id), ERR_UNAUTHENTICATED);

    assert_int_equal(issue(t, 1, 0, text), ERR_OK);
    for (size_t i = 0; i < TICKET_BYTES - 1; i++)
        for (int bit = 0; bit < 8; bit++) {
            char copy[TICKET_BYTES];
            memcpy(copy, text, sizeof copy);
            copy[i] = (char)(copy[i] ^ 1 << bit);
            assert_int_equal(take_text(t, copy, TICKET_BYTES - 1, 0, &user_id), ERR_UNAUTHENTICATED);
        }
    for (size_t len = 0; len < TICKET_BYTES - 1; len++)
        assert_int_equal(take_text(t, text, len, 0, &user_id), ERR_UNAUTHENTICATED);
    assert_int_equal(take_text(t, text, TICKET_BYTES, 0, &user_id), ERR_UNAUTHENTICATED);
    char longer[TICKET_BYTES + 4];
    snprintf(longer, sizeof longer, "%sAAAA", text);
    assert_int_equal(take(t, longer, 0, &user_id), ERR_UNAUTHENTICATED);

    assert_int_equal(take(t, text, 0, &user_id), ERR_OK); /* none of it used the ticket up */
    ticket_table_free(t);
}

static void the_whole_table_can_be_filled_many_times(void **state)
{
    (void)state;
    static char texts[TICKETS_MAX][TICKET_BYTES];
    struct ticket_table *t = ticket_table_create(TICKETS_MAX);
    int64_t now_ms = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < TICKETS_MAX; i++)
            assert_int_equal(issue(t, i + 1, now_ms, texts[i]), ERR_OK);
        char more[TICKET_BYTES];
        assert_int_equal(issue(t, 1, now_ms, more), ERR_BUSY);
        if (round == 1) { /* some rounds are used, some are left to expire */
            for (int i = TICKETS_MAX - 1; i >= 0; i--) {
                int64_t user_id = 0;
                assert_int_equal(take(t, texts[i], now_ms, &user_id), ERR_OK);
                assert_int_equal(user_id, i + 1);
            }
            assert_int_equal(ticket_count(t), 0);
        }
        now_ms += TICKET_TTL_MS;
    }
    ticket_table_free(t);
}

/* A jti of a foreign site may be long; without memory for it the ticket is used up all the same. */
static void a_long_token_comes_back_whole(void **state)
{
    (void)state;
    struct ticket_table *t = ticket_table_create(2);
    struct arena *arena = arena_create(64, 4096);
    struct arena *small = arena_create(64, 64);
    char jti[4 * TOKEN_CLAIM_CHARS_MAX + 1];
    char text[TICKET_BYTES];
    struct ticket_token got = {0};
    memset(jti, 'j', sizeof jti - 1);
    jti[sizeof jti - 1] = '\0';
    struct ticket_token token = {.user_id = INT64_MAX, .jti = jti, .issued_ms = 1, .expires_ms = INT64_MAX};
    assert_int_equal(ticket_issue(t, &token, 0, text), ERR_OK);
    assert_int_equal(ticket_take(t, text, strlen(text), 0, arena, &got), ERR_OK);
    assert_string_equal(got.jti, jti);
    assert_ptr_not_equal(got.jti, jti);
    assert_true(got.user_id == INT64_MAX && got.issued_ms == 1 && got.expires_ms == INT64_MAX);
    assert_int_equal(ticket_issue(t, &token, 0, text), ERR_OK);
    assert_int_equal(ticket_take(t, text, strlen(text), 0, small, &got), ERR_NO_MEMORY);
    assert_int_equal(ticket_take(t, text, strlen(text), 0, arena, &got), ERR_UNAUTHENTICATED);
    assert_int_equal(ticket_count(t), 0);
    assert_int_equal(ticket_issue(t, &token, 0, text), ERR_OK); /* outstanding when the table goes */
    arena_free(small);
    arena_free(arena);
    ticket_table_free(t);
}

#define THREADS 4
#define PER_THREAD 2000

struct race {
    struct ticket_table *table;
    char text[TICKET_BYTES]; /* the one that all of them want */
    atomic_int winners;
};

static void *race_run(void *argument)
{
    struct race *r = argument;
    int64_t user_id = 0;
    if (take(r->table, r->text, 0, &user_id) == ERR_OK)
        atomic_fetch_add(&r->winners, 1);
    for (int i = 0; i < PER_THREAD; i++) {
        char text[TICKET_BYTES];
        if (issue(r->table, i + 1, 0, text) != ERR_OK || take(r->table, text, 0, &user_id) != ERR_OK ||
            user_id != i + 1)
            return argument;
    }
    return NULL;
}

static void one_of_many_threads_wins(void **state)
{
    (void)state;
    struct race r = {.table = ticket_table_create(THREADS + 1)};
    pthread_t threads[THREADS];
    assert_int_equal(issue(r.table, 7, 0, r.text), ERR_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, &r), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&r.winners), 1);
    assert_int_equal(ticket_count(r.table), 0);
    ticket_table_free(r.table);
    ticket_table_free(NULL);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_works_once),
        cmocka_unit_test(a_ticket_lives_thirty_seconds),
        cmocka_unit_test(the_table_is_bounded_and_expired_ones_are_reused),
        cmocka_unit_test(strangers_get_nothing),
        cmocka_unit_test(the_whole_table_can_be_filled_many_times),
        cmocka_unit_test(a_long_token_comes_back_whole),
        cmocka_unit_test(one_of_many_threads_wins),
    };
    return cmocka_run_group_tests_name("ticket", tests, NULL, NULL);
}
