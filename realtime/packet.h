/*
 * One message on its way to sockets: encoded once (and, when somebody wants it so, compressed once), then shared by
 * reference, however many sockets it goes to. Immutable once made; any thread may hold it.
 *
 *      packet { refs, what, seq, plain: head + payload, deflated: head + payload or none }
 */
#ifndef PORCHLIGHT_REALTIME_PACKET_H
#define PORCHLIGHT_REALTIME_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "realtime/deflate.h"
#include "realtime/frame.h"

/* What becomes of it when a socket is slow, and how it is counted. */
enum packet_class {
    PACKET_EVENT,     /* durable: has a number, and the client can catch up from the database */
    PACKET_STATE,     /* the newest state of something: like counts */
    PACKET_EPHEMERAL, /* cheers, presence: the first to be dropped */
    PACKET_ANSWER,    /* to one socket: ACK, error, WELCOME, the pong in JSON */
    PACKET_PONG,      /* to a ping frame: of those that wait only the newest is sent (RFC 6455, section 5.5.3) */
    PACKET_CONTROL    /* ping and close frames */
};

/* A run of bytes for one kind of socket. */
struct packet_bytes {
    const unsigned char *bytes;
    size_t len;
};

struct packet;

/*
 * A text (or binary) message. `seq` is the event's number (0: none). `deflate` NULL: not compressed for anybody; short
 * messages never are, since it would make them longer. NULL: no memory. Comes with one reference.
 */
struct packet *packet_text(const char *text, size_t len, enum packet_class what, int64_t seq, struct deflate *deflate);
struct packet *packet_binary(const void *bytes, size_t len, struct deflate *deflate);

/* For some of a room's sockets only: as in struct room_words. Before anybody else holds it. */
void packet_limit(struct packet *p, uint8_t topic, int64_t not_to);
bool packet_is_for(const struct packet *p, uint8_t topics, int64_t user_id);

/* Bytes that are frames already, or the rest of one: what another image of the program had not sent yet. */
struct packet *packet_raw(const void *bytes, size_t len);

/* A control frame; `len` at most FRAME_CONTROL_BYTES_MAX. */
struct packet *packet_control(enum frame_opcode opcode, const void *bytes, size_t len);
/* A close frame: the code and a reason, cut to what fits. */
struct packet *packet_close(uint16_t code, const char *reason);

struct packet *packet_ref(struct packet *p);
void packet_unref(struct packet *p); /* NULL is fine */

struct packet_bytes packet_for(const struct packet *p, bool deflate);
enum packet_class packet_class(const struct packet *p);
int64_t packet_seq(const struct packet *p);
size_t packet_memory(const struct packet *p); /* bytes that it keeps from the system, however many share it */

#endif
