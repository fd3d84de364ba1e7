/*
 * Who did what to the community: one row for each act of a coach, an admin or the operator, written in the act's own
 * transaction. By id and never by name; rows are only ever added (the database refuses anything else). Table audit.
 */
#ifndef PORCHLIGHT_DB_AUDIT_H
#define PORCHLIGHT_DB_AUDIT_H

#include "db/tx.h"

struct audit_entry {
    int64_t id;
    int64_t at_ms;
    int64_t actor_id;    /* 0: the operator, at the command line */
    const char *action;  /* "post.hide", "member.mute": a noun and a verb */
    int64_t team_id;     /* 0: none */
    const char *subject; /* what subject_id is of: "user", "post", "message", "report", ...; NULL: nothing */
    int64_t subject_id;
    const char *detail; /* a word or a time; never anything about a person */
};

/* id and at_ms are given by the function; detail may be NULL. */
enum err audit_add(struct tx *tx, const struct audit_entry *entry);

/* Newest first, below before_id (0: from the newest); of one actor, or of all (0). */
enum err audit_page(struct db *db, struct arena *arena, int64_t actor_id, int64_t before_id, size_t limit,
                    struct audit_entry **out, size_t *count);

/* All, oldest first. Texts are borrowed; `each` runs inside the query. */
enum err audit_each(struct db *db, void (*each)(void *arg, const struct audit_entry *entry), void *arg);

/* What concerns one member: what they did and what was done to them. */
enum err audit_each_of(struct db *db, int64_t user_id, void (*each)(void *arg, const struct audit_entry *entry),
                       void *arg);

#endif
