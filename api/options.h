/*
 * Everything an operator can choose, from one table.
 *
 * A row of the table (api/options_table.c) is an option: its name, argument, default, help line, which commands take
 * it, whether it repeats, and how a text becomes a value. From it come the command line (--poll-interval 60s), the
 * environment twin (PORCHLIGHT_POLL_INTERVAL), the key in a configuration file (poll-interval = 60s) and the help
 * page.
 *
 *      defaults  <  configuration file  <  environment  <  command line
 *
 * A later layer replaces an earlier one's value; a repeatable option is replaced as a whole list. The options_apply_*
 * functions are pure: text in, values or one sentence that names the culprit out. Unknown names are errors, everywhere.
 */
#ifndef PORCHLIGHT_API_OPTIONS_H
#define PORCHLIGHT_API_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/cidr.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "db/users.h"

/* The commands, in the order in which `porchlight --help` lists them; api/commands.c has one row for each. */
enum command_id {
    COMMAND_SERVE,
    COMMAND_CHECK,
    COMMAND_MIGRATE,
    COMMAND_DEMO,
    COMMAND_IMPORT,
    COMMAND_EXPORT,
    COMMAND_BACKUP,
    COMMAND_BACKUPS,
    COMMAND_RESTORE,
    COMMAND_DOCTOR,
    COMMAND_USER_ADD,
    COMMAND_USER_PASSWD,
    COMMAND_USER_DISABLE,
    COMMAND_USER_ENABLE,
    COMMAND_USER_LIST,
    COMMAND_USER_DELETE,
    COMMAND_TEAM_ADD,
    COMMAND_TEAM_LIST,
    COMMAND_TEAM_REMOVE,
    COMMAND_MUTE,
    COMMAND_HIDE,
    COMMAND_SHOW,
    COMMAND_REPORT,
    COMMAND_WORDS,
    COMMAND_AUDIT,
    COMMAND_INVITE,
    COMMAND_INVITES,
    COMMAND_TOKEN_ISSUE,
    COMMAND_TOKEN_VERIFY,
    COMMAND_TOKEN_REVOKE,
    COMMAND_TOKEN_KEYS,
    COMMAND_NUMBERS,
    COMMAND_FLAG,
    COMMAND_RELOAD,
    COMMAND_CLOCK,
    COMMAND_SETTLE,
    COMMAND_LOAD,
    COMMAND_COUNT_
};

#define LISTEN_HOST_BYTES 46   /* INET6_ADDRSTRLEN */
#define LISTEN_URL_BYTES (LISTEN_HOST_BYTES + sizeof "http://[]:65535")
#define COMMAND_WORDS_MAX 4    /* what is left of a command line without the command and its options */
#define OPTION_ROWS_MAX 64     /* room for the table; it asserts that it fits */
#define CONFIG_BYTES_MAX 65536 /* a configuration file is a page, not a book */

enum realtime_choice {
    REALTIME_UNSET, /* as the flag in the database says */
    REALTIME_OFF,
    REALTIME_ON
};

/* What an operator chose. Texts live in `memory` or are static. */
struct options {
    struct arena *memory;

    /* where */
    const char *data;                    /* folder of the database, the lock and the control socket */
    const char *config;                  /* NULL: none */
    char listen_host[LISTEN_HOST_BYTES]; /* a numeric address, IPv6 without brackets */
    uint16_t listen_port;                /* 0: a free one */
    bool listen_ipv6;
    const char *public_url; /* origin without a slash at its end: "https://walkers.example" */
    bool public_url_given;  /* false: options_listen_url (serve corrects port 0) */

    /* whom to believe */
    struct cidr trust_proxy[TRUST_PROXY_MAX];
    size_t trust_proxy_count;
    const char *cors_origins[CORS_ORIGINS_MAX];
    size_t cors_origins_count;
    const char *trusted_keys[TRUSTED_KEYS_MAX]; /* k4.public.… */
    size_t trusted_keys_count;
    const char *issuer;
    const char *audience;
    int64_t token_ttl_s;

    /* how */
    enum realtime_choice realtime;
    int64_t poll_interval_s;
    int64_t grace_ms;
    int64_t room_limit; /* sockets */
    int64_t channel_limit;
    int64_t sockets_per_address;
    bool rate_limit;
    int64_t backup_every_s; /* 0: only when asked */
    int64_t backup_keep;
    const char *backup_to; /* relative to the data directory */
    bool test_clock;
    const char *push_contact; /* of the operator, for push services; NULL: the public URL */
    const char *push_ca;      /* a file of certificates instead of the system's; NULL: the system's */
    bool push_lenient;        /* any machine and port may be a push service */
    int64_t threads; /* 0: one per core */
    enum log_format log_format;
    enum log_level log_level;

    /* of single commands */
    const char *name;    /* --name */
    enum role role;      /* --role */
    const char *team;    /* --team: a coach's user name */
    const char *user;    /* --user */
    const char *service; /* --service */
    int64_t ttl_s;       /* --ttl; 0: token_ttl_s */
    int64_t uses;        /* --uses */
    int64_t expires_s;   /* --expires */
    bool password_stdin;
    bool dry_run; /* --dry-run */
    bool repair;  /* --repair */
    bool json;    /* --json */
    bool csv;     /* --csv */

    /* what is left of the command line */
    bool help;
    const char *words[COMMAND_WORDS_MAX];
    size_t words_count;

    unsigned char layer[OPTION_ROWS_MAX]; /* which layer set each row, so that a later one replaces a whole list */
};

/* Defaults. ERR_NO_MEMORY. */
enum err options_init(struct options *options);
void options_clear(struct options *options); /* a zeroed struct is fine */

/*
 * A copy to lay a command's own arguments over: what a running server gives the commands it runs. Texts stay those of
 * `from`, which must outlive the copy. ERR_NO_MEMORY.
 */
enum err options_copy(struct options *to, const struct options *from);

/* `key = value` lines, # comments. `file` is for the sentence: "FILE:LINE: ...". */
enum err options_apply_config(struct options *options, const char *text, size_t len, const char *file,
                              struct problem *problem);

/* Every PORCHLIGHT_* of a list such as environ; NULL is empty. */
enum err options_apply_environment(struct options *options, char *const *environment, struct problem *problem);

/* Options and words after the command's own words. `--` ends the options. */
enum err options_apply_arguments(struct options *options, enum command_id command, size_t count,
                                 const char *const *arguments, struct problem *problem);

/* What can be judged only when all layers are in: combinations, and the public URL's default. */
enum err options_finish(struct options *options, enum command_id command, struct problem *problem);

/* All layers in their order; the configuration is that of --config, PORCHLIGHT_CONFIG, or an installed program. */
enum err options_load(struct options *options, enum command_id command, size_t count, const char *const *arguments,
                      char *const *environment, struct problem *problem);

/* Where a browser on this machine finds a server that listens like this: an address that means all is no link. */
void options_listen_url(const struct options *options, unsigned port, char out[static LISTEN_URL_BYTES]);

/* Listens where this socket does. ERR_INTERNAL: it has no internet address. */
enum err options_listen_on(struct options *options, int fd);

/* Whether other machines reach it. */
bool options_listen_outside(const struct options *options);

/* For the help pages: calls `each` for every option that `command` takes and that is not hidden. */
struct option_help {
    const char *name;
    const char *argument;      /* NULL: a switch */
    const char *default_value; /* NULL: none */
    const char *help;
    bool repeatable;
    bool has_environment;
};
void options_describe(enum command_id command, void (*each)(void *arg, const struct option_help *option), void *arg);

#endif
