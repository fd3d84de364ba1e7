/*
 * api/auth_check.c: a token is verified, and asked about again, without a request: what a thread with a connection of
 * its own needs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/app.h"
#include "api/auth.h"
#include "db_fixture.h"

#define HOUR_MS INT64_C(3600000)

static const char jti[] = "one-token";

struct scene {
    struct fixture *f;
    struct signing_key key;
    struct options options;
    struct log log;
    struct app app;
    struct problem problem;
    struct auth_check check;
    int64_t team;
    int64_t member;
    int64_t foreign; /* who has an external id */
};

static int setup(void **state)
{
    static struct scene s;
    void *fixture;
    assert_int_equal(fixture_setup(&fixture), 0);
    s = (struct scene){.f = fixture};
    s.options = (struct options){.issuer = "porchlight", .audience = "porchlight"};
    s.log = (struct log){.fd = -1, .level = LOG_ERROR};
    s.app.options = &s.options;
    s.app.log = &s.log;
    keyring_holder_init(&s.app.keyrings);
    s.check = (struct auth_check){
        .app = &s.app, .db = s.f->reader, .arena = s.f->arena, .wall_ms = T0, .id = "test", .problem = &s.problem};

    struct tx *tx = fixture_begin(s.f);
    struct user_new foreign = {.username = "otto", .name = "Otto", .external_id = "otto@example.org"};
    s.team = fixture_team(tx, "sarah");
    s.member = fixture_user(tx, "ruth", ROLE_MEMBER);
    assert_int_equal(users_create(tx, &foreign, &s.foreign), ERR_OK);
    assert_int_equal(users_join(tx, s.member, s.team, 0), ERR_OK);
    fixture_commit(s.f);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    void *fixture = s->f;
    keyring_holder_clear(&s->app.keyrings);
    return fixture_teardown(&fixture);
}

/* Our own key, or (foreign) one of a site that we trust. */
static const char *sign(struct scene *s, bool foreign, const char *sub, const char *role)
{
    struct keyring *ring = NULL;
    struct keyring *signer = NULL;
    const char *token = NULL;
    char site[PASERK_PUBLIC_BYTES];
    const char *sites[] = {site};
    struct token_claims claims = {.sub = sub,
                                  .role = role,
                                  .jti = jti,
                                  .iss = "porchlight",
                                  .aud = "porchlight",
                                  .iat_ms = T0 - HOUR_MS,
                                  .exp_ms = T0 + HOUR_MS};
    keyring_key_new(&s->key, T0 - 2 * HOUR_MS);
    paserk_public(s->key.public_key, site);
    assert_int_equal(keyring_create(&s->key, 1, NULL, 0, &signer, NULL), ERR_OK);
    assert_int_equal(keyring_create(foreign ? NULL : &s->key, foreign ? 0 : 1, sites, foreign ? 1 : 0, &ring, NULL),
                     ERR_OK);
    assert_int_equal(keyring_sign(signer, &claims, s->f->arena, &token), ERR_OK);
    keyring_unref(signer);
    keyring_holder_swap_take(&s->app.keyrings, ring);
    return token;
}

static const char *sign_member(struct scene *s)
{
    return sign(s, false, arena_printf(s->f->arena, "%lld", (long long)s->member), "member");
}

static enum err check(struct scene *s, const char *token, struct caller *out)
{
    s->problem = (struct problem){0};
    enum err err = auth_check_token(&s->check, token, strlen(token), out);
    assert_int_equal(s->problem.err, err);
    return err;
}

static enum err again(struct scene *s, const struct caller *before, struct caller *out)
{
    s->problem = (struct problem){0};
    enum err err = auth_check_again(&s->check, before, out);
    assert_int_equal(s->problem.err, err);
    return err;
}

/* 1. A member with role, name, teams, and the token's own times. */
static void a_token_becomes_a_caller(void **state)
{
    struct scene *s = *state;
    struct caller c;
    assert_int_equal(check(s, sign_member(s), &c), ERR_OK);
    assert_int_equal(c.kind, CALLER_MEMBER);
    assert_int_equal(c.user_id, s->member);
    assert_int_equal(c.role, ROLE_MEMBER);
    assert_false(c.appears_offline);
    assert_string_equal(c.name, "ruth");
    assert_string_equal(c.jti, jti);
    assert_int_equal(c.issued_ms, T0 - HOUR_MS);
    assert_int_equal(c.token_expires_ms, T0 + HOUR_MS);
    assert_int_equal(c.teams_count, 1);
    assert_int_equal(c.teams[0], s->team);
    assert_true(caller_in_team(&c, s->team));
    assert_false(caller_leads_team(&c, s->team));
}

/* 2. Asked again, the database's answer of now: from the few facts that an open socket keeps. */
static void asked_again_it_is_as_of_now(void **state)
{
    struct scene *s = *state;
    struct caller c;
    struct caller kept = {.kind = CALLER_MEMBER,
                          .user_id = s->member,
                          .jti = jti,
                          .issued_ms = T0 - HOUR_MS,
                          .token_expires_ms = T0 + HOUR_MS};
    struct tx *tx = fixture_begin(s->f);
    int64_t second = fixture_team(tx, "dave");
    assert_int_equal(users_rename(tx, s->member, "Ruth"), ERR_OK);
    assert_int_equal(users_set_appear_offline(tx, s->member, true), ERR_OK);
    assert_int_equal(users_set_role(tx, s->member, ROLE_ADMIN), ERR_OK);
    assert_int_equal(users_join(tx, s->member, second, T0 + 1), ERR_OK);
    fixture_commit(s->f);
    assert_int_equal(again(s, &kept, &c), ERR_OK);
    assert_string_equal(c.name, "Ruth");
    assert_true(c.appears_offline);
    assert_int_equal(c.role, ROLE_ADMIN);
    assert_int_equal(c.teams_count, 2);
    assert_int_equal(c.teams[1], second);
    assert_string_equal(c.jti, jti);
    assert_ptr_not_equal(c.jti, jti); /* the arena's: what was kept may go */
    assert_int_equal(c.issued_ms, T0 - HOUR_MS);
    assert_int_equal(c.token_expires_ms, T0 + HOUR_MS);

    assert_int_equal(again(s, &c, &c), ERR_OK); /* into itself */
    assert_string_equal(c.name, "Ruth");
    assert_int_equal(c.teams_count, 2);
}

/* 3. What ends a token ends it for both: revoked, disabled, a new password, nobody. */
static void a_token_ends(void **state)
{
    struct scene *s = *state;
    static const char *const ways[] = {"revoked", "disabled", "a new password", "nobody"};
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        struct caller c;
        struct caller out;
        char username[16];
        (void)snprintf(username, sizeof username, "member%zu", way);
        struct tx *tx = fixture_begin(s->f);
        s->member = fixture_user(tx, username, ROLE_MEMBER);
        fixture_commit(s->f);
        const char *token = sign_member(s);
        assert_int_equal(check(s, token, &c), ERR_OK);
        assert_int_equal(again(s, &c, &c), ERR_OK);

        tx = fixture_begin(s->f);
        if (way == 0)
            assert_int_equal(access_revoke(tx, jti, s->member, T0 + HOUR_MS), ERR_OK);
        else if (way == 1)
            assert_int_equal(users_set_disabled(tx, s->member, true), ERR_OK);
        else if (way == 2)
            assert_int_equal(users_set_password(tx, s->member, "x"), ERR_OK);
        else
            c.user_id += 1000;
        fixture_commit(s->f);
        if (way == 1)
            c.issued_ms = T0 + 1; /* also a token from after the door was shut */
        if (way == 2)
            c.issued_ms = T0; /* and one of the very moment: it may have been made before the commit */
        assert_int_equal(again(s, &c, &out), ERR_UNAUTHENTICATED);
        assert_non_null(strstr(problem_detail(&s->problem), "no longer valid"));
        assert_int_equal(check(s, token, &out), way < 3 ? ERR_UNAUTHENTICATED : ERR_OK);

        tx = fixture_begin(s->f); /* the next way has the same jti */
        assert_int_equal(db_run(tx->db, "DELETE FROM revocations", ""), ERR_OK);
        fixture_commit(s->f);
    }
}

/* 4. What does not verify is told apart only where it helps: an end in time. */
static void what_does_not_verify(void **state)
{
    struct scene *s = *state;
    struct caller c = {.user_id = -7};
    char *token = arena_text(s->f->arena, sign_member(s));
    s->check.wall_ms = T0 + HOUR_MS;
    assert_int_equal(check(s, token, &c), ERR_UNAUTHENTICATED);
    assert_non_null(strstr(problem_detail(&s->problem), "expired"));
    s->check.wall_ms = T0;
    assert_int_equal(check(s, token, &c), ERR_OK);
    token[60] = token[60] == 'A' ? 'B' : 'A';
    c.user_id = -7;
    assert_int_equal(check(s, token, &c), ERR_UNAUTHENTICATED);
    assert_int_equal(check(s, "", &c), ERR_UNAUTHENTICATED);
    assert_int_equal(c.user_id, -7);
}

/* 5. A service is known by its name alone; a foreign site's member by the external id, and afterwards by ours. */
static void services_and_foreign_members(void **state)
{
    struct scene *s = *state;
    struct caller c;
    assert_int_equal(check(s, sign(s, false, "service:digest-bot", "service"), &c), ERR_OK);
    assert_int_equal(c.kind, CALLER_SERVICE);
    assert_int_equal(c.user_id, 0);
    assert_int_equal(c.teams_count, 0);
    assert_string_equal(c.name, "digest-bot");
    assert_int_equal(again(s, &c, &c), ERR_OK);
    assert_string_equal(c.name, "digest-bot");
    assert_int_equal(c.kind, CALLER_SERVICE);

    const char *token = sign(s, true, "otto@example.org", NULL);
    assert_int_equal(check(s, token, &c), ERR_OK);
    assert_int_equal(c.user_id, s->foreign);
    assert_int_equal(c.kind, CALLER_MEMBER);
    assert_string_equal(c.name, "Otto");
    assert_int_equal(again(s, &c, &c), ERR_OK);
    assert_int_equal(c.user_id, s->foreign);

    struct tx *tx = fixture_begin(s->f);
    assert_int_equal(access_revoke(tx, jti, 0, T0 + HOUR_MS), ERR_OK);
    fixture_commit(s->f);
    assert_int_equal(again(s, &c, &c), ERR_UNAUTHENTICATED);
    assert_int_equal(check(s, token, &c), ERR_UNAUTHENTICATED);
}

/* 6. Without memory for the answer it is not known, which is no refusal. */
static void no_memory_is_no_refusal(void **state)
{
    struct scene *s = *state;
    struct caller c;
    struct caller out;
    struct arena *small = arena_create(16, 16);
    assert_int_equal(check(s, sign_member(s), &c), ERR_OK);
    s->check.arena = small;
    assert_int_equal(again(s, &c, &out), ERR_NO_MEMORY);
    arena_free(small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_becomes_a_caller), TEST(asked_again_it_is_as_of_now),  TEST(a_token_ends),
        TEST(what_does_not_verify),     TEST(services_and_foreign_members), TEST(no_memory_is_no_refusal),
    };
    return cmocka_run_group_tests_name("auth_check", tests, NULL, NULL);
}
