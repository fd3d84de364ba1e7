/*
 * realtime/queue.h: the wire gets what was pushed, in order and however it is cut; memory is counted; of pongs only the
 * newest waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "random.h"
#include "realtime/queue.h"

enum { BYTES_MAX = 1 << 16, HEAD = 2 };

/* The client's end: what it got, head by head as they are on the wire. */
struct wire {
    struct queue *q;
    unsigned char bytes[BYTES_MAX];
    size_t len;
};

static void push(struct queue *q, struct packet *packet, int64_t now_ms)
{
    assert_non_null(packet);
    assert_true(queue_push(q, packet, now_ms));
    packet_unref(packet);
}

static void push_text(struct queue *q, const char *text, enum packet_class what, int64_t now_ms)
{
    push(q, packet_text(text, strlen(text), what, 0, NULL), now_ms);
}

static void push_pong(struct queue *q, const char *text, int64_t now_ms)
{
    push(q, packet_control(FRAME_OP_PONG, text, strlen(text)), now_ms);
}

/* The client takes up to so many bytes. */
static void take(struct wire *w, size_t most)
{
    struct iovec parts[4];
    int count = queue_parts(w->q, parts, 4);
    size_t taken = 0;
    for (int i = 0; i < count && taken < most; i++) {
        size_t now = parts[i].iov_len < most - taken ? parts[i].iov_len : most - taken;
        assert_true(w->len + now <= sizeof w->bytes);
        memcpy(w->bytes + w->len, parts[i].iov_base, now);
        w->len += now;
        taken += now;
    }
    queue_taken(w->q, taken);
}

/* What came, payload by payload with a comma behind each; pongs with a sign before them. All are shorter than 126. */
static const char *read_all(struct wire *w)
{
    static char text[BYTES_MAX];
    size_t at = 0;
    size_t len = 0;
    while (w->q->count > 0)
        take(w, BYTES_MAX);
    while (at < w->len) {
        if ((w->bytes[at] & 0x0f) == FRAME_OP_PONG)
            text[len++] = '!';
        memcpy(text + len, w->bytes + at + HEAD, w->bytes[at + 1]);
        len += w->bytes[at + 1];
        text[len++] = ',';
        at += HEAD + w->bytes[at + 1];
    }
    text[len] = '\0';
    return text;
}

static void expect_empty(struct queue *q)
{
    assert_int_equal(q->count, 0);
    assert_int_equal(q->bytes, 0);
    assert_int_equal(q->offset, 0);
    assert_int_equal(q->pong, 0);
    queue_free(q);
}

static void of_pongs_the_newest_waits(void **state)
{
    (void)state;
    struct wire w = {.q = queue_create(false)};
    push_pong(w.q, "1", 1000);
    push_text(w.q, "a", PACKET_ANSWER, 1100);
    for (int i = 2; i <= 100000; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        push_pong(w.q, text, 1200);
    }
    assert_int_equal(w.q->count, 2);
    assert_true(w.q->bytes < 512);
    assert_int_equal(queue_age_ms(w.q, 3000), 2000); /* who never reads gets old all the same */
    assert_string_equal(read_all(&w), "!100000,a,");
    expect_empty(w.q);
}

static void a_pong_that_is_begun_is_sent_whole(void **state)
{
    (void)state;
    struct wire w = {.q = queue_create(false)};
    push_pong(w.q, "one", 0);
    take(&w, 3);
    push_pong(w.q, "two", 0);
    push_pong(w.q, "three", 0);
    assert_int_equal(w.q->count, 2);
    assert_string_equal(read_all(&w), "!one,!three,");
    expect_empty(w.q);
}

static void a_pong_is_found_again_after_others_have_gone(void **state)
{
    (void)state;
    struct wire w = {.q = queue_create(false)};
    push_text(w.q, "cheer", PACKET_EPHEMERAL, 0);
    push_text(w.q, "a", PACKET_ANSWER, 0);
    push_text(w.q, "cheer", PACKET_EPHEMERAL, 0);
    push_pong(w.q, "1", 0);
    for (int i = 0; i < 20; i++) /* the ring grows */
        push_text(w.q, "b", PACKET_EPHEMERAL, 0);
    assert_int_equal(queue_drop_ephemeral(w.q), 22);
    push_pong(w.q, "2", 0);
    assert_int_equal(w.q->count, 2);
    assert_true(w.q->pong == 2);
    take(&w, HEAD + 1);
    push_pong(w.q, "3", 0);
    assert_int_equal(w.q->count, 1);
    assert_string_equal(read_all(&w), "a,!3,");
    expect_empty(w.q);
}

static void a_pong_is_forgotten_with_the_rest(void **state)
{
    (void)state;
    struct wire w = {.q = queue_create(false)};
    push_text(w.q, "a", PACKET_ANSWER, 0);
    take(&w, 1);
    push_text(w.q, "b", PACKET_ANSWER, 0);
    push_pong(w.q, "1", 0);
    queue_drop_rest(w.q);
    push_pong(w.q, "2", 0);
    assert_int_equal(w.q->count, 2);
    assert_string_equal(read_all(&w), "a,!2,");
    expect_empty(w.q);
}

static size_t process_holds(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Whatever the allocator and the ring add: what the process holds for a full queue is what the queue says, or less. */
static void memory_is_counted(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 120; len += 24) {
        char text[128] = {0};
        memset(text, 'x', len);
        struct queue *q = queue_create(false);
        size_t before = process_holds();
        while (q->bytes <= QUEUE_BYTES_MAX)
            push_text(q, text, PACKET_ANSWER, 0);
        size_t held = process_holds() - before;
        if (before > 0) /* a sanitizer's malloc does not say */
            assert_in_range(held, 1, q->bytes);
        assert_true(q->count * (len + HEAD) < q->bytes);
        queue_drop_rest(q);
        expect_empty(q);
    }
}

static void pushed_and_taken_at_random(void **state)
{
    (void)state;
    struct random random = random_seeded();
    struct wire w = {.q = queue_create(false)};
    char expected[BYTES_MAX] = "";
    size_t len = 0;
    for (int i = 0; i < 4000; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        push_text(w.q, text, PACKET_EVENT, i);
        len += (size_t)snprintf(expected + len, sizeof expected - len, "%s,", text);
        if (random_below(&random, 2) == 0)
            take(&w, random_below(&random, 40));
    }
    assert_string_equal(read_all(&w), expected);
    expect_empty(w.q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_pongs_the_newest_waits),
        cmocka_unit_test(a_pong_that_is_begun_is_sent_whole),
        cmocka_unit_test(a_pong_is_found_again_after_others_have_gone),
        cmocka_unit_test(a_pong_is_forgotten_with_the_rest),
        cmocka_unit_test(memory_is_counted),
        cmocka_unit_test(pushed_and_taken_at_random),
    };
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
