/*
 * Wishes: which writer they go to, what they do there, and what readers see of them. See likes.h and likes_buffer.h.
 *
 * The state before a wish is what the posts database says, with the overlay over it, staged entries of the same batch
 * among them. While the buffer is open nobody else changes a post's likes, but for deleting all of them with their
 * post, which the look at the database finds first.
 */
#include "realtime/likes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "db/pending_likes.h"
#include "db/room_store.h"
#include "realtime/likes_buffer.h"

#define STAGE_ROWS 512 /* read at once when the overlay is made */

static const struct problem no_problem;
static const struct problem misused_id = {.err = ERR_CONFLICT,
                                          .detail = "This id was used for another message. Use a new one."};

static struct like_wish *of_job(struct job *job)
{
    return (struct like_wish *)((char *)job - offsetof(struct like_wish, job));
}

static struct like_wish *of_mail(struct mail *mail)
{
    return of_job((struct job *)mail);
}

/* ---- the batch on the rooms writer's thread ---------------------------------------------------------------------- */

void likes_begin_batch(struct likes *l)
{
    if (!l->rooms.in_batch)
        l->rooms.next = l->rooms.now;
    l->rooms.in_batch = true;
}

/* The first job that is completed settles for all: a failed batch gives ERR_STORAGE to each. */
void likes_settle_batch(struct likes *l, enum err err)
{
    if (!l->rooms.in_batch)
        return;
    l->rooms.in_batch = false;
    if (err == ERR_STORAGE) {
        overlay_rollback(l->overlay);
        return;
    }
    overlay_commit(l->overlay);
    l->rooms.now = l->rooms.next;
    atomic_store_explicit(&l->stats.waiting, (uint64_t)l->rooms.now.waiting, memory_order_relaxed);
    atomic_store_explicit(&l->alarm_ms, l->rooms.now.alarm_ms, memory_order_relaxed);
}

void likes_committed(struct likes *l)
{
    likes_settle_batch(l, ERR_OK);
}

/* ---- what a wish does -------------------------------------------------------------------------------------------- */

static enum err check_permission(const struct like_wish *w, int64_t team_id, struct problem *problem)
{
    bool may = w->any_team;
    for (size_t i = 0; i < w->teams_count && !may; i++)
        may = w->teams[i] == team_id;
    return may ? ERR_OK : problem_set(problem, ERR_FORBIDDEN, "You are not in this team.");
}

/* The state without the buffer, and whether the member may touch it. Fills in the answer. */
static enum err look(struct like_wish *w, struct db *community, struct tx *tx, struct like_state *out)
{
    enum err err = pending_likes_state(community, w->post_id, w->user_id, out);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && out->hidden))
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such post.");
    if (err == ERR_OK)
        err = check_permission(w, out->team_id, &tx->problem);
    w->team_id = out->team_id;
    w->count = out->count;
    return err;
}

/* What is stored with an id: the wish itself. NULL: no memory. */
static const char *ack_text(const struct like_wish *w, struct arena *arena)
{
    return arena_printf(arena, "%s %lld", w->liked ? "liked" : "unliked", (long long)w->post_id);
}

static enum err find_ack(struct like_wish *w, struct db *rooms, struct tx *tx)
{
    const char *answer;
    const char *own = ack_text(w, tx->arena);
    enum err err = own == NULL ? ERR_NO_MEMORY : room_store_ack_find(rooms, tx->arena, w->user_id, w->ack_id, &answer);
    w->repeated = err == ERR_OK;
    w->misused = err == ERR_OK && strcmp(answer, own) != 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err put_ack(struct like_wish *w, struct tx *tx)
{
    const char *answer = ack_text(w, tx->arena);
    return answer == NULL ? ERR_NO_MEMORY : room_store_ack_put(tx, w->user_id, w->ack_id, answer);
}

/* Writes the row and stages what it means. */
static enum err buffer_wish(struct likes *l, struct like_wish *w, struct tx *tx)
{
    struct overlay_found before;
    bool known = overlay_find(l->overlay, w->post_id, w->user_id, &before) && before.round > l->rooms.carried;
    const struct pending_like row = {.post_id = w->post_id,
                                     .user_id = w->user_id,
                                     .liked = w->liked,
                                     .at_ms = tx->now_ms,
                                     .version = ++l->rooms.version};
    w->changed = true;
    w->count += w->liked ? 1 : -1;
    enum err err = pending_likes_put(tx, &row);
    if (err == ERR_OK)
        err = overlay_stage(l->overlay, w->post_id, 0, w->count, l->rooms.round);
    if (err == ERR_OK)
        err = overlay_stage(l->overlay, w->post_id, w->user_id, w->liked, l->rooms.round);
    if (err == ERR_OK && l->rooms.next.alarm_ms == 0) {
        l->rooms.next.alarm_ms = tx->now_ms + LIKES_FLUSH_MS;
        err = room_store_set_alarm(tx, PENDING_LIKES_ROOM, l->rooms.next.alarm_ms);
    }
    l->rooms.next.waiting += !known;
    return err != ERR_OK ? err
                         : tx_note(tx, (struct change){.kind = CHANGE_LIKES,
                                                       .team_id = w->team_id,
                                                       .subject_id = w->post_id,
                                                       .value = w->count,
                                                       .at_ms = tx->now_ms});
}

static enum err run_buffered(struct job *job, struct tx *tx)
{
    struct like_wish *w = of_job(job);
    struct likes *l = w->likes;
    struct like_state state = {0};
    struct overlay_found found;
    assert(likes_open(l));
    likes_begin_batch(l);
    enum err err = look(w, l->options.read, tx, &state);
    if (err != ERR_OK)
        return err;
    if (overlay_find(l->overlay, w->post_id, 0, &found))
        w->count = found.value;
    if (overlay_find(l->overlay, w->post_id, w->user_id, &found))
        state.liked = found.value != 0;
    if (w->ack_id != NULL)
        err = find_ack(w, tx->db, tx);
    if (err == ERR_OK && !w->repeated && state.liked != w->liked)
        err = buffer_wish(l, w, tx);
    if (err == ERR_OK && !w->repeated && w->ack_id != NULL)
        err = put_ack(w, tx);
    return err;
}

static void answer(struct like_wish *w, enum err err, const struct problem *problem)
{
    bool misused = err == ERR_OK && w->misused;
    w->done(w, misused ? ERR_CONFLICT : err, misused ? &misused_id : problem);
}

static void done_buffered(struct job *job, enum err err, const struct problem *problem)
{
    struct like_wish *w = of_job(job);
    struct likes *l = w->likes;
    likes_settle_batch(l, err);
    atomic_fetch_add_explicit(&l->stats.wishes, 1, memory_order_relaxed);
    if (err == ERR_OK && w->changed)
        atomic_fetch_add_explicit(&l->stats.buffered, 1, memory_order_relaxed);
    answer(w, err, problem);
}

static enum err run_direct(struct job *job, struct tx *tx)
{
    struct like_wish *w = of_job(job);
    struct like_state state = {0};
    assert(!likes_open(w->likes));
    enum err err = look(w, tx->db, tx, &state);
    if (err == ERR_OK && w->ack_id != NULL)
        err = find_ack(w, w->likes->options.rooms_read, tx);
    if (err != ERR_OK || w->repeated)
        return err;
    w->changed = state.liked != w->liked;
    return posts_like(tx, w->post_id, w->user_id, w->liked, tx->now_ms, &w->count);
}

static enum err run_ack(struct job *job, struct tx *tx)
{
    return put_ack(of_job(job), tx);
}

/* The like itself is durable, so it is answered as such; at worst the id may be used once more. */
static void done_ack(struct job *job, enum err err, const struct problem *problem)
{
    struct like_wish *w = of_job(job);
    (void)problem;
    if (err != ERR_OK && err != ERR_CONFLICT && w->likes->options.log != NULL)
        log_warn(w->likes->options.log, "likes.ack_not_stored", LOG_S("reason", err_slug(err)));
    w->done(w, ERR_OK, &no_problem);
}

/* With route_lock held, so that the ack is queued before any wish of a buffer that opens now. */
static bool queue_ack(struct likes *l, struct like_wish *w)
{
    w->job = (struct job){.run = run_ack, .done = done_ack};
    return writer_submit(l->options.rooms, &w->job) == ERR_OK;
}

/* With route_lock held, on the main writer's thread: nothing direct is left. */
static struct mail *open_now(struct likes *l)
{
    atomic_store(&l->open, true);
    (void)pthread_cond_broadcast(&l->opened);
    return likes_release(l, ROUTE_OPEN);
}

static void done_direct(struct job *job, enum err err, const struct problem *problem)
{
    struct like_wish *w = of_job(job);
    struct likes *l = w->likes;
    struct mail *refused = NULL;
    atomic_fetch_add_explicit(&l->stats.wishes, 1, memory_order_relaxed);
    (void)pthread_mutex_lock(&l->route_lock);
    bool answers_later = err == ERR_OK && w->ack_id != NULL && !w->repeated && queue_ack(l, w);
    if (--l->direct == 0 && l->route == ROUTE_OPENING)
        refused = open_now(l);
    (void)pthread_mutex_unlock(&l->route_lock);
    if (!answers_later)
        answer(w, err, problem);
    likes_refuse(refused);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

/* With route_lock held. */
static enum err queue_wish(struct likes *l, struct like_wish *w, enum route route)
{
    bool buffered = route == ROUTE_OPEN;
    /* Whether the member may is known before the row is touched. */
    w->job = (struct job){.checks_first = true,
                          .run = buffered ? run_buffered : run_direct,
                          .done = buffered ? done_buffered : done_direct};
    enum err err = writer_submit(buffered ? l->options.rooms : l->options.main, &w->job);
    if (err == ERR_OK && !buffered)
        l->direct++;
    return err;
}

static enum err hold_wish(struct likes *l, struct like_wish *w)
{
    if (l->held_count >= WRITER_QUEUE_MAX)
        return ERR_BUSY;
    w->job.mail.next = NULL;
    *l->held_end = &w->job.mail;
    l->held_end = &w->job.mail.next;
    l->held_count++;
    return ERR_OK;
}

static enum err submit_by_route(struct likes *l, struct like_wish *w)
{
    switch (l->route) {
    case ROUTE_OPENING:
    case ROUTE_CLOSING:
        return hold_wish(l, w);
    case ROUTE_OPEN:
        if (atomic_load_explicit(&l->stats.waiting, memory_order_relaxed) >= LIKES_BUFFER_MAX)
            return ERR_BUSY;
        break;
    case ROUTE_DIRECT:
        break;
    case ROUTE_STOPPED:
        return ERR_CONFLICT;
    }
    return queue_wish(l, w, l->route);
}

enum err likes_submit(struct likes *l, struct like_wish *w)
{
    size_t id_len = w->ack_id == NULL ? 1 : strnlen(w->ack_id, MESSAGE_ID_BYTES_MAX + 1);
    if (id_len == 0 || id_len > MESSAGE_ID_BYTES_MAX)
        return ERR_INVALID;
    w->likes = l;
    w->team_id = w->count = 0;
    w->changed = w->repeated = w->misused = false;
    (void)pthread_mutex_lock(&l->route_lock);
    enum err err = submit_by_route(l, w);
    (void)pthread_mutex_unlock(&l->route_lock);
    return err;
}

struct mail *likes_release(struct likes *l, enum route route)
{
    struct mail *refused = NULL;
    struct mail **refused_end = &refused;
    struct mail *mail = l->held;
    l->route = route;
    l->held = NULL;
    l->held_end = &l->held;
    l->held_count = 0;
    for (struct mail *next; mail != NULL; mail = next) {
        next = mail->next;
        if (queue_wish(l, of_mail(mail), route) == ERR_OK)
            continue;
        mail->next = NULL;
        *refused_end = mail;
        refused_end = &mail->next;
    }
    return refused;
}

void likes_refuse(struct mail *refused)
{
    const struct problem problem = {.err = ERR_BUSY};
    for (struct mail *next; refused != NULL; refused = next) {
        struct like_wish *w = of_mail(refused);
        next = refused->next;
        w->done(w, ERR_BUSY, &problem);
    }
}

void likes_set_open(struct likes *l)
{
    struct mail *refused = NULL;
    (void)pthread_mutex_lock(&l->route_lock);
    if (l->route == ROUTE_CLOSING)
        l->reopen = true;
    if (l->route == ROUTE_DIRECT) {
        l->route = ROUTE_OPENING;
        if (l->direct == 0)
            refused = open_now(l);
    }
    (void)pthread_mutex_unlock(&l->route_lock);
    likes_refuse(refused);
}

void likes_stop(struct likes *l)
{
    (void)pthread_mutex_lock(&l->route_lock);
    assert(l->held == NULL); /* the main writer has opened what was opening, and nobody is left who closes */
    l->route = ROUTE_STOPPED;
    (void)pthread_mutex_unlock(&l->route_lock);
}

bool likes_open(const struct likes *l)
{
    return atomic_load(&l->open);
}

/* ---- readers ----------------------------------------------------------------------------------------------------- */

void likes_correct(const struct likes *l, struct post *posts, size_t count, int64_t viewer_id)
{
    if (overlay_size(l->overlay) == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (posts[i].deleted)
            continue;
        struct overlay_view view = overlay_view(l->overlay, posts[i].id, viewer_id);
        if (view.has_count)
            posts[i].likes = view.count;
        if (view.has_liked)
            posts[i].liked = view.liked;
    }
}

int64_t likes_count_of(const struct likes *l, int64_t post_id, int64_t stored)
{
    struct overlay_view view = overlay_view(l->overlay, post_id, 0);
    return view.has_count ? view.count : stored;
}

int64_t likes_due_ms(const struct likes *l)
{
    if (atomic_load_explicit(&l->stats.waiting, memory_order_relaxed) > LIKES_PENDING_MAX)
        return clock_wall_ms(l->options.clock);
    int64_t alarm_ms = atomic_load_explicit(&l->alarm_ms, memory_order_relaxed);
    return alarm_ms != 0 ? alarm_ms : atomic_load_explicit(&l->aging_ms, memory_order_relaxed);
}

const struct likes_stats *likes_stats(const struct likes *l)
{
    return &l->stats;
}

/* ---- made of what is there --------------------------------------------------------------------------------------- */

/* One pending row over what the posts database says. A post that was deleted meanwhile has nothing to correct. */
static enum err stage_row(struct likes *l, const struct pending_like *row)
{
    struct like_state state;
    struct overlay_found found;
    enum err err = pending_likes_state(l->options.read, row->post_id, row->user_id, &state);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (overlay_find(l->overlay, row->post_id, 0, &found))
        state.count = found.value;
    if (state.liked != row->liked)
        state.count += row->liked ? 1 : -1;
    err = overlay_stage(l->overlay, row->post_id, 0, state.count, l->rooms.round);
    if (err == ERR_OK)
        err = overlay_stage(l->overlay, row->post_id, row->user_id, row->liked, l->rooms.round);
    return err;
}

enum err likes_stage_rows(struct likes *l, struct db *rooms_db, int64_t version)
{
    struct pending_like *rows = malloc(STAGE_ROWS * sizeof *rows);
    enum err err = rows == NULL ? ERR_NO_MEMORY : ERR_OK;
    size_t count = STAGE_ROWS;
    overlay_stage_empty(l->overlay);
    while (err == ERR_OK && count == STAGE_ROWS) {
        err = pending_likes_page(rooms_db, version, rows, STAGE_ROWS, &count);
        for (size_t i = 0; err == ERR_OK && i < count; i++)
            err = stage_row(l, &rows[i]);
        if (err == ERR_OK && count > 0)
            version = rows[count - 1].version;
    }
    free(rows);
    return err;
}

static enum err load(struct likes *l)
{
    struct db *rooms_db = l->options.rooms_db;
    int64_t newest;
    struct buffer_state *now = &l->rooms.now;
    enum err err = pending_likes_bounds(rooms_db, &newest, &now->waiting);
    if (err == ERR_OK)
        err = pending_likes_flushed(l->options.read, &l->flush.version);
    if (err == ERR_OK)
        err = room_store_alarm(rooms_db, PENDING_LIKES_ROOM, &now->alarm_ms);
    if (err == ERR_OK)
        err = likes_stage_rows(l, rooms_db, l->flush.version);
    if (err != ERR_OK)
        return err;
    l->rooms.version = newest > l->flush.version ? newest : l->flush.version;
    l->flush.unforgotten = now->waiting > 0;
    if (now->waiting > 0 && now->alarm_ms == 0)
        now->alarm_ms = clock_wall_ms(l->options.clock);
    bool open = newest > l->flush.version;
    l->route = open ? ROUTE_OPEN : ROUTE_DIRECT;
    atomic_store(&l->open, open);
    likes_begin_batch(l);
    likes_settle_batch(l, ERR_OK);
    return ERR_OK;
}

enum err likes_create(const struct likes_options *options, struct likes **out)
{
    *out = NULL;
    struct likes *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NO_MEMORY;
    l->options = *options;
    l->held_end = &l->held;
    l->rooms.round = 1;
    (void)pthread_mutex_init(&l->route_lock, NULL);
    (void)pthread_cond_init(&l->opened, NULL);
    (void)pthread_mutex_init(&l->flush_lock, NULL);
    enum err err = overlay_create(&l->overlay);
    if (err == ERR_OK)
        err = load(l);
    if (err != ERR_OK) {
        likes_free(l);
        return err;
    }
    *out = l;
    return ERR_OK;
}

void likes_free(struct likes *l)
{
    if (l == NULL)
        return;
    assert(l->held == NULL);
    overlay_free(l->overlay);
    (void)pthread_mutex_destroy(&l->flush_lock);
    (void)pthread_cond_destroy(&l->opened);
    (void)pthread_mutex_destroy(&l->route_lock);
    free(l);
}
