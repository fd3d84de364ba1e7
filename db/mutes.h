/*
 * Who may not write for a while, in which team. They read and like, but do not post, chat or cheer. Table mutes.
 *
 * A mute ends by itself: its time is compared wherever it counts. What is written asks the table, in the transaction
 * that writes; what is never stored (cheers) asks the memory beside it, which follows each commit.
 */
#ifndef PORCHLIGHT_DB_MUTES_H
#define PORCHLIGHT_DB_MUTES_H

#include <stdbool.h>

#include "db/tx.h"

/* CHANGE_MUTE; replaces what was. */
enum err mutes_set(struct tx *tx, int64_t team_id, int64_t user_id, int64_t until_ms, int64_t by);
/* CHANGE_MUTE when there was one. */
enum err mutes_end(struct tx *tx, int64_t team_id, int64_t user_id);

/* ERR_MUTED with a sentence while it lasts. */
enum err mutes_check(struct tx *tx, int64_t team_id, int64_t user_id);
enum err mutes_refuse(struct problem *problem, int64_t until_ms);

/* 0: none that still holds. */
enum err mutes_until(struct db *db, int64_t team_id, int64_t user_id, int64_t now_ms, int64_t *until_ms);

/* Those that hold, of a team (or all, 0) and of a member (or all, 0). `each` runs inside the query. */
struct mute {
    int64_t team_id;
    int64_t user_id;
    int64_t until_ms;
};
enum err mutes_each(struct db *db, int64_t team_id, int64_t user_id, int64_t now_ms,
                    void (*each)(void *arg, const struct mute *mute), void *arg);

/* Rows that hold no more, at most `limit`. */
enum err mutes_prune(struct tx *tx, size_t limit, int64_t *pruned);

/* ---- the memory: any thread -------------------------------------------------------------------------------------- */

struct mutes;

enum err mutes_load(struct db *db, int64_t now_ms, struct mutes **out);
void mutes_free(struct mutes *m); /* NULL is fine */

/* 0: the member may cheer; otherwise until when not. */
int64_t mutes_known(struct mutes *m, int64_t team_id, int64_t user_id, int64_t now_ms);

/* A writer's thread, after a commit, in order. `db` is read when much changed at once. */
void mutes_publish(struct mutes *m, struct db *db, int64_t now_ms, const struct change *changes, size_t count);

#endif
