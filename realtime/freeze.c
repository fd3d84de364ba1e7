/*
 * Sockets from image to image. See freeze.h.
 *
 *   doubts, the ids of cheers that were seen;   then for each socket, to the end: descriptor, path, flags, newest event
 * told, silence, planned close, attachment, room's name (none: in no room), topics, half-read message, unsent bytes
 *
 * A socket that was catching up goes on from the newest event it was told. Serial numbers are made anew: nobody outside
 * this program knows them but as a name of the session.
 */
#include "realtime/freeze.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "realtime/cheers.h"
#include "realtime/doors.h"
#include "realtime/join.h"
#include "realtime/kinds.h"
#include "realtime/publish.h"
#include "realtime/queue.h"
#include "realtime/reactor.h"
#include "realtime/room.h"
#include "realtime/socket.h"

enum {
    FLAG_DEFLATE = 1,
    FLAG_CATCHING = 2,
    FLAG_WELCOMED = 4,
    FLAG_CLOSING = 8,
    FLAG_LINGER = 16,
    FLAG_SHUT = 32,
    FLAG_READS_ONLY = 64
};

void freeze_drain(struct realtime *rt)
{
    bool more = true;
    while (more) { /* a note may make another, for any loop */
        more = false;
        for (unsigned i = 0; i < rt->options.loops; i++)
            more = reactor_drain(&rt->reactors[i]) || more;
    }
    for (unsigned i = 0; i < rt->options.loops; i++)
        room_sleep_all(&rt->reactors[i]);
    for (unsigned i = 0; i < rt->options.loops; i++)
        (void)reactor_drain(&rt->reactors[i]);
}

/* ---- packing ----------------------------------------------------------------------------------------------------- */

static int64_t flags_of(const struct socket *s)
{
    return (s->deflate ? FLAG_DEFLATE : 0) | (s->catching ? FLAG_CATCHING : 0) | (s->welcomed ? FLAG_WELCOMED : 0) |
           (s->state == SOCKET_CLOSING ? FLAG_CLOSING : 0) | (s->state == SOCKET_LINGER ? FLAG_LINGER : 0) |
           (s->shut_after ? FLAG_SHUT : 0) | (s->reads_only ? FLAG_READS_ONLY : 0);
}

static void pack_socket(const struct reactor *r, const struct socket *s, struct buf *out)
{
    pack_number(out, s->fd);
    pack_text(out, socket_path(s)->path);
    pack_number(out, flags_of(s));
    pack_number(out, s->seq);
    pack_number(out, r->now_ms - (int64_t)s->heard_s * 1000);
    pack_number(out, s->close_at_ms == 0 ? -1 : s->close_at_ms - r->now_ms);
    pack_number(out, s->close_code);
    pack_bytes(out, s->attachment, s->attachment->size);
    pack_text(out, s->room == NULL ? "" : s->room->name);
    pack_number(out, s->topics);
    pack_number(out, s->reader != NULL);
    if (s->reader != NULL)
        frame_reader_pack(s->reader, out);
    struct buf unsent;
    buf_init(&unsent, QUEUE_BYTES_MAX * 2);
    if (s->queue != NULL)
        queue_copy(s->queue, &unsent);
    out->failed = out->failed || unsent.failed;
    pack_bytes(out, unsent.data, unsent.len);
    buf_clear(&unsent);
}

/* A file under way: one record at a time is in memory. */
struct packing {
    FILE *out;
    struct buf record;
    struct buf *fds;
    size_t bytes;
    size_t left_out;
};

static void put_record(struct packing *p)
{
    (void)fwrite(p->record.data, 1, p->record.len, p->out);
    p->bytes += p->record.len;
    buf_reset(&p->record);
}

static void put_socket(struct packing *p, const struct reactor *r, const struct socket *s)
{
    pack_socket(r, s, &p->record);
    if (p->record.failed || p->record.len > FREEZE_BYTES_MAX - p->bytes) {
        buf_reset(&p->record);
        p->left_out++;
        return;
    }
    put_record(p);
    buf_append(p->fds, &s->fd, sizeof s->fd);
}

bool freeze_pack(struct realtime *rt, FILE *out, struct buf *fds)
{
    struct packing p = {.out = out, .fds = fds};
    buf_init(&p.record, FREEZE_BYTES_MAX);
    bool doubts = rt->doubts;
    for (unsigned i = 0; i < rt->options.loops; i++)
        doubts = doubts || rt->reactors[i].later > 0; /* perhaps only catching up: that is asked anyway */
    pack_number(&p.record, doubts);
    pack_number(&p.record, rt->options.loops);
    for (unsigned i = 0; i < rt->options.loops; i++)
        cheers_pack(&rt->reactors[i], &p.record);
    bool failed = p.record.failed;
    put_record(&p);
    for (unsigned i = 0; i < rt->options.loops; i++) {
        const struct reactor *r = &rt->reactors[i];
        for (size_t k = 0; k < r->members_cap; k++)
            for (const struct socket *s = r->members[k]; s != NULL; s = s->member_next)
                put_socket(&p, r, s);
    }
    buf_clear(&p.record);
    if (p.left_out > 0 && rt->options.log != NULL)
        log_warn(rt->options.log, "restart.left_out", LOG_I("sockets", (int64_t)p.left_out));
    return fflush(out) == 0 && !ferror(out) && !failed && !fds->failed;
}

/* ---- unpacking --------------------------------------------------------------------------------------------------- */

/* One socket as read, before anything of it is taken. */
struct frozen {
    int fd;
    const struct socket_path *path;
    int64_t flags;
    int64_t seq;
    int64_t silent_ms;
    int64_t close_in_ms; /* -1: not planned */
    uint16_t close_code;
    const void *attachment;
    size_t attachment_len;
    const char *room; /* "": in none */
    uint8_t topics;
    bool half_read;
    struct frame_reader reader; /* owns memory */
    const void *unsent;
    size_t unsent_len;
};

static bool read_socket(struct pack_reader *from, struct frozen *f)
{
    *f = (struct frozen){.fd = (int)pack_read_number(from)};
    const char *path = pack_read_text(from);
    f->path = path == NULL ? NULL : realtime_path(path);
    f->flags = pack_read_number(from);
    f->seq = pack_read_number(from);
    f->silent_ms = pack_read_number(from);
    f->close_in_ms = pack_read_number(from);
    f->close_code = (uint16_t)pack_read_number(from);
    f->attachment = pack_read_bytes(from, &f->attachment_len);
    f->room = pack_read_text(from);
    f->topics = (uint8_t)pack_read_number(from);
    f->half_read = pack_read_number(from) != 0;
    bool whole = !f->half_read || frame_reader_unpack(from, &f->reader);
    f->unsent = pack_read_bytes(from, &f->unsent_len); /* to its end in any case: the next begins behind it */
    bool sane = whole && !from->failed && f->path != NULL && f->room != NULL && fcntl(f->fd, F_GETFD) >= 0 &&
                f->attachment_len >= sizeof(struct attachment) && f->attachment_len <= ATTACHMENT_BYTES_MAX;
    if (!sane)
        frame_reader_clear(&f->reader);
    return sane;
}

/* The descriptor is the seed's. Without memory it is closed. */
static struct socket_seed *seed_take(const struct frozen *f)
{
    struct socket_seed *seed = calloc(1, sizeof *seed);
    struct attachment *a = seed == NULL ? NULL : malloc(f->attachment_len);
    if (a == NULL) {
        free(seed);
        (void)close(f->fd);
        return NULL;
    }
    memcpy(a, f->attachment, f->attachment_len);
    seed->fd = f->fd;
    seed->path = f->path;
    seed->deflate = (f->flags & FLAG_DEFLATE) != 0;
    seed->topics = f->topics;
    seed->reads_only = (f->flags & FLAG_READS_ONLY) != 0;
    seed->attachment = a;
    return seed;
}

/* The socket with its half-read message. It was let in before: limits are for those who come. */
static struct socket *restore_take(struct realtime *rt, struct frozen *f, struct socket_seed *seed)
{
    const struct attachment *a = seed->attachment;
    struct frame_reader *reader = f->half_read ? malloc(sizeof *reader) : NULL;
    if ((f->half_read && reader == NULL) || !doors_return(rt->doors, a->user_id, a->address_key)) {
        socket_seed_free(seed);
        free(reader);
        return NULL;
    }
    struct socket *s = socket_restore_take(hub_reactor_of(rt, a->user_id), seed);
    if (s == NULL) {
        free(reader);
        return NULL;
    }
    if (reader != NULL)
        *reader = f->reader;
    f->reader = (struct frame_reader){0};
    s->reader = reader;
    return s;
}

static void put_back_room(struct reactor *r, struct socket *s, const struct frozen *f)
{
    struct room *room = f->room[0] == '\0' ? NULL : room_get(r->rt, socket_path(s)->kind, f->room);
    struct team_head *head; /* loaded before anything is committed, so that nothing is missed */
    if (room != NULL && room->team_id != 0)
        (void)heads_team(r->rt->options.heads, r->rt->options.read, room->team_id, &head);
    if (room != NULL)
        join_resume(r, s, room, (f->flags & FLAG_CATCHING) != 0);
    room_unref(room);
}

/* The descriptor is ours, whatever happens: without memory for its socket it is closed, and the client comes back. */
static void take_socket(struct realtime *rt, struct frozen *f)
{
    (void)fcntl(f->fd, F_SETFD, FD_CLOEXEC);
    struct socket_seed *seed = seed_take(f);
    struct socket *s = seed == NULL ? NULL : restore_take(rt, f, seed);
    if (s == NULL)
        return;
    struct reactor *r = hub_reactor_of(rt, s->attachment->user_id);
    s->seq = f->seq;
    s->heard_s = (uint32_t)((r->now_ms - f->silent_ms) / 1000);
    s->close_code = f->close_code;
    s->welcomed = (f->flags & FLAG_WELCOMED) != 0;
    if (f->close_in_ms >= 0)
        s->close_at_ms = r->now_ms + f->close_in_ms;
    if (f->flags & (FLAG_CLOSING | FLAG_LINGER))
        s->state = f->flags & FLAG_CLOSING ? SOCKET_CLOSING : SOCKET_LINGER;
    s->shut_after = (f->flags & FLAG_SHUT) != 0;
    socket_send_raw(r, s, f->unsent, f->unsent_len);
    put_back_room(r, s, f);
    if (s->state != SOCKET_DEAD)
        socket_rearm(r, s);
}

/* All of it is read once without taking anything, so that a record that is not understood leaves all as it was. */
static bool understand(struct pack_reader from)
{
    bool sane = true;
    for (size_t count = 0; sane && from.at < from.end; count++) {
        struct frozen f;
        sane = read_socket(&from, &f) && count < SOCKETS_MAX;
        frame_reader_clear(&f.reader);
    }
    return sane;
}

static void skip_cheers(struct pack_reader *from)
{
    size_t len;
    (void)pack_read_number(from);
    (void)pack_read_bytes(from, &len);
}

bool freeze_unpack(struct realtime *rt, struct pack_reader *from)
{
    assert(!rt->running);
    bool doubts = pack_read_number(from) != 0;
    int64_t loops = pack_read_number(from);
    struct pack_reader cheers = *from;
    for (int64_t i = 0; i < loops && !from->failed; i++)
        skip_cheers(from);
    if (from->failed || !understand(*from))
        return false;
    while (from->at < from->end) {
        struct frozen f;
        if (read_socket(from, &f))
            take_socket(rt, &f);
        else
            (void)close(f.fd); /* without memory for what it had half read */
        frame_reader_clear(&f.reader);
    }
    if (doubts)
        publish_doubt(rt, 0);
    for (int64_t i = 0; i < loops; i++)
        cheers_unpack(&rt->reactors[(unsigned)i % rt->options.loops], &cheers);
    return true;
}
