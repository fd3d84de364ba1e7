/*
 * api/head.h: the head of a request as libmicrohttpd 0.9.75 leaves it, good ones and each way to smuggle.
 *
 * A scenario is the bytes as they were sent. They are taken apart here as the library does it: NULs over separators,
 * over the colon, over CR and LF; a folded line glued onto the name before it, in other memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/head.h"
#include "base/limits.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define WRONG_BYTES "The head of the request has bytes that do not belong there."

struct parser {
    char *at;
    char *end;
    char *glued; /* of a folded line; one is enough here */
};

/* The next line, its end blanked. */
static char *next_line(struct parser *p)
{
    char *line = p->at;
    char *lf = line;
    while (lf < p->end && *lf != '\n' && !(*lf == '\r' && lf + 1 < p->end && lf[1] == '\n'))
        lf++;
    assert_true(lf < p->end); /* scenarios are whole heads */
    if (*lf == '\r')
        *lf++ = '\0';
    *lf++ = '\0';
    p->at = lf;
    return line;
}

static void take_request_line(char *line, size_t len, struct head *h)
{
    char *target = strchr(line, ' ');
    char *version = line + len;
    assert_non_null(target);
    *target++ = '\0';
    while (version[-1] != ' ')
        version--;
    version[-1] = '\0';
    head_begin(h, line, target, strlen(target), version);
}

static void take_fields(struct parser *p, struct head *h)
{
    char *name = NULL;
    char *value = NULL;
    for (;;) {
        char *line = next_line(p);
        if (name != NULL && (*line == ' ' || *line == '\t')) {
            if (line[strspn(line, " \t")] == '\0')
                continue; /* nothing to add: the name stays where it was */
            p->glued = malloc(strlen(name) + strlen(line) + 1);
            assert_non_null(p->glued);
            strcpy(p->glued, name);
            strcat(p->glued, line + strspn(line, " \t"));
            name = p->glued;
            continue;
        }
        if (name != NULL)
            head_field(h, name, strlen(name), value, strlen(value));
        if (*line == '\0')
            return;
        name = line;
        value = strchr(line, ':');
        assert_non_null(value);
        *value++ = '\0';
        value += strspn(value, " \t");
    }
}

/* The bytes stand in memory of exactly their length, so that a read past them is seen. */
static enum err check(const char *bytes, size_t len, struct problem *problem)
{
    char *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    struct parser p = {.at = copy, .end = copy + len};
    struct head h;
    char *line = next_line(&p);
    const char *lf = memchr(bytes, '\n', len);
    size_t line_len = (size_t)(lf - bytes) - (lf > bytes && lf[-1] == '\r');
    take_request_line(line, line_len, &h);
    take_fields(&p, &h);
    enum err err = head_end(&h, (size_t)(p.at - copy), problem);
    free(p.glued);
    free(copy);
    return err;
}

/* 1. Heads as clients and proxies send them, with blanks and tabs around values where RFC 9112 allows them. */
static void good_heads(void **state)
{
    (void)state;
    static const char *const table[] = {
        "GET / HTTP/1.1\r\nHost: walkers.example\r\n\r\n",
        "GET /posts?team=1&limit=5 HTTP/1.1\r\nHost: walkers.example:8080\r\nAccept: */*\r\n\r\n",
        "get / HTTP/1.1\r\nhost:a\r\n\r\n",
        "GET / HTTP/1.1\r\nHOST:   a  \r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\ta\t \t\r\nX:\r\n\r\n",
        "GET / HTTP/1.1\r\nX: \r\nHost: a\r\nY:   \t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: porchlight=a.b; x=\"y z\"\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: Zo\xc3\xab: \ttab\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: v\r\n\r\n",
        "!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n",
        "GET / HTTP/1.1\r\nX: 1\r\nX: 2\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHosts: b\r\nHost: a\r\nXHost: c\r\nContent-Lengths: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct problem problem = {0};
        if (check(table[i], strlen(table[i]), &problem) != ERR_OK)
            fail_msg("%s: %s", table[i], problem.detail);
        assert_int_equal(problem.err, ERR_OK);
    }
}

struct refusal {
    const char *bytes;
    size_t len;
    const char *sentence; /* NULL: any */
};
#define BYTES(text) (text), sizeof(text) - 1

static void refuse_all(const struct refusal *table, size_t count, enum err wanted)
{
    for (size_t i = 0; i < count; i++) {
        struct problem problem = {0};
        enum err err = check(table[i].bytes, table[i].len, &problem);
        if (err != wanted)
            fail_msg("%zu: error %d: %s", i, err, table[i].bytes);
        assert_int_equal(problem.err, wanted);
        assert_true(isupper((unsigned char)problem.detail[0]));
        assert_int_equal(problem.detail[strlen(problem.detail) - 1], '.');
        if (table[i].sentence != NULL)
            assert_string_equal(problem.detail, table[i].sentence);
        assert_int_equal(check(table[i].bytes, table[i].len, NULL), wanted);
    }
}

/* 2. Bare line feeds, wherever they stand. */
static void bare_line_feeds(void **state)
{
    (void)state;
    static const struct refusal table[] = {
        {BYTES("GET / HTTP/1.1\nHost: a\r\n\r\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.1\r\nHost: a\n\r\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\n\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.1\r\nHost: a\n\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.1\nHost: a\n\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.0\n\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.0\r\n\n"), WRONG_BYTES},
    };
    refuse_all(table, COUNT(table), ERR_MALFORMED);
}

/* 3. Folded lines, which would hide a field in the one before. */
static void folded_lines(void **state)
{
    (void)state;
    static const struct refusal table[] = {
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tTransfer-Encoding: chunked\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n \r\n\r\n"), NULL}, /* a fold with nothing in it */
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX:\r\n b\r\nY: c\r\n\r\n"), NULL},
    };
    refuse_all(table, COUNT(table), ERR_MALFORMED);
}

/* 4. A NUL ends what the library sees; what is behind it must not go unseen. */
static void nul_bytes(void **state)
{
    (void)state;
    static const struct refusal table[] = {
        {BYTES("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"), WRONG_BYTES},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\0Transfer-Encoding: chunked\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: \0b\r\n\r\n"), NULL},
        {BYTES("GET /\0a HTTP/1.1\r\nHost: a\r\n\r\n"), NULL},
        {BYTES("GET /a\0 HTTP/1.1\r\nHost: a\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\0\r\nHost: a\r\n\r\n"), NULL},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: v\0\x02\n\n"), NULL}, /* the right sum, the wrong bytes */
    };
    refuse_all(table, COUNT(table), ERR_MALFORMED);
}

/* 5. Names and methods are tokens; blanks before the colon are an old trick. */
static void names_are_tokens(void **state)
{
    (void)state;
    static const struct refusal table[] = {
        {BYTES("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : x\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 1\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX\x01Y: b\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nZo\xc3\xab: b\r\n\r\n"), "The name of a header is not valid."},
        {BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "The name of a header is not valid."}, /* a fold of nothing */
        {BYTES("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), "The method of the request is not valid."},
        {BYTES("G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n"), "The method of the request is not valid."},
        {BYTES(" / HTTP/1.1\r\nHost: a\r\n\r\n"), "The method of the request is not valid."},
    };
    refuse_all(table, COUNT(table), ERR_MALFORMED);
}

/* 6. Blanks and control bytes in the target and in values. */
static void control_bytes(void **state)
{
    (void)state;
    static const char target[] = "The address of the request has a blank or a control character.";
    static const char value[] = "A header of the request has a control character.";
    static const struct refusal table[] = {
        {BYTES("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET /\t HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"), target},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n"), value}, /* a bare CR */
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n"), value},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: \x0b\r\n\r\n"), value},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n"), value},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\r\n\r\n"), value},
    };
    refuse_all(table, COUNT(table), ERR_MALFORMED);
}

/* 7. One Host that is one, at most one Content-Length. */
static void host_and_length(void **state)
{
    (void)state;
    static const char no_host[] = "The request has no Host header.";
    static const char two_hosts[] = "The request has more than one Host header.";
    static const char bad_host[] = "The Host header is not valid.";
    static const char two_lengths[] = "The request has more than one Content-Length header.";
    static const struct refusal table[] = {
        {BYTES("GET / HTTP/1.1\r\n\r\n"), no_host},
        {BYTES("GET / HTTP/1.1\r\nX: a\r\n\r\n"), no_host},
        {BYTES("GET / HTTP/1.2\r\n\r\n"), no_host},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), two_hosts},
        {BYTES("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"), two_hosts},
        {BYTES("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), two_hosts},
        {BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: \t \r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: x@a\r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: a\"><b\r\n\r\n"), bad_host},
        {BYTES("GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"), bad_host},
        {BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"), two_lengths},
        {BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nX: y\r\ncontent-length: 2\r\n\r\n"), two_lengths},
    };
    refuse_all(table, COUNT(table), ERR_MALFORMED);
}

/* 8. Any Transfer-Encoding gets 411, but a head that is broken as well gets 400. */
static void transfer_encoding(void **state)
{
    (void)state;
    static const struct refusal table[] = {
        {BYTES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "Send the body with a Content-Length instead of a Transfer-Encoding."},
        {BYTES("POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-encoding: identity\r\n\r\n"), NULL},
        {BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding:chunked\r\n\r\n"), NULL},
        {BYTES("POST / HTTP/1.1\r\nTransfer-Encoding:\r\nHost: a\r\n\r\n"), NULL},
    };
    refuse_all(table, COUNT(table), ERR_LENGTH_REQUIRED);
    static const struct refusal broken[] = {
        {BYTES("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), "The request has no Host header."},
        {BYTES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\n\r\n"), WRONG_BYTES},
    };
    refuse_all(broken, COUNT(broken), ERR_MALFORMED);
}

/* 9. A head of another length than its pieces sum up to. */
static void the_sum_must_be_right(void **state)
{
    (void)state;
    static const char bytes[] = "GET\0/\0HTTP/1.1\0\0Host\0 a\0\0\0\0";
    for (int by = -2; by <= 2; by++) {
        struct head h;
        head_begin(&h, bytes, bytes + 4, 1, bytes + 6);
        head_field(&h, bytes + 16, 4, bytes + 22, 1);
        assert_int_equal(head_end(&h, (size_t)(27 + by), NULL), by == 0 ? ERR_OK : ERR_MALFORMED);
    }
    struct head h;
    head_begin(&h, bytes, bytes + 4, 0, bytes + 6); /* an empty target */
    head_field(&h, bytes + 16, 4, bytes + 22, 1);
    assert_int_equal(head_end(&h, 27, NULL), ERR_MALFORMED);
}

/* 10. A control byte is found wherever it stands in a value, short or long; a tab and bytes above 127 are welcome. */
static void every_place_of_a_value(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 40; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 1; c < 256; c++) {
                char bytes[100] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
                size_t start = strlen(bytes);
                if (c == '\n' || (c == '\r' && at + 1 == len) || ((c == ' ' || c == '\t') && at == 0))
                    continue; /* a line's end, or no part of the value */
                memset(bytes + start, 'v', len);
                bytes[start + at] = (char)c;
                memcpy(bytes + start + len, "\r\n\r\n", 4);
                bool good = c == '\t' || (c >= 0x20 && c != 0x7f);
                if (check(bytes, start + len + 4, NULL) != (good ? ERR_OK : ERR_MALFORMED))
                    fail_msg("byte %02x at %zu of %zu", (unsigned)c, at, len);
            }
}

/* 11. Each byte of a good head, replaced by each separator: never taken for the same head with another meaning. */
static void one_wrong_byte(void **state)
{
    (void)state;
    static const char good[] = "GET /posts HTTP/1.1\r\nHost: a.b\r\nX-Y: c d\r\n\r\n";
    size_t name_x = (size_t)(strstr(good, "X-Y") - good);
    static const char bad[] = {'\0', '\x01', '\x7f'};
    size_t refused = 0;
    for (size_t at = 5; at < sizeof good - 5; at++)
        for (size_t b = 0; b < COUNT(bad); b++) {
            char bytes[sizeof good];
            memcpy(bytes, good, sizeof good);
            if (strchr("\r\n: ", good[at]) != NULL || (at >= 10 && at < 21))
                continue; /* the library itself would read another head */
            bytes[at] = bad[b];
            if (bad[b] == '\0' && at >= name_x && at < name_x + 3)
                continue; /* a name cut by NUL: the library finds no colon and refuses */
            if (bad[b] == '\0' && at > 20 && at < 25)
                continue;
            struct problem problem = {0};
            if (check(bytes, sizeof good - 1, &problem) != ERR_MALFORMED)
                fail_msg("byte %zu as %02x passes", at, (unsigned)bad[b]);
            refused++;
        }
    assert_in_range(refused, 40, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads),
        cmocka_unit_test(bare_line_feeds),
        cmocka_unit_test(folded_lines),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(names_are_tokens),
        cmocka_unit_test(control_bytes),
        cmocka_unit_test(host_and_length),
        cmocka_unit_test(transfer_encoding),
        cmocka_unit_test(the_sum_must_be_right),
        cmocka_unit_test(every_place_of_a_value),
        cmocka_unit_test(one_wrong_byte),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
