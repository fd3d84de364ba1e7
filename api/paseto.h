/*
 * PASETO v4.public: a signed message (https://github.com/paseto-standard/paseto-spec,
 * docs/01-Protocol-Versions/Version4.md).
 *
 *     v4.public.<base64url(message || signature)>[.<base64url(footer)>]
 *     signature = Ed25519(PAE("v4.public.", message, footer, implicit))
 *
 * PAE ("pre-authentication encoding", docs/01-Protocol-Versions/Common.md) writes the number of parts and the length
 * of each before it, as 64-bit little-endian numbers with the top bit clear, so that no two lists of parts give the
 * same bytes.
 *
 * Only the envelope: what the message says is api/token.h's business. Pure; results live in the caller's arena.
 */
#ifndef PORCHLIGHT_API_PASETO_H
#define PORCHLIGHT_API_PASETO_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define PASETO_PUBLIC_KEY_BYTES 32
#define PASETO_SECRET_KEY_BYTES 64 /* seed, then public key: libsodium's form and the specification's */

struct paseto_part {
    const void *bytes; /* may be NULL when len is 0 */
    size_t len;
};

struct paseto_message {
    struct paseto_part message;
    struct paseto_part footer;   /* empty: the token has none */
    struct paseto_part implicit; /* signed but not carried; both sides must bring the same */
};

/* The footer of a token that nobody verified yet. ERR_MALFORMED: not v4.public, or bad base64url. ERR_NO_MEMORY. */
enum err paseto_footer(const char *token, size_t len, struct arena *arena, struct paseto_part *footer);

/* `token` gets a NUL-terminated text of *len characters. ERR_NO_MEMORY. */
enum err paseto_sign(const unsigned char secret_key[static PASETO_SECRET_KEY_BYTES], const struct paseto_message *in,
                     struct arena *arena, const char **token, size_t *len);

/*
 * Verifies. `io->implicit` is what the caller expects; message and footer are set only when the signature holds, each
 * with a NUL behind it. ERR_MALFORMED as paseto_footer; ERR_UNAUTHENTICATED: another key or other bytes;
 * ERR_NO_MEMORY.
 */
enum err paseto_open(const unsigned char public_key[static PASETO_PUBLIC_KEY_BYTES], const char *token, size_t len,
                     struct arena *arena, struct paseto_message *io);

#endif
