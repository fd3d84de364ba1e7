/*
 * A room that does what a socket tells it, one line a message, so that storage, alarms and sleep can be tried from the
 * outside. Everybody in the room hears what came of it.
 *
 *   put KEY VALUE    put KEY ok                     get KEY      get KEY VALUE, or get KEY -
 *   list PREFIX      list KEY KEY ...               delete KEY   delete KEY ok
 *   alarm MS         alarm ok; in so many ms: rang N PEOPLE, N counted in storage
 *   deaf MS          likewise, but the first ringing is not acted upon: as if the room had died of it
 */
#include "tests/echo/try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "realtime/kinds.h"
#include "realtime/note.h"
#include "realtime/reactor.h"
#include "realtime/socket.h"
#include "realtime/storage.h"

#define LINE_BYTES_MAX 4096
#define KEYS_MAX 32
#define RANG "rang" /* how often */
#define DEAF "deaf" /* the next ringing is not heard */

struct order {
    struct room_job job;
    char verb[16];
    char key[ROOM_KEY_BYTES_MAX + 2];
    char value[1024];
    struct buf answer;
};

/* ---- orders ------------------------------------------------------------------------------------------------------ */

static enum err get(struct order *o, struct tx *tx)
{
    struct room_value value;
    enum err err = room_store_get(tx->db, o->job.arena, o->job.room->name, o->key, &value);
    if (err == ERR_NOT_FOUND)
        buf_printf(&o->answer, "get %s -", o->key);
    else if (err == ERR_OK)
        buf_printf(&o->answer, "get %s %.*s", o->key, (int)value.len, (const char *)value.bytes);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err list(struct order *o, struct tx *tx)
{
    struct room_value values[KEYS_MAX];
    size_t count = 0;
    enum err err = room_store_list(tx->db, o->job.arena, o->job.room->name, o->key, "", KEYS_MAX, values, &count);
    buf_puts(&o->answer, "list");
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        buf_printf(&o->answer, " %s", values[i].key);
    return err;
}

static enum err put(struct order *o, struct tx *tx, const char *key, const char *text)
{
    struct room_value value = {.key = key, .bytes = text, .len = strlen(text)};
    return room_store_put(tx, o->job.room->name, &value);
}

static enum err set_alarm(struct order *o, struct tx *tx)
{
    enum err err = strcmp(o->verb, "deaf") == 0 ? put(o, tx, DEAF, "yes") : ERR_OK;
    buf_printf(&o->answer, "%s ok", o->verb);
    return err != ERR_OK ? err : storage_set_alarm(&o->job, tx, tx->now_ms + strtoll(o->key, NULL, 10));
}

static enum err run_order(struct room_job *job, struct tx *tx)
{
    struct order *o = (struct order *)job;
    buf_init(&o->answer, LINE_BYTES_MAX);
    if (strcmp(o->verb, "get") == 0)
        return get(o, tx);
    if (strcmp(o->verb, "list") == 0)
        return list(o, tx);
    if (strcmp(o->verb, "alarm") == 0 || strcmp(o->verb, "deaf") == 0)
        return set_alarm(o, tx);
    buf_printf(&o->answer, "%s %s ok", o->verb, o->key);
    return strcmp(o->verb, "put") == 0 ? put(o, tx, o->key, o->value) : room_store_delete(tx, job->room->name, o->key);
}

static void order_done(struct room_turn *t, struct room_job *job)
{
    struct order *o = (struct order *)job;
    if (job->err != ERR_OK) {
        buf_reset(&o->answer);
        buf_printf(&o->answer, "%s %s %s", o->verb, o->key, err_slug(job->err));
    }
    if (o->answer.len > 0)
        room_say(t, &o->answer, PACKET_STATE, 0, SAID_PUBLISHED);
    buf_clear(&o->answer);
}

static void on_raw(struct room_turn *t, const char *text, size_t len)
{
    char line[LINE_BYTES_MAX];
    struct order *o = (struct order *)storage_job(t, sizeof *o, run_order, order_done);
    (void)snprintf(line, sizeof line, "%.*s", (int)len, text);
    if (o == NULL)
        return;
    (void)sscanf(line, "%15s %2049s %1023[^\n]", o->verb, o->key, o->value);
    storage_take(t, &o->job);
}

/* ---- the alarm --------------------------------------------------------------------------------------------------- */

/* What it was for, and its end, in one transaction. */
static enum err run_ring(struct room_job *job, struct tx *tx)
{
    struct order *o = (struct order *)job;
    struct room_value value;
    char times[24];
    buf_init(&o->answer, LINE_BYTES_MAX);
    if (room_store_get(tx->db, job->arena, job->room->name, DEAF, &value) == ERR_OK)
        return room_store_delete(tx, job->room->name, DEAF);
    enum err err = room_store_get(tx->db, job->arena, job->room->name, RANG, &value);
    long long rang = err == ERR_OK ? 1 + strtoll(arena_copy(job->arena, value.bytes, value.len), NULL, 10) : 1;
    (void)snprintf(times, sizeof times, "%lld", rang);
    buf_printf(&o->answer, "rang %s %u", times, atomic_load(&job->room->sockets));
    err = put(o, tx, RANG, times);
    return err != ERR_OK ? err : storage_set_alarm(job, tx, 0);
}

static void on_alarm(struct room_turn *t, int64_t due_ms)
{
    struct order *o = (struct order *)storage_job(t, sizeof *o, run_ring, order_done);
    (void)due_ms;
    if (o != NULL)
        storage_take(t, &o->job);
}

const struct room_kind try_kind = {
    .name = "try",
    .raw = on_raw,
    .alarm = on_alarm,
};

/* The socket's loop: the room may live on another. */
void try_message(struct reactor *r, struct socket *s, const unsigned char *bytes, size_t len, bool text)
{
    struct note *note = text ? note_create(NOTE_RAW, s->room) : NULL;
    if (note == NULL)
        return;
    note->as.raw.text = malloc(len + 1);
    note->as.raw.len = len;
    if (note->as.raw.text == NULL) {
        note_free(note);
        return;
    }
    memcpy(note->as.raw.text, bytes, len);
    (void)reactor_post_take(hub_home_of(r->rt, s->room), note);
}
