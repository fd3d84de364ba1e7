/*
 * Small helpers for secrets: comparing, invite codes, hashes.
 *
 * An invite code is 80 random bits in Crockford's base32 (https://www.crockford.com/base32.html), grouped for reading
 * aloud: "7K3M-9QXA-BC2D-W0TR". What a person types back may be in lower case, without or with other gaps, and with O
 * for 0 and I or L for 1; U is never written. Only the hash of a code is stored. No state; any thread. sodium_init()
 * has been called.
 */
#ifndef PORCHLIGHT_API_SECRET_H
#define PORCHLIGHT_API_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_CODE_BYTES 20 /* 16 characters, three dashes, a NUL */
#define SECRET_HASH_BYTES 32

/* Constant time for equal lengths; lengths are no secret. */
bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* BLAKE2b-256 of `purpose`, a zero byte and the bytes: a hash made for one purpose means nothing for another. */
void secret_hash(const char *purpose, const void *bytes, size_t len, unsigned char out[static SECRET_HASH_BYTES]);

/* A fresh code. */
void secret_code_new(char out[static SECRET_CODE_BYTES]);

/* What is said of a code that opens nothing. */
#define INVITE_IS_OVER "This invitation is used up or no longer valid. Please ask for a new one."

/* A code as typed -> as secret_code_new wrote it. false: it cannot be one. */
bool secret_code_parse(const char *text, size_t len, char out[static SECRET_CODE_BYTES]);

/* Hash of a canonical code, as table invites keeps it. */
void secret_code_hash(const char code[static SECRET_CODE_BYTES], unsigned char out[static SECRET_HASH_BYTES]);

#endif
