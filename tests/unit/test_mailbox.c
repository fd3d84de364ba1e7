/* base/mailbox.h: a bounded queue between threads, and the eventfd that tells of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/mailbox.h"
#include "random.h"

static bool readable(const struct mailbox *m)
{
    struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* 1. What was posted comes out once, oldest first. */
static void oldest_first_and_once(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_create(10);
    struct mail mails[3];
    assert_null(mailbox_take(m));
    for (int i = 0; i < 3; i++)
        assert_int_equal(mailbox_post(m, &mails[i]), ERR_OK);
    assert_int_equal(mailbox_depth(m), 3);
    struct mail *all = mailbox_take(m);
    for (int i = 0; i < 3; i++, all = all->next)
        assert_ptr_equal(all, &mails[i]);
    assert_null(all);
    assert_int_equal(mailbox_depth(m), 0);
    assert_null(mailbox_take(m));
    assert_int_equal(mailbox_post(m, &mails[1]), ERR_OK); /* it may go again */
    assert_ptr_equal(mailbox_wait(m), &mails[1]);
    assert_null(mails[1].next);
    mailbox_free(m);
    mailbox_free(NULL);
}

/* 2. At the limit a message stays its sender's; taking makes room. */
static void the_limit_holds(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_create(2);
    struct mail mails[3];
    for (int round = 0; round < 3; round++) {
        assert_int_equal(mailbox_post(m, &mails[0]), ERR_OK);
        assert_int_equal(mailbox_post(m, &mails[1]), ERR_OK);
        assert_int_equal(mailbox_post(m, &mails[2]), ERR_BUSY);
        assert_int_equal(mailbox_depth(m), 2);
        struct mail *all = mailbox_take(m);
        assert_ptr_equal(all->next, &mails[1]);
        assert_null(all->next->next);
    }
    mailbox_free(m);
}

/* An answer to what the reader asked for has its place, in order, though the box is full or closed. */
static void an_answer_always_fits(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_create(1);
    struct mail mails[3];
    assert_int_equal(mailbox_post(m, &mails[0]), ERR_OK);
    mailbox_post_always(m, &mails[1]);
    assert_int_equal(mailbox_depth(m), 2);
    mailbox_close(m);
    mailbox_post_always(m, &mails[2]);
    struct mail *all = mailbox_wait(m);
    assert_ptr_equal(all, &mails[0]);
    assert_ptr_equal(all->next, &mails[1]);
    assert_ptr_equal(all->next->next, &mails[2]);
    assert_null(mails[2].next);
    mailbox_free(m);
}

/* 3. The descriptor is readable exactly while something waits, whatever came before. */
static void readable_exactly_while_not_empty(void **state)
{
    (void)state;
    struct random r = random_seeded();
    struct mailbox *m = mailbox_create(5);
    struct mail mails[5];
    size_t depth = 0;
    assert_false(readable(m));
    for (int i = 0; i < 5000; i++) {
        if (random_below(&r, 3) > 0) {
            struct mail extra;
            bool fits = depth < 5;
            assert_int_equal(mailbox_post(m, fits ? &mails[depth] : &extra), fits ? ERR_OK : ERR_BUSY);
            depth += fits;
        } else {
            size_t taken = 0;
            for (struct mail *all = mailbox_take(m); all != NULL; all = all->next)
                taken++;
            assert_int_equal(taken, depth);
            depth = 0;
        }
        assert_int_equal(readable(m), depth > 0);
        assert_int_equal(mailbox_depth(m), depth);
    }
    mailbox_free(m);
}

/* 4. A closed box refuses, still gives what it has, and stays readable, so that nobody sleeps on it. */
static void close_refuses_and_drains(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_create(2);
    struct mail mails[2];
    assert_int_equal(mailbox_post(m, &mails[0]), ERR_OK);
    mailbox_close(m);
    mailbox_close(m);
    assert_int_equal(mailbox_post(m, &mails[1]), ERR_CONFLICT);
    assert_ptr_equal(mailbox_wait(m), &mails[0]);
    assert_null(mailbox_wait(m));
    assert_null(mailbox_take(m));
    assert_true(readable(m));
    mailbox_free(m);
}

static void *wait_for_null(void *arg)
{
    return mailbox_wait(arg);
}

/* 5. Closing wakes who waits. */
static void close_wakes_a_waiter(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_create(2);
    pthread_t thread;
    void *got = &thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_null, m), 0);
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    mailbox_close(m);
    (void)pthread_join(thread, &got);
    assert_null(got);
    mailbox_free(m);
}

#define SENDERS 4
#define MESSAGES 20000

struct letter {
    struct mail mail; /* first */
    int sender;
    int number;
};

struct sender {
    struct mailbox *box;
    struct letter *letters;
    atomic_int refused;
};

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (int i = 0; i < MESSAGES; i++)
        while (mailbox_post(s->box, &s->letters[i].mail) == ERR_BUSY) {
            atomic_fetch_add(&s->refused, 1);
            (void)sched_yield();
        }
    return NULL;
}

/* 6. Many senders, one reader: nothing is lost, nothing comes twice, each sender's order is kept, the limit holds. */
static void many_senders_one_reader(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_create(64);
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    int next[SENDERS] = {0};
    size_t longest = 0;
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.box = m, .letters = calloc(MESSAGES, sizeof(struct letter))};
        assert_non_null(senders[i].letters);
        for (int k = 0; k < MESSAGES; k++)
            senders[i].letters[k] = (struct letter){.sender = i, .number = k};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (int left = SENDERS * MESSAGES; left > 0;) {
        size_t run = 0;
        for (struct mail *at = mailbox_wait(m), *after; at != NULL; at = after, run++, left--) {
            after = at->next;
            struct letter *letter = (struct letter *)at;
            assert_int_equal(letter->number, next[letter->sender]++);
        }
        longest = run > longest ? run : longest;
    }
    for (int i = 0; i < SENDERS; i++) {
        (void)pthread_join(threads[i], NULL);
        free(senders[i].letters);
    }
    assert_in_range(longest, 1, 64);
    assert_false(readable(m));
    assert_null(mailbox_take(m));
    mailbox_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_first_and_once),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(an_answer_always_fits),
        cmocka_unit_test(readable_exactly_while_not_empty),
        cmocka_unit_test(close_refuses_and_drains),
        cmocka_unit_test(close_wakes_a_waiter),
        cmocka_unit_test(many_senders_one_reader),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
