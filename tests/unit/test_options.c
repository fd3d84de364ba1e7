/*
 * Options: layers and their order, every way to write one, and the sentence for each mistake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "api/options.h"
#include "api/suggest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY "k4.public.hyagVpUsYg9DwUKAsJmw1fVnXBvDcxELAaf-yjt-kxE"

static int setup(void **state)
{
    static struct options options;
    assert_true(sodium_init() >= 0);
    assert_int_equal(options_init(&options), ERR_OK);
    *state = &options;
    return 0;
}

static int teardown(void **state)
{
    options_clear(*state);
    return 0;
}

static enum err config(struct options *o, const char *text, struct problem *problem)
{
    *problem = (struct problem){0};
    return options_apply_config(o, text, strlen(text), "p.conf", problem);
}

static enum err environment(struct options *o, const char *entry, struct problem *problem)
{
    char copy[300];
    (void)snprintf(copy, sizeof copy, "%s", entry);
    char *const list[] = {copy, NULL};
    *problem = (struct problem){0};
    return options_apply_environment(o, list, problem);
}

/* Up to four arguments; NULL ends them. */
static enum err arguments(struct options *o, enum command_id command, const char *const *list, struct problem *problem)
{
    size_t count = 0;
    while (count < 4 && list[count] != NULL)
        count++;
    *problem = (struct problem){0};
    return options_apply_arguments(o, command, count, list, problem);
}

/* What a server that listens like this is called on its own machine, and whether others reach it. */
static void a_listen_address_makes_a_link(void **state)
{
    static const struct {
        const char *listen;
        const char *url;
        bool outside;
    } table[] = {
        {"127.0.0.1:8080", "http://127.0.0.1:8080", false}, {"127.1.2.3:80", "http://127.1.2.3:80", false},
        {"[::1]:9000", "http://[::1]:9000", false},         {"0.0.0.0:8080", "http://localhost:8080", true},
        {"[::]:8080", "http://localhost:8080", true},       {"[0:0:0:0:0:0:0:0]:80", "http://localhost:80", true},
        {"192.0.2.7:80", "http://192.0.2.7:80", true},      {"[2001:db8::7]:80", "http://[2001:db8::7]:80", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct options o = {0};
        struct problem problem = {0};
        const char *const arguments[] = {"--listen", table[i].listen};
        assert_int_equal(options_init(&o), ERR_OK);
        assert_int_equal(options_apply_arguments(&o, COMMAND_SERVE, 2, arguments, &problem), ERR_OK);
        assert_int_equal(options_finish(&o, COMMAND_SERVE, &problem), ERR_OK);
        assert_string_equal(o.public_url, table[i].url);
        assert_int_equal(options_listen_outside(&o), table[i].outside);
        options_clear(&o);
    }
}

static void defaults(void **state)
{
    struct options *o = *state;
    struct problem problem = {0};
    assert_int_equal(options_finish(o, COMMAND_SERVE, &problem), ERR_OK);
    assert_string_equal(o->data, "data");
    assert_string_equal(o->listen_host, "127.0.0.1");
    assert_int_equal(o->listen_port, 8080);
    assert_string_equal(o->public_url, "http://127.0.0.1:8080");
    assert_false(o->public_url_given);
    assert_false(options_listen_outside(o));
    assert_string_equal(o->issuer, "porchlight");
    assert_string_equal(o->audience, "porchlight");
    assert_int_equal(o->token_ttl_s, 30 * 86400);
    assert_int_equal(o->poll_interval_s, 60);
    assert_int_equal(o->grace_ms, 10000);
    assert_true(o->rate_limit);
    assert_false(o->test_clock);
    assert_int_equal(o->realtime, REALTIME_UNSET);
    assert_int_equal(o->threads, 0);
    assert_int_equal(o->log_level, LOG_INFO);
    assert_int_equal(o->uses, 1);
    assert_int_equal(o->expires_s, 7 * 86400);
}

static void each_layer_wins_over_the_one_before(void **state)
{
    struct options *o = *state;
    struct problem p;
    static const char text[] = "# a comment\n\n poll-interval = 20s  # at night\r\nissuer=file\naudience = file\n";
    assert_int_equal(config(o, text, &p), ERR_OK);
    assert_int_equal(o->poll_interval_s, 20);
    assert_int_equal(environment(o, "PORCHLIGHT_POLL_INTERVAL=30s", &p), ERR_OK);
    assert_int_equal(environment(o, "PORCHLIGHT_ISSUER=environment", &p), ERR_OK);
    assert_int_equal(o->poll_interval_s, 30);
    const char *const line[] = {"--poll-interval=40s", NULL};
    assert_int_equal(arguments(o, COMMAND_SERVE, line, &p), ERR_OK);
    assert_int_equal(o->poll_interval_s, 40);
    assert_string_equal(o->issuer, "environment");
    assert_string_equal(o->audience, "file");
}

static void a_layer_replaces_a_list_as_a_whole(void **state)
{
    struct options *o = *state;
    struct problem p;
    static const char text[] = "cors-origin = https://a.example\ncors-origin = https://b.example, https://c.example";
    assert_int_equal(config(o, text, &p), ERR_OK);
    assert_int_equal(o->cors_origins_count, 3);
    const char *const line[] = {"--cors-origin", "https://D.example/", "--cors-origin", "http://e.example:80"};
    assert_int_equal(arguments(o, COMMAND_SERVE, line, &p), ERR_OK);
    assert_int_equal(o->cors_origins_count, 2);
    assert_string_equal(o->cors_origins[0], "https://d.example");
    assert_string_equal(o->cors_origins[1], "http://e.example");
}

static void good_values(void **state)
{
    static const char *const table[] = {
        "listen = 0.0.0.0:0", "listen = [::1]:8080", "listen = localhost:80", "data = /var/lib/porchlight",
        "public-url = https://walkers.example", "public-url = http://[::1]:8080/", "trust-proxy = 10.0.0.0/8, fd00::/8",
        "trusted-key = " KEY, "token-ttl = 366d", "realtime = on", "realtime = off", "poll-interval = 3600",
        "grace = 0", "grace = 500ms", "rate-limit = off", "threads = 64", "log = json", "log-level = error",
        "test-clock = on",
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct problem p;
        if (config(*state, table[i], &p) != ERR_OK)
            fail_msg("%s: %s", table[i], p.detail);
    }
    const struct options *o = *state;
    assert_string_equal(o->listen_host, "127.0.0.1");
    assert_int_equal(o->listen_port, 80);
    assert_false(o->listen_ipv6);
    assert_string_equal(o->public_url, "http://[::1]:8080");
    assert_int_equal(o->trust_proxy_count, 2);
    assert_string_equal(o->trusted_keys[0], KEY);
    assert_int_equal(o->realtime, REALTIME_OFF);
    assert_int_equal(o->grace_ms, 500);
    assert_int_equal(o->log_format, LOG_JSON);
}

static void bad_lines_name_themselves(void **state)
{
    static const struct {
        const char *line;
        const char *sentence;
    } table[] = {
        {"listen = 8080", "p.conf:1: listen must be ADDRESS:PORT"},
        {"listen = example.org:80", "p.conf:1: listen must name a numeric address"},
        {"listen = 127.0.0.1:65536", "p.conf:1: listen must be ADDRESS:PORT"},
        {"listen = ::1:8080", "p.conf:1: listen must name a numeric address"},
        {"data =", "p.conf:1: data must have 1 to 2048 characters"},
        {"public-url = walkers.example", "p.conf:1: public-url must be like https://walkers.example"},
        {"public-url = https://walkers.example/app", "p.conf:1: public-url must be like"},
        {"public-url = https://a.example:99999", "p.conf:1: public-url must be like"},
        {"public-url = https://me@a.example", "p.conf:1: public-url must be like"},
        {"cors-origin = *", "p.conf:1: cors-origin must be an origin"},
        {"trust-proxy = 10.0.0.1/8", "p.conf:1: trust-proxy must be an address or a network"},
        {"trusted-key = k4.secret.abc", "p.conf:1: trusted-key must be a public key"},
        {"token-ttl = 400d", "p.conf:1: token-ttl must be 1s to"},
        {"token-ttl = 0", "p.conf:1: token-ttl must be 1s to"},
        {"poll-interval = soon", "p.conf:1: poll-interval must be a duration"},
        {"poll-interval = 1500ms", "p.conf:1: poll-interval must be whole seconds"},
        {"poll-interval = -1s", "p.conf:1: poll-interval must be a duration"},
        {"realtime = yes", "p.conf:1: realtime must be off or on, not \"yes\""},
        {"rate-limit = 1", "p.conf:1: rate-limit must be on or off, not \"1\""},
        {"threads = 0", "p.conf:1: threads must be a number from 1 to 64, not \"0\""},
        {"threads = 4x", "p.conf:1: threads must be a number from 1 to 64, not \"4x\""},
        {"log-level = loud", "p.conf:1: log-level must be debug, info, warn or error, not \"loud\""},
        {"pol-interval = 60s", "p.conf:1: unknown key \"pol-interval\"; did you mean \"poll-interval\"?"},
        {"colour = red", "p.conf:1: unknown key \"colour\""},
        {"name = Mary", "p.conf:1: unknown key \"name\""},
        {"config = other.conf", "p.conf:1: a configuration file cannot name another"},
        {"grace = 1s\ngrace = 2s", "p.conf:2: grace is there twice"},
        {"grace", "p.conf:1: the line is not of the form key = value"},
        {"= 3", "p.conf:1: the line has no key"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct problem p;
        assert_int_equal(config(*state, table[i].line, &p), ERR_INVALID);
        if (strncmp(p.detail, table[i].sentence, strlen(table[i].sentence)) != 0)
            fail_msg("%s: %s", table[i].line, p.detail);
    }
}

static void unknown_variables_are_refused(void **state)
{
    struct problem p;
    assert_int_equal(environment(*state, "PORCHLIGHT_POL_INTERVAL=1s", &p), ERR_INVALID);
    assert_string_equal(p.detail, "unknown variable PORCHLIGHT_POL_INTERVAL in the environment; did you mean "
                                  "PORCHLIGHT_POLL_INTERVAL?");
    assert_int_equal(environment(*state, "PORCHLIGHT_NAME=Mary", &p), ERR_INVALID); /* only on the command line */
    assert_int_equal(environment(*state, "PORCHLIGHT_THREADS=many", &p), ERR_INVALID);
    assert_string_equal(p.detail, "PORCHLIGHT_THREADS must be a number from 1 to 64, not \"many\"");
    assert_int_equal(environment(*state, "LIGHT=on", &p), ERR_OK);
    assert_int_equal(options_apply_environment(*state, NULL, &p), ERR_OK);
}

static void command_lines(void **state)
{
    static const struct {
        enum command_id command;
        const char *line[4];
        const char *sentence; /* NULL: it is fine */
    } table[] = {
        {COMMAND_SERVE, {"--data", "d", "--grace=1s"}, NULL},
        {COMMAND_SERVE, {"--help"}, NULL},
        {COMMAND_SERVE, {"-h"}, NULL},
        {COMMAND_FLAG, {"realtime", "on", "--data", "d"}, NULL},
        {COMMAND_CLOCK, {"--data", "d", "advance", "90s"}, NULL},
        {COMMAND_IMPORT, {"-"}, NULL},
        {COMMAND_IMPORT, {"--", "--data"}, NULL},
        {COMMAND_USER_ADD, {"mary", "--password-stdin"}, NULL},
        {COMMAND_SERVE, {"--pol-interval", "1s"}, "unknown option --pol-interval; did you mean --poll-interval?"},
        {COMMAND_SERVE, {"-x"}, "unknown option -x"},
        {COMMAND_SERVE, {"--"}, NULL},
        {COMMAND_SERVE, {"--=1"}, "unknown option --=1"},
        {COMMAND_SERVE, {"--uses", "3"}, "this command does not take the option --uses"},
        {COMMAND_SERVE, {"--grace"}, "--grace needs a value: --grace DURATION"},
        {COMMAND_SERVE, {"--grace", "x"}, "--grace must be a duration such as 90s, 5m, 1h or 7d, not \"x\""},
        {COMMAND_USER_ADD, {"--password-stdin=yes"}, "--password-stdin is a switch and takes no value"},
        {COMMAND_USER_ADD, {"--role", "boss"}, "--role must be member, coach or admin, not \"boss\""},
        {COMMAND_USER_ADD, {"--name", "a\tb"}, "--name must not have control characters"},
        {COMMAND_INVITE, {"--uses", "501"}, "--uses must be a number from 1 to 500, not \"501\""},
        {COMMAND_INVITE, {"--expires", "100d"}, "--expires must be 60s to 7776000s, not \"100d\""},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct options o;
        struct problem p;
        assert_int_equal(options_init(&o), ERR_OK);
        enum err err = arguments(&o, table[i].command, table[i].line, &p);
        const char *expected = table[i].sentence != NULL ? table[i].sentence : "";
        if ((err == ERR_OK) != (table[i].sentence == NULL) || strcmp(p.detail, expected) != 0)
            fail_msg("%s: %s", table[i].line[0], p.detail);
        options_clear(&o);
    }
    (void)state;
}

static void words_stay_words(void **state)
{
    struct options *o = *state;
    struct problem p;
    const char *const line[] = {"--data", "d", "advance", "90s"};
    assert_int_equal(arguments(o, COMMAND_CLOCK, line, &p), ERR_OK);
    assert_int_equal(o->words_count, 2);
    assert_string_equal(o->words[0], "advance");
    assert_string_equal(o->words[1], "90s");
    const char *const more[] = {"a", "b", "c", NULL};
    assert_int_equal(arguments(o, COMMAND_CLOCK, more, &p), ERR_INVALID);
    assert_string_equal(p.detail, "too many arguments, from \"c\" on");
}

static void combinations_are_checked_at_the_end(void **state)
{
    struct options *o = *state;
    struct problem p = {0};
    assert_int_equal(options_finish(o, COMMAND_USER_ADD, &p), ERR_INVALID);
    assert_int_equal(options_finish(o, COMMAND_TOKEN_ISSUE, &p), ERR_INVALID);
    assert_int_equal(options_finish(o, COMMAND_TOKEN_REVOKE, &p), ERR_INVALID);
    const char *const line[] = {"--user", "mary", NULL};
    assert_int_equal(arguments(o, COMMAND_TOKEN_ISSUE, line, &p), ERR_OK);
    assert_int_equal(options_finish(o, COMMAND_TOKEN_ISSUE, &p), ERR_OK);
    assert_int_equal(options_finish(o, COMMAND_TOKEN_REVOKE, &p), ERR_OK);
    const char *const both[] = {"--service", "news", NULL};
    assert_int_equal(arguments(o, COMMAND_TOKEN_ISSUE, both, &p), ERR_OK);
    assert_int_equal(options_finish(o, COMMAND_TOKEN_ISSUE, &p), ERR_INVALID);
}

/* What a running server does for each command. */
static void a_copy_can_be_changed_alone(void **state)
{
    struct options *o = *state;
    struct options copy;
    struct problem p;
    assert_int_equal(config(o, "issuer = here\npublic-url = https://a.example\ntrusted-key = " KEY, &p), ERR_OK);
    assert_int_equal(options_copy(&copy, o), ERR_OK);
    const char *const line[] = {"--issuer", "there", "a word", NULL};
    assert_int_equal(arguments(&copy, COMMAND_TOKEN_VERIFY, line, &p), ERR_OK);
    assert_int_equal(options_finish(&copy, COMMAND_TOKEN_VERIFY, &p), ERR_OK);
    assert_string_equal(copy.issuer, "there");
    assert_string_equal(copy.public_url, "https://a.example");
    assert_int_equal(copy.trusted_keys_count, 1);
    options_clear(&copy);
    assert_string_equal(o->issuer, "here");
    assert_int_equal(o->words_count, 0);
}

static void lists_have_an_end(void **state)
{
    struct problem p;
    char text[1000] = "";
    for (int i = 0; i <= TRUST_PROXY_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "trust-proxy = 10.0.0.%d\n", i);
    assert_int_equal(config(*state, text, &p), ERR_INVALID);
    assert_string_equal(p.detail, "p.conf:9: trust-proxy may be given 8 times at most");
}

static void suggestions_are_close_or_none(void **state)
{
    (void)state;
    static const char *const names[] = {"listen", "data", "poll-interval"};
    static const struct {
        const char *typed;
        const char *best;
    } table[] = {
        {"lisen", "listen"}, {"dta", "data"}, {"poll_intervall", "poll-interval"},
        {"xyz", NULL}, {"", NULL}, {"d", NULL},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct suggestion s = {.typed = table[i].typed};
        for (size_t n = 0; n < COUNT(names); n++)
            suggest_offer(&s, names[n]);
        if (table[i].best == NULL)
            assert_null(s.best);
        else
            assert_string_equal(s.best, table[i].best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(a_listen_address_makes_a_link, setup, teardown),
        cmocka_unit_test_setup_teardown(each_layer_wins_over_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_layer_replaces_a_list_as_a_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(good_values, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_lines_name_themselves, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_variables_are_refused, setup, teardown),
        cmocka_unit_test(command_lines),
        cmocka_unit_test_setup_teardown(words_stay_words, setup, teardown),
        cmocka_unit_test_setup_teardown(combinations_are_checked_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_can_be_changed_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_have_an_end, setup, teardown),
        cmocka_unit_test(suggestions_are_close_or_none),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
