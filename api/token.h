/*
 * Porchlight's tokens: what a PASETO v4.public message must say to let somebody in. DESIGN section 8.
 *
 *     message {"sub","role","team","jti","iat","exp","iss","aud"[,"nbf"]}      footer {"kid":"k4.pid...."}
 *
 * `sub`, `jti`, `iat`, `exp`, `iss` and `aud` are required; times are RFC 3339 (paseto-spec, 02-Implementation-Guide,
 * 04-Claims.md); unknown claims are allowed, since a foreign site has its own; duplicate ones are not. The footer
 * names the key and nothing else. The implicit assertion is empty. At most TOKEN_BYTES_MAX.
 *
 * Here is one token against one key: which keys there are, and what `sub` means, is api/keyring.h's business; whether a
 * token was revoked is the database's. Pure: bytes, a key and a time in, claims or a fault out. Any thread.
 */
#ifndef PORCHLIGHT_API_TOKEN_H
#define PORCHLIGHT_API_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/paserk.h"
#include "api/paseto.h"
#include "base/arena.h"
#include "base/err.h"

#define TOKEN_ID_BYTES 23         /* 128 random bits as 22 characters, and a NUL */
#define TOKEN_CLAIM_CHARS_MAX 128 /* each text claim that we read, as EXTERNAL_ID_CHARS_MAX */
#define TOKEN_SKEW_MS 60000       /* how far `iat` may be ahead of us: a foreign site has its own clock */

/* Strings are NUL-terminated, without control characters, and live in the arena. */
struct token_claims {
    const char *sub;
    const char *role; /* NULL: none (only foreign tokens) */
    const char *team; /* NULL: none */
    const char *jti;
    const char *iss;
    const char *aud;
    int64_t iat_ms;
    int64_t exp_ms;
    int64_t nbf_ms; /* 0: none */
};

/* Why a token does not hold. For logs and the command line; a member is only told ERR_UNAUTHENTICATED. */
enum token_fault {
    TOKEN_OK = 0,
    TOKEN_TOO_LONG,
    TOKEN_VERSION, /* not "v4.public." */
    TOKEN_FORM,    /* base64url, the number of parts */
    TOKEN_FOOTER,  /* no footer, or not {"kid":"k4.pid...."} */
    TOKEN_KEY,     /* the footer names another key, or none that we know */
    TOKEN_SIGNATURE,
    TOKEN_CLAIMS, /* not a JSON object, or a claim is missing, twice there, of the wrong type or too long */
    TOKEN_ISSUER,
    TOKEN_AUDIENCE,
    TOKEN_EXPIRED,
    TOKEN_EARLY, /* `nbf` or `iat` lies ahead */
    TOKEN_NO_MEMORY,
    TOKEN_FAULT_COUNT_
};

const char *token_fault_name(enum token_fault fault);     /* "expired": a word for logs */
const char *token_fault_sentence(enum token_fault fault); /* "The token has expired." */
enum err token_fault_err(enum token_fault fault);         /* ERR_OK, ERR_UNAUTHENTICATED or ERR_NO_MEMORY */

/*
 * The key id in the footer, so that the key can be looked up. Nothing is verified yet: use it for nothing else.
 * TOKEN_OK, TOKEN_TOO_LONG, TOKEN_VERSION, TOKEN_FORM, TOKEN_FOOTER, TOKEN_NO_MEMORY.
 */
enum token_fault token_key_id(const char *token, size_t len, struct arena *arena, char kid[static PASERK_PID_BYTES]);

struct token_check {
    const char *kid;                 /* what the footer must say */
    const unsigned char *public_key; /* PASETO_PUBLIC_KEY_BYTES */
    const char *issuer;              /* must be equal, also in a foreign site's tokens */
    const char *audience;
    int64_t now_ms;
    bool own; /* by our own clock: where that was set back, `iat` may lie ahead as far as it was wrong */
};

/* In this order: form, key id, signature, claims, issuer, audience, time. `out` is set only with TOKEN_OK. */
enum token_fault token_verify(const struct token_check *check, const char *token, size_t len, struct arena *arena,
                              struct token_claims *out);

/*
 * A token that token_verify accepts. ERR_INVALID: a claim is missing, not UTF-8, has control characters or is too
 * long, or the token would be over TOKEN_BYTES_MAX. ERR_NO_MEMORY. `token` lives in the arena and is NUL-terminated.
 */
enum err token_sign(const char *kid, const unsigned char secret_key[static PASETO_SECRET_KEY_BYTES],
                    const struct token_claims *claims, struct arena *arena, const char **token);

/* A fresh random `jti`. */
void token_new_id(char out[static TOKEN_ID_BYTES]);

#endif
