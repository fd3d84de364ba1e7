/*
 * What clients say: JSON text messages, pure: bytes in, a checked message or a sentence out. DESIGN section 6.
 */
#ifndef PORCHLIGHT_REALTIME_MESSAGE_H
#define PORCHLIGHT_REALTIME_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum message_type {
    MESSAGE_PING,
    MESSAGE_JOIN_TEAM,
    MESSAGE_SEND_CHEER,
    MESSAGE_POST_LIKE,
    MESSAGE_POST_UNLIKE,
    MESSAGE_AUTH,
    MESSAGE_INCREMENT,
    MESSAGE_DECREMENT,
    MESSAGE_SET_VALUE,
    MESSAGE_RESET,
    MESSAGE_CHAT,
    MESSAGE_TYPING,
    MESSAGE_PRESENCE,
    MESSAGE_SYNC,
    MESSAGE_READ,
    MESSAGE_TYPES_
};

/* Strings lie in the arena; what a type does not carry is 0 or NULL. */
struct message {
    enum message_type type;
    const char *id; /* the client's own, at most MESSAGE_ID_BYTES_MAX bytes of visible ASCII; NULL: none */
    int64_t team_id;
    const char *since;
    const char *icon;
    int64_t post_id;
    const char *token;
    int64_t amount; /* 1 when it was left out */
    int64_t value;
    bool flag;        /* of a type that has one: isTyping */
    const char *text; /* likewise: status, state */
    const char *content;
    const char *client_id;
    int64_t thread_id;  /* 0: none */
    int64_t message_id; /* messageId, afterMessageId */
};

const char *message_type_name(enum message_type type); /* "JOIN_TEAM" */

/* What a refusal calls the message: what its sender does. NULL: it has no name. */
const char *message_name(const struct message *m);

/*
 * ERR_MALFORMED (not a JSON object), ERR_INVALID (a type that is not known, a field that is missing, wrong or does not
 * belong to the type), ERR_NO_MEMORY; `problem` says why. `out->id` and `out->client_id` are set whenever they could be
 * read, so that the error can name one.
 */
enum err message_parse(const char *bytes, size_t len, struct arena *arena, struct message *out,
                       struct problem *problem);

#endif
