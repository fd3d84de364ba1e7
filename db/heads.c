/*
 * Heads of teams. See heads.h for the contract.
 *
 *   team_head: posts   ring of (creation seq, post id), oldest to newest, at most HEAD_POSTS_MAX
 *              likes   list of (version, post id, count), oldest change first, one entry a post, at most
 * HEAD_LIKES_MAX; versions up to likes_floor are no longer told apart
 *
 * Invariant under the team's mutex: posts are sorted by seq; likes are sorted by version; seq never goes back while
 * loaded.
 */
#include "db/heads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "db/posts.h"

#define TEAM_BUCKETS 1024

struct like_entry {
    uint64_t version;
    int64_t post_id;
    int64_t count;
};

struct team_head {
    struct team_head *next;
    struct heads *heads;
    int64_t team_id;
    _Atomic uint64_t version; /* 0: not loaded */
    pthread_mutex_t mutex;
    int64_t seq;
    struct post_mark *posts; /* newest last */
    size_t posts_count;
    size_t posts_cap;
    uint64_t likes_version;
    uint64_t likes_floor;
    struct like_entry *likes;
    size_t likes_count;
    size_t likes_cap;
};

struct heads {
    char epoch[EPOCH_BYTES];
    uint32_t boot;
    _Atomic int64_t newest; /* of all events */
    _Atomic int64_t oldest; /* kept in the log */
    _Atomic uint64_t versions;
    pthread_mutex_t mutex; /* guards the making of heads */
    _Atomic(struct team_head *) buckets[TEAM_BUCKETS];
};

static size_t bucket_of(int64_t team_id)
{
    uint64_t x = (uint64_t)team_id * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x >> 40) % TEAM_BUCKETS;
}

enum err heads_create(struct db *db, uint32_t boot, struct heads **out)
{
    struct heads *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NO_MEMORY;
    int64_t newest = 0;
    int64_t oldest = 1;
    enum err err = events_epoch(db, h->epoch);
    if (err == ERR_OK)
        err = events_bounds(db, &newest, &oldest);
    if (err != ERR_OK) {
        free(h);
        return err;
    }
    h->boot = boot;
    h->newest = newest;
    h->oldest = oldest;
    (void)pthread_mutex_init(&h->mutex, NULL);
    *out = h;
    return ERR_OK;
}

void heads_free(struct heads *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < TEAM_BUCKETS; i++) {
        struct team_head *t = atomic_load(&h->buckets[i]);
        while (t != NULL) {
            struct team_head *next = t->next;
            (void)pthread_mutex_destroy(&t->mutex);
            free(t->posts);
            free(t->likes);
            free(t);
            t = next;
        }
    }
    (void)pthread_mutex_destroy(&h->mutex);
    free(h);
}

const char *heads_epoch(const struct heads *h)
{
    return h->epoch;
}

uint32_t heads_boot(const struct heads *h)
{
    return h->boot;
}

static struct team_head *find(struct heads *h, int64_t team_id)
{
    struct team_head *t = atomic_load_explicit(&h->buckets[bucket_of(team_id)], memory_order_acquire);
    while (t != NULL && t->team_id != team_id)
        t = t->next;
    return t;
}

static struct team_head *make(struct heads *h, int64_t team_id)
{
    (void)pthread_mutex_lock(&h->mutex);
    struct team_head *t = find(h, team_id);
    if (t == NULL && (t = calloc(1, sizeof *t)) != NULL) {
        t->heads = h;
        t->team_id = team_id;
        (void)pthread_mutex_init(&t->mutex, NULL);
        _Atomic(struct team_head *) *bucket = &h->buckets[bucket_of(team_id)];
        t->next = atomic_load(bucket);
        atomic_store_explicit(bucket, t, memory_order_release);
    }
    (void)pthread_mutex_unlock(&h->mutex);
    return t;
}

/* Every version is given once over all teams, so that a head that is loaded again cannot repeat an old one. */
static void touch(struct team_head *t)
{
    uint64_t version = atomic_fetch_add(&t->heads->versions, 1) + 1;
    atomic_store_explicit(&t->version, version, memory_order_release);
}

/* Under the team's mutex. The writer applies its changes under the same mutex: what it commits later is not lost. */
static enum err load(struct team_head *t, struct db *db)
{
    if (t->posts == NULL) {
        t->posts = malloc(16 * sizeof *t->posts);
        if (t->posts == NULL)
            return ERR_NO_MEMORY;
        t->posts_cap = 16;
    }
    struct post_mark *marks = malloc(HEAD_POSTS_MAX * sizeof *marks);
    if (marks == NULL)
        return ERR_NO_MEMORY;
    size_t count = 0;
    int64_t seq = 0;
    int64_t newest = 0;
    int64_t oldest = 1;
    enum err err = events_bounds(db, &newest, &oldest);
    if (err == ERR_OK)
        err = events_newest_of(db, t->team_id, &seq);
    if (err == ERR_OK)
        err = posts_marks(db, t->team_id, marks, HEAD_POSTS_MAX, &count);
    struct post_mark *posts = err == ERR_OK ? malloc((count + 16) * sizeof *posts) : NULL;
    if (posts != NULL) {
        for (size_t i = 0; i < count; i++)
            posts[i] = marks[count - 1 - i];
        free(t->posts);
        t->posts = posts;
        t->posts_cap = count + 16;
        t->posts_count = count;
        /* Without an event that is kept the team is as new as the log: an older cursor has missed nothing. */
        t->seq = seq >= oldest ? seq : newest;
        t->likes_count = 0;
        t->likes_floor = ++t->likes_version; /* who knows an earlier version may have missed anything */
        touch(t);
    } else if (err == ERR_OK) {
        err = ERR_NO_MEMORY;
    }
    free(marks);
    return err;
}

enum err heads_team(struct heads *h, struct db *db, int64_t team_id, struct team_head **out)
{
    struct team_head *t = find(h, team_id);
    if (t == NULL && (t = make(h, team_id)) == NULL)
        return ERR_NO_MEMORY;
    enum err err = ERR_OK;
    if (atomic_load_explicit(&t->version, memory_order_acquire) == 0) {
        (void)pthread_mutex_lock(&t->mutex);
        if (atomic_load(&t->version) == 0)
            err = load(t, db);
        (void)pthread_mutex_unlock(&t->mutex);
    }
    *out = t;
    return err;
}

struct team_head *heads_peek(struct heads *h, int64_t team_id)
{
    struct team_head *t = find(h, team_id);
    return t != NULL && atomic_load_explicit(&t->version, memory_order_acquire) != 0 ? t : NULL;
}

int64_t heads_newest(const struct heads *h)
{
    return atomic_load(&h->newest);
}

uint64_t team_head_version(const struct team_head *t)
{
    return atomic_load_explicit(&t->version, memory_order_acquire);
}

void team_head_read(struct team_head *t, struct head_view *out)
{
    (void)pthread_mutex_lock(&t->mutex);
    *out = (struct head_view){.version = atomic_load(&t->version), .seq = t->seq, .likes = t->likes_version};
    (void)pthread_mutex_unlock(&t->mutex);
}

bool team_head_reaches(struct team_head *t, int64_t since_seq)
{
    (void)pthread_mutex_lock(&t->mutex);
    int64_t seq = t->seq;
    (void)pthread_mutex_unlock(&t->mutex);
    if (since_seq > seq && since_seq > atomic_load(&t->heads->newest)) /* a head may be loaded ahead of publishing */
        return false;
    return since_seq >= seq || since_seq + 1 >= atomic_load(&t->heads->oldest);
}

bool heads_reach(const struct heads *h, int64_t since_seq)
{
    int64_t newest = atomic_load(&h->newest);
    return since_seq <= newest && (since_seq == newest || since_seq + 1 >= atomic_load(&h->oldest));
}

size_t team_head_new_posts(struct team_head *t, int64_t since_seq)
{
    (void)pthread_mutex_lock(&t->mutex);
    size_t low = 0;
    size_t high = t->posts_count;
    while (low < high) { /* first post with seq > since */
        size_t middle = low + (high - low) / 2;
        if (t->posts[middle].seq > since_seq)
            high = middle;
        else
            low = middle + 1;
    }
    size_t count = t->posts_count - low;
    (void)pthread_mutex_unlock(&t->mutex);
    return count;
}

bool team_head_likes_since(struct team_head *t, uint64_t since, struct head_like *out, size_t *count)
{
    *count = 0;
    (void)pthread_mutex_lock(&t->mutex);
    bool reaches = since >= t->likes_floor && since <= t->likes_version;
    for (size_t i = 0; reaches && i < t->likes_count; i++)
        if (t->likes[i].version > since)
            out[(*count)++] = (struct head_like){.post_id = t->likes[i].post_id, .count = t->likes[i].count};
    (void)pthread_mutex_unlock(&t->mutex);
    return reaches;
}

bool team_head_like(struct team_head *t, int64_t post_id, uint64_t *version, int64_t *count)
{
    bool found = false;
    (void)pthread_mutex_lock(&t->mutex);
    for (size_t i = t->likes_count; !found && i-- > 0;)
        if (t->likes[i].post_id == post_id) {
            *version = t->likes[i].version;
            *count = t->likes[i].count;
            found = true;
        }
    (void)pthread_mutex_unlock(&t->mutex);
    return found;
}

static void drop_oldest_post(struct team_head *t)
{
    memmove(t->posts, t->posts + 1, (t->posts_count - 1) * sizeof *t->posts);
    t->posts_count--;
}

/* Without memory the head forgets itself: the next poll loads it from the database. */
static void forget(struct team_head *t)
{
    atomic_store_explicit(&t->version, 0, memory_order_release);
}

static void add_post(struct team_head *t, int64_t seq, int64_t post_id)
{
    if (t->posts_count > 0 && t->posts[t->posts_count - 1].seq >= seq)
        return; /* loaded with it already */
    if (t->posts_count == HEAD_POSTS_MAX)
        drop_oldest_post(t);
    if (t->posts_count == t->posts_cap) {
        size_t cap = t->posts_cap * 2 < HEAD_POSTS_MAX ? t->posts_cap * 2 : HEAD_POSTS_MAX;
        struct post_mark *grown = realloc(t->posts, cap * sizeof *grown);
        if (grown == NULL) {
            forget(t);
            return;
        }
        t->posts = grown;
        t->posts_cap = cap;
    }
    t->posts[t->posts_count++] = (struct post_mark){.id = post_id, .seq = seq};
}

static void remove_post(struct team_head *t, int64_t post_id)
{
    for (size_t i = t->posts_count; i-- > 0;)
        if (t->posts[i].id == post_id) {
            memmove(t->posts + i, t->posts + i + 1, (t->posts_count - i - 1) * sizeof *t->posts);
            t->posts_count--;
            return;
        }
}

/* Shown again, at the place of the number it was created with. */
static void return_post(struct team_head *t, int64_t seq, int64_t post_id)
{
    remove_post(t, post_id); /* loaded with it already */
    size_t at = t->posts_count;
    while (at > 0 && t->posts[at - 1].seq > seq)
        at--;
    if (at == 0 && t->posts_count == HEAD_POSTS_MAX)
        return; /* older than what is remembered */
    int64_t newest = t->posts_count > 0 ? t->posts[t->posts_count - 1].seq : 0;
    size_t before = t->posts_count;
    add_post(t, newest + 1, post_id); /* makes room; then it moves to its place */
    if (atomic_load(&t->version) == 0)
        return;
    at -= before == t->posts_count; /* the oldest was dropped */
    struct post_mark *place = t->posts + at;
    memmove(place + 1, place, (t->posts_count - 1 - at) * sizeof *place);
    *place = (struct post_mark){.id = post_id, .seq = seq};
}

static void set_likes(struct team_head *t, int64_t post_id, int64_t count)
{
    size_t i = 0;
    while (i < t->likes_count && t->likes[i].post_id != post_id)
        i++;
    if (i == HEAD_LIKES_MAX) {
        i = 0;
        t->likes_floor = t->likes[0].version;
    } else if (i == t->likes_cap) {
        size_t cap = t->likes_cap == 0 ? 16 : t->likes_cap * 2;
        struct like_entry *grown = realloc(t->likes, cap * sizeof *grown);
        if (grown == NULL) {
            forget(t);
            return;
        }
        t->likes = grown;
        t->likes_cap = cap;
    }
    if (i == t->likes_count)
        t->likes_count++;
    memmove(t->likes + i, t->likes + i + 1, (t->likes_count - i - 1) * sizeof *t->likes);
    t->likes[t->likes_count - 1] = (struct like_entry){
        .version = ++t->likes_version, .post_id = post_id, .count = count};
}

static void apply(struct team_head *t, const struct change *c)
{
    (void)pthread_mutex_lock(&t->mutex);
    if (atomic_load(&t->version) != 0) {
        if (c->kind == CHANGE_POST_CREATED)
            add_post(t, c->seq, c->subject_id);
        else if (c->kind == CHANGE_POST_DELETED || c->kind == CHANGE_POST_HIDDEN)
            remove_post(t, c->subject_id);
        else if (c->kind == CHANGE_POST_RESTORED)
            return_post(t, c->value, c->subject_id);
        else if (c->kind == CHANGE_LIKES)
            set_likes(t, c->subject_id, c->value);
        if (c->seq > t->seq)
            t->seq = c->seq;
        if (atomic_load(&t->version) != 0)
            touch(t);
    }
    (void)pthread_mutex_unlock(&t->mutex);
}

static void for_every_head(struct heads *h, void (*each)(struct team_head *, const struct change *),
                           const struct change *c)
{
    for (size_t i = 0; i < TEAM_BUCKETS; i++)
        for (struct team_head *t = atomic_load(&h->buckets[i]); t != NULL; t = t->next)
            each(t, c);
}

static void forget_locked(struct team_head *t, const struct change *c)
{
    (void)c;
    (void)pthread_mutex_lock(&t->mutex);
    forget(t);
    (void)pthread_mutex_unlock(&t->mutex);
}

void heads_publish(struct heads *h, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        if (c->seq > atomic_load(&h->newest))
            atomic_store(&h->newest, c->seq);
        if (c->kind == CHANGE_PRUNED)
            atomic_store(&h->oldest, c->value);
        else if (c->kind == CHANGE_ALL)
            for_every_head(h, forget_locked, c);
        else if (c->seq == 0 && c->kind != CHANGE_LIKES)
            continue;
        else if (c->team_id == 0)
            for_every_head(h, apply, c);
        else if (find(h, c->team_id) != NULL)
            apply(find(h, c->team_id), c);
    }
}
