/* The file of those who left. See departed.h. */
#include "api/departed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "api/store.h"
#include "base/buf.h"
#include "base/clock.h"
#include "db/access.h"
#include "db/farewell.h"
#include "db/users.h"

#define FILE_BYTES_MAX (64U << 20) /* a million members */
#define HEAD                                                                                                           \
    "# Members who deleted their account: community, id, when. Keep this file: with it a restore of an older backup\n" \
    "# takes them away again.\n"

static enum err cannot(const char *what, const char *path, struct problem *problem)
{
    return problem_set(problem, ERR_STORAGE, "cannot %s %.120s: %s", what, path, strerror(errno));
}

static enum err path_of(const char *data, const char *end, char out[static STORE_PATH_BYTES], struct problem *problem)
{
    if (snprintf(out, STORE_PATH_BYTES, "%s/" DEPARTED_FILE "%s", data, end) < STORE_PATH_BYTES)
        return ERR_OK;
    return problem_set(problem, ERR_INVALID, "the name of the data directory is too long");
}

/* ---- a line ------------------------------------------------------------------------------------------------------ */

bool departed_parse(const char *line, size_t len, struct departed *out, enum err *err)
{
    const size_t head = DEPARTED_COMMUNITY_BYTES - 1;
    *err = ERR_OK;
    if (len == 0 || line[0] == '#')
        return false;
    *err = ERR_MALFORMED;
    if (len < head + 3 || line[head] != ' ')
        return false;
    for (size_t i = 0; i < head; i++)
        if (strchr("0123456789abcdef", line[i]) == NULL || line[i] == '\0')
            return false;
    memcpy(out->community, line, head);
    out->community[head] = '\0';
    size_t at = head + 1;
    out->user_id = 0;
    for (; at < len && line[at] >= '0' && line[at] <= '9'; at++) {
        if (out->user_id > (INT64_MAX - 9) / 10)
            return false;
        out->user_id = out->user_id * 10 + (line[at] - '0');
    }
    if (out->user_id == 0 || at >= len || line[at] != ' ' || !clock_parse(line + at + 1, len - at - 1, &out->at_ms))
        return false;
    *err = ERR_OK;
    return true;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

struct list {
    char community[DEPARTED_COMMUNITY_BYTES]; /* of the database that is looked at */
    struct buf text;                          /* the file, or what it becomes */
    struct departed *items;                   /* those of this community */
    size_t count;
    bool grown;
};

static enum err name_community(struct db *db, char out[static DEPARTED_COMMUNITY_BYTES])
{
    static const unsigned char purpose[] = "deleted-members";
    unsigned char secret[ACCESS_SECRET_BYTES];
    unsigned char hash[crypto_generichash_BYTES];
    enum err err = access_secret(db, secret);
    if (err == ERR_OK) {
        (void)crypto_generichash(hash, sizeof hash, purpose, sizeof purpose - 1, secret, sizeof secret);
        (void)sodium_bin2hex(out, DEPARTED_COMMUNITY_BYTES, hash, (DEPARTED_COMMUNITY_BYTES - 1) / 2);
    }
    sodium_memzero(secret, sizeof secret);
    return err;
}

static bool add(struct list *l, const struct departed *who)
{
    if ((l->count & (l->count - 1)) == 0) { /* full at each power of two */
        void *grown = realloc(l->items, (l->count == 0 ? 1 : 2 * l->count) * sizeof *l->items);
        if (grown == NULL)
            return false;
        l->items = grown;
    }
    l->items[l->count++] = *who;
    return true;
}

static enum err read_text(const char *path, struct buf *out, struct problem *problem)
{
    char bytes[8192];
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : cannot("read", path, problem);
    while ((got = read(fd, bytes, sizeof bytes)) > 0 && !out->failed)
        buf_append(out, bytes, (size_t)got);
    enum err err = got < 0 ? cannot("read", path, problem) : out->failed ? ERR_NO_MEMORY : ERR_OK;
    (void)close(fd);
    return err;
}

static enum err parse_all(struct list *l, const char *path, struct problem *problem)
{
    const char *line = l->text.data;
    const char *end = line + l->text.len;
    for (int number = 1; line != NULL && line < end; number++) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        struct departed who;
        enum err err;
        bool is_one = departed_parse(line, (size_t)((feed != NULL ? feed : end) - line), &who, &err);
        if (err != ERR_OK)
            return problem_set(problem, err,
                               "line %d of %.120s is not understood: mend it, or take the line out, and begin again",
                               number, path);
        if (is_one && strcmp(who.community, l->community) == 0 && !add(l, &who))
            return ERR_NO_MEMORY;
        line = feed != NULL ? feed + 1 : end;
    }
    return ERR_OK;
}

static void list_clear(struct list *l)
{
    buf_clear(&l->text);
    free(l->items);
}

static enum err list_read(const char *data, struct db *db, struct list *l, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    *l = (struct list){0};
    buf_init(&l->text, FILE_BYTES_MAX);
    enum err err = path_of(data, "", path, problem);
    if (err == ERR_OK)
        err = name_community(db, l->community);
    if (err == ERR_OK)
        err = read_text(path, &l->text, problem);
    return err == ERR_OK ? parse_all(l, path, problem) : err;
}

static bool has(const struct list *l, int64_t user_id)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].user_id == user_id)
            return true;
    return false;
}

/* Inside a query. What has no memory left is found when the text is written. */
static void add_line(void *arg, int64_t user_id, int64_t at_ms)
{
    struct list *l = arg;
    char at[CLOCK_TEXT_BYTES];
    if (has(l, user_id))
        return;
    if (l->text.len == 0)
        buf_append(&l->text, HEAD, sizeof HEAD - 1);
    clock_format(at_ms, at);
    buf_printf(&l->text, "%s %lld %s\n", l->community, (long long)user_id, at);
    l->grown = true;
}

static enum err write_text(const char *data, const struct buf *text, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    char partial[STORE_PATH_BYTES];
    enum err err = path_of(data, "", path, problem);
    if (err == ERR_OK)
        err = path_of(data, ".partial", partial, problem);
    if (err != ERR_OK)
        return err;
    (void)unlink(partial);
    int fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot("write", partial, problem);
    bool written = write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
    (void)close(fd);
    if (!written || rename(partial, path) != 0) {
        err = cannot("write", path, problem);
        (void)unlink(partial);
        return err;
    }
    int folder = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fsync(folder) != 0)
        err = cannot("save", data, problem);
    if (folder >= 0)
        (void)close(folder);
    return err;
}

enum err departed_save(const char *data, struct db *db, struct problem *problem)
{
    struct list l;
    enum err err = list_read(data, db, &l, problem);
    if (err == ERR_OK)
        err = farewell_each(db, add_line, &l);
    if (err == ERR_OK && l.text.failed)
        err = ERR_NO_MEMORY;
    if (err == ERR_OK && l.grown)
        err = write_text(data, &l.text, problem);
    list_clear(&l);
    return err;
}

/* ---- after a restore --------------------------------------------------------------------------------------------- */

/* An id that was given out anew is not the one who left. */
static enum err apply_one(struct tx *tx, const struct departed *who, size_t *count)
{
    struct user user;
    enum err err = users_by_id(tx->db, tx->arena, who->user_id, &user);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && user.created_ms > who->at_ms))
        return ERR_OK;
    if (err == ERR_OK)
        err = farewell_begin(tx, 0, who->user_id);
    *count += err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* the backup is from after it */
}

enum err departed_apply(const char *data, struct tx *tx, size_t *count)
{
    struct list l;
    *count = 0;
    enum err err = list_read(data, tx->db, &l, &tx->problem);
    for (size_t i = 0; err == ERR_OK && i < l.count; i++)
        err = apply_one(tx, &l.items[i], count);
    list_clear(&l);
    return err;
}
