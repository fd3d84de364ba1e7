/*
 * PASERK texts of Ed25519 public keys and their ids.
 */
#include "api/paserk.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "api/base64url.h"

#define PUBLIC_PREFIX "k4.public."
#define PID_PREFIX "k4.pid."
#define PREFIX_CHARS(prefix) (sizeof(prefix) - 1)
#define PID_HASH_BYTES 33 /* 264 bits: a multiple of three bytes, so that the text has no leftover bits */

static_assert(PASERK_KEY_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "an Ed25519 public key");
static_assert(PASERK_PUBLIC_BYTES == PREFIX_CHARS(PUBLIC_PREFIX) + BASE64URL_CHARS(PASERK_KEY_BYTES) + 1, "its text");
static_assert(PASERK_PID_BYTES == PREFIX_CHARS(PID_PREFIX) + BASE64URL_CHARS(PID_HASH_BYTES) + 1, "its id's text");

/* Decodes `text` when it is `prefix` and exactly `bytes` bytes. */
static bool decode(const char *text, size_t len, const char *prefix, unsigned char *out, size_t bytes)
{
    size_t prefix_len = strlen(prefix);
    if (len != prefix_len + BASE64URL_CHARS(bytes) || memcmp(text, prefix, prefix_len) != 0)
        return false;
    size_t got = 0;
    return base64url_decode(text + prefix_len, len - prefix_len, out, bytes, &got) && got == bytes;
}

void paserk_public(const unsigned char key[static PASERK_KEY_BYTES], char out[static PASERK_PUBLIC_BYTES])
{
    memcpy(out, PUBLIC_PREFIX, PREFIX_CHARS(PUBLIC_PREFIX));
    base64url_encode(key, PASERK_KEY_BYTES, out + PREFIX_CHARS(PUBLIC_PREFIX));
}

bool paserk_public_parse(const char *text, size_t len, unsigned char key[static PASERK_KEY_BYTES])
{
    return decode(text, len, PUBLIC_PREFIX, key, PASERK_KEY_BYTES);
}

bool paserk_usable(const unsigned char key[static PASERK_KEY_BYTES])
{
    return crypto_core_ed25519_is_valid_point(key) == 1;
}

void paserk_pid(const unsigned char key[static PASERK_KEY_BYTES], char out[static PASERK_PID_BYTES])
{
    char public_text[PASERK_PUBLIC_BYTES];
    paserk_public(key, public_text);

    unsigned char hash[PID_HASH_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)PID_PREFIX, PREFIX_CHARS(PID_PREFIX));
    crypto_generichash_update(&state, (const unsigned char *)public_text, sizeof public_text - 1);
    crypto_generichash_final(&state, hash, sizeof hash);

    memcpy(out, PID_PREFIX, PREFIX_CHARS(PID_PREFIX));
    base64url_encode(hash, sizeof hash, out + PREFIX_CHARS(PID_PREFIX));
}

bool paserk_is_pid(const char *text, size_t len)
{
    unsigned char hash[PID_HASH_BYTES];
    return decode(text, len, PID_PREFIX, hash, sizeof hash);
}
