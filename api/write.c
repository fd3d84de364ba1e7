/*
 * Requests that write, and idempotency keys. See write.h. The loop's thread, but for run_job and job_done (the
 * writer's).
 */
#include "api/write.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "api/routes.h"

static struct request *request_of(struct job *job)
{
    return (struct request *)((char *)job - offsetof(struct request, job));
}

/* What makes two requests the same: method, address and body. */
static void make_fingerprint(struct request *r, const char *body, size_t body_len)
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, FINGERPRINT_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->route->path, strlen(r->route->path) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)r->target, r->target_len + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)body, body_len);
    (void)crypto_generichash_final(&state, r->fingerprint, FINGERPRINT_BYTES);
}

/* ERR_OK and r->replayed when the stored answer is taken. */
static enum err find_replay(struct request *r, struct tx *tx)
{
    struct replay replay;
    enum err err = access_replay_find(tx->db, tx->arena, r->replay_scope, r->replay_key, &replay);
    if (err != ERR_OK || !replay.found)
        return err;
    if (sodium_memcmp(replay.fingerprint, r->fingerprint, FINGERPRINT_BYTES) != 0)
        return problem_set(&tx->problem, ERR_KEY_REUSED, "%s", err_sentence(ERR_KEY_REUSED));
    r->replayed = true;
    r->status = replay.status;
    buf_reset(&r->out);
    buf_append(&r->out, replay.body, replay.body_len);
    return r->out.failed ? ERR_NO_MEMORY : ERR_OK;
}

/* They may have left for good since the request was let in. */
static enum err check_caller(struct request *r, struct tx *tx)
{
    if (r->caller.kind != CALLER_MEMBER)
        return ERR_OK;
    enum err err = users_is_here(r->write_people != NULL ? r->write_people : tx->db, r->caller.user_id);
    return err == ERR_UNAUTHENTICATED ? problem_set(&tx->problem, err, "This account is gone.") : err;
}

static enum err run_job(struct job *job, struct tx *tx)
{
    struct request *r = request_of(job);
    enum err gone = check_caller(r, tx);
    if (gone != ERR_OK)
        return gone;
    if (r->replay_key != NULL) {
        enum err err = find_replay(r, tx);
        if (err != ERR_OK || r->replayed)
            return err;
    }
    buf_reset(&r->out);
    enum err err = r->write_run(r, tx);
    if (err == ERR_OK && r->out.failed)
        err = ERR_NO_MEMORY;
    if (err != ERR_OK || r->replay_key == NULL)
        return err;
    return access_replay_store(tx, r->replay_scope, r->replay_key, r->fingerprint, r->status,
                               r->out.data == NULL ? "" : r->out.data, r->out.len);
}

static void job_done(struct job *job, enum err err, const struct problem *problem)
{
    struct request *r = request_of(job);
    r->problem = problem != NULL ? *problem : (struct problem){0};
    r->problem.err = err;
    request_complete(r);
}

static void answer(struct request *r)
{
    if (r->problem.err != ERR_OK) {
        request_fail(r, r->problem.err);
        return;
    }
    if (r->replayed)
        request_header(r, "Idempotency-Replayed", "true");
    if (r->write_then != NULL)
        r->write_then(r);
    else
        request_reply(r, r->status);
}

static bool key_is_valid(const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < len; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return false;
    return len >= 1 && len <= IDEMPOTENCY_KEY_BYTES_MAX;
}

static void submit(struct request *r, struct writer *writer, enum err (*run)(struct request *r, struct tx *tx),
                   void (*then)(struct request *r))
{
    r->write_run = run;
    r->write_then = then;
    r->write_people = writer == r->app->rooms ? r->app->rooms_reads : NULL;
    r->job.run = run_job;
    r->job.done = job_done;
    request_suspend(r, answer);
    if (writer_submit(writer, &r->job) != ERR_OK) {
        r->then = request_answer_busy;
        request_complete(r);
    }
}

static bool take_key(struct request *r)
{
    const char *key = r->method == METHOD_POST ? r->head.idempotency_key : NULL;
    if (key == NULL)
        return true;
    if (!key_is_valid(key)) {
        request_refuse(r, ERR_INVALID, "An Idempotency-Key has 1 to %d visible ASCII characters.",
                       IDEMPOTENCY_KEY_BYTES_MAX);
        return false;
    }
    r->replay_key = key;
    return true;
}

/* Keys of those who are no member share scope 0: what tells them apart becomes part of the key. */
static bool scope_key(struct request *r, const char *scope)
{
    unsigned char hash[16];
    char hex[33];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)scope, strlen(scope), NULL, 0);
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    r->replay_key = arena_printf(r->arena, "%s:%s", hex, r->replay_key);
    if (r->replay_key == NULL) /* without it, once might become twice */
        request_fail(r, ERR_NO_MEMORY);
    return r->replay_key != NULL;
}

static void write_to(struct request *r, struct writer *writer, enum err (*run)(struct request *r, struct tx *tx),
                     void (*then)(struct request *r))
{
    if (!take_key(r))
        return;
    if (r->replay_key != NULL) {
        if (r->caller.kind == CALLER_SERVICE && !scope_key(r, r->caller.name))
            return;
        r->replay_scope = r->caller.user_id;
        make_fingerprint(r, r->body == NULL ? "" : r->body, r->body_len);
    }
    submit(r, writer, run, then);
}

void request_write(struct request *r, enum err (*run)(struct request *r, struct tx *tx),
                   void (*then)(struct request *r))
{
    write_to(r, r->app->writer, run, then);
}

void request_write_rooms(struct request *r, enum err (*run)(struct request *r, struct tx *tx),
                         void (*then)(struct request *r))
{
    write_to(r, r->app->rooms, run, then);
}

void request_write_scoped(struct request *r, const char *scope, enum err (*run)(struct request *r, struct tx *tx),
                          void (*then)(struct request *r))
{
    if (!take_key(r))
        return;
    if (r->replay_key != NULL) {
        if (!scope_key(r, scope))
            return;
        make_fingerprint(r, scope, strlen(scope));
    }
    submit(r, r->app->writer, run, then);
}
