/*
 * The options themselves: one row each, and the few ways in which a text becomes a value.
 *
 * A new option is a field in struct options and a row here; the command line, the environment, the configuration file,
 * `check` and the help pages follow.
 */
#include "api/options_table.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/paserk.h"
#include "base/clock.h"
#include "base/json.h"

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void *field_of(const struct option_row *row, struct options *options)
{
    return (unsigned char *)options + row->offset;
}

static enum err read_text(const struct option_row *row, struct options *options, const char *text,
                          struct problem *problem)
{
    size_t chars = json_utf8_length(text, strlen(text));
    if (chars == SIZE_MAX)
        return problem_set(problem, ERR_INVALID, "must be UTF-8");
    if ((int64_t)chars < row->min || (int64_t)chars > row->max)
        return problem_set(problem, ERR_INVALID, "must have %lld to %lld characters", (long long)row->min,
                           (long long)row->max);
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return problem_set(problem, ERR_INVALID, "must not have control characters");
    const char *copy = arena_text(options->memory, text);
    if (copy == NULL)
        return problem_set(problem, ERR_NO_MEMORY, "is more than fits in memory");
    *(const char **)field_of(row, options) = copy;
    return ERR_OK;
}

static enum err read_duration(const struct option_row *row, struct options *options, const char *text,
                              struct problem *problem, int64_t unit_ms)
{
    int64_t ms;
    if (!clock_parse_duration(text, &ms))
        return problem_set(problem, ERR_INVALID, "must be a duration such as 90s, 5m, 1h or 7d, not \"%.40s\"", text);
    if (ms % unit_ms != 0)
        return problem_set(problem, ERR_INVALID, "must be whole seconds, not \"%.40s\"", text);
    int64_t value = ms / unit_ms;
    if (value < row->min || value > row->max)
        return problem_set(problem, ERR_INVALID, "must be %lld%s to %lld%s, not \"%.40s\"", (long long)row->min,
                           unit_ms == 1 ? "ms" : "s", (long long)row->max, unit_ms == 1 ? "ms" : "s", text);
    *(int64_t *)field_of(row, options) = value;
    return ERR_OK;
}

static enum err read_seconds(const struct option_row *row, struct options *options, const char *text,
                             struct problem *problem)
{
    return read_duration(row, options, text, problem, 1000);
}

static enum err read_ms(const struct option_row *row, struct options *options, const char *text,
                        struct problem *problem)
{
    return read_duration(row, options, text, problem, 1);
}

static bool parse_number(const char *text, int64_t min, int64_t max, int64_t *value)
{
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *rest;
    errno = 0;
    long long number = strtoll(text, &rest, 10);
    if (errno != 0 || *rest != '\0' || number < min || number > max)
        return false;
    *value = number;
    return true;
}

static enum err read_number(const struct option_row *row, struct options *options, const char *text,
                            struct problem *problem)
{
    if (!parse_number(text, row->min, row->max, field_of(row, options)))
        return problem_set(problem, ERR_INVALID, "must be a number from %lld to %lld, not \"%.40s\"",
                           (long long)row->min, (long long)row->max, text);
    return ERR_OK;
}

/* Sets an int-sized enum to `min` plus the index of the word. */
static enum err read_choice(const struct option_row *row, struct options *options, const char *text,
                            struct problem *problem)
{
    char all[120] = "";
    for (size_t i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], text) == 0) {
            int value = (int)row->min + (int)i;
            memcpy(field_of(row, options), &value, sizeof value);
            return ERR_OK;
        }
        size_t used = strlen(all);
        const char *between = i == 0 ? "" : row->choices[i + 1] == NULL ? " or " : ", ";
        (void)snprintf(all + used, sizeof all - used, "%s%s", between, row->choices[i]);
    }
    return problem_set(problem, ERR_INVALID, "must be %s, not \"%.40s\"", all, text);
}

static_assert(sizeof(enum realtime_choice) == sizeof(int) && sizeof(enum role) == sizeof(int) &&
                  sizeof(enum log_level) == sizeof(int) && sizeof(enum log_format) == sizeof(int),
              "read_choice writes an int");

static enum err read_on_off(const struct option_row *row, struct options *options, const char *text,
                            struct problem *problem)
{
    bool on = strcmp(text, "on") == 0;
    if (!on && strcmp(text, "off") != 0)
        return problem_set(problem, ERR_INVALID, "must be on or off, not \"%.40s\"", text);
    *(bool *)field_of(row, options) = on;
    return ERR_OK;
}

static enum err read_switch(const struct option_row *row, struct options *options, const char *text,
                            struct problem *problem)
{
    (void)text;
    (void)problem;
    *(bool *)field_of(row, options) = true;
    return ERR_OK;
}

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080". Names are not looked up: a start must not wait for DNS. */
static enum err read_listen(const struct option_row *row, struct options *options, const char *text,
                            struct problem *problem)
{
    (void)row;
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (colon == NULL || !parse_number(colon + 1, 0, 65535, &port))
        return problem_set(problem, ERR_INVALID, "must be ADDRESS:PORT such as 127.0.0.1:8080, not \"%.60s\"", text);
    const char *host = text;
    size_t host_len = (size_t)(colon - text);
    bool bracketed = host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']';
    if (bracketed) {
        host++;
        host_len -= 2;
    }
    char name[LISTEN_HOST_BYTES] = "";
    unsigned char address[16];
    if (host_len > 0 && host_len < sizeof name)
        memcpy(name, host, host_len);
    if (strcmp(name, "localhost") == 0)
        memcpy(name, "127.0.0.1", sizeof "127.0.0.1");
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, name, address) != 1)
        return problem_set(problem, ERR_INVALID,
                           "must name a numeric address such as 127.0.0.1, 0.0.0.0 or [::1], not \"%.60s\"", text);
    memcpy(options->listen_host, name, sizeof name);
    options->listen_port = (uint16_t)port;
    options->listen_ipv6 = bracketed;
    return ERR_OK;
}

/*
 * An origin as browsers send it (RFC 6454): scheme, host in lower case, the port unless it is the scheme's own. A
 * slash at the end is forgiven. NULL: it is none.
 */
static char *parse_origin(struct arena *arena, const char *text)
{
    bool https = strncmp(text, "https://", 8) == 0;
    if (!https && strncmp(text, "http://", 7) != 0)
        return NULL;
    char *origin = arena_text(arena, text);
    if (origin == NULL)
        return NULL;
    char *host = origin + (https ? 8 : 7);
    size_t len = strlen(host);
    if (len > 0 && host[len - 1] == '/')
        host[--len] = '\0';
    char *port = strrchr(host, ':');
    if (port != NULL && strchr(port, ']') != NULL)
        port = NULL; /* a colon inside of [::1] */
    size_t host_len = port != NULL ? (size_t)(port - host) : len;
    if (host_len == 0 || host_len > 253)
        return NULL;
    bool bracketed = host[0] == '[' && host[host_len - 1] == ']';
    for (size_t i = bracketed ? 1 : 0; i < host_len - (bracketed ? 1 : 0); i++) {
        if (host[i] >= 'A' && host[i] <= 'Z')
            host[i] = (char)(host[i] - 'A' + 'a');
        const char *allowed = bracketed ? "0123456789abcdef:." : "abcdefghijklmnopqrstuvwxyz0123456789.-_";
        if (strchr(allowed, host[i]) == NULL)
            return NULL;
    }
    int64_t number;
    if (port != NULL && !parse_number(port + 1, 0, 65535, &number))
        return NULL;
    if (port != NULL && number == (https ? 443 : 80))
        *port = '\0';
    return origin;
}

static enum err read_public_url(const struct option_row *row, struct options *options, const char *text,
                                struct problem *problem)
{
    (void)row;
    const char *origin = parse_origin(options->memory, text);
    if (origin == NULL)
        return problem_set(problem, ERR_INVALID, "must be like https://walkers.example, without a path, not \"%.60s\"",
                           text);
    options->public_url = origin;
    options->public_url_given = true;
    return ERR_OK;
}

static enum err list_full(size_t max, struct problem *problem)
{
    return problem_set(problem, ERR_INVALID, "may be given %zu times at most", max);
}

static enum err read_cors_origin(const struct option_row *row, struct options *options, const char *text,
                                 struct problem *problem)
{
    (void)row;
    if (options->cors_origins_count == CORS_ORIGINS_MAX)
        return list_full(CORS_ORIGINS_MAX, problem);
    const char *origin = parse_origin(options->memory, text);
    if (origin == NULL)
        return problem_set(problem, ERR_INVALID, "must be an origin such as https://app.example, not \"%.60s\"", text);
    options->cors_origins[options->cors_origins_count++] = origin;
    return ERR_OK;
}

static enum err read_trust_proxy(const struct option_row *row, struct options *options, const char *text,
                                 struct problem *problem)
{
    (void)row;
    if (options->trust_proxy_count == TRUST_PROXY_MAX)
        return list_full(TRUST_PROXY_MAX, problem);
    if (!cidr_parse(text, &options->trust_proxy[options->trust_proxy_count]))
        return problem_set(problem, ERR_INVALID, "must be an address or a network such as 10.0.0.0/8, not \"%.60s\"",
                           text);
    options->trust_proxy_count++;
    return ERR_OK;
}

static enum err read_trusted_key(const struct option_row *row, struct options *options, const char *text,
                                 struct problem *problem)
{
    (void)row;
    unsigned char key[PASERK_KEY_BYTES];
    if (options->trusted_keys_count == TRUSTED_KEYS_MAX)
        return list_full(TRUSTED_KEYS_MAX, problem);
    if (!paserk_public_parse(text, strlen(text), key) || !paserk_usable(key))
        return problem_set(problem, ERR_INVALID, "must be a public key such as k4.public.…, not \"%.80s\"", text);
    const char *copy = arena_text(options->memory, text);
    if (copy == NULL)
        return problem_set(problem, ERR_NO_MEMORY, "is more than fits in memory");
    options->trusted_keys[options->trusted_keys_count++] = copy;
    return ERR_OK;
}

/* RFC 8292, section 2.1. */
static enum err read_contact(const struct option_row *row, struct options *options, const char *text,
                             struct problem *problem)
{
    (void)row;
    bool mail = strncmp(text, "mailto:", 7) == 0 && strchr(text + 7, '@') != NULL;
    bool site = strncmp(text, "https://", 8) == 0 && text[8] != '\0';
    for (const char *c = text; *c != '\0'; c++)
        mail = site = (mail || site) && *c > ' ' && *c <= '~';
    if ((!mail && !site) || strlen(text) > 200)
        return problem_set(problem, ERR_INVALID,
                           "must be like mailto:you@example.org or https://example.org, not \"%.60s\"", text);
    options->push_contact = arena_text(options->memory, text);
    return options->push_contact != NULL ? ERR_OK : problem_set(problem, ERR_NO_MEMORY, "is more than fits in memory");
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static const char *const on_off_words[] = {"off", "on", NULL};
static const char *const log_words[] = {"logfmt", "json", NULL};
static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};
static const char *const role_words[] = {"member", "coach", "admin", NULL};

#define BIT(command_) (UINT64_C(1) << (command_))
#define ALL (BIT(COMMAND_COUNT_) - 1)
#define SERVER (BIT(COMMAND_SERVE) | BIT(COMMAND_CHECK))
#define TOKENS (BIT(COMMAND_TOKEN_ISSUE) | BIT(COMMAND_TOKEN_VERIFY) | BIT(COMMAND_TOKEN_REVOKE))
#define AT(field_) .offset = offsetof(struct options, field_)
#define LIST(field_) AT(field_), .count_offset = offsetof(struct options, field_##_count), .repeatable = true

static_assert(COMMAND_COUNT_ < 64, "commands are bits of 64");

const struct option_row option_rows[] = {
    /* where */
    {.name = "listen",
     .argument = "ADDRESS:PORT",
     .default_value = "127.0.0.1:8080",
     .commands = SERVER | BIT(COMMAND_INVITE),
     .help = "Where to answer HTTP; port 0 takes a free one",
     .read = read_listen},
    {.name = "data",
     .argument = "DIR",
     .default_value = "data",
     .commands = ALL,
     .help = "Folder of the database",
     .read = read_text,
     AT(data),
     .min = 1,
     .max = 2048},
    {.name = "config",
     .argument = "FILE",
     .commands = ALL,
     .help = "Read options from FILE: lines of key = value",
     .read = read_text,
     AT(config),
     .min = 1,
     .max = 2048},
    {.name = "public-url",
     .argument = "URL",
     .commands = SERVER | BIT(COMMAND_INVITE),
     .help = "Address that members use; default: http:// and the listen address",
     .read = read_public_url},

    /* whom to believe */
    {.name = "trust-proxy",
     .argument = "CIDR",
     .commands = SERVER,
     .help = "Believe X-Forwarded-For from this network",
     .read = read_trust_proxy,
     LIST(trust_proxy)},
    {.name = "cors-origin",
     .argument = "ORIGIN",
     .commands = SERVER,
     .help = "Let web pages of this origin call the API",
     .read = read_cors_origin,
     LIST(cors_origins)},
    {.name = "trusted-key",
     .argument = "KEY",
     .commands = SERVER | TOKENS,
     .help = "Accept tokens that another site signed (k4.public.…)",
     .read = read_trusted_key,
     LIST(trusted_keys)},
    {.name = "issuer",
     .argument = "TEXT",
     .default_value = "porchlight",
     .commands = SERVER | TOKENS,
     .help = "Who issues tokens: their claim iss",
     .read = read_text,
     AT(issuer),
     .min = 1,
     .max = 128},
    {.name = "audience",
     .argument = "TEXT",
     .default_value = "porchlight",
     .commands = SERVER | TOKENS,
     .help = "Whom tokens are for: their claim aud",
     .read = read_text,
     AT(audience),
     .min = 1,
     .max = 128},
    {.name = "token-ttl",
     .argument = "DURATION",
     .default_value = "30d",
     .commands = SERVER | BIT(COMMAND_TOKEN_ISSUE),
     .help = "How long a sign-in lasts",
     .read = read_seconds,
     AT(token_ttl_s),
     .min = 1,
     .max = TOKEN_TTL_MAX_S},

    /* how */
    {.name = "realtime",
     .argument = "on|off",
     .commands = SERVER,
     .help = "Set the flag at start; default: as it was",
     .read = read_choice,
     AT(realtime),
     .min = REALTIME_OFF,
     .choices = on_off_words},
    {.name = "poll-interval",
     .argument = "DURATION",
     .default_value = "60s",
     .commands = SERVER,
     .help = "How often clients are asked to poll",
     .read = read_seconds,
     AT(poll_interval_s),
     .min = 1,
     .max = 3600},
    {.name = "grace",
     .argument = "DURATION",
     .default_value = "10s",
     .commands = SERVER,
     .help = "How long a member who left still counts as present",
     .read = read_ms,
     AT(grace_ms),
     .min = 0,
     .max = 600000},
    {.name = "room-limit",
     .argument = "N",
     .default_value = "1000",
     .commands = SERVER,
     .help = "Most sockets in one room, such as a team",
     .read = read_number,
     AT(room_limit),
     .min = 1,
     .max = ROOM_SOCKETS_MAX},
    {.name = "channel-limit",
     .argument = "N",
     .default_value = "1000",
     .commands = SERVER,
     .help = "Most sockets in one chat channel",
     .read = read_number,
     AT(channel_limit),
     .min = 1,
     .max = ROOM_SOCKETS_MAX},
    {.name = "sockets-per-address",
     .argument = "N",
     .default_value = "512",
     .commands = SERVER,
     .help = "Most sockets from one address",
     .read = read_number,
     AT(sockets_per_address),
     .min = 1,
     .max = SOCKETS_MAX},
    {.name = "rate-limit",
     .argument = "on|off",
     .default_value = "on",
     .commands = SERVER,
     .help = "Limit requests per member and per address; off only for load tests",
     .read = read_on_off,
     AT(rate_limit)},
    {.name = "backup-every",
     .argument = "DURATION",
     .default_value = "0",
     .commands = SERVER,
     .help = "Make a backup this often, such as 1d; 0: only when asked",
     .read = read_seconds,
     AT(backup_every_s),
     .min = 0,
     .max = BACKUP_EVERY_S_MAX},
    {.name = "backup-keep",
     .argument = "N",
     .default_value = "7",
     .commands = SERVER | BIT(COMMAND_BACKUP) | BIT(COMMAND_DOCTOR),
     .help = "How many backups to keep; the oldest go",
     .read = read_number,
     AT(backup_keep),
     .min = 1,
     .max = BACKUP_KEEP_MAX},
    {.name = "backup-to",
     .argument = "DIR",
     .default_value = "backups",
     .commands = SERVER | BIT(COMMAND_BACKUP) | BIT(COMMAND_BACKUPS) | BIT(COMMAND_DOCTOR),
     .help = "Folder of the backups; a relative one is inside --data",
     .read = read_text,
     AT(backup_to),
     .min = 1,
     .max = 2048},
    {.name = "threads",
     .argument = "N",
     .commands = SERVER,
     .help = "HTTP loops; default: one per core",
     .read = read_number,
     AT(threads),
     .min = 1,
     .max = 64},
    {.name = "log",
     .argument = "logfmt|json",
     .default_value = "logfmt",
     .commands = SERVER,
     .help = "Form of the log on stderr",
     .read = read_choice,
     AT(log_format),
     .min = LOG_LOGFMT,
     .choices = log_words},
    {.name = "log-level",
     .argument = "LEVEL",
     .default_value = "info",
     .commands = SERVER,
     .help = "debug, info, warn or error",
     .read = read_choice,
     AT(log_level),
     .min = LOG_DEBUG,
     .choices = level_words},
    {.name = "test-clock",
     .argument = "on|off",
     .default_value = "off",
     .commands = SERVER,
     .hidden = true,
     .help = "Let `porchlight clock` move the server's time",
     .read = read_on_off,
     AT(test_clock)},

    /* push */
    {.name = "push-contact",
     .argument = "ADDRESS",
     .commands = SERVER,
     .help = "How push services reach you: mailto:you@example.org; default: the public URL",
     .read = read_contact},
    {.name = "push-ca",
     .argument = "FILE",
     .commands = SERVER,
     .hidden = true,
     .help = "Certificates that push services are checked with",
     .read = read_text,
     AT(push_ca),
     .min = 1,
     .max = 2048},
    {.name = "push-allow-private",
     .argument = "on|off",
     .default_value = "off",
     .commands = SERVER,
     .hidden = true,
     .help = "Let a push service be on this machine or network, for tests",
     .read = read_on_off,
     AT(push_lenient)},

    /* of single commands */
    {.name = "name",
     .argument = "NAME",
     .commands = BIT(COMMAND_USER_ADD) | BIT(COMMAND_TEAM_ADD),
     .local = true,
     .help = "The name that everybody sees",
     .read = read_text,
     AT(name),
     .min = 1,
     .max = NAME_CHARS_MAX},
    {.name = "role",
     .argument = "ROLE",
     .default_value = "member",
     .commands = BIT(COMMAND_USER_ADD),
     .local = true,
     .help = "member, coach or admin",
     .read = read_choice,
     AT(role),
     .min = ROLE_MEMBER,
     .choices = role_words},
    {.name = "team",
     .argument = "COACH",
     .commands = BIT(COMMAND_USER_ADD),
     .local = true,
     .help = "Join the team of this coach",
     .read = read_text,
     AT(team),
     .min = 1,
     .max = USERNAME_CHARS_MAX},
    {.name = "password-stdin",
     .commands = BIT(COMMAND_USER_ADD) | BIT(COMMAND_USER_PASSWD),
     .local = true,
     .help = "Read the password from the first line of stdin",
     .read = read_switch,
     AT(password_stdin)},
    {.name = "dry-run",
     .commands = BIT(COMMAND_IMPORT) | BIT(COMMAND_RESTORE),
     .local = true,
     .help = "Read and check everything, say what would change, and change nothing",
     .read = read_switch,
     AT(dry_run)},
    {.name = "repair",
     .commands = BIT(COMMAND_DOCTOR),
     .local = true,
     .help = "Repair what can be repaired, after a backup",
     .read = read_switch,
     AT(repair)},
    {.name = "json",
     .commands =
         BIT(COMMAND_USER_LIST) | BIT(COMMAND_TEAM_LIST) | BIT(COMMAND_AUDIT) | BIT(COMMAND_NUMBERS) |
         BIT(COMMAND_INVITES) | BIT(COMMAND_BACKUPS),
     .local = true,
     .help = "Print JSON instead of a table",
     .read = read_switch,
     AT(json)},
    {.name = "csv",
     .commands = BIT(COMMAND_AUDIT),
     .local = true,
     .help = "Print comma-separated values instead of a table",
     .read = read_switch,
     AT(csv)},
    {.name = "user",
     .argument = "NAME",
     .commands = BIT(COMMAND_TOKEN_ISSUE) | BIT(COMMAND_TOKEN_REVOKE),
     .local = true,
     .help = "The member it is about",
     .read = read_text,
     AT(user),
     .min = 1,
     .max = USERNAME_CHARS_MAX},
    {.name = "service",
     .argument = "NAME",
     .commands = BIT(COMMAND_TOKEN_ISSUE),
     .local = true,
     .help = "A trusted server instead of a member; NAME is free to choose",
     .read = read_text,
     AT(service),
     .min = 1,
     .max = 60},
    {.name = "ttl",
     .argument = "DURATION",
     .commands = BIT(COMMAND_TOKEN_ISSUE),
     .local = true,
     .help = "How long the token holds; default: --token-ttl",
     .read = read_seconds,
     AT(ttl_s),
     .min = 1,
     .max = TOKEN_TTL_MAX_S},
    {.name = "uses",
     .argument = "N",
     .default_value = "1",
     .commands = BIT(COMMAND_INVITE),
     .local = true,
     .help = "How many people may join with the link",
     .read = read_number,
     AT(uses),
     .min = 1,
     .max = INVITE_USES_MAX},
    {.name = "expires",
     .argument = "DURATION",
     .default_value = "7d",
     .commands = BIT(COMMAND_INVITE),
     .local = true,
     .help = "How long the link holds",
     .read = read_seconds,
     AT(expires_s),
     .min = 60,
     .max = INVITE_HOURS_MAX * 3600},
};

const size_t option_rows_count = sizeof option_rows / sizeof option_rows[0];

static_assert(sizeof option_rows / sizeof option_rows[0] <= OPTION_ROWS_MAX, "struct options has a layer for each row");
static_assert(INVITE_HOURS_DEFAULT == 7 * 24, "the default of --expires says so");
