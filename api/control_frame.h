/*
 * What travels on the control socket: frames, both ways.
 *
 *      +------+-----------------+-----------------+
 *      | kind | length, 4 bytes | length bytes    |
 *      | 1    | big endian      |                 |
 *      +------+-----------------+-----------------+
 *
 * A request is its arguments ('a', in order), perhaps a secret ('s') and the name of an input file ('i'), then 'r' to
 * run it; the descriptor of the input travels beside the first byte (SCM_RIGHTS). The answer is any number of 'o'
 * (stdout), 'e' (stderr) and 'p' (progress), then 'x' with one byte, the exit status.
 *
 * The parser is pure: bytes in, a request or an error out. Nothing in it trusts a length.
 */
#ifndef PORCHLIGHT_API_CONTROL_FRAME_H
#define PORCHLIGHT_API_CONTROL_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define CONTROL_REQUEST_BYTES_MAX 65536 /* a command line of an operator, and far more */
#define CONTROL_ARGUMENTS_MAX 64
#define CONTROL_FRAME_BYTES_MAX 65536 /* longer output is several frames */
#define CONTROL_FRAME_HEAD_BYTES 5
#define CONTROL_PATIENCE_MS 2000

enum control_kind {
    CONTROL_ARGUMENT = 'a',
    CONTROL_SECRET = 's',
    CONTROL_INPUT = 'i',
    CONTROL_RUN = 'r',
    CONTROL_OUT = 'o',
    CONTROL_ERROR = 'e',
    CONTROL_PROGRESS = 'p',
    CONTROL_EXIT = 'x'
};

struct control_frame {
    char kind;
    const char *bytes; /* points into the input */
    size_t len;
};

/* Takes one frame off the front. `used` is 0 while it is incomplete. ERR_MALFORMED for a length over the limit. */
enum err control_frame_next(const char *bytes, size_t len, struct control_frame *frame, size_t *used);

void control_frame_head(char head[static CONTROL_FRAME_HEAD_BYTES], enum control_kind kind, size_t len);
void control_frame_append(struct buf *out, enum control_kind kind, const char *bytes, size_t len);

struct control_command {
    const char *arguments[CONTROL_ARGUMENTS_MAX]; /* in the arena, NUL-terminated */
    size_t arguments_count;
    const char *secret;
    const char *input_name;
    bool complete; /* false: more bytes are needed */
};

/* Reads a whole request, from its first byte each time. ERR_MALFORMED, ERR_TOO_LARGE, ERR_NO_MEMORY. */
enum err control_request_parse(const char *bytes, size_t len, struct arena *arena, struct control_command *out);

#endif
