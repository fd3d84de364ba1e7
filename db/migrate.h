/*
 * The schemas: numbered SQL files, never edited once released, built into the program with their checksums. Two sets,
 * one for each database file.
 *
 *      migrations/NNNN_name.sql         migrations_community    porchlight.db
 *      migrations/rooms/NNNN_name.sql   migrations_rooms        rooms.db
 *
 * Table `migrations` (number, name, checksum, applied_at) records what a database has. A database with a number that
 * this program does not know, or with another checksum, is refused before anything is written. Caller's thread.
 */
#ifndef PORCHLIGHT_DB_MIGRATE_H
#define PORCHLIGHT_DB_MIGRATE_H

#include "base/clock.h"
#include "base/err.h"
#include "db/driver.h"

struct migration {
    int number;
    const char *name; /* "0001_community" */
    const char *sql;
    const char *checksum; /* BLAKE2b-256 of the file, hex */
};

/* Written by the build, in order; each ends with number 0. */
extern const struct migration migrations_community[];
extern const struct migration migrations_rooms[];

struct migrate_report {
    int known;   /* the newest number this program has */
    int applied; /* the newest number the database has (before migrate_run) */
    int pending;
};

/* Reads only. ERR_SCHEMA with a clear `problem` when the database is newer or altered, or is one of the other set. */
enum err migrate_check(struct db *db, const struct migration *set, struct migrate_report *report,
                       struct problem *problem);

/* migrate_check, then applies what is pending, each file in one transaction; also makes what every community database
   has: its epoch. */
enum err migrate_run(struct db *db, const struct migration *set, const struct clock *clock,
                     struct migrate_report *report, struct problem *problem);

#endif
