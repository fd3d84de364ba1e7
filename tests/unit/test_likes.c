/*
 * realtime/likes.h on two files with their two writers, against a model: what every member wished last.
 *
 * A crash drops everything in memory and opens the files again, at each of the points between the two: after the
 * buffer's commit, with the posts database's refused, and after that one but before the rows are forgotten. Temporary
 * triggers refuse a step on one connection; they are gone with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/limits.h"
#include "db/pending_likes.h"
#include "db/room_store.h"
#include "db_fixture.h"
#include "random.h"
#include "realtime/likes.h"

enum { MEMBERS = 8, POSTS = 6, TEAMS = 2, WISHES_MAX = 24, IDS = 12, TOLD_MAX = 4096 };

struct scene {
    struct fixture *f; /* porchlight.db */
    struct fixture *r; /* rooms.db */
    struct db *read;
    struct db *rooms_read;
    struct writer *main;
    struct writer *rooms;
    struct likes *likes;
    int64_t teams[TEAMS];
    int64_t users[MEMBERS];
    int64_t posts[POSTS];
    pthread_mutex_t lock;
    pthread_cond_t moved;
    size_t finished; /* wishes that were answered */
    bool gate_open;
    bool gate_reached;
    int64_t told[TOLD_MAX]; /* by post id: the count that was published last; -1: never */
    bool early;             /* a count was published that a reader did not see yet */
};

/* ---- the files and what works on them ---------------------------------------------------------------------------- */

static void note_told(struct scene *s, const struct change *changes, size_t count, bool buffered)
{
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind != CHANGE_LIKES)
            continue;
        assert_in_range(changes[i].subject_id, 1, TOLD_MAX - 1);
        s->told[changes[i].subject_id] = changes[i].value;
    }
    for (size_t i = 0; i < count && buffered; i++)
        if (changes[i].kind == CHANGE_LIKES &&
            likes_count_of(s->likes, changes[i].subject_id, -1) != s->told[changes[i].subject_id])
            s->early = true;
    (void)pthread_mutex_unlock(&s->lock);
}

static void main_published(void *arg, const struct change *changes, size_t count)
{
    note_told(arg, changes, count, false);
}

static void rooms_published(void *arg, const struct change *changes, size_t count)
{
    struct scene *s = arg;
    likes_committed(s->likes);
    note_told(s, changes, count, true);
}

static void start(struct scene *s, bool open)
{
    struct writer_options main = {
        .db = s->f->db, .clock = &s->f->clock, .published = main_published, .published_arg = s};
    struct writer_options rooms = {
        .db = s->r->db, .clock = &s->f->clock, .published = rooms_published, .published_arg = s};
    s->read = fixture_open(s->f, true);
    s->rooms_read = fixture_open(s->r, true);
    assert_int_equal(writer_start(&main, &s->main), ERR_OK);
    assert_int_equal(writer_start(&rooms, &s->rooms), ERR_OK);
    struct likes_options options = {.main = s->main,
                                    .rooms = s->rooms,
                                    .rooms_db = s->r->db,
                                    .rooms_read = s->rooms_read,
                                    .read = s->read,
                                    .clock = &s->f->clock};
    assert_int_equal(likes_create(&options, &s->likes), ERR_OK);
    if (open)
        likes_set_open(s->likes);
}

static void stop(struct scene *s)
{
    writer_stop(s->main);
    writer_stop(s->rooms);
    likes_free(s->likes);
    db_close(s->read);
    db_close(s->rooms_read);
    s->main = s->rooms = NULL;
    s->likes = NULL;
    s->read = s->rooms_read = NULL;
}

static void reopen(struct fixture *f)
{
    db_close(f->reader);
    db_close(f->db);
    f->db = fixture_open(f, false);
    f->reader = fixture_open(f, true);
    f->tx.db = f->db;
}

static void make_people(struct scene *s)
{
    struct tx *tx = fixture_begin(s->f);
    for (int i = 0; i < TEAMS; i++)
        s->teams[i] = fixture_team(tx, i == 0 ? "sarah" : "dave");
    for (int i = 0; i < MEMBERS; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "member%d", i);
        s->users[i] = fixture_user(tx, name, ROLE_MEMBER);
    }
    for (int i = 0; i < POSTS; i++)
        s->posts[i] = fixture_post(tx, s->teams[i % TEAMS], s->teams[i % TEAMS], "post");
    fixture_commit(s->f);
}

static int scene_setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    fixture_setup_both(&s->f, &s->r);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->moved, NULL);
    for (int i = 0; i < TOLD_MAX; i++)
        s->told[i] = -1;
    make_people(s);
    *state = s;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *s = *state;
    void *f = s->f;
    void *r = s->r;
    stop(s);
    (void)pthread_cond_destroy(&s->moved);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
    return fixture_teardown(&f) + fixture_teardown(&r);
}

/* ---- wishes ------------------------------------------------------------------------------------------------------ */

struct wish {
    struct like_wish wish;
    struct scene *scene;
    char id[16];
    enum err err;
    char detail[60];
};

static void answered(struct like_wish *base, enum err err, const struct problem *problem)
{
    struct wish *w = (struct wish *)base;
    struct scene *s = w->scene;
    (void)pthread_mutex_lock(&s->lock);
    w->err = err;
    assert_int_equal(problem->err, err);
    (void)snprintf(w->detail, sizeof w->detail, "%.59s", problem->detail);
    s->finished++;
    (void)pthread_cond_broadcast(&s->moved);
    (void)pthread_mutex_unlock(&s->lock);
}

static void prepare(struct scene *s, struct wish *w, int64_t user_id, int64_t post_id, bool liked)
{
    w->scene = s;
    w->err = ERR_INTERNAL;
    w->wish = (struct like_wish){
        .user_id = user_id, .post_id = post_id, .liked = liked, .any_team = true, .done = answered};
    if (w->id[0] != '\0')
        w->wish.ack_id = w->id;
}

static void wait_answers(struct scene *s, size_t count)
{
    (void)pthread_mutex_lock(&s->lock);
    while (s->finished < count)
        (void)pthread_cond_wait(&s->moved, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

/* All at once; waits for all. */
static void submit_all(struct scene *s, struct wish *wishes, size_t count)
{
    s->finished = 0;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(likes_submit(s->likes, &wishes[i].wish), ERR_OK);
    wait_answers(s, count);
}

static struct wish like(struct scene *s, int member, int post, bool liked, const char *id)
{
    struct wish w = {.err = ERR_INTERNAL};
    (void)snprintf(w.id, sizeof w.id, "%s", id);
    prepare(s, &w, s->users[member], s->posts[post], liked);
    submit_all(s, &w, 1);
    return w;
}

/* ---- other jobs of a writer -------------------------------------------------------------------------------------- */

enum what { SCRIPT, GATE, FAIL, OPEN, DELETE_POST };

struct deed {
    struct job job;
    struct scene *scene;
    enum what what;
    const char *sql;
    int64_t post_id;
    struct wish *then; /* submitted by OPEN's completion */
};

static void wait_at_gate(struct scene *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->gate_reached = true;
    (void)pthread_cond_broadcast(&s->moved);
    while (!s->gate_open)
        (void)pthread_cond_wait(&s->moved, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

static enum err deed_run(struct job *job, struct tx *tx)
{
    struct deed *d = (struct deed *)job;
    switch (d->what) {
    case SCRIPT:
        return db_script(tx->db, d->sql);
    case GATE:
        wait_at_gate(d->scene);
        return ERR_OK;
    case FAIL:
        return ERR_STORAGE;
    case DELETE_POST:
        return posts_delete(tx, d->post_id);
    case OPEN:
        break;
    }
    return ERR_OK;
}

static void deed_done(struct job *job, enum err err, const struct problem *problem)
{
    struct deed *d = (struct deed *)job;
    (void)err;
    (void)problem;
    if (d->what == OPEN) {
        likes_set_open(d->scene->likes);
        if (d->then != NULL)
            assert_int_equal(likes_submit(d->scene->likes, &d->then->wish), ERR_OK);
    }
    (void)pthread_mutex_lock(&d->scene->lock);
    d->scene->finished++;
    (void)pthread_cond_broadcast(&d->scene->moved);
    (void)pthread_mutex_unlock(&d->scene->lock);
}

static void submit_deed(struct scene *s, struct writer *writer, struct deed *d)
{
    d->scene = s;
    d->job = (struct job){.run = deed_run, .done = deed_done};
    assert_int_equal(writer_submit(writer, &d->job), ERR_OK);
}

static void run_deed(struct scene *s, struct writer *writer, struct deed d)
{
    s->finished = 0;
    submit_deed(s, writer, &d);
    wait_answers(s, 1);
}

static void open_buffer(struct scene *s)
{
    run_deed(s, s->main, (struct deed){.what = OPEN});
}

/* The writer stands in `gate` when this returns; what is submitted then becomes one batch. */
static void close_gate(struct scene *s, struct writer *writer, struct deed *gate)
{
    s->gate_open = s->gate_reached = false;
    *gate = (struct deed){.what = GATE};
    submit_deed(s, writer, gate);
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

static void refuse_flush(struct scene *s)
{
    run_deed(s, s->main,
             (struct deed){.sql = "CREATE TEMP TRIGGER no_flush BEFORE INSERT ON main.sequence"
                                  " BEGIN SELECT RAISE(ABORT, 'refused'); END"});
}

static void refuse_forgetting(struct scene *s)
{
    run_deed(s, s->rooms,
             (struct deed){.sql = "CREATE TEMP TRIGGER no_forgetting BEFORE DELETE ON main.pending_likes"
                                  " BEGIN SELECT RAISE(ABORT, 'refused'); END"});
}

/* ---- what readers see -------------------------------------------------------------------------------------------- */

static struct post seen(struct scene *s, int64_t post_id, int64_t viewer_id)
{
    struct post post;
    arena_reset(s->f->arena);
    assert_int_equal(posts_by_id(s->f->reader, s->f->arena, post_id, viewer_id, &post), ERR_OK);
    assert_int_equal(likes_count_of(s->likes, post_id, post.likes) >= 0, 1);
    likes_correct(s->likes, &post, 1, viewer_id);
    return post;
}

static int64_t waiting(struct scene *s)
{
    return fixture_number(s->r->reader, "SELECT COUNT(*) FROM pending_likes");
}

static int64_t stored_alarm(struct scene *s)
{
    int64_t due_ms;
    assert_int_equal(room_store_alarm(s->r->reader, PENDING_LIKES_ROOM, &due_ms), ERR_OK);
    return due_ms;
}

static void assert_counts_are_rows(struct scene *s)
{
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM posts p WHERE p.likes <>"
                                                  " (SELECT COUNT(*) FROM likes l WHERE l.post_id = p.id)"),
                     0);
}

static uint64_t transactions(struct scene *s)
{
    return atomic_load(&s->f->stats.transactions);
}

/* ---- one thing at a time ----------------------------------------------------------------------------------------- */

static void a_like_is_buffered_told_and_flushed(void **state)
{
    struct scene *s = *state;
    start(s, true);
    assert_true(likes_open(s->likes));
    assert_int_equal(likes_due_ms(s->likes), 0);
    uint64_t before = transactions(s);
    int64_t earliest_ms = clock_wall_ms(&s->f->clock) + LIKES_FLUSH_MS;
    struct wish w = like(s, 0, 0, true, "");
    assert_int_equal(w.err, ERR_OK);
    assert_int_equal(w.wish.team_id, s->teams[0]);
    assert_int_equal(w.wish.count, 1);
    assert_true(w.wish.changed);
    assert_int_equal(s->told[s->posts[0]], 1);
    assert_int_equal(waiting(s), 1);
    assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, 1);
    assert_true(seen(s, s->posts[0], s->users[0]).liked);
    assert_false(seen(s, s->posts[0], s->users[1]).liked);
    assert_int_equal(transactions(s), before);
    int64_t due_ms = stored_alarm(s);
    assert_in_range(due_ms, earliest_ms, earliest_ms + 60000);
    assert_int_equal(likes_due_ms(s->likes), due_ms);
    assert_int_equal(like(s, 1, 0, true, "").wish.count, 2);
    assert_int_equal(stored_alarm(s), due_ms); /* it runs from the first */

    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(transactions(s) - before, 1);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(stored_alarm(s), 0);
    assert_int_equal(fixture_number(s->f->reader, "SELECT likes FROM posts ORDER BY id LIMIT 1"), 2);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 2); /* for one more round */
    assert_true(likes_due_ms(s->likes) > 0);
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 77);
    assert_int_equal(likes_due_ms(s->likes), 0);
    assert_int_equal(transactions(s) - before, 1);
    assert_int_equal(atomic_load(&likes_stats(s->likes)->flushes), 1);
    assert_int_equal(atomic_load(&likes_stats(s->likes)->flushed), 2);
    assert_int_equal(atomic_load(&likes_stats(s->likes)->waiting), 0);
}

static void an_entry_that_is_touched_stays(void **state)
{
    struct scene *s = *state;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(like(s, 1, 0, true, "").wish.count, 2);
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 2);
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 77);
}

static void who_may_not_is_told_so(void **state)
{
    struct scene *s = *state;
    start(s, false);
    for (int open = 0; open < 2; open++) {
        int64_t other = s->teams[1];
        struct wish w = {.id = ""};
        prepare(s, &w, s->users[0], s->posts[0], true);
        w.wish.any_team = false;
        w.wish.teams = &other;
        w.wish.teams_count = 1;
        submit_all(s, &w, 1);
        assert_int_equal(w.err, ERR_FORBIDDEN);
        assert_string_equal(w.detail, "You are not in this team.");
        prepare(s, &w, s->users[0], 4000, true);
        submit_all(s, &w, 1);
        assert_int_equal(w.err, ERR_NOT_FOUND);
        assert_string_equal(w.detail, "There is no such post.");
        run_deed(s, s->main, (struct deed){.what = DELETE_POST, .post_id = s->posts[4 + open]});
        assert_int_equal(like(s, 0, 4 + open, true, "").err, ERR_NOT_FOUND);
        prepare(s, &w, s->users[0], s->posts[1], true);
        w.wish.any_team = false;
        w.wish.teams = &other;
        w.wish.teams_count = 1;
        submit_all(s, &w, 1);
        assert_int_equal(w.err, ERR_OK);
        assert_int_equal(w.wish.count, 1);
        open_buffer(s);
    }
    struct wish w = {.id = ""};
    prepare(s, &w, s->users[0], s->posts[0], true);
    w.wish.ack_id = "";
    assert_int_equal(likes_submit(s->likes, &w.wish), ERR_INVALID);
    w.wish.ack_id = "12345678901234567890123456789012345678901234567890123456789012345";
    assert_int_equal(likes_submit(s->likes, &w.wish), ERR_INVALID);
}

static void what_changes_nothing_writes_nothing(void **state)
{
    struct scene *s = *state;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    int64_t rooms = fixture_number(s->r->reader, "PRAGMA data_version");
    int64_t community = fixture_number(s->f->reader, "PRAGMA data_version");
    s->told[s->posts[0]] = -1;
    struct wish again = like(s, 0, 0, true, "");
    struct wish never = like(s, 1, 0, false, "");
    assert_int_equal(again.err, ERR_OK);
    assert_int_equal(again.wish.count, 1);
    assert_false(again.wish.changed);
    assert_false(never.wish.changed);
    assert_int_equal(never.wish.count, 1);
    assert_int_equal(fixture_number(s->r->reader, "PRAGMA data_version"), rooms);
    assert_int_equal(fixture_number(s->f->reader, "PRAGMA data_version"), community);
    assert_int_equal(s->told[s->posts[0]], -1);
    (void)like(s, 0, 0, false, ""); /* it can tell */
    assert_int_not_equal(fixture_number(s->r->reader, "PRAGMA data_version"), rooms);
    assert_int_equal(waiting(s), 1);
    assert_int_equal(atomic_load(&likes_stats(s->likes)->wishes), 4);
    assert_int_equal(atomic_load(&likes_stats(s->likes)->buffered), 2);
}

static void a_thousand_likes_cost_one_transaction(void **state)
{
    struct scene *s = *state;
    enum { LIKES = 1000 };
    static struct wish wishes[LIKES];
    struct tx *tx = fixture_begin(s->f);
    for (int i = 0; i < LIKES; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "more%d", i);
        wishes[i] = (struct wish){.id = ""};
        prepare(s, &wishes[i], fixture_user(tx, name, ROLE_MEMBER), s->posts[2], true);
    }
    fixture_commit(s->f);
    start(s, true);
    uint64_t before = transactions(s);
    submit_all(s, wishes, LIKES);
    for (int i = 0; i < LIKES; i++) {
        assert_int_equal(wishes[i].err, ERR_OK);
        assert_int_equal(wishes[i].wish.count, i + 1);
    }
    assert_int_equal(seen(s, s->posts[2], s->users[0]).likes, LIKES);
    assert_int_equal(transactions(s) - before, 0);
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(transactions(s) - before, 1);
    assert_int_equal(fixture_number(s->f->reader, "SELECT MAX(likes) FROM posts"), LIKES);
    assert_counts_are_rows(s);
}

/* Several wishes of one batch see each other; a batch that fails leaves no trace. */
static void batches(void **state)
{
    struct scene *s = *state;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    struct deed gate;
    struct deed fail = {.what = FAIL};
    struct wish wishes[5] = {{.id = ""}};
    for (int broken = 1; broken >= 0; broken--) {
        static const bool liked[] = {true, true, false, true, false};
        static const int members[] = {1, 2, 0, 0, 1};
        static const int64_t counts[] = {2, 3, 2, 3, 2};
        s->finished = 0;
        s->told[s->posts[0]] = -1;
        close_gate(s, s->rooms, &gate);
        for (int i = 0; i < 5; i++) {
            prepare(s, &wishes[i], s->users[members[i]], s->posts[0], liked[i]);
            assert_int_equal(likes_submit(s->likes, &wishes[i].wish), ERR_OK);
        }
        if (broken)
            submit_deed(s, s->rooms, &fail);
        assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, 1);
        open_gate(s);
        wait_answers(s, broken ? 7 : 6);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(wishes[i].err, broken ? ERR_STORAGE : ERR_OK);
            if (!broken)
                assert_int_equal(wishes[i].wish.count, counts[i]);
        }
        assert_int_equal(s->told[s->posts[0]], broken ? -1 : 2);
        assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, broken ? 1 : 2);
        assert_int_equal(seen(s, s->posts[0], s->users[2]).liked, !broken);
        assert_int_equal(waiting(s), broken ? 1 : 3);
    }
    assert_int_equal(atomic_load(&likes_stats(s->likes)->waiting), 3);
    assert_false(s->early);
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_counts_are_rows(s);
    assert_int_equal(seen(s, s->posts[0], s->users[2]).likes, 2);
}

/* The very first like of an empty buffer fails with its batch: neither entry nor alarm is left. */
static void a_failed_first_like_leaves_no_alarm(void **state)
{
    struct scene *s = *state;
    start(s, true);
    struct deed gate;
    struct deed fail = {.what = FAIL};
    struct wish w = {.id = ""};
    prepare(s, &w, s->users[0], s->posts[0], true);
    s->finished = 0;
    close_gate(s, s->rooms, &gate);
    assert_int_equal(likes_submit(s->likes, &w.wish), ERR_OK);
    submit_deed(s, s->rooms, &fail);
    open_gate(s);
    wait_answers(s, 3);
    assert_int_equal(w.err, ERR_STORAGE);
    assert_int_equal(likes_due_ms(s->likes), 0);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 77);
    assert_int_equal(like(s, 0, 0, true, "").wish.count, 1);
    assert_true(stored_alarm(s) > 0);
}

static void an_id_counts_once(void **state)
{
    struct scene *s = *state;
    start(s, false);
    for (int open = 0; open < 2; open++) {
        const char *first = open ? "c" : "a";
        const char *second = open ? "d" : "b";
        int64_t base = seen(s, s->posts[0], 0).likes;
        struct wish w = like(s, 0, 0, true, first);
        assert_int_equal(w.wish.count, base + 1);
        assert_false(w.wish.repeated);
        w = like(s, 0, 0, false, second);
        assert_int_equal(w.wish.count, base);
        w = like(s, 0, 0, true, first); /* again, after something else */
        assert_int_equal(w.err, ERR_OK);
        assert_true(w.wish.repeated);
        assert_false(w.wish.changed);
        assert_int_equal(w.wish.count, base);
        assert_int_equal(w.wish.team_id, s->teams[0]);
        assert_false(like(s, 1, 0, true, first).wish.repeated); /* another member's */
        open_buffer(s);
        assert_true(like(s, 0, 0, true, "a").wish.repeated); /* and however it was written */
    }
    /* What changed nothing keeps its id too: repeated later, it must not change anything. */
    assert_false(like(s, 2, 0, false, "n").wish.changed);
    assert_true(like(s, 2, 0, true, "").wish.changed);
    struct wish w = like(s, 2, 0, false, "n");
    assert_true(w.wish.repeated);
    assert_int_equal(w.wish.count, 2);
    /* In one batch. */
    struct wish twice[2] = {{.id = "t"}, {.id = "t"}};
    struct deed gate;
    s->finished = 0;
    close_gate(s, s->rooms, &gate);
    for (int i = 0; i < 2; i++) {
        prepare(s, &twice[i], s->users[3], s->posts[0], i == 0);
        assert_int_equal(likes_submit(s->likes, &twice[i].wish), ERR_OK);
    }
    open_gate(s);
    wait_answers(s, 3);
    assert_true(twice[0].wish.changed);
    assert_true(twice[1].wish.misused);
    assert_int_equal(twice[1].err, ERR_CONFLICT);
    assert_int_equal(twice[1].wish.count, 3);
    assert_int_equal(like(s, 3, 1, true, "t").err, ERR_CONFLICT); /* nor for another post */
    assert_false(seen(s, s->posts[1], s->users[3]).liked);
    assert_int_equal(like(s, 3, 0, true, "t").err, ERR_OK);
}

/* A direct like is in the main writer's queue when the buffer opens; what its member wishes next waits for it. */
static void opening_keeps_order(void **state)
{
    struct scene *s = *state;
    start(s, false);
    struct deed gate;
    struct wish first = {.id = ""};
    struct wish second = {.id = ""};
    struct deed open = {.what = OPEN, .then = &second};
    prepare(s, &first, s->users[0], s->posts[0], true);
    prepare(s, &second, s->users[0], s->posts[0], false);
    s->finished = 0;
    close_gate(s, s->main, &gate);
    submit_deed(s, s->main, &open);
    assert_int_equal(likes_submit(s->likes, &first.wish), ERR_OK);
    open_gate(s);
    wait_answers(s, 4);
    assert_true(likes_open(s->likes));
    assert_int_equal(first.err, ERR_OK);
    assert_int_equal(first.wish.count, 1);
    assert_int_equal(second.err, ERR_OK);
    assert_int_equal(second.wish.count, 0);
    assert_int_equal(waiting(s), 1);
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_false(likes_open(s->likes));
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM likes"), 0);
    assert_counts_are_rows(s);
    assert_int_equal(like(s, 0, 0, true, "").wish.count, 1);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM likes"), 1);
}

static void what_cannot_be_flushed_stays_open(void **state)
{
    struct scene *s = *state;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    refuse_flush(s);
    assert_int_not_equal(likes_flush(s->likes), ERR_OK);
    assert_int_not_equal(likes_close(s->likes), ERR_OK);
    assert_true(likes_open(s->likes));
    assert_int_equal(atomic_load(&likes_stats(s->likes)->failed_flushes), 2);
    assert_true(stored_alarm(s) > 0);
    assert_int_equal(like(s, 1, 0, true, "").wish.count, 2);
    assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, 2);
    run_deed(s, s->main, (struct deed){.sql = "DROP TRIGGER no_flush"});
    refuse_forgetting(s);
    assert_int_not_equal(likes_close(s->likes), ERR_OK); /* they are in both files */
    assert_true(likes_open(s->likes));
    assert_int_equal(like(s, 2, 0, true, "").wish.count, 3);
    run_deed(s, s->rooms, (struct deed){.sql = "DROP TRIGGER no_forgetting"});
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_false(likes_open(s->likes));
    assert_int_equal(waiting(s), 0);
    assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, 3);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 77);
    assert_int_equal(like(s, 2, 0, false, "").wish.count, 2);
    assert_counts_are_rows(s);
}

/* The crash came after the posts database's commit; then likes are direct, and the old rows are still there. */
static void old_rows_are_not_applied_over_direct_likes(void **state)
{
    struct scene *s = *state;
    int64_t recovered;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    (void)like(s, 1, 0, true, "");
    refuse_forgetting(s);
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    for (int i = 0; i < 3; i++) {
        stop(s);
        reopen(s->f);
        reopen(s->r);
        if (i == 2)
            assert_int_equal(pending_likes_recover(s->f->db, s->r->db, &s->f->clock, &recovered), ERR_OK);
        assert_int_equal(waiting(s), i == 2 ? 0 : 2);
        start(s, false);
        assert_false(likes_open(s->likes));
        assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, i == 0 ? 2 : 1);
        if (i == 0)
            assert_int_equal(like(s, 0, 0, false, "").wish.count, 1);
    }
    assert_false(seen(s, s->posts[0], s->users[0]).liked);
    assert_int_equal(recovered, 0);
    assert_counts_are_rows(s);
}

/* rooms.db is another: lost, or put back from a backup. What is buffered then must not look flushed. */
static void versions_go_on_in_a_new_file(void **state)
{
    struct scene *s = *state;
    start(s, true);
    for (int i = 0; i < MEMBERS; i++)
        (void)like(s, i, 0, true, "");
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    stop(s);
    void *r = s->r;
    (void)fixture_teardown(&r);
    (void)fixture_setup_rooms(&r);
    s->r = r;
    start(s, true);
    assert_int_equal(like(s, 0, 0, false, "").wish.count, MEMBERS - 1);
    assert_int_equal(fixture_number(s->r->reader, "SELECT version FROM pending_likes"), MEMBERS + 1);
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, MEMBERS - 1);
    assert_counts_are_rows(s);
}

static void too_many_are_due_at_once(void **state)
{
    struct scene *s = *state;
    struct tx *tx = fixture_begin(s->r);
    for (int64_t i = 1; i <= LIKES_PENDING_MAX; i++) {
        struct pending_like row = {.post_id = 3000, .user_id = i, .liked = true, .at_ms = T0, .version = i};
        assert_int_equal(pending_likes_put(tx, &row), ERR_OK);
    }
    int64_t later_ms = clock_wall_ms(&s->f->clock) + 50000;
    assert_int_equal(room_store_set_alarm(tx, PENDING_LIKES_ROOM, later_ms), ERR_OK);
    fixture_commit(s->r);
    start(s, true);
    assert_int_equal(likes_due_ms(s->likes), later_ms);
    (void)like(s, 0, 0, true, "");
    assert_true(likes_due_ms(s->likes) < later_ms);
    assert_true(likes_due_ms(s->likes) > 0);
    assert_int_equal(likes_flush(s->likes), ERR_OK);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(fixture_number(s->f->reader, "SELECT COUNT(*) FROM likes"), 1);
}

/* An import sets likes beside the buffer: what waits is flushed over it, and counts are right again. */
static void reloading_follows_the_database(void **state)
{
    struct scene *s = *state;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    (void)like(s, 1, 1, true, "");
    run_deed(s, s->main,
             (struct deed){.sql = "INSERT INTO likes SELECT p.id, u.id, 1 FROM posts p, users u WHERE u.username ="
                                  " 'member5'; UPDATE posts SET likes = likes + 1"});
    assert_int_equal(likes_reload(s->likes), ERR_OK);
    assert_int_equal(seen(s, s->posts[0], s->users[0]).likes, 2);
    assert_int_equal(likes_count_of(s->likes, s->posts[0], 77), 77);
    assert_int_equal(like(s, 2, 0, true, "").wish.count, 3);
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_counts_are_rows(s);
}

/* ---- against a model --------------------------------------------------------------------------------------------- */

struct model {
    struct scene *s;
    struct random random;
    bool liked[POSTS][MEMBERS];
    int used[MEMBERS][IDS]; /* ids that were acknowledged: for what (what_of); 0: none */
    bool is_open;
};

static int64_t count_of(const struct model *m, int post)
{
    int64_t count = 0;
    for (int i = 0; i < MEMBERS; i++)
        count += m->liked[post][i];
    return count;
}

static void assert_as_model(struct model *m)
{
    struct scene *s = m->s;
    for (int p = 0; p < POSTS; p++) {
        for (int i = 0; i < MEMBERS; i++) {
            struct post post = seen(s, s->posts[p], s->users[i]);
            assert_int_equal(post.likes, count_of(m, p));
            assert_int_equal(post.liked, m->liked[p][i]);
        }
        if (s->told[s->posts[p]] >= 0)
            assert_int_equal(s->told[s->posts[p]], count_of(m, p));
    }
    assert_int_equal(likes_open(s->likes), m->is_open);
    assert_int_equal(stored_alarm(s) != 0, waiting(s) != 0);
    assert_false(s->early);
}

/* A wish as a number, to compare. */
static int what_of(int post, bool liked)
{
    return 2 * post + liked + 1;
}

static void some_wishes(struct model *m, bool broken)
{
    struct scene *s = m->s;
    struct wish wishes[WISHES_MAX];
    int posts[WISHES_MAX];
    int members[WISHES_MAX];
    int ids[WISHES_MAX];
    struct deed gate;
    struct deed fail = {.what = FAIL};
    size_t count = 1 + random_below(&m->random, WISHES_MAX);
    bool one_batch = broken || random_below(&m->random, 2) == 0;
    /* A direct like's id is stored a little later: within one burst each is new, as it is from a client. */
    bool drawn[MEMBERS][IDS] = {{false}};
    s->finished = 0;
    if (one_batch)
        close_gate(s, m->is_open ? s->rooms : s->main, &gate);
    for (size_t i = 0; i < count; i++) {
        posts[i] = (int)random_below(&m->random, random_below(&m->random, 2) == 0 ? 1 : POSTS);
        members[i] = (int)random_below(&m->random, MEMBERS);
        ids[i] = random_below(&m->random, 3) == 0 ? (int)random_below(&m->random, IDS) : -1;
        if (ids[i] >= 0 && !m->is_open && drawn[members[i]][ids[i]])
            ids[i] = -1;
        wishes[i] = (struct wish){.id = ""};
        if (ids[i] >= 0) {
            drawn[members[i]][ids[i]] = true;
            (void)snprintf(wishes[i].id, sizeof wishes[i].id, "id-%d", ids[i]);
        }
        prepare(s, &wishes[i], s->users[members[i]], s->posts[posts[i]], random_below(&m->random, 2) == 0);
        assert_int_equal(likes_submit(s->likes, &wishes[i].wish), ERR_OK);
    }
    if (broken)
        submit_deed(s, m->is_open ? s->rooms : s->main, &fail);
    if (one_batch)
        open_gate(s);
    wait_answers(s, count + one_batch + broken);
    for (size_t i = 0; i < count; i++) {
        const struct like_wish *w = &wishes[i].wish;
        int *used = ids[i] >= 0 ? &m->used[members[i]][ids[i]] : NULL;
        int what = what_of(posts[i], w->liked);
        bool repeated = used != NULL && *used != 0;
        bool misused = repeated && *used != what;
        assert_int_equal(wishes[i].err, broken ? ERR_STORAGE : misused ? ERR_CONFLICT : ERR_OK);
        if (broken)
            continue;
        bool *liked = &m->liked[posts[i]][members[i]];
        assert_int_equal(w->repeated, repeated);
        assert_int_equal(w->changed, !repeated && *liked != w->liked);
        if (!repeated)
            *liked = w->liked;
        if (used != NULL && !repeated)
            *used = what;
        assert_int_equal(w->count, count_of(m, posts[i]));
    }
}

/* Ids come and go with the day; the table is small, so that many are repeated. */
static void forget_ids(struct model *m)
{
    run_deed(m->s, m->s->rooms, (struct deed){.sql = "DELETE FROM acks"});
    memset(m->used, 0, sizeof m->used);
}

/* Everything in memory is gone. Then the buffer is flushed as at a start, or taken over as it is. */
static void crash(struct model *m)
{
    struct scene *s = m->s;
    stop(s);
    reopen(s->f);
    reopen(s->r);
    int64_t recovered = 0;
    bool flushes = random_below(&m->random, 2) == 0;
    if (flushes)
        assert_int_equal(pending_likes_recover(s->f->db, s->r->db, &s->f->clock, &recovered), ERR_OK);
    if (flushes) {
        assert_int_equal(waiting(s), 0);
        assert_counts_are_rows(s);
    }
    start(s, random_below(&m->random, 2) == 0);
    m->is_open = likes_open(s->likes);
}

static void replace_post(struct model *m)
{
    struct scene *s = m->s;
    int post = (int)random_below(&m->random, POSTS);
    run_deed(s, s->main, (struct deed){.what = DELETE_POST, .post_id = s->posts[post]});
    stop(s);
    struct tx *tx = fixture_begin(s->f);
    s->posts[post] = fixture_post(tx, s->teams[0], s->teams[0], "next");
    fixture_commit(s->f);
    memset(m->liked[post], 0, sizeof m->liked[post]);
    start(s, m->is_open);
    m->is_open = likes_open(s->likes);
}

/* Rows that only rooms.db has. */
static size_t unflushed(struct scene *s)
{
    struct pending_like row;
    int64_t version;
    size_t count;
    assert_int_equal(pending_likes_flushed(s->f->reader, &version), ERR_OK);
    assert_int_equal(pending_likes_page(s->r->reader, version, &row, 1, &count), ERR_OK);
    return count;
}

static void step(struct model *m)
{
    struct scene *s = m->s;
    switch (random_below(&m->random, 20)) {
    case 0:
        assert_int_equal(likes_flush(s->likes), ERR_OK);
        break;
    case 1:
        assert_int_equal(likes_close(s->likes), ERR_OK);
        m->is_open = false;
        assert_int_equal(waiting(s), 0);
        assert_counts_are_rows(s);
        break;
    case 2:
    case 3:
    case 4:
        open_buffer(s);
        m->is_open = true;
        break;
    case 5: /* after the buffer's commit */
        crash(m);
        break;
    case 6: /* the same, when the flush had begun */
        if (unflushed(s) > 0) {
            refuse_flush(s);
            assert_int_not_equal(likes_flush(s->likes), ERR_OK);
            assert_as_model(m);
            crash(m);
        }
        break;
    case 7: /* after the posts database's commit, before the rows are forgotten */
        assert_int_equal(likes_flush(s->likes), ERR_OK);
        some_wishes(m, false);
        refuse_forgetting(s);
        assert_int_equal(likes_flush(s->likes), ERR_OK);
        if (random_below(&m->random, 2) == 0) {
            some_wishes(m, false);
            assert_as_model(m);
        }
        crash(m);
        break;
    case 8:
        some_wishes(m, true);
        break;
    case 9:
        assert_int_equal(likes_reload(s->likes), ERR_OK);
        break;
    case 10:
        if (random_below(&m->random, 4) == 0)
            replace_post(m);
        forget_ids(m);
        break;
    default:
        some_wishes(m, false);
        break;
    }
    assert_as_model(m);
}

static void whatever_happens_is_as_the_model_says(void **state)
{
    struct scene *s = *state;
    static struct model m;
    m = (struct model){.s = s, .random = random_seeded()};
    start(s, false);
    for (int i = 0; i < 500; i++)
        step(&m);
    assert_int_equal(likes_close(s->likes), ERR_OK);
    m.is_open = false;
    assert_as_model(&m);
    assert_counts_are_rows(s);
    assert_int_equal(waiting(s), 0);
}

/* ---- many threads ------------------------------------------------------------------------------------------------ */

enum { SUBMITTERS = 4, ROUNDS = 150, IN_FLIGHT = 8 };

struct submitter {
    struct scene *scene; /* of its own, for `finished` */
    struct likes *likes;
    struct random random;
    int64_t users[2];
    const int64_t *posts;
    bool liked[POSTS][2]; /* what was acknowledged last */
    size_t refused;
};

/* Two members are this thread's alone; several of their wishes are under way at once, in the order of submitting. */
static void *submit_many(void *arg)
{
    struct submitter *t = arg;
    struct wish wishes[IN_FLIGHT];
    size_t posts[IN_FLIGHT];
    size_t users[IN_FLIGHT];
    for (int round = 0; round < ROUNDS; round++) {
        size_t sent = 0;
        t->scene->finished = 0;
        for (size_t i = 0; i < IN_FLIGHT; i++) {
            posts[sent] = random_below(&t->random, POSTS);
            users[sent] = random_below(&t->random, 2);
            wishes[sent] = (struct wish){.id = ""};
            if (random_below(&t->random, 4) == 0)
                (void)snprintf(wishes[sent].id, sizeof wishes[sent].id, "%d-%zu", round, i);
            prepare(t->scene, &wishes[sent], t->users[users[sent]], t->posts[posts[sent]],
                    random_below(&t->random, 2) == 0);
            if (likes_submit(t->likes, &wishes[sent].wish) == ERR_OK)
                sent++;
            else
                t->refused++;
        }
        wait_answers(t->scene, sent);
        for (size_t i = 0; i < sent; i++) {
            assert_int_equal(wishes[i].err, ERR_OK);
            assert_false(wishes[i].wish.repeated);
            t->liked[posts[i]][users[i]] = wishes[i].wish.liked;
        }
    }
    return NULL;
}

struct reader {
    struct likes *likes;
    const int64_t *posts;
    int64_t viewer_id;
    _Atomic bool stop;
};

static void *read_always(void *arg)
{
    struct reader *r = arg;
    while (!atomic_load(&r->stop)) {
        struct post posts[POSTS];
        for (int i = 0; i < POSTS; i++)
            posts[i] = (struct post){.id = r->posts[i]};
        likes_correct(r->likes, posts, POSTS, r->viewer_id);
        for (int i = 0; i < POSTS; i++)
            assert_in_range(posts[i].likes, 0, 2 * SUBMITTERS);
        (void)likes_due_ms(r->likes);
    }
    return NULL;
}

struct flusher {
    struct likes *likes;
    _Atomic bool stop;
};

static void *flush_always(void *arg)
{
    struct flusher *f = arg;
    while (!atomic_load(&f->stop))
        assert_int_equal(likes_flush(f->likes), ERR_OK);
    return NULL;
}

static bool is_liked(struct scene *s, int64_t post_id, int64_t user_id)
{
    struct like_state out;
    assert_int_equal(pending_likes_state(s->f->reader, post_id, user_id, &out), ERR_OK);
    return out.liked;
}

static void opening_and_closing_under_load_loses_nothing(void **state)
{
    struct scene *s = *state;
    struct random random = random_seeded();
    struct submitter submitters[SUBMITTERS];
    struct scene counters[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    pthread_t reader_thread;
    pthread_t flusher_thread;
    start(s, false);
    struct reader reader = {.likes = s->likes, .posts = s->posts, .viewer_id = s->users[0]};
    struct flusher flusher = {.likes = s->likes};
    assert_int_equal(pthread_create(&reader_thread, NULL, read_always, &reader), 0);
    assert_int_equal(pthread_create(&flusher_thread, NULL, flush_always, &flusher), 0);
    for (int i = 0; i < SUBMITTERS; i++) {
        counters[i] = (struct scene){.finished = 0};
        (void)pthread_mutex_init(&counters[i].lock, NULL);
        (void)pthread_cond_init(&counters[i].moved, NULL);
        submitters[i] = (struct submitter){.scene = &counters[i],
                                           .likes = s->likes,
                                           .random = {.state = random_next(&random)},
                                           .users = {s->users[2 * i], s->users[2 * i + 1]},
                                           .posts = s->posts};
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &submitters[i]), 0);
    }
    for (int i = 0; i < 25; i++) {
        open_buffer(s);
        if (random_below(&random, 3) == 0) /* opens while it closes, or just before or after */
            run_deed(s, s->main, (struct deed){.what = OPEN});
        assert_int_equal(likes_close(s->likes), ERR_OK);
        assert_false(likes_open(s->likes));
        for (int p = 0; p < POSTS; p++) /* nothing is left to correct what is written directly from now on */
            assert_int_equal(likes_count_of(s->likes, s->posts[p], 77), 77);
    }
    open_buffer(s);
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    atomic_store(&reader.stop, true);
    atomic_store(&flusher.stop, true);
    assert_int_equal(pthread_join(reader_thread, NULL), 0);
    assert_int_equal(pthread_join(flusher_thread, NULL), 0);
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_false(likes_open(s->likes));
    assert_int_equal(waiting(s), 0);
    assert_counts_are_rows(s);
    for (int i = 0; i < SUBMITTERS; i++) {
        assert_int_equal(submitters[i].refused, 0);
        for (int p = 0; p < POSTS; p++)
            for (int u = 0; u < 2; u++)
                assert_int_equal(is_liked(s, s->posts[p], submitters[i].users[u]), submitters[i].liked[p][u]);
        (void)pthread_cond_destroy(&counters[i].moved);
        (void)pthread_mutex_destroy(&counters[i].lock);
    }
    assert_false(s->early);
}

/* likes_set_open while likes_close is flushing: it stays open, and what was held is buffered. */
static void *close_it(void *arg)
{
    struct scene *s = arg;
    assert_int_equal(likes_close(s->likes), ERR_OK);
    return NULL;
}

static void opening_while_it_closes_wins(void **state)
{
    struct scene *s = *state;
    start(s, true);
    (void)like(s, 0, 0, true, "");
    for (int i = 0; i < 40; i++) {
        pthread_t thread;
        struct wish w = {.id = ""};
        assert_int_equal(pthread_create(&thread, NULL, close_it, s), 0);
        open_buffer(s); /* before, in between, or after */
        prepare(s, &w, s->users[0], s->posts[0], i % 2 == 1);
        submit_all(s, &w, 1);
        assert_int_equal(w.err, ERR_OK);
        assert_int_equal(w.wish.count, i % 2);
        assert_int_equal(pthread_join(thread, NULL), 0);
        open_buffer(s);
        assert_true(likes_open(s->likes));
    }
    assert_int_equal(likes_close(s->likes), ERR_OK);
    assert_true(is_liked(s, s->posts[0], s->users[0]));
    assert_counts_are_rows(s);
}

static void after_the_writers_nothing_is_taken(void **state)
{
    struct scene *s = *state;
    struct wish w = {0};
    start(s, true);
    writer_stop(s->main);
    writer_stop(s->rooms);
    s->main = s->rooms = NULL;
    likes_stop(s->likes);
    prepare(s, &w, s->users[0], s->posts[0], true);
    assert_int_equal(likes_submit(s->likes, &w.wish), ERR_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_like_is_buffered_told_and_flushed),
        TEST(an_entry_that_is_touched_stays),
        TEST(who_may_not_is_told_so),
        TEST(what_changes_nothing_writes_nothing),
        TEST(a_thousand_likes_cost_one_transaction),
        TEST(batches),
        TEST(a_failed_first_like_leaves_no_alarm),
        TEST(an_id_counts_once),
        TEST(opening_keeps_order),
        TEST(what_cannot_be_flushed_stays_open),
        TEST(old_rows_are_not_applied_over_direct_likes),
        TEST(versions_go_on_in_a_new_file),
        TEST(too_many_are_due_at_once),
        TEST(reloading_follows_the_database),
        TEST(whatever_happens_is_as_the_model_says),
        TEST(opening_and_closing_under_load_loses_nothing),
        TEST(opening_while_it_closes_wins),
        TEST(after_the_writers_nothing_is_taken),
    };
    return cmocka_run_group_tests_name("realtime/likes", tests, NULL, NULL);
}
