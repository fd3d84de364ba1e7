/*
 * db/writer.h: group commit, jobs that fail beside jobs that do not, failing storage, a full queue, stopping.
 *
 * A job at a gate keeps the writer busy while others queue up behind it, so that a batch is as large as the test wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/syscall.h>

#include "base/limits.h"
#include "db/access.h"
#include "db/writer.h"
#include "db_fixture.h"

struct scene {
    struct fixture *f;
    struct writer *writer;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool gate_open;
    bool gate_reached;
    size_t done;          /* jobs completed */
    int clock;            /* counts what happens, to see the order */
    int published_at;     /* of the last publishing */
    size_t published;     /* changes in all */
    int64_t subjects[64]; /* of the first of them */
};

enum what { MARK, LOSE, REFUSE, MARK_AND_FAIL, FILL, LIFT_LIMIT, LIMIT, ALLOCATE, GATE, READ };

struct deed {
    struct job job;
    struct scene *scene;
    enum what what;
    bool checks_first;
    int number;
    enum err fail_with;
    enum err err;
    char detail[80];
    int done_at;
    int64_t now_ms;
    long thread;
};

static enum err mark(struct deed *d, struct tx *tx)
{
    enum err err = db_run(tx->db, "INSERT INTO activity (day, user_id) VALUES ($1, $2)", "ii", (int64_t)d->number,
                          INT64_C(1));
    if (err == ERR_OK)
        err = tx_note(tx, (struct change){.kind = CHANGE_MEMBER, .subject_id = d->number});
    return err;
}

static enum err wait_at_gate(struct scene *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->gate_reached = true;
    (void)pthread_cond_broadcast(&s->moved);
    while (!s->gate_open)
        (void)pthread_cond_wait(&s->moved, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
    return ERR_OK;
}

static enum err deed_run(struct job *job, struct tx *tx)
{
    struct deed *d = (struct deed *)job;
    d->now_ms = tx->now_ms;
    d->thread = syscall(SYS_gettid);
    switch (d->what) {
    case GATE:
        return wait_at_gate(d->scene);
    case MARK:
        return mark(d, tx);
    case MARK_AND_FAIL:
        assert_int_equal(mark(d, tx), ERR_OK);
        return problem_set(&tx->problem, d->fail_with, "deed %d", d->number);
    case LOSE: /* as SQLite does when it has no memory */
        assert_int_equal(db_run(tx->db, "ROLLBACK", ""), ERR_OK);
        return ERR_NO_MEMORY;
    case REFUSE:
        return problem_set(&tx->problem, d->fail_with, "deed %d", d->number);
    case FILL:
        return db_run(tx->db, "INSERT INTO replays VALUES (1, $1, zeroblob(32), 200, hex(zeroblob(400000)), 1)", "i",
                      (int64_t)d->number);
    case LIMIT:
        return db_script(tx->db, "PRAGMA max_page_count = 100");
    case LIFT_LIMIT:
        return db_script(tx->db, "PRAGMA max_page_count = 1000000");
    case ALLOCATE:
        return arena_alloc(tx->arena, REQUEST_ARENA_BYTES_MAX / 2) == NULL ? ERR_NO_MEMORY : ERR_OK;
    case READ:
        break;
    }
    return ERR_OK;
}

static void deed_done(struct job *job, enum err err, const struct problem *problem)
{
    struct deed *d = (struct deed *)job;
    struct scene *s = d->scene;
    (void)pthread_mutex_lock(&s->lock);
    d->err = err;
    (void)snprintf(d->detail, sizeof d->detail, "%.79s", problem->detail);
    assert_int_equal(problem->err, err);
    d->done_at = ++s->clock;
    s->done++;
    (void)pthread_cond_broadcast(&s->moved);
    (void)pthread_mutex_unlock(&s->lock);
}

static void published(void *arg, const struct change *changes, size_t count)
{
    struct scene *s = arg;
    (void)pthread_mutex_lock(&s->lock);
    s->published_at = ++s->clock;
    for (size_t i = 0; i < count; i++, s->published++)
        if (s->published < sizeof s->subjects / sizeof s->subjects[0])
            s->subjects[s->published] = changes[i].subject_id;
    (void)pthread_mutex_unlock(&s->lock);
}

static int scene_setup(void **state)
{
    void *fixture;
    assert_int_equal(fixture_setup(&fixture), 0);
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = fixture;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->moved, NULL);
    struct writer_options options = {.db = s->f->db, .clock = &s->f->clock, .published = published, .published_arg = s};
    assert_int_equal(writer_start(&options, &s->writer), ERR_OK);
    *state = s;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *s = *state;
    writer_stop(s->writer);
    void *fixture = s->f;
    (void)pthread_cond_destroy(&s->moved);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
    return fixture_teardown(&fixture);
}

static void submit(struct scene *s, struct deed *d, enum what what)
{
    d->job = (struct job){.run = deed_run, .done = deed_done, .checks_first = d->checks_first};
    d->scene = s;
    d->what = what;
    assert_int_equal(writer_submit(s->writer, &d->job), ERR_OK);
}

static void wait_done(struct scene *s, size_t count)
{
    (void)pthread_mutex_lock(&s->lock);
    while (s->done < count)
        (void)pthread_cond_wait(&s->moved, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

/* The writer stands in `gate` when this returns. */
static void close_gate(struct scene *s, struct deed *gate)
{
    submit(s, gate, GATE);
    (void)pthread_mutex_lock(&s->lock);
    while (!s->gate_reached)
        (void)pthread_cond_wait(&s->moved, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

static void open_gate(struct scene *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->gate_open = true;
    (void)pthread_cond_broadcast(&s->moved);
    (void)pthread_mutex_unlock(&s->lock);
}

static int64_t marks(struct scene *s)
{
    return fixture_number(s->f->reader, "SELECT COUNT(*) FROM activity");
}

static uint64_t transactions(struct scene *s)
{
    return atomic_load(&s->f->stats.transactions);
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

/* Who reads while a transaction is open can tell a time that the transaction's own is not older than. */
static void the_open_transaction_tells_its_time(void **state)
{
    struct scene *s = *state;
    struct deed gate = {.number = 1};
    struct deed last = {.number = 2};
    assert_int_equal(writer_batch_ms(s->writer), 0);
    close_gate(s, &gate);
    int64_t batch_ms = writer_batch_ms(s->writer);
    assert_true(batch_ms != 0 && batch_ms <= gate.now_ms);
    open_gate(s);
    wait_done(s, 1); /* what is done is committed */
    assert_int_equal(writer_batch_ms(s->writer), 0);
    submit(s, &last, READ);
    wait_done(s, 2);
    assert_int_equal(writer_batch_ms(s->writer), 0);
}

static void what_waits_shares_a_transaction(void **state)
{
    struct scene *s = *state;
    enum { JOBS = 100 };
    struct deed gate = {0};
    struct deed deeds[JOBS] = {0};
    uint64_t before = transactions(s);
    close_gate(s, &gate);
    for (int i = 0; i < JOBS; i++) {
        deeds[i].number = i;
        submit(s, &deeds[i], MARK);
    }
    assert_int_equal(writer_depth(s->writer), JOBS + 1);
    open_gate(s);
    wait_done(s, JOBS + 1);
    assert_int_equal(transactions(s) - before, 2); /* the gate's and theirs */
    assert_int_equal(marks(s), JOBS);
    assert_int_equal(s->published, JOBS);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(deeds[i].err, ERR_OK);
        assert_true(deeds[i].done_at > s->published_at);
        assert_true(i == 0 || deeds[i].done_at == deeds[i - 1].done_at + 1);
        assert_true(deeds[i].now_ms == deeds[0].now_ms);
    }
    const struct writer_stats *stats = writer_stats(s->writer);
    assert_int_equal(atomic_load(&stats->jobs), JOBS + 1);
    assert_int_equal(atomic_load(&stats->batches), 2);
    assert_int_equal(atomic_load(&stats->batch_sizes[0]), 1);
    assert_int_equal(atomic_load(&stats->batch_sizes[7]), 1); /* 65 to 128 */
    assert_int_equal(writer_depth(s->writer), 0);
}

static void a_batch_has_a_bound(void **state)
{
    struct scene *s = *state;
    enum { JOBS = WRITER_BATCH_MAX + 10 };
    struct deed gate = {0};
    struct deed *deeds = calloc(JOBS, sizeof *deeds);
    assert_non_null(deeds);
    uint64_t before = transactions(s);
    close_gate(s, &gate);
    for (int i = 0; i < JOBS; i++) {
        deeds[i].number = i;
        submit(s, &deeds[i], MARK);
    }
    open_gate(s);
    wait_done(s, JOBS + 1);
    assert_int_equal(transactions(s) - before, 3);
    assert_int_equal(marks(s), JOBS);
    for (int i = 1; i < JOBS; i++)
        assert_true(deeds[i].done_at > deeds[i - 1].done_at);
    free(deeds);
}

static void a_failing_job_harms_only_itself(void **state)
{
    struct scene *s = *state;
    enum { JOBS = 30 };
    static const enum err errors[] = {ERR_CONFLICT, ERR_NOT_FOUND, ERR_NO_MEMORY, ERR_INTERNAL};
    struct deed gate = {0};
    struct deed deeds[JOBS] = {0};
    close_gate(s, &gate);
    for (int i = 0; i < JOBS; i++) {
        deeds[i].number = i;
        deeds[i].fail_with = errors[i / 3 % 4];
        submit(s, &deeds[i], i % 3 == 1 ? MARK_AND_FAIL : MARK);
    }
    open_gate(s);
    wait_done(s, JOBS + 1);
    assert_int_equal(marks(s), JOBS * 2 / 3);
    assert_int_equal(s->published, JOBS * 2 / 3);
    size_t next = 0;
    for (int i = 0; i < JOBS; i++) {
        if (i % 3 == 1) {
            char words[20];
            (void)snprintf(words, sizeof words, "deed %d", i);
            assert_int_equal(deeds[i].err, deeds[i].fail_with);
            assert_string_equal(deeds[i].detail, words);
        } else {
            assert_int_equal(deeds[i].err, ERR_OK);
            assert_string_equal(deeds[i].detail, "");
            assert_int_equal(s->subjects[next++], i);
        }
    }
    assert_int_equal(atomic_load(&writer_stats(s->writer)->failed_batches), 0);
}

static void failing_storage_fails_the_batch_and_heals(void **state)
{
    struct scene *s = *state;
    struct deed limit = {0}, gate = {0}, lift = {0}, read = {0}, after = {.number = 9};
    struct deed before = {.number = 1}, conflict = {.number = 2, .fail_with = ERR_CONFLICT}, fill = {.number = 3},
                behind = {.number = 4};
    submit(s, &limit, LIMIT);
    close_gate(s, &gate);
    submit(s, &before, MARK);
    submit(s, &conflict, MARK_AND_FAIL);
    submit(s, &fill, FILL);
    submit(s, &behind, MARK);
    open_gate(s);
    wait_done(s, 6);
    const struct writer_stats *stats = writer_stats(s->writer);
    assert_int_equal(before.err, ERR_STORAGE);
    assert_int_equal(conflict.err, ERR_STORAGE);
    assert_int_equal(fill.err, ERR_STORAGE);
    assert_int_equal(behind.err, ERR_STORAGE);
    assert_int_equal(behind.thread, 0); /* it never ran */
    assert_int_equal(marks(s), 0);
    assert_int_equal(s->published, 0);
    assert_int_equal(atomic_load(&stats->failed_batches), 1);
    assert_int_equal(atomic_load(&stats->storage_failing), 1);

    submit(s, &read, READ); /* what writes nothing succeeds, which proves nothing; nor does what is taken back */
    wait_done(s, 7);
    assert_int_equal(read.err, ERR_OK);
    assert_int_equal(atomic_load(&stats->storage_failing), 1);
    submit(s, &conflict, MARK_AND_FAIL);
    wait_done(s, 8);
    assert_int_equal(conflict.err, ERR_CONFLICT);
    assert_int_equal(atomic_load(&stats->storage_failing), 1);

    submit(s, &lift, LIFT_LIMIT);
    wait_done(s, 9);
    submit(s, &fill, FILL);
    submit(s, &after, MARK);
    wait_done(s, 11);
    assert_int_equal(fill.err, ERR_OK);
    assert_int_equal(after.err, ERR_OK);
    assert_int_equal(marks(s), 1);
    assert_int_equal(s->published, 1);
    assert_int_equal(atomic_load(&stats->storage_failing), 0);
}

/* A job that met a failing disk speaks for all, also when the transaction itself survived. */
static void one_storage_error_fails_the_batch(void **state)
{
    struct scene *s = *state;
    struct deed gate = {0}, before = {.number = 1}, hit = {.number = 2, .fail_with = ERR_STORAGE},
                behind = {.number = 3};
    close_gate(s, &gate);
    submit(s, &before, MARK);
    submit(s, &hit, MARK_AND_FAIL);
    submit(s, &behind, MARK);
    open_gate(s);
    wait_done(s, 4);
    assert_int_equal(before.err, ERR_STORAGE);
    assert_int_equal(hit.err, ERR_STORAGE);
    assert_int_equal(behind.err, ERR_STORAGE);
    assert_int_equal(marks(s), 0);
    assert_int_equal(s->published, 0);
}

/* A job without a mark: refused before its first write it harms nobody, failing later it takes the batch with it. */
static void a_job_that_checks_first_needs_no_mark(void **state)
{
    struct scene *s = *state;
    struct deed gate = {0};
    struct deed ok = {.checks_first = true, .number = 1};
    struct deed refused = {.checks_first = true, .number = 2, .fail_with = ERR_NOT_FOUND};
    struct deed marked = {.number = 3};
    close_gate(s, &gate);
    uint64_t before = atomic_load(&s->f->stats.statements);
    submit(s, &ok, MARK);
    submit(s, &refused, REFUSE);
    submit(s, &marked, MARK);
    open_gate(s);
    wait_done(s, 4);
    assert_int_equal(ok.err, ERR_OK);
    assert_int_equal(refused.err, ERR_NOT_FOUND);
    assert_string_equal(refused.detail, "deed 2");
    assert_int_equal(marked.err, ERR_OK);
    assert_int_equal(marks(s), 2);
    /* Two for the rest of the gate, two for the transaction, one insert, three with a mark; one was marks(). */
    assert_int_equal(atomic_load(&s->f->stats.statements) - before, 2 + 2 + 1 + 3 + 1);

    struct deed half = {.checks_first = true, .number = 4, .fail_with = ERR_CONFLICT}, neighbour = {.number = 5};
    s->gate_open = s->gate_reached = false;
    close_gate(s, &gate);
    submit(s, &half, MARK_AND_FAIL);
    submit(s, &neighbour, MARK);
    open_gate(s);
    wait_done(s, 7);
    assert_int_equal(half.err, ERR_STORAGE);
    assert_int_equal(neighbour.err, ERR_STORAGE);
    assert_int_equal(marks(s), 2);
}

/* Without the check the second job would write outside any transaction, at once and for good. */
static void nothing_is_written_after_a_transaction_was_lost(void **state)
{
    struct scene *s = *state;
    struct deed gate = {0}, before = {.number = 1}, lose = {0}, after = {.number = 2, .checks_first = true};
    close_gate(s, &gate);
    submit(s, &before, MARK);
    submit(s, &lose, LOSE);
    submit(s, &after, MARK);
    open_gate(s);
    wait_done(s, 4);
    assert_int_equal(before.err, ERR_STORAGE);
    assert_int_equal(lose.err, ERR_STORAGE);
    assert_int_equal(after.err, ERR_STORAGE);
    assert_int_equal(marks(s), 0);
    assert_int_equal(s->published, 0);
}

static void each_job_has_the_whole_arena(void **state)
{
    struct scene *s = *state;
    struct deed gate = {0};
    struct deed deeds[4] = {0};
    close_gate(s, &gate);
    for (int i = 0; i < 4; i++)
        submit(s, &deeds[i], ALLOCATE);
    open_gate(s);
    wait_done(s, 5);
    for (int i = 0; i < 4; i++)
        assert_int_equal(deeds[i].err, ERR_OK);
}

struct caller {
    struct scene *scene;
    pthread_t thread;
    struct deed deed;
    enum err err;
    struct problem problem;
};

static void *call(void *arg)
{
    struct caller *c = arg;
    c->err = writer_call(c->scene->writer, &c->deed.job, &c->problem);
    return NULL;
}

static void start_call(struct scene *s, struct caller *c, enum what what, int number)
{
    *c = (struct caller){.scene = s};
    c->deed = (struct deed){.job.run = deed_run, .scene = s, .what = what, .number = number, .fail_with = ERR_CONFLICT};
    assert_int_equal(pthread_create(&c->thread, NULL, call, c), 0);
}

static void a_call_waits_for_its_answer(void **state)
{
    struct scene *s = *state;
    struct caller ok;
    struct caller fails;
    start_call(s, &ok, MARK, 1);
    start_call(s, &fails, MARK_AND_FAIL, 2);
    assert_int_equal(pthread_join(ok.thread, NULL), 0);
    assert_int_equal(pthread_join(fails.thread, NULL), 0);
    assert_int_equal(ok.err, ERR_OK);
    assert_int_equal(fails.err, ERR_CONFLICT);
    assert_int_equal(fails.problem.err, ERR_CONFLICT);
    assert_string_equal(fails.problem.detail, "deed 2");
    assert_int_equal(marks(s), 1);
}

static void a_full_queue_refuses_submits_and_holds_calls(void **state)
{
    struct scene *s = *state;
    struct deed gate = {0};
    struct deed extra = {.scene = s, .job = {.run = deed_run, .done = deed_done}};
    struct deed *deeds = calloc(WRITER_QUEUE_MAX, sizeof *deeds);
    assert_non_null(deeds);
    close_gate(s, &gate);
    for (int i = 0; i < WRITER_QUEUE_MAX; i++)
        submit(s, &deeds[i], READ);
    assert_int_equal(writer_submit(s->writer, &extra.job), ERR_BUSY);
    struct caller callers[4];
    for (int i = 0; i < 4; i++)
        start_call(s, &callers[i], MARK, i);
    (void)usleep(20000); /* most of them stand at the door by now; the outcome is the same if not */
    open_gate(s);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_int_equal(callers[i].err, ERR_OK);
    }
    wait_done(s, WRITER_QUEUE_MAX + 1);
    assert_int_equal(marks(s), 4);
    assert_int_equal(extra.done_at, 0);
    free(deeds);
}

static void stopping_finishes_what_waits_and_refuses_the_rest(void **state)
{
    struct scene *s = *state;
    enum { JOBS = 50 };
    struct deed gate = {0};
    struct deed deeds[JOBS] = {0};
    close_gate(s, &gate);
    for (int i = 0; i < JOBS; i++) {
        deeds[i].number = i;
        submit(s, &deeds[i], MARK);
    }
    open_gate(s);
    writer_stop(s->writer);
    s->writer = NULL;
    assert_int_equal(s->done, JOBS + 1);
    assert_int_equal(marks(s), JOBS);
    struct writer_options options = {.db = s->f->db, .clock = &s->f->clock};
    assert_int_equal(writer_start(&options, &s->writer), ERR_OK); /* the connection is the caller's again */
    struct caller c;
    start_call(s, &c, MARK, 1000);
    assert_int_equal(pthread_join(c.thread, NULL), 0);
    assert_int_equal(c.err, ERR_OK);
}

static long switches_of(long thread)
{
    char path[80];
    char line[200];
    long count = -1;
    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/status", thread);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "voluntary_ctxt_switches: %ld", &count);
    (void)fclose(file);
    assert_true(count >= 0);
    return count;
}

static void an_idle_writer_sleeps(void **state)
{
    struct scene *s = *state;
    struct deed deed = {.number = 1};
    submit(s, &deed, MARK);
    wait_done(s, 1);
    (void)usleep(50000);
    long before = switches_of(deed.thread);
    (void)usleep(300000);
    assert_int_equal(switches_of(deed.thread), before);
}

static void once_runs_on_the_callers_thread(void **state)
{
    struct fixture *f = *state;
    struct problem problem = {0};
    struct deed ok = {.job.run = deed_run, .what = MARK, .number = 1};
    struct deed fails = {.job.run = deed_run, .what = MARK_AND_FAIL, .number = 2, .fail_with = ERR_NOT_FOUND};
    assert_int_equal(writer_once(f->db, &f->clock, &ok.job, &problem), ERR_OK);
    assert_int_equal(writer_once(f->db, &f->clock, &fails.job, &problem), ERR_NOT_FOUND);
    assert_int_equal(problem.err, ERR_NOT_FOUND);
    assert_string_equal(problem.detail, "deed 2");
    assert_int_equal(writer_once(f->db, &f->clock, &fails.job, NULL), ERR_NOT_FOUND);
    assert_int_equal(fixture_number(f->reader, "SELECT COUNT(*) FROM activity"), 1);
    assert_int_equal(ok.thread, syscall(SYS_gettid));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_open_transaction_tells_its_time),
        TEST(what_waits_shares_a_transaction),
        TEST(a_batch_has_a_bound),
        TEST(a_failing_job_harms_only_itself),
        TEST(failing_storage_fails_the_batch_and_heals),
        TEST(one_storage_error_fails_the_batch),
        TEST(a_job_that_checks_first_needs_no_mark),
        TEST(nothing_is_written_after_a_transaction_was_lost),
        TEST(each_job_has_the_whole_arena),
        TEST(a_call_waits_for_its_answer),
        TEST(a_full_queue_refuses_submits_and_holds_calls),
        TEST(stopping_finishes_what_waits_and_refuses_the_rest),
        TEST(an_idle_writer_sleeps),
        cmocka_unit_test_setup_teardown(once_runs_on_the_callers_thread, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("db/writer", tests, NULL, NULL);
}
