/*
 * check: looks over everything that serve would use, and touches nothing.
 *
 * It has no operator_context: there may be no data yet, and nothing to open.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/cmd.h"
#include "api/control_socket.h"
#include "api/keyring.h"
#include "api/store.h"
#include "db/transfer.h"

static void say(const char *what, const char *finding)
{
    (void)printf("%-14s %s\n", what, finding);
}

static int fault(const char *what, const char *finding)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "porchlight: %s: %s\n", what, finding);
    return 1;
}

static void check_configuration(const struct options *o)
{
    char text[400];
    (void)snprintf(text, sizeof text, "%s%s", o->config != NULL ? "read from " : "no file",
                   o->config != NULL ? o->config : "");
    say("configuration", text);
    (void)snprintf(text, sizeof text, o->listen_ipv6 ? "[%s]:%u" : "%s:%u", o->listen_host, (unsigned)o->listen_port);
    say("listen", text);
    say("public URL", o->public_url);
}

/* Keys that are well formed one by one may still clash: twice the same, or one of our own. */
static int check_keys(struct db *db, const struct options *o)
{
    struct keyring *ring = NULL;
    struct problem problem = {0};
    enum err err = keyring_load(db, o->trusted_keys, o->trusted_keys_count, &ring, &problem);
    bool signs = err == ERR_OK && keyring_can_sign(ring);
    keyring_unref(ring);
    problem.err = err;
    if (err != ERR_OK)
        return fault("keys", problem_detail(&problem));
    if (!signs)
        return fault("keys", "there is no key to sign tokens with; `porchlight migrate` makes one");
    say("keys", "in order");
    return 0;
}

static int check_content(struct db *db, const struct options *o)
{
    const struct clock clock = {0};
    struct engagement e;
    char text[400] = "";
    if (transfer_inspect(db, text, sizeof text) != ERR_OK)
        return fault("content", "the database cannot be read");
    if (text[0] != '\0')
        return fault("content", text);
    if (users_engagement(db, clock_wall_ms(&clock), &e) != ERR_OK)
        return fault("content", "the database cannot be read");
    (void)snprintf(text, sizeof text, "%lld members, %lld teams, %lld posts, %lld likes, %lld notices; no damage found",
                   (long long)e.users, (long long)e.teams, (long long)e.posts, (long long)e.likes,
                   (long long)e.notices);
    say("content", text);
    return check_keys(db, o);
}

/* The second file: only whether this program can work with it. */
static int check_rooms(const struct options *o)
{
    char path[STORE_PATH_BYTES];
    const struct log log = {.fd = STDERR_FILENO, .level = LOG_ERROR, .format = LOG_LOGFMT};
    const struct db_options db_options = {.path = path, .read_only = true, .log = &log};
    struct db *db = NULL;
    struct migrate_report m;
    struct problem problem = {0};
    if (store_path(o->data, STORE_ROOMS, path) != ERR_OK)
        return fault("data", "its name is too long");
    if (access(path, F_OK) != 0) {
        say("rooms", "not there yet; serve makes them");
        return 0;
    }
    if (db_open(&db_options, &db) != ERR_OK)
        return fault("rooms", "they cannot be opened");
    enum err err = migrate_check(db, migrations_rooms, &m, &problem);
    db_close(db);
    problem.err = err;
    if (err != ERR_OK)
        return fault("rooms", problem_detail(&problem));
    say("rooms", path);
    return 0;
}

static int check_database(const struct options *o, const char *path)
{
    const struct log log = {.fd = STDERR_FILENO, .level = LOG_ERROR, .format = LOG_LOGFMT};
    const struct db_options db_options = {.path = path, .read_only = true, .log = &log};
    struct db *db = NULL;
    struct migrate_report m;
    struct problem problem = {0};
    if (db_open(&db_options, &db) != ERR_OK)
        return fault("database", "it cannot be opened");
    say("database", path);
    int status;
    enum err err = migrate_check(db, migrations_community, &m, &problem);
    problem.err = err;
    if (err != ERR_OK) {
        status = fault("schema", problem_detail(&problem));
    } else {
        char text[120];
        (void)snprintf(text, sizeof text, m.pending > 0 ? "%d of %d; serve and migrate apply the rest" : "%d of %d",
                       m.applied, m.known);
        say("schema", text);
        status = m.pending > 0 ? 0 : check_content(db, o);
    }
    db_close(db);
    return status;
}

int cmd_check(const struct options *options)
{
    char path[STORE_PATH_BYTES];
    struct stat st;
    check_configuration(options);
    if (stat(options->data, &st) != 0 && errno == ENOENT) {
        say("data", "not there yet; serve makes it");
        return 0;
    }
    if (!S_ISDIR(st.st_mode))
        return fault("data", "it is not a directory");
    if (access(options->data, R_OK | W_OK | X_OK) != 0)
        return fault("data", "it cannot be written to");
    say("data", (st.st_mode & 077) != 0 ? "open to other users; chmod 700 is better" : options->data);

    int fd;
    bool runs = control_socket_connect(options->data, &fd) == ERR_OK;
    if (runs)
        (void)close(fd);
    say("server", runs ? "runs" : "does not run");
    if (store_path(options->data, STORE_DATABASE, path) != ERR_OK)
        return fault("data", "its name is too long");
    if (access(path, F_OK) != 0) {
        say("database", "not there yet; serve makes it");
        return 0;
    }
    int status = check_database(options, path);
    return status != 0 ? status : check_rooms(options);
}
