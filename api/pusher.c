/* Sending pushes. See pusher.h. The push thread, but where it says otherwise. */
#include "api/pusher.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "api/base64url.h"
#include "api/ece.h"
#include "api/push_rules.h"
#include "api/push_sender.h"
#include "api/push_target.h"
#include "api/render.h"
#include "api/vapid.h"
#include "base/thread.h"
#include "db/pushes.h"
#include "db/reach.h"

#define TURN_MS 1000    /* while something waits: the wall clock may be set meanwhile */
#define TEST_TURN_MS 20 /* likewise, when a test moves the clock */
#define REST_MS 3600000 /* while nothing does */
#define SWEEP_MS 60000  /* how often what is held back is looked through */
#define ARENA_FIRST_BYTES 65536
#define RESULTS_MAX (PUSH_WINDOW + PUSH_AT_ONCE)

static_assert(PUSHES_PUBLIC_BYTES == P256_PUBLIC_BYTES && PUSHES_PRIVATE_BYTES == P256_PRIVATE_BYTES &&
                  PUSHES_AUTH_BYTES == ECE_AUTH_BYTES,
              "what is stored is what is encrypted with");

struct flight {
    bool under_way;
    int64_t delivery_id;
    int64_t notice_id;
    int64_t device_id;
    int64_t user_id;
    int64_t tries; /* this one counted */
    char host[PUSH_HOST_BYTES];
};

/* A push service that is not well, or that asked for a pause. */
struct pause {
    char host[PUSH_HOST_BYTES];
    int64_t until_ms; /* monotonic */
    int failures;     /* in a row */
};

struct pusher {
    struct app *app;
    struct p256_pair keys;
    char key_text[BASE64URL_CHARS(P256_PUBLIC_BYTES) + 1];
    struct push_sender *sender;
    struct db *db;
    struct arena *arena;
    pthread_t thread;
    bool started;
    _Atomic bool stopping;

    struct flight flights[PUSH_AT_ONCE];
    struct pause pauses[PUSH_PAUSES];
    struct push_delivery due[PUSH_WINDOW];
    struct push_result results[RESULTS_MAX]; /* decided; until they are settled nothing else is begun */
    size_t results_count;
    int64_t swept_ms;

    _Atomic uint64_t taken;
    _Atomic uint64_t failed;
    _Atomic uint64_t retried;
    _Atomic uint64_t removed;
    _Atomic uint64_t spared;
    _Atomic uint64_t expired;
};

/* ---- jobs of the writer ------------------------------------------------------------------------------------------ */

struct push_job {
    struct job job; /* first */
    struct pusher *p;
};

static enum err run_spread(struct job *job, struct tx *tx)
{
    (void)job;
    return pushes_spread(tx, PUSH_PAGE);
}

static enum err run_settle(struct job *job, struct tx *tx)
{
    struct pusher *p = ((struct push_job *)job)->p;
    return pushes_settle(tx, p->results, p->results_count);
}

static enum err call(struct pusher *p, enum err (*run)(struct job *job, struct tx *tx), const char *what)
{
    struct push_job job = {.job.run = run, .p = p};
    enum err err = writer_call(p->app->writer, &job.job, NULL);
    if (err != ERR_OK)
        log_warn(p->app->log, "push.waiting", LOG_S("task", what), LOG_S("reason", err_slug(err)));
    return err;
}

/* Finds the devices for what is owed. false: the storage does not let us. */
static bool spread(struct pusher *p)
{
    bool owed = true;
    while (!atomic_load(&p->stopping)) {
        if (pushes_are_owed(p->db, &owed) != ERR_OK)
            return false;
        if (!owed)
            return true;
        if (call(p, run_spread, "spread") != ERR_OK)
            return false;
    }
    return true;
}

/* Makes durable what was decided. false: it is kept, and tried again. */
static bool settle(struct pusher *p)
{
    if (p->results_count == 0)
        return true;
    if (call(p, run_settle, "settle") != ERR_OK)
        return false;
    for (size_t i = 0; i < p->results_count; i++) {
        const struct push_result *r = &p->results[i];
        if (!r->device_given_up && r->outcome != PUSH_OUTCOME_GONE)
            continue;
        atomic_fetch_add(&p->removed, 1);
        log_info(
            p->app->log, "push.device_removed", LOG_I("device", r->device_id),
            LOG_S("reason", r->device_given_up ? "it failed too often" : "its push service does not know it any more"));
    }
    p->results_count = 0;
    return true;
}

static void decide(struct pusher *p, const struct push_result *result)
{
    assert(p->results_count < RESULTS_MAX);
    p->results[p->results_count++] = *result;
}

/* ---- push services that asked for a pause ------------------------------------------------------------------------ */

static int64_t paused_ms(const struct pusher *p, const char *host, int64_t mono_ms)
{
    for (size_t i = 0; i < PUSH_PAUSES; i++)
        if (p->pauses[i].until_ms > mono_ms && strcmp(p->pauses[i].host, host) == 0)
            return p->pauses[i].until_ms - mono_ms;
    return 0;
}

/* A new one takes the place of the one that ends first. */
static struct pause *pause_of(struct pusher *p, const char *host)
{
    struct pause *place = &p->pauses[0];
    for (size_t i = 0; i < PUSH_PAUSES; i++) {
        if (strcmp(p->pauses[i].host, host) == 0)
            return &p->pauses[i];
        if (p->pauses[i].until_ms < place->until_ms)
            place = &p->pauses[i];
    }
    *place = (struct pause){0};
    (void)snprintf(place->host, sizeof place->host, "%s", host);
    return place;
}

static void pause_host(struct pusher *p, const char *host, int64_t wait_ms, int64_t mono_ms)
{
    pause_of(p, host)->until_ms = mono_ms + (wait_ms < PUSH_PAUSE_MAX_MS ? wait_ms : PUSH_PAUSE_MAX_MS);
}

/* One that does not answer would keep its places, and others would wait behind what is due there. */
static void count_failure(struct pusher *p, const char *host, int64_t wait_ms)
{
    if (++pause_of(p, host)->failures >= PUSH_FAILURES_PAUSE)
        pause_host(p, host, wait_ms, clock_mono_ms(p->app->clock));
}

static void count_success(struct pusher *p, const char *host)
{
    for (size_t i = 0; i < PUSH_PAUSES; i++)
        if (strcmp(p->pauses[i].host, host) == 0)
            p->pauses[i].failures = 0;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* A free place. PUSH_AT_ONCE: none. */
static size_t find_place(const struct pusher *p)
{
    size_t place = 0;
    while (place < PUSH_AT_ONCE && p->flights[place].under_way)
        place++;
    return place;
}

static bool is_under_way(const struct pusher *p, int64_t delivery_id)
{
    for (size_t i = 0; i < PUSH_AT_ONCE; i++)
        if (p->flights[i].under_way && p->flights[i].delivery_id == delivery_id)
            return true;
    return false;
}

static size_t under_way(const struct pusher *p, const char *host)
{
    size_t count = 0;
    for (size_t i = 0; i < PUSH_AT_ONCE; i++)
        count += p->flights[i].under_way && (host == NULL || strcmp(p->flights[i].host, host) == 0);
    return count;
}

/* What the service worker shows (web/worker/worker.ts). */
static void write_message(struct pusher *p, const struct notice *n, struct buf *out)
{
    struct json_writer w = {.out = out};
    const char *body = render_excerpt(p->arena, n->body, PUSH_BODY_CHARS, "");
    json_object_begin(&w);
    json_key(&w, "id");
    json_put_id(&w, n->id);
    json_key(&w, "kind");
    json_put_string(&w, notice_kind_name(n->kind));
    json_key(&w, "title");
    json_put_string(&w, n->title);
    json_key(&w, "body");
    json_put_string(&w, body != NULL ? body : "");
    json_key(&w, "link");
    json_put_string(&w, n->link);
    json_object_end(&w);
}

static enum err encrypt(struct pusher *p, const struct push_delivery *d, unsigned char out[static ECE_BODY_BYTES_MAX],
                        size_t *len)
{
    struct buf text;
    struct p256_pair sender;
    struct ece_receiver receiver;
    unsigned char salt[ECE_SALT_BYTES];
    memcpy(receiver.public_key, d->device.public_key, sizeof receiver.public_key);
    memcpy(receiver.auth, d->device.auth, sizeof receiver.auth);
    randombytes_buf(salt, sizeof salt);
    buf_init(&text, ECE_TEXT_BYTES_MAX);
    write_message(p, &d->notice, &text);
    enum err err = text.failed ? ERR_INVALID : p256_generate(&sender);
    const struct ece_message message = {.receiver = &receiver,
                                        .sender = &sender,
                                        .salt = salt,
                                        .text = text.data,
                                        .text_len = text.len,
                                        .padded_to = PUSH_PADDED_BYTES};
    if (err == ERR_OK)
        err = ece_encrypt(&message, out, len);
    sodium_memzero(&sender, sizeof sender);
    buf_clear(&text);
    return err;
}

static enum err begin(struct pusher *p, size_t place, const struct push_delivery *d, const struct push_target *target,
                      int64_t now_ms)
{
    unsigned char body[ECE_BODY_BYTES_MAX];
    struct push_sender_order order = {.endpoint = d->device.endpoint,
                                      .topic = d->topic,
                                      .urgency = d->notice.kind == NOTICE_PIN ? "high" : "normal",
                                      .ttl_s = (d->expires_ms - now_ms) / 1000,
                                      .body = body};
    const char *contact = p->app->options->push_contact;
    const struct vapid_claims claims = {.audience = target->origin,
                                        .subject = contact != NULL ? contact : p->app->origin,
                                        .expires_s = now_ms / 1000 + PUSH_TOKEN_S};
    enum err err = encrypt(p, d, body, &order.body_len);
    if (err == ERR_OK)
        err = vapid_authorize(&p->keys, &claims, p->arena, &order.authorization);
    if (err == ERR_OK)
        err = push_sender_begin(p->sender, place, &order);
    if (err != ERR_OK)
        return err;
    struct flight *f = &p->flights[place];
    *f = (struct flight){.under_way = true,
                         .delivery_id = d->id,
                         .notice_id = d->notice.id,
                         .device_id = d->device.id,
                         .user_id = d->device.user_id,
                         .tries = d->tries + 1};
    memcpy(f->host, target->host, sizeof f->host);
    return ERR_OK;
}

/* ---- deciding ---------------------------------------------------------------------------------------------------- */

static enum reach_state reach_of_delivery(struct pusher *p, const struct push_delivery *d, int64_t now_ms)
{
    int64_t mono_ms = clock_mono_ms(p->app->clock);
    const struct reach_question question = {.user_id = d->device.user_id,
                                            .team_id = d->notice.team_id,
                                            .seq = d->notice.seq,
                                            .told_ms = mono_ms - (now_ms - d->notice.created_ms) + PUSH_HEARD_MS,
                                            .now_ms = mono_ms};
    return reach_of(p->app->reach, &question);
}

/* A pin whose post was deleted has lost its words (notices_forget_words): there is nothing to open any more. */
static bool is_void(const struct notice *n)
{
    return n->kind == NOTICE_PIN && n->body[0] == '\0';
}

/* Whether it is to be sent now; otherwise `result` says what becomes of it. */
static bool is_to_be_sent(struct pusher *p, const struct push_delivery *d, int64_t now_ms, struct push_result *result)
{
    result->outcome = PUSH_OUTCOME_DROPPED;
    if (now_ms >= d->expires_ms) {
        atomic_fetch_add(&p->expired, 1);
        return false;
    }
    if (!d->wanted || is_void(&d->notice))
        return false;
    enum reach_state reach = reach_of_delivery(p, d, now_ms);
    if (reach == REACH_TOLD) {
        atomic_fetch_add(&p->spared, 1);
        return false;
    }
    result->outcome = PUSH_OUTCOME_WAIT;
    result->due_ms = push_rules_quiet_until(&d->wishes, now_ms);
    if (result->due_ms > now_ms)
        return false;
    result->due_ms = now_ms + PUSH_HERE_MS;
    return reach == REACH_AWAY;
}

static struct push_result result_of(const struct push_delivery *d)
{
    return (struct push_result){.delivery_id = d->id, .notice_id = d->notice.id, .device_id = d->device.id};
}

static void refuse(struct pusher *p, struct push_result *result, const char *reason)
{
    atomic_fetch_add(&p->failed, 1);
    log_warn(p->app->log, "push.refused", LOG_I("device", result->device_id), LOG_S("reason", reason));
    result->outcome = PUSH_OUTCOME_REFUSED;
    decide(p, result);
}

static void hold(struct pusher *p, struct push_result *result, int64_t due_ms)
{
    result->outcome = PUSH_OUTCOME_WAIT;
    result->due_ms = due_ms;
    decide(p, result);
}

static void take(struct pusher *p, const struct push_delivery *d, int64_t now_ms)
{
    struct push_target target;
    struct push_result result = result_of(d);
    if (!is_to_be_sent(p, d, now_ms, &result)) {
        decide(p, &result);
        return;
    }
    if (push_target_parse(d->device.endpoint, p->app->options->push_lenient, &target, NULL) != ERR_OK) {
        refuse(p, &result, "its address is none of a push service");
        return;
    }
    int64_t pause_ms = paused_ms(p, target.host, clock_mono_ms(p->app->clock));
    if (pause_ms > 0) {
        hold(p, &result, now_ms + pause_ms);
        return;
    }
    size_t place = find_place(p);
    if (place == PUSH_AT_ONCE || under_way(p, target.host) >= PUSH_AT_ONCE_HOST)
        return; /* with the next place */
    enum err err = begin(p, place, d, &target, now_ms);
    if (err == ERR_OK)
        return;
    if (err == ERR_INVALID) {
        refuse(p, &result, "its key is none, or the message is too long");
        return;
    }
    log_warn(p->app->log, "push.waiting", LOG_S("task", "send"),
             LOG_S("reason", err == ERR_NOT_FOUND ? "libcurl is not installed" : err_slug(err)));
    hold(p, &result, now_ms + PUSH_HELD_MS);
}

static void take_due(struct pusher *p)
{
    size_t count = 0;
    int64_t now_ms = clock_wall_ms(p->app->clock);
    arena_reset(p->arena);
    if (pushes_due(p->db, p->arena, now_ms, PUSH_WINDOW, p->due, &count) != ERR_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (!is_under_way(p, p->due[i].id))
            take(p, &p->due[i], now_ms);
}

/* What is held back for later need not be sent to who was told meanwhile: it is forgotten while that is still known. */
static void sweep(struct pusher *p)
{
    size_t count = 0;
    int64_t now_ms = clock_wall_ms(p->app->clock);
    arena_reset(p->arena);
    if (pushes_due(p->db, p->arena, INT64_MAX, PUSH_WINDOW, p->due, &count) != ERR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        struct push_result result = result_of(&p->due[i]);
        result.outcome = PUSH_OUTCOME_DROPPED;
        if (is_under_way(p, p->due[i].id) || reach_of_delivery(p, &p->due[i], now_ms) != REACH_TOLD)
            continue;
        atomic_fetch_add(&p->spared, 1);
        decide(p, &result);
    }
}

static void sweep_now_and_then(struct pusher *p)
{
    int64_t mono_ms = clock_mono_ms(p->app->clock);
    if (mono_ms - p->swept_ms < SWEEP_MS)
        return;
    p->swept_ms = mono_ms;
    sweep(p);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static const char *say_why(const struct push_sender_result *s)
{
    switch (s->status) {
    case 0:
        return s->cause;
    case 401:
    case 403:
        return "the push service does not accept this server's key for it";
    case 413:
        return "the push service finds the message too long";
    case 429:
        return "the push service asks to slow down";
    default:
        return s->status >= 500 ? "the push service has a fault" : "the push service does not accept it";
    }
}

static void try_again(struct pusher *p, const struct flight *f, const struct push_sender_result *s,
                      struct push_result *result)
{
    int64_t wait_ms = push_rules_wait_ms(f->tries, s->retry_after_s, randombytes_random());
    if (s->retry_after_s > 0)
        pause_host(p, f->host, wait_ms, clock_mono_ms(p->app->clock));
    else
        count_failure(p, f->host, wait_ms);
    atomic_fetch_add(&p->retried, 1);
    log_info(p->app->log, "push.again", LOG_I("user", f->user_id), LOG_I("device", f->device_id),
             LOG_S("service", f->host), LOG_I("status", s->status), LOG_S("reason", say_why(s)),
             LOG_I("in_s", wait_ms / 1000));
    result->outcome = PUSH_OUTCOME_AGAIN;
    result->unanswered = s->status == 0;
    result->due_ms = clock_wall_ms(p->app->clock) + wait_ms;
}

static void land(struct pusher *p, const struct push_sender_result *s)
{
    struct flight *f = &p->flights[s->place];
    struct push_result result = {.delivery_id = f->delivery_id, .notice_id = f->notice_id, .device_id = f->device_id};
    enum push_fate fate = s->forbidden ? PUSH_REFUSED : push_rules_fate(s->status);
    f->under_way = false;
    if (fate == PUSH_TAKEN) {
        atomic_fetch_add(&p->taken, 1);
        count_success(p, f->host);
        result.outcome = PUSH_OUTCOME_TAKEN;
    } else if (fate == PUSH_GONE) {
        result.outcome = PUSH_OUTCOME_GONE;
    } else if (fate == PUSH_LATER) {
        try_again(p, f, s, &result);
    } else {
        atomic_fetch_add(&p->failed, 1);
        log_warn(p->app->log, "push.refused", LOG_I("user", f->user_id), LOG_I("device", f->device_id),
                 LOG_S("service", f->host), LOG_I("status", s->status),
                 LOG_S("reason", s->forbidden ? "its address is of this machine or a private network" : say_why(s)));
        result.outcome = PUSH_OUTCOME_REFUSED;
    }
    decide(p, &result);
}

static void collect(struct pusher *p)
{
    struct push_sender_result result;
    while (p->results_count < RESULTS_MAX && push_sender_next(p->sender, &result))
        land(p, &result);
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* How long to wait for the next thing to do; a wake ends it. */
static int rest_ms(struct pusher *p, bool storage_works)
{
    int turn_ms = p->app->options->test_clock ? TEST_TURN_MS : TURN_MS;
    int64_t due_ms = 0;
    bool idle = storage_works && under_way(p, NULL) == 0 && p->results_count == 0 &&
                pushes_next_ms(p->db, &due_ms) == ERR_OK && due_ms == 0;
    return idle ? REST_MS : turn_ms;
}

/* Those under way may end; what they brought is settled. */
static void end(struct pusher *p)
{
    struct clock real = {0};
    int64_t until_ms = clock_mono_ms(&real) + PUSH_STOP_MS;
    while (under_way(p, NULL) > 0 && clock_mono_ms(&real) < until_ms) {
        push_sender_turn(p->sender, TEST_TURN_MS);
        collect(p);
    }
    (void)settle(p);
    if (p->results_count == 0)
        sweep(p);
    (void)settle(p);
}

static void *push(void *arg)
{
    struct pusher *p = arg;
    thread_name("push");
    while (!atomic_load(&p->stopping)) {
        bool storage_works = spread(p) && settle(p);
        if (storage_works) {
            sweep_now_and_then(p);
            if (p->results_count == 0)
                take_due(p);
            storage_works = settle(p);
        }
        push_sender_turn(p->sender, rest_ms(p, storage_works));
        collect(p);
    }
    end(p);
    return NULL;
}

enum err pusher_create(struct app *app, struct db *db, struct pusher **out)
{
    struct push_key key;
    const struct push_sender_options sender = {.ca_file = app->options->push_ca, .lenient = app->options->push_lenient};
    struct pusher *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NO_MEMORY;
    p->app = app;
    enum err err = pushes_key(db, &key);
    if (err == ERR_OK) {
        memcpy(p->keys.public_key, key.public_key, sizeof key.public_key);
        memcpy(p->keys.private_key, key.private_key, sizeof key.private_key);
        sodium_memzero(&key, sizeof key);
        err = p256_is_pair(&p->keys) ? ERR_OK : ERR_INTERNAL;
    }
    base64url_encode(p->keys.public_key, sizeof p->keys.public_key, p->key_text);
    p->arena = arena_create(ARENA_FIRST_BYTES, REQUEST_ARENA_BYTES_MAX);
    if (err == ERR_OK && p->arena == NULL)
        err = ERR_NO_MEMORY;
    if (err == ERR_OK)
        err = push_sender_create(&sender, &p->sender);
    if (err != ERR_OK) {
        pusher_free(p);
        return err;
    }
    *out = p;
    return ERR_OK;
}

void pusher_free(struct pusher *p)
{
    if (p == NULL)
        return;
    push_sender_free(p->sender);
    arena_free(p->arena);
    db_close(p->db);
    sodium_memzero(&p->keys, sizeof p->keys);
    free(p);
}

enum err pusher_start(struct pusher *p)
{
    enum err err = store_connect(&p->app->store, &p->db);
    if (err != ERR_OK)
        return err;
    p->started = pthread_create(&p->thread, NULL, push, p) == 0;
    return p->started ? ERR_OK : ERR_NO_MEMORY;
}

void pusher_stop(struct pusher *p)
{
    if (p == NULL || !p->started)
        return;
    atomic_store(&p->stopping, true);
    push_sender_wake(p->sender);
    (void)pthread_join(p->thread, NULL);
    p->started = false;
}

void pusher_wake(struct pusher *p)
{
    push_sender_wake(p->sender);
}

const char *pusher_key(const struct pusher *p)
{
    return p->key_text;
}

static void put(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP porchlight_push_%s %s\n# TYPE porchlight_push_%s %s\nporchlight_push_%s %llu\n", name, help,
               name, type, name, (unsigned long long)value);
}

enum err pusher_metrics(const struct pusher *p, struct db *db, struct buf *out)
{
    struct push_counts counts = {0};
    enum err err = pushes_count(db, &counts);
    put(out, "devices", "gauge", "Devices that want pushes.", (uint64_t)counts.devices);
    put(out, "waiting", "gauge", "Deliveries that are owed.", (uint64_t)counts.deliveries);
    put(out, "sent_total", "counter", "Deliveries that a push service took.", atomic_load(&p->taken));
    put(out, "failed_total", "counter", "Deliveries that were given up: see the log.", atomic_load(&p->failed));
    put(out, "retried_total", "counter", "Tries that are made again later.", atomic_load(&p->retried));
    put(out, "removed_total", "counter", "Devices that were forgotten.", atomic_load(&p->removed));
    put(out, "spared_total", "counter", "Deliveries to members who had heard already.", atomic_load(&p->spared));
    put(out, "expired_total", "counter", "Deliveries that were a day old.", atomic_load(&p->expired));
    return err;
}
