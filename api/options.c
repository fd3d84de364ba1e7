/*
 * Layers of options: configuration file, environment, command line. See options.h.
 *
 * Every layer does the same: it finds the row by a name as that layer spells it, reads the value, and puts the
 * layer's own way of naming the culprit before what is wrong.
 */
#include "api/options.h"

#include <assert.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/options_table.h"
#include "api/suggest.h"

#define ENVIRONMENT_PREFIX "PORCHLIGHT_"
#define OPTION_NAME_BYTES 64
#define OPTION_VALUE_BYTES_MAX 4096 /* a list of the longest keys and origins is shorter */
#define OPTIONS_MEMORY_BYTES_MAX (1U << 20)

enum layer { LAYER_DEFAULT, LAYER_CONFIG, LAYER_ENVIRONMENT, LAYER_ARGUMENTS };

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static const struct option_row *find_row(const char *name)
{
    for (size_t i = 0; i < option_rows_count; i++)
        if (strcmp(option_rows[i].name, name) == 0)
            return &option_rows[i];
    return NULL;
}

static bool takes(enum command_id command, const struct option_row *row)
{
    return (row->commands >> command & 1U) != 0;
}

/* poll-interval -> PORCHLIGHT_POLL_INTERVAL */
static void environment_name(const struct option_row *row, char out[static OPTION_NAME_BYTES])
{
    int len = snprintf(out, OPTION_NAME_BYTES, ENVIRONMENT_PREFIX "%s", row->name);
    assert(len > 0 && len < OPTION_NAME_BYTES);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

/* A list is divided at commas and blanks; each part is read by itself. */
static enum err read_list(const struct option_row *row, struct options *options, const char *text,
                          struct problem *problem)
{
    char part[OPTION_VALUE_BYTES_MAX];
    for (;;) {
        text += strspn(text, ", \t");
        size_t len = strcspn(text, ", \t");
        if (len == 0)
            return ERR_OK;
        if (len >= sizeof part)
            return problem_set(problem, ERR_INVALID, "is too long");
        memcpy(part, text, len);
        part[len] = '\0';
        enum err err = row->read(row, options, part, problem);
        if (err != ERR_OK)
            return err;
        text += len;
    }
}

/* Sets one value. The problem's sentence begins with `who`, the name as the operator spelled it. */
static enum err set_value(struct options *options, const struct option_row *row, enum layer layer, const char *text,
                          const char *who, struct problem *problem)
{
    unsigned char *layer_of_row = &options->layer[row - option_rows];
    if (row->repeatable && *layer_of_row != layer)
        *(size_t *)(void *)((unsigned char *)options + row->count_offset) = 0;
    *layer_of_row = (unsigned char)layer;

    struct problem reason = {0};
    enum err err = row->repeatable ? read_list(row, options, text, &reason) : row->read(row, options, text, &reason);
    if (err != ERR_OK)
        return problem_set(problem, err, "%s %s", who, reason.detail);
    return ERR_OK;
}

/* ---- making and copying ------------------------------------------------------------------------------------------ */

enum err options_init(struct options *options)
{
    *options = (struct options){.memory = arena_create(4096, OPTIONS_MEMORY_BYTES_MAX)};
    if (options->memory == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < option_rows_count; i++) {
        if (option_rows[i].default_value == NULL)
            continue;
        struct problem problem = {0};
        enum err err = set_value(options, &option_rows[i], LAYER_DEFAULT, option_rows[i].default_value,
                                 option_rows[i].name, &problem);
        assert(err == ERR_OK || err == ERR_NO_MEMORY); /* a default that its own row refuses */
        if (err != ERR_OK) {
            options_clear(options);
            return err;
        }
    }
    return ERR_OK;
}

void options_clear(struct options *options)
{
    arena_free(options->memory);
    options->memory = NULL;
}

enum err options_copy(struct options *to, const struct options *from)
{
    *to = *from;
    memset(to->layer, LAYER_DEFAULT, sizeof to->layer);
    to->words_count = 0;
    to->memory = arena_create(4096, OPTIONS_MEMORY_BYTES_MAX);
    return to->memory == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* ---- the configuration file -------------------------------------------------------------------------------------- */

struct config_line {
    char key[OPTION_NAME_BYTES];
    char value[OPTION_VALUE_BYTES_MAX];
    bool empty;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_blank((*text)[*len - 1]))
        (*len)--;
}

/* "key = value  # comment". A # opens a comment at the start of a line or after a blank. */
static const char *split_config_line(const char *text, size_t len, struct config_line *out)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '#' && (i == 0 || is_blank(text[i - 1])))
            len = i;
    trim(&text, &len);
    out->empty = len == 0;
    if (out->empty)
        return NULL;
    if (memchr(text, '\0', len) != NULL)
        return "has a NUL byte";
    const char *equals = memchr(text, '=', len);
    if (equals == NULL)
        return "is not of the form key = value";
    const char *key = text;
    size_t key_len = (size_t)(equals - text);
    const char *value = equals + 1;
    size_t value_len = len - key_len - 1;
    trim(&key, &key_len);
    trim(&value, &value_len);
    if (key_len == 0)
        return "has no key";
    if (key_len >= sizeof out->key || value_len >= sizeof out->value)
        return "is too long";
    memcpy(out->key, key, key_len);
    out->key[key_len] = '\0';
    memcpy(out->value, value, value_len);
    out->value[value_len] = '\0';
    return NULL;
}

static enum err unknown_key(const char *where, const char *key, struct problem *problem)
{
    struct suggestion s = {.typed = key};
    for (size_t i = 0; i < option_rows_count; i++)
        if (!option_rows[i].local && !option_rows[i].hidden)
            suggest_offer(&s, option_rows[i].name);
    return problem_set(problem, ERR_INVALID, "%s: unknown key \"%s\"%s%s%s", where, key,
                       s.best != NULL ? "; did you mean \"" : "", s.best != NULL ? s.best : "",
                       s.best != NULL ? "\"?" : "");
}

static enum err apply_config_line(struct options *options, const struct config_line *line, const char *where,
                                  bool seen[static OPTION_ROWS_MAX], struct problem *problem)
{
    const struct option_row *row = find_row(line->key);
    if (row == NULL || row->local)
        return unknown_key(where, line->key, problem);
    if (strcmp(row->name, "config") == 0)
        return problem_set(problem, ERR_INVALID, "%s: a configuration file cannot name another", where);
    if (seen[row - option_rows] && !row->repeatable)
        return problem_set(problem, ERR_INVALID, "%s: %s is there twice", where, row->name);
    seen[row - option_rows] = true;
    char who[240];
    (void)snprintf(who, sizeof who, "%s: %s", where, row->name);
    return set_value(options, row, LAYER_CONFIG, line->value, who, problem);
}

enum err options_apply_config(struct options *options, const char *text, size_t len, const char *file,
                              struct problem *problem)
{
    bool seen[OPTION_ROWS_MAX] = {false};
    struct config_line line;
    size_t at = 0;
    for (int number = 1; at < len; number++) {
        const char *start = text + at;
        const char *feed = memchr(start, '\n', len - at);
        size_t line_len = feed != NULL ? (size_t)(feed - start) : len - at;
        at += line_len + 1;

        char where[120];
        (void)snprintf(where, sizeof where, "%.100s:%d", file, number);
        const char *fault = split_config_line(start, line_len, &line);
        if (fault != NULL)
            return problem_set(problem, ERR_INVALID, "%s: the line %s", where, fault);
        if (line.empty)
            continue;
        enum err err = apply_config_line(options, &line, where, seen, problem);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ---- the environment --------------------------------------------------------------------------------------------- */

static const struct option_row *find_twin(const char *name, struct suggestion *s, char best[static OPTION_NAME_BYTES])
{
    for (size_t i = 0; i < option_rows_count; i++) {
        if (option_rows[i].local)
            continue;
        char twin[OPTION_NAME_BYTES];
        environment_name(&option_rows[i], twin);
        if (strcmp(twin, name) == 0)
            return &option_rows[i];
        const char *before = s->best;
        suggest_offer(s, twin);
        if (s->best != before) {
            memcpy(best, twin, OPTION_NAME_BYTES);
            s->best = best;
        }
    }
    return NULL;
}

enum err options_apply_environment(struct options *options, char *const *environment, struct problem *problem)
{
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *entry = *environment;
        const char *equals = strchr(entry, '=');
        if (strncmp(entry, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0 || equals == NULL)
            continue;
        char name[OPTION_NAME_BYTES];
        char best[OPTION_NAME_BYTES] = "";
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - entry), entry);
        struct suggestion s = {.typed = name};
        const struct option_row *row = find_twin(name, &s, best);
        if (row == NULL)
            return problem_set(problem, ERR_INVALID, "unknown variable %s in the environment%s%s%s", name,
                               s.best != NULL ? "; did you mean " : "", s.best != NULL ? s.best : "",
                               s.best != NULL ? "?" : "");
        enum err err = set_value(options, row, LAYER_ENVIRONMENT, equals + 1, name, problem);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

static enum err unknown_option(enum command_id command, const char *argument, const char *name, struct problem *problem)
{
    const struct option_row *row = find_row(name);
    if (row != NULL)
        return problem_set(problem, ERR_INVALID, "this command does not take the option --%s", name);
    struct suggestion s = {.typed = name};
    for (size_t i = 0; i < option_rows_count; i++)
        if (takes(command, &option_rows[i]) && !option_rows[i].hidden)
            suggest_offer(&s, option_rows[i].name);
    return problem_set(problem, ERR_INVALID, "unknown option %.80s%s%s%s", argument,
                       s.best != NULL ? "; did you mean --" : "", s.best != NULL ? s.best : "",
                       s.best != NULL ? "?" : "");
}

/* One option at arguments[*at]; moves `*at` to its last argument. */
static enum err apply_option(struct options *options, enum command_id command, size_t count,
                             const char *const *arguments, size_t *at, struct problem *problem)
{
    const char *argument = arguments[*at];
    const char *equals = strchr(argument, '=');
    char name[OPTION_NAME_BYTES] = "";
    if (strncmp(argument, "--", 2) == 0) {
        size_t len = equals != NULL ? (size_t)(equals - argument) - 2 : strlen(argument) - 2;
        (void)snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), argument + 2);
    }
    const struct option_row *row = find_row(name);
    if (row == NULL || !takes(command, row))
        return unknown_option(command, argument, name, problem);

    char who[OPTION_NAME_BYTES + 2];
    (void)snprintf(who, sizeof who, "--%s", row->name);
    const char *value = "";
    if (row->argument == NULL) {
        if (equals != NULL)
            return problem_set(problem, ERR_INVALID, "%s is a switch and takes no value", who);
    } else if (equals != NULL) {
        value = equals + 1;
    } else if (*at + 1 < count && strncmp(arguments[*at + 1], "--", 2) != 0) { /* --name=--x says it if it is meant */
        value = arguments[++*at];
    } else {
        return problem_set(problem, ERR_INVALID, "%s needs a value: %s %s", who, who, row->argument);
    }
    return set_value(options, row, LAYER_ARGUMENTS, value, who, problem);
}

enum err options_apply_arguments(struct options *options, enum command_id command, size_t count,
                                 const char *const *arguments, struct problem *problem)
{
    bool words_only = false;
    for (size_t i = 0; i < count; i++) {
        const char *argument = arguments[i];
        bool option = !words_only && argument[0] == '-' && argument[1] != '\0';
        if (option && strcmp(argument, "--") == 0) {
            words_only = true;
        } else if (option && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
            options->help = true;
        } else if (option) {
            enum err err = apply_option(options, command, count, arguments, &i, problem);
            if (err != ERR_OK)
                return err;
        } else {
            if (options->words_count == COMMAND_WORDS_MAX)
                return problem_set(problem, ERR_INVALID, "too many arguments, from \"%.60s\" on", argument);
            const char *word = arena_text(options->memory, argument);
            if (word == NULL)
                return problem_set(problem, ERR_NO_MEMORY, "the command line is too long");
            options->words[options->words_count++] = word;
        }
    }
    return ERR_OK;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

/* The listen address as bytes, which has many spellings as text; an IPv4 address in the last four, behind zeros. */
static void listen_bytes(const struct options *options, unsigned char out[static 16])
{
    memset(out, 0, 16);
    (void)inet_pton(options->listen_ipv6 ? AF_INET6 : AF_INET, options->listen_host,
                    options->listen_ipv6 ? out : out + 12);
}

static bool listens_everywhere(const struct options *options)
{
    static const unsigned char any[16];
    unsigned char address[16];
    listen_bytes(options, address);
    return memcmp(address, any, sizeof any) == 0;
}

bool options_listen_outside(const struct options *options)
{
    static const unsigned char loopback[16] = {[15] = 1};
    unsigned char address[16];
    listen_bytes(options, address);
    return options->listen_ipv6 ? memcmp(address, loopback, sizeof loopback) != 0 : address[12] != 127;
}

void options_listen_url(const struct options *options, unsigned port, char out[static LISTEN_URL_BYTES])
{
    const char *host = listens_everywhere(options) ? "localhost" : options->listen_host;
    bool bracketed = options->listen_ipv6 && host == options->listen_host;
    (void)snprintf(out, LISTEN_URL_BYTES, bracketed ? "http://[%s]:%u" : "http://%s:%u", host, port);
}

enum err options_listen_on(struct options *options, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len) != 0)
        return ERR_INTERNAL;
    bool v6 = address.any.sa_family == AF_INET6;
    const void *host = v6 ? (const void *)&address.v6.sin6_addr : (const void *)&address.v4.sin_addr;
    if (inet_ntop(address.any.sa_family, host, options->listen_host, sizeof options->listen_host) == NULL)
        return ERR_INTERNAL;
    options->listen_port = ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port);
    options->listen_ipv6 = v6;
    return ERR_OK;
}

static enum err finish_public_url(struct options *options)
{
    if (options->public_url != NULL)
        return ERR_OK;
    char url[LISTEN_URL_BYTES];
    options_listen_url(options, options->listen_port, url);
    options->public_url = arena_text(options->memory, url);
    return options->public_url == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err options_finish(struct options *options, enum command_id command, struct problem *problem)
{
    const char *missing = NULL;
    switch (command) {
    case COMMAND_USER_ADD:
    case COMMAND_TEAM_ADD:
        if (options->name == NULL)
            missing = "--name is missing: the name that everybody sees";
        break;
    case COMMAND_TOKEN_ISSUE:
        if ((options->user == NULL) == (options->service == NULL))
            missing = "say whom the token is for: either --user NAME or --service NAME";
        break;
    case COMMAND_TOKEN_REVOKE:
        if ((options->words_count == 1) == (options->user != NULL))
            missing = "say what to revoke: either a token or --user NAME";
        break;
    default:
        break;
    }
    if (missing != NULL)
        return problem_set(problem, ERR_INVALID, "%s", missing);
    if (finish_public_url(options) != ERR_OK)
        return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
    return ERR_OK;
}

/* The last --config of the command line, else the environment's. */
static const char *config_path(size_t count, const char *const *arguments, char *const *environment)
{
    const char *path = NULL;
    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, ENVIRONMENT_PREFIX "CONFIG=", strlen(ENVIRONMENT_PREFIX "CONFIG=")) == 0)
            path = *environment + strlen(ENVIRONMENT_PREFIX "CONFIG=");
    for (size_t i = 0; i < count && strcmp(arguments[i], "--") != 0; i++) {
        if (strncmp(arguments[i], "--config=", 9) == 0)
            path = arguments[i] + 9;
        else if (strcmp(arguments[i], "--config") == 0 && i + 1 < count)
            path = arguments[++i];
    }
    return path;
}

/* "/etc/porchlight/porchlight.conf" for a program in one of the places where packages and `make install` put it. */
static bool installed_config(const char *program, char *out, size_t out_bytes)
{
    static const char *const places[] = {"/usr/bin/porchlight", "/usr/local/bin/porchlight"};
    size_t len = strlen(program);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        size_t tail = strlen(places[i]);
        if (len < tail || strcmp(program + len - tail, places[i]) != 0)
            continue;
        int written = snprintf(out, out_bytes, "%.*s/etc/porchlight/porchlight.conf", (int)(len - tail), program);
        return written > 0 && (size_t)written < out_bytes;
    }
    return false;
}

/* Whether nothing else says which community is meant. */
static bool is_unsaid(size_t count, const char *const *arguments, char *const *environment)
{
    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, ENVIRONMENT_PREFIX "DATA=", strlen(ENVIRONMENT_PREFIX "DATA=")) == 0)
            return false;
    for (size_t i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (strcmp(arguments[i], "--data") == 0 || strncmp(arguments[i], "--data=", 7) == 0)
            return false;
    return true;
}

/* The configuration beside this program, when it is the installed one and has one. */
static const char *find_config(struct options *options)
{
    char program[4096];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    char *path = arena_alloc(options->memory, sizeof program);
    if (len <= 0 || path == NULL)
        return NULL;
    program[len] = '\0';
    return installed_config(program, path, sizeof program) && access(path, F_OK) == 0 ? path : NULL;
}

static enum err load_config(struct options *options, const char *path, struct problem *problem)
{
    char *text = arena_alloc(options->memory, CONFIG_BYTES_MAX + 1);
    if (text == NULL)
        return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return problem_set(problem, ERR_INVALID, "cannot read the configuration %.100s: %s", path, strerror(errno));
    errno = 0;
    size_t len = fread(text, 1, CONFIG_BYTES_MAX + 1, file);
    bool failed = ferror(file) != 0;
    const char *reason = strerror(errno);
    (void)fclose(file);
    if (failed)
        return problem_set(problem, ERR_INVALID, "cannot read the configuration %.100s: %s", path, reason);
    if (len > CONFIG_BYTES_MAX)
        return problem_set(problem, ERR_INVALID, "the configuration %.100s is over %d bytes", path, CONFIG_BYTES_MAX);
    return options_apply_config(options, text, len, path, problem);
}

enum err options_load(struct options *options, enum command_id command, size_t count, const char *const *arguments,
                      char *const *environment, struct problem *problem)
{
    const char *path = config_path(count, arguments, environment);
    if (path == NULL && is_unsaid(count, arguments, environment))
        path = find_config(options);
    enum err err = path != NULL && path[0] != '\0' ? load_config(options, path, problem) : ERR_OK;
    if (err == ERR_OK)
        err = options_apply_environment(options, environment, problem);
    if (err == ERR_OK)
        err = options_apply_arguments(options, command, count, arguments, problem);
    if (err == ERR_OK && !options->help)
        err = options_finish(options, command, problem);
    return err;
}

void options_describe(enum command_id command, void (*each)(void *arg, const struct option_help *option), void *arg)
{
    for (size_t i = 0; i < option_rows_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!takes(command, row) || row->hidden)
            continue;
        struct option_help help = {
            .name = row->name,
            .argument = row->argument,
            .default_value = row->default_value,
            .help = row->help,
            .repeatable = row->repeatable,
            .has_environment = !row->local,
        };
        each(arg, &help);
    }
}
