/* Making digests. See digest_maker.h. A helper's thread, but where it says otherwise. */
#include "api/digest_maker.h"

#include <stdlib.h>
#include <string.h>

#include "api/digest_rank.h"
#include "api/pin.h"
#include "api/render.h"
#include "base/limits.h"
#include "db/member_state.h"
#include "db/users.h"

#define DAY_MS INT64_C(86400000)
#define TITLE_CHARS 80
#define SUMMARY_CHARS 300
#define ENROLL_PAGE 500 /* members a job: the writer is not held up */
#define ARENA_BYTES 16384

struct making {
    struct task task; /* first */
    struct app *app;
    struct digest_id id;
    struct arena *arena;
    struct db *db;    /* porchlight.db */
    struct db *rooms; /* rooms.db */
};

/* A place among those under way. false: there is none. */
static bool take_place(struct app *app)
{
    if (atomic_fetch_add(&app->digests_under_way, 1) < DIGESTS_AT_ONCE)
        return true;
    atomic_fetch_sub(&app->digests_under_way, 1);
    return false;
}

static void give_place_back(struct app *app)
{
    atomic_fetch_sub(&app->digests_under_way, 1);
}

/* ---- its steps, as jobs of the rooms writer ---------------------------------------------------------------------- */

struct step {
    struct job job; /* first */
    const struct digest_id *id;
    int64_t progress;
    const char *text;
    const struct digest_article *articles;
    size_t articles_count;
    const char *error;
};

static enum err run_step(struct job *job, struct tx *tx)
{
    const struct step *s = (const struct step *)job;
    return digests_progress(tx, s->id, s->progress, s->text);
}

static enum err run_begin(struct job *job, struct tx *tx)
{
    const struct step *s = (const struct step *)job;
    return digests_begin(tx, s->id);
}

static enum err run_finish(struct job *job, struct tx *tx)
{
    const struct step *s = (const struct step *)job;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < s->articles_count; i++)
        err = digests_add_article(tx, s->id, &s->articles[i]);
    return err == ERR_OK ? digests_complete(tx, s->id, s->error) : err;
}

static enum err say_begun(struct making *m)
{
    struct step step = {.job.run = run_begin, .id = &m->id};
    return writer_call(m->app->rooms, &step.job, NULL);
}

static enum err say(struct making *m, int64_t progress, const char *text)
{
    struct step step = {.job.run = run_step, .id = &m->id, .progress = progress, .text = text};
    return writer_call(m->app->rooms, &step.job, NULL);
}

static enum err finish(struct making *m, const struct digest_article *articles, size_t count, const char *error)
{
    struct step step = {
        .job.run = run_finish, .id = &m->id, .articles = articles, .articles_count = count, .error = error};
    return writer_call(m->app->rooms, &step.job, NULL);
}

/* ---- what is worth reading --------------------------------------------------------------------------------------- */

static enum err rank(const struct digest_maker_wish *wish, struct arena *arena, struct digest_ranked **out,
                     size_t *count)
{
    struct post_brief *posts;
    enum err err = posts_briefs(wish->db, arena, wish->team_id, wish->now_ms - DIGEST_DAYS * DAY_MS, DIGEST_POSTS_MAX,
                                &posts, count);
    if (err != ERR_OK)
        return err;
    *out = arena_alloc(arena, (*count + 1) * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; wish->likes != NULL && i < *count; i++)
        posts[i].likes = likes_count_of(wish->likes, posts[i].id, posts[i].likes);
    const struct digest_rank_for whom = {
        .weights = wish->weights, .asked = wish->topics, .asked_count = wish->topics_count, .now_ms = wish->now_ms};
    digest_rank(&whom, posts, *count, *out);
    return ERR_OK;
}

static const char **split_topics(struct arena *arena, const char *text, size_t *count)
{
    const char **words = arena_alloc(arena, TOPICS_MAX * sizeof *words);
    *count = 0;
    while (words != NULL && *text != '\0' && *count < TOPICS_MAX) {
        size_t len = strcspn(text, " ");
        words[(*count)++] = arena_copy(arena, text, len);
        text += len;
        text += *text == ' ';
    }
    return words;
}

/* Its first line. A tab in it would make it no line. */
static char *make_title(struct arena *arena, const char *body)
{
    char *title = arena_text(arena, render_excerpt(arena, body, TITLE_CHARS, "\n"));
    for (char *at = title; at != NULL && *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    return title;
}

static enum err make_article(const struct digest_maker_wish *wish, struct arena *arena,
                             const struct digest_ranked *ranked, struct digest_article *out, bool *deleted)
{
    struct post post;
    enum err err = posts_by_id(wish->db, arena, ranked->id, wish->user_id, &post);
    if (err != ERR_OK)
        return err;
    *deleted = post.deleted || post.hidden != HIDDEN_NOT;
    *out = (struct digest_article){.id = arena_printf(arena, "%lld", (long long)post.id),
                                   .title = make_title(arena, post.body),
                                   .summary = render_excerpt(arena, post.body, SUMMARY_CHARS, ""),
                                   .link = pin_link(arena, post.id),
                                   .score = ranked->score};
    out->topics = split_topics(arena, post.topics, &out->topics_count);
    return out->id == NULL || out->title == NULL || out->summary == NULL || out->link == NULL || out->topics == NULL
               ? ERR_NO_MEMORY
               : ERR_OK;
}

enum err digest_maker_find(const struct digest_maker_wish *wish, struct arena *arena, struct digest_article *out,
                           size_t *count)
{
    struct digest_ranked *ranked = NULL;
    size_t posts = 0;
    enum err err = rank(wish, arena, &ranked, &posts);
    *count = 0;
    for (size_t i = 0; err == ERR_OK && i < posts && *count < DIGEST_ARTICLES_OWN; i++) {
        bool deleted = false; /* since the ranking */
        err = make_article(wish, arena, &ranked[i], &out[*count], &deleted);
        *count += err == ERR_OK && !deleted;
    }
    return err;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* The member's own team; 0: none, or the member may no longer sign in. */
static enum err find_team(struct making *m, int64_t *team_id)
{
    struct user user;
    struct membership *teams;
    size_t count = 0;
    *team_id = 0;
    enum err err = users_by_id(m->db, m->arena, m->id.user_id, &user);
    if (err == ERR_OK && !user.disabled)
        err = users_teams(m->db, m->arena, user.id, &teams, &count);
    if (err == ERR_OK && count > 0)
        *team_id = teams[0].team_id;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err make(struct making *m)
{
    struct digest_article articles[DIGEST_ARTICLES_OWN];
    struct member_weights weights;
    struct digest_maker_wish wish = {.db = m->db,
                                     .likes = m->app->likes,
                                     .weights = &weights,
                                     .user_id = m->id.user_id,
                                     .now_ms = clock_wall_ms(m->app->clock)};
    struct digest job = {0};
    size_t count = 0;
    enum err err = say_begun(m);
    if (err == ERR_OK)
        err = find_team(m, &wish.team_id);
    if (err == ERR_OK && wish.team_id == 0)
        return finish(m, NULL, 0, "You are not in a team.");
    if (err == ERR_OK)
        err = digests_get(m->rooms, m->arena, &m->id, &job);
    if (err == ERR_OK)
        err = member_state_weights(m->rooms, m->arena, m->id.user_id, &weights);
    if (err == ERR_OK)
        err = say(m, 60, "Choosing what fits you");
    wish.topics = job.topics;
    wish.topics_count = job.topics_count;
    if (err == ERR_OK)
        err = digest_maker_find(&wish, m->arena, articles, &count);
    return err == ERR_OK ? finish(m, articles, count, NULL) : err;
}

static void run(struct task *task)
{
    struct making *m = (struct making *)task;
    struct app *app = m->app;
    enum err err = store_connect(&app->store, &m->db);
    if (err == ERR_OK)
        err = store_connect_rooms(&app->store, &m->rooms);
    if (err == ERR_OK)
        err = make(m);
    /* A conflict: it has ended meanwhile, or the server stops. Whatever else it is, its alarm begins it again. */
    if (err != ERR_OK && err != ERR_CONFLICT && err != ERR_NOT_FOUND)
        log_warn(app->log, "digest.not_made", LOG_I("user", m->id.user_id), LOG_I("job", m->id.number),
                 LOG_S("reason", err_slug(err)));
    db_close(m->rooms);
    db_close(m->db);
    arena_free(m->arena);
    free(m);
    give_place_back(app);
}

/* With a place. What cannot be begun now its alarm begins later. */
static void begin(struct app *app, const struct digest_id *id)
{
    struct making *m = calloc(1, sizeof *m);
    if (m != NULL) {
        *m = (struct making){
            .task.run = run, .app = app, .id = *id, .arena = arena_create(ARENA_BYTES, REQUEST_ARENA_BYTES_MAX)};
        if (m->arena != NULL && helpers_submit(app->helpers, &m->task) == ERR_OK)
            return;
        arena_free(m->arena);
        free(m);
    }
    give_place_back(app);
}

void digest_maker_begin(struct app *app, const struct digest_id *id)
{
    if (take_place(app))
        begin(app, id);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

/* The rooms writer's thread. Follows with a place, or not at all. */
static enum err ring_digest(void *arg, struct tx *tx, struct alarm *alarm)
{
    struct app *app = arg;
    struct digest_id id;
    if (!digests_parse_room(alarm->room, &id))
        return ERR_INTERNAL;
    bool place = take_place(app);
    enum err err = digests_ring(tx, &id, place, &alarm->follow);
    alarm->follow = alarm->follow && err == ERR_OK;
    if (place && !alarm->follow)
        give_place_back(app);
    return err;
}

/* The housekeeper's. */
static void begin_digest(void *arg, const struct alarm *alarm, bool durable)
{
    struct digest_id id;
    if (durable && digests_parse_room(alarm->room, &id))
        begin(arg, &id);
    else
        give_place_back(arg);
}

/* As many as are kept may be under way already: then this week has enough to read. */
static enum err create_weekly(struct tx *tx, int64_t user_id)
{
    struct member_preferences preferences;
    struct digest made;
    enum err err = member_state_preferences(tx->db, tx->arena, user_id, &preferences);
    if (err != ERR_OK)
        return err;
    const struct digest_new weekly = {.user_id = user_id,
                                      .topics = preferences.topics,
                                      .topics_count = preferences.topics_count,
                                      .built_in = true,
                                      .weekly = true,
                                      .at_once = true};
    err = digests_create(tx, &weekly, &made);
    return err == ERR_CONFLICT ? ERR_OK : err;
}

/* The rooms writer's thread. Who may not sign in gets no digest and no alarm until they may again. */
static enum err ring_member(void *arg, struct tx *tx, struct alarm *alarm)
{
    const struct app *app = arg;
    struct user user;
    struct membership *teams;
    size_t count = 0;
    int64_t user_id;
    bool weekly = false;
    if (!member_state_parse_room(alarm->room, &user_id))
        return ERR_INTERNAL;
    enum err err = users_by_id(app->rooms_reads, tx->arena, user_id, &user);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && user.disabled))
        return ERR_OK;
    if (err == ERR_OK)
        err = users_teams(app->rooms_reads, tx->arena, user_id, &teams, &count);
    if (err == ERR_OK)
        err = member_state_ring(tx, user_id, &weekly);
    return err == ERR_OK && weekly && count > 0 ? create_weekly(tx, user_id) : err;
}

const struct alarm_kind digest_maker_kinds[] = {
    {.prefix = DIGESTS_ROOMS, .ring = ring_digest, .rung = begin_digest},
    {.prefix = MEMBER_STATE_ROOMS, .ring = ring_member},
    {.prefix = NULL},
};

/* ---- everybody's first alarm ------------------------------------------------------------------------------------- */

struct enrolling {
    struct job job; /* first */
    struct db *read;
    int64_t after;
    size_t found;
};

static enum err run_enroll(struct job *job, struct tx *tx)
{
    struct enrolling *e = (struct enrolling *)job;
    int64_t ids[ENROLL_PAGE];
    enum err err = users_ids(e->read, e->after, ids, ENROLL_PAGE, &e->found);
    for (size_t i = 0; err == ERR_OK && i < e->found; i++)
        err = member_state_enroll(tx, ids[i]);
    e->after = e->found > 0 ? ids[e->found - 1] : e->after;
    return err;
}

enum err digest_maker_enroll(struct app *app)
{
    struct enrolling e = {.job.run = run_enroll, .read = app->rooms_reads};
    enum err err;
    do
        err = writer_call(app->rooms, &e.job, NULL);
    while (err == ERR_OK && e.found == ENROLL_PAGE);
    return err;
}
