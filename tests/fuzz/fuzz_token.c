/*
 * Tokens. The first byte chooses what the rest is:
 *
 *     't'  a token as somebody sends it. Accepted: signing its parts again gives the same text, so it has one spelling.
 *     'm'  a message, signed here, so that the reader of claims is reached.
 *     'f'  a footer, signed here.
 *     'b'  base64url, and a k4.public key.
 *
 * Whatever claims are accepted can be signed again and mean the same.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/base64url.h"
#include "api/token.h"
#include "base/json.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static unsigned char public_key[PASETO_PUBLIC_KEY_BYTES];
static unsigned char secret_key[PASETO_SECRET_KEY_BYTES];
static char kid[PASERK_PID_BYTES];
static const struct token_check check = {
    .kid = kid, .public_key = public_key, .issuer = "porchlight", .audience = "porchlight", .now_ms = NOW_MS};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void make_key(void)
{
    static const unsigned char seed[crypto_sign_ed25519_SEEDBYTES] = "the seed of the fuzzer's own key";
    require(sodium_init() >= 0);
    crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed);
    paserk_pid(public_key, kid);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void claims_hold(const struct token_claims *c, struct arena *arena)
{
    const char *const texts[] = {c->sub, c->jti, c->iss, c->aud, c->role, c->team};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        require(texts[i] || i >= 4);
        size_t chars = texts[i] ? json_utf8_length(texts[i], strlen(texts[i])) : 1;
        require(chars >= 1 && chars <= TOKEN_CLAIM_CHARS_MAX);
    }
    require(strcmp(c->iss, check.issuer) == 0 && strcmp(c->aud, check.audience) == 0);
    require(c->exp_ms > NOW_MS && c->nbf_ms <= NOW_MS && c->iat_ms <= NOW_MS + TOKEN_SKEW_MS);

    const char *token = NULL;
    struct token_claims again;
    enum err err = token_sign(kid, secret_key, c, arena, &token);
    if (err == ERR_INVALID) /* escapes may make the text too long */
        return;
    require(err == ERR_OK && strlen(token) <= TOKEN_BYTES_MAX);
    require(token_verify(&check, token, strlen(token), arena, &again) == TOKEN_OK);
    require(same_text(c->sub, again.sub) && same_text(c->role, again.role) && same_text(c->team, again.team));
    require(same_text(c->jti, again.jti) && same_text(c->iss, again.iss) && same_text(c->aud, again.aud));
    require(c->iat_ms == again.iat_ms && c->exp_ms == again.exp_ms && c->nbf_ms == again.nbf_ms);
}

static void judge_token(const char *token, size_t len, struct arena *arena)
{
    struct token_claims claims;
    char named[PASERK_PID_BYTES];
    enum token_fault first = token_key_id(token, len, arena, named);
    enum token_fault fault = token_verify(&check, token, len, arena, &claims);
    require(fault != TOKEN_NO_MEMORY && (first == TOKEN_OK || fault == first));
    if (fault != TOKEN_OK)
        return;

    require(strcmp(named, kid) == 0 && len <= TOKEN_BYTES_MAX);
    struct paseto_message parts = {.implicit = {.len = 0}};
    const char *again = NULL;
    size_t again_len = 0;
    require(paseto_open(public_key, token, len, arena, &parts) == ERR_OK);
    require(paseto_sign(secret_key, &parts, arena, &again, &again_len) == ERR_OK);
    require(again_len == len && memcmp(again, token, len) == 0);
    claims_hold(&claims, arena);
}

static void sign_and_judge(struct paseto_part message, struct paseto_part footer, struct arena *arena)
{
    const struct paseto_message parts = {.message = message, .footer = footer};
    const char *token = NULL;
    size_t len = 0;
    if (paseto_sign(secret_key, &parts, arena, &token, &len) == ERR_OK)
        judge_token(token, len, arena);
}

static void judge_base64url(const char *text, size_t len)
{
    unsigned char bytes[256];
    char again[BASE64URL_CHARS(sizeof bytes) + 1];
    unsigned char key[PASERK_KEY_BYTES];
    char key_text[PASERK_PUBLIC_BYTES];
    size_t got = 0;
    if (base64url_decode(text, len, bytes, sizeof bytes, &got)) {
        require(got <= sizeof bytes);
        base64url_encode(bytes, got, again);
        require(strlen(again) == len && memcmp(again, text, len) == 0);
    }
    if (paserk_public_parse(text, len, key)) {
        paserk_public(key, key_text);
        require(strlen(key_text) == len && memcmp(key_text, text, len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char message[] = "{\"sub\":\"42\",\"role\":\"member\",\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\","
                                  "\"exp\":\"2026-01-02T00:00:00Z\",\"iss\":\"porchlight\",\"aud\":\"porchlight\"}";
    struct arena *arena = arena_create(8192, 1 << 20);
    if (kid[0] == '\0')
        make_key();
    if (arena == NULL || size == 0) {
        arena_free(arena);
        return 0;
    }
    const char *rest = (const char *)data + 1;
    struct paseto_part given = {.bytes = rest, .len = size - 1};
    switch (data[0]) {
    case 'm': {
        const char *footer = arena_printf(arena, "{\"kid\":\"%s\"}", kid);
        sign_and_judge(given, (struct paseto_part){.bytes = footer, .len = strlen(footer)}, arena);
        break;
    }
    case 'f':
        sign_and_judge((struct paseto_part){.bytes = message, .len = sizeof message - 1}, given, arena);
        break;
    case 'b':
        judge_base64url(rest, size - 1);
        break;
    default:
        judge_token(rest, size - 1, arena);
    }
    arena_free(arena);
    return 0;
}
