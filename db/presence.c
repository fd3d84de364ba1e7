/*
 * Presence sets: a hash table of teams, each with an open-addressed table of people.
 *
 *   presence --buckets--> team -> team -> ...     (never freed before the end, so a pointer to a team stays good)
 *                          | mutex, version
 *                          ` slots: [user, grace, more, sockets, stay]
 *                                                   ` [device, expires], one for each that polls
 *
 * Slots are found by linear probing, are at most 3/4 full, and close up when somebody goes.
 *
 * A person is here while `sockets` > 0, or `grace_ms` or the end of a device's poll lies ahead. A stay is one coming of
 * one person: its number orders the coaches, and tells a socket that was counted in it from those of a later one.
 *
 * `next_expiry_ms` is a lower bound of all expiry times of people without a socket: while it lies ahead, nobody has to
 * be looked at. A heartbeat only ever makes it too early, never too late. The same holds for all teams together.
 */
#include "db/presence.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define TEAM_BUCKETS 1024
#define FIRST_SLOTS 8

/* What the polls of one device hold. */
struct poll {
    uint64_t device;
    int64_t expires_ms;
};

/* What most who have a socket do not need. Most who poll have one device: there is room for as many as there are. */
struct more {
    char *coach_name; /* owned; NULL: not a coach */
    size_t polls_count;
    struct poll polls[];
};

struct person {
    int64_t user_id;   /* 0: free */
    int64_t grace_ms;  /* after a device or the last socket left */
    struct more *more; /* owned; NULL: no coach, and never polled */
    uint32_t sockets;  /* attached in this stay */
    uint32_t stay;     /* 1, 2, ...; never 0 */
};

static_assert(sizeof(struct person) <= 32, "ten thousand people are half a megabyte");

struct presence_team {
    struct presence_team *next;
    struct presence *all;
    int64_t team_id;
    pthread_mutex_t mutex;
    struct person *slots; /* `cap` of them, a power of two; NULL while nobody ever came */
    size_t cap;
    size_t count;
    size_t coaches;
    int64_t next_expiry_ms;
    uint64_t version;
    uint64_t version_before; /* when the mutex was taken */
    uint32_t stays;          /* the number of the newest */
    bool told;               /* the watcher was, since it last said that it looks */
};

struct presence {
    pthread_mutex_t mutex; /* guards the making of teams; reading follows atomic pointers */
    _Atomic(struct presence_team *) buckets[TEAM_BUCKETS];
    _Atomic int64_t next_expiry_ms; /* at most that of any team, but while presence_expire asks them all */
    void (*changed)(void *arg, int64_t team_id);
    void *changed_arg;
};

static uint64_t mix(int64_t id)
{
    uint64_t x = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
    return x ^ (x >> 32);
}

struct presence *presence_create(void)
{
    struct presence *p = calloc(1, sizeof *p);
    if (p != NULL) {
        (void)pthread_mutex_init(&p->mutex, NULL);
        p->next_expiry_ms = INT64_MAX;
    }
    return p;
}

static const char *coach_name_of(const struct person *person)
{
    return person->more == NULL ? NULL : person->more->coach_name;
}

/* Room for so many polls. NULL: no memory, and nothing has changed. */
static struct more *more_of(struct person *person, size_t polls)
{
    bool fresh = person->more == NULL;
    struct more *more = realloc(person->more, sizeof *more + polls * sizeof more->polls[0]);
    if (more == NULL)
        return NULL;
    if (fresh)
        *more = (struct more){0};
    person->more = more;
    return more;
}

static void person_clear(struct person *person)
{
    if (person->more != NULL)
        free(person->more->coach_name);
    free(person->more);
    *person = (struct person){0};
}

static void team_free(struct presence_team *team)
{
    for (size_t i = 0; i < team->cap; i++)
        person_clear(&team->slots[i]);
    free(team->slots);
    (void)pthread_mutex_destroy(&team->mutex);
    free(team);
}

void presence_free(struct presence *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < TEAM_BUCKETS; i++) {
        struct presence_team *team = atomic_load(&p->buckets[i]);
        while (team != NULL) {
            struct presence_team *next = team->next;
            team_free(team);
            team = next;
        }
    }
    (void)pthread_mutex_destroy(&p->mutex);
    free(p);
}

static struct presence_team *team_find(struct presence *p, int64_t team_id)
{
    struct presence_team *team = atomic_load_explicit(&p->buckets[mix(team_id) % TEAM_BUCKETS], memory_order_acquire);
    while (team != NULL && team->team_id != team_id)
        team = team->next;
    return team;
}

struct presence_team *presence_team(struct presence *p, int64_t team_id)
{
    struct presence_team *team = team_find(p, team_id);
    if (team != NULL)
        return team;
    (void)pthread_mutex_lock(&p->mutex);
    team = team_find(p, team_id); /* another thread may have been first */
    if (team == NULL && (team = calloc(1, sizeof *team)) != NULL) {
        team->all = p;
        team->team_id = team_id;
        team->next_expiry_ms = INT64_MAX;
        team->version = 1;
        (void)pthread_mutex_init(&team->mutex, NULL);
        _Atomic(struct presence_team *) *bucket = &p->buckets[mix(team_id) % TEAM_BUCKETS];
        team->next = atomic_load(bucket);
        atomic_store_explicit(bucket, team, memory_order_release);
    }
    (void)pthread_mutex_unlock(&p->mutex);
    return team;
}

static void lock(struct presence_team *team)
{
    (void)pthread_mutex_lock(&team->mutex);
    team->version_before = team->version;
}

/* The watcher hears of what changed when the lock is off. */
static void unlock(struct presence_team *team)
{
    const struct presence *p = team->all;
    bool tell = p->changed != NULL && !team->told && team->version != team->version_before;
    team->told = team->told || tell;
    (void)pthread_mutex_unlock(&team->mutex);
    if (tell)
        p->changed(p->changed_arg, team->team_id);
}

/* The slot of a person, or the free one where they would stand. The table is never full. */
static struct person *slot_of(struct presence_team *team, int64_t user_id)
{
    size_t i = mix(user_id) & (team->cap - 1);
    while (team->slots[i].user_id != 0 && team->slots[i].user_id != user_id)
        i = (i + 1) & (team->cap - 1);
    return &team->slots[i];
}

static struct person *find(struct presence_team *team, int64_t user_id)
{
    if (team->cap == 0)
        return NULL;
    struct person *person = slot_of(team, user_id);
    return person->user_id != 0 ? person : NULL;
}

static bool grow(struct presence_team *team)
{
    if (team->cap > 0 && (team->count + 1) * 4 <= team->cap * 3)
        return true;
    size_t old_cap = team->cap;
    struct person *old = team->slots;
    size_t cap = old_cap == 0 ? FIRST_SLOTS : old_cap * 2;
    struct person *slots = calloc(cap, sizeof *slots);
    if (slots == NULL)
        return false;
    team->slots = slots;
    team->cap = cap;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].user_id != 0)
            *slot_of(team, old[i].user_id) = old[i];
    free(old);
    return true;
}

/* Removes a person and closes the gap, so that probing needs no tombstones (Knuth, 6.4, algorithm R). */
static void remove_person(struct presence_team *team, struct person *person)
{
    size_t mask = team->cap - 1;
    size_t hole = (size_t)(person - team->slots);
    team->coaches -= coach_name_of(person) != NULL;
    person_clear(person);
    team->count--;
    team->version++;
    for (size_t i = (hole + 1) & mask; team->slots[i].user_id != 0; i = (i + 1) & mask) {
        size_t home = mix(team->slots[i].user_id) & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* it stands between its home and the hole: moving it would lose it */
        team->slots[hole] = team->slots[i];
        hole = i;
    }
    team->slots[hole] = (struct person){0};
}

static size_t polls_count(const struct person *person)
{
    return person->more == NULL ? 0 : person->more->polls_count;
}

/* Until when the person is here without a socket. */
static int64_t expires_ms_of(const struct person *person)
{
    int64_t ms = person->grace_ms;
    for (size_t i = 0; i < polls_count(person); i++)
        if (person->more->polls[i].expires_ms > ms)
            ms = person->more->polls[i].expires_ms;
    return ms;
}

static void expire(struct presence_team *team, int64_t now_ms)
{
    if (now_ms < team->next_expiry_ms)
        return;
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < team->cap;) {
        struct person *person = &team->slots[i];
        bool by_time = person->user_id != 0 && person->sockets == 0;
        int64_t expires_ms = by_time ? expires_ms_of(person) : INT64_MAX;
        if (expires_ms <= now_ms) {
            remove_person(team, person); /* another may have moved here: look at the same slot again */
            continue;
        }
        if (expires_ms < next)
            next = expires_ms;
        i++;
    }
    team->next_expiry_ms = next;
}

static void lower(_Atomic int64_t *bound_ms, int64_t ms)
{
    int64_t now = atomic_load_explicit(bound_ms, memory_order_relaxed);
    while (ms < now && !atomic_compare_exchange_weak(bound_ms, &now, ms))
        continue;
}

/* What holds the person has changed. */
static void held(struct presence_team *team, const struct person *person)
{
    int64_t expires_ms = expires_ms_of(person);
    if (expires_ms >= team->next_expiry_ms)
        return;
    team->next_expiry_ms = expires_ms;
    lower(&team->all->next_expiry_ms, expires_ms);
}

static void prolong(int64_t *ms, int64_t to_ms)
{
    if (*ms < to_ms)
        *ms = to_ms;
}

static struct poll *find_poll(const struct person *person, uint64_t device)
{
    for (size_t i = 0; i < polls_count(person); i++)
        if (person->more->polls[i].device == device)
            return &person->more->polls[i];
    return NULL;
}

/* Room for another device: a new place, or that of the one which holds shortest. NULL: no memory. */
static struct poll *add_poll(struct person *person, int64_t now_ms)
{
    size_t count = polls_count(person);
    struct poll *shortest = count == 0 ? NULL : &person->more->polls[0];
    for (size_t i = 1; i < count; i++)
        if (person->more->polls[i].expires_ms < shortest->expires_ms)
            shortest = &person->more->polls[i];
    if (shortest != NULL && (shortest->expires_ms <= now_ms || count == PRESENCE_DEVICES_MAX))
        return shortest;
    struct more *more = more_of(person, count + 1);
    if (more == NULL)
        return NULL;
    more->polls_count = count + 1;
    return &more->polls[count];
}

static bool hold(struct person *person, uint64_t device, int64_t now_ms, int64_t expires_ms)
{
    struct poll *poll = find_poll(person, device);
    if (poll != NULL) {
        prolong(&poll->expires_ms, expires_ms);
        return true;
    }
    poll = add_poll(person, now_ms);
    if (poll == NULL)
        return false;
    *poll = (struct poll){.device = device, .expires_ms = expires_ms};
    return true;
}

static bool name_changed(const struct person *person, const char *coach_name)
{
    const char *known = coach_name_of(person);
    if (known == NULL || coach_name == NULL)
        return known != coach_name;
    return strcmp(known, coach_name) != 0;
}

static uint32_t new_stay(struct presence_team *team)
{
    if (++team->stays == 0)
        team->stays = 1;
    return team->stays;
}

/* false: no memory, and nothing has changed. */
static bool rename_coach(struct presence_team *team, struct person *person, const char *coach_name)
{
    if (person->more == NULL && coach_name == NULL)
        return true;
    char *name = coach_name == NULL ? NULL : strdup(coach_name);
    struct more *more = person->more != NULL ? person->more : more_of(person, 0);
    if (more == NULL || (coach_name != NULL && name == NULL)) {
        if (person->user_id == 0)
            person_clear(person);
        free(name);
        return false;
    }
    team->coaches = team->coaches + (name != NULL) - (more->coach_name != NULL);
    free(more->coach_name);
    more->coach_name = name;
    return true;
}

/* Adds the person or refreshes what is known of them; the caller says what holds them. NULL: no memory. */
static struct person *keep(struct presence_team *team, const struct presence_person *who)
{
    if (!grow(team))
        return NULL;
    struct person *person = slot_of(team, who->user_id);
    bool fresh = person->user_id == 0;
    if (fresh || name_changed(person, who->coach_name)) {
        if (!rename_coach(team, person, who->coach_name))
            return NULL;
        team->version++;
    }
    if (fresh) {
        person->user_id = who->user_id;
        person->stay = new_stay(team);
        team->count++;
    }
    return person;
}

/* Who appears offline is not here, whatever sockets they have. */
static void hide(struct presence_team *team, int64_t user_id)
{
    struct person *person = find(team, user_id);
    if (person != NULL)
        remove_person(team, person);
}

enum err presence_heartbeat(struct presence_team *team, const struct presence_person *who, uint64_t device,
                            int64_t now_ms, int64_t expires_ms)
{
    struct person *person = NULL;
    bool kept = true;
    lock(team);
    expire(team, now_ms);
    if (who->appears_offline) {
        hide(team, who->user_id);
    } else if ((person = keep(team, who)) != NULL) {
        if (device == 0)
            prolong(&person->grace_ms, expires_ms);
        else
            kept = hold(person, device, now_ms, expires_ms);
        held(team, person);
    } else {
        kept = false;
    }
    unlock(team);
    return kept ? ERR_OK : ERR_NO_MEMORY;
}

void presence_leave(struct presence_team *team, int64_t user_id, uint64_t device, int64_t at_ms)
{
    lock(team);
    struct person *person = find(team, user_id);
    struct poll *poll = person == NULL ? NULL : find_poll(person, device);
    if (poll != NULL) {
        prolong(&person->grace_ms, poll->expires_ms < at_ms ? poll->expires_ms : at_ms);
        *poll = person->more->polls[--person->more->polls_count];
        held(team, person);
    }
    unlock(team);
}

uint32_t presence_attach(struct presence_team *team, const struct presence_person *who, int64_t now_ms)
{
    uint32_t stay = 0;
    struct person *person;
    lock(team);
    expire(team, now_ms);
    if (who->appears_offline) {
        hide(team, who->user_id);
    } else if ((person = keep(team, who)) != NULL) {
        assert(person->sockets < UINT32_MAX);
        person->sockets++;
        stay = person->stay;
    }
    unlock(team);
    return stay;
}

void presence_detach(struct presence_team *team, int64_t user_id, uint32_t stay, int64_t leave_at_ms)
{
    lock(team);
    struct person *person = stay == 0 ? NULL : find(team, user_id);
    if (person != NULL && person->stay == stay) {
        assert(person->sockets > 0);
        person->sockets--;
        prolong(&person->grace_ms, leave_at_ms);
        held(team, person);
    }
    unlock(team);
}

void presence_drop(struct presence *p, int64_t user_id)
{
    for (size_t i = 0; i < TEAM_BUCKETS; i++)
        for (struct presence_team *team = atomic_load(&p->buckets[i]); team != NULL; team = team->next) {
            lock(team);
            hide(team, user_id);
            unlock(team);
        }
}

void presence_drop_from(struct presence *p, int64_t team_id, int64_t user_id)
{
    struct presence_team *team = team_find(p, team_id);
    if (team == NULL)
        return;
    lock(team);
    hide(team, user_id);
    unlock(team);
}

uint64_t presence_version(struct presence_team *team, int64_t now_ms)
{
    lock(team);
    expire(team, now_ms);
    uint64_t version = team->version;
    unlock(team);
    return version;
}

/* Somebody of an answer. */
struct present {
    uint32_t later; /* stays that began since theirs */
    int64_t user_id;
    const char *name; /* of a coach */
};

static int by_arrival(const void *a, const void *b)
{
    const struct present *left = a;
    const struct present *right = b;
    return (left->later < right->later) - (left->later > right->later);
}

static enum err read_coaches(const struct presence_team *team, struct arena *arena, struct presence_view *out)
{
    size_t found = 0;
    struct present *coaches = arena_alloc(arena, (team->coaches + 1) * sizeof *coaches);
    out->coaches = arena_alloc(arena, (team->coaches + 1) * sizeof *out->coaches);
    if (coaches == NULL || out->coaches == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < team->cap && found < team->coaches; i++)
        if (coach_name_of(&team->slots[i]) != NULL)
            coaches[found++] = (struct present){.later = team->stays - team->slots[i].stay,
                                                .name = coach_name_of(&team->slots[i])};
    qsort(coaches, found, sizeof *coaches, by_arrival);
    for (size_t i = 0; i < found; i++)
        if ((out->coaches[i] = arena_text(arena, coaches[i].name)) == NULL)
            return ERR_NO_MEMORY;
    out->coaches_count = found;
    return ERR_OK;
}

enum err presence_read(struct presence_team *team, int64_t now_ms, struct arena *arena, struct presence_view *out)
{
    lock(team);
    expire(team, now_ms);
    *out = (struct presence_view){.version = team->version, .count = team->count};
    enum err err = read_coaches(team, arena, out);
    unlock(team);
    return err;
}

static enum err read_people(const struct presence_team *team, struct arena *arena, size_t limit, int64_t **out,
                            size_t *count)
{
    size_t found = 0;
    struct present *people = arena_alloc(arena, (team->count + 1) * sizeof *people);
    *count = team->count < limit ? team->count : limit;
    *out = arena_alloc(arena, (*count + 1) * sizeof **out);
    if (people == NULL || *out == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < team->cap && found < team->count; i++)
        if (team->slots[i].user_id != 0)
            people[found++] = (struct present){.later = team->stays - team->slots[i].stay,
                                               .user_id = team->slots[i].user_id};
    assert(found == team->count);
    qsort(people, found, sizeof *people, by_arrival);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = people[i].user_id;
    return ERR_OK;
}

enum err presence_people(struct presence_team *team, int64_t now_ms, struct arena *arena, size_t limit, int64_t **out,
                         size_t *count)
{
    lock(team);
    expire(team, now_ms);
    enum err err = read_people(team, arena, limit, out, count);
    unlock(team);
    return err;
}

void presence_watch(struct presence *p, void (*changed)(void *arg, int64_t team_id), void *arg)
{
    p->changed = changed;
    p->changed_arg = arg;
}

void presence_watched(struct presence_team *team)
{
    lock(team);
    team->told = false;
    unlock(team);
}

void presence_expire(struct presence *p, int64_t now_ms)
{
    if (now_ms < atomic_load(&p->next_expiry_ms))
        return;
    /* What a team lowers from here on is kept beside what the walk finds; what it lowered before, the walk sees. */
    (void)atomic_exchange(&p->next_expiry_ms, INT64_MAX);
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < TEAM_BUCKETS; i++)
        for (struct presence_team *team = atomic_load(&p->buckets[i]); team != NULL; team = team->next) {
            lock(team);
            expire(team, now_ms);
            if (team->next_expiry_ms < next_ms)
                next_ms = team->next_expiry_ms;
            unlock(team);
        }
    lower(&p->next_expiry_ms, next_ms);
}

static void each_of_team(struct presence_team *team, int64_t now_ms,
                         void (*each)(void *arg, const struct presence_kept *kept), void *arg)
{
    for (size_t i = 0; i < team->cap; i++) {
        const struct person *person = &team->slots[i];
        struct presence_kept kept = {.team_id = team->team_id,
                                     .user_id = person->user_id,
                                     .coach_name = coach_name_of(person),
                                     .left_ms = person->grace_ms - now_ms};
        if (kept.left_ms > 0)
            each(arg, &kept);
        for (size_t k = 0; k < polls_count(person); k++) {
            kept.device = person->more->polls[k].device;
            kept.left_ms = person->more->polls[k].expires_ms - now_ms;
            if (kept.left_ms > 0)
                each(arg, &kept);
        }
    }
}

void presence_each(struct presence *p, int64_t now_ms, void (*each)(void *arg, const struct presence_kept *kept),
                   void *arg)
{
    for (size_t i = 0; i < TEAM_BUCKETS; i++)
        for (struct presence_team *team = atomic_load(&p->buckets[i]); team != NULL; team = team->next) {
            (void)pthread_mutex_lock(&team->mutex);
            each_of_team(team, now_ms, each, arg);
            (void)pthread_mutex_unlock(&team->mutex);
        }
}

void presence_totals(struct presence *p, int64_t now_ms, size_t *people, size_t *teams)
{
    *people = *teams = 0;
    for (size_t i = 0; i < TEAM_BUCKETS; i++)
        for (struct presence_team *team = atomic_load(&p->buckets[i]); team != NULL; team = team->next) {
            lock(team);
            expire(team, now_ms);
            *people += team->count;
            *teams += team->count > 0;
            unlock(team);
        }
}
