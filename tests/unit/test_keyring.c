/*
 * Keyrings: which key signs and verifies, whom a token speaks for, loading from a database, swapping under load.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <unistd.h>

#include "api/keyring.h"
#include "base/limits.h"
#include "db/migrate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define DAY_MS INT64_C(86400000)

static const struct keyring_expect expect = {.issuer = "porchlight", .audience = "porchlight", .now_ms = NOW_MS};

static struct token_claims claims_of(const char *sub, const char *role)
{
    return (struct token_claims){.sub = sub,
                                 .role = role,
                                 .jti = "a",
                                 .iss = "porchlight",
                                 .aud = "porchlight",
                                 .iat_ms = NOW_MS - 1000,
                                 .exp_ms = NOW_MS + 1000};
}

static struct keyring *ring_of(const struct signing_key *own, size_t own_count, const char *const *foreign,
                               size_t foreign_count)
{
    struct keyring *ring = NULL;
    struct problem problem = {.err = ERR_OK};
    if (keyring_create(own, own_count, foreign, foreign_count, &ring, &problem) != ERR_OK)
        fail_msg("%s", problem.detail);
    return ring;
}

static enum token_fault verify(const struct keyring *ring, const char *token, struct arena *arena,
                               struct keyring_verdict *out)
{
    return keyring_verify(ring, &expect, token, strlen(token), arena, out);
}

static void a_member_s_token(void **state)
{
    struct arena *arena = *state;
    struct signing_key key;
    keyring_key_new(&key, NOW_MS);
    struct keyring *ring = ring_of(&key, 1, NULL, 0);
    struct token_claims claims = claims_of("42", "coach");
    struct keyring_verdict v;
    const char *token = NULL;
    assert_true(keyring_can_sign(ring));
    assert_int_equal(keyring_sign(ring, &claims, arena, &token), ERR_OK);
    assert_int_equal(verify(ring, token, arena, &v), TOKEN_OK);
    assert_int_equal(v.subject, KEYRING_USER);
    assert_int_equal(v.user_id, 42);
    assert_null(v.name);
    assert_false(v.foreign);
    assert_string_equal(v.kid, key.kid);
    assert_string_equal(v.claims.role, "coach");
    keyring_unref(ring);
}

static void sub_and_role_must_fit_together(void **state)
{
    struct arena *arena = *state;
    static const struct {
        const char *sub;
        const char *role;
        enum keyring_subject subject; /* 0: refused */
    } table[] = {
        {"1", "member", KEYRING_USER},
        {"9223372036854775807", "admin", KEYRING_USER},
        {"service:digest-bot", "service", KEYRING_SERVICE},
        {"service:digest-bot", "admin", 0},
        {"42", "service", 0},
        {"service:", "service", 0},
        {"service:a b", "service", 0},
        {"service:a/b", "service", 0},
        {"Service:a", "service", 0},
        {"42", "root", 0},
        {"42", "Admin", 0},
        {"42", NULL, 0},
        {"0", "member", 0},
        {"-1", "member", 0},
        {"042", "member", 0},
        {"42 ", "member", 0},
        {"9223372036854775808", "member", 0},
        {"anna@example.org", "member", 0},
    };
    struct signing_key key;
    keyring_key_new(&key, NOW_MS);
    struct keyring *ring = ring_of(&key, 1, NULL, 0);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct token_claims claims = claims_of(table[i].sub, table[i].role);
        struct keyring_verdict v = {.user_id = -7};
        const char *token = NULL;
        assert_int_equal(keyring_sign(ring, &claims, arena, &token), ERR_OK);
        assert_int_equal(verify(ring, token, arena, &v), table[i].subject ? TOKEN_OK : TOKEN_CLAIMS);
        if (table[i].subject)
            assert_int_equal(v.subject, table[i].subject);
        else
            assert_int_equal(v.user_id, -7);
        if (table[i].subject == KEYRING_SERVICE)
            assert_string_equal(v.name, "digest-bot");
    }
    keyring_unref(ring);
}

static void a_foreign_site_signs_its_members_in(void **state)
{
    struct arena *arena = *state;
    struct signing_key own;
    struct signing_key theirs;
    char text[PASERK_PUBLIC_BYTES];
    keyring_key_new(&own, NOW_MS);
    keyring_key_new(&theirs, NOW_MS);
    paserk_public(theirs.public_key, text);
    const char *const foreign[] = {text, text}; /* named twice by mistake */
    struct keyring *ring = ring_of(&own, 1, foreign, 2);
    struct keyring *there = ring_of(&theirs, 1, NULL, 0);

    /* Whatever it claims to be: the id of our administrator, a service, a role. */
    static const char *const subs[] = {"1", "service:evil", "anna@example.org"};
    for (size_t i = 0; i < COUNT(subs); i++) {
        struct token_claims claims = claims_of(subs[i], i == 1 ? "service" : "admin");
        struct keyring_verdict v;
        const char *token = NULL;
        assert_int_equal(keyring_sign(there, &claims, arena, &token), ERR_OK);
        assert_int_equal(verify(ring, token, arena, &v), TOKEN_OK);
        assert_int_equal(v.subject, KEYRING_EXTERNAL);
        assert_true(v.foreign);
        assert_int_equal(v.user_id, 0);
        assert_string_equal(v.name, subs[i]);
    }

    struct token_claims claims = claims_of("42", "member");
    struct keyring_verdict v;
    const char *token = NULL;
    assert_int_equal(keyring_sign(ring, &claims, arena, &token), ERR_OK);
    assert_int_equal(verify(there, token, arena, &v), TOKEN_KEY); /* trust goes one way */
    claims.iss = "somebody-else";
    assert_int_equal(keyring_sign(there, &claims, arena, &token), ERR_OK);
    assert_int_equal(verify(ring, token, arena, &v), TOKEN_ISSUER);
    keyring_unref(ring);
    keyring_unref(there);
}

static void the_newest_key_signs_and_retired_ones_verify_for_a_time(void **state)
{
    struct arena *arena = *state;
    struct signing_key keys[3];
    const char *tokens[3];
    struct token_claims claims = claims_of("42", "member");
    claims.exp_ms = NOW_MS + 1000 * DAY_MS;
    for (size_t i = 0; i < COUNT(keys); i++) {
        keyring_key_new(&keys[i], NOW_MS);
        struct keyring *alone = ring_of(&keys[i], 1, NULL, 0);
        assert_int_equal(keyring_sign(alone, &claims, arena, &tokens[i]), ERR_OK);
        keyring_unref(alone);
    }
    const int64_t ttl_max_ms = (int64_t)TOKEN_TTL_MAX_S * 1000;
    keys[1].retired_ms = NOW_MS - ttl_max_ms;
    keys[2].retired_ms = NOW_MS - ttl_max_ms - 1;
    memset(keys[1].secret_key, 0, sizeof keys[1].secret_key);
    memset(keys[2].secret_key, 0, sizeof keys[2].secret_key);

    struct keyring *ring = ring_of(keys, COUNT(keys), NULL, 0);
    struct keyring_verdict v;
    const char *token = NULL;
    assert_int_equal(verify(ring, tokens[0], arena, &v), TOKEN_OK);
    assert_int_equal(verify(ring, tokens[1], arena, &v), TOKEN_OK);
    assert_int_equal(verify(ring, tokens[2], arena, &v), TOKEN_KEY);
    assert_int_equal(keyring_sign(ring, &claims, arena, &token), ERR_OK);
    assert_int_equal(verify(ring, token, arena, &v), TOKEN_OK);
    assert_string_equal(v.kid, keys[0].kid);
    keyring_unref(ring);

    ring = ring_of(&keys[1], 1, NULL, 0);
    assert_false(keyring_can_sign(ring));
    assert_int_equal(keyring_sign(ring, &claims, arena, &token), ERR_NOT_FOUND);
    keyring_unref(ring);
    ring = ring_of(NULL, 0, NULL, 0);
    assert_int_equal(verify(ring, tokens[0], arena, &v), TOKEN_KEY);
    keyring_unref(ring);
}

static void damaged_own_keys_are_refused(void **state)
{
    (void)state;
    struct signing_key good;
    struct signing_key other;
    keyring_key_new(&good, NOW_MS);
    keyring_key_new(&other, NOW_MS);
    struct keyring *ring = NULL;
    struct problem problem;
    struct signing_key bad[4] = {good, good, good, good};
    bad[0].kid[10] = (char)(bad[0].kid[10] ^ 1);
    memcpy(bad[1].secret_key, other.secret_key, sizeof other.secret_key);
    bad[2].secret_key[0] = (unsigned char)(bad[2].secret_key[0] ^ 1); /* the seed no longer gives the public half */
    memset(bad[3].public_key, 0, sizeof bad[3].public_key);
    paserk_pid(bad[3].public_key, bad[3].kid);
    bad[3].retired_ms = NOW_MS; /* so that its secret half is not looked at */
    for (size_t i = 0; i < COUNT(bad); i++) {
        problem = (struct problem){.err = ERR_OK};
        assert_int_equal(keyring_create(&bad[i], 1, NULL, 0, &ring, &problem), ERR_INTERNAL);
        assert_non_null(strstr(problem.detail, "damaged"));
    }
    const struct signing_key twice[] = {good, good};
    assert_int_equal(keyring_create(twice, 2, NULL, 0, &ring, NULL), ERR_INTERNAL);
    assert_null(ring);
}

static void bad_foreign_keys_are_refused(void **state)
{
    (void)state;
    struct signing_key own;
    char own_text[PASERK_PUBLIC_BYTES];
    char many[TRUSTED_KEYS_MAX + 1][PASERK_PUBLIC_BYTES];
    const char *list[TRUSTED_KEYS_MAX + 1];
    struct keyring *ring = NULL;
    keyring_key_new(&own, NOW_MS);
    paserk_public(own.public_key, own_text);
    const char *const bad[] = {
        "",
        "k4.public.",
        "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs",
        "k4.public.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* a point of order 4: anybody could sign */
        own_text,                                                /* would turn user ids into external ids */
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct problem problem = {.err = ERR_OK};
        assert_int_equal(keyring_create(&own, 1, &bad[i], 1, &ring, &problem), ERR_INVALID);
        assert_true(strlen(problem.detail) > 20);
    }

    for (size_t i = 0; i < COUNT(many); i++) {
        struct signing_key key;
        keyring_key_new(&key, NOW_MS);
        paserk_public(key.public_key, many[i]);
        list[i] = many[i];
    }
    assert_int_equal(keyring_create(&own, 1, list, TRUSTED_KEYS_MAX + 1, &ring, NULL), ERR_INVALID);
    assert_null(ring);
    assert_int_equal(keyring_create(&own, 1, list, TRUSTED_KEYS_MAX, &ring, NULL), ERR_OK);
    keyring_unref(ring);
}

static void service_names(void **state)
{
    (void)state;
    assert_true(keyring_service_name("digest-bot_2.0"));
    assert_false(keyring_service_name(""));
    assert_false(keyring_service_name("a b"));
    assert_false(keyring_service_name("\xc3\xa4"));
    assert_true(keyring_service_name("123456789012345678901234567890123456789012345678901234567890"));
    assert_false(keyring_service_name("1234567890123456789012345678901234567890123456789012345678901"));
}

static void wiping(void **state)
{
    (void)state;
    struct signing_key key;
    keyring_key_new(&key, NOW_MS);
    assert_int_equal(key.created_ms, NOW_MS);
    assert_false(sodium_is_zero(key.secret_key, sizeof key.secret_key));
    keyring_key_wipe(&key);
    assert_true(sodium_is_zero(key.secret_key, sizeof key.secret_key));
}

/* ---- from a database --------------------------------------------------------------------------------------------- */

static void add_key(struct db *db, struct arena *arena, const struct signing_key *key)
{
    struct tx tx = {.db = db, .now_ms = key->created_ms, .arena = arena};
    assert_int_equal(db_begin(db), ERR_OK);
    assert_int_equal(access_key_add(&tx, key), ERR_OK);
    assert_int_equal(db_commit(db), ERR_OK);
    free(tx.changes);
}

static void keys_are_loaded_from_a_database(void **state)
{
    struct arena *arena = *state;
    char folder[] = "/tmp/porchlight-keyring-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(arena, "%s/test.db", folder);
    const struct db_options options = {.path = path, .create = true};
    struct clock clock = {.offset_ms = 0};
    struct migrate_report report;
    struct problem problem = {.err = ERR_OK};
    struct db *db = NULL;
    assert_int_equal(db_open(&options, &db), ERR_OK);
    assert_int_equal(migrate_run(db, migrations_community, &clock, &report, &problem), ERR_OK);

    struct keyring *ring = NULL;
    assert_int_equal(keyring_load(db, NULL, 0, &ring, &problem), ERR_OK);
    assert_false(keyring_can_sign(ring));
    keyring_unref(ring);

    struct signing_key first;
    struct signing_key second;
    struct keyring_verdict v;
    struct token_claims claims = claims_of("42", "member");
    const char *old_token = NULL;
    const char *new_token = NULL;
    keyring_key_new(&first, NOW_MS - 2000);
    keyring_key_new(&second, NOW_MS - 1000);
    add_key(db, arena, &first);
    assert_int_equal(keyring_load(db, NULL, 0, &ring, &problem), ERR_OK);
    assert_int_equal(keyring_sign(ring, &claims, arena, &old_token), ERR_OK);
    keyring_unref(ring);

    add_key(db, arena, &second);
    assert_int_equal(keyring_load(db, NULL, 0, &ring, &problem), ERR_OK);
    assert_int_equal(keyring_sign(ring, &claims, arena, &new_token), ERR_OK);
    assert_int_equal(verify(ring, old_token, arena, &v), TOKEN_OK);
    assert_string_equal(v.kid, first.kid);
    assert_int_equal(verify(ring, new_token, arena, &v), TOKEN_OK);
    assert_string_equal(v.kid, second.kid);
    keyring_unref(ring);

    const char *const foreign[] = {"nonsense"};
    assert_int_equal(keyring_load(db, foreign, 1, &ring, &problem), ERR_INVALID);
    db_close(db);
    assert_int_equal(system(arena_printf(arena, "rm -r '%s'", folder)), 0);
}

/* ---- the holder -------------------------------------------------------------------------------------------------- */

struct swapping {
    struct keyring_holder holder;
    const char *token;
    atomic_bool stop;
};

static void *swapping_read(void *argument)
{
    struct swapping *s = argument;
    size_t bad = 0;
    while (!atomic_load(&s->stop)) {
        struct arena *arena = arena_create(4096, 65536);
        struct keyring *ring = keyring_holder_get(&s->holder);
        struct keyring_verdict v;
        bad += !arena || !ring || verify(ring, s->token, arena, &v) != TOKEN_OK;
        keyring_unref(ring);
        arena_free(arena);
    }
    return bad ? argument : NULL;
}

static void a_keyring_can_be_swapped_while_it_is_used(void **state)
{
    struct arena *arena = *state;
    struct swapping s;
    struct signing_key key;
    struct token_claims claims = claims_of("42", "member");
    pthread_t threads[3];
    keyring_key_new(&key, NOW_MS);
    keyring_holder_init(&s.holder);
    atomic_init(&s.stop, false);
    assert_null(keyring_holder_get(&s.holder));
    struct keyring *ring = ring_of(&key, 1, NULL, 0);
    assert_int_equal(keyring_sign(ring, &claims, arena, &s.token), ERR_OK);
    keyring_holder_swap_take(&s.holder, ring);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, swapping_read, &s), 0);
    for (int i = 0; i < 300; i++)
        keyring_holder_swap_take(&s.holder, ring_of(&key, 1, NULL, 0));
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }

    struct keyring *kept = keyring_holder_get(&s.holder);
    keyring_holder_clear(&s.holder);
    struct keyring_verdict v;
    assert_int_equal(verify(kept, s.token, arena, &v), TOKEN_OK); /* a reference outlives the holder */
    keyring_unref(kept);
    keyring_unref(NULL);
}

static int setup(void **state)
{
    *state = arena_create(4096, 1 << 20);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_member_s_token, setup, teardown),
        cmocka_unit_test_setup_teardown(sub_and_role_must_fit_together, setup, teardown),
        cmocka_unit_test_setup_teardown(a_foreign_site_signs_its_members_in, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_key_signs_and_retired_ones_verify_for_a_time, setup, teardown),
        cmocka_unit_test(damaged_own_keys_are_refused),
        cmocka_unit_test(bad_foreign_keys_are_refused),
        cmocka_unit_test(service_names),
        cmocka_unit_test(wiping),
        cmocka_unit_test_setup_teardown(keys_are_loaded_from_a_database, setup, teardown),
        cmocka_unit_test_setup_teardown(a_keyring_can_be_swapped_while_it_is_used, setup, teardown),
    };
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
