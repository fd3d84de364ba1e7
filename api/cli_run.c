/*
 * Where a command runs. See cli_run.h.
 *
 *      only reads ------------------------------> here, on a read connection (at_server: there, when there is one)
 *      writes, the lock is free ----------------> here, holding it
 *      writes, a server holds the lock ---------> there, through its control socket
 *      writes, another command holds the lock --> waits for it, LOCK_PATIENCE_MS at most
 *      own files -------------------------------> there if at_server and there is one; here otherwise, with the lock if
 *                                                 it is free
 */
#include "api/cli_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "api/cli_output.h"
#include "api/cli_secret.h"
#include "api/control.h"
#include "api/store.h"

#define LOCK_PATIENCE_MS 10000 /* a server that just starts, or another command */
#define LOCK_RETRY_MS 50
#define COMMAND_MEMORY_BYTES_MAX (4U << 20)
#define WORD_BYTES_MAX 4096 /* longer than a token */

/* ---- what the command says --------------------------------------------------------------------------------------- */

struct terminal {
    bool is_terminal; /* stderr is */
    bool line_open;   /* a progress line stands there */
};

static bool put(void *arg, enum operator_stream stream, const char *bytes, size_t len)
{
    struct terminal *t = arg;
    if (stream == OPERATOR_PROGRESS) {
        if (t->is_terminal && len > 0)
            (void)fprintf(stderr, "\r%.*s\033[K", (int)len, bytes);
        t->line_open = t->is_terminal && len > 0;
        return true;
    }
    if (t->line_open)
        (void)fputs("\r\033[K", stderr);
    t->line_open = false;
    FILE *file = stream == OPERATOR_OUT ? stdout : stderr;
    return fwrite(bytes, 1, len, file) == len;
}

/* ---- what the command reads -------------------------------------------------------------------------------------- */

/* The writer must not wait for a pipe: what is no regular file is first copied into one without a name. */
static int spool(int from, struct problem *problem)
{
    FILE *file = tmpfile();
    char bytes[65536];
    ssize_t got = 0;
    while (file != NULL && (got = read(from, bytes, sizeof bytes)) > 0) {
        if (fwrite(bytes, 1, (size_t)got, file) != (size_t)got) {
            got = -1;
            break;
        }
    }
    int fd = file != NULL && got == 0 && fflush(file) == 0 ? fcntl(fileno(file), F_DUPFD_CLOEXEC, 3) : -1;
    if (fd < 0)
        (void)problem_set(problem, ERR_STORAGE, "cannot keep the input in a temporary file: %s", strerror(errno));
    if (file != NULL)
        (void)fclose(file);
    return fd;
}

/* A regular file at its start, or -1 with a sentence. */
static int open_input(const char *name, struct problem *problem)
{
    bool is_stdin = strcmp(name, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        (void)problem_set(problem, ERR_INVALID, "cannot read %.120s: %s", name, strerror(errno));
        return -1;
    }
    if (!is_stdin && S_ISREG(st.st_mode))
        return fd;
    int spooled = S_ISDIR(st.st_mode) ? -1 : spool(fd, problem);
    if (S_ISDIR(st.st_mode))
        (void)problem_set(problem, ERR_INVALID, "cannot read %.120s: it is a directory", name);
    if (!is_stdin)
        (void)close(fd);
    return spooled;
}

/* "-" becomes the first line of stdin, for this process and for the server's. */
static enum err read_word(const struct cli_run *run, const char **arguments, struct arena *arena,
                          struct problem *problem)
{
    char *word = arena_alloc(arena, WORD_BYTES_MAX);
    if (word == NULL)
        return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
    if (fgets(word, WORD_BYTES_MAX, stdin) == NULL)
        return problem_set(problem, ERR_INVALID, "there is nothing on stdin");
    word[strcspn(word, "\r\n")] = '\0';
    run->options->words[0] = word;
    for (size_t i = 0; i < run->arguments_count; i++)
        if (strcmp(arguments[i], "-") == 0)
            arguments[i] = word;
    return ERR_OK;
}

/* ---- here -------------------------------------------------------------------------------------------------------- */

struct place {
    struct db *db;
    struct db *rooms;
    const struct clock *clock;
};

static enum err write_here(void *arg, struct job *job, struct problem *problem)
{
    struct place *place = arg;
    return writer_once(place->db, place->clock, job, problem);
}

static enum err write_rooms_here(void *arg, struct job *job, struct problem *problem)
{
    struct place *place = arg;
    return writer_once(place->rooms, place->clock, job, problem);
}

static int run_here(const struct cli_run *run, struct operator_context *ctx, struct store *store, struct place *place)
{
    *place = (struct place){.db = store->db, .rooms = store->rooms, .clock = ctx->clock};
    ctx->db = store->db;
    ctx->migrated = &store->migrated;
    ctx->write = store->lock_fd >= 0 ? write_here : NULL;
    ctx->write_arg = place;
    ctx->write_rooms = store->lock_fd >= 0 ? write_rooms_here : NULL;
    ctx->write_rooms_arg = place;
    return run->command->run(ctx);
}

/* ---- here or there ----------------------------------------------------------------------------------------------- */

static enum err call_server(const struct cli_run *run, struct operator_context *ctx, int *status)
{
    const struct control_request request = {
        .data = run->options->data,
        .arguments_count = run->arguments_count,
        .arguments = run->arguments,
        .secret = ctx->secret,
        .input_fd = ctx->input_fd,
        .input_name = ctx->input_name,
    };
    enum err err = control_call(&request, ctx->sink, status);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        *status = operator_fail(ctx, "the running server did not answer; see its log");
    return err;
}

/* Likes that wait in a buffer: a running server's, or one that a crash left behind. */
static enum err settle(const struct cli_run *run, struct operator_context *ctx,
                       const struct store_options *store_options, struct problem *problem)
{
    static const char *const settle_words[] = {"settle"};
    struct cli_run asked = *run;
    int status = 0;
    asked.arguments = settle_words;
    asked.arguments_count = 1;
    enum err err = call_server(&asked, ctx, &status);
    if (err == ERR_NOT_FOUND)
        return store_settle_likes(store_options, problem);
    return status == 0 ? err : problem_set(problem, ERR_STORAGE, "the running server cannot save at the moment");
}

static int run_reading(const struct cli_run *run, struct operator_context *ctx,
                       const struct store_options *store_options)
{
    struct store store;
    struct place place;
    struct problem problem = {0};
    int status;
    if (command_at_server(run->command, run->options) && call_server(run, ctx, &status) != ERR_NOT_FOUND)
        return status;
    if (run->command->wants_likes && settle(run, ctx, store_options, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    if (store_open_read(store_options, &store, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    status = run_here(run, ctx, &store, &place);
    store_close(&store);
    return status;
}

static int run_writing(const struct cli_run *run, struct operator_context *ctx,
                       const struct store_options *store_options)
{
    int64_t deadline_ms = clock_mono_ms(ctx->clock) + LOCK_PATIENCE_MS;
    for (;;) {
        struct store store;
        struct place place;
        struct problem problem = {0};
        int status;
        enum err err = store_open(store_options, &store, &problem);
        if (err == ERR_OK) {
            status = run_here(run, ctx, &store, &place);
            store_close(&store);
            return status;
        }
        if (err != ERR_CONFLICT)
            return operator_fail_with(ctx, &problem);
        if (call_server(run, ctx, &status) != ERR_NOT_FOUND)
            return status;
        if (clock_mono_ms(ctx->clock) >= deadline_ms)
            return operator_fail_with(ctx, &problem);
        (void)poll(NULL, 0, LOCK_RETRY_MS);
    }
}

/* The command is told who has the lock when it cannot be had. */
static int run_on_files(const struct cli_run *run, struct operator_context *ctx,
                        const struct store_options *store_options)
{
    int64_t deadline_ms = clock_mono_ms(ctx->clock) + LOCK_PATIENCE_MS;
    for (;;) {
        struct problem problem = {0};
        int status;
        enum err err = store_lock(store_options, &ctx->lock_fd, &problem);
        if (err == ERR_OK) {
            status = run->command->run(ctx);
            (void)close(ctx->lock_fd);
            return status;
        }
        if (err != ERR_CONFLICT)
            return operator_fail_with(ctx, &problem);
        if (run->command->at_server && call_server(run, ctx, &status) != ERR_NOT_FOUND)
            return status;
        if (!run->command->at_server || clock_mono_ms(ctx->clock) >= deadline_ms) {
            ctx->lock_fd = -1;
            ctx->lock_holder = problem_detail(&problem);
            return run->command->run(ctx);
        }
        (void)poll(NULL, 0, LOCK_RETRY_MS);
    }
}

static int run_prepared(const struct cli_run *run, struct operator_context *ctx)
{
    const struct log log = {.fd = STDERR_FILENO, .level = LOG_ERROR, .format = LOG_LOGFMT};
    const struct store_options store_options = {
        .data = run->options->data,
        .purpose = run->command->name,
        .must_write = true,
        .clock = ctx->clock,
        .log = &log,
    };
    if (run->command->own_files)
        return run_on_files(run, ctx, &store_options);
    return command_writes(run->command, run->options) ? run_writing(run, ctx, &store_options)
                                                      : run_reading(run, ctx, &store_options);
}

/* Asks for what only this process can get at: a password, a file, a line of stdin. */
static enum err prepare(struct cli_run *run, struct operator_context *ctx, char secret[static CLI_SECRET_BYTES],
                        struct problem *problem)
{
    const struct command *command = run->command;
    bool secret_given = false;
    enum err err = ERR_OK;
    if (command->wants_secret)
        err = cli_secret_get(run->options->password_stdin, secret, &secret_given, problem);
    ctx->secret = secret_given ? secret : NULL;
    if (err == ERR_OK && command->wants_input) {
        ctx->input_name = run->options->words[0];
        ctx->input_fd = open_input(ctx->input_name, problem);
        err = ctx->input_fd < 0 ? ERR_INVALID : ERR_OK;
    }
    if (err == ERR_OK && command->wants_output && run->options->words_count > 0) {
        ctx->input_name = run->options->words[0];
        err = cli_output_open(ctx->input_name, &ctx->input_fd, problem);
    }
    if (err == ERR_OK && command->word_or_stdin && run->options->words_count > 0 &&
        strcmp(run->options->words[0], "-") == 0) {
        const char **arguments = arena_alloc(ctx->arena, run->arguments_count * sizeof *arguments);
        if (arguments == NULL)
            return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
        memcpy(arguments, run->arguments, run->arguments_count * sizeof *arguments);
        err = read_word(run, arguments, ctx->arena, problem);
        run->arguments = arguments;
    }
    return err;
}

int cli_run(const struct cli_run *given)
{
    struct cli_run run = *given;
    const struct clock clock = {0};
    struct terminal terminal = {.is_terminal = isatty(STDERR_FILENO) == 1};
    struct operator_sink sink = {.put = put, .arg = &terminal};
    struct operator_context ctx = {
        .options = run.options,
        .clock = &clock,
        .arena = arena_create(8192, COMMAND_MEMORY_BYTES_MAX),
        .sink = &sink,
        .input_fd = -1,
        .lock_fd = -1,
        .realtime_available = run.realtime_available,
    };
    if (ctx.arena == NULL)
        return operator_fail(&ctx, "there is not enough memory");

    char secret[CLI_SECRET_BYTES];
    struct problem problem = {0};
    const struct store_options where = {.data = run.options->data};
    enum err err = run.command->makes_data ? ERR_OK : store_find(&where, &problem);
    if (err == ERR_OK)
        err = prepare(&run, &ctx, secret, &problem);
    int status = err == ERR_OK ? run_prepared(&run, &ctx) : operator_fail_with(&ctx, &problem);
    sodium_memzero(secret, sizeof secret);
    if (ctx.input_fd >= 0 && run.command->wants_output &&
        cli_output_end(ctx.input_name, ctx.input_fd, status == 0, &problem) != ERR_OK)
        status = operator_fail_with(&ctx, &problem);
    if (ctx.input_fd >= 0)
        (void)close(ctx.input_fd);
    arena_free(ctx.arena);
    if (fflush(stdout) != 0 && status == 0)
        return operator_fail(&ctx, "cannot write to stdout: %s", strerror(errno));
    return status;
}
