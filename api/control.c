/*
 * The server's side of the control socket: one thread, one client at a time. See control.h.
 *
 *      accept -> read the request -> find the command, lay its options over the server's -> run it -> exit status
 *
 * The thread owns its read connection. Writes wait in writer_call; the import's progress is told from the writer's
 * thread while this one waits for it, so the sink is never used by two at once.
 */
#include "api/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/control_frame.h"
#include "api/control_socket.h"

#define COMMAND_MEMORY_BYTES_MAX (4U << 20)

struct control {
    struct control_options given;
    int listen_fd;
    int stop_fd; /* readable once we are to stop */
    pthread_t thread;
    _Atomic bool stopping;
};

/* One client being served. */
struct session {
    struct control *control;
    int fd;
    bool gone;
    int input_fd; /* passed along; -1: none */
    struct arena *arena;
    struct control_command command;
};

/* ---- answering --------------------------------------------------------------------------------------------------- */

static void send_frame(struct session *s, enum control_kind kind, const char *bytes, size_t len)
{
    char head[CONTROL_FRAME_HEAD_BYTES];
    control_frame_head(head, kind, len);
    s->gone = s->gone || !control_socket_send(s->fd, head, sizeof head, s->control->stop_fd, CONTROL_PATIENCE_MS) ||
              !control_socket_send(s->fd, bytes, len, s->control->stop_fd, CONTROL_PATIENCE_MS);
}

/* Told on the writer's thread, which must not wait: a frame as short as this is taken whole or not at all. */
static void send_progress(struct session *s, const char *bytes, size_t len)
{
    char frame[CONTROL_FRAME_HEAD_BYTES + 128];
    if (len > sizeof frame - CONTROL_FRAME_HEAD_BYTES)
        return;
    control_frame_head(frame, CONTROL_PROGRESS, len);
    memcpy(frame + CONTROL_FRAME_HEAD_BYTES, bytes, len);
    ssize_t sent = send(s->fd, frame, CONTROL_FRAME_HEAD_BYTES + len, MSG_DONTWAIT | MSG_NOSIGNAL);
    s->gone = s->gone || (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool put(void *arg, enum operator_stream stream, const char *bytes, size_t len)
{
    struct session *s = arg;
    if (stream == OPERATOR_PROGRESS) {
        send_progress(s, bytes, len);
    } else {
        for (size_t part; len > 0 && !s->gone; bytes += part, len -= part) {
            part = len < CONTROL_FRAME_BYTES_MAX ? len : CONTROL_FRAME_BYTES_MAX;
            send_frame(s, stream == OPERATOR_OUT ? CONTROL_OUT : CONTROL_ERROR, bytes, part);
        }
    }
    return !s->gone && !atomic_load(&s->control->stopping);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static enum err read_request(struct session *s)
{
    const struct clock real = {0}; /* patience is real time: a test clock must not cut clients off */
    int64_t deadline_ms = clock_mono_ms(&real) + CONTROL_PATIENCE_MS;
    char *bytes = arena_alloc(s->arena, CONTROL_REQUEST_BYTES_MAX);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    size_t len = 0;
    while (!s->command.complete) {
        if (!control_socket_wait(s->fd, false, s->control->stop_fd, deadline_ms - clock_mono_ms(&real)))
            return ERR_TIMEOUT;
        long got = control_socket_receive(s->fd, bytes + len, CONTROL_REQUEST_BYTES_MAX - len, &s->input_fd);
        if (got <= 0)
            return len == 0 ? ERR_NOT_FOUND : ERR_TIMEOUT; /* `check` only knocks */
        len += (size_t)got;
        enum err err = control_request_parse(bytes, len, s->arena, &s->command);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static enum err write_through(void *arg, struct job *job, struct problem *problem)
{
    return writer_call(arg, job, problem);
}

static bool is_regular(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The command of the request and its options, or a sentence. */
static const struct command *understand(struct session *s, struct options *options, struct problem *problem)
{
    const struct control_command *request = &s->command;
    size_t used;
    const struct command *command = command_find(request->arguments_count, request->arguments, &used, problem);
    if (command == NULL ||
        options_apply_arguments(options, command_id(command), request->arguments_count - used,
                                request->arguments + used, problem) != ERR_OK ||
        options_finish(options, command_id(command), problem) != ERR_OK ||
        command_check_words(command, options, problem) != ERR_OK)
        return NULL;
    if (command->run == NULL || !command_at_server(command, options)) {
        (void)problem_set(problem, ERR_INVALID, "a running server does not take the command %s", command->name);
        return NULL;
    }
    bool wants_file = command->wants_input || (command->wants_output && options->words_count > 0);
    if (wants_file && !is_regular(s->input_fd)) {
        (void)problem_set(problem, ERR_INVALID, "%s takes only a regular file", command->name);
        return NULL;
    }
    return command;
}

static int run_request(struct session *s)
{
    const struct control_options *given = &s->control->given;
    struct operator_sink sink = {.put = put, .arg = s};
    struct options options;
    if (options_copy(&options, given->options) != ERR_OK)
        return 1;
    struct operator_context ctx = {
        .options = &options,
        .db = given->db,
        .write = write_through,
        .write_arg = given->writer,
        .write_rooms = write_through,
        .write_rooms_arg = given->rooms,
        .clock = given->clock,
        .test_clock = given->options->test_clock ? given->clock : NULL,
        .arena = s->arena,
        .sink = &sink,
        .secret = s->command.secret,
        .input_fd = s->input_fd,
        .input_name = s->command.input_name != NULL ? s->command.input_name : "-",
        .realtime_available = given->realtime_available,
        .likes = given->likes,
        .shed = given->shed,
        .samples = given->samples,
        .image = given->image,
        .lock_fd = -1,
        .backups = given->backups,
    };
    struct problem problem = {0};
    const struct command *command = understand(s, &options, &problem);
    int status = 2;
    if (command == NULL) {
        (void)operator_fail_with(&ctx, &problem);
    } else if (command->wants_likes && likes_flush(given->likes) != ERR_OK) {
        status = operator_fail(&ctx, "%s", err_sentence(ERR_STORAGE));
    } else {
        status = command->run(&ctx);
        log_write(given->log, command_writes(command, &options) ? LOG_INFO : LOG_DEBUG, "control.command",
                  LOG_FIELDS_(LOG_S("command", command->name), LOG_I("status", status)));
    }
    options_clear(&options);
    return status;
}

static void serve_client(struct control *control, int fd)
{
    struct session s = {
        .control = control,
        .fd = fd,
        .input_fd = -1,
        .arena = arena_create(CONTROL_REQUEST_BYTES_MAX + 4096, COMMAND_MEMORY_BYTES_MAX),
    };
    enum err err = s.arena == NULL ? ERR_NO_MEMORY : read_request(&s);
    if (err == ERR_OK) {
        char status = (char)run_request(&s);
        send_frame(&s, CONTROL_EXIT, &status, 1);
    } else if (err != ERR_NOT_FOUND) {
        log_warn(control->given.log, "control.refused", LOG_S("reason", err_slug(err)));
    }
    if (s.input_fd >= 0)
        (void)close(s.input_fd);
    (void)close(fd);
    arena_free(s.arena);
}

static void *run(void *arg)
{
    struct control *control = arg;
    while (!atomic_load(&control->stopping)) {
        if (!control_socket_wait(control->listen_fd, false, control->stop_fd, INT32_MAX))
            continue;
        int fd = accept(control->listen_fd, NULL, NULL);
        if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
            serve_client(control, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
            (void)poll(NULL, 0, 100); /* the client still waits, and asking again at once would only burn time */
    }
    return NULL;
}

/* ---- start and stop ---------------------------------------------------------------------------------------------- */

static void control_free(struct control *control)
{
    if (control->listen_fd >= 0)
        (void)close(control->listen_fd);
    if (control->stop_fd >= 0)
        (void)close(control->stop_fd);
    free(control);
}

enum err control_start(const struct control_options *options, struct control **out)
{
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return ERR_NO_MEMORY;
    control->given = *options;
    control->listen_fd = -1;
    control->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err err = ERR_NO_MEMORY;
    if (control->stop_fd >= 0)
        err = control_socket_listen(options->options->data, &control->listen_fd);
    if (err != ERR_OK) {
        log_error(options->log, "control.start", LOG_S("reason", strerror(errno)));
        control->listen_fd = -1; /* closed already */
        control_free(control);
        return err;
    }
    if (pthread_create(&control->thread, NULL, run, control) != 0) {
        control_socket_remove(options->options->data);
        control_free(control);
        return ERR_NO_MEMORY;
    }
    *out = control;
    return ERR_OK;
}

void control_stop(struct control *control)
{
    if (control == NULL)
        return;
    atomic_store(&control->stopping, true);
    uint64_t one = 1;
    ssize_t written = write(control->stop_fd, &one, sizeof one);
    (void)written; /* a counter of 1 always fits */
    (void)pthread_join(control->thread, NULL);
    control_socket_remove(control->given.options->data);
    control_free(control);
}
