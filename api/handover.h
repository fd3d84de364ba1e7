/*
 * Hot restart: the program on disk takes the place of the running one, same process id, listening socket and WebSockets
 * kept. What the old image knows lies in a memfd; descriptors simply stay open across exec.
 *
 *   check the new program in a child ─> stop HTTP ─> freeze sockets, stop writers, close SQLite ─> memfd ─> exec NEW
 *   NEW: reads the memfd ─ ready: forgets it
 *                        └ cannot start: executes the old image again (its descriptor came along), sockets and all
 *
 *   memfd:  magic, version, listening socket, lock, old image, clock offset, descriptors to keep, presence, sockets,
 *           where the program lies
 *
 * The main thread; nothing else runs while a handover is made or taken.
 */
#ifndef PORCHLIGHT_API_HANDOVER_H
#define PORCHLIGHT_API_HANDOVER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pack.h"
#include "db/presence.h"

#define HANDOVER_PATH_BYTES 4096

/* Whether the program on disk would start with our options: `NEW check ...` in a child. ERR_INVALID with its sentence.
 */
enum err handover_check(const char *image, struct problem *problem);

/* What is left to the next image. */
struct handover_parts {
    const char *image;
    int listen_fd;
    int lock_fd;
    const struct clock *clock;
    const struct log *log;
    struct presence *presence;
    const struct buf *sockets;     /* realtime_freeze's bytes */
    const struct buf *sockets_fds; /* and descriptors */
};

/* Executes the new image, or when that is not possible the old one again. Returns only when neither is. */
void handover_leave(const struct handover_parts *parts);

/* What the image before this one left. */
struct handover {
    bool present;
    int listen_fd;
    int lock_fd;
    int64_t clock_offset_ms;
    int state_fd;
    int image_fd; /* the old image */
    bool last;    /* it is the old image already: there is nothing to go back to */
    void *bytes;  /* the whole state; owned */
    size_t len;
    const int *fds;
    size_t fds_count;
    struct pack_reader presence;
    struct pack_reader sockets;
    const char *image; /* its path */
};

/* Reads $PORCHLIGHT_HANDOVER. Without it: nothing is present. What cannot be understood goes back to the old image. */
void handover_receive(struct handover *h, const struct log *log);
/* Where the next program will lie on disk: where the first image was when it was started. Asked at start, since a file
   that was replaced, as it is for who goes back, is "(deleted)". */
void handover_remember(const struct handover *h, char image[static HANDOVER_PATH_BYTES]);
void handover_presence(struct handover *h, struct presence *presence, int64_t now_ms);
void handover_done(struct handover *h);                        /* this image serves: the old one is let go */
void handover_back(struct handover *h, const struct log *log); /* executes the old image; returns when there is none */

#endif
