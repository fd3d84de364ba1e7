/*
 * The schema: numbered SQL files, never edited once released, built into the program with their checksums.
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

/* Written by the build from migrations/NNNN_name.sql, in order; ends with number 0. */
extern const struct migration migrations[];

struct migrate_report {
    int known;   /* the newest number this program has */
    int applied; /* the newest number the database has (before migrate_run) */
    int pending;
};

/* Reads only. ERR_SCHEMA with a clear `problem` when the database is newer or altered. */
enum err migrate_check(struct db *db, struct migrate_report *report, struct problem *problem);

/* migrate_check, then applies what is pending, each file in one transaction; also makes what every database has: its
 * epoch. */
enum err migrate_run(struct db *db, const struct clock *clock, struct migrate_report *report, struct problem *problem);

#endif
