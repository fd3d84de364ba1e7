/* api/store.h: the two files of a data directory, and likes that a crash left in the second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "api/store.h"
#include "db/pending_likes.h"
#include "db/room_store.h"
#include "db_fixture.h"

struct folder {
    struct fixture f; /* its folder and clock alone */
    struct store_options options;
    int64_t team;
    int64_t post;
};

static struct store open_store(struct folder *d)
{
    struct store store;
    struct problem problem = {0};
    assert_int_equal(store_open(&d->options, &store, &problem), ERR_OK);
    return store;
}

static void make_post(struct folder *d)
{
    struct store store = open_store(d);
    assert_int_equal(store.recovered_likes, 0);
    d->f.db = store.db;
    d->f.tx.db = store.db;
    struct tx *tx = fixture_begin(&d->f);
    d->team = fixture_team(tx, "sarah");
    d->post = fixture_post(tx, d->team, d->team, "post");
    fixture_commit(&d->f);
    store_close(&store);
}

static int folder_setup(void **state)
{
    assert_true(sodium_init() >= 0);
    struct folder *d = calloc(1, sizeof *d);
    assert_non_null(d);
    fixture_dir(&d->f);
    d->options = (struct store_options){.data = d->f.dir, .purpose = "test", .clock = &d->f.clock};
    d->f.arena = arena_create(4096, 1U << 20);
    d->f.tx = (struct tx){.now_ms = T0, .arena = d->f.arena};
    make_post(d);
    *state = d;
    return 0;
}

static int folder_teardown(void **state)
{
    struct folder *d = *state;
    arena_free(d->f.arena);
    free(d->f.tx.changes);
    fixture_remove_dir(d->f.dir);
    free(d);
    return 0;
}

/* As a server that died with a like in its buffer. */
static void leave_like(struct folder *d, int64_t version)
{
    struct store store = open_store(d);
    struct pending_like like = {.post_id = d->post, .user_id = d->team, .liked = true, .at_ms = T0, .version = version};
    d->f.db = store.rooms;
    d->f.tx.db = store.rooms;
    struct tx *tx = fixture_begin(&d->f);
    assert_int_equal(pending_likes_put(tx, &like), ERR_OK);
    assert_int_equal(room_store_set_alarm(tx, PENDING_LIKES_ROOM, T0 + 60000), ERR_OK);
    fixture_commit(&d->f);
    store_close(&store);
}

static int64_t likes_in(struct folder *d)
{
    struct store store;
    struct problem problem = {0};
    assert_int_equal(store_open_read(&d->options, &store, &problem), ERR_OK);
    assert_null(store.rooms);
    int64_t likes = fixture_number(store.db, "SELECT SUM(likes) FROM posts");
    store_close(&store);
    return likes;
}

static int64_t waiting_in(struct folder *d)
{
    struct db *rooms;
    assert_int_equal(store_connect_rooms(&d->options, &rooms), ERR_OK);
    int64_t waiting = fixture_number(
        rooms, "SELECT (SELECT COUNT(*) FROM pending_likes) + (SELECT COUNT(*) FROM room_alarms)");
    db_close(rooms);
    return waiting;
}

static void both_files_are_their_owners_alone(void **state)
{
    struct folder *d = *state;
    for (enum store_file file = STORE_DATABASE; file <= STORE_ROOMS; file++) {
        char path[STORE_PATH_BYTES];
        struct stat st;
        assert_int_equal(store_path(d->f.dir, file, path), ERR_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    struct store store = open_store(d);
    assert_non_null(store.rooms);
    assert_int_equal(fixture_number(store.rooms, "PRAGMA synchronous"), 2);
    assert_int_equal(fixture_number(store.db, "PRAGMA synchronous"), 2);
    store_close(&store);
    store_close(&store);
}

/* A directory of before there were rooms. */
static void a_missing_file_is_made(void **state)
{
    struct folder *d = *state;
    char path[STORE_PATH_BYTES];
    struct problem problem = {0};
    assert_int_equal(store_path(d->f.dir, STORE_ROOMS, path), ERR_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_settle_likes(&d->options, &problem), ERR_OK);
    assert_int_not_equal(access(path, F_OK), 0); /* a command that reads makes nothing */
    assert_int_equal(likes_in(d), 0);
    struct store store = open_store(d);
    store_close(&store);
    assert_int_equal(waiting_in(d), 0);
}

static void the_buffer_is_flushed_at_start(void **state)
{
    struct folder *d = *state;
    leave_like(d, 5);
    assert_int_equal(likes_in(d), 0);
    assert_int_equal(waiting_in(d), 2);
    struct store store = open_store(d);
    assert_int_equal(store.recovered_likes, 1);
    store_close(&store);
    assert_int_equal(likes_in(d), 1);
    assert_int_equal(waiting_in(d), 0);
    store = open_store(d);
    assert_int_equal(store.recovered_likes, 0);
    store_close(&store);
    assert_int_equal(likes_in(d), 1);
}

static void who_reads_everything_has_them_brought_home(void **state)
{
    struct folder *d = *state;
    struct problem problem = {0};
    leave_like(d, 5);
    assert_int_equal(store_settle_likes(&d->options, &problem), ERR_OK);
    assert_int_equal(likes_in(d), 1);
    assert_int_equal(waiting_in(d), 0);

    /* A server holds the lock: the likes are its business. */
    leave_like(d, 6);
    struct fixture *f = &d->f;
    struct store server = open_store(d);
    struct pending_like like = {.post_id = d->post, .user_id = d->team, .liked = false, .at_ms = T0, .version = 7};
    f->db = f->tx.db = server.rooms;
    assert_int_equal(pending_likes_put(fixture_begin(f), &like), ERR_OK);
    fixture_commit(f);
    assert_int_equal(store_settle_likes(&d->options, &problem), ERR_OK);
    assert_int_equal(likes_in(d), 1);
    assert_int_equal(waiting_in(d), 1);
    store_close(&server);
}

/* Nothing of the one file is changed when the other cannot be worked with. */
static void a_newer_second_file_is_refused(void **state)
{
    struct folder *d = *state;
    struct store store = open_store(d);
    assert_int_equal(db_begin(store.rooms), ERR_OK);
    assert_int_equal(db_script(store.rooms, "INSERT INTO migrations VALUES (99, '0099_future', 'abc', 'then')"),
                     ERR_OK);
    assert_int_equal(db_commit(store.rooms), ERR_OK);
    store_close(&store);
    struct problem problem = {0};
    assert_int_equal(store_open(&d->options, &store, &problem), ERR_SCHEMA);
    assert_non_null(strstr(problem.detail, "newer"));
    assert_int_equal(store.lock_fd, -1);
    assert_null(store.db);
    assert_null(store.rooms);
    assert_int_equal(store_settle_likes(&d->options, &problem), ERR_SCHEMA);
    assert_int_equal(likes_in(d), 0); /* what only reads the first goes on */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_files_are_their_owners_alone), TEST(a_missing_file_is_made),
        TEST(the_buffer_is_flushed_at_start),    TEST(who_reads_everything_has_them_brought_home),
        TEST(a_newer_second_file_is_refused),
    };
    return cmocka_run_group_tests_name("api/store", tests, NULL, NULL);
}
