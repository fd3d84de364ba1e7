/*
 * Frames of the control socket: whole, in pieces, too long, and made up by somebody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/control_frame.h"

static int setup(void **state)
{
    *state = arena_create(4096, 1U << 20);
    return *state == NULL;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct buf sample(void)
{
    struct buf out;
    buf_init(&out, CONTROL_REQUEST_BYTES_MAX);
    control_frame_append(&out, CONTROL_ARGUMENT, "user", 4);
    control_frame_append(&out, CONTROL_ARGUMENT, "add", 3);
    control_frame_append(&out, CONTROL_ARGUMENT, "", 0);
    control_frame_append(&out, CONTROL_SECRET, "s3cret", 6);
    control_frame_append(&out, CONTROL_INPUT, "a.jsonl", 7);
    control_frame_append(&out, CONTROL_RUN, "", 0);
    return out;
}

static void a_request_comes_out_as_it_went_in(void **state)
{
    struct control_command c;
    struct buf in = sample();
    assert_int_equal(control_request_parse(in.data, in.len, *state, &c), ERR_OK);
    assert_true(c.complete);
    assert_int_equal(c.arguments_count, 3);
    assert_string_equal(c.arguments[1], "add");
    assert_string_equal(c.arguments[2], "");
    assert_string_equal(c.secret, "s3cret");
    assert_string_equal(c.input_name, "a.jsonl");
    buf_clear(&in);
}

/* Each piece is handed over in memory of its own size, so that a sanitizer sees any byte read beyond it. */
static void every_piece_of_it_is_incomplete(void **state)
{
    struct buf in = sample();
    for (size_t len = 0; len < in.len; len++) {
        struct control_command c;
        char *piece = malloc(len + 1);
        assert_non_null(piece);
        memcpy(piece, in.data, len);
        assert_int_equal(control_request_parse(piece, len, *state, &c), ERR_OK);
        assert_false(c.complete);
        free(piece);
    }
    buf_clear(&in);
}

static void nonsense_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } table[] = {
        {"z\0\0\0\0r\0\0\0\0", 10},       /* an unknown kind */
        {"a\0\0\0\1\0r\0\0\0\0", 11},     /* a NUL inside an argument */
        {"r\0\0\0\1x", 6},                /* a run with something in it */
        {"r\0\0\0\0a", 6},                /* something behind the run */
        {"a\0\1\0\1", 5},                 /* longer than any frame */
        {"a\377\377\377\377", 5},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct control_command c;
        assert_int_equal(control_request_parse(table[i].bytes, table[i].len, *state, &c), ERR_MALFORMED);
    }
}

static void a_request_has_an_end(void **state)
{
    struct buf in;
    struct control_command c;
    buf_init(&in, 2 * CONTROL_REQUEST_BYTES_MAX);
    for (int i = 0; i <= CONTROL_ARGUMENTS_MAX; i++)
        control_frame_append(&in, CONTROL_ARGUMENT, "x", 1);
    control_frame_append(&in, CONTROL_RUN, "", 0);
    assert_int_equal(control_request_parse(in.data, in.len, *state, &c), ERR_TOO_LARGE);
    buf_reset(&in);
    while (in.len < CONTROL_REQUEST_BYTES_MAX)
        control_frame_append(&in, CONTROL_ARGUMENT, "0123456789", 10);
    assert_int_equal(control_request_parse(in.data, CONTROL_REQUEST_BYTES_MAX, *state, &c), ERR_TOO_LARGE);
    assert_int_equal(control_request_parse(in.data, CONTROL_REQUEST_BYTES_MAX + 1, *state, &c), ERR_TOO_LARGE);
    buf_clear(&in);
}

static void an_answer_is_frames_too(void **state)
{
    (void)state;
    struct buf out;
    struct control_frame frame;
    size_t used;
    buf_init(&out, 2 * CONTROL_FRAME_BYTES_MAX);
    char *long_text = calloc(1, CONTROL_FRAME_BYTES_MAX + 1);
    assert_non_null(long_text);
    control_frame_append(&out, CONTROL_OUT, long_text, CONTROL_FRAME_BYTES_MAX);
    assert_false(out.failed);
    assert_int_equal(control_frame_next(out.data, out.len, &frame, &used), ERR_OK);
    assert_int_equal(used, CONTROL_FRAME_HEAD_BYTES + CONTROL_FRAME_BYTES_MAX);
    assert_int_equal(frame.kind, CONTROL_OUT);
    assert_int_equal(control_frame_next(out.data, out.len - 1, &frame, &used), ERR_OK);
    assert_int_equal(used, 0);
    control_frame_append(&out, CONTROL_OUT, long_text, CONTROL_FRAME_BYTES_MAX + 1);
    assert_true(out.failed);
    free(long_text);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_comes_out_as_it_went_in, setup, teardown),
        cmocka_unit_test_setup_teardown(every_piece_of_it_is_incomplete, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_has_an_end, setup, teardown),
        cmocka_unit_test(an_answer_is_frames_too),
    };
    return cmocka_run_group_tests_name("control_frame", tests, NULL, NULL);
}
