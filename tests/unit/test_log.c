/* base/log.h: one line an event, as logfmt and as JSON, read back through a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

struct pipe {
    int ends[2];
    char text[70000];
    size_t len;
    struct log log;
};

static int open_pipe(void **state)
{
    static struct pipe p;
    p = (struct pipe){.log.level = LOG_DEBUG};
    assert_int_equal(pipe(p.ends), 0);
    assert_int_equal(fcntl(p.ends[0], F_SETFL, O_NONBLOCK), 0);
    p.log.fd = p.ends[1];
    *state = &p;
    return 0;
}

static int close_pipe(void **state)
{
    struct pipe *p = *state;
    (void)close(p->ends[0]);
    (void)close(p->ends[1]);
    return 0;
}

/* What was written since the last call. */
static const char *received(struct pipe *p)
{
    ssize_t n;
    p->len = 0;
    while ((n = read(p->ends[0], p->text + p->len, sizeof p->text - 1 - p->len)) > 0)
        p->len += (size_t)n;
    p->text[p->len] = '\0';
    return p->text;
}

/* The line behind its time, which is checked. */
static const char *behind_time(const char *line)
{
    int64_t ms;
    struct clock real = {0};
    assert_memory_equal(line, "time=", 5);
    assert_true(clock_parse(line + 5, CLOCK_TEXT_BYTES - 1, &ms));
    assert_in_range(clock_wall_ms(&real) - ms, 0, 10000);
    assert_int_equal(line[5 + CLOCK_TEXT_BYTES - 1], ' ');
    return line + 5 + CLOCK_TEXT_BYTES;
}

static json_t *as_json(const char *line)
{
    json_error_t cause;
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &cause);
    if (json == NULL)
        fail_msg("%s in %s", cause.text, line);
    return json;
}

/* 1. logfmt: plain words stand without quotes, all else is quoted and escaped. */
static void logfmt_lines(void **state)
{
    struct pipe *p = *state;
    log_info(&p->log, "listening", LOG_S("address", "127.0.0.1:8080"), LOG_I("threads", 2));
    assert_string_equal(behind_time(received(p)), "level=info event=listening address=127.0.0.1:8080 threads=2\n");
    log_warn(&p->log, "a", LOG_S("empty", ""), LOG_S("none", NULL), LOG_I("least", INT64_MIN));
    assert_string_equal(behind_time(received(p)),
                        "level=warn event=a empty=\"\" none=\"\" least=-9223372036854775808\n");
    log_error(&p->log, "a", LOG_S("blank", "two words"), LOG_S("equal", "a=b"), LOG_S("quote", "say \"hi\""),
              LOG_S("slash", "c:\\"), LOG_S("control", "a\nb\x1b\x7f"), LOG_S("utf8", "Zo\xc3\xab"));
    assert_string_equal(behind_time(received(p)),
                        "level=error event=a blank=\"two words\" equal=\"a=b\" quote=\"say \\\"hi\\\"\""
                        " slash=\"c:\\\\\""
                        " control=\"a\\u000ab\\u001b\\u007f\" utf8=Zo\xc3\xab\n");
}

/* 2. Text from outside cannot start a line or a field of its own. */
static void nothing_can_be_forged(void **state)
{
    struct pipe *p = *state;
    log_info(&p->log, "request", LOG_S("path", "/x\n time=2026 level=error event=forged"));
    const char *line = received(p);
    assert_ptr_equal(strchr(line, '\n'), line + p->len - 1);
    assert_non_null(strstr(line, " path=\"/x\\u000a time=2026 level=error event=forged\"\n"));
}

/* 3. JSON lines are JSON and hold the same values. */
static void json_lines(void **state)
{
    struct pipe *p = *state;
    static const char odd[] = "say \"hi\" \\ \n\t\x01\x7f Zo\xc3\xab";
    p->log.format = LOG_JSON;
    log_info(&p->log, "request", LOG_S("path", odd), LOG_I("status", 404), LOG_S("none", NULL));
    const char *line = received(p);
    assert_memory_equal(line, "{\"time\":\"", 9);
    assert_ptr_equal(strchr(line, '\n'), line + p->len - 1);
    json_t *json = as_json(line);
    int64_t ms;
    const char *time = json_string_value(json_object_get(json, "time"));
    assert_true(clock_parse(time, strlen(time), &ms));
    assert_string_equal(json_string_value(json_object_get(json, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(json, "event")), "request");
    assert_string_equal(json_string_value(json_object_get(json, "path")), odd);
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 404);
    assert_string_equal(json_string_value(json_object_get(json, "none")), "");
    assert_int_equal(json_object_size(json), 6);
    json_decref(json);
}

/* 4. Below the level nothing is written; without a log neither. */
static void the_level_holds(void **state)
{
    struct pipe *p = *state;
    static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};
    for (size_t set = 0; set < 4; set++)
        for (size_t at = 0; at < 4; at++) {
            p->log.level = levels[set];
            log_write(&p->log, levels[at], "x", NULL, 0);
            assert_int_equal(*received(p) != '\0', at >= set);
        }
    log_error(NULL, "x", LOG_I("a", 1));
}

/* 5. A long logfmt line is cut at 1,024 bytes and still ends the line. */
static void a_long_line_is_cut(void **state)
{
    struct pipe *p = *state;
    char text[3000];
    for (size_t len = 900; len < 1100; len++) {
        memset(text, 'a', len);
        text[len] = '\0';
        log_info(&p->log, "x", LOG_S("long", text), LOG_S("after", "b"));
        const char *line = received(p);
        assert_in_range(p->len, 900, 1024);
        assert_ptr_equal(strchr(line, '\n'), line + p->len - 1);
    }
}

/* 6. A long JSON line is cut as well, and is JSON wherever the cut falls; the value's start is kept. */
static void a_long_json_line_is_still_json(void **state)
{
    struct pipe *p = *state;
    static const char *const units[] = {"a", "\"", "\n", "\xf0\x9f\x9a\xb6"};
    char text[5000];
    p->log.format = LOG_JSON;
    for (size_t u = 0; u < 4; u++)
        for (size_t count = 100; count < 1100; count += u == 0 ? 1 : 7) {
            text[0] = '\0';
            size_t len = 0;
            for (size_t i = 0; i < count; i++, len += strlen(units[u]))
                memcpy(text + len, units[u], strlen(units[u]) + 1);
            log_info(&p->log, "x", LOG_S("long", text), LOG_S("after", "b"), LOG_I("number", 1234567));
            json_t *json = as_json(received(p));
            assert_in_range(p->len, 100, 1024);
            const char *kept = json_string_value(json_object_get(json, "long"));
            assert_non_null(kept);
            assert_memory_equal(kept, text, strlen(kept));
            assert_in_range(strlen(kept), 90, sizeof text);
            json_decref(json);
        }
}

#define WRITERS 4
#define LINES 80 /* of about 100 bytes: all fit into the pipe at once */

static void *write_lines(void *arg)
{
    const struct log *log = arg;
    for (int i = 0; i < LINES; i++)
        log_info(log, "line", LOG_S("text", "some words that take their time"), LOG_I("number", i));
    return NULL;
}

/* 7. Lines of several threads never mix. */
static void lines_never_mix(void **state)
{
    struct pipe *p = *state;
    pthread_t threads[WRITERS];
    p->log.format = LOG_JSON;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &p->log), 0);
    for (int i = 0; i < WRITERS; i++)
        (void)pthread_join(threads[i], NULL);
    (void)received(p);
    int seen[LINES] = {0};
    for (char *line = p->text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        json_t *json = as_json(line);
        seen[json_integer_value(json_object_get(json, "number"))]++;
        json_decref(json);
    }
    for (int i = 0; i < LINES; i++)
        assert_int_equal(seen[i], WRITERS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(logfmt_lines),       TEST(nothing_can_be_forged),          TEST(json_lines),      TEST(the_level_holds),
        TEST(a_long_line_is_cut), TEST(a_long_json_line_is_still_json), TEST(lines_never_mix),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
