/*
 * The frames of RFC 6455, pure: bytes in, events out; and the heads of frames that are sent. No I/O, no clock.
 *
 * A reader takes bytes as they come, however they are cut, and tells whole messages and control frames. It unmasks in
 * place, so the bytes it is given are changed; a message that lay whole in them is told without a copy. It checks what
 * the RFC demands: reserved bits and opcodes (5.2), masking (5.1), fragmentation (5.4), control frames (5.5), minimal
 * lengths (5.2), close codes and reasons (7.4), UTF-8 across fragments as early as it can be known (8.1). A compressed
 * message (RFC 7692) is told as it is: whoever inflates it checks its UTF-8 (frame_utf8).
 *
 * A reader at rest holds no memory and is all zero: a socket keeps one only while a message is half read.
 * One thread at a time; no state beyond the reader.
 */
#ifndef PORCHLIGHT_REALTIME_FRAME_H
#define PORCHLIGHT_REALTIME_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pack.h"

enum frame_opcode {
    FRAME_OP_CONTINUATION = 0,
    FRAME_OP_TEXT = 1,
    FRAME_OP_BINARY = 2,
    FRAME_OP_CLOSE = 8,
    FRAME_OP_PING = 9,
    FRAME_OP_PONG = 10
};

/* Close codes (RFC 6455, section 7.4.1) that the codec itself gives. */
#define FRAME_CLOSE_PROTOCOL 1002
#define FRAME_CLOSE_NO_STATUS 1005 /* never on the wire: a close frame without a code */
#define FRAME_CLOSE_NOT_UTF8 1007
#define FRAME_CLOSE_TOO_BIG 1009
#define FRAME_CLOSE_LATER 1013

#define FRAME_HEAD_BYTES_MAX 14 /* 2, a 64-bit length, a mask */
#define FRAME_CONTROL_BYTES_MAX 125

/* What this end of this connection demands. */
struct frame_rules {
    size_t message_bytes_max; /* of one message, as sent (a compressed one: compressed) */
    bool masked;              /* a server demands masked frames, a client unmasked ones */
    bool deflate;             /* permessage-deflate was agreed on: RSV1 may stand on a message's first frame */
};

enum frame_event_kind {
    FRAME_MORE,    /* nothing whole yet; all bytes were taken */
    FRAME_MESSAGE, /* text or binary */
    FRAME_PING,
    FRAME_PONG,
    FRAME_CLOSE, /* code is FRAME_CLOSE_NO_STATUS when none was sent; bytes is the reason, valid UTF-8 */
    FRAME_ERROR  /* code says how to close; the reader must not be used again but to be cleared */
};

/* `bytes` points into what was read or into the reader; good until the next call. */
struct frame_event {
    enum frame_event_kind kind;
    enum frame_opcode opcode; /* of a message: text or binary */
    bool compressed;
    uint16_t code;
    const char *why; /* of an error: static, a few words */
    unsigned char *bytes;
    size_t len;
    size_t empty; /* fragments on the way to it that brought nothing and ended nothing: no message stands for them */
};

/* Fields are the codec's own; begin with all zero. */
struct frame_reader {
    struct frame_part {
        unsigned char head[FRAME_HEAD_BYTES_MAX];
        uint8_t head_have; /* bytes of the head so far */
        uint8_t opcode;
        uint8_t mask_at; /* 0 to 3: where the mask goes on */
        uint8_t control_have;
        bool fin;
        bool in_payload;
        bool cut; /* its payload came in several pieces */
        unsigned char mask[4];
        uint64_t left; /* of the payload */
    } frame;           /* the one being read */
    uint8_t message;   /* opcode of the message being read; 0: none */
    bool compressed;
    bool told;                    /* the last event points into this reader: what it held goes with the next call */
    bool failed;                  /* an error was told */
    uint32_t utf8;                /* state across fragments; 0: between characters */
    unsigned char *message_bytes; /* owned: a message read in several pieces */
    size_t message_len;
    size_t message_cap;
    unsigned char control[FRAME_CONTROL_BYTES_MAX];
};

void frame_reader_clear(struct frame_reader *r);         /* frees; at rest again */
bool frame_reader_at_rest(const struct frame_reader *r); /* between messages, nothing held: all zero */

/*
 * Reads up to one event from `bytes` (changed in place); returns how many were taken. Call again with the rest until
 * the event is FRAME_MORE. Without memory for a message: FRAME_ERROR with FRAME_CLOSE_LATER. After FRAME_CLOSE it
 * reads on if asked to; RFC 6455 (5.5.1) has the caller drop what follows.
 */
size_t frame_read(struct frame_reader *r, const struct frame_rules *rules, unsigned char *bytes, size_t len,
                  struct frame_event *out);

/* A half-read message as bytes for the next image of the program, and back. A reader at rest needs neither. */
void frame_reader_pack(const struct frame_reader *r, struct buf *out);
bool frame_reader_unpack(struct pack_reader *from, struct frame_reader *out); /* false: not such bytes, or no memory */

/* The head of a frame that is sent, minimal; returns its length. `mask` NULL: unmasked (a server's). */
size_t frame_head(unsigned char out[static FRAME_HEAD_BYTES_MAX], enum frame_opcode opcode, bool compressed,
                  uint64_t len, const unsigned char mask[4]);

/* XORs in place with the mask, beginning at its byte `at % 4`. */
void frame_mask(unsigned char *bytes, size_t len, const unsigned char mask[static 4], uint64_t at);

/* Whether a code may stand in a close frame on the wire. */
bool frame_close_code_valid(uint16_t code);

/* Feeds bytes to a UTF-8 check. `state` begins at 0 and is 0 between characters. false: it can no longer be UTF-8. */
bool frame_utf8(uint32_t *state, const unsigned char *bytes, size_t len);

#endif
