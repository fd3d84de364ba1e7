/*
 * PASERK: keys as text (https://github.com/paseto-standard/paserk, types "public" and "pid").
 *
 *     k4.public.<base64url of the 32 bytes>                               a public key
 *     k4.pid.<base64url of BLAKE2b-264("k4.pid." || "k4.public....")>     its id, which names it in a token's footer
 *
 * Pure; any thread.
 */
#ifndef PORCHLIGHT_API_PASERK_H
#define PORCHLIGHT_API_PASERK_H

#include <stdbool.h>
#include <stddef.h>

#define PASERK_KEY_BYTES 32
#define PASERK_PUBLIC_BYTES 54 /* "k4.public.", 43 characters, a NUL */
#define PASERK_PID_BYTES 52    /* "k4.pid.", 44 characters, a NUL */

void paserk_public(const unsigned char key[static PASERK_KEY_BYTES], char out[static PASERK_PUBLIC_BYTES]);

/* false: not a k4.public text. Whether the bytes are a point of the curve is paserk_usable's question. */
bool paserk_public_parse(const char *text, size_t len, unsigned char key[static PASERK_KEY_BYTES]);

/* A point of the prime-order group: no signature under any other key proves anything. */
bool paserk_usable(const unsigned char key[static PASERK_KEY_BYTES]);

void paserk_pid(const unsigned char key[static PASERK_KEY_BYTES], char out[static PASERK_PID_BYTES]);

/* true when `text` has the form of a k4.pid; says nothing of which key it names. */
bool paserk_is_pid(const char *text, size_t len);

#endif
