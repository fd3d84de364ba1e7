/*
 * The curve that Web Push is made of: P-256 (FIPS 186-5), as key agreement (RFC 8291) and signature (RFC 8292).
 * libcrypto underneath; this file and ece.c are the only ones that see it for push. Pure; any thread.
 *
 *     private  32 bytes, big-endian          public     65 bytes: 0x04, x, y (uncompressed, SEC 1, section 2.3.3)
 *     shared   32 bytes: x                   signature  64 bytes: r, s (RFC 7518, section 3.4)
 */
#ifndef PORCHLIGHT_API_P256_H
#define PORCHLIGHT_API_P256_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define P256_PRIVATE_BYTES 32
#define P256_PUBLIC_BYTES 65
#define P256_SHARED_BYTES 32
#define P256_SIGNATURE_BYTES 64

struct p256_pair {
    unsigned char public_key[P256_PUBLIC_BYTES];
    unsigned char private_key[P256_PRIVATE_BYTES];
};

/* A new pair. ERR_NO_MEMORY. */
enum err p256_generate(struct p256_pair *out);

/* Whether the bytes are a point of the curve: what a browser sent may be anything. */
bool p256_is_public(const unsigned char public_key[static P256_PUBLIC_BYTES]);

/* Whether the halves belong together. */
bool p256_is_pair(const struct p256_pair *pair);

/* ECDH. ERR_INVALID: `peer` is no point of the curve, or `own` is no pair; ERR_NO_MEMORY. */
enum err p256_agree(const struct p256_pair *own, const unsigned char peer[static P256_PUBLIC_BYTES],
                    unsigned char out[static P256_SHARED_BYTES]);

/* ECDSA with SHA-256. ERR_INVALID: `own` is no pair; ERR_NO_MEMORY. */
enum err p256_sign(const struct p256_pair *own, const void *bytes, size_t len,
                   unsigned char out[static P256_SIGNATURE_BYTES]);
bool p256_verify(const unsigned char public_key[static P256_PUBLIC_BYTES], const void *bytes, size_t len,
                 const unsigned char signature[static P256_SIGNATURE_BYTES]);

#endif
