/* api/helpers.h: a bounded queue of tasks, threads that work it off, and an orderly stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "api/helpers.h"
#include "base/limits.h"

struct chore {
    struct task task; /* first */
    atomic_int *done;
    int number;
    int place; /* as how many-th it was done */
    atomic_bool *gate; /* waits until it is open; NULL: no waiting */
    atomic_int *waiting;
    pthread_t ran_on;
};

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void run(struct task *task)
{
    struct chore *c = (struct chore *)task;
    if (c->waiting != NULL)
        atomic_fetch_add(c->waiting, 1);
    while (c->gate != NULL && !atomic_load(c->gate))
        nap();
    c->ran_on = pthread_self();
    c->place = atomic_fetch_add(c->done, 1);
}

static struct helpers *start(int threads)
{
    struct helpers *h = NULL;
    assert_int_equal(helpers_start(threads, &h), ERR_OK);
    return h;
}

/* 1. What waits is done, in order where one thread works, not on the submitter's thread; a stop waits for all of it. */
static void all_is_done_in_order(void **state)
{
    (void)state;
    struct helpers *h = start(1);
    struct chore chores[50];
    atomic_int done = 0;
    for (int i = 0; i < 50; i++) {
        chores[i] = (struct chore){.task.run = run, .done = &done, .number = i};
        assert_int_equal(helpers_submit(h, &chores[i].task), ERR_OK);
    }
    helpers_stop(h);
    assert_int_equal(done, 50);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(chores[i].place, i);
        assert_false(pthread_equal(chores[i].ran_on, pthread_self()));
    }
    helpers_stop(NULL);
}

/* 2. A full queue refuses and keeps nothing of the task; those being worked on do not count. */
static void a_full_queue_refuses(void **state)
{
    (void)state;
    struct helpers *h = start(HELPERS);
    static struct chore chores[HELPERS + HELPER_QUEUE_MAX + 1];
    atomic_int done = 0;
    atomic_int waiting = 0;
    atomic_bool gate = false;
    for (int i = 0; i < HELPERS + HELPER_QUEUE_MAX + 1; i++)
        chores[i] = (struct chore){.task.run = run, .done = &done, .gate = &gate, .waiting = &waiting, .place = -1};
    for (int i = 0; i < HELPERS; i++)
        assert_int_equal(helpers_submit(h, &chores[i].task), ERR_OK);
    while (atomic_load(&waiting) < HELPERS)
        nap();
    assert_int_equal(helpers_depth(h), 0);
    for (int i = 0; i < HELPER_QUEUE_MAX; i++) {
        assert_int_equal(helpers_submit(h, &chores[HELPERS + i].task), ERR_OK);
        assert_int_equal(helpers_depth(h), i + 1);
    }
    struct chore *extra = &chores[HELPERS + HELPER_QUEUE_MAX];
    assert_int_equal(helpers_submit(h, &extra->task), ERR_BUSY);
    assert_int_equal(helpers_depth(h), HELPER_QUEUE_MAX);
    atomic_store(&gate, true);
    while (helpers_depth(h) > 0)
        nap();
    assert_int_equal(helpers_submit(h, &extra->task), ERR_OK); /* there is room again */
    helpers_stop(h);
    assert_int_equal(done, HELPERS + HELPER_QUEUE_MAX + 1);
    assert_true(extra->place >= 0);
}

/* 3. The threads work at the same time: two tasks that need each other come to an end. */
struct partner {
    struct task task; /* first */
    pthread_barrier_t *meet;
};

static void meet(struct task *task)
{
    (void)pthread_barrier_wait(((struct partner *)task)->meet);
}

static void helpers_work_side_by_side(void **state)
{
    (void)state;
    struct helpers *h = start(3);
    pthread_barrier_t barrier;
    struct partner partners[6];
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 3), 0);
    for (int i = 0; i < 6; i++) {
        partners[i] = (struct partner){.task.run = meet, .meet = &barrier};
        assert_int_equal(helpers_submit(h, &partners[i].task), ERR_OK);
    }
    helpers_stop(h);
    (void)pthread_barrier_destroy(&barrier);
}

/* 4. After its run a task is no longer touched: its memory may be gone. Idle threads wake for new work. */
static void run_and_free(struct task *task)
{
    struct chore *c = (struct chore *)task;
    atomic_fetch_add(c->done, 1);
    free(c);
}

static void a_task_may_free_itself(void **state)
{
    (void)state;
    struct helpers *h = start(2);
    atomic_int done = 0;
    for (int i = 0; i < 30; i++) {
        struct chore *c = calloc(1, sizeof *c);
        *c = (struct chore){.task.run = run_and_free, .done = &done};
        assert_int_equal(helpers_submit(h, &c->task), ERR_OK);
        if (i % 10 == 0)
            nap();
    }
    helpers_stop(h);
    assert_int_equal(done, 30);
}

#define SUBMITTERS 4
#define CHORES 3000

struct submitter {
    struct helpers *h;
    struct chore *chores;
};

static void *submit_all(void *arg)
{
    struct submitter *s = arg;
    for (int i = 0; i < CHORES; i++)
        while (helpers_submit(s->h, &s->chores[i].task) != ERR_OK)
            (void)sched_yield();
    return NULL;
}

/* 5. Many submitters against a full queue: every task that was taken is done exactly once. */
static void many_submitters(void **state)
{
    (void)state;
    struct helpers *h = start(2);
    struct submitter submitters[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    atomic_int done = 0;
    bool *seen = calloc(SUBMITTERS * CHORES, sizeof *seen);
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (struct submitter){.h = h, .chores = calloc(CHORES, sizeof(struct chore))};
        for (int k = 0; k < CHORES; k++)
            submitters[i].chores[k] = (struct chore){.task.run = run, .done = &done};
        assert_int_equal(pthread_create(&threads[i], NULL, submit_all, &submitters[i]), 0);
    }
    for (int i = 0; i < SUBMITTERS; i++)
        (void)pthread_join(threads[i], NULL);
    helpers_stop(h);
    assert_int_equal(done, SUBMITTERS * CHORES);
    for (int i = 0; i < SUBMITTERS; i++) {
        for (int k = 0; k < CHORES; k++) {
            int place = submitters[i].chores[k].place;
            assert_in_range(place, 0, SUBMITTERS * CHORES - 1);
            assert_false(seen[place]);
            seen[place] = true;
        }
        free(submitters[i].chores);
    }
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_done_in_order),   cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(helpers_work_side_by_side), cmocka_unit_test(a_task_may_free_itself),
        cmocka_unit_test(many_submitters),
    };
    return cmocka_run_group_tests_name("helpers", tests, NULL, NULL);
}
