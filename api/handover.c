/* From image to image. See handover.h. */
#define _GNU_SOURCE /* memfd_create, and environ */
#include "api/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAGIC INT64_C(0x504c484f56455231) /* "PLHOVER1" */
#define VERSION 2
#define VARIABLE "PORCHLIGHT_HANDOVER"
#define BARE "bare" /* "bare 5 6 0 PATH": listening socket, lock, clock offset, program; there is no state */
#define STATE_BYTES_MAX (64U << 20) /* without sockets: 100 bytes a person, and descriptors */
#define ARGUMENTS_MAX 256
#define CHECK_MS_MAX 10000
#define CHECK_LOOK_MS 5

/* ---- our own command line ---------------------------------------------------------------------------------------- */

struct command_line {
    char *text; /* owned */
    char *words[ARGUMENTS_MAX + 1];
};

static bool read_all(int fd, struct buf *out)
{
    char part[4096];
    ssize_t got;
    while ((got = read(fd, part, sizeof part)) > 0)
        buf_append(out, part, (size_t)got);
    return got == 0 && !out->failed;
}

static bool command_line_read(struct command_line *line)
{
    struct buf text;
    size_t len;
    size_t count = 0;
    buf_init(&text, 1U << 20);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    bool whole = fd >= 0 && read_all(fd, &text);
    if (fd >= 0)
        (void)close(fd);
    line->text = buf_take(&text, &len);
    for (size_t at = 0; whole && at < len && count < ARGUMENTS_MAX; at += strlen(line->text + at) + 1)
        line->words[count++] = line->text + at;
    line->words[count] = NULL;
    return whole && count >= 2 && count < ARGUMENTS_MAX;
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

/* What the child says goes into `said`; its exit status, or -1. */
static int wait_for(pid_t child, int said_fd, struct buf *said)
{
    struct pollfd wait = {.fd = said_fd, .events = POLLIN};
    int status = 0;
    char part[512];
    ssize_t got = 1;
    for (int waited_ms = 0; got > 0 && waited_ms < CHECK_MS_MAX; waited_ms += CHECK_LOOK_MS)
        if (poll(&wait, 1, CHECK_LOOK_MS) > 0 && (got = read(said_fd, part, sizeof part)) > 0)
            buf_append(said, part, (size_t)got);
    if (got > 0)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int spawn_check(const char *image, char *const *words, int said_fd, pid_t *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    (void)posix_spawn_file_actions_adddup2(&files, said_fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&files, said_fd, STDERR_FILENO);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int rc = posix_spawn(child, image, &files, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* The last line of what it said is the reason. */
static const char *last_line(struct buf *said)
{
    while (said->len > 0 && said->data[said->len - 1] == '\n')
        said->data[--said->len] = '\0';
    const char *line = said->len == 0 ? NULL : strrchr(said->data, '\n');
    return said->len == 0 ? "it said nothing" : line == NULL ? said->data : line + 1;
}

enum err handover_check(const char *image, struct problem *problem)
{
    struct command_line line = {0};
    struct buf said;
    int pipe_fds[2];
    pid_t child;
    char check[] = "check";
    enum err err = ERR_OK;
    buf_init(&said, 65536);
    if (!command_line_read(&line) || pipe2(pipe_fds, O_CLOEXEC) != 0) {
        free(line.text);
        return problem_set(problem, ERR_NO_MEMORY, "the new program cannot be tried");
    }
    line.words[1] = check; /* instead of serve */
    int rc = spawn_check(image, line.words, pipe_fds[1], &child);
    (void)close(pipe_fds[1]);
    if (rc != 0)
        err = problem_set(problem, ERR_INVALID, "%.150s cannot be executed: %s", image, strerror(rc));
    else if (wait_for(child, pipe_fds[0], &said) != 0)
        err = problem_set(problem, ERR_INVALID, "the new program would not start: %.180s", last_line(&said));
    (void)close(pipe_fds[0]);
    buf_clear(&said);
    free(line.text);
    return err;
}

/* ---- leaving ----------------------------------------------------------------------------------------------------- */

static void keep_open(int fd)
{
    (void)fcntl(fd, F_SETFD, 0);
}

static void close_prepared(struct handover_parts *p)
{
    const int fds[] = {p->listen_fd, p->image_fd, p->state_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    if (p->sockets != NULL)
        (void)fclose(p->sockets);
    if (p->line != NULL)
        free(p->line->text);
    free(p->line);
}

static FILE *open_memory(void)
{
    int fd = memfd_create("porchlight sockets", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL && fd >= 0)
        (void)close(fd);
    return file;
}

enum err handover_prepare(struct handover_parts *p, struct problem *problem)
{
    p->line = calloc(1, sizeof *p->line);
    p->image_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    p->state_fd = memfd_create("porchlight state", MFD_CLOEXEC);
    p->sockets = open_memory();
    if (p->listen_fd >= 0 && p->image_fd >= 0 && p->state_fd >= 0 && p->sockets != NULL && p->line != NULL &&
        command_line_read(p->line))
        return ERR_OK;
    close_prepared(p);
    return problem_set(problem, ERR_NO_MEMORY, "there is no memory, or no descriptor, for a restart");
}

static void pack_person(void *arg, const struct presence_kept *kept)
{
    struct buf *out = arg;
    pack_number(out, kept->team_id);
    pack_number(out, kept->user_id);
    pack_number(out, (int64_t)kept->device);
    pack_number(out, kept->left_ms);
    pack_text(out, kept->coach_name);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    ssize_t put = 1;
    for (size_t at = 0; at < len && put > 0; at += (size_t)put)
        put = write(fd, bytes + at, len - at);
    return put > 0;
}

static bool write_state(const struct handover_parts *p)
{
    struct buf out;
    struct buf people;
    buf_init(&out, STATE_BYTES_MAX);
    buf_init(&people, STATE_BYTES_MAX);
    presence_each(p->presence, clock_mono_ms(p->clock), pack_person, &people);
    pack_number(&out, MAGIC);
    pack_number(&out, VERSION);
    pack_number(&out, p->listen_fd);
    pack_number(&out, p->lock_fd);
    pack_number(&out, p->image_fd);
    pack_number(&out, atomic_load(&p->clock->offset_ms));
    pack_bytes(&out, p->fds.data, p->fds.len);
    pack_bytes(&out, people.data, people.len);
    pack_number(&out, fileno(p->sockets));
    pack_text(&out, p->image);
    bool written = !out.failed && !people.failed && write_all(p->state_fd, out.data, out.len);
    buf_clear(&people);
    buf_clear(&out);
    return written;
}

/* "7" for the new image, "7 back" for the old one again: it must not go back in its turn. */
static void set_variable(int state_fd, bool back)
{
    char text[24];
    (void)snprintf(text, sizeof text, back ? "%d back" : "%d", state_fd);
    (void)setenv(VARIABLE, text, 1);
}

static void leave_whole(const struct handover_parts *p)
{
    const int kept[] = {p->listen_fd, p->lock_fd, p->image_fd, p->state_fd, fileno(p->sockets)};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        keep_open(kept[i]);
    for (size_t i = 0; i < p->fds.len / sizeof(int); i++)
        keep_open(((const int *)(const void *)p->fds.data)[i]);
    set_variable(p->state_fd, false);
    (void)execv(p->image, p->line->words);
    log_error(p->log, "restart.not_executed", LOG_S("image", p->image), LOG_S("reason", strerror(errno)));
    set_variable(p->state_fd, true);
}

/* Everything else closes with the exec. */
static void leave_bare(const struct handover_parts *p)
{
    char text[80 + HANDOVER_PATH_BYTES];
    log_error(p->log, "restart.bare",
              LOG_S("reason", "the sockets could not be kept: this program starts without them"));
    keep_open(p->listen_fd);
    keep_open(p->lock_fd);
    (void)snprintf(text, sizeof text, BARE " %d %d %lld %s", p->listen_fd, p->lock_fd,
                   (long long)atomic_load(&p->clock->offset_ms), p->image);
    (void)setenv(VARIABLE, text, 1);
}

void handover_leave(const struct handover_parts *p)
{
    if (p->kept && write_state(p))
        leave_whole(p);
    else
        leave_bare(p);
    (void)fexecve(p->image_fd, p->line->words, environ);
    log_error(p->log, "restart.failed", LOG_S("reason", strerror(errno)));
}

/* ---- arriving ---------------------------------------------------------------------------------------------------- */

#define NOTHING {.listen_fd = -1, .lock_fd = -1, .image_fd = -1, .state_fd = -1, .sockets_fd = -1}

/* NULL: it is empty, or there is none. */
static void *map(int fd, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0)
        return NULL;
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    *len = bytes == MAP_FAILED ? 0 : (size_t)st.st_size;
    return bytes == MAP_FAILED ? NULL : bytes;
}

static struct pack_reader section(struct pack_reader *from)
{
    size_t len;
    const unsigned char *at = pack_read_bytes(from, &len);
    return (struct pack_reader){.at = at, .end = at == NULL ? NULL : at + len, .failed = at == NULL && len > 0};
}

static bool understand(struct handover *h)
{
    struct pack_reader from = {.at = h->state, .end = (const unsigned char *)h->state + h->state_len};
    size_t fds_len;
    bool ours = pack_read_number(&from) == MAGIC && pack_read_number(&from) == VERSION;
    h->listen_fd = (int)pack_read_number(&from);
    h->lock_fd = (int)pack_read_number(&from);
    h->image_fd = (int)pack_read_number(&from);
    h->clock_offset_ms = pack_read_number(&from);
    h->fds = pack_read_bytes(&from, &fds_len);
    h->fds_count = fds_len / sizeof(int);
    h->presence = section(&from);
    h->sockets_fd = (int)pack_read_number(&from);
    h->image = pack_read_text(&from);
    if (!ours || h->image == NULL || from.failed)
        return false;
    h->frozen = map(h->sockets_fd, &h->frozen_len);
    if (h->frozen == NULL)
        return h->fds_count == 0;
    h->sockets = (struct pack_reader){.at = h->frozen, .end = (const unsigned char *)h->frozen + h->frozen_len};
    return true;
}

/* What leave_bare says. The image is the one before already: there is no other to go back to. */
static bool read_bare(struct handover *h, const char *text)
{
    char *at;
    h->listen_fd = (int)strtol(text, &at, 10);
    h->lock_fd = (int)strtol(at, &at, 10);
    h->clock_offset_ms = strtoll(at, &at, 10);
    h->last = true;
    if (*at != ' ')
        return false;
    h->image = at + 1; /* of the environment that the program began with: it stays when the variable goes */
    return fcntl(h->listen_fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(h->lock_fd, F_SETFD, FD_CLOEXEC) == 0;
}

void handover_receive(struct handover *h, const struct log *log)
{
    const char *text = getenv(VARIABLE);
    *h = (struct handover)NOTHING;
    if (text == NULL)
        return;
    if (strncmp(text, BARE " ", sizeof BARE) == 0) {
        h->present = read_bare(h, text + sizeof BARE);
        (void)unsetenv(VARIABLE);
        return;
    }
    h->state_fd = (int)strtol(text, NULL, 10);
    h->last = strstr(text, "back") != NULL;
    (void)unsetenv(VARIABLE);
    h->state = map(h->state_fd, &h->state_len);
    if (h->state == NULL)
        return; /* somebody set the variable who had no business with it */
    h->present = true;
    if (!understand(h)) {
        handover_back(h, log);
        h->present = false;
        return;
    }
    const int kept[] = {h->listen_fd, h->lock_fd, h->image_fd, h->state_fd, h->sockets_fd};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        (void)fcntl(kept[i], F_SETFD, FD_CLOEXEC);
}

void handover_remember(const struct handover *h, char image[static HANDOVER_PATH_BYTES])
{
    if (h->present) {
        (void)snprintf(image, HANDOVER_PATH_BYTES, "%s", h->image);
        return;
    }
    ssize_t len = readlink("/proc/self/exe", image, HANDOVER_PATH_BYTES - 1);
    image[len > 0 ? len : 0] = '\0';
}

void handover_presence(struct handover *h, struct presence *presence, int64_t now_ms)
{
    struct pack_reader from = h->presence;
    while (!from.failed && from.at < from.end) {
        int64_t team_id = pack_read_number(&from);
        struct presence_person person = {.user_id = pack_read_number(&from)};
        uint64_t device = (uint64_t)pack_read_number(&from);
        int64_t left_ms = pack_read_number(&from);
        person.coach_name = pack_read_text(&from);
        struct presence_team *team = from.failed ? NULL : presence_team(presence, team_id);
        if (team != NULL) /* without memory they are back with their next poll */
            (void)presence_heartbeat(team, &person, device, now_ms, now_ms + left_ms);
    }
}

void handover_done(struct handover *h)
{
    if (!h->present)
        return;
    const int fds[] = {h->image_fd, h->state_fd, h->sockets_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    if (h->state != NULL)
        (void)munmap(h->state, h->state_len);
    if (h->frozen != NULL)
        (void)munmap(h->frozen, h->frozen_len);
    *h = (struct handover)NOTHING;
}

void handover_back(struct handover *h, const struct log *log)
{
    struct command_line line = {0};
    if (!h->present || h->last || h->image_fd < 0 || !command_line_read(&line))
        return;
    log_error(log, "restart.back", LOG_S("reason", "this program cannot take over: the one before it goes on"));
    const int kept[] = {h->listen_fd, h->lock_fd, h->image_fd, h->state_fd, h->sockets_fd};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        keep_open(kept[i]);
    for (size_t i = 0; i < h->fds_count; i++)
        keep_open(h->fds[i]);
    set_variable(h->state_fd, true);
    (void)fexecve(h->image_fd, line.words, environ);
    free(line.text);
}
