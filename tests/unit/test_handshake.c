/* realtime/handshake.h: which requests become sockets, and which offers of permessage-deflate are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "realtime/handshake.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define TAKEN "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define TAKEN_WITH_BITS TAKEN "; server_max_window_bits=15"

static struct handshake_fields good(void)
{
    return (struct handshake_fields){
        .method_version = "HTTP/1.1",
        .connection = "Upgrade",
        .upgrade = "websocket",
        .version = "13",
        .key = "dGhlIHNhbXBsZSBub25jZQ==",
    };
}

/* A copy in memory of exactly its length, so that a look past it is seen. */
static char *exactly(const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = strdup(text);
    assert_non_null(copy);
    return copy;
}

static enum err check(const struct handshake_fields *given, struct handshake *out)
{
    struct problem problem = {0};
    char *copies[] = {exactly(given->method_version), exactly(given->connection), exactly(given->upgrade),
                      exactly(given->version),        exactly(given->key),        exactly(given->extensions)};
    struct handshake_fields fields = {copies[0], copies[1], copies[2], copies[3], copies[4], copies[5]};
    enum err err = handshake_check(&fields, out, &problem);
    for (size_t i = 0; i < COUNT(copies); i++)
        free(copies[i]);
    assert_int_equal(problem.err, err);
    if (err == ERR_OK) {
        assert_int_equal(strlen(out->accept), HANDSHAKE_ACCEPT_BYTES - 1);
        assert_int_equal(out->deflate, out->extensions != NULL);
    } else {
        assert_true(isupper((unsigned char)problem.detail[0]));
        assert_int_equal(problem.detail[strlen(problem.detail) - 1], '.');
        assert_string_equal(out->accept, "");
        assert_false(out->deflate);
        assert_null(out->extensions);
    }
    return err;
}

/* 1. The example of RFC 6455, section 1.3; and one more, from a key of zeros. */
static void the_example_of_the_rfc(void **state)
{
    (void)state;
    struct handshake h;
    struct handshake_fields fields = good();
    assert_int_equal(check(&fields, &h), ERR_OK);
    assert_string_equal(h.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(h.deflate);
    fields.key = "AAAAAAAAAAAAAAAAAAAAAA==";
    assert_int_equal(check(&fields, &h), ERR_OK);
    assert_string_equal(h.accept, "ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
    assert_int_equal(handshake_check(&fields, &h, NULL), ERR_OK);
}

/* 2. Fields as browsers and proxies send them: lists, blanks, either case. */
static void fields_as_they_come(void **state)
{
    (void)state;
    static const char *const connections[] = {
        "upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,keep-alive", " , ,\tupgrade ,", "a, b,Upgrade, c",
    };
    static const char *const upgrades[] = {"websocket", "WebSocket", "h2c, websocket", " websocket\t,x", "WEBSOCKET"};
    struct handshake h;
    for (size_t i = 0; i < COUNT(connections); i++) {
        struct handshake_fields fields = good();
        fields.connection = connections[i];
        assert_int_equal(check(&fields, &h), ERR_OK);
    }
    for (size_t i = 0; i < COUNT(upgrades); i++) {
        struct handshake_fields fields = good();
        fields.upgrade = upgrades[i];
        assert_int_equal(check(&fields, &h), ERR_OK);
    }
    struct handshake_fields fields = good();
    fields.version = " 13\t";
    fields.key = "\tdGhlIHNhbXBsZSBub25jZQ==  ";
    assert_int_equal(check(&fields, &h), ERR_OK);
    assert_string_equal(h.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* 3. What is no WebSocket request of version 13 is told to upgrade. */
static void not_a_websocket_request(void **state)
{
    (void)state;
    static const char *const method_versions[] = {NULL,        "",         "HTTP/1.0", "HTTP/2.0",
                                                  "HTTP/1.1 ", "http/1.1", "HTTP/1.10"};
    static const char *const connections[] = {NULL,          "",         "close",        "keep-alive",
                                              "upgrades",    "up grade", "Upgrade keep", "xUpgrade",
                                              "\"Upgrade\"", ",,",       "upgrad"};
    static const char *const upgrades[] = {NULL, "", "h2c", "websockets", "web socket", "websocket/13", "xwebsocket"};
    static const char *const versions[] = {NULL, "", "12", "8", "013", "13, 13", "13.0", "1 3", "13 8", "130"};
    struct handshake h;
    for (size_t i = 0; i < COUNT(method_versions); i++) {
        struct handshake_fields fields = good();
        fields.method_version = method_versions[i];
        assert_int_equal(check(&fields, &h), ERR_UPGRADE_REQUIRED);
    }
    for (size_t i = 0; i < COUNT(connections); i++) {
        struct handshake_fields fields = good();
        fields.connection = connections[i];
        assert_int_equal(check(&fields, &h), ERR_UPGRADE_REQUIRED);
    }
    for (size_t i = 0; i < COUNT(upgrades); i++) {
        struct handshake_fields fields = good();
        fields.upgrade = upgrades[i];
        assert_int_equal(check(&fields, &h), ERR_UPGRADE_REQUIRED);
    }
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct handshake_fields fields = good();
        fields.version = versions[i];
        assert_int_equal(check(&fields, &h), ERR_UPGRADE_REQUIRED);
    }
    assert_int_equal(handshake_check(&(struct handshake_fields){NULL, NULL, NULL, NULL, NULL, NULL}, &h, NULL),
                     ERR_UPGRADE_REQUIRED);
}

/* 4. A key is 16 bytes in base64, and nothing else is. */
static void bad_keys(void **state)
{
    (void)state;
    static const char *const table[] = {
        NULL,
        "",
        " ",
        "==",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25jZQ=A",
        "dGhlIHNhbXBsZSBub25jZVE=", /* 17 bytes */
        "dGhlIHNhbXBsZSBub25jZVFR", /* 18 */
        "dGhlIHNhbXBsZSBub25j",     /* 15 */
        "dGhlIHNhbXBsZSBub25jZR==", /* bits behind the last byte */
        "dGhlIHNhbXBsZSBub25jZf==",
        "dGhlIHNhbXBsZSBub25jZ/==",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSB-b25jZQ==", /* the alphabet of URLs */
        "dGhlIHNhbXBsZSB_b25jZQ==",
        "dGhlIHNh bXBsZSBub25jZQ==",
        "dGhlIHNh\tXBsZSBub25jZQ==",
        "dGhlIHNh=XBsZSBub25jZQ==",
        "dGhlIHNhb\xc3\xa9sZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==", /* sent twice */
        "\"dGhlIHNhbXBsZSBub25jZQ==\"",
    };
    struct handshake h;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct handshake_fields fields = good();
        fields.key = table[i];
        if (check(&fields, &h) != ERR_MALFORMED)
            fail_msg("key %zu: %s", i, table[i]);
    }
}

/* 5. A key is looked at only when the rest is a handshake: an ordinary visitor is told what this address is. */
static void upgrade_comes_before_the_key(void **state)
{
    (void)state;
    struct handshake h;
    struct handshake_fields fields = good();
    fields.key = "";
    fields.extensions = ";";
    fields.version = "8";
    assert_int_equal(check(&fields, &h), ERR_UPGRADE_REQUIRED);
}

struct offer_case {
    const char *offer;
    const char *answer; /* NULL: none */
};

/* 6. Offers, and what is answered (RFC 7692, sections 5.1 and 7.1). */
static void offers(void **state)
{
    (void)state;
    static const struct offer_case table[] = {
        {NULL, NULL},
        {"", NULL}, /* an empty field offers nothing */
        {" ", NULL},
        {",, ,", NULL},
        {"permessage-deflate", TAKEN},
        {"permessage-deflate; client_max_window_bits", TAKEN}, /* as browsers do */
        {"permessage-deflate;client_max_window_bits=8", TAKEN},
        {"permessage-deflate; client_max_window_bits=15; server_no_context_takeover; client_no_context_takeover",
         TAKEN},
        {"permessage-deflate; server_max_window_bits=15", TAKEN_WITH_BITS},
        {"permessage-deflate; server_max_window_bits=\"15\"", TAKEN_WITH_BITS},
        {"permessage-deflate; server_max_window_bits = \"1\\5\" ;client_no_context_takeover", TAKEN_WITH_BITS},
        {"\t, permessage-deflate ;\tclient_max_window_bits ,", TAKEN},
        {"x-webkit-deflate-frame, permessage-deflate", TAKEN},
        {"foo; a; b=c; d=\"e\", permessage-deflate", TAKEN},
        {"permessage-deflate, permessage-deflate; unknown", TAKEN},
        /* The first that can be met. */
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate", TAKEN},
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=15",
         TAKEN_WITH_BITS},
        {"permessage-deflate; server_max_window_bits=15, permessage-deflate", TAKEN_WITH_BITS},
        /* A broadcast is compressed once, with the full window. */
        {"permessage-deflate; server_max_window_bits=8", NULL},
        {"permessage-deflate; server_max_window_bits=14", NULL},
        /* Unknown or twice. */
        {"permessage-deflate; mux", NULL},
        {"permessage-deflate; mux=1", NULL},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", NULL},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", NULL},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits", NULL},
        {"permessage-deflate; client_max_window_bits=9; client_max_window_bits=10", NULL},
        {"permessage-deflate; server_max_window_bits=15; server_max_window_bits=15", NULL},
        /* Values where none belong, none where one belongs, and none that are numbers from 8 to 15. */
        {"permessage-deflate; server_no_context_takeover=1", NULL},
        {"permessage-deflate; client_no_context_takeover=\"x\"", NULL},
        {"permessage-deflate; server_max_window_bits", NULL},
        {"permessage-deflate; server_max_window_bits=015", NULL},
        {"permessage-deflate; server_max_window_bits=16", NULL},
        {"permessage-deflate; server_max_window_bits=-15", NULL},
        {"permessage-deflate; server_max_window_bits=+15", NULL},
        {"permessage-deflate; server_max_window_bits=15x", NULL},
        {"permessage-deflate; server_max_window_bits=150", NULL},
        {"permessage-deflate; server_max_window_bits=15000000000000000000000000000000015", NULL},
        {"permessage-deflate; client_max_window_bits=7", NULL},
        {"permessage-deflate; client_max_window_bits=80", NULL},
        {"permessage-deflate; client_max_window_bits=08", NULL},
        {"permessage-deflate; client_max_window_bits=1", NULL},
        {"permessage-deflate; client_max_window_bits=16", NULL},
        {"permessage-deflate; client_max_window_bits=a", NULL},
        /* Names are as they are written. */
        {"Permessage-Deflate", NULL},
        {"permessage-deflate; Client_Max_Window_Bits", NULL},
        {"permessage-deflate2", NULL},
        {"permessage", NULL},
        {"foo", NULL},
    };
    struct handshake h;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct handshake_fields fields = good();
        fields.extensions = table[i].offer;
        if (check(&fields, &h) != ERR_OK)
            fail_msg("refused: %s", table[i].offer);
        assert_string_equal(h.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        if ((h.extensions == NULL) != (table[i].answer == NULL))
            fail_msg("%s: answered %s", table[i].offer, h.extensions);
        if (h.extensions != NULL)
            assert_string_equal(h.extensions, table[i].answer);
    }
}

/* 7. What is no list of extensions, also behind an offer that could be met. */
static void malformed_lists(void **state)
{
    (void)state;
    static const char *const table[] = {
        ";",
        "=",
        "=a",
        "\"permessage-deflate\"",
        "permessage-deflate;",
        "permessage-deflate; ",
        "permessage-deflate; ;client_max_window_bits",
        "permessage-deflate;, foo",
        "permessage-deflate=1",
        "permessage-deflate foo",
        "permessage-deflate; a b",
        "permessage-deflate; a=",
        "permessage-deflate; a= ",
        "permessage-deflate; a=, foo",
        "permessage-deflate; =15",
        "permessage-deflate; a=b=c",
        "permessage-deflate; a=b c",
        "permessage-deflate; a=\"",
        "permessage-deflate; a=\"b",
        "permessage-deflate; a=\"b\\",
        "permessage-deflate; a=\"b\\\"",
        "permessage-deflate; a=\"\"",     /* a quoted string holds a token, and that is not empty */
        "permessage-deflate; a=\"b c\"",  /* nor with a blank */
        "permessage-deflate; a=\"b,c\"",  /* nor with a comma */
        "permessage-deflate; a=\"b\\,\"", /* escaped or not */
        "permessage-deflate; a=\"b\"c",
        "permessage-deflate; a=b\"c\"",
        "permessage-deflate; \"a\"=b",
        "permessage-deflate; a='b c'",
        "permessage-deflate, foo; b=\"c",
        "permessage-deflate, (comment)",
        "foo/bar",
        "foo\x01",
        "foo\x7f",
        "foo\xc3\xa9",
        "@",
        "permessage-deflate; a=\"\xc3\xa9\"",
        "permessage-deflate\r\nX: y",
    };
    struct handshake h;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct handshake_fields fields = good();
        fields.extensions = table[i];
        if (check(&fields, &h) != ERR_MALFORMED)
            fail_msg("taken: %s", table[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(fields_as_they_come),
        cmocka_unit_test(not_a_websocket_request),
        cmocka_unit_test(bad_keys),
        cmocka_unit_test(upgrade_comes_before_the_key),
        cmocka_unit_test(offers),
        cmocka_unit_test(malformed_lists),
    };
    return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
