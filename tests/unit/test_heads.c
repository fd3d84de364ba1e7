/*
 * db/heads.h: what a poll is told from memory, held against a list of everything that ever happened. Real SQLite below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "db/heads.h"
#include "db/notices.h"
#include "db_fixture.h"
#include "random.h"

#define BOOT 4711

static struct heads *create(struct fixture *f)
{
    struct heads *h = NULL;
    assert_int_equal(heads_create(f->reader, BOOT, &h), ERR_OK);
    return h;
}

static struct team_head *load(struct fixture *f, struct heads *h, int64_t team_id)
{
    struct team_head *t = NULL;
    assert_int_equal(heads_team(h, f->reader, team_id, &t), ERR_OK);
    assert_true(team_head_version(t) != 0);
    return t;
}

static void publish(struct fixture *f, struct heads *h)
{
    heads_publish(h, f->tx.changes, f->tx.changes_count);
}

static void commit_and_publish(struct fixture *f, struct heads *h)
{
    fixture_commit(f);
    publish(f, h);
}

static struct head_view look(struct team_head *t)
{
    struct head_view view;
    team_head_read(t, &view);
    assert_int_equal(view.version, team_head_version(t));
    return view;
}

static int64_t add_post(struct fixture *f, int64_t team_id)
{
    return fixture_post(&f->tx, team_id, team_id, "hello");
}

static void like(struct fixture *f, int64_t post_id, int64_t user_id, bool liked)
{
    int64_t count;
    assert_int_equal(posts_like(&f->tx, post_id, user_id, liked, 0, &count), ERR_OK);
}

static int64_t make_team(struct fixture *f, const char *name)
{
    (void)fixture_begin(f);
    int64_t team_id = fixture_team(&f->tx, name);
    fixture_commit(f);
    return team_id;
}

static void tell(struct fixture *f, int64_t team_id, int64_t author_id)
{
    int64_t id;
    struct notice notice = {.kind = team_id == 0 ? NOTICE_WIN : NOTICE_ANNOUNCEMENT,
                            .team_id = team_id,
                            .author_id = author_id,
                            .title = "News",
                            .body = ""};
    assert_int_equal(notices_create(&f->tx, &notice, &id), ERR_OK);
}

/* 1. A head knows what the database knew before it was asked for; another team's is its own. */
static void loaded_on_first_use(void **state)
{
    struct fixture *f = *state;
    int64_t walkers = make_team(f, "walkers");
    int64_t strong = make_team(f, "strong");
    (void)fixture_begin(f);
    int64_t first = add_post(f, walkers);
    (void)add_post(f, walkers);
    (void)add_post(f, strong);
    assert_int_equal(posts_delete(&f->tx, first), ERR_OK); /* event 4 */
    fixture_commit(f);

    struct heads *h = create(f);
    char epoch[EPOCH_BYTES];
    assert_int_equal(events_epoch(f->reader, epoch), ERR_OK);
    assert_string_equal(heads_epoch(h), epoch);
    assert_int_equal(heads_boot(h), BOOT);
    struct team_head *t = load(f, h, walkers);
    assert_ptr_equal(load(f, h, walkers), t);
    assert_int_equal(look(t).seq, 4);
    assert_int_equal(team_head_new_posts(t, 0), 1);
    assert_int_equal(team_head_new_posts(t, 1), 1);
    assert_int_equal(team_head_new_posts(t, 2), 0);
    assert_int_equal(look(load(f, h, strong)).seq, 3);
    heads_free(h);
    heads_free(NULL);
}

/* 2. A team without events is as new as the log: nothing is missed by a cursor from there. */
static void a_silent_team_starts_at_the_logs_end(void **state)
{
    struct fixture *f = *state;
    int64_t walkers = make_team(f, "walkers");
    int64_t silent = make_team(f, "silent");
    (void)fixture_begin(f);
    for (int i = 0; i < 5; i++)
        (void)add_post(f, walkers);
    fixture_commit(f);
    struct heads *h = create(f);
    struct team_head *t = load(f, h, silent);
    assert_int_equal(look(t).seq, 5);
    assert_int_equal(team_head_new_posts(t, 0), 0);
    assert_true(team_head_reaches(t, 5));
    heads_free(h);
}

/* 3. What is published shows at once, moves the version of its team only, and an unloaded team does not mind. */
static void publishing_moves_the_version(void **state)
{
    struct fixture *f = *state;
    int64_t walkers = make_team(f, "walkers");
    int64_t strong = make_team(f, "strong");
    struct heads *h = create(f);
    struct team_head *w = load(f, h, walkers);
    (void)fixture_begin(f);
    int64_t post = add_post(f, walkers);
    (void)add_post(f, strong);
    commit_and_publish(f, h);
    struct team_head *s = load(f, h, strong);
    struct head_view before_w = look(w);
    struct head_view before_s = look(s);
    assert_int_equal(before_w.seq, 1);
    assert_int_equal(before_s.seq, 2);
    assert_int_equal(team_head_new_posts(w, 0), 1);
    assert_int_equal(team_head_new_posts(s, 0), 1);

    (void)fixture_begin(f);
    assert_int_equal(posts_edit(&f->tx, post, "better", NULL), ERR_OK);
    commit_and_publish(f, h);
    assert_int_equal(look(w).seq, 3);
    assert_int_equal(look(w).likes, before_w.likes);
    assert_true(look(w).version > before_w.version);
    assert_int_equal(team_head_new_posts(w, 0), 1);
    assert_int_equal(look(s).version, before_s.version);
    assert_int_equal(look(s).seq, before_s.seq);

    before_w = look(w);
    (void)fixture_begin(f); /* state that no head keeps */
    assert_int_equal(users_rename(&f->tx, walkers, "New Name"), ERR_OK);
    commit_and_publish(f, h);
    assert_int_equal(look(w).version, before_w.version);
    heads_free(h);
}

/* 4. An event to everybody is an event of each team that is loaded, and of those loaded later. */
static void events_to_everybody(void **state)
{
    struct fixture *f = *state;
    struct heads *h = create(f);
    int64_t teams[20];
    struct team_head *t[20];
    for (int i = 0; i < 20; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "team%d", i);
        teams[i] = make_team(f, name);
        t[i] = i < 19 ? load(f, h, teams[i]) : NULL;
    }
    (void)fixture_begin(f);
    tell(f, teams[3], teams[3]);
    tell(f, 0, teams[3]);
    commit_and_publish(f, h);
    t[19] = load(f, h, teams[19]);
    for (int i = 0; i < 20; i++)
        assert_int_equal(look(t[i]).seq, 2);
    (void)fixture_begin(f);
    tell(f, teams[3], teams[3]);
    commit_and_publish(f, h);
    for (int i = 0; i < 20; i++)
        assert_int_equal(look(t[i]).seq, i == 3 ? 3 : 2);
    heads_free(h);
}

/* 5. A commit that was loaded before it is published is counted once, and its deletion holds. */
static void publishing_what_was_loaded_is_harmless(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    (void)fixture_begin(f);
    int64_t gone = add_post(f, team);
    int64_t kept = add_post(f, team);
    like(f, kept, team, true);
    int64_t newest = add_post(f, team);
    assert_int_equal(posts_delete(&f->tx, gone), ERR_OK);
    fixture_commit(f);
    struct team_head *t = load(f, h, team); /* between the commit and its publishing */
    struct head_view early = look(t);
    assert_int_equal(team_head_new_posts(t, 0), 2);
    for (int i = 0; i < 3; i++) {
        publish(f, h);
        assert_int_equal(team_head_new_posts(t, 0), 2);
        assert_int_equal(look(t).seq, early.seq);
    }
    (void)fixture_begin(f);
    assert_int_equal(posts_delete(&f->tx, newest), ERR_OK);
    fixture_commit(f);
    publish(f, h);
    publish(f, h);
    assert_int_equal(team_head_new_posts(t, 0), 1);
    heads_free(h);
}

/* 6. A head that was loaded ahead of the publishing reaches the number that it gives out itself. */
static void a_head_reaches_its_own_number(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    (void)fixture_begin(f);
    (void)add_post(f, team);
    fixture_commit(f);
    struct team_head *t = load(f, h, team);
    assert_int_equal(look(t).seq, 1);
    assert_true(team_head_reaches(t, look(t).seq));
    assert_false(team_head_reaches(t, look(t).seq + 1));
    publish(f, h);
    assert_true(team_head_reaches(t, 1));
    heads_free(h);
}

/* 7. A cursor holds while all that came after it is kept, and a number that was never given out is not ours. */
static void what_a_head_reaches(void **state)
{
    struct fixture *f = *state;
    int64_t walkers = make_team(f, "walkers");
    int64_t strong = make_team(f, "strong");
    struct heads *h = create(f);
    struct team_head *w = load(f, h, walkers);
    struct team_head *s = load(f, h, strong);
    (void)fixture_begin(f);
    (void)add_post(f, strong);
    for (int i = 0; i < 9; i++)
        (void)add_post(f, walkers);
    commit_and_publish(f, h);
    for (int64_t since = 0; since <= 10; since++)
        assert_true(team_head_reaches(w, since) && team_head_reaches(s, since));
    assert_false(team_head_reaches(w, 11));
    assert_false(team_head_reaches(s, INT64_MAX));

    struct change pruned = {.kind = CHANGE_PRUNED, .value = 6}; /* 6 to 10 are kept */
    uint64_t version = team_head_version(w);
    heads_publish(h, &pruned, 1);
    assert_int_equal(team_head_version(w), version);
    for (int64_t since = 0; since <= 10; since++)
        assert_int_equal(team_head_reaches(w, since), since >= 5);
    for (int64_t since = 0; since <= 10; since++) /* the team's newest is 1: who knows that has missed nothing */
        assert_int_equal(team_head_reaches(s, since), since >= 1);
    pruned.value = 11; /* nothing is kept */
    heads_publish(h, &pruned, 1);
    assert_false(team_head_reaches(w, 9));
    assert_true(team_head_reaches(w, 10));
    assert_true(team_head_reaches(s, 1));
    heads_free(h);
}

/* 8. Above HEAD_POSTS_MAX the count stays there, both when it is loaded and when it is published; below it is exact. */
static void a_long_history_counts_to_the_limit(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    struct team_head *t = load(f, h, team);
    (void)fixture_begin(f);
    for (int i = 0; i < HEAD_POSTS_MAX + 50; i++)
        (void)add_post(f, team);
    commit_and_publish(f, h);
    struct heads *later = create(f);
    struct team_head *both[] = {t, load(f, later, team)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(team_head_new_posts(both[i], 0), HEAD_POSTS_MAX);
        assert_int_equal(team_head_new_posts(both[i], 50), HEAD_POSTS_MAX);
        assert_int_equal(team_head_new_posts(both[i], 51), HEAD_POSTS_MAX - 1);
        assert_int_equal(team_head_new_posts(both[i], HEAD_POSTS_MAX + 49), 1);
        assert_int_equal(team_head_new_posts(both[i], HEAD_POSTS_MAX + 50), 0);
    }
    (void)fixture_begin(f);
    for (int i = 0; i < 100; i++)
        (void)add_post(f, team);
    fixture_commit(f);
    publish(f, later); /* one that was loaded with its table full */
    assert_int_equal(team_head_new_posts(both[1], 0), HEAD_POSTS_MAX);
    assert_int_equal(team_head_new_posts(both[1], HEAD_POSTS_MAX + 50), 100);
    heads_free(later);
    heads_free(h);
}

/* 9. Like counts since a version: one entry a post, its newest count, in the order of the changes. */
static void likes_since_a_version(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    struct team_head *t = load(f, h, team);
    (void)fixture_begin(f);
    int64_t a = add_post(f, team);
    int64_t b = add_post(f, team);
    int64_t other = fixture_user(&f->tx, "other", ROLE_MEMBER);
    commit_and_publish(f, h);
    struct head_like likes[HEAD_LIKES_MAX];
    size_t count = 99;
    uint64_t start = look(t).likes;
    assert_true(team_head_likes_since(t, start, likes, &count));
    assert_int_equal(count, 0);

    struct head_view before = look(t);
    (void)fixture_begin(f);
    like(f, a, team, true);
    like(f, b, team, true);
    like(f, a, other, true);
    like(f, a, other, true); /* again: no change */
    commit_and_publish(f, h);
    struct head_view after = look(t);
    assert_int_equal(after.seq, before.seq); /* likes are no events */
    assert_true(after.version > before.version);
    assert_int_equal(after.likes, start + 3);
    assert_true(team_head_likes_since(t, start, likes, &count));
    assert_int_equal(count, 2);
    assert_int_equal(likes[0].post_id, b);
    assert_int_equal(likes[0].count, 1);
    assert_int_equal(likes[1].post_id, a);
    assert_int_equal(likes[1].count, 2);
    assert_true(team_head_likes_since(t, start + 2, likes, &count));
    assert_int_equal(count, 1);
    assert_int_equal(likes[0].post_id, a);
    assert_true(team_head_likes_since(t, start + 3, likes, &count));
    assert_int_equal(count, 0);
    assert_false(team_head_likes_since(t, start + 4, likes, &count)); /* of the future: not ours */
    assert_int_equal(count, 0);
    heads_free(h);
}

/* 10. Beyond HEAD_LIKES_MAX posts the oldest change is forgotten, and who would need it is told so. */
static void likes_overflow(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    struct team_head *t = load(f, h, team);
    static int64_t posts[HEAD_LIKES_MAX + 10];
    (void)fixture_begin(f);
    for (int i = 0; i < HEAD_LIKES_MAX + 10; i++)
        posts[i] = add_post(f, team);
    commit_and_publish(f, h);
    uint64_t start = look(t).likes;
    (void)fixture_begin(f);
    for (int i = 0; i < HEAD_LIKES_MAX; i++)
        like(f, posts[i], team, true);
    commit_and_publish(f, h);
    struct head_like likes[HEAD_LIKES_MAX];
    size_t count;
    assert_true(team_head_likes_since(t, start, likes, &count)); /* exactly full */
    assert_int_equal(count, HEAD_LIKES_MAX);
    assert_int_equal(likes[0].post_id, posts[0]);

    (void)fixture_begin(f);
    for (int i = HEAD_LIKES_MAX; i < HEAD_LIKES_MAX + 10; i++)
        like(f, posts[i], team, true);
    commit_and_publish(f, h);
    for (uint64_t since = start; since < start + 10; since++)
        assert_false(team_head_likes_since(t, since, likes, &count));
    assert_true(team_head_likes_since(t, start + 10, likes, &count));
    assert_int_equal(count, HEAD_LIKES_MAX);
    for (int i = 0; i < HEAD_LIKES_MAX; i++)
        assert_int_equal(likes[i].post_id, posts[i + 10]);
    (void)fixture_begin(f);
    like(f, posts[HEAD_LIKES_MAX / 2], team, false); /* one that is known moves to the end and displaces nobody */
    commit_and_publish(f, h);
    assert_true(team_head_likes_since(t, start + 10, likes, &count));
    assert_int_equal(count, HEAD_LIKES_MAX);
    assert_int_equal(likes[HEAD_LIKES_MAX - 1].post_id, posts[HEAD_LIKES_MAX / 2]);
    assert_int_equal(likes[HEAD_LIKES_MAX - 1].count, 0);
    heads_free(h);
}

/* 11. After much changed at once every head is loaded again, and no version ever comes back. */
static void change_all_forgets(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    int64_t strong = make_team(f, "strong");
    struct heads *h = create(f);
    struct team_head *t = load(f, h, team);
    struct team_head *s = load(f, h, strong);
    uint64_t newest = team_head_version(t) > team_head_version(s) ? team_head_version(t) : team_head_version(s);
    assert_true(team_head_version(t) != team_head_version(s));
    for (int i = 0; i < 10; i++) {
        (void)fixture_begin(f);
        (void)add_post(f, team); /* as an import: its own events are not published */
        fixture_commit(f);
        struct change all = {.kind = CHANGE_ALL, .seq = i + 1};
        heads_publish(h, &all, 1);
        assert_int_equal(team_head_version(t), 0);
        assert_int_equal(team_head_version(s), 0);
        assert_ptr_equal(load(f, h, team), t);
        assert_true(team_head_version(t) > newest);
        newest = team_head_version(t);
        assert_int_equal(look(t).seq, i + 1);
        assert_true(team_head_reaches(t, i + 1));
        assert_int_equal(team_head_new_posts(t, i), 1);
    }
    assert_int_equal(team_head_version(s), 0); /* nobody asked for it */
    heads_free(h);
}

/* 12. Likes that changed while a head was forgotten are not kept from a client who knows an earlier version. */
static void likes_while_forgotten_are_not_lost(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    struct team_head *t = load(f, h, team);
    (void)fixture_begin(f);
    int64_t post = add_post(f, team);
    like(f, post, team, true);
    commit_and_publish(f, h);
    uint64_t known = look(t).likes;

    struct change all = {.kind = CHANGE_ALL};
    heads_publish(h, &all, 1);
    (void)fixture_begin(f);
    like(f, post, team, false);
    commit_and_publish(f, h); /* while nothing is loaded */
    (void)load(f, h, team);
    struct head_like likes[HEAD_LIKES_MAX];
    size_t count = 0;
    assert_true(look(t).likes != known); /* or the poll would be answered with "nothing new" */
    assert_false(team_head_likes_since(t, known, likes, &count));
    assert_true(team_head_likes_since(t, look(t).likes, likes, &count));
    assert_int_equal(count, 0);
    heads_free(h);
}

/* ---- the naive model --------------------------------------------------------------------------------------------- */

#define TEAMS 3
#define POSTS_MAX 600

struct model_post {
    int64_t id;
    int64_t seq;
    int team;
    bool deleted;
    int64_t likes;
    uint64_t liked_at; /* the step of its last like change; 0: none */
};

struct model {
    int64_t teams[TEAMS];
    struct model_post posts[POSTS_MAX];
    size_t count;
    int64_t newest[TEAMS]; /* newest event; 0: none */
    uint64_t step;
};

static void step(struct random *r, struct fixture *f, struct model *m)
{
    int team = (int)random_below(r, TEAMS);
    size_t what = random_below(r, 20);
    m->step++;
    if (what < 7 && m->count < POSTS_MAX) {
        struct model_post *post = &m->posts[m->count++];
        *post = (struct model_post){.id = add_post(f, m->teams[team]), .team = team};
        post->seq = m->newest[team] = fixture_last(&f->tx)->seq;
    } else if (what < 9) {
        int64_t to = random_below(r, 2) == 0 ? 0 : m->teams[team];
        tell(f, to, m->teams[team]);
        for (int i = 0; i < TEAMS; i++)
            if (to == 0 || i == team)
                m->newest[i] = fixture_last(&f->tx)->seq;
    } else if (m->count > 0) {
        struct model_post *post = &m->posts[random_below(r, m->count)];
        if (post->deleted)
            return;
        if (what < 12) {
            assert_int_equal(posts_delete(&f->tx, post->id), ERR_OK);
            post->deleted = true;
        } else if (what < 14) {
            assert_int_equal(posts_edit(&f->tx, post->id, "edited", NULL), ERR_OK);
        } else {
            post->likes = post->likes == 0;
            post->liked_at = m->step;
            like(f, post->id, m->teams[0], post->likes == 1);
            return;
        }
        m->newest[post->team] = fixture_last(&f->tx)->seq;
    }
}

static size_t model_new_posts(const struct model *m, int team, int64_t since)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++)
        count += m->posts[i].team == team && !m->posts[i].deleted && m->posts[i].seq > since;
    return count;
}

static void compare(struct random *r, const struct model *m, struct team_head *t, int team)
{
    int64_t log_end = 0;
    for (int i = 0; i < TEAMS; i++)
        log_end = m->newest[i] > log_end ? m->newest[i] : log_end;
    if (m->newest[team] != 0)
        assert_int_equal(look(t).seq, m->newest[team]);
    for (int64_t since = 0; since <= log_end; since += 1 + (int64_t)random_below(r, 9))
        assert_int_equal(team_head_new_posts(t, since), model_new_posts(m, team, since));
    assert_int_equal(team_head_new_posts(t, log_end), 0);
}

/* The likes since a remembered moment are the posts that changed after it, in that order. */
static void compare_likes(const struct model *m, struct team_head *t, int team, uint64_t version, uint64_t since_step)
{
    struct head_like likes[HEAD_LIKES_MAX];
    size_t count;
    size_t at = 0;
    if (!team_head_likes_since(t, version, likes, &count))
        return; /* loaded again since then */
    for (uint64_t s = since_step + 1; s <= m->step; s++)
        for (size_t i = 0; i < m->count; i++)
            if (m->posts[i].liked_at == s && m->posts[i].team == team) {
                assert_true(at < count);
                assert_int_equal(likes[at].post_id, m->posts[i].id);
                assert_int_equal(likes[at++].count, m->posts[i].likes);
            }
    assert_int_equal(at, count);
}

/* 13. Random histories in random batches, loaded before or after, published late or forgotten: as the list says. */
static void random_histories_match_a_list(void **state)
{
    struct fixture *f = *state;
    static struct model m;
    m = (struct model){0};
    struct random r = random_seeded();
    static const char *const names[TEAMS] = {"walkers", "strong", "cyclists"};
    for (int i = 0; i < TEAMS; i++)
        m.teams[i] = make_team(f, names[i]);
    struct heads *h = create(f);
    uint64_t last[TEAMS] = {0};
    uint64_t likes[TEAMS] = {0};
    uint64_t likes_step[TEAMS] = {0};
    assert_int_equal(db_script(f->db, "PRAGMA synchronous = OFF"), ERR_OK); /* speed; durability is tested elsewhere */
    for (int batch = 0; batch < 250; batch++) {
        (void)fixture_begin(f);
        for (size_t n = 1 + random_below(&r, 6); n > 0; n--)
            step(&r, f, &m);
        fixture_commit(f);
        if (random_below(&r, 4) == 0)
            (void)load(f, h, m.teams[random_below(&r, TEAMS)]);
        publish(f, h);
        if (random_below(&r, 20) == 0) {
            struct change all = {.kind = CHANGE_ALL};
            heads_publish(h, &all, 1);
        }
        for (int team = 0; team < TEAMS; team++) {
            if (random_below(&r, 3) > 0)
                continue;
            struct team_head *t = load(f, h, m.teams[team]);
            assert_true(team_head_version(t) >= last[team]);
            last[team] = team_head_version(t);
            compare(&r, &m, t, team);
            if (likes[team] != 0)
                compare_likes(&m, t, team, likes[team], likes_step[team]);
            likes[team] = look(t).likes;
            likes_step[team] = m.step;
        }
    }
    heads_free(h);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

#define READERS 3
#define COMMITS 150

struct poller {
    struct heads *h;
    struct db *db;
    const int64_t *teams;
    atomic_bool *over;
    size_t polls;
    size_t faults;
};

static void *poll_teams(void *arg)
{
    struct poller *p = arg;
    struct head_view last[TEAMS] = {0};
    struct head_like likes[HEAD_LIKES_MAX];
    do {
        for (int i = 0; i < TEAMS; i++) {
            struct team_head *t;
            struct head_view view;
            size_t count;
            if (heads_team(p->h, p->db, p->teams[i], &t) != ERR_OK) {
                p->faults++;
                continue;
            }
            team_head_read(t, &view);
            p->faults += view.seq < last[i].seq || view.likes < last[i].likes;
            p->faults += view.version != 0 && view.version < last[i].version;
            p->faults += team_head_new_posts(t, 0) > HEAD_POSTS_MAX || !team_head_reaches(t, view.seq);
            if (team_head_likes_since(t, last[i].likes, likes, &count))
                p->faults += count > HEAD_LIKES_MAX;
            if (view.version != 0)
                last[i] = view;
            p->polls++;
        }
    } while (!atomic_load(p->over));
    return NULL;
}

/* 14. One thread writes and publishes while others load and read: nothing goes back, and the end is the database's. */
static void readers_poll_while_one_writes(void **state)
{
    struct fixture *f = *state;
    int64_t teams[TEAMS] = {make_team(f, "walkers"), make_team(f, "strong"), make_team(f, "cyclists")};
    struct heads *h = create(f);
    struct poller pollers[READERS];
    pthread_t threads[READERS];
    atomic_bool over = false;
    assert_int_equal(db_script(f->db, "PRAGMA synchronous = OFF"), ERR_OK);
    for (int i = 0; i < READERS; i++) {
        pollers[i] = (struct poller){.h = h, .db = fixture_open(f, true), .teams = teams, .over = &over};
        assert_int_equal(pthread_create(&threads[i], NULL, poll_teams, &pollers[i]), 0);
    }
    int64_t posts[TEAMS] = {0};
    for (int i = 0; i < COMMITS; i++) {
        int team = i % TEAMS;
        (void)fixture_begin(f);
        if (posts[team] != 0 && i % 4 == 0)
            assert_int_equal(posts_delete(&f->tx, posts[team]), ERR_OK);
        posts[team] = add_post(f, teams[team]);
        like(f, posts[team], teams[0], true);
        if (i % 10 == 0)
            tell(f, 0, teams[0]);
        if (i % 25 == 0)
            assert_int_equal(tx_note(&f->tx, (struct change){.kind = CHANGE_ALL}), ERR_OK);
        commit_and_publish(f, h);
        arena_reset(f->arena);
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++) {
        (void)pthread_join(threads[i], NULL);
        db_close(pollers[i].db);
        assert_int_equal(pollers[i].faults, 0);
        assert_true(pollers[i].polls > 0);
    }
    struct heads *fresh = create(f);
    for (int i = 0; i < TEAMS; i++) {
        struct team_head *t = load(f, h, teams[i]);
        struct team_head *again = load(f, fresh, teams[i]);
        assert_int_equal(look(t).seq, look(again).seq);
        for (int64_t since = 0; since <= look(t).seq; since++)
            assert_int_equal(team_head_new_posts(t, since), team_head_new_posts(again, since));
    }
    heads_free(fresh);
    heads_free(h);
}

/* 15. A damaged database is told, and nothing is made. */
static void a_database_without_its_tables(void **state)
{
    struct fixture *f = *state;
    int64_t team = make_team(f, "walkers");
    struct heads *h = create(f);
    struct team_head *t = NULL;
    assert_int_equal(db_script(f->db, "ALTER TABLE events RENAME TO gone"), ERR_OK);
    assert_int_not_equal(heads_team(h, f->reader, team, &t), ERR_OK);
    assert_int_equal(db_script(f->db, "ALTER TABLE gone RENAME TO events;ALTER TABLE sequence RENAME TO gone"), ERR_OK);
    struct heads *none = NULL;
    assert_int_not_equal(heads_create(f->reader, BOOT, &none), ERR_OK);
    assert_null(none);
    assert_int_equal(db_script(f->db, "ALTER TABLE gone RENAME TO sequence"), ERR_OK);
    assert_int_equal(heads_team(h, f->reader, team, &t), ERR_OK); /* the next poll tries again */
    assert_true(team_head_version(t) != 0);
    heads_free(h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loaded_on_first_use),
        TEST(a_silent_team_starts_at_the_logs_end),
        TEST(publishing_moves_the_version),
        TEST(events_to_everybody),
        TEST(publishing_what_was_loaded_is_harmless),
        TEST(a_head_reaches_its_own_number),
        TEST(what_a_head_reaches),
        TEST(a_long_history_counts_to_the_limit),
        TEST(likes_since_a_version),
        TEST(likes_overflow),
        TEST(change_all_forgets),
        TEST(likes_while_forgotten_are_not_lost),
        TEST(random_histories_match_a_list),
        TEST(readers_poll_while_one_writes),
        TEST(a_database_without_its_tables),
    };
    return cmocka_run_group_tests_name("db/heads", tests, NULL, NULL);
}
