/*
 * Networks, addresses, and the client behind trusted proxies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "api/cidr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cidr_address address(const char *text)
{
    struct cidr_address a;
    if (!cidr_address_parse(text, strlen(text), &a))
        fail_msg("not an address: %s", text);
    return a;
}

static struct cidr network(const char *text)
{
    struct cidr c;
    if (!cidr_parse(text, &c))
        fail_msg("not a network: %s", text);
    return c;
}

static void networks_contain_what_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        const char *address;
        bool inside;
    } table[] = {
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.128.0.0/9", "10.128.0.1", true},
        {"10.128.0.0/9", "10.127.255.255", false},
        {"192.0.2.4/30", "192.0.2.7", true},
        {"192.0.2.4/30", "192.0.2.8", false},
        {"192.0.2.5/32", "192.0.2.5", true},
        {"192.0.2.5/32", "192.0.2.4", false},
        {"192.0.2.5", "192.0.2.5", true},
        {"192.0.2.5", "192.0.2.6", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"0.0.0.0/0", "::", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", false},
        {"::/0", "::ffff:203.0.113.9", false},
        {"127.0.0.0/8", "::ffff:127.0.0.1", true}, /* a dual-stack socket */
        {"::1", "::1", true},
        {"::1", "::2", false},
        {"::1/128", "::1", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8:8000::/33", "2001:db8:8000::1", true},
        {"2001:db8:8000::/33", "2001:db8:7fff::1", false},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"::ffff:192.0.2.5", "192.0.2.5", true},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct cidr c = network(table[i].network);
        struct cidr_address a = address(table[i].address);
        if (cidr_contains(&c, &a) != table[i].inside)
            fail_msg("%s and %s", table[i].network, table[i].address);
    }
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const table[] = {
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8 ",
        " 10.0.0.0/8", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "10.0.0/8", "10/8", "010.0.0.0/8", "256.0.0.0/8",
        "10.1.2.3/8", "192.0.2.5/31", "0.0.0.1/0", "2001:db8::/129", "2001:db8::1/64", "2001:db8::/1280", ":::/0",
        "2001:db8::g/64", "[::1]/128", "fe80::1%lo", "localhost", "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/8",
        "10.0.0.0/99999999999999999999",
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct cidr c;
        if (cidr_parse(table[i], &c))
            fail_msg("accepted: %s", table[i]);
    }
}

static void addresses_come_from_sockets(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0xc0000205)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct cidr_address a;
    char text[CIDR_TEXT_BYTES];

    assert_true(cidr_address_of((const struct sockaddr *)&v4, &a));
    cidr_address_format(&a, text);
    assert_string_equal(text, "192.0.2.5");
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::5", &v6.sin6_addr), 1);
    assert_true(cidr_address_of((const struct sockaddr *)&v6, &a));
    cidr_address_format(&a, text);
    assert_string_equal(text, "2001:db8::5");
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.5", &v6.sin6_addr), 1);
    assert_true(cidr_address_of((const struct sockaddr *)&v6, &a));
    cidr_address_format(&a, text);
    assert_string_equal(text, "192.0.2.5");
    assert_false(cidr_address_of((const struct sockaddr *)&un, &a));

    struct cidr_address longest = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    cidr_address_format(&longest, text);
    assert_string_equal(text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_false(cidr_address_parse("192.0.2.5\0", 10, &a));
}

static uint64_t key(const char *text)
{
    struct cidr_address a = address(text);
    return cidr_address_key(&a);
}

static void keys_tell_households_apart(void **state)
{
    (void)state;
    assert_true(key("192.0.2.5") != key("192.0.2.6"));
    assert_true(key("192.0.2.5") == key("::ffff:192.0.2.5"));
    assert_true(key("2001:db8::1") == key("2001:db8::ffff:ffff:ffff:ffff"));
    assert_true(key("2001:db8::1") != key("2001:db8:0:1::1"));
    assert_true(key("0.0.0.0") != key("::"));
}

static void loopback(void **state)
{
    (void)state;
    static const char *const yes[] = {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"};
    static const char *const no[] = {"128.0.0.1", "126.255.255.255", "::", "::2", "7f00::1", "0.0.0.0"};
    for (size_t i = 0; i < COUNT(yes); i++) {
        struct cidr_address a = address(yes[i]);
        assert_true(cidr_is_loopback(&a));
    }
    for (size_t i = 0; i < COUNT(no); i++) {
        struct cidr_address a = address(no[i]);
        assert_false(cidr_is_loopback(&a));
    }
}

static void the_client_is_the_first_nobody_vouches_for(void **state)
{
    (void)state;
    const struct cidr trusted[] = {network("127.0.0.0/8"), network("10.0.0.0/8"), network("fd00::/8")};
    static const struct {
        const char *peer;
        const char *forwarded_for;
        const char *client;
    } table[] = {
        {"203.0.113.9", NULL, "203.0.113.9"},
        {"203.0.113.9", "198.51.100.1", "203.0.113.9"}, /* anybody can send the header */
        {"127.0.0.1", NULL, "127.0.0.1"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"127.0.0.1", "  198.51.100.1\t", "198.51.100.1"},
        {"127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"}, /* the left end is the client's own invention */
        {"127.0.0.1", "6.6.6.6,198.51.100.1,10.0.0.1", "198.51.100.1"},
        {"127.0.0.1", "6.6.6.6, 198.51.100.1 , 10.0.0.1, fd00::7", "198.51.100.1"},
        {"127.0.0.1", "10.0.0.2, 10.0.0.1", "10.0.0.2"}, /* a client inside */
        {"127.0.0.1", "unknown", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1, unknown, 10.0.0.1", "10.0.0.1"},
        {"127.0.0.1", "198.51.100.1,", "127.0.0.1"},
        {"127.0.0.1", ",198.51.100.1", "198.51.100.1"},
        {"127.0.0.1", ",", "127.0.0.1"},
        {"127.0.0.1", ",10.0.0.1", "10.0.0.1"},
        {"127.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
        {"127.0.0.1", "198.51.100.1:", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1:x", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1:123456", "127.0.0.1"},
        {"127.0.0.1", "2001:db8::1", "2001:db8::1"},
        {"127.0.0.1", "[2001:db8::1]", "2001:db8::1"},
        {"127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
        {"127.0.0.1", "[2001:db8::1", "127.0.0.1"},
        {"127.0.0.1", "[2001:db8::1]4711", "127.0.0.1"},
        {"127.0.0.1", "[2001:db8::1]:", "127.0.0.1"},
        {"127.0.0.1", "[198.51.100.1]", "127.0.0.1"},
        {"127.0.0.1", "[]", "127.0.0.1"},
        {"127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"},
        {"::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"127.0.0.1", "198.51.100.1 203.0.113.1", "127.0.0.1"},
        {"127.0.0.1", "0198.51.100.1", "127.0.0.1"},
        {"127.0.0.1", "<script>", "127.0.0.1"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct cidr_address peer = address(table[i].peer);
        struct cidr_address expected = address(table[i].client);
        struct cidr_address client = cidr_client(trusted, COUNT(trusted), &peer, table[i].forwarded_for);
        if (!cidr_address_equal(&client, &expected))
            fail_msg("%s from %s", table[i].forwarded_for, table[i].peer);
    }

    struct cidr_address peer = address("127.0.0.1");
    struct cidr_address client = cidr_client(NULL, 0, &peer, "198.51.100.1"); /* no proxy is trusted by default */
    assert_true(cidr_address_equal(&client, &peer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_contain_what_they_should),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(addresses_come_from_sockets),
        cmocka_unit_test(keys_tell_households_apart),
        cmocka_unit_test(loopback),
        cmocka_unit_test(the_client_is_the_first_nobody_vouches_for),
    };
    return cmocka_run_group_tests_name("cidr", tests, NULL, NULL);
}
