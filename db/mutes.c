/* Mutes: the table, and the list in memory beside it. See mutes.h. Few hold at a time: the list is walked. */
#include "db/mutes.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "db/rows.h"

/* ---- the table --------------------------------------------------------------------------------------------------- */

static enum err note(struct tx *tx, int64_t team_id, int64_t user_id, int64_t until_ms)
{
    return tx_note(
        tx,
        (struct change){
            .kind = CHANGE_MUTE, .team_id = team_id, .subject_id = user_id, .value = until_ms, .at_ms = tx->now_ms});
}

enum err mutes_set(struct tx *tx, int64_t team_id, int64_t user_id, int64_t until_ms, int64_t by)
{
    enum err err = db_run(tx->db,
                          "INSERT INTO mutes (team_id, user_id, until_ms, created_by, created_ms)"
                          " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (team_id, user_id) DO UPDATE"
                          " SET until_ms = excluded.until_ms, created_by = excluded.created_by,"
                          " created_ms = excluded.created_ms",
                          "iiiii", team_id, user_id, until_ms, by, tx->now_ms);
    return err != ERR_OK ? err : note(tx, team_id, user_id, until_ms);
}

enum err mutes_end(struct tx *tx, int64_t team_id, int64_t user_id)
{
    enum err err = db_run(tx->db, "DELETE FROM mutes WHERE team_id = $1 AND user_id = $2", "ii", team_id, user_id);
    return err != ERR_OK || db_changes(tx->db) == 0 ? err : note(tx, team_id, user_id, 0);
}

enum err mutes_until(struct db *db, int64_t team_id, int64_t user_id, int64_t now_ms, int64_t *until_ms)
{
    *until_ms = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT until_ms FROM mutes WHERE team_id = $1 AND user_id = $2 AND until_ms > $3", "iii",
                            team_id, user_id, now_ms);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *until_ms = db_int(stmt, 0);
    return db_end(stmt);
}

enum err mutes_refuse(struct problem *problem, int64_t until_ms)
{
    char when[40] = "";
    time_t seconds = (time_t)(until_ms / 1000 + (until_ms % 1000 != 0));
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL)
        (void)strftime(when, sizeof when, "%d %B, %H:%M", &utc);
    return problem_set(problem, ERR_MUTED,
                       "Your coach has asked you for a pause: you can write again from %s (UTC). Until then you can "
                       "read and like.",
                       when);
}

enum err mutes_check(struct tx *tx, int64_t team_id, int64_t user_id)
{
    int64_t until_ms;
    enum err err = mutes_until(tx->db, team_id, user_id, tx->now_ms, &until_ms);
    return err != ERR_OK || until_ms == 0 ? err : mutes_refuse(&tx->problem, until_ms);
}

enum err mutes_each(struct db *db, int64_t team_id, int64_t user_id, int64_t now_ms,
                    void (*each)(void *arg, const struct mute *mute), void *arg)
{
#define MUTE_SELECT "SELECT team_id, user_id, until_ms FROM mutes WHERE until_ms > $1"
    static const char all[] = MUTE_SELECT;
    static const char team[] = MUTE_SELECT " AND team_id = $2";
    static const char user[] = MUTE_SELECT " AND user_id = $2";
    bool one = team_id != 0 || user_id != 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            team_id != 0   ? team
                            : user_id != 0 ? user
                                           : all,
                            one ? "ii" : "i", now_ms, team_id != 0 ? team_id : user_id);
    if (err != ERR_OK)
        return err;
    while (db_row(stmt)) {
        const struct mute mute = {.team_id = db_int(stmt, 0), .user_id = db_int(stmt, 1), .until_ms = db_int(stmt, 2)};
        if (user_id == 0 || mute.user_id == user_id)
            each(arg, &mute);
    }
    return db_end(stmt);
}

enum err mutes_prune(struct tx *tx, size_t limit, int64_t *pruned)
{
    enum err err = db_run(tx->db,
                          "DELETE FROM mutes WHERE (team_id, user_id) IN"
                          " (SELECT team_id, user_id FROM mutes WHERE until_ms <= $1 LIMIT $2)",
                          "ii", tx->now_ms, (int64_t)limit);
    *pruned = err == ERR_OK ? db_changes(tx->db) : 0;
    return err;
}

/* ---- the memory -------------------------------------------------------------------------------------------------- */

struct mutes {
    pthread_mutex_t mutex;
    struct mute *list;
    size_t count;
    size_t cap;
};

/* Under the mutex, or before anybody else knows it. until_ms 0 ends it; what has ended by
   itself makes room for another. */
static void put(struct mutes *m, const struct mute *mute, int64_t now_ms)
{
    size_t i = 0;
    while (i < m->count && (m->list[i].team_id != mute->team_id || m->list[i].user_id != mute->user_id))
        i++;
    if (mute->until_ms == 0) {
        if (i < m->count)
            m->list[i] = m->list[--m->count];
        return;
    }
    if (i == m->count)
        for (i = 0; i < m->count && m->list[i].until_ms > now_ms;)
            i++;
    if (i == m->cap) {
        size_t cap = m->cap == 0 ? 16 : m->cap * 2;
        struct mute *grown = realloc(m->list, cap * sizeof *grown);
        if (grown == NULL)
            return; /* what is stored asks the table; a cheer too many hurts nobody */
        m->list = grown;
        m->cap = cap;
    }
    m->count += i == m->count;
    m->list[i] = *mute;
}

static void put_each(void *arg, const struct mute *mute)
{
    put(arg, mute, 0); /* all of them hold */
}

static enum err load(struct mutes *m, struct db *db, int64_t now_ms)
{
    m->count = 0;
    return mutes_each(db, 0, 0, now_ms, put_each, m);
}

enum err mutes_load(struct db *db, int64_t now_ms, struct mutes **out)
{
    struct mutes *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NO_MEMORY;
    (void)pthread_mutex_init(&m->mutex, NULL);
    enum err err = load(m, db, now_ms);
    if (err != ERR_OK)
        mutes_free(m);
    else
        *out = m;
    return err;
}

void mutes_free(struct mutes *m)
{
    if (m == NULL)
        return;
    (void)pthread_mutex_destroy(&m->mutex);
    free(m->list);
    free(m);
}

int64_t mutes_known(struct mutes *m, int64_t team_id, int64_t user_id, int64_t now_ms)
{
    int64_t until_ms = 0;
    (void)pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i].team_id == team_id && m->list[i].user_id == user_id && m->list[i].until_ms > now_ms)
            until_ms = m->list[i].until_ms;
    (void)pthread_mutex_unlock(&m->mutex);
    return until_ms;
}

void mutes_publish(struct mutes *m, struct db *db, int64_t now_ms, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        if (c->kind != CHANGE_MUTE && c->kind != CHANGE_ALL)
            continue;
        const struct mute mute = {.team_id = c->team_id, .user_id = c->subject_id, .until_ms = c->value};
        (void)pthread_mutex_lock(&m->mutex);
        if (c->kind == CHANGE_MUTE)
            put(m, &mute, now_ms);
        else
            (void)load(m, db, now_ms); /* likewise when it cannot be read */
        (void)pthread_mutex_unlock(&m->mutex);
    }
}
