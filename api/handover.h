/*
 * Hot restart: the program on disk takes the place of the running one, same process id, listening socket and WebSockets
 * kept. What the old image knows lies in two memfds; descriptors simply stay open across exec.
 *
 *   check the new program in a child ─> prepare ─> stop HTTP ─> freeze sockets, stop writers, close SQLite ─> exec NEW
 *   NEW: reads the memfds ─ ready: forgets them
 *                         └ cannot start: executes the old image again (its descriptor came along), sockets and all
 *
 *   state:    magic, version, listening socket, lock, old image, clock offset, descriptors to keep; these stay as they
 *             are in every version, so that any image can go back. Then presence, descriptor of `sockets`,
 *             where the program lies
 *   sockets:  realtime_freeze's bytes
 *
 * What may fail while the server can still go on fails in handover_prepare, and then there is no restart. When the
 * state cannot be written later (no memory for it), the old image is executed with the listening socket and the lock
 * alone: sockets are cut, their clients return. The main thread; nothing else runs while a handover is made or taken.
 */
#ifndef PORCHLIGHT_API_HANDOVER_H
#define PORCHLIGHT_API_HANDOVER_H

#include <stdio.h>

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

struct command_line;

/* What is left to the next image. */
struct handover_parts {
    const char *image;
    int listen_fd; /* handover_prepare takes it */
    int lock_fd;
    const struct clock *clock;
    const struct log *log;
    struct presence *presence;
    /* ---- handover_prepare ---- */
    struct command_line *line;
    int image_fd; /* of the image that runs */
    int state_fd;
    FILE *sockets; /* for realtime_freeze */
    /* ---- while everything stops ---- */
    bool kept;      /* all of the sockets are written */
    struct buf fds; /* their descriptors */
};

/* Everything that leaving needs, while the server still runs. An error: what there was is closed again. */
enum err handover_prepare(struct handover_parts *parts, struct problem *problem);

/* Executes the new image, or when that is not possible the old one again. Returns only when neither is. */
void handover_leave(const struct handover_parts *parts);

/* What the image before this one left. */
struct handover {
    bool present;
    int listen_fd;
    int lock_fd;
    int64_t clock_offset_ms;
    int state_fd;
    int sockets_fd;
    int image_fd; /* the old image */
    bool last;    /* it is the old image already: there is nothing to go back to */
    void *state;  /* mapped */
    size_t state_len;
    void *frozen; /* likewise, the sockets; NULL: there is nothing to be thawed */
    size_t frozen_len;
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
