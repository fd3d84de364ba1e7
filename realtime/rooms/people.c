/* Who is in a channel. See people.h. A hash table by user id; a person is freed when their leaving has been told. */
#include "realtime/rooms/people.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "realtime/socket.h"

#define BUCKETS 256

struct person {
    struct person *next;
    int64_t user_id;
    int64_t joined_ms; /* the first of their sockets that are here */
    int64_t gone_ms;   /* when the grace of who has left ends; 0: here */
    uint32_t sockets;
    bool told; /* the others know that they are here */
    bool away;
    char *name; /* owned */
};

struct people {
    pthread_mutex_t mutex;
    struct person *buckets[BUCKETS];
    size_t count;
};

struct people *people_create(void)
{
    struct people *p = calloc(1, sizeof *p);
    if (p != NULL)
        (void)pthread_mutex_init(&p->mutex, NULL);
    return p;
}

static void free_person(struct person *one)
{
    free(one->name);
    free(one);
}

void people_free(struct people *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct person *next, *one = p->buckets[i]; one != NULL; one = next) {
            next = one->next;
            free_person(one);
        }
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
}

/* Where the person is linked, or would be. */
static struct person **find(struct people *p, int64_t user_id)
{
    struct person **at = &p->buckets[(uint64_t)user_id % BUCKETS];
    while (*at != NULL && (*at)->user_id != user_id)
        at = &(*at)->next;
    return at;
}

static struct person *add(struct people *p, struct person **at, const struct attachment *who)
{
    struct person *one = calloc(1, sizeof *one);
    char *name = one == NULL ? NULL : strdup(attachment_name(who));
    if (name == NULL) {
        free(one);
        return NULL; /* they read and write all the same, but are in no list */
    }
    one->user_id = who->user_id;
    one->joined_ms = (int64_t)who->joined_s * 1000;
    one->name = name;
    *at = one;
    p->count++;
    return one;
}

static void drop(struct people *p, struct person **at)
{
    struct person *one = *at;
    *at = one->next;
    p->count--;
    free_person(one);
}

/* Under a new name they are told anew. */
static void rename_person(struct person *one, const char *name)
{
    char *copy = strcmp(one->name, name) == 0 ? NULL : strdup(name);
    if (copy == NULL)
        return;
    free(one->name);
    one->name = copy;
    one->told = false;
}

bool people_enter(struct people *p, const struct attachment *who, int64_t now_ms)
{
    bool news = false;
    (void)pthread_mutex_lock(&p->mutex);
    struct person **at = find(p, who->user_id);
    if (who->appears_offline) {
        news = *at != NULL && (*at)->sockets == 0; /* they hide: no grace */
        if (news)
            (*at)->gone_ms = now_ms > 0 ? now_ms : 1;
    } else {
        struct person *one = *at != NULL ? *at : add(p, at, who);
        if (one != NULL) {
            rename_person(one, attachment_name(who));
            news = !one->told;
            one->gone_ms = 0;
            one->sockets++;
        }
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return news;
}

bool people_leave(struct people *p, const struct attachment *who, int64_t gone_ms)
{
    bool news = false;
    (void)pthread_mutex_lock(&p->mutex);
    struct person *one = who->appears_offline ? NULL : *find(p, who->user_id);
    if (one != NULL && one->sockets > 0 && --one->sockets == 0) {
        one->gone_ms = gone_ms > 0 ? gone_ms : 1;
        one->away = false;
        news = true;
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return news;
}

bool people_set_away(struct people *p, int64_t user_id, bool away)
{
    (void)pthread_mutex_lock(&p->mutex);
    struct person *one = *find(p, user_id);
    bool changed = one != NULL && one->sockets > 0 && one->away != away;
    if (changed)
        one->away = away;
    (void)pthread_mutex_unlock(&p->mutex);
    return changed;
}

static bool describe(const struct person *one, struct arena *arena, struct say_person *out)
{
    *out = (struct say_person){
        .user_id = one->user_id, .name = arena_text(arena, one->name), .joined_ms = one->joined_ms, .away = one->away};
    return out->name != NULL;
}

bool people_list(struct people *p, struct arena *arena, size_t limit, struct say_person **out, size_t *count,
                 size_t *online)
{
    *count = 0;
    *online = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    bool complete = *out != NULL;
    (void)pthread_mutex_lock(&p->mutex);
    *online = p->count;
    for (size_t i = 0; i < BUCKETS && complete && *count < limit; i++)
        for (struct person *one = p->buckets[i]; one != NULL && complete && *count < limit; one = one->next)
            complete = describe(one, arena, &(*out)[(*count)++]);
    (void)pthread_mutex_unlock(&p->mutex);
    return complete;
}

/* Adds to one of the lists of the news while they have room; a crowd is not told one by one. */
static void note_person(const struct person *one, struct arena *arena, struct say_person *list, size_t *count)
{
    if (list != NULL && *count < CHAT_PEOPLE_TOLD_MAX && describe(one, arena, &list[*count]))
        (*count)++;
}

static void look_at(struct people *p, struct person **at, struct arena *arena, int64_t now_ms, struct people_news *out)
{
    struct person *one = *at;
    if (one->gone_ms != 0 && one->gone_ms <= now_ms) {
        if (one->told && out->left_count == CHAT_PEOPLE_TOLD_MAX) {
            out->leaving = true; /* told with the next look */
            return;
        }
        if (one->told)
            note_person(one, arena, out->left, &out->left_count);
        drop(p, at);
        return;
    }
    out->leaving = out->leaving || one->gone_ms != 0;
    if (!one->told && one->gone_ms == 0) {
        one->told = true;
        note_person(one, arena, out->came, &out->came_count);
    }
}

void people_news(struct people *p, struct arena *arena, int64_t now_ms, struct people_news *out)
{
    *out = (struct people_news){
        .came = arena_alloc(arena, CHAT_PEOPLE_TOLD_MAX * sizeof *out->came),
        .left = arena_alloc(arena, CHAT_PEOPLE_TOLD_MAX * sizeof *out->left),
    };
    (void)pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct person **at = &p->buckets[i]; *at != NULL;) {
            struct person *one = *at;
            look_at(p, at, arena, now_ms, out);
            if (*at == one)
                at = &one->next;
        }
    out->online = p->count;
    (void)pthread_mutex_unlock(&p->mutex);
}
