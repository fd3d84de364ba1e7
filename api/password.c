/*
 * argon2id by libsodium, with equal work for users who do not exist.
 */
#include "api/password.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

/* OWASP Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1. libsodium always uses one lane. */
#define PASSES 2
#define MEMORY_BYTES ((size_t)19 * 1024 * 1024)

#define ACCEPTABLE_PASSES_MAX 10
#define ACCEPTABLE_MEMORY_KIB_MAX 65536

static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_argon2id_STRBYTES, "libsodium's string");

/* Made with the parameters above from random bytes that nobody kept: no password fits it. */
static const char dummy[] =
    "$argon2id$v=19$m=19456,t=2,p=1$0V3i52y/iu/SaeWjMxCi+A$XF22vMP4i/0ICaAY6YEgnIi3U674p2F+5Wi5/A1LTAU";

enum err password_hash(const char *password, size_t len, char out[static PASSWORD_HASH_BYTES])
{
    return crypto_pwhash_argon2id_str(out, password, len, PASSES, MEMORY_BYTES) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

enum err password_verify(const char *hash, const char *password, size_t len)
{
    bool known = hash && password_hash_acceptable(hash);
    char text[PASSWORD_HASH_BYTES] = {0}; /* libsodium is given a whole array, whatever the text's length */
    const char *source = known ? hash : dummy;
    memcpy(text, source, strlen(source));

    bool fits = crypto_pwhash_argon2id_str_verify(text, password, len) == 0;
    bool decided = fits || errno == EINVAL; /* what libsodium sets for another password, and for nothing else */
    sodium_memzero(text, sizeof text);
    if (!decided)
        return ERR_NO_MEMORY;
    return known && fits ? ERR_OK : ERR_UNAUTHENTICATED;
}

bool password_needs_rehash(const char *hash)
{
    return !password_hash_acceptable(hash) || crypto_pwhash_argon2id_str_needs_rehash(hash, PASSES, MEMORY_BYTES) != 0;
}

/* ---- the form of a hash: $argon2id$v=19$m=KIB,t=PASSES,p=1$SALT$HASH --------------------------------------------- */

static bool skip(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

static bool number(const char **at, uint32_t min, uint32_t max)
{
    uint32_t value = 0;
    if (**at < '1' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (uint32_t)(**at - '0');
        if (value > max)
            return false;
    }
    return value >= min;
}

/* Base64 without padding of at least `min` characters. */
static bool base64_run(const char **at, size_t min)
{
    size_t len = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    *at += len;
    return len >= min;
}

bool password_hash_acceptable(const char *hash)
{
    const char *at = hash;
    return strlen(hash) < PASSWORD_HASH_BYTES && skip(&at, "$argon2id$v=19$m=") &&
           number(&at, 8, ACCEPTABLE_MEMORY_KIB_MAX) && skip(&at, ",t=") && number(&at, 1, ACCEPTABLE_PASSES_MAX) &&
           skip(&at, ",p=1$") && base64_run(&at, 11) && skip(&at, "$") && base64_run(&at, 22) && *at == '\0';
}
