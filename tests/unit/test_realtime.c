/*
 * The realtime module as a whole, on two files with their two writers: what happens only when a thread comes between
 * two steps of another, and what is handed from image to image.
 *
 * A socket is one end of a pair; the test holds the other. Two functions of the C library are put in the place of its
 * own: clock_gettime, so that something can happen in the middle of a function, or no time passes, and close, so that a
 * descriptor that is closed twice is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/limits.h"
#include "db_fixture.h"
#include "realtime/doors.h"
#include "realtime/frame.h"
#include "realtime/hub.h"
#include "realtime/kinds.h"
#include "realtime/reactor.h"
#include "realtime/realtime.h"

struct scene {
    struct fixture *f; /* porchlight.db */
    struct fixture *r; /* rooms.db */
    struct db *read;
    struct db *rooms_read;
    struct writer *main;
    struct writer *rooms;
    struct likes *likes;
    struct heads *heads;
    struct presence *presence;
    struct rate_table *rates;
    struct realtime *rt;
    int64_t team;
    int64_t user;
    int64_t post;
};

static _Thread_local struct scene *interrupted; /* the flag goes off when this thread next looks at the clock */
static _Thread_local int64_t stopped_ms;        /* not 0: where this thread's clock stands still */

int clock_gettime(clockid_t id, struct timespec *t)
{
    struct scene *s = interrupted;
    interrupted = NULL;
    if (s != NULL) {
        realtime_close_all(s->rt);
        realtime_settle(s->rt);
    }
    if (stopped_ms != 0) {
        *t = (struct timespec){.tv_sec = stopped_ms / 1000, .tv_nsec = stopped_ms % 1000 * 1000000};
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, id, t);
}

static _Atomic int watched = -1;
static _Atomic int closes; /* of the watched descriptor */

int close(int fd)
{
    closes += fd == watched;
    return (int)syscall(SYS_close, fd);
}

/* ---- the parts --------------------------------------------------------------------------------------------------- */

static void rooms_published(void *arg, const struct change *changes, size_t count)
{
    struct scene *s = arg;
    likes_committed(s->likes);
    heads_publish(s->heads, changes, count);
}

static void start_writers(struct scene *s)
{
    struct writer_options main = {.db = s->f->db, .clock = &s->f->clock};
    struct writer_options rooms = {
        .db = s->r->db, .clock = &s->f->clock, .published = rooms_published, .published_arg = s};
    assert_int_equal(writer_start(&main, &s->main), ERR_OK);
    assert_int_equal(writer_start(&rooms, &s->rooms), ERR_OK);
    struct likes_options likes = {.main = s->main,
                                  .rooms = s->rooms,
                                  .rooms_db = s->r->db,
                                  .rooms_read = s->rooms_read,
                                  .read = s->read,
                                  .clock = &s->f->clock};
    assert_int_equal(likes_create(&likes, &s->likes), ERR_OK);
    likes_set_open(s->likes);
}

static void stop_writers(struct scene *s)
{
    writer_stop(s->main);
    writer_stop(s->rooms);
    s->main = s->rooms = NULL;
}

static struct realtime *make_realtime(struct scene *s)
{
    struct realtime *rt;
    struct realtime_options options = {.heads = s->heads,
                                       .presence = s->presence,
                                       .rates = s->rates,
                                       .rooms = s->rooms,
                                       .read = s->read,
                                       .likes = s->likes,
                                       .clock = &s->f->clock,
                                       .loops = 1,
                                       .room_limit = 10,
                                       .address_limit = 10};
    assert_int_equal(realtime_create(&options, &rt), ERR_OK);
    return rt;
}

static int scene_setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    fixture_setup_both(&s->f, &s->r);
    struct tx *tx = fixture_begin(s->f);
    s->team = fixture_team(tx, "sarah");
    s->user = fixture_user(tx, "ruth", ROLE_MEMBER);
    s->post = fixture_post(tx, s->team, s->team, "post");
    fixture_commit(s->f);
    s->read = fixture_open(s->f, true);
    s->rooms_read = fixture_open(s->r, true);
    s->presence = presence_create();
    s->rates = rate_create();
    assert_non_null(s->presence);
    assert_non_null(s->rates);
    assert_int_equal(heads_create(s->f->db, 1, &s->heads), ERR_OK);
    start_writers(s);
    s->rt = make_realtime(s);
    *state = s;
    return 0;
}

static int scene_teardown(void **state)
{
    struct scene *s = *state;
    void *f = s->f;
    void *r = s->r;
    stopped_ms = 0;
    realtime_stop(s->rt);
    stop_writers(s);
    realtime_free(s->rt);
    likes_free(s->likes);
    heads_free(s->heads);
    presence_free(s->presence);
    rate_free(s->rates);
    db_close(s->read);
    db_close(s->rooms_read);
    free(s);
    return fixture_teardown(&f) + fixture_teardown(&r);
}

static struct realtime_knock knock_of(const struct scene *s)
{
    return (struct realtime_knock){.path = realtime_path("ws"),
                                   .member = {.user_id = s->user,
                                              .role = ROLE_MEMBER,
                                              .name = "Ruth",
                                              .jti = "jti",
                                              .expires_ms = INT64_MAX,
                                              .teams = &s->team,
                                              .teams_count = 1},
                                   .address_key = 1};
}

/* ---- the flag ---------------------------------------------------------------------------------------------------- */

static void nobody_is_let_in_while_the_flag_goes_off(void **state)
{
    struct scene *s = *state;
    const struct realtime_knock knock = knock_of(s);
    struct problem problem = {0};
    assert_int_equal(realtime_start(s->rt), ERR_OK);
    interrupted = s; /* its loops end before the place is taken: nobody would serve the socket */
    assert_int_equal(realtime_admit(s->rt, &knock, &problem), ERR_CONFLICT);
    assert_null(interrupted);
    assert_int_equal(realtime_sockets(s->rt), 0);
    assert_int_equal(realtime_start(s->rt), ERR_OK);
    assert_int_equal(realtime_admit(s->rt, &knock, &problem), ERR_OK);
    realtime_give_up(s->rt, &knock);
}

/* ---- storms ------------------------------------------------------------------------------------------------------ */

/* How many of so many handshakes get a place; they give it back. The others hear when to come again. */
static unsigned knock_at(struct scene *s, unsigned tries)
{
    const struct realtime_knock knock = knock_of(s);
    unsigned admitted = 0;
    for (unsigned i = 0; i < tries; i++) {
        struct problem problem = {0};
        enum err err = realtime_admit(s->rt, &knock, &problem);
        if (err == ERR_OK) {
            realtime_give_up(s->rt, &knock);
            admitted++;
            continue;
        }
        assert_int_equal(err, ERR_BUSY);
        assert_true(problem.retry_after_s > 0);
        assert_non_null(strstr(problem.detail, "Many are coming at once"));
    }
    return admitted;
}

static void a_storm_of_handshakes_is_spread(void **state)
{
    struct scene *s = *state;
    assert_int_equal(realtime_start(s->rt), ERR_OK);
    stopped_ms = 1000000;
    assert_int_equal(knock_at(s, HANDSHAKES_BURST + 500), HANDSHAKES_BURST);
    stopped_ms += 1;
    assert_int_equal(knock_at(s, 10), HANDSHAKES_PER_S / 1000);
    stopped_ms += 1000;
    assert_int_equal(knock_at(s, HANDSHAKES_PER_S + 500), HANDSHAKES_PER_S);
    stopped_ms += 3600000; /* and no more than a burst is saved up */
    assert_int_equal(knock_at(s, HANDSHAKES_BURST + 500), HANDSHAKES_BURST);
}

/* ---- from image to image ----------------------------------------------------------------------------------------- */

/* One socket of the member, let in and handed over as HTTP does it; the test's end of it. */
static int open_socket(struct scene *s, const void *early, size_t early_len)
{
    const struct realtime_knock knock = knock_of(s);
    struct problem problem = {0};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(realtime_admit(s->rt, &knock, &problem), ERR_OK);
    realtime_adopt_take(s->rt, &knock, ends[0], false, early, early_len);
    return ends[1];
}

struct record {
    char *bytes; /* owned */
    size_t len;
};

/* What the next image is left; this one forgets. With `other` not -1 the record names that descriptor as the socket's.
 */
static void freeze(struct scene *s, struct record *record, int other)
{
    struct buf fds;
    FILE *out = open_memstream(&record->bytes, &record->len);
    assert_non_null(out);
    buf_init(&fds, 1U << 20);
    realtime_freeze_loops(s->rt);
    stop_writers(s);
    assert_true(realtime_freeze(s->rt, out, &fds));
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fds.len, sizeof(int));
    int fd;
    memcpy(&fd, fds.data, sizeof fd);
    int64_t named = other >= 0 ? other : dup(fd);                   /* its end is not the connection's */
    memcpy(record->bytes + 4 * sizeof named, &named, sizeof named); /* behind doubts, loops and one's empty cheers */
    reactor_quiet(&s->rt->reactors[0]);
    realtime_free(s->rt);
    likes_free(s->likes);
    buf_clear(&fds);
}

static bool thaw(struct scene *s, const struct record *record)
{
    struct pack_reader from = {.at = (const unsigned char *)record->bytes,
                               .end = (const unsigned char *)record->bytes + record->len};
    start_writers(s);
    s->rt = make_realtime(s);
    return realtime_thaw(s->rt, &from);
}

static void a_descriptor_is_closed_once(void **state)
{
    struct scene *s = *state;
    struct record record;
    assert_int_equal(realtime_start(s->rt), ERR_OK);
    int client = open_socket(s, NULL, 0);
    watched = open(s->f->path, O_RDONLY | O_CLOEXEC); /* a file: no loop can wait for it */
    freeze(s, &record, watched);
    closes = 0;
    assert_true(thaw(s, &record));
    assert_int_equal(closes, 1);
    assert_int_equal(realtime_sockets(s->rt), 0);
    watched = -1;
    free(record.bytes);
    (void)close(client);
}

static size_t like_frame(unsigned char *out, size_t max, int64_t post_id)
{
    static const unsigned char mask[4] = {1, 2, 3, 4};
    char text[100];
    int len = snprintf(text, sizeof text, "{\"type\":\"POST_LIKE\",\"postId\":\"%lld\",\"id\":\"first\"}",
                       (long long)post_id);
    size_t head = frame_head(out, FRAME_OP_TEXT, false, (uint64_t)len, mask);
    assert_true(head + (size_t)len <= max);
    memcpy(out + head, text, (size_t)len);
    frame_mask(out + head, (size_t)len, mask, 0);
    return head + (size_t)len;
}

/* The loops end between a handshake and what it brought: a like in the same write. */
static void a_like_that_came_with_the_handshake_is_no_less_durable(void **state)
{
    struct scene *s = *state;
    const struct realtime_knock knock = knock_of(s);
    struct record record;
    unsigned char early[200];
    char heard[400] = {0};
    int ends[2];
    size_t len = like_frame(early, sizeof early, s->post);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(doors_enter(s->rt->doors, s->user, knock.address_key), DOORS_IN);
    realtime_adopt_take(s->rt, &knock, ends[0], false, early, len); /* no loop runs: it waits in a mailbox */
    freeze(s, &record, -1);
    assert_true(recv(ends[1], heard, sizeof heard - 1, MSG_DONTWAIT) > 2);
    assert_non_null(strstr(heard + 2, "\"ACK\"")); /* behind the frame's head */
    assert_true(thaw(s, &record));
    assert_int_equal(realtime_sockets(s->rt), 1);
    assert_int_equal(likes_count_of(s->likes, s->post, 0), 1);
    assert_int_equal(realtime_start(s->rt), ERR_OK);
    free(record.bytes);
    (void)close(ends[1]);
}

static void nothing_starts_while_it_is_frozen(void **state)
{
    struct scene *s = *state;
    assert_int_equal(realtime_start(s->rt), ERR_OK);
    realtime_freeze_loops(s->rt);
    assert_int_equal(realtime_start(s->rt), ERR_CONFLICT); /* a flag that waited in the writer's queue */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_let_in_while_the_flag_goes_off),
        TEST(a_storm_of_handshakes_is_spread),
        TEST(a_descriptor_is_closed_once),
        TEST(a_like_that_came_with_the_handshake_is_no_less_durable),
        TEST(nothing_starts_while_it_is_frozen),
    };
    return cmocka_run_group_tests_name("realtime", tests, NULL, NULL);
}
