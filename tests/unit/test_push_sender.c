/*
 * api/push_sender.h against a listening socket of this machine: what a name turned out to mean is looked at before a
 * connection is made. (What a push service answers is tested over TLS: scenario/push.test.mjs.)
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
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/push_sender.h"

#define TURNS_MAX 500

static int listen_here(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Sends to the host; how it ended, and whether anybody knocked. */
static bool knocks(bool lenient, const char *scheme, const char *host, struct push_sender_result *result)
{
    uint16_t port;
    char endpoint[120];
    struct push_sender *s;
    int turns = 0;
    int fd = listen_here(&port);
    const struct push_sender_options options = {.lenient = lenient};
    (void)snprintf(endpoint, sizeof endpoint, "%s://%s:%u/send", scheme, host, port);
    const struct push_sender_order order = {.endpoint = endpoint,
                                            .authorization = "vapid t=a.b.c, k=d",
                                            .topic = "pin-1",
                                            .urgency = "high",
                                            .ttl_s = 60,
                                            .body = (const unsigned char *)"body",
                                            .body_len = 4};
    assert_int_equal(push_sender_create(&options, &s), ERR_OK);
    assert_int_equal(push_sender_begin(s, 3, &order), ERR_OK);
    int peer = -1;
    while (!push_sender_next(s, result) && turns++ < TURNS_MAX) {
        push_sender_turn(s, 20);
        if (peer < 0 && (peer = accept(fd, NULL, NULL)) >= 0) {
            (void)close(peer); /* no TLS here: it is enough to have been asked */
            peer = INT32_MAX;
        }
    }
    assert_true(turns < TURNS_MAX);
    assert_int_equal(result->place, 3);
    assert_int_equal(result->status, 0);
    if (peer < 0)
        peer = accept(fd, NULL, NULL);
    push_sender_free(s);
    (void)close(fd);
    return peer >= 0;
}

static void a_name_that_means_this_machine(void **state)
{
    (void)state;
    struct push_sender_result result;
    assert_true(knocks(true, "https", "localhost", &result)); /* the listener is one that can be found */
    assert_false(result.forbidden);
    assert_false(knocks(false, "https", "localhost", &result));
    assert_true(result.forbidden);
}

static void addresses_of_this_machine(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "127.1", "0x7f.1", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"};
    struct push_sender_result result;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        assert_false(knocks(false, "https", hosts[i], &result));
        assert_true(result.forbidden);
    }
}

/* Whatever the environment says of proxies: one would connect for us where we may not. */
static void no_proxy_and_no_other_scheme(void **state)
{
    (void)state;
    struct push_sender_result result;
    uint16_t port;
    char proxy[60];
    int fd = listen_here(&port);
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
    assert_int_equal(setenv("https_proxy", proxy, 1), 0);
    assert_int_equal(setenv("ALL_PROXY", proxy, 1), 0);
    assert_false(knocks(false, "https", "localhost", &result));
    assert_true(result.forbidden);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    (void)unsetenv("https_proxy");
    (void)unsetenv("ALL_PROXY");
    (void)close(fd);
    assert_false(knocks(true, "http", "localhost", &result));
    assert_false(knocks(true, "ftp", "localhost", &result));
    assert_false(knocks(true, "file", "localhost", &result));
}

static void waking_ends_a_turn(void **state)
{
    (void)state;
    struct push_sender *s;
    struct push_sender_result result;
    const struct push_sender_options options = {.lenient = false};
    assert_int_equal(push_sender_create(&options, &s), ERR_OK);
    push_sender_wake(s);
    push_sender_turn(s, 60000); /* or the test takes a minute */
    assert_false(push_sender_next(s, &result));
    push_sender_free(s);
    push_sender_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_means_this_machine),
        cmocka_unit_test(addresses_of_this_machine),
        cmocka_unit_test(no_proxy_and_no_other_scheme),
        cmocka_unit_test(waking_ends_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
