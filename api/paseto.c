/*
 * PASETO v4.public. Ed25519 signs the whole PAE text, so that is built in one piece in the arena.
 */
#include "api/paseto.h"

#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "api/base64url.h"

#define HEADER "v4.public."
#define HEADER_CHARS (sizeof(HEADER) - 1)
#define SIGNATURE_BYTES crypto_sign_ed25519_BYTES

static_assert(PASETO_PUBLIC_KEY_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "an Ed25519 public key");
static_assert(PASETO_SECRET_KEY_BYTES == crypto_sign_ed25519_SECRETKEYBYTES, "an Ed25519 secret key");

struct sections {
    const char *body;
    size_t body_len;
    const char *footer; /* NULL: the token has none */
    size_t footer_len;
};

static enum err split(const char *token, size_t len, struct sections *out)
{
    if (len <= HEADER_CHARS || memcmp(token, HEADER, HEADER_CHARS) != 0)
        return ERR_MALFORMED;

    const char *body = token + HEADER_CHARS;
    size_t rest = len - HEADER_CHARS;
    const char *dot = memchr(body, '.', rest);
    *out = (struct sections){.body = body, .body_len = rest};
    if (dot) {
        out->body_len = (size_t)(dot - body);
        out->footer = dot + 1;
        out->footer_len = rest - out->body_len - 1;
        /* A dot without a footer would be a second spelling of a token without one. */
        if (out->footer_len == 0)
            return ERR_MALFORMED;
    }
    return ERR_OK; /* a third section holds a dot, which is not in the alphabet */
}

/* Decodes into the arena, with a NUL behind. */
static enum err decode(const char *text, size_t len, struct arena *arena, unsigned char **out, size_t *out_len)
{
    unsigned char *bytes = arena_alloc(arena, len + 1); /* decoding never makes longer */
    if (!bytes)
        return ERR_NO_MEMORY;
    if (!base64url_decode(text, len, bytes, len, out_len))
        return ERR_MALFORMED;
    bytes[*out_len] = '\0';
    *out = bytes;
    return ERR_OK;
}

static enum err decode_footer(const struct sections *s, struct arena *arena, struct paseto_part *footer)
{
    unsigned char *bytes = NULL;
    size_t len = 0;
    if (s->footer) {
        enum err err = decode(s->footer, s->footer_len, arena, &bytes, &len);
        if (err)
            return err;
    }
    *footer = (struct paseto_part){.bytes = bytes, .len = len};
    return ERR_OK;
}

static unsigned char *put_number(unsigned char *at, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        *at++ = (unsigned char)(number >> (8 * i));
    return at;
}

/* PAE of the header and the three parts; NULL: no memory. */
static unsigned char *pae(const struct paseto_message *m, struct arena *arena, size_t *len)
{
    const struct paseto_part parts[] = {
        {.bytes = HEADER, .len = HEADER_CHARS},
        m->message,
        m->footer,
        m->implicit,
    };
    size_t count = sizeof parts / sizeof parts[0];

    size_t total = 8;
    for (size_t i = 0; i < count; i++)
        total += 8 + parts[i].len;
    unsigned char *text = arena_alloc(arena, total);
    if (!text)
        return NULL;

    unsigned char *at = put_number(text, count);
    for (size_t i = 0; i < count; i++) {
        at = put_number(at, parts[i].len);
        if (parts[i].len > 0)
            memcpy(at, parts[i].bytes, parts[i].len);
        at += parts[i].len;
    }
    assert(at == text + total);
    *len = total;
    return text;
}

enum err paseto_footer(const char *token, size_t len, struct arena *arena, struct paseto_part *footer)
{
    struct sections s;
    enum err err = split(token, len, &s);
    return err ? err : decode_footer(&s, arena, footer);
}

enum err paseto_sign(const unsigned char secret_key[static PASETO_SECRET_KEY_BYTES], const struct paseto_message *in,
                     struct arena *arena, const char **token, size_t *len)
{
    size_t signed_len = 0;
    const unsigned char *signed_text = pae(in, arena, &signed_len);
    size_t body_len = in->message.len + SIGNATURE_BYTES;
    unsigned char *body = arena_alloc(arena, body_len);
    size_t text_len = HEADER_CHARS + BASE64URL_CHARS(body_len);
    size_t footer_chars = in->footer.len > 0 ? 1 + BASE64URL_CHARS(in->footer.len) : 0;
    char *text = arena_alloc(arena, text_len + footer_chars + 1);
    if (!signed_text || !body || !text)
        return ERR_NO_MEMORY;

    if (in->message.len > 0)
        memcpy(body, in->message.bytes, in->message.len);
    crypto_sign_ed25519_detached(body + in->message.len, NULL, signed_text, signed_len, secret_key);

    memcpy(text, HEADER, HEADER_CHARS);
    base64url_encode(body, body_len, text + HEADER_CHARS);
    if (footer_chars > 0) {
        text[text_len] = '.';
        base64url_encode(in->footer.bytes, in->footer.len, text + text_len + 1);
    }
    *token = text;
    *len = text_len + footer_chars;
    return ERR_OK;
}

enum err paseto_open(const unsigned char public_key[static PASETO_PUBLIC_KEY_BYTES], const char *token, size_t len,
                     struct arena *arena, struct paseto_message *io)
{
    struct sections s;
    unsigned char *body = NULL;
    size_t body_len = 0;
    struct paseto_message found = {.implicit = io->implicit};
    enum err err = split(token, len, &s);
    if (!err)
        err = decode_footer(&s, arena, &found.footer);
    if (!err)
        err = decode(s.body, s.body_len, arena, &body, &body_len);
    if (err)
        return err;
    if (body_len < SIGNATURE_BYTES)
        return ERR_MALFORMED;

    found.message = (struct paseto_part){.bytes = body, .len = body_len - SIGNATURE_BYTES};
    unsigned char *signature = body + found.message.len;
    size_t signed_len = 0;
    const unsigned char *signed_text = pae(&found, arena, &signed_len);
    if (!signed_text)
        return ERR_NO_MEMORY;
    if (crypto_sign_ed25519_verify_detached(signature, signed_text, signed_len, public_key) != 0)
        return ERR_UNAUTHENTICATED;

    signature[0] = '\0'; /* ends the message */
    *io = found;
    return ERR_OK;
}
