/*
 * The folder, and the thread. See backups.h.
 *
 * When the next one is due is counted on the monotonic clock, so that a jump of the wall clock neither skips backups
 * nor makes one each second; only a start looks at the time in the newest one's name.
 */
#include "api/backups.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/thread.h"
#include "db/moment.h"

#define TURN_MS 1000
#define PREFIX "porchlight-"
#define SUFFIX ".tar.gz"
#define NAME_BYTES (sizeof PREFIX + sizeof SUFFIX + STORE_STAMP_BYTES)
#define NICE 10 /* of 19: whoever answers members comes first */

/* ---- the folder -------------------------------------------------------------------------------------------------- */

static enum err folder_of(const struct backups_options *o, char out[static STORE_PATH_BYTES], struct problem *problem)
{
    int len = o->to[0] == '/' ? snprintf(out, STORE_PATH_BYTES, "%s", o->to)
                              : snprintf(out, STORE_PATH_BYTES, "%s/%s", o->store.data, o->to);
    if (len >= STORE_PATH_BYTES - 2 * (int)NAME_BYTES)
        return problem_set(problem, ERR_INVALID, "the name of the folder for backups is too long");
    return ERR_OK;
}

/* The time in a backup's name; false: it is none of ours. */
static bool parse_name(const char *name, int64_t *at_ms)
{
    char text[CLOCK_TEXT_BYTES];
    if (strlen(name) != NAME_BYTES - 3 || strncmp(name, PREFIX, sizeof PREFIX - 1) != 0 ||
        strcmp(name + sizeof PREFIX - 1 + STORE_STAMP_BYTES - 1, SUFFIX) != 0)
        return false;
    const char *s = name + sizeof PREFIX - 1;
    int len = snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", s, s + 4, s + 6, s + 9, s + 11, s + 13);
    return len > 0 && clock_parse(text, (size_t)len, at_ms);
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(b, a);
}

/* How many there are; `names` is freed by the caller. */
static size_t list(const char *folder, char (**names)[NAME_BYTES])
{
    size_t count = 0;
    size_t cap = 0;
    int64_t unused;
    *names = NULL;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (!parse_name(entry->d_name, &unused))
            continue;
        if (count == cap) {
            size_t wanted = cap == 0 ? 32 : cap * 2;
            void *grown = realloc(*names, wanted * sizeof **names);
            if (grown == NULL)
                break; /* those that are found are enough for now */
            *names = grown;
            cap = wanted;
        }
        (void)snprintf((*names)[count++], NAME_BYTES, "%.*s", (int)NAME_BYTES - 1, entry->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    if (count > 0)
        qsort(*names, count, sizeof **names, newest_first);
    return count;
}

enum err backups_files(const struct backups_options *o, size_t limit, struct arena *arena, struct backups_file **out,
                       size_t *count)
{
    char folder[STORE_PATH_BYTES];
    char(*names)[NAME_BYTES];
    struct problem unused;
    *count = 0;
    enum err err = folder_of(o, folder, &unused);
    if (err != ERR_OK)
        return err;
    size_t all = list(folder, &names);
    *out = arena_alloc(arena, (all < limit ? all : limit) * sizeof **out + 1);
    err = *out == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < all && *count < limit; i++) {
        char path[STORE_PATH_BYTES + NAME_BYTES];
        struct stat st;
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (stat(path, &st) != 0)
            continue; /* it has just made room for a newer one */
        struct backups_file *file = &(*out)[(*count)++];
        *file = (struct backups_file){.name = arena_printf(arena, "%s", names[i]), .bytes = (int64_t)st.st_size};
        (void)parse_name(names[i], &file->made_ms);
        if (file->name == NULL)
            err = ERR_NO_MEMORY;
    }
    free(names);
    return err;
}

/* The oldest make room, once a newer one is safe. */
static void forget_oldest(const struct backups_options *o, const char *folder)
{
    char(*names)[NAME_BYTES];
    size_t count = list(folder, &names);
    for (size_t i = (size_t)o->keep; i < count; i++) {
        char path[STORE_PATH_BYTES + NAME_BYTES];
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (unlink(path) != 0 && o->store.log != NULL)
            log_warn(o->store.log, "backup.not_removed", LOG_S("file", names[i]), LOG_S("reason", strerror(errno)));
    }
    free(names);
}

/* ---- one backup -------------------------------------------------------------------------------------------------- */

static enum err connect_both(const struct backups_options *o, struct moment *moment, struct problem *problem)
{
    enum err err = store_connect(&o->store, &moment->community);
    if (err == ERR_OK)
        err = store_connect_rooms(&o->store, &moment->rooms);
    return err == ERR_OK ? err : problem_set(problem, err, "the databases in %.120s cannot be opened", o->store.data);
}

static enum err take_moment(const struct backups_options *o, struct moment *moment, struct problem *problem)
{
    enum err err = o->writer == NULL ? moment_take_quiet(moment) : moment_take(o->writer, o->rooms, moment);
    if (err == ERR_BUSY)
        return problem_set(problem, err, "the disk is too slow just now: both files could not be had at one moment");
    return err == ERR_OK ? err : problem_set(problem, err, "the databases cannot be read, or the server stops");
}

/* Into a descriptor. */
static enum err make_into(const struct backups_options *o, int fd, const struct backup_watch *watch,
                          struct backups_made *made, struct problem *problem)
{
    char work[STORE_PATH_BYTES];
    struct moment moment = {0};
    struct stat st;
    int64_t began_ms = clock_mono_ms(o->store.clock);
    enum err err = store_path(o->store.data, STORE_BACKUP_WORK, work) == ERR_OK
                       ? connect_both(o, &moment, problem)
                       : problem_set(problem, ERR_INVALID, "the name of the data directory is too long");
    if (err == ERR_OK)
        err = take_moment(o, &moment, problem);
    made->held_us = moment.held_us;
    if (err == ERR_OK) {
        const struct backup_options options = {
            .work = work,
            .dbs = {[BACKUP_COMMUNITY] = moment.community, [BACKUP_ROOMS] = moment.rooms},
            .fd = fd,
            .damaged = o->damaged,
            .clock = o->store.clock,
            .log = o->store.log,
            .watch = *watch,
        };
        err = backup_write(&options, &made->facts, problem);
    }
    db_close(moment.community);
    db_close(moment.rooms);
    made->bytes = err == ERR_OK && fstat(fd, &st) == 0 ? st.st_size : 0;
    made->took_ms = clock_mono_ms(o->store.clock) - began_ms;
    return err;
}

static enum err cannot(const char *what, const char *path, struct problem *problem)
{
    if (errno == ENOSPC)
        return problem_set(problem, ERR_STORAGE, "the disk is full: cannot %s %.120s", what, path);
    return problem_set(problem, ERR_STORAGE, "cannot %s %.120s: %s", what, path, strerror(errno));
}

static enum err save(const char *folder, const char *partial, const char *path, struct problem *problem)
{
    if (rename(partial, path) != 0)
        return cannot("write", path, problem);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : cannot("save", folder, problem);
    if (fd >= 0)
        (void)close(fd);
    return err;
}

/* Into the folder: under its name only when it is whole. */
static enum err make_kept(const struct backups_options *o, const struct backup_watch *watch, struct backups_made *made,
                          struct problem *problem)
{
    char folder[STORE_PATH_BYTES];
    char partial[STORE_PATH_BYTES + NAME_BYTES];
    char stamp[STORE_STAMP_BYTES];
    enum err err = folder_of(o, folder, problem);
    if (err != ERR_OK)
        return err;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return cannot("make", folder, problem);
    store_stamp(clock_wall_ms(o->store.clock), stamp);
    (void)snprintf(made->path, sizeof made->path, "%.4000s/" PREFIX "%s" SUFFIX, folder, stamp);
    (void)snprintf(partial, sizeof partial, "%.4000s/backup.partial", folder);
    (void)unlink(partial); /* of one that was killed: they all have this name */
    int fd = open(partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot("write", partial, problem);
    err = make_into(o, fd, watch, made, problem);
    (void)close(fd);
    if (err == ERR_OK)
        err = save(folder, partial, made->path, problem);
    if (err != ERR_OK)
        (void)unlink(partial);
    else
        forget_oldest(o, folder);
    return err;
}

enum err backups_make(const struct backups_options *o, int fd, const struct backup_watch *watch,
                      struct backups_made *made, struct problem *problem)
{
    *made = (struct backups_made){0};
    return fd >= 0 ? make_into(o, fd, watch, made, problem) : make_kept(o, watch, made, problem);
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* What somebody waits for. */
struct wish {
    int fd;
    const struct backup_watch *watch;
    struct backups_made *made;
    struct problem *problem;
    enum err err;
    bool done;
};

struct backups {
    struct backups_options options;
    struct backups_stats stats;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t moved; /* a wish came or is done, or it is time to stop */
    /* under the mutex: */
    struct wish *wish;
    bool wanted;            /* one for the folder */
    bool making;            /* likewise */
    int64_t due_ms;         /* monotonic */
    struct problem problem; /* of the last one for the folder */

    _Atomic bool stopping;
};

static bool go_on(void *arg, const char *doing, int percent)
{
    (void)doing;
    (void)percent;
    return !atomic_load(&((struct backups *)arg)->stopping);
}

/* Somebody who watches, and the server that may have to stop. */
struct both {
    struct backups *b;
    const struct backup_watch *watch;
};

static bool go_on_for(void *arg, const char *doing, int percent)
{
    struct both *both = arg;
    return go_on(both->b, doing, percent) && both->watch->progress(both->watch->arg, doing, percent);
}

static enum err make(struct backups *b, int fd, const struct backup_watch *watch, struct backups_made *made,
                     struct problem *problem)
{
    struct both both = {b, watch};
    const struct backup_watch watched = {.progress = watch == NULL ? go_on : go_on_for,
                                         .arg = watch == NULL ? (void *)b : (void *)&both};
    struct backups_stats *s = &b->stats;
    enum err err = backups_make(&b->options, fd, &watched, made, problem);
    if (made->held_us > atomic_load(&s->held_us))
        atomic_store(&s->held_us, made->held_us);
    if (err == ERR_OK) {
        atomic_store(&s->last_ms, made->facts.made_ms);
        atomic_store(&s->last_bytes, made->bytes);
        atomic_store(&s->last_took_ms, made->took_ms);
        atomic_fetch_add(&s->made, 1);
        atomic_store(&s->failing, false);
        log_info(b->options.store.log, "backup.made", LOG_S("file", fd < 0 ? made->path : "given"),
                 LOG_I("bytes", made->bytes), LOG_I("event", made->facts.event), LOG_I("ms", made->took_ms),
                 LOG_I("held_us", made->held_us));
    } else if (err != ERR_TIMEOUT) { /* whoever stopped it knows */
        atomic_fetch_add(&s->failed, 1);
        atomic_store(&s->failing, true);
        log_error(b->options.store.log, "backup.failed", LOG_S("reason", problem_detail(problem)));
    }
    return err;
}

/* One for the folder; what is wanted meanwhile is this one. */
static void make_next(struct backups *b)
{
    struct backups_made *made = malloc(sizeof *made);
    struct problem problem = {0};
    b->making = true;
    (void)pthread_mutex_unlock(&b->mutex);
    int64_t began_ms = clock_mono_ms(b->options.store.clock); /* counted from here, they do not drift */
    enum err err = made == NULL ? ERR_NO_MEMORY : make(b, -1, NULL, made, &problem);
    free(made);
    int64_t every_ms = b->options.every_s * 1000;
    int64_t wait_ms = err == ERR_OK || every_ms < BACKUP_AGAIN_MS ? every_ms : BACKUP_AGAIN_MS;
    (void)pthread_mutex_lock(&b->mutex);
    problem.err = err;
    b->problem = problem;
    b->wanted = b->making = false;
    b->due_ms = began_ms + wait_ms;
}

static void fulfil(struct backups *b, struct wish *wish)
{
    (void)pthread_mutex_unlock(&b->mutex);
    enum err err = make(b, wish->fd, wish->watch, wish->made, wish->problem);
    (void)pthread_mutex_lock(&b->mutex);
    wish->err = err;
    wish->done = true;
    b->wish = NULL;
    (void)pthread_cond_broadcast(&b->moved);
}

static void *run(void *arg)
{
    struct backups *b = arg;
    thread_name("backups");
    (void)setpriority(PRIO_PROCESS, 0, NICE); /* on Linux of this thread; without it the work is done all the same */
    (void)pthread_mutex_lock(&b->mutex);
    while (!atomic_load(&b->stopping)) {
        if (b->wish != NULL) {
            fulfil(b, b->wish);
            continue;
        }
        if (b->wanted || (b->options.every_s > 0 && clock_mono_ms(b->options.store.clock) >= b->due_ms)) {
            make_next(b);
            continue;
        }
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TURN_MS / 1000;
        if (b->options.every_s > 0)
            (void)pthread_cond_timedwait(&b->moved, &b->mutex, &until);
        else
            (void)pthread_cond_wait(&b->moved, &b->mutex);
    }
    if (b->wish != NULL) {
        b->wish->err = problem_set(b->wish->problem, ERR_BUSY, "the server is stopping");
        b->wish->done = true;
        (void)pthread_cond_broadcast(&b->moved);
    }
    (void)pthread_mutex_unlock(&b->mutex);
    return NULL;
}

enum err backups_ask(struct backups *b, int fd, const struct backup_watch *watch, struct backups_made *made,
                     struct problem *problem)
{
    struct wish wish = {.fd = fd, .watch = watch, .made = made, .problem = problem};
    (void)pthread_mutex_lock(&b->mutex);
    if (b->wish != NULL || atomic_load(&b->stopping)) {
        (void)pthread_mutex_unlock(&b->mutex);
        return problem_set(problem, ERR_BUSY, "a backup is being asked for already, or the server stops");
    }
    b->wish = &wish; /* cppcheck-suppress autoVariables ; this waits until the wish is done and forgotten */
    (void)pthread_cond_broadcast(&b->moved);
    while (!wish.done)
        (void)pthread_cond_wait(&b->moved, &b->mutex);
    (void)pthread_mutex_unlock(&b->mutex);
    return wish.err;
}

/* When the newest was made says when the next is due: a restart neither forgets one nor makes one more. */
static void look_back(struct backups *b)
{
    char folder[STORE_PATH_BYTES];
    struct problem unused = {0};
    char(*names)[NAME_BYTES] = NULL;
    int64_t last_ms = 0;
    if (folder_of(&b->options, folder, &unused) == ERR_OK && list(folder, &names) > 0) {
        char path[STORE_PATH_BYTES + NAME_BYTES];
        struct stat st;
        (void)parse_name(names[0], &last_ms);
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[0]);
        atomic_store(&b->stats.last_ms, last_ms);
        atomic_store(&b->stats.last_bytes, stat(path, &st) == 0 ? (int64_t)st.st_size : 0);
    }
    free(names);
    int64_t age_ms = clock_wall_ms(b->options.store.clock) - last_ms;
    int64_t every_ms = b->options.every_s * 1000;
    int64_t wait_ms = last_ms == 0 || age_ms < 0 || age_ms > every_ms ? 0 : every_ms - age_ms;
    b->due_ms = clock_mono_ms(b->options.store.clock) + wait_ms;
}

enum err backups_start(const struct backups_options *options, struct backups **out)
{
    struct backups *b = calloc(1, sizeof *b);
    if (b == NULL)
        return ERR_NO_MEMORY;
    b->options = *options;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&b->moved, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&b->mutex, NULL);
    look_back(b);
    if (pthread_create(&b->thread, NULL, run, b) != 0) {
        free(b);
        return ERR_NO_MEMORY;
    }
    *out = b;
    return ERR_OK;
}

void backups_want(struct backups *b)
{
    (void)pthread_mutex_lock(&b->mutex);
    b->wanted = true;
    (void)pthread_cond_broadcast(&b->moved);
    (void)pthread_mutex_unlock(&b->mutex);
}

void backups_look(struct backups *b, struct backups_view *out)
{
    const struct clock *clock = b->options.store.clock;
    int64_t every_s = b->options.every_s;
    (void)pthread_mutex_lock(&b->mutex);
    *out = (struct backups_view){
        .every_s = every_s,
        .keep = b->options.keep,
        .next_ms = every_s == 0 ? 0 : clock_wall_ms(clock) + b->due_ms - clock_mono_ms(clock),
        .making = b->wanted || b->making,
        .problem = b->problem,
    };
    (void)pthread_mutex_unlock(&b->mutex);
}

const struct backups_options *backups_given(const struct backups *b)
{
    return &b->options;
}

const struct backups_stats *backups_stats(const struct backups *b)
{
    return &b->stats;
}

bool backups_scheduled(const struct backups *b)
{
    return b->options.every_s > 0;
}

void backups_quit(struct backups *b)
{
    if (b == NULL)
        return;
    (void)pthread_mutex_lock(&b->mutex);
    atomic_store(&b->stopping, true);
    (void)pthread_cond_broadcast(&b->moved);
    (void)pthread_mutex_unlock(&b->mutex);
}

void backups_stop(struct backups *b)
{
    if (b == NULL)
        return;
    backups_quit(b);
    (void)pthread_join(b->thread, NULL);
    (void)pthread_cond_destroy(&b->moved);
    (void)pthread_mutex_destroy(&b->mutex);
    free(b);
}
