/*
 * A community as JSON Lines that api/import.h reads: users, teams, memberships, posts, likes, notices, each ordered
 * by id.
 *
 * One read transaction, so the file is one moment of the community. Keys come in a fixed order and times in one form:
 * exporting, importing into an empty database and exporting again gives the same bytes. Deleted posts are left out,
 * and so are reports, pauses, the word list, the audit log, and what belongs to this server alone: signing keys,
 * invites, revoked tokens, flags. Passwords are there as
 * argon2id strings.
 */
#ifndef PORCHLIGHT_API_EXPORT_H
#define PORCHLIGHT_API_EXPORT_H

#include <stdint.h>

#include "base/err.h"
#include "db/driver.h"

/* Writes to `fd`. ERR_STORAGE when it cannot be written (errno holds) or the database fails. `records` may be NULL. */
enum err export_run(struct db *db, int fd, int64_t *records);

#endif
