/*
 * argon2id by libsodium, with equal work for users who do not exist.
 */
#include "api/password.h"

#include <assert.h>
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

/* What a hash says. libsodium's own have a salt of SALT_BYTES; of an imported one it may be longer. */
struct parts {
    uint32_t memory_kib;
    uint32_t passes;
    const char *salt; /* base64 */
    size_t salt_chars;
    const char *hash;
    size_t hash_chars;
};

#define SALT_BYTES crypto_pwhash_argon2id_SALTBYTES
#define HASH_BYTES 32 /* libsodium's own */

static bool take_apart(const char *hash, struct parts *out);

static bool decode(const char *text, size_t chars, unsigned char *out, size_t wanted)
{
    size_t len = 0;
    return sodium_base642bin(out, wanted, text, chars, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) ==
               0 &&
           len == wanted;
}

enum err password_verify(const char *hash, const char *password, size_t len)
{
    unsigned char salt[SALT_BYTES];
    unsigned char wanted[HASH_BYTES];
    unsigned char found[HASH_BYTES];
    char text[PASSWORD_HASH_BYTES] = {0}; /* libsodium is given a whole array, whatever the text's length */
    bool known = hash && password_hash_acceptable(hash);
    const char *source = known ? hash : dummy;
    struct parts p;
    bool fits;
    memcpy(text, source, strlen(source));
    /* libsodium's own check takes a lack of memory for another password: only the hash alone tells. */
    if (take_apart(text, &p) && decode(p.salt, p.salt_chars, salt, sizeof salt) &&
        decode(p.hash, p.hash_chars, wanted, sizeof wanted)) {
        if (crypto_pwhash_argon2id(found, sizeof found, password, len, salt, p.passes, (size_t)p.memory_kib * 1024,
                                   crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
            return ERR_NO_MEMORY;
        fits = sodium_memcmp(found, wanted, sizeof found) == 0;
    } else {
        fits = crypto_pwhash_argon2id_str_verify(text, password, len) == 0;
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(wanted, sizeof wanted);
    sodium_memzero(found, sizeof found);
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

static bool number(const char **at, uint32_t min, uint32_t max, uint32_t *out)
{
    uint32_t value = 0;
    if (**at < '1' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (uint32_t)(**at - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return value >= min;
}

/* Base64 without padding of at least `min` characters. */
static bool base64_run(const char **at, size_t min, const char **text, size_t *chars)
{
    *text = *at;
    *chars = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    *at += *chars;
    return *chars >= min;
}

static bool take_apart(const char *hash, struct parts *out)
{
    const char *at = hash;
    return strlen(hash) < PASSWORD_HASH_BYTES && skip(&at, "$argon2id$v=19$m=") &&
           number(&at, 8, ACCEPTABLE_MEMORY_KIB_MAX, &out->memory_kib) && skip(&at, ",t=") &&
           number(&at, 1, ACCEPTABLE_PASSES_MAX, &out->passes) && skip(&at, ",p=1$") &&
           base64_run(&at, 11, &out->salt, &out->salt_chars) && skip(&at, "$") &&
           base64_run(&at, 22, &out->hash, &out->hash_chars) && *at == '\0';
}

bool password_hash_acceptable(const char *hash)
{
    struct parts parts;
    return take_apart(hash, &parts);
}
