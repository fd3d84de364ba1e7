/*
 * Passwords as argon2id strings (RFC 9106; OWASP's parameters: 19 MiB, 2 passes, 1 lane) by libsodium.
 *
 * One hash takes about 25 ms and 19 MiB, so this runs on the bounded helper threads, never on an HTTP loop. Verifying
 * costs the same whether or not the user exists and has a password: a fixed dummy is verified instead. No state; any
 * thread. sodium_init() has been called.
 */
#ifndef PORCHLIGHT_API_PASSWORD_H
#define PORCHLIGHT_API_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define PASSWORD_HASH_BYTES 128 /* crypto_pwhash_STRBYTES: the string and its NUL */

/* ERR_NO_MEMORY when 19 MiB cannot be had. */
enum err password_hash(const char *password, size_t len, char out[static PASSWORD_HASH_BYTES]);

/*
 * ERR_UNAUTHENTICATED: it is another. So it is when `hash` is NULL (no such user, or one without a password) or not
 * acceptable, after the dummy's work. ERR_NO_MEMORY when 19 MiB cannot be had.
 */
enum err password_verify(const char *hash, const char *password, size_t len);

/* The hash was made with other parameters than today's: hash again while the password is at hand. */
bool password_needs_rehash(const char *hash);

/*
 * An argon2id string whose work is bounded (at most 64 MiB, 10 passes, 1 lane), so that an imported one can neither
 * exhaust memory nor stall the helpers. Import refuses others.
 */
bool password_hash_acceptable(const char *hash);

#endif
