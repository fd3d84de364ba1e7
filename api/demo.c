/*
 * Puts the demo community together. See demo.h.
 *
 * One job, so it is there as a whole or not at all. Rows go in through db/transfer.h as an import's do; numbers that
 * look random come from a generator with a fixed seed.
 */
#include "api/demo.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/demo_chat.h"
#include "api/demo_words.h"
#include "api/digest_maker.h"
#include "db/audit.h"
#include "db/transfer.h"

enum { ADMIN = 1, SARAH = 2, DAVE = 3, FIRST_MEMBER = 4 }; /* user ids */

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define STORY_DAYS 35              /* the posts cover the last five weeks */
#define OLDER_DAYS 60              /* the teams are older than their posts */
#define NEWEST_MS (20 * MINUTE_MS) /* the last post is so old */
#define EXCERPT_BYTES 120
#define STEPS_DAYS 14                  /* so long the walkers have counted together here */
#define STEPS_ON_PAPER INT64_C(412300) /* what they brought along */
#define WINS_MAX 4

/* A milestone of the steps. */
struct demo_win {
    int64_t at_ms;
    char title[NOTICE_TITLE_CHARS_MAX + 1];
};

struct demo_job {
    struct job job;
    const char *password;
    enum demo_state state;
    uint64_t seed;
    int64_t now_ms;
    int64_t post_ms[DEMO_POSTS];
    struct counter steps; /* as its newest change left it */
    struct demo_win wins[WINS_MAX];
    size_t wins_count;
};

/* SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine. */
static uint64_t next_number(struct demo_job *d)
{
    uint64_t z = d->seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t below(struct demo_job *d, int64_t bound)
{
    return (int64_t)(next_number(d) % (uint64_t)bound);
}

static int64_t member_id(int number)
{
    return FIRST_MEMBER + number - 1;
}

static int64_t team_of_member(int number)
{
    return number <= DEMO_WALKERS ? SARAH : DAVE;
}

/* ---- people ------------------------------------------------------------------------------------------------------ */

static enum err put_user(struct demo_job *d, struct tx *tx, int64_t id, const char *username, const char *name,
                         enum role role)
{
    const struct transfer_user user = {
        .given = TRANSFER_ROLE | TRANSFER_PASSWORD | TRANSFER_CREATED_AT,
        .id = id,
        .username = username,
        .name = name,
        .role = role,
        .password = d->password,
        .created_ms = d->now_ms - OLDER_DAYS * DAY_MS + id * HOUR_MS,
    };
    enum transfer_result result;
    return transfer_put_user(tx, &user, &result);
}

static enum err put_team(struct demo_job *d, struct tx *tx, int64_t coach_id, const char *name)
{
    const struct transfer_team team = {
        .given = TRANSFER_CREATED_AT,
        .id = coach_id,
        .name = name,
        .created_ms = d->now_ms - OLDER_DAYS * DAY_MS + coach_id * HOUR_MS,
    };
    enum transfer_result result;
    return transfer_put_team(tx, &team, &result);
}

static enum err put_member(struct demo_job *d, struct tx *tx, int number)
{
    char username[20];
    (void)snprintf(username, sizeof username, "member%d", number);
    enum err err = put_user(d, tx, member_id(number), username, demo_names[number - 1], ROLE_MEMBER);
    if (err != ERR_OK)
        return err;
    const struct transfer_membership membership = {
        .given = TRANSFER_CREATED_AT,
        .team_id = team_of_member(number),
        .user_id = member_id(number),
        .joined_ms = d->now_ms - OLDER_DAYS * DAY_MS + member_id(number) * HOUR_MS,
    };
    enum transfer_result result;
    return transfer_put_membership(tx, &membership, &result);
}

static enum err put_people(struct demo_job *d, struct tx *tx)
{
    enum err err = put_user(d, tx, ADMIN, "admin", "Grace", ROLE_ADMIN);
    if (err == ERR_OK)
        err = put_user(d, tx, SARAH, "sarah", "Sarah", ROLE_COACH);
    if (err == ERR_OK)
        err = put_user(d, tx, DAVE, "dave", "Dave", ROLE_COACH);
    if (err == ERR_OK)
        err = put_team(d, tx, SARAH, "Morning Walkers");
    if (err == ERR_OK)
        err = put_team(d, tx, DAVE, "Strong Together");
    for (int number = 1; number <= DEMO_MEMBERS && err == ERR_OK; number++)
        err = put_member(d, tx, number);
    return err;
}

/* ---- posts ------------------------------------------------------------------------------------------------------- */

static_assert(DEMO_WALKERS_POSTS == 2 * DEMO_STRONG_POSTS, "every third post is from Dave's team");

static bool is_strong(int index)
{
    return index % 3 == 2;
}

static const struct demo_post *post_at(int index)
{
    return is_strong(index) ? &demo_strong_posts[index / 3] : &demo_walkers_posts[index / 3 * 2 + index % 3];
}

/* Posts that their coach pinned: the two welcomes, and the challenge of the week. */
static bool is_pinned(int index)
{
    const struct demo_post *post = post_at(index);
    return index == 0 || index == 2 || (post->author == 0 && strcmp(post->topics, "challenge") == 0);
}

/* One in each equal slice of the five weeks, somewhere within it: in order, but not like clockwork. */
static void set_times(struct demo_job *d)
{
    int64_t slice_ms = (STORY_DAYS * DAY_MS - NEWEST_MS) / DEMO_POSTS;
    for (int i = 0; i < DEMO_POSTS; i++)
        d->post_ms[i] = d->now_ms - NEWEST_MS - (DEMO_POSTS - i) * slice_ms + below(d, slice_ms);
}

static enum err put_post(struct demo_job *d, struct tx *tx, int index)
{
    const struct demo_post *words = post_at(index);
    int64_t team_id = is_strong(index) ? DAVE : SARAH;
    const struct transfer_post post = {
        .given = TRANSFER_TOPICS | TRANSFER_PINNED | TRANSFER_EDITED | TRANSFER_CREATED_AT,
        .id = index + 1,
        .team_id = team_id,
        .author_id = words->author == 0 ? team_id : member_id(words->author),
        .body = words->body,
        .topics = words->topics,
        .pinned_ms = is_pinned(index) ? d->post_ms[index] + 5 * MINUTE_MS : 0,
        .created_ms = d->post_ms[index],
        .edited_ms = index % 29 == 28 ? d->post_ms[index] + 3 * MINUTE_MS : 0,
    };
    enum transfer_result result;
    return transfer_put_post(tx, &post, &result);
}

/* Everybody in the team may like it, their coach too; how many do is the post's luck. */
static enum err put_likes(struct demo_job *d, struct tx *tx, int index)
{
    int first = is_strong(index) ? DEMO_WALKERS + 1 : 1;
    int last = is_strong(index) ? DEMO_MEMBERS : DEMO_WALKERS;
    int author = post_at(index)->author;
    int64_t luck_percent = 15 + below(d, 55);
    int64_t age_ms = d->now_ms - d->post_ms[index];
    int64_t span_ms = age_ms < 2 * DAY_MS ? age_ms : 2 * DAY_MS;
    enum err err = ERR_OK;
    for (int number = first - 1; number <= last && err == ERR_OK; number++) {
        bool coach = number == first - 1;
        bool likes = below(d, 100) < luck_percent;
        int64_t after_ms = below(d, span_ms);
        if (!likes || (coach ? author == 0 : author == number))
            continue;
        const struct transfer_like like = {
            .given = TRANSFER_CREATED_AT,
            .post_id = index + 1,
            .user_id = !coach             ? member_id(number)
                       : is_strong(index) ? DAVE
                                          : SARAH,
            .created_ms = d->post_ms[index] + after_ms,
        };
        enum transfer_result result;
        err = transfer_put_like(tx, &like, &result);
    }
    return err;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* 1000000 as "1,000,000": milestones end in three zeros, and so do the thousands of one of a million. */
static void add_win(struct demo_job *d, int64_t milestone, int64_t at_ms)
{
    assert(d->wins_count < WINS_MAX && milestone % 1000 == 0);
    struct demo_win *win = &d->wins[d->wins_count++];
    int64_t thousands = milestone / 1000;
    win->at_ms = at_ms;
    if (thousands < 1000)
        (void)snprintf(win->title, sizeof win->title, "Morning Walkers just hit %d,000 steps combined!",
                       (int)thousands);
    else
        (void)snprintf(win->title, sizeof win->title, "Morning Walkers just hit %d,%03d,000 steps combined!",
                       (int)(thousands / 1000), (int)(thousands % 1000));
}

static enum err put_steps(struct demo_job *d, struct tx *tx, enum counter_kind kind, int64_t user_id, int64_t value,
                          int64_t at_ms)
{
    struct counter *steps = &d->steps;
    int64_t milestone = kind == COUNTER_INCREMENT ? counters_milestone(steps->value, value) : 0;
    if (milestone != 0)
        add_win(d, milestone, at_ms);
    steps->value = value;
    const struct transfer_counter_change change = {
        .given = TRANSFER_CREATED_AT,
        .counter_id = steps->id,
        .operation = ++steps->operations,
        .kind = kind,
        .value = value,
        .user_id = user_id,
        .at_ms = at_ms,
    };
    enum transfer_result result;
    return transfer_put_counter_change(tx, &change, &result);
}

/* Half a day of walks, ended an hour ago at the latest; everybody's turn comes at another time of each day. */
static enum err put_day_of_steps(struct demo_job *d, struct tx *tx, int days_ago)
{
    int64_t slice_ms = 12 * HOUR_MS / DEMO_WALKERS;
    enum err err = ERR_OK;
    for (int i = 0; i < DEMO_WALKERS && err == ERR_OK; i++) {
        int number = (i * 7 + days_ago * 3) % DEMO_WALKERS + 1;
        int64_t at_ms = d->now_ms - days_ago * DAY_MS - 13 * HOUR_MS + i * slice_ms + below(d, slice_ms);
        int64_t amount = (150 + below(d, 650)) * 10;
        bool walked = below(d, 100) < 60;
        bool too_many = days_ago == 3 && i == DEMO_WALKERS - 1;
        if (walked || too_many)
            err = put_steps(d, tx, COUNTER_INCREMENT, member_id(number), d->steps.value + amount, at_ms);
        if (err == ERR_OK && too_many)
            err = put_steps(d, tx, COUNTER_DECREMENT, member_id(number), d->steps.value - 1000, at_ms + MINUTE_MS);
    }
    return err;
}

/* The walkers' steps of two weeks. The counter's milestones are those that `wins` tells of. */
static enum err put_counter(struct demo_job *d, struct tx *tx)
{
    int64_t begun_ms = d->now_ms - STEPS_DAYS * DAY_MS;
    struct transfer_counter counter = {
        .given = TRANSFER_MILESTONE | TRANSFER_CREATED_AT,
        .id = 1,
        .team_id = SARAH,
        .name = "steps",
        .created_ms = begun_ms,
    };
    enum transfer_result result;
    d->steps.id = counter.id;
    enum err err = transfer_put_counter(tx, &counter, &result);
    if (err == ERR_OK)
        err = put_steps(d, tx, COUNTER_SET, SARAH, STEPS_ON_PAPER, begun_ms);
    for (int days_ago = STEPS_DAYS - 1; days_ago >= 0 && err == ERR_OK; days_ago--)
        err = put_day_of_steps(d, tx, days_ago);
    counter.milestone = counters_milestone(0, d->steps.value);
    return err != ERR_OK ? err : transfer_put_counter(tx, &counter, &result);
}

/* ---- notices ----------------------------------------------------------------------------------------------------- */

struct told {
    int64_t ago_ms;
    enum notice_kind kind;
    int64_t team_id; /* 0: everybody */
    int64_t author_id;
    const char *title;
    const char *body;
};

static const struct told told[] = {
    {33 * DAY_MS, NOTICE_ANNOUNCEMENT, SARAH, SARAH, "Saturday walk, half past eight",
     "We meet at the fountain. Coffee afterwards."},
    {26 * DAY_MS, NOTICE_ANNOUNCEMENT, DAVE, DAVE, "New exercise sheet",
     "It is on the table at the community centre, in large print."},
    {19 * DAY_MS, NOTICE_WIN, 0, ADMIN, "Global Win: a thousand walks",
     "Together we have taken a thousand walks since spring. Thank you, all."},
    {12 * DAY_MS, NOTICE_ANNOUNCEMENT, SARAH, SARAH, "A street you do not know",
     "This week's challenge: one new street a day."},
    {5 * DAY_MS, NOTICE_ANNOUNCEMENT, DAVE, DAVE, "Garage club on Wednesday",
     "Frank opens the door at ten. Bring a towel and a joke."},
    {1 * DAY_MS, NOTICE_WIN, 0, ADMIN, "Global Win: everybody came back",
     "Every member of both teams was here this month."},
};

static enum err put_notice(struct tx *tx, int64_t *id, const struct told *t, const char *link, int64_t at_ms)
{
    const struct transfer_notice notice = {
        .given = TRANSFER_TEAM | TRANSFER_BODY | TRANSFER_LINK | TRANSFER_CREATED_AT,
        .id = (*id)++,
        .kind = t->kind,
        .team_id = t->team_id,
        .author_id = t->author_id,
        .title = t->title,
        .body = t->body,
        .link = link,
        .created_ms = at_ms,
    };
    enum transfer_result result;
    return transfer_put_notice(tx, &notice, &result);
}

/* What pinning a post tells the team. */
static enum err put_pin_notice(struct demo_job *d, struct tx *tx, int64_t *id, int index)
{
    char excerpt[EXCERPT_BYTES];
    char link[40];
    int64_t team_id = is_strong(index) ? DAVE : SARAH;
    const char *body = post_at(index)->body;
    size_t sentence = strcspn(body, ".");
    (void)snprintf(excerpt, sizeof excerpt, "%.*s.", (int)sentence, body);
    (void)snprintf(link, sizeof link, "/#/posts/%d", index + 1);
    const struct told pin = {
        .kind = NOTICE_PIN,
        .team_id = team_id,
        .author_id = team_id,
        .title = team_id == SARAH ? "Coach Sarah pinned a post" : "Coach Dave pinned a post",
        .body = excerpt,
    };
    return put_notice(tx, id, &pin, link, d->post_ms[index] + 5 * MINUTE_MS);
}

#define TOLD_COUNT (sizeof told / sizeof told[0])

/* What people told and what the steps reached, oldest first. */
static size_t merge_told(const struct demo_job *d, struct told out[static TOLD_COUNT + WINS_MAX])
{
    size_t count = 0;
    size_t wins = 0;
    for (size_t i = 0; i <= TOLD_COUNT; i++) {
        for (; wins < d->wins_count && (i == TOLD_COUNT || d->now_ms - d->wins[wins].at_ms > told[i].ago_ms); wins++)
            out[count++] = (struct told){.ago_ms = d->now_ms - d->wins[wins].at_ms,
                                         .kind = NOTICE_WIN,
                                         .author_id = SARAH,
                                         .title = d->wins[wins].title,
                                         .body = ""};
        if (i < TOLD_COUNT)
            out[count++] = told[i];
    }
    return count;
}

/* In order of time, pins among the others, so that ids and sequence agree with what people saw. */
static enum err put_notices(struct demo_job *d, struct tx *tx)
{
    struct told all[TOLD_COUNT + WINS_MAX];
    const size_t count = merge_told(d, all);
    int64_t id = 1;
    size_t next = 0;
    enum err err = ERR_OK;
    for (int i = 0; i < DEMO_POSTS && err == ERR_OK; i++) {
        for (; next < count && d->now_ms - all[next].ago_ms < d->post_ms[i] && err == ERR_OK; next++)
            err = put_notice(tx, &id, &all[next], NULL, d->now_ms - all[next].ago_ms);
        if (err == ERR_OK && is_pinned(i))
            err = put_pin_notice(d, tx, &id, i);
    }
    return err;
}

static enum err put_chat(const struct demo_job *d, struct tx *tx)
{
    const struct demo_chat chat = {.walkers = SARAH, .strong = DAVE, .first_member = FIRST_MEMBER, .now_ms = d->now_ms};
    return demo_chat_put(tx, &chat);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static enum err make(struct demo_job *d, struct tx *tx)
{
    d->seed = 50;
    d->now_ms = tx->now_ms;
    set_times(d);
    enum err err = put_people(d, tx);
    for (int i = 0; i < DEMO_POSTS && err == ERR_OK; i++) {
        err = put_post(d, tx, i);
        if (err == ERR_OK)
            err = put_likes(d, tx, i);
    }
    if (err == ERR_OK)
        err = put_counter(d, tx);
    if (err == ERR_OK)
        err = put_notices(d, tx);
    if (err == ERR_OK)
        err = put_chat(d, tx);
    if (err == ERR_OK)
        err = transfer_mark_demo(tx);
    return err;
}

static enum err run(struct job *base, struct tx *tx)
{
    struct demo_job *d = (struct demo_job *)base;
    int64_t users = 0;
    bool is_demo = false;
    enum err err = transfer_population(tx->db, &users, &is_demo);
    if (err != ERR_OK)
        return err;
    d->state = is_demo ? DEMO_THERE : users > 0 ? DEMO_FOREIGN : DEMO_MADE;
    if (d->state != DEMO_MADE)
        return ERR_OK;
    size_t noted = tx->changes_count;
    const struct audit_entry entry = {.action = "community.demo"};
    err = make(d, tx);
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    tx->changes_count = noted; /* one note says it all */
    return err != ERR_OK ? err : transfer_note_all(tx);
}

/* ---- digests, in rooms.db ---------------------------------------------------------------------------------------- */

struct digest_job {
    struct job job; /* first */
    int64_t user_id;
    struct digest_article articles[DIGEST_ARTICLES_OWN];
    size_t count;
};

static enum err run_digest(struct job *base, struct tx *tx)
{
    const struct digest_job *job = (const struct digest_job *)base;
    const struct digest_new weekly = {.user_id = job->user_id, .built_in = true, .weekly = true};
    struct digest made;
    enum err err = digests_create(tx, &weekly, &made);
    for (size_t i = 0; err == ERR_OK && i < job->count; i++)
        err = digests_add_article(tx, &made.id, &job->articles[i]);
    return err == ERR_OK ? digests_complete(tx, &made.id, NULL) : err;
}

/* What this week's would be for somebody who has not said yet what they like. */
static enum err put_digest(struct operator_context *ctx, int64_t user_id, int64_t team_id, struct problem *problem)
{
    const struct member_weights none = {.count = 0};
    const struct digest_maker_wish wish = {
        .db = ctx->db, .weights = &none, .user_id = user_id, .team_id = team_id, .now_ms = clock_wall_ms(ctx->clock)};
    struct digest_job job = {.job.run = run_digest, .user_id = user_id};
    enum err err = digest_maker_find(&wish, ctx->arena, job.articles, &job.count);
    return err == ERR_OK ? operator_write_rooms(ctx, &job.job, problem)
                         : problem_set(problem, err, "%s", err_sentence(err));
}

static enum err put_digests(struct operator_context *ctx, struct problem *problem)
{
    enum err err = ERR_OK;
    for (int number = 1; number <= DEMO_MEMBERS && err == ERR_OK; number++)
        err = put_digest(ctx, member_id(number), team_of_member(number), problem);
    return err;
}

enum err demo_make(struct operator_context *ctx, const char *password, enum demo_state *state, struct problem *problem)
{
    struct demo_job job = {.job.run = run, .password = password};
    enum err err = operator_write(ctx, &job.job, problem);
    *state = job.state;
    return err == ERR_OK && job.state == DEMO_MADE ? put_digests(ctx, problem) : err;
}
