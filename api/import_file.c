/*
 * Lines of an import: from a file to records, in memory for one line. See import.h.
 *
 *      [ ...done | line being taken \n | rest of what was read | free ]
 *                ^at                                         ^len
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/import.h"
#include "base/limits.h"
#include "db/transfer.h"

#define PROGRESS_EVERY_LINES 256

struct lines {
    int fd;
    char bytes[2 * IMPORT_LINE_BYTES_MAX];
    size_t at;
    size_t len;
    int64_t done_bytes; /* of the file, up to `at` */
    bool end;
};

/* Moves what is left to the front and reads on. */
static enum err fill(struct lines *l)
{
    memmove(l->bytes, l->bytes + l->at, l->len - l->at);
    l->len -= l->at;
    l->at = 0;
    ssize_t got;
    do {
        got = read(l->fd, l->bytes + l->len, sizeof l->bytes - l->len);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return ERR_STORAGE;
    l->len += (size_t)got;
    l->end = got == 0;
    return ERR_OK;
}

/* What some editors write before the first line; nobody sees it. */
static void skip_mark(struct lines *l)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t mark_len = sizeof mark - 1;
    if (l->done_bytes > 0 || l->len - l->at < mark_len || memcmp(l->bytes + l->at, mark, mark_len) != 0)
        return;
    l->at += mark_len;
    l->done_bytes += (int64_t)mark_len;
}

/* The next line without its feed. *line NULL: no more. ERR_TOO_LARGE, ERR_STORAGE. */
static enum err next_line(struct lines *l, const char **line, size_t *len)
{
    const char *feed;
    while ((feed = memchr(l->bytes + l->at, '\n', l->len - l->at)) == NULL && !l->end) {
        if (l->len - l->at > IMPORT_LINE_BYTES_MAX)
            return ERR_TOO_LARGE;
        enum err err = fill(l);
        if (err != ERR_OK)
            return err;
        skip_mark(l);
    }
    *line = l->at == l->len ? NULL : l->bytes + l->at;
    *len = feed != NULL ? (size_t)(feed - *line) : l->len - l->at;
    if (*len > IMPORT_LINE_BYTES_MAX)
        return ERR_TOO_LARGE;
    size_t taken = *len + (feed != NULL ? 1 : 0);
    l->at += taken;
    l->done_bytes += (int64_t)taken;
    return ERR_OK;
}

static bool is_blank(const char *line, size_t len)
{
    return strspn(line, " \t\r\n") >= len;
}

/* "members.jsonl, line 3: reason". The JSON reader speaks of a body, as HTTP has one, and of its lines; here it is one
   line. */
static enum err at_line(struct tx *tx, const struct import_options *options, int64_t number, enum err err,
                        const struct problem *problem)
{
    static const char body[] = "The body ";
    static const char line_one[] = "line 1, ";
    const char *reason = problem_detail(problem);
    bool speaks_of_body = strncmp(reason, body, sizeof body - 1) == 0;
    char copy[sizeof problem->detail];
    (void)snprintf(copy, sizeof copy, "%s%s", speaks_of_body ? "The line " : "",
                   speaks_of_body ? reason + sizeof body - 1 : reason);
    char *place = speaks_of_body ? strstr(copy, line_one) : NULL;
    if (place != NULL)
        memmove(place, place + sizeof line_one - 1, strlen(place + sizeof line_one - 1) + 1);
    return problem_set(&tx->problem, err, "%.100s, line %lld: %s", options->name, (long long)number, copy);
}

static enum err run_lines(struct tx *tx, struct lines *l, const struct import_options *options,
                          struct import_counts *counts)
{
    struct problem problem = {0};
    for (int64_t number = 1;; number++) {
        const char *line = NULL;
        size_t len = 0;
        enum err err = next_line(l, &line, &len);
        if (err == ERR_TOO_LARGE)
            (void)problem_set(&problem, err, "the line is over %d bytes", IMPORT_LINE_BYTES_MAX);
        else if (err != ERR_OK)
            (void)problem_set(&problem, err, "cannot be read: %s", strerror(errno));
        else if (line == NULL)
            return ERR_OK;
        else if (!is_blank(line, len)) {
            err = import_record(tx, line, len, counts, &problem);
            counts->lines++;
            arena_reset(tx->arena);
        }
        if (err != ERR_OK)
            return at_line(tx, options, number, err, &problem);
        if (number % PROGRESS_EVERY_LINES == 0 && options->progress != NULL &&
            !options->progress(options->progress_arg, l->done_bytes, options->bytes, counts->lines))
            return problem_set(&tx->problem, ERR_CONFLICT, "the import was broken off; nothing was changed");
    }
}

enum err import_run(struct tx *tx, const struct import_options *options, struct import_counts *counts)
{
    struct lines *l = malloc(sizeof *l);
    if (l == NULL)
        return ERR_NO_MEMORY;
    l->fd = options->fd;
    l->at = l->len = 0;
    l->done_bytes = 0;
    l->end = false;
    *counts = (struct import_counts){0};
    enum err err = run_lines(tx, l, options, counts);
    free(l);
    if (err == ERR_OK)
        err = transfer_complete(tx);
    if (err == ERR_OK && counts->created + counts->updated > 0)
        err = transfer_note_all(tx);
    return err;
}
