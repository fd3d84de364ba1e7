/* What push decides without a network: targets, quiet hours, fates, waits, and who has heard already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/push_rules.h"
#include "api/push_target.h"
#include "base/limits.h"
#include "db/reach.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)

/* ---- targets ----------------------------------------------------------------------------------------------------- */

static void endpoints_of_push_services(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint;
        const char *host;
        const char *origin;
    } good[] = {
        {"https://fcm.googleapis.com/fcm/send/abc:DEF-1_2", "fcm.googleapis.com", "https://fcm.googleapis.com"},
        {"https://Updates.Push.Services.Mozilla.com:443/wpush/v2/x", "updates.push.services.mozilla.com",
         "https://updates.push.services.mozilla.com"},
        {"https://web.push.apple.com/QA%20?x=1&y=~", "web.push.apple.com", "https://web.push.apple.com"},
        {"https://a-1.example", "a-1.example", "https://a-1.example"},
    };
    struct push_target t;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(push_target_parse(good[i].endpoint, false, &t, NULL), ERR_OK);
        assert_string_equal(t.host, good[i].host);
        assert_string_equal(t.origin, good[i].origin);
        assert_int_equal(t.port, 443);
    }
    assert_int_equal(push_target_parse("https://[::1]:8443/x", true, &t, NULL), ERR_OK);
    assert_string_equal(t.host, "[::1]");
    assert_string_equal(t.origin, "https://[::1]:8443");
}

static void what_is_no_endpoint(void **state)
{
    (void)state;
    static const char *const never[] = {
        "",
        "https://",
        "https:///x",
        "http://push.example/x",
        "HTTPS://push.example/x",
        "//push.example/x",
        "https:/push.example/x",
        "https://user@push.example/x",
        "https://user:pass@push.example/x",
        "https://push.example:/x",
        "https://push.example:0/x",
        "https://push.example:65536/x",
        "https://push.example:443443443/x",
        "https://push.example:443@evil.example/",
        "https://push.example\\@localhost/",
        "https://push.example#@localhost/",
        "https://push.example?x",
        "https://push.example /x",
        "https://push.example/a b",
        "https://push.example/a\nb",
        "https://push.example/\xc3\xa4",
        "https://p\xc3\xbcsh.example/x",
        "https://push_1.example/x",
        "https://[::1/x",
        "https://[]/x",
        "https://push%2eexample/x",
        "https://push.example/x#y",
    };
    static const char *const strictly[] = {
        "https://localhost/x",       "https://LOCALHOST/x",
        "https://a.localhost/x",     "https://localhost./x",
        "https://intranet/x",        "https://printer.local/x",
        "https://127.0.0.1/x",       "https://127.1/x",
        "https://2130706433/x",      "https://0x7f000001/x",
        "https://a.0x7f/x",          "https://0177.0.0.1/x",
        "https://8.8.8.8/x",         "https://[::1]/x",
        "https://[2a00::1]/x",       "https://push.example:8443/x",
        "https://push.example:80/x", "https://db.internal/x",
        "https://.example/x",        "https://a..example/x",
        "https://-a.example/x",      "https://metadata.google.internal/x",
    };
    struct push_target t;
    struct problem problem;
    for (size_t i = 0; i < COUNT(never); i++) {
        if (push_target_parse(never[i], true, &t, &problem) != ERR_INVALID)
            fail_msg("taken: %s", never[i]);
        assert_true(strlen(problem.detail) > 20);
    }
    for (size_t i = 0; i < COUNT(strictly); i++)
        if (push_target_parse(strictly[i], false, &t, &problem) != ERR_INVALID)
            fail_msg("taken: %s", strictly[i]);
    char longest[PUSH_ENDPOINT_BYTES_MAX + 2];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "https://push.example/", 21);
    longest[PUSH_ENDPOINT_BYTES_MAX + 1] = '\0';
    assert_int_equal(push_target_parse(longest, false, &t, NULL), ERR_INVALID);
    longest[PUSH_ENDPOINT_BYTES_MAX] = '\0';
    assert_int_equal(push_target_parse(longest, false, &t, NULL), ERR_OK);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const inside[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.1.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:0a00:0001::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    };
    static const char *const outside[] = {
        "1.1.1.1",         "8.8.8.8",           "9.255.255.255",  "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",       "172.15.255.255", "172.32.0.0",
        "192.167.0.1",     "192.169.0.1",       "198.17.0.1",     "198.20.0.1",
        "223.255.255.255", "2a00:1450:4001::1", "2606:4700::1",   "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
    };
    struct cidr_address a;
    for (size_t i = 0; i < COUNT(inside); i++) {
        assert_true(cidr_address_parse(inside[i], strlen(inside[i]), &a));
        if (push_target_is_public(&a))
            fail_msg("public: %s", inside[i]);
    }
    for (size_t i = 0; i < COUNT(outside); i++) {
        assert_true(cidr_address_parse(outside[i], strlen(outside[i]), &a));
        if (!push_target_is_public(&a))
            fail_msg("not public: %s", outside[i]);
    }
}

/* ---- times ------------------------------------------------------------------------------------------------------- */

static void quiet_hours(void **state)
{
    (void)state;
    static const struct {
        int64_t from_min, to_min, zone_min, now_min, until_min;
    } cases[] = {
        {22 * 60, 7 * 60, 0, 21 * 60 + 59, 21 * 60 + 59}, /* not yet */
        {22 * 60, 7 * 60, 0, 22 * 60, 31 * 60},           /* over midnight */
        {22 * 60, 7 * 60, 0, 30 * 60, 31 * 60},           /* and the next morning */
        {22 * 60, 7 * 60, 0, 31 * 60, 31 * 60},           /* over */
        {13 * 60, 15 * 60, 0, 14 * 60, 15 * 60},          /* a nap */
        {13 * 60, 15 * 60, 0, 12 * 60, 12 * 60},          /* before it */
        {22 * 60, 7 * 60, -300, 26 * 60, 26 * 60},        /* 21:00 in New York */
        {22 * 60, 7 * 60, -300, 27 * 60, 36 * 60},        /* 22:00 there */
        {22 * 60, 7 * 60, 330, 17 * 60, 25 * 60 + 30},    /* 22:30 in Delhi, until 7:00: 1:30 UTC */
        {0, 0, 0, 5 * 60, 5 * 60},                        /* no time at all */
        {0, 24 * 60 - 1, 0, 5 * 60, 24 * 60 - 1},         /* nearly all day */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct push_wishes w = {
            .quiet = true, .from_min = cases[i].from_min, .to_min = cases[i].to_min, .zone_min = cases[i].zone_min};
        const int64_t midnight_ms = INT64_C(20000) * 24 * HOUR_MS;
        int64_t until_ms = push_rules_quiet_until(&w, midnight_ms + cases[i].now_min * MINUTE_MS);
        assert_int_equal((until_ms - midnight_ms) / MINUTE_MS, cases[i].until_min);
    }
    const struct push_wishes none = {.from_min = 0, .to_min = 1439};
    assert_int_equal(push_rules_quiet_until(&none, 12345), 12345);
}

static void fates(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum push_fate fate;
    } cases[] = {
        {200, PUSH_TAKEN},   {201, PUSH_TAKEN},   {202, PUSH_TAKEN},   {204, PUSH_TAKEN},   {301, PUSH_REFUSED},
        {307, PUSH_REFUSED}, {400, PUSH_REFUSED}, {401, PUSH_REFUSED}, {403, PUSH_REFUSED}, {404, PUSH_GONE},
        {408, PUSH_LATER},   {410, PUSH_GONE},    {413, PUSH_REFUSED}, {425, PUSH_LATER},   {429, PUSH_LATER},
        {500, PUSH_LATER},   {503, PUSH_LATER},   {599, PUSH_LATER},   {0, PUSH_LATER},     {100, PUSH_REFUSED},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(push_rules_fate(cases[i].status), cases[i].fate);
}

static void waits(void **state)
{
    (void)state;
    int64_t full_ms = PUSH_AGAIN_MS;
    for (int64_t tries = 1; tries < 40; tries++) {
        assert_in_range(push_rules_wait_ms(tries, 0, 0), full_ms / 2, full_ms / 2);
        for (uint32_t random = 1; random < 2000000; random += 99991)
            assert_in_range(push_rules_wait_ms(tries, 0, random), full_ms / 2, full_ms);
        full_ms = full_ms * 2 < PUSH_AGAIN_MAX_MS ? full_ms * 2 : PUSH_AGAIN_MAX_MS;
    }
    assert_int_equal(push_rules_wait_ms(1, 300, 0), 300000);
    assert_int_equal(push_rules_wait_ms(1, 1, 0), PUSH_AGAIN_MS / 2);
    assert_int_equal(push_rules_wait_ms(1, INT64_MAX, 0), PUSH_RETRY_AFTER_MAX_S * INT64_C(1000));
}

/* ---- who has heard ----------------------------------------------------------------------------------------------- */

static enum reach_state ask(struct reach *r, int64_t user, int64_t team, int64_t seq, int64_t told_ms, int64_t now_ms)
{
    const struct reach_question q = {
        .user_id = user, .team_id = team, .seq = seq, .told_ms = told_ms, .now_ms = now_ms};
    return reach_of(r, &q);
}

static void polls_and_sockets_are_heard(void **state)
{
    (void)state;
    struct reach *r = reach_create();
    assert_int_equal(ask(r, 7, 2, 10, 0, 0), REACH_AWAY);
    reach_polled(r, 7, 2, 9, 100);
    assert_int_equal(ask(r, 7, 2, 9, 50, 60), REACH_TOLD);
    assert_int_equal(ask(r, 7, 2, 10, 50, 60), REACH_HERE);
    assert_int_equal(ask(r, 7, 2, 10, 50, 100), REACH_AWAY);
    assert_int_equal(ask(r, 7, 3, 9, 50, 60), REACH_AWAY); /* another team's */
    assert_int_equal(ask(r, 7, 0, 9, 50, 60), REACH_TOLD); /* to everybody */
    assert_int_equal(ask(r, 8, 2, 9, 50, 60), REACH_AWAY);
    reach_polled(r, 7, 2, 5, 90); /* an older answer takes nothing back */
    assert_int_equal(ask(r, 7, 2, 9, 50, 95), REACH_TOLD);
    assert_int_equal(ask(r, 7, 2, 10, 50, 95), REACH_HERE);
    reach_heard(r, 7, 2, 120, 160);
    assert_int_equal(ask(r, 7, 2, 10, 120, 130), REACH_TOLD);
    assert_int_equal(ask(r, 7, 2, 10, 121, 130), REACH_HERE);
    reach_left(r, 7);
    assert_int_equal(ask(r, 7, 2, 10, 121, 130), REACH_AWAY);
    assert_int_equal(ask(r, 7, 2, 9, 121, 130), REACH_TOLD);
    reach_polled(r, 7, 3, 20, 200); /* what is known of one team is not said of another */
    assert_int_equal(ask(r, 7, 2, 9, 121, 130), REACH_AWAY);
    reach_polled(r, 7 + REACH_SLOTS, 3, 20, 200); /* who has the same place */
    assert_int_equal(ask(r, 7, 3, 20, 500, 130), REACH_AWAY);
    reach_left(r, 7);
    assert_int_equal(ask(r, 7 + REACH_SLOTS, 3, 21, 500, 130), REACH_HERE);
    reach_expected(r, 7, 3, 300);
    assert_int_equal(ask(r, 7, 3, 1, 0, 299), REACH_HERE);
    reach_heard(NULL, 7, 2, 1, 1);
    reach_expected(NULL, 7, 2, 1);
    reach_free(r);
    reach_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_of_push_services),
        cmocka_unit_test(what_is_no_endpoint),
        cmocka_unit_test(addresses),
        cmocka_unit_test(quiet_hours),
        cmocka_unit_test(fates),
        cmocka_unit_test(waits),
        cmocka_unit_test(polls_and_sockets_are_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
