/*
 * Claims and footer of our tokens. jansson is used directly, not through base/json.h, since foreign tokens may carry
 * claims that we do not know.
 */
#include "api/token.h"

#include <assert.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

#include "api/base64url.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"

#define VERSION_PREFIX "v4.public."
#define FOOTER_BYTES_MAX 128 /* {"kid":"k4.pid...."} is 61 bytes; somebody else's encoder may put blanks in */
#define ID_RANDOM_BYTES 16

static_assert(TOKEN_ID_BYTES == BASE64URL_CHARS(ID_RANDOM_BYTES) + 1, "a jti");

static const struct {
    const char *name;
    const char *sentence;
} faults[] = {
    [TOKEN_OK] = {"ok", "The token holds."},
    [TOKEN_TOO_LONG] = {"too-long", "The token is too long."},
    [TOKEN_VERSION] = {"version", "The token is not a PASETO v4.public token."},
    [TOKEN_FORM] = {"form", "The token is damaged: it is not a well-formed PASETO."},
    [TOKEN_FOOTER] = {"footer", "The token's footer does not name its key as {\"kid\":\"k4.pid....\"}."},
    [TOKEN_KEY] = {"key", "The token was signed with a key that is not known here."},
    [TOKEN_SIGNATURE] = {"signature", "The token's signature does not hold."},
    [TOKEN_CLAIMS] = {"claims", "The token's claims are incomplete or not well formed."},
    [TOKEN_ISSUER] = {"issuer", "The token is from another issuer."},
    [TOKEN_AUDIENCE] = {"audience", "The token is for another audience."},
    [TOKEN_EXPIRED] = {"expired", "The token has expired."},
    [TOKEN_EARLY] = {"early", "The token does not hold yet."},
    [TOKEN_NO_MEMORY] = {"no-memory", "There was not enough memory to check the token."},
};
static_assert(sizeof faults / sizeof faults[0] == TOKEN_FAULT_COUNT_, "every fault has a name and a sentence");

const char *token_fault_name(enum token_fault fault)
{
    assert(fault < TOKEN_FAULT_COUNT_);
    return faults[fault].name;
}

const char *token_fault_sentence(enum token_fault fault)
{
    assert(fault < TOKEN_FAULT_COUNT_);
    return faults[fault].sentence;
}

enum err token_fault_err(enum token_fault fault)
{
    if (fault == TOKEN_OK)
        return ERR_OK;
    return fault == TOKEN_NO_MEMORY ? ERR_NO_MEMORY : ERR_UNAUTHENTICATED;
}

/* ---- the footer -------------------------------------------------------------------------------------------------- */

static enum token_fault footer_parse(const struct paseto_part *footer, struct arena *arena,
                                     char kid[static PASERK_PID_BYTES])
{
    json_t *root;
    if (footer->len == 0 || footer->len > FOOTER_BYTES_MAX)
        return TOKEN_FOOTER;
    enum err err = json_parse(footer->bytes, footer->len, JSON_REJECT_DUPLICATES, arena, &root, NULL);
    enum token_fault fault = err == ERR_NO_MEMORY ? TOKEN_NO_MEMORY : TOKEN_FOOTER;
    const json_t *value = json_object_get(root, "kid"); /* NULL in, NULL out */
    if (json_object_size(root) == 1 && json_is_string(value) &&
        paserk_is_pid(json_string_value(value), json_string_length(value))) {
        memcpy(kid, json_string_value(value), PASERK_PID_BYTES);
        fault = TOKEN_OK;
    }
    return fault;
}

enum token_fault token_key_id(const char *token, size_t len, struct arena *arena, char kid[static PASERK_PID_BYTES])
{
    if (len > TOKEN_BYTES_MAX)
        return TOKEN_TOO_LONG;
    if (len < sizeof VERSION_PREFIX - 1 || memcmp(token, VERSION_PREFIX, sizeof VERSION_PREFIX - 1) != 0)
        return TOKEN_VERSION;

    struct paseto_part footer;
    enum err err = paseto_footer(token, len, arena, &footer);
    if (err)
        return err == ERR_NO_MEMORY ? TOKEN_NO_MEMORY : TOKEN_FORM;
    return footer_parse(&footer, arena, kid);
}

/* ---- claims ------------------------------------------------------------------------------------------------------ */

/* What a text claim may be, whether we read or write it. */
static bool claim_fits(const char *text, size_t len)
{
    size_t chars = json_utf8_length(text, len);
    if (chars < 1 || chars > TOKEN_CLAIM_CHARS_MAX) /* SIZE_MAX, not UTF-8, is above as well */
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

/* Collects claims; the first fault stays, so that a list of reads is checked once, at its end. */
struct claim_reader {
    const json_t *root;
    struct arena *arena;
    enum token_fault fault;
};

static const char *read_text(struct claim_reader *r, const char *name, bool required)
{
    const json_t *value = json_object_get(r->root, name);
    if (!required && (!value || json_is_null(value)))
        return NULL;
    if (!json_is_string(value) || !claim_fits(json_string_value(value), json_string_length(value))) {
        r->fault = r->fault ? r->fault : TOKEN_CLAIMS;
        return NULL;
    }
    const char *copy = arena_copy(r->arena, json_string_value(value), json_string_length(value));
    if (!copy)
        r->fault = r->fault ? r->fault : TOKEN_NO_MEMORY;
    return copy;
}

static int64_t read_time(struct claim_reader *r, const char *name, bool required)
{
    const json_t *value = json_object_get(r->root, name);
    int64_t wall_ms = 0;
    if (!required && !value)
        return 0;
    if (!json_is_string(value) || !clock_parse(json_string_value(value), json_string_length(value), &wall_ms))
        r->fault = r->fault ? r->fault : TOKEN_CLAIMS;
    return wall_ms;
}

static enum token_fault claims_parse(const struct paseto_part *message, struct arena *arena, struct token_claims *out)
{
    json_t *root;
    enum err err = json_parse(message->bytes, message->len, JSON_REJECT_DUPLICATES, arena, &root, NULL);
    struct claim_reader r = {.root = root,
                             .arena = arena,
                             .fault = err == ERR_NO_MEMORY   ? TOKEN_NO_MEMORY
                                      : json_is_object(root) ? TOKEN_OK
                                                             : TOKEN_CLAIMS};
    *out = (struct token_claims){
        .sub = read_text(&r, "sub", true),
        .role = read_text(&r, "role", false),
        .team = read_text(&r, "team", false),
        .jti = read_text(&r, "jti", true),
        .iss = read_text(&r, "iss", true),
        .aud = read_text(&r, "aud", true),
        .iat_ms = read_time(&r, "iat", true),
        .exp_ms = read_time(&r, "exp", true),
        .nbf_ms = read_time(&r, "nbf", false),
    };
    return r.fault;
}

static enum token_fault claims_check(const struct token_claims *claims, const struct token_check *check)
{
    if (strcmp(claims->iss, check->issuer) != 0)
        return TOKEN_ISSUER;
    if (strcmp(claims->aud, check->audience) != 0)
        return TOKEN_AUDIENCE;
    if (claims->exp_ms <= check->now_ms)
        return TOKEN_EXPIRED;
    if (claims->nbf_ms > check->now_ms || (!check->own && claims->iat_ms - TOKEN_SKEW_MS > check->now_ms))
        return TOKEN_EARLY;
    return TOKEN_OK;
}

enum token_fault token_verify(const struct token_check *check, const char *token, size_t len, struct arena *arena,
                              struct token_claims *out)
{
    char kid[PASERK_PID_BYTES];
    enum token_fault fault = token_key_id(token, len, arena, kid);
    if (fault)
        return fault;
    if (strcmp(kid, check->kid) != 0)
        return TOKEN_KEY;

    struct paseto_message message = {.implicit = {.bytes = NULL, .len = 0}};
    switch (paseto_open(check->public_key, token, len, arena, &message)) {
    case ERR_OK:
        break;
    case ERR_NO_MEMORY:
        return TOKEN_NO_MEMORY;
    case ERR_UNAUTHENTICATED:
        return TOKEN_SIGNATURE;
    default:
        return TOKEN_FORM;
    }

    struct token_claims claims;
    fault = claims_parse(&message.message, arena, &claims);
    if (!fault)
        fault = claims_check(&claims, check);
    if (!fault)
        *out = claims;
    return fault;
}

/* ---- signing ----------------------------------------------------------------------------------------------------- */

static bool write_text(struct json_writer *w, const char *name, const char *text)
{
    if (!text || !claim_fits(text, strlen(text)))
        return false;
    json_key(w, name);
    json_put_string(w, text);
    return true;
}

static bool write_time(struct json_writer *w, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(wall_ms, text);
    int64_t again = 0;
    if (!clock_parse(text, strlen(text), &again) || again != wall_ms)
        return false; /* a year that RFC 3339 cannot write */
    json_key(w, name);
    json_put_string(w, text);
    return true;
}

static bool claims_write(const struct token_claims *claims, struct buf *out)
{
    struct json_writer w = {.out = out};
    json_object_begin(&w);
    bool good = write_text(&w, "sub", claims->sub) && (!claims->role || write_text(&w, "role", claims->role)) &&
                (!claims->team || write_text(&w, "team", claims->team)) && write_text(&w, "jti", claims->jti) &&
                write_time(&w, "iat", claims->iat_ms) && write_time(&w, "exp", claims->exp_ms) &&
                (!claims->nbf_ms || write_time(&w, "nbf", claims->nbf_ms)) && write_text(&w, "iss", claims->iss) &&
                write_text(&w, "aud", claims->aud);
    json_object_end(&w);
    return good;
}

enum err token_sign(const char *kid, const unsigned char secret_key[static PASETO_SECRET_KEY_BYTES],
                    const struct token_claims *claims, struct arena *arena, const char **token)
{
    assert(paserk_is_pid(kid, strlen(kid)));
    struct buf message;
    buf_init(&message, TOKEN_BYTES_MAX);
    const char *footer = arena_printf(arena, "{\"kid\":\"%s\"}", kid);
    const char *text = NULL;
    size_t len = 0;

    enum err err = ERR_INVALID;
    bool whole = claims_write(claims, &message) && !message.failed;
    if (message.starved || !footer)
        err = ERR_NO_MEMORY;
    if (!whole || !footer)
        goto out;
    const struct paseto_message parts = {
        .message = {.bytes = message.data, .len = message.len},
        .footer = {.bytes = footer, .len = strlen(footer)},
    };
    err = paseto_sign(secret_key, &parts, arena, &text, &len);
    if (!err && len > TOKEN_BYTES_MAX)
        err = ERR_INVALID;
    if (!err)
        *token = text;
out:
    buf_clear(&message);
    return err;
}

void token_new_id(char out[static TOKEN_ID_BYTES])
{
    unsigned char bytes[ID_RANDOM_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    base64url_encode(bytes, sizeof bytes, out);
}
