/*
 * Wiring: makes every part of the server in the order in which they need each other, waits for a signal, takes them
 * down in the reverse order. The only place that knows all parts; the main thread does nothing else while the server
 * runs.
 *
 *   store -> heads, keyring -> writers -> likes -> realtime -> helpers -> loops -> control, housekeeper, pusher
 *                                                                                      (arrows: is needed by)
 */
#include "api/serve.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/app.h"
#include "api/control.h"
#include "api/departed.h"
#include "api/digest_maker.h"
#include "api/handover.h"
#include "api/housekeeper.h"
#include "api/pusher.h"
#include "api/server.h"
#include "api/socket.h"
#include "api/supervisor.h"
#include "api/version.h"
#include "api/watchdog.h"
#include "db/audit.h"
#include "db/farewell.h"

#define DRAIN_MS 5000 /* how long SIGTERM waits for requests whose bodies are still arriving */
#define DIGEST_ARENA_BYTES 4096
#define RESTART_DRAIN_MS 2000 /* and a hot restart: sockets are served meanwhile, polls are tried again */

struct parts {
    struct app app;
    struct clock clock;
    struct log log;
    struct options options; /* the given ones, with the public URL corrected for port 0 */
    struct store store;
    struct db *control_db;
    bool log_stale; /* the main writer's: its log has what was taken away; likewise the next */
    bool rooms_log_stale;
    struct db *main_reads_rooms; /* rooms.db, on the main writer's thread */
    struct server *server;
    struct control *control;
    struct housekeeper *housekeeper;
    struct watchdog *watchdog;
    struct handover *handover; /* what the image of the program before this one left */
    int listen_fd;             /* that was there before us; 0: none */
    char image[HANDOVER_PATH_BYTES];
    char origin[LISTEN_URL_BYTES]; /* of a listen address */
};

static void tell_digest(struct parts *p, const struct change *change)
{
    char job_id[DIGEST_ID_BYTES];
    struct digest d;
    struct digest_id id = {.user_id = change->subject_id, .number = change->value};
    struct arena *arena = arena_create(DIGEST_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    if (arena != NULL && digests_get(p->store.rooms, arena, &id, &d) == ERR_OK) {
        digest_id_format(&id, job_id);
        realtime_tell_digest(p->app.realtime, &(struct realtime_digest){.user_id = id.user_id,
                                                                        .job_id = job_id,
                                                                        .status = digests_status_name(d.status),
                                                                        .progress = d.progress,
                                                                        .step = d.step});
    }
    arena_free(arena);
}

/* Steps of one job that follow each other are told once: as the last has it. */
static void tell_digests(struct parts *p, const struct change *changes, size_t count)
{
    const struct change *last = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        if (c->kind != CHANGE_DIGEST)
            continue;
        if (last != NULL && (last->subject_id != c->subject_id || last->value != c->value))
            tell_digest(p, last);
        last = c;
    }
    if (last != NULL)
        tell_digest(p, last);
}

/* What was taken away is to stay in no log. Tried again with each commit while a reader is in the way. A writer's
   thread. */
static void cut_log(struct db *db, bool *wanted, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *wanted = *wanted || changes[i].kind == CHANGE_ERASED;
    if (*wanted && db_cut_log(db) == ERR_OK)
        *wanted = false;
}

/* The rooms writer's thread: likes that are durable in the buffer, steps of digests. */
static void on_rooms_published(void *arg, const struct change *changes, size_t count)
{
    struct parts *p = arg;
    likes_committed(p->app.likes);
    alarms_published(p->app.alarms, changes, count);
    heads_publish(p->app.heads, changes, count);
    cut_log(p->store.rooms, &p->rooms_log_stale, changes, count);
    if (p->app.realtime == NULL)
        return;
    realtime_published(p->app.realtime, changes, count, NULL);
    if (realtime_is_open(p->app.realtime))
        tell_digests(p, changes, count);
}

/* The one place where the mode changes. On: sockets are let in and likes buffered from here on. Off: sockets are sent
   away, and the housekeeper closes the buffer, which has to wait for its last flush. */
static void switch_realtime(struct parts *p, bool on)
{
    atomic_store(&p->app.flag_realtime, on);
    if (p->app.realtime == NULL)
        return;
    enum err err = on ? realtime_start(p->app.realtime) : ERR_OK;
    if (!on) {
        realtime_close_all(p->app.realtime);
        log_info(&p->log, "realtime.off", LOG_S("members", "poll"));
    } else if (err == ERR_OK) {
        likes_set_open(p->app.likes);
        alarms_look(p->app.alarms);
        log_info(&p->log, "realtime.on", LOG_S("socket", "/ws"));
    } else if (err == ERR_CONFLICT) {
        log_info(&p->log, "realtime.later", LOG_S("reason", "the server stops: the next start turns it on"));
    } else {
        log_error(&p->log, "realtime.not_started", LOG_S("reason", "no thread could be made"));
    }
}

/* Those whose subject is a member, or 0 for everybody. */
static bool tells_of_access(enum change_kind kind)
{
    return kind == CHANGE_MEMBER || kind == CHANGE_TOKENS || kind == CHANGE_ALL;
}

static void drop_presence(void *arg, int64_t user_id)
{
    const struct parts *p = arg;
    presence_drop(p->app.presence, user_id);
}

/* Out of one team, or out of all. */
static void shut_out(struct parts *p, const struct change *c)
{
    if (c->team_id != 0)
        presence_drop_from(p->app.presence, c->team_id, c->subject_id);
    else
        presence_drop(p->app.presence, c->subject_id);
}

/* Before anybody is told that they have left. What fails here is made up for by the next one, or the next start. */
static void keep_departed(const struct parts *p)
{
    struct problem problem = {0};
    enum err err = departed_save(p->options.data, p->store.db, &problem);
    if (err != ERR_OK)
        log_error(&p->log, "departed.not_saved",
                  LOG_S("reason", problem.detail[0] != '\0' ? problem.detail : err_slug(err)));
}

/* The main writer's thread, after each commit: the memory beside the database follows. */
static void on_published(void *arg, const struct change *changes, size_t count)
{
    struct parts *p = arg;
    bool keys_changed = false;
    heads_publish(p->app.heads, changes, count);
    mutes_publish(p->app.mutes, p->store.db, clock_wall_ms(&p->clock), changes, count);
    for (size_t i = 0; i < count; i++) {
        enum change_kind kind = changes[i].kind;
        keys_changed |= kind == CHANGE_ALL || (kind == CHANGE_TOKENS && changes[i].subject_id == 0);
        if (kind == CHANGE_FLAG)
            switch_realtime(p, changes[i].value != 0);
        if (kind == CHANGE_NOTICE)
            pusher_wake(p->app.pusher);
        if (kind == CHANGE_ALL)
            atomic_store(&p->app.likes_stale, true);
        if (kind == CHANGE_ALL || kind == CHANGE_MEMBER)
            atomic_store(&p->app.members_new, true);
        if (kind == CHANGE_FAREWELL) {
            atomic_store(&p->app.farewells, true);
            keep_departed(p);
        }
    }
    if (keys_changed) {
        struct keyring *ring;
        enum err err = keyring_load(p->store.db, p->options.trusted_keys, p->options.trusted_keys_count, &ring, NULL);
        if (err == ERR_OK)
            keyring_holder_swap_take(&p->app.keyrings, ring);
        else
            log_error(&p->log, "keyring.not_loaded", LOG_S("reason", err_slug(err)));
    }
    for (size_t i = 0; i < count; i++)
        if (tells_of_access(changes[i].kind))
            auth_changed(&p->app, changes[i].subject_id);
    /* Only now: a poll that was let in a moment ago could bring them back. */
    for (size_t i = 0; i < count; i++)
        if (changes[i].kind == CHANGE_MEMBER && changes[i].value == 1)
            shut_out(p, &changes[i]);
        else if (changes[i].kind == CHANGE_ALL && users_each_hidden(p->store.db, drop_presence, p) != ERR_OK)
            log_error(&p->log, "presence.not_looked_at", LOG_S("reason", "the members cannot be read"));
    if (p->app.realtime != NULL)
        realtime_published(p->app.realtime, changes, count, p->store.db);
    cut_log(p->store.db, &p->log_stale, changes, count);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* the soft limit is fine for a small community */
    }
}

/* Signals are waited for by the main thread alone; threads made later inherit the mask. */
static void block_signals(sigset_t *waited)
{
    (void)sigemptyset(waited);
    (void)sigaddset(waited, SIGTERM);
    (void)sigaddset(waited, SIGINT);
    (void)sigaddset(waited, SIGUSR2);
    (void)sigaddset(waited, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, waited, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file size limit then fails the write, as a full disk does */
}

static enum err open_store(struct parts *p, struct problem *problem)
{
    p->app.store = (struct store_options){.lock_fd = p->handover->present ? p->handover->lock_fd : 0,
                                          .data = p->options.data,
                                          .purpose = "serve",
                                          .clock = &p->clock,
                                          .log = &p->log,
                                          .stats = &p->app.db_stats,
                                          .rooms_stats = &p->app.rooms_stats};
    enum err err = store_open(&p->app.store, &p->store, problem);
    if (err == ERR_OK)
        keep_departed(p);
    if (err == ERR_OK)
        err = store_connect(&p->app.store, &p->control_db);
    if (err == ERR_OK)
        err = store_connect(&p->app.store, &p->app.rooms_reads);
    if (err == ERR_OK)
        err = store_connect_rooms(&p->app.store, &p->main_reads_rooms);
    return err;
}

static enum err load_memory(struct parts *p, struct problem *problem)
{
    struct app *app = &p->app;
    struct keyring *ring = NULL;
    bool realtime = false;
    int64_t leaver = 0;
    enum err err = heads_create(p->store.db, randombytes_random(), &app->heads);
    if (err == ERR_OK)
        err = keyring_load(p->store.db, p->options.trusted_keys, p->options.trusted_keys_count, &ring, problem);
    if (err == ERR_OK)
        keyring_holder_swap_take(&app->keyrings, ring);
    if (err == ERR_OK)
        err = mutes_load(p->store.db, clock_wall_ms(&p->clock), &app->mutes);
    if (err == ERR_OK)
        err = access_flag(p->store.db, "realtime", &realtime);
    if (err == ERR_OK)
        err = farewell_next(p->store.db, &leaver);
    app->flag_realtime = realtime;
    app->farewells = leaver != 0;
    app->presence = presence_create();
    app->reach = reach_create();
    app->rates = rate_create();
    shed_init(&app->shed, p->options.test_clock);
    app->tickets = ticket_table_create(TICKETS_MAX);
    if (err == ERR_OK && (app->presence == NULL || app->reach == NULL || app->rates == NULL || app->tickets == NULL))
        err = ERR_NO_MEMORY;
    return err == ERR_OK ? pusher_create(app, p->store.db, &app->pusher) : err;
}

static unsigned loops_wanted(const struct options *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return o->threads > 0 ? (unsigned)o->threads : cores > 0 ? (unsigned)cores : 1;
}

/* The public URL is what the operator said or, with a port that the system chose, where we listen. Before the loops
 * run. */
static void set_origin(struct parts *p)
{
    struct app *app = &p->app;
    if (!p->options.public_url_given) { /* the system may have chosen the port, or the socket was there */
        options_listen_url(&p->options, server_port(p->server), p->origin);
        p->options.public_url = p->origin;
    }
    app->origin = p->options.public_url;
    app->secure_cookies = strncmp(app->origin, "https://", 8) == 0;
    app->cookie_name = app->secure_cookies ? "__Host-porchlight" : "porchlight";
}

/* Whether rooms with sockets may be handed their alarms. The housekeeper's thread; likewise the next. */
static bool takes_alarms(void *arg)
{
    const struct app *app = arg;
    return app->realtime != NULL && realtime_is_open(app->realtime);
}

static void hand_over_alarm(void *arg, const char *room, int64_t due_ms)
{
    const struct app *app = arg;
    realtime_alarm(app->realtime, room, due_ms);
}

static enum err make_alarms(struct parts *p)
{
    struct alarms_options o = {.rooms = p->app.rooms,
                               .clock = &p->clock,
                               .log = &p->log,
                               .kinds = digest_maker_kinds,
                               .arg = &p->app,
                               .takes = takes_alarms,
                               .hand_over = hand_over_alarm};
    return alarms_create(&o, &p->app.alarms);
}

static enum err start_writers(struct parts *p)
{
    struct app *app = &p->app;
    struct writer_options main_writer = {
        .db = p->store.db, .clock = &p->clock, .log = &p->log, .published = on_published, .published_arg = p};
    struct writer_options rooms_writer = {
        .db = p->store.rooms, .clock = &p->clock, .log = &p->log, .published = on_rooms_published, .published_arg = p};
    enum err err = writer_start(&main_writer, &app->writer);
    if (err == ERR_OK)
        err = writer_start(&rooms_writer, &app->rooms);
    if (err == ERR_OK)
        err = make_alarms(p);
    struct likes_options likes = {.main = app->writer,
                                  .rooms = app->rooms,
                                  .rooms_db = p->store.rooms,
                                  .rooms_read = p->main_reads_rooms,
                                  .read = p->app.rooms_reads,
                                  .clock = &p->clock,
                                  .log = &p->log};
    return err != ERR_OK ? err : likes_create(&likes, &app->likes);
}

/* The module exists whatever the flag says; its threads do not. */
static enum err make_realtime(struct parts *p)
{
    struct app *app = &p->app;
    struct realtime_options o = {
        .heads = app->heads,
        .presence = app->presence,
        .reach = app->reach,
        .rates = p->options.rate_limit ? app->rates : NULL,
        .shed = &app->shed,
        .rooms = app->rooms,
        .main = app->writer,
        .read = p->app.rooms_reads,
        .likes = app->likes,
        .mutes = app->mutes,
        .gate = socket_gate(app),
        .clock = &p->clock,
        .log = &p->log,
        .loops = loops_wanted(&p->options),
        .room_limit = (uint32_t)p->options.room_limit,
        .channel_limit = (uint32_t)p->options.channel_limit,
        .address_limit = (uint32_t)p->options.sockets_per_address,
        .grace_ms = p->options.grace_ms,
        .clock_moves = p->options.test_clock,
    };
    return realtime_available() ? realtime_create(&o, &app->realtime) : ERR_OK;
}

struct flag_job {
    struct job job;
    bool value;
};

/* A start that says what is so already is no act. */
static enum err run_flag(struct job *base, struct tx *tx)
{
    const struct flag_job *job = (const struct flag_job *)base;
    const struct audit_entry entry = {.action = "flag.set", .detail = job->value ? "realtime on" : "realtime off"};
    bool before = false;
    enum err err = access_flag(tx->db, "realtime", &before);
    if (err == ERR_OK)
        err = access_flag_set(tx, "realtime", job->value);
    return err == ERR_OK && before != job->value ? audit_add(tx, &entry) : err;
}

/*
 * What --realtime says is written as if somebody had turned the flag; otherwise it is as it was. After a hot restart it
 * is as it was in any case, and sockets that were being sent away go on being so.
 */
static enum err set_flag(struct parts *p, struct problem *problem)
{
    struct app *app = &p->app;
    struct flag_job job = {.job.run = run_flag, .value = p->options.realtime == REALTIME_ON};
    bool on = atomic_load(&app->flag_realtime) && (p->handover->present || p->options.realtime != REALTIME_OFF);
    if (app->realtime != NULL && (on || realtime_sockets(app->realtime) > 0)) {
        switch_realtime(p, true); /* before any request: nobody writes yet */
        if (!on)
            switch_realtime(p, false);
    }
    if (app->realtime == NULL && on) /* turned on by a build that has it; the community is served all the same */
        log_warn(&p->log, "realtime.missing", LOG_S("reason", "the flag is on, but this build has no realtime module"),
                 LOG_S("members", "poll"));
    if (p->options.realtime == REALTIME_UNSET || p->handover->present)
        return ERR_OK;
    return writer_call(app->writer, &job.job, problem);
}

/* A socket that is there already says where we listen, whatever the options do: the image before this one left it, or
   whoever started us. */
static enum err take_socket(struct parts *p, struct problem *problem)
{
    p->listen_fd = p->handover->present ? p->handover->listen_fd : 0;
    enum err err = p->listen_fd != 0 ? ERR_OK : supervisor_take_socket(&p->listen_fd, problem);
    return err == ERR_OK && p->listen_fd != 0 ? options_listen_on(&p->options, p->listen_fd) : err;
}

/* Sockets and people of the image before this one. ERR_SCHEMA: they are not understood. */
static enum err take_over(struct parts *p, struct problem *problem)
{
    if (!p->handover->present)
        return ERR_OK;
    handover_presence(p->handover, p->app.presence, clock_mono_ms(&p->clock));
    bool taken = p->app.realtime == NULL ? p->handover->fds_count == 0
                                         : p->handover->frozen == NULL /* bare, or of a build without sockets */
                                               || realtime_thaw(p->app.realtime, &p->handover->sockets);
    return taken ? ERR_OK : problem_set(problem, ERR_SCHEMA, "the sockets of the running program are not understood");
}

static enum err make_backups(struct parts *p)
{
    struct backups_options o = {.store = p->app.store,
                                .writer = p->app.writer,
                                .rooms = p->app.rooms,
                                .to = p->options.backup_to,
                                .every_s = p->options.backup_every_s,
                                .keep = p->options.backup_keep};
    o.store.stats = o.store.rooms_stats = NULL; /* they count what serving members costs */
    return backups_start(&o, &p->app.backups);
}

static enum err start_outside(struct parts *p, struct problem *problem)
{
    struct app *app = &p->app;
    struct server_options server = {.app = app,
                                    .host = p->options.listen_host,
                                    .port = p->options.listen_port,
                                    .ipv6 = p->options.listen_ipv6,
                                    .threads = loops_wanted(&p->options),
                                    .listen_fd = p->listen_fd};
    struct control_options control = {.options = &p->options,
                                      .db = p->control_db,
                                      .writer = app->writer,
                                      .rooms = app->rooms,
                                      .clock = &p->clock,
                                      .log = &p->log,
                                      .realtime_available = realtime_available(),
                                      .likes = app->likes,
                                      .shed = &app->shed,
                                      .backups = app->backups,
                                      .samples = &app->samples,
                                      .image = p->image};
    enum err err = server_create(&server, &p->server, problem);
    if (err != ERR_OK)
        return err;
    set_origin(p);
    err = housekeeper_start(app, &p->housekeeper);
    return err != ERR_OK ? err : control_start(&control, &p->control);
}

/* Up to the flag nothing of the outside has been touched: an image that fails before it can still be left for the one
   before. */
static enum err start_threads(struct parts *p, struct problem *problem)
{
    enum err err = start_writers(p);
    if (err == ERR_OK)
        err = make_realtime(p);
    if (err == ERR_OK)
        err = take_over(p, problem);
    if (err == ERR_OK)
        err = helpers_start(HELPERS, &p->app.helpers);
    if (err == ERR_OK)
        err = make_backups(p);
    if (err == ERR_OK)
        err = start_outside(p, problem);
    if (err == ERR_OK)
        err = pusher_start(p->app.pusher);
    if (err == ERR_OK)
        err = set_flag(p, problem);
    if (err == ERR_OK)
        server_run(p->server);
    return err == ERR_OK ? watchdog_start(&p->app, p->server, &p->watchdog) : err;
}

static void free_parts(struct parts *p)
{
    pusher_free(p->app.pusher);
    realtime_free(p->app.realtime);
    alarms_free(p->app.alarms);
    likes_free(p->app.likes);
    keyring_holder_clear(&p->app.keyrings);
    heads_free(p->app.heads);
    presence_free(p->app.presence);
    mutes_free(p->app.mutes);
    reach_free(p->app.reach);
    rate_free(p->app.rates);
    ticket_table_free(p->app.tickets);
    activity_clear(&p->app.activity);
    samples_clear(&p->app.samples);
    db_close(p->control_db);
    db_close(p->app.rooms_reads);
    db_close(p->main_reads_rooms);
    store_close(&p->store);
    handover_done(p->handover);
}

static void stop_all(struct parts *p)
{
    watchdog_stop(p->watchdog);
    backups_quit(p->app.backups); /* first: a command may wait for one */
    control_stop(p->control);
    realtime_stop(p->app.realtime);
    server_stop(p->server, DRAIN_MS);
    backups_stop(p->app.backups); /* after the loops: /metrics and /readyz tell of it */
    housekeeper_stop(p->housekeeper);
    helpers_stop(p->app.helpers);
    pusher_stop(p->app.pusher);
    if (p->app.likes != NULL && likes_flush(p->app.likes) != ERR_OK)
        log_warn(&p->log, "likes.kept", LOG_S("reason", "they could not be flushed; the next start does it"));
    writer_stop(p->app.writer);
    writer_stop(p->app.rooms);
    free_parts(p);
}

/* ---- hot restart ------------------------------------------------------------------------------------------------- */

/* HTTP ends while sockets are served; then they stand still, until the next image has them. */
static void freeze(struct parts *p, struct handover_parts *left)
{
    watchdog_stop(p->watchdog);
    backups_quit(p->app.backups); /* first: a command may wait for one */
    control_stop(p->control);
    server_stop(p->server, RESTART_DRAIN_MS);
    backups_stop(p->app.backups);
    housekeeper_stop(p->housekeeper);
    helpers_stop(p->app.helpers);
    pusher_stop(p->app.pusher);
    if (p->app.realtime != NULL)
        realtime_freeze_loops(p->app.realtime);
    writer_stop(p->app.writer);
    writer_stop(p->app.rooms);
    pusher_free(p->app.pusher); /* its connections to the database and to push services */
    left->kept = p->app.realtime == NULL || realtime_freeze(p->app.realtime, left->sockets, &left->fds);
    db_close(p->control_db);
    db_close(p->app.rooms_reads);
    db_close(p->main_reads_rooms);
    db_close(p->store.db);
    db_close(p->store.rooms);
}

static enum err prepare(struct parts *p, struct handover_parts *left, struct problem *problem)
{
    enum err err = handover_check(p->image, problem);
    if (err != ERR_OK)
        return err;
    *left = (struct handover_parts){.image = p->image,
                                    .listen_fd = server_listen_fd(p->server),
                                    .lock_fd = p->store.lock_fd,
                                    .clock = &p->clock,
                                    .log = &p->log,
                                    .presence = p->app.presence};
    buf_init(&left->fds, SOCKETS_MAX * sizeof(int));
    return handover_prepare(left, problem);
}

/* The next image goes on from here. Returns when the program on disk would not start, or there is no memory to try:
   then nothing has been stopped. */
static void restart(struct parts *p)
{
    struct problem problem = {0};
    struct handover_parts left;
    supervisor_tell_reloading();
    if (prepare(p, &left, &problem) != ERR_OK) {
        supervisor_tell("READY=1"); /* as before */
        log_error(&p->log, "restart.refused", LOG_S("reason", problem_detail(&problem)));
        return;
    }
    log_info(&p->log, "restart.begin", LOG_S("image", p->image));
    freeze(p, &left);
    handover_leave(&left);
    exit(1); /* said already: neither image can be executed */
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

static void init_parts(struct parts *p, const struct options *options, struct handover *handover)
{
    p->options = *options;
    p->log = (struct log){.fd = STDERR_FILENO, .level = options->log_level, .format = options->log_format};
    p->app.options = &p->options;
    p->app.log = &p->log;
    p->app.clock = &p->clock;
    p->app.started_ms = clock_wall_ms(&p->clock);
    p->app.members_new = true;
    p->store.lock_fd = -1;
    handover_remember(handover, p->image);
    p->handover = handover;
    atomic_store(&p->clock.offset_ms, handover->clock_offset_ms);
    keyring_holder_init(&p->app.keyrings);
    activity_init(&p->app.activity);
    samples_init(&p->app.samples, clock_mono_ms(&p->clock));
}

static enum err start_all(struct parts *p, struct problem *problem)
{
    enum err err = take_socket(p, problem);
    if (err == ERR_OK)
        err = open_store(p, problem);
    if (err == ERR_OK)
        err = load_memory(p, problem);
    return err == ERR_OK ? start_threads(p, problem) : err;
}

static void say_where(const struct parts *p)
{
    char address[80];
    const char *url = p->options.public_url;
    (void)snprintf(address, sizeof address, p->options.listen_ipv6 ? "[%s]:%u" : "%s:%u", p->options.listen_host,
                   server_port(p->server));
    log_info(&p->log, "listening", LOG_S("address", address), LOG_S("open", url), LOG_S("version", PORCHLIGHT_VERSION),
             LOG_I("loops", server_loops(p->server)));
    if (options_listen_outside(&p->options) && strncmp(url, "https://", 8) != 0)
        log_warn(&p->log, "plain_http",
                 LOG_S("reason", "passwords travel unencrypted to other machines: put TLS in front of this and give"
                                 " --public-url https://..."));
}

int serve_run(const struct options *options, void *handover)
{
    struct parts *parts = calloc(1, sizeof *parts);
    struct problem problem = {0};
    sigset_t waited;
    int signal_number = 0;
    if (parts == NULL) {
        (void)fputs("porchlight: there is no memory\n", stderr);
        return 1;
    }
    init_parts(parts, options, handover);
    raise_descriptor_limit();
    block_signals(&waited);
    enum err err = start_all(parts, &problem);
    if (err != ERR_OK) {
        problem.err = err;
        (void)fprintf(stderr, "porchlight: %s\n", problem_detail(&problem));
        if (parts->handover->present)
            return 1; /* main() goes back to the image before: it needs every descriptor, and threads use the parts */
        stop_all(parts);
        free(parts);
        return 1;
    }
    say_where(parts);
    supervisor_tell("READY=1");
    handover_done(parts->handover);
    while (signal_number != SIGTERM && signal_number != SIGINT) {
        (void)sigwait(&waited, &signal_number);
        if (signal_number == SIGUSR2)
            restart(parts);
        else if (signal_number == SIGHUP) /* a terminal was closed, or somebody is used to other servers */
            log_info(&parts->log, "sighup", LOG_S("ignored", "porchlight reload, or SIGUSR2, starts what is on disk"));
    }
    log_info(&parts->log, "stopping", LOG_S("signal", signal_number == SIGINT ? "SIGINT" : "SIGTERM"));
    supervisor_tell("STOPPING=1");
    stop_all(parts);
    log_info(&parts->log, "stopped", LOG_I("status", 0));
    free(parts);
    return 0;
}
