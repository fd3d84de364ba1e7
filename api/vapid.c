/* Tokens for push services: JWT with ES256 (RFC 7515, RFC 7518). See vapid.h. */
#include "api/vapid.h"

#include <string.h>

#include "api/base64url.h"
#include "base/json.h"

#define CLAIMS_BYTES_MAX 1024

static char *encode(struct arena *arena, const void *bytes, size_t len)
{
    char *text = arena_alloc(arena, BASE64URL_CHARS(len) + 1);
    if (text != NULL)
        base64url_encode(bytes, len, text);
    return text;
}

/* The part before the signature. NULL: no memory, or an address too long. */
static char *write_signed_part(const struct vapid_claims *claims, struct arena *arena)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    struct buf text;
    struct json_writer w = {.out = &text};
    buf_init(&text, CLAIMS_BYTES_MAX);
    json_object_begin(&w);
    json_key(&w, "aud");
    json_put_string(&w, claims->audience);
    json_key(&w, "exp");
    json_put_int(&w, claims->expires_s);
    json_key(&w, "sub");
    json_put_string(&w, claims->subject);
    json_object_end(&w);
    char *first = encode(arena, head, sizeof head - 1);
    char *second = text.failed ? NULL : encode(arena, text.data, text.len);
    buf_clear(&text);
    return first == NULL || second == NULL ? NULL : arena_printf(arena, "%s.%s", first, second);
}

enum err vapid_authorize(const struct p256_pair *keys, const struct vapid_claims *claims, struct arena *arena,
                         const char **out)
{
    unsigned char signature[P256_SIGNATURE_BYTES];
    char *part = write_signed_part(claims, arena);
    if (part == NULL)
        return ERR_NO_MEMORY;
    enum err err = p256_sign(keys, part, strlen(part), signature);
    if (err != ERR_OK)
        return err;
    char *key = encode(arena, keys->public_key, sizeof keys->public_key);
    char *end = encode(arena, signature, sizeof signature);
    *out = key == NULL || end == NULL ? NULL : arena_printf(arena, "vapid t=%s.%s, k=%s", part, end, key);
    return *out == NULL ? ERR_NO_MEMORY : ERR_OK;
}
