/* Notes of a write in progress, and numbers from the one sequence. See tx.h. */
#include "db/tx.h"

#include <assert.h>
#include <stdlib.h>

#define CHANGES_FIRST 64
#define CHANGES_MAX (1U << 20) /* 48 MiB: the largest import notes each of its records once */

enum err tx_note(struct tx *tx, struct change change)
{
    if (tx->changes_count == tx->changes_cap) {
        size_t cap = tx->changes_cap == 0 ? CHANGES_FIRST : tx->changes_cap * 2;
        struct change *changes = cap > CHANGES_MAX ? NULL : realloc(tx->changes, cap * sizeof *changes);
        if (changes == NULL)
            return ERR_NO_MEMORY;
        tx->changes = changes;
        tx->changes_cap = cap;
    }
    tx->changes[tx->changes_count++] = change;
    return ERR_OK;
}

enum err tx_number(struct tx *tx, int64_t *seq)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "UPDATE sequence SET value = value + 1 WHERE name = 'event' RETURNING value",
                            "");
    if (err != ERR_OK)
        return err;
    *seq = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    return err == ERR_OK && *seq == 0 ? ERR_INTERNAL : err;
}

static enum err store(struct tx *tx, const struct change *change)
{
    return db_run(tx->db,
                  "INSERT INTO events (seq, team_id, kind, subject_id, at_ms) VALUES ($1, NULLIF($2, 0), $3, $4, $5)",
                  "iiiii", change->seq, change->team_id, (int64_t)change->kind, change->subject_id, tx->now_ms);
}

static bool is_logged(enum change_kind kind)
{
    return kind <= CHANGE_LOGGED_LAST || kind == CHANGE_POST_HIDDEN || kind == CHANGE_POST_RESTORED;
}

enum err tx_event_valued(struct tx *tx, const struct change *change)
{
    assert(change->kind < CHANGE_LIKES && change->seq > 0);
    enum err err = is_logged(change->kind) ? store(tx, change) : ERR_OK;
    struct change noted = *change;
    noted.at_ms = tx->now_ms;
    return err != ERR_OK ? err : tx_note(tx, noted);
}

enum err tx_event_numbered(struct tx *tx, enum change_kind kind, int64_t team_id, int64_t subject_id, int64_t seq)
{
    const struct change change = {.kind = kind, .seq = seq, .team_id = team_id, .subject_id = subject_id};
    return tx_event_valued(tx, &change);
}

enum err tx_event(struct tx *tx, enum change_kind kind, int64_t team_id, int64_t subject_id, int64_t *seq)
{
    int64_t number;
    enum err err = tx_number(tx, &number);
    if (err == ERR_OK)
        err = tx_event_numbered(tx, kind, team_id, subject_id, number);
    if (err == ERR_OK && seq != NULL)
        *seq = number;
    return err;
}
