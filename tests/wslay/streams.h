/*
 * Streams of frames for a second opinion on the codec: a few messages, fragmented, with control frames between the
 * fragments, for a server or a client, with permessage-deflate or without it. In half of them a frame is broken in some
 * way, and some end early. The same random numbers make the same stream. One thread at a time.
 */
#ifndef PORCHLIGHT_WSLAY_STREAMS_H
#define PORCHLIGHT_WSLAY_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "realtime/frame.h"

#define STREAMS_FRAMES_MAX 512 /* many times what is legal in a stream; of garbage behind them nobody asks */
#define STREAMS_BYTES_MAX (1U << 20)

struct random;

/* Where frames begin, by their lengths alone: whether they are legal is for others to say. */
struct streams_walk {
    struct {
        size_t start;
        size_t head;      /* bytes; 0: it is not whole */
        uint64_t payload; /* bytes as declared */
        unsigned opcode;
    } frames[STREAMS_FRAMES_MAX];
    size_t count;
};

struct streams_sample {
    struct frame_rules rules;
    struct buf bytes; /* made with STREAMS_BYTES_MAX by whoever has it */
    struct streams_walk walk;
};

struct streams;

struct streams *streams_create(void);
void streams_free(struct streams *m);

/* Makes the next stream. What is sent through the codec and through wslay on the way and differs ends the program. */
void streams_make(struct streams *m, struct random *random, struct streams_sample *out);

/* The frame that a byte is of, and where that frame ends. */
size_t streams_frame_at(const struct streams_sample *s, size_t byte);
size_t streams_frame_end(const struct streams_sample *s, size_t byte);

/* The code of a close frame, unmasked; 0 when its payload does not have two bytes. */
unsigned streams_close_code(const struct streams_sample *s, size_t frame);

#endif
