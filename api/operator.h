/*
 * What a command of the operator needs to do its work, wherever it runs.
 *
 * Each command exists once. When no server runs, the command line opens the store and runs it in its own process;
 * when one runs, api/control.c runs the same function inside the server, with writes going through the writer (so
 * that what is held in memory follows at once) and reads through a connection of its own. The command sees only this
 * struct.
 */
#ifndef PORCHLIGHT_API_OPERATOR_H
#define PORCHLIGHT_API_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "api/backups.h"
#include "api/options.h"
#include "api/samples.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/shed.h"
#include "db/audit.h"
#include "db/driver.h"
#include "db/migrate.h"
#include "db/writer.h"
#include "realtime/likes.h"

enum operator_stream { OPERATOR_OUT, OPERATOR_ERROR, OPERATOR_PROGRESS };

/* Where a command's words go: stdout and stderr, or frames on the control socket. */
struct operator_sink {
    /*
     * false: nobody listens any more; the command should stop. Progress is a short line without a line feed, which
     * the next one replaces; it is never waited for, and shown only on a terminal.
     */
    bool (*put)(void *arg, enum operator_stream stream, const char *bytes, size_t len);
    void *arg;
};

struct operator_context {
    const struct options *options;
    struct db *db; /* reads; the write connection itself when no server runs */

    /* writer_call or writer_once; NULL for a command that only reads */
    enum err (*write)(void *arg, struct job *job, struct problem *problem);
    void *write_arg;
    /* the same for rooms.db */
    enum err (*write_rooms)(void *arg, struct job *job, struct problem *problem);
    void *write_rooms_arg;

    const struct clock *clock;
    struct clock *test_clock; /* NULL: time is not ours to move */
    struct arena *arena;      /* lives as long as the command */
    struct operator_sink *sink;

    const struct migrate_report *migrated; /* what opening the store did; NULL inside a server, whose start did it */

    const char *secret; /* a password that was typed or piped; NULL: none */
    int input_fd;       /* a regular file, at its start; of a command that wants_output an empty one; -1: none */
    const char *input_name;
    struct shed *shed;   /* of a running server; NULL: none runs here */
    int lock_fd;            /* of a command with own_files: the lock of the data directory; -1: somebody else has it */
    const char *lock_holder; /* then, who */
    struct backups *backups; /* of a running server; NULL: none runs here */
    struct samples *samples; /* of a running server; NULL: none runs here */
    struct likes *likes; /* of a running server; NULL: none runs here */
    const char *image;   /* of a running server's program on disk; NULL: none runs here */
    bool realtime_available;
};

/* One line at a time, without a prefix. */
void operator_print(struct operator_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "porchlight: ..." and a line feed on the error stream; returns 1, the exit status of a command that could not. */
int operator_fail(struct operator_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, but returns 2: what was asked for makes no sense. */
int operator_misused(struct operator_context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* operator_fail with the problem's sentence. */
int operator_fail_with(struct operator_context *ctx, const struct problem *problem);

/* Runs a job through ctx->write. */
enum err operator_write(struct operator_context *ctx, struct job *job, struct problem *problem);

enum err operator_write_rooms(struct operator_context *ctx, struct job *job, struct problem *problem);

/* A row in the audit log of what the operator did, for an act that is no transaction itself. */
enum err operator_record(struct operator_context *ctx, const struct audit_entry *entry, struct problem *problem);

/* Finds a member by user name; says so when there is none. False: an error was printed. */
bool operator_find_user(struct operator_context *ctx, const char *username, struct user *out);

/* ---- the table of commands (api/commands.c) ---------------------------------------------------------------------- */

struct command {
    const char *name;      /* "user add" */
    const char *arguments; /* "NAME"; "" for none */
    const char *summary;   /* one line */
    const char *details;   /* paragraphs for COMMAND --help; NULL: the summary says it all */
    const char *examples;  /* one per line; NULL: none */
    size_t words_min;
    size_t words_max;
    /* Changes something when it has at least so many words; COMMAND_NEVER_WRITES when it only reads. */
    size_t writes_from;
    bool hidden;
    bool makes_data;    /* where no community is, it makes one; all others refuse: the name may be a slip */
    bool at_server;     /* though it only reads, a running server does it, with its own options and clock */
    bool word_or_stdin; /* "-" for its first word is the first line of stdin */
    bool wants_secret;  /* asks for a new password before it runs */
    bool wants_input;   /* its first word is a file to read */
    bool wants_output;  /* its first word, if there is one, is a file to write: it gets its name when all went well */
    /* Opens the databases itself, or puts others in their place: it is only given the lock, if that is free. */
    bool own_files;
    bool wants_likes; /* it takes the community as a whole: likes on their way into the database are brought there first
                       */
    int (*run)(struct operator_context *ctx); /* exit status; NULL: cli.c does it (serve, check) */
};

#define COMMAND_NEVER_WRITES 99

extern const struct command commands[COMMAND_COUNT_];

/* The command whose words begin `arguments`; `used` is how many they are. NULL with a sentence when there is none. */
const struct command *command_find(size_t count, const char *const *arguments, size_t *used, struct problem *problem);

/* "user" for "user add": whether the word is the first of several commands. */
bool command_is_group(const char *word);

enum command_id command_id(const struct command *command);
bool command_writes(const struct command *command, const struct options *options);

/* Whether a running server runs it. */
bool command_at_server(const struct command *command, const struct options *options);

/* Too few or too many words, with a sentence. */
enum err command_check_words(const struct command *command, const struct options *options, struct problem *problem);

#endif
