/*
 * What changes when a backup takes the place of a community: it gets another name for its history (the epoch), so that
 * a client's cursor from before is known to be of another one; and ids that were given out since are not given again.
 */
#ifndef PORCHLIGHT_DB_HISTORY_H
#define PORCHLIGHT_DB_HISTORY_H

#include "db/tx.h"

/* A new random epoch. */
enum err history_renew(struct tx *tx);

/* Ids go on behind those that `present`, the database whose place is taken, gave out. */
enum err history_skip_ids(struct tx *tx, struct db *present);

#endif
