/*
 * A member leaves for good. What stays is numbers without a person: likes, what they counted, the audit log; their row
 * stays for these, as "Former member".
 *
 *   farewell_begin          the person is gone: name, sign-in, teams, devices      one transaction, acknowledged
 *   farewell_finish         posts, messages; then rooms.db: preferences, digests,  a page a transaction, so that nobody
 *                           and what other members' digests quote of the posts     has to wait for a writer
 *
 * Table farewells has those who are not finished: a server that was killed goes on where it is started. From the first
 * commit on nothing of theirs is written any more: whoever writes for a member asks users_is_here in the transaction.
 */
#ifndef PORCHLIGHT_DB_FAREWELL_H
#define PORCHLIGHT_DB_FAREWELL_H

#include "db/writer.h"

/* What a notice of a former member is called; its body is empty. */
#define FAREWELL_NOTICE_TITLE "A notice from before"

/* `actor_id` 0: the operator. ERR_NOT_FOUND. CHANGE_MEMBER, CHANGE_TOKENS, CHANGE_FAREWELL. */
enum err farewell_begin(struct tx *tx, int64_t actor_id, int64_t user_id);

/* Who is to be finished next. 0: nobody. */
enum err farewell_next(struct db *db, int64_t *user_id);

/* All who have left, by id. `each` runs inside the query. */
enum err farewell_each(struct db *db, void (*each)(void *arg, int64_t user_id, int64_t at_ms), void *arg);

/* How to run a job on the main writer, and on that of rooms.db, and wait for it. */
struct farewell_writers {
    enum err (*main)(void *arg, struct job *job);
    enum err (*rooms)(void *arg, struct job *job);
    void *arg;
    struct db *reads; /* porchlight.db, used on the rooms writer's thread */
};

/* Takes away what is left. What fails is left for another time: beginning anew is harmless. CHANGE_ERASED, of both. */
enum err farewell_finish(const struct farewell_writers *writers, int64_t user_id);

#endif
