/*
 * PASETO v4.public, PASERK ids and our claims. The vectors are those of github.com/paseto-standard/test-vectors
 * (v4.json, PASERK/k4.public.json, PASERK/k4.pid.json).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "api/base64url.h"
#include "api/paserk.h"
#include "api/paseto.h"
#include "api/token.h"
#include "base/clock.h"
#include "base/limits.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static void from_hex(const char *hex, unsigned char *out, size_t bytes)
{
    size_t len = 0;
    assert_int_equal(sodium_hex2bin(out, bytes, hex, strlen(hex), NULL, &len, NULL), 0);
    assert_int_equal(len, bytes);
}

static struct arena *arena_new(void)
{
    struct arena *arena = arena_create(4096, 1 << 20);
    assert_non_null(arena);
    return arena;
}

static struct paseto_part part(const char *text)
{
    return (struct paseto_part){.bytes = text, .len = strlen(text)};
}

/* ---- official vectors -------------------------------------------------------------------------------------------- */

#define VECTOR_PUBLIC "1eb9dbbbbc047c03fd70604e0071f0987e16b28b757225c11f00415d0e20b1a2"
#define VECTOR_SECRET "b4cbfb43df4ce210727d953e4a713307fa19bb7d9f85041438d9e11b942a3774" VECTOR_PUBLIC
#define VECTOR_PAYLOAD "{\"data\":\"this is a signed message\",\"exp\":\"2022-01-01T00:00:00+00:00\"}"
#define VECTOR_FOOTER "{\"kid\":\"zVhMiPBP9fRf2snEcT7gFTioeA9COcNy9DfgL1W60haN\"}"
#define VECTOR_BODY "eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9"
#define VECTOR_FOOTER_TEXT "eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9"

static const struct {
    const char *name;
    const char *token;
    const char *footer;
    const char *implicit;
} signing_vectors[] = {
    {"4-S-1",
     "v4.public." VECTOR_BODY "bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1ciiQEDA",
     "", ""},
    {"4-S-2",
     "v4.public." VECTOR_BODY
     "v3Jt8mx_TdM2ceTGoqwrh4yDFn0XsHvvV_D0DtwQxVrJEBMl0F2caAdgnpKlt4p7xBnx1HcO-SPo8FPp214HDw." VECTOR_FOOTER_TEXT,
     VECTOR_FOOTER, ""},
    {"4-S-3",
     "v4.public." VECTOR_BODY
     "NPWciuD3d0o5eXJXG5pJy-DiVEoyPYWs1YSTwWHNJq6DZD3je5gf-0M4JR9ipdUSJbIovzmBECeaWmaqcaP0DQ." VECTOR_FOOTER_TEXT,
     VECTOR_FOOTER, "{\"test-vector\":\"4-S-3\"}"},
};

static void signing_vectors_hold_both_ways(void **state)
{
    (void)state;
    unsigned char public_key[PASETO_PUBLIC_KEY_BYTES];
    unsigned char secret_key[PASETO_SECRET_KEY_BYTES];
    from_hex(VECTOR_PUBLIC, public_key, sizeof public_key);
    from_hex(VECTOR_SECRET, secret_key, sizeof secret_key);

    for (size_t i = 0; i < COUNT(signing_vectors); i++) {
        struct arena *arena = arena_new();
        const struct paseto_message in = {.message = part(VECTOR_PAYLOAD),
                                          .footer = part(signing_vectors[i].footer),
                                          .implicit = part(signing_vectors[i].implicit)};
        const char *token = NULL;
        size_t len = 0;
        assert_int_equal(paseto_sign(secret_key, &in, arena, &token, &len), ERR_OK);
        assert_string_equal(token, signing_vectors[i].token);
        assert_int_equal(len, strlen(token));

        struct paseto_message out = {.implicit = part(signing_vectors[i].implicit)};
        assert_int_equal(paseto_open(public_key, token, len, arena, &out), ERR_OK);
        assert_string_equal(out.message.bytes, VECTOR_PAYLOAD);
        assert_int_equal(out.footer.len, strlen(signing_vectors[i].footer));
        if (out.footer.len > 0)
            assert_string_equal(out.footer.bytes, signing_vectors[i].footer);

        struct paseto_message other = {.implicit = part("something else")};
        assert_int_equal(paseto_open(public_key, token, len, arena, &other), ERR_UNAUTHENTICATED);
        arena_free(arena);
    }
}

static void failure_vectors_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        const char *implicit;
        enum err err;
    } vectors[] = {
        /* 4-F-1: v4.local */
        {"v4.local.vngXfCISbnKgiP6VWGuOSlYrFYU300fy9ijW33rznDYgxHNPwWluAY2Bgb0z54CUs6aYYkIJ-bOOOmJHPuX_34Agt_IPlNd"
         "GDpRdGNnBz2MpWJvB3cttheEc1uyCEYltj7wBQQYX.YXJiaXRyYXJ5LXN0cmluZy10aGF0LWlzbid0LWpzb24",
         "{\"test-vector\":\"4-F-1\"}", ERR_MALFORMED},
        /* 4-F-2: v4.public, signed by nobody we know */
        {"v4.public.eyJpbnZhbGlkIjoidGhpcyBzaG91bGQgbmV2ZXIgZGVjb2RlIn22Sp4gjCaUw0c7EH84ZSm_jN_Qr41MrgLNu5LIBCzUr1"
         "pn3Z-Wukg9h3ceplWigpoHaTLcwxj0NsI1vjTh67YB.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMM"
         "Vc2MGhhTiJ9",
         "{\"test-vector\":\"4-F-2\"}", ERR_UNAUTHENTICATED},
        /* 4-F-3: v3.local */
        {"v3.local.23e_2PiqpQBPvRFKzB0zHhjmxK3sKo2grFZRRLM-U7L0a8uHxuF9RlVz3Ic6WmdUUWTxCaYycwWV1yM8gKbZB2JhygDMKvH"
         "Q7eBf8GtF0r3K0Q_gF1PXOxcOgztak1eD1dPe9rLVMSgR0nHJXeIGYVuVrVoLWQ.YXJiaXRyYXJ5LXN0cmluZy10aGF0LWlzbid0LWpz"
         "b24",
         "{\"test-vector\":\"4-F-3\"}", ERR_MALFORMED},
        /* 4-F-4: v4.local */
        {"v4.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAr68PS4AXe7If_ZgesdkUMvSwscFlAl1pk5HC0e8kApeaqMfGo_"
         "7OpBnwJOAbY9V7WU6abu74MmcUE8YWAiaArVI8XJ5hOb_4v9RmDkneN0S92dx0OW4pgy7omxgf3S8c3LlQh",
         "", ERR_MALFORMED},
        /* 4-F-5: v4.local with padding */
        {"v4.local.32VIErrEkmY4JVILovbmfPXKW9wT1OdQepjMTC_MOtjA4kiqw7_tcaOM5GNEcnTxl60WkwMsYXw6FSNb_UdJPXjpzm0KW9o"
         "jM5f4O2mRvE2IcweP-PRdoHjd5-RHCiExR1IK6t4x-RMNXtQNbz7FvFZ_G-lFpk5RG3EOrwDL6CgDqcerSQ==.eyJraWQiOiJ6VmhNaV"
         "BCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9",
         "", ERR_MALFORMED},
    };
    unsigned char public_key[PASETO_PUBLIC_KEY_BYTES];
    from_hex(VECTOR_PUBLIC, public_key, sizeof public_key);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct arena *arena = arena_new();
        struct paseto_message out = {.implicit = part(vectors[i].implicit)};
        assert_int_equal(paseto_open(public_key, vectors[i].token, strlen(vectors[i].token), arena, &out),
                         vectors[i].err);
        assert_null(out.message.bytes);
        arena_free(arena);
    }
}

static void paserk_vectors_hold(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *text;
        const char *pid;
    } vectors[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000",
         "k4.public.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE"},
        {"707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f",
         "k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8",
         "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs"},
        {"707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e90",
         "k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjpA",
         "k4.pid.-nyvbaTz8U6TQz7OZWW-iB3va31iAxIpUgzUcVQVmW9A"},
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        unsigned char key[PASERK_KEY_BYTES];
        unsigned char parsed[PASERK_KEY_BYTES];
        char text[PASERK_PUBLIC_BYTES];
        char pid[PASERK_PID_BYTES];
        from_hex(vectors[i].key, key, sizeof key);
        paserk_public(key, text);
        paserk_pid(key, pid);
        assert_string_equal(text, vectors[i].text);
        assert_string_equal(pid, vectors[i].pid);
        assert_true(paserk_public_parse(text, strlen(text), parsed));
        assert_memory_equal(parsed, key, sizeof key);
        assert_true(paserk_is_pid(pid, strlen(pid)));
    }

    static const char *const refused[] = {
        "",
        "k4.public.",
        "k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo",   /* 31 bytes: k4.pid-fail-1 */
        "k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8A", /* 33 bytes */
        "k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo9",  /* leftover bits */
        "k4.public.cHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo8",  /* the other alphabet */
        "k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8=",
        "k3.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8",
        "k4.secret.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8",
        "K4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8",
        /* k4.public-fail-1: a key of version 3 */
        "k4.public.AnBxcnN0dXZ3eHl6e3x9fn-AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2enw",
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        unsigned char key[PASERK_KEY_BYTES];
        assert_false(paserk_public_parse(refused[i], strlen(refused[i]), key));
        assert_false(paserk_is_pid(refused[i], strlen(refused[i])));
    }
}

static void keys_that_prove_nothing_are_not_usable(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "0100000000000000000000000000000000000000000000000000000000000000", /* the neutral element */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
        "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    unsigned char key[PASERK_KEY_BYTES];
    for (size_t i = 0; i < COUNT(bad); i++) {
        from_hex(bad[i], key, sizeof key);
        assert_false(paserk_usable(key));
    }
    from_hex(VECTOR_PUBLIC, key, sizeof key);
    assert_true(paserk_usable(key));
}

static void base64url_has_one_spelling(void **state)
{
    (void)state;
    unsigned char out[16];
    size_t len = 99;
    assert_true(base64url_decode("", 0, out, sizeof out, &len));
    assert_int_equal(len, 0);
    assert_true(base64url_decode("-_8", 3, out, sizeof out, &len));
    assert_int_equal(len, 2);
    assert_memory_equal(out, "\xfb\xff", 2);

    /* At each place of a group only the 64 characters are read, whatever the byte. */
    for (size_t place = 0; place < 4; place++)
        for (int c = 0; c < 256; c++) {
            char text[5] = "____";
            text[place] = (char)c;
            bool in_alphabet = c != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", c);
            assert_int_equal(base64url_decode(text, 4, out, sizeof out, &len), in_alphabet);
        }

    static const char *const refused[] = {"A",   "AB",   "AAB",  "AA==",   "AA=",  "AAAA=",
                                          "+/8", " AAA", "AA A", "AAAA\n", "AAAAA"};
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_false(base64url_decode(refused[i], strlen(refused[i]), out, sizeof out, &len));
    assert_false(base64url_decode("AAAAAAAAAAAAAAAAAAAAAAAA", 24, out, sizeof out, &len)); /* 18 bytes into 16 */
}

/* ---- our tokens -------------------------------------------------------------------------------------------------- */

struct fixture {
    struct arena *arena;
    unsigned char public_key[PASETO_PUBLIC_KEY_BYTES];
    unsigned char secret_key[PASETO_SECRET_KEY_BYTES];
    char kid[PASERK_PID_BYTES];
    struct token_check check;
    struct token_claims claims;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = arena_new()};
    from_hex(VECTOR_PUBLIC, f.public_key, sizeof f.public_key);
    from_hex(VECTOR_SECRET, f.secret_key, sizeof f.secret_key);
    paserk_pid(f.public_key, f.kid);
    f.check = (struct token_check){.kid = f.kid,
                                   .public_key = f.public_key,
                                   .issuer = "porchlight",
                                   .audience = "porchlight-app",
                                   .now_ms = NOW_MS};
    f.claims = (struct token_claims){.sub = "42",
                                     .role = "member",
                                     .team = "7",
                                     .jti = "ubK6XZ1u3FJ0n7gqYJ4a1w",
                                     .iss = "porchlight",
                                     .aud = "porchlight-app",
                                     .iat_ms = NOW_MS - 1000,
                                     .exp_ms = NOW_MS + 60123};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static enum token_fault verify(struct fixture *f, const char *token, struct token_claims *out)
{
    return token_verify(&f->check, token, strlen(token), f->arena, out);
}

static const char *sign(struct fixture *f)
{
    const char *token = NULL;
    assert_int_equal(token_sign(f->kid, f->secret_key, &f->claims, f->arena, &token), ERR_OK);
    return token;
}

/* Any message and footer, properly signed. */
static const char *sign_raw(struct fixture *f, const char *message, const char *footer)
{
    const struct paseto_message in = {.message = part(message), .footer = part(footer)};
    const char *token = NULL;
    size_t len = 0;
    assert_int_equal(paseto_sign(f->secret_key, &in, f->arena, &token, &len), ERR_OK);
    return token;
}

static const char *good_footer(struct fixture *f)
{
    return arena_printf(f->arena, "{\"kid\":\"%s\"}", f->kid);
}

static void claims_survive(void **state)
{
    struct fixture *f = *state;
    f->claims.nbf_ms = NOW_MS - 500;
    f->claims.sub = "anna+\"walk\\ing\"@m\xc3\xbcnster.example";
    const char *token = sign(f);
    assert_true(strlen(token) < 700); /* a cookie of a browser may have 4,096 */

    struct token_claims got;
    assert_int_equal(verify(f, token, &got), TOKEN_OK);
    assert_string_equal(got.sub, f->claims.sub);
    assert_string_equal(got.role, f->claims.role);
    assert_string_equal(got.team, f->claims.team);
    assert_string_equal(got.jti, f->claims.jti);
    assert_string_equal(got.iss, f->claims.iss);
    assert_string_equal(got.aud, f->claims.aud);
    assert_int_equal(got.iat_ms, f->claims.iat_ms);
    assert_int_equal(got.exp_ms, f->claims.exp_ms);
    assert_int_equal(got.nbf_ms, f->claims.nbf_ms);

    char kid[PASERK_PID_BYTES];
    assert_int_equal(token_key_id(token, strlen(token), f->arena, kid), TOKEN_OK);
    assert_string_equal(kid, f->kid);
}

static void a_message_reads_as_documented(void **state)
{
    struct fixture *f = *state;
    const char *token = sign(f);
    struct paseto_message out = {.implicit = {.len = 0}};
    assert_int_equal(paseto_open(f->public_key, token, strlen(token), f->arena, &out), ERR_OK);
    assert_string_equal(out.message.bytes,
                        "{\"sub\":\"42\",\"role\":\"member\",\"team\":\"7\",\"jti\":\"ubK6XZ1u3FJ0n7gqYJ4a1w\","
                        "\"iat\":\"2025-12-31T23:59:59.000Z\",\"exp\":\"2026-01-01T00:01:00.123Z\","
                        "\"iss\":\"porchlight\",\"aud\":\"porchlight-app\"}");
    assert_string_equal(out.footer.bytes, good_footer(f));
}

static void role_and_team_may_be_missing(void **state)
{
    struct fixture *f = *state;
    f->claims.role = f->claims.team = NULL;
    struct token_claims got;
    assert_int_equal(verify(f, sign(f), &got), TOKEN_OK);
    assert_null(got.role);
    assert_null(got.team);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct fixture *f = *state;
    f->claims.sub = "\xc3\xbf?>\xc3\xbf?>"; /* its base64url has "_" and "-", next to what decoders confuse them with */
    const char *token = sign(f);
    assert_true(strchr(token, '_') && strchr(token, '-'));
    size_t len = strlen(token);
    char *copy = arena_copy(f->arena, token, len);
    struct arena *arena = arena_new();
    for (size_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            struct token_claims got = {.sub = "untouched"};
            copy[i] = (char)(token[i] ^ 1 << bit);
            assert_int_not_equal(token_verify(&f->check, copy, len, arena, &got), TOKEN_OK);
            assert_string_equal(got.sub, "untouched");
            copy[i] = token[i];
            arena_reset(arena);
        }
    arena_free(arena);
}

static void every_truncation_and_any_tail_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *token = sign(f);
    size_t len = strlen(token);
    struct token_claims got;
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(token_verify(&f->check, token, cut, f->arena, &got), TOKEN_OK);

    static const char *const tails[] = {"A", "AA", "AAAA", "=", ".", ".AAAA", " ", "\n", "\t", "%00"};
    for (size_t i = 0; i < COUNT(tails); i++)
        assert_int_not_equal(verify(f, arena_printf(f->arena, "%s%s", token, tails[i]), &got), TOKEN_OK);
    assert_int_not_equal(token_verify(&f->check, token, len + 1, f->arena, &got), TOKEN_OK); /* its NUL */
    assert_int_not_equal(verify(f, arena_printf(f->arena, " %s", token), &got), TOKEN_OK);
}

static void other_versions_are_refused_by_name(void **state)
{
    struct fixture *f = *state;
    const char *rest = sign(f) + strlen("v4.public.");
    static const char *const headers[] = {"v1.public.", "v2.public.", "v3.public.", "v4.local.",
                                          "V4.public.", "v4.Public.", "v5.public.", ""};
    struct token_claims got;
    for (size_t i = 0; i < COUNT(headers); i++)
        assert_int_equal(verify(f, arena_printf(f->arena, "%s%s", headers[i], rest), &got), TOKEN_VERSION);
    assert_int_equal(verify(f, "v4.public.", &got), TOKEN_FORM);
    assert_int_equal(verify(f, "v4.public.AAAA", &got), TOKEN_FOOTER);
    assert_int_equal(verify(f, "v4.public..", &got), TOKEN_FORM);
    assert_int_equal(verify(f, "eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9.", &got), TOKEN_VERSION);
}

static void footers_name_the_key_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    unsigned char other_key[PASETO_PUBLIC_KEY_BYTES];
    unsigned char other_secret[PASETO_SECRET_KEY_BYTES];
    char other_kid[PASERK_PID_BYTES];
    crypto_sign_ed25519_keypair(other_key, other_secret);
    paserk_pid(other_key, other_kid);

    const char *message = arena_printf(f->arena,
                                       "{\"sub\":\"42\",\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\",\"exp\":"
                                       "\"2026-01-01T01:00:00Z\",\"iss\":\"porchlight\",\"aud\":\"porchlight-app\"}");
    const struct {
        const char *footer;
        enum token_fault fault;
    } table[] = {
        {good_footer(f), TOKEN_OK},
        {arena_printf(f->arena, " { \"kid\" : \"%s\" } ", f->kid), TOKEN_OK},
        {"", TOKEN_FOOTER},
        {f->kid, TOKEN_FOOTER},
        {"{}", TOKEN_FOOTER},
        {"[]", TOKEN_FOOTER},
        {"{\"kid\":null}", TOKEN_FOOTER},
        {"{\"kid\":7}", TOKEN_FOOTER},
        {"{\"kid\":\"\"}", TOKEN_FOOTER},
        {"{\"kid\":\"zVhMiPBP9fRf2snEcT7gFTioeA9COcNy9DfgL1W60haN\"}", TOKEN_FOOTER},
        {arena_printf(f->arena, "{\"kid\":\"k4.sid.%s\"}", f->kid + 7), TOKEN_FOOTER},
        {arena_printf(f->arena, "{\"kid\":\"%s\"}x", f->kid), TOKEN_FOOTER},
        {arena_printf(f->arena, "{\"kid\":\"%s\",\"kid\":\"%s\"}", f->kid, f->kid), TOKEN_FOOTER},
        {arena_printf(f->arena, "{\"kid\":\"%s\",\"wpk\":\"a\"}", f->kid), TOKEN_FOOTER},
        {arena_printf(f->arena, "{\"KID\":\"%s\"}", f->kid), TOKEN_FOOTER},
        {arena_printf(f->arena, "%70s{\"kid\":\"%s\"}", "", f->kid), TOKEN_FOOTER}, /* too long */
        {arena_printf(f->arena, "{\"kid\":\"%s\"}", other_kid), TOKEN_KEY},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct token_claims got;
        assert_int_equal(verify(f, sign_raw(f, message, table[i].footer), &got), table[i].fault);
    }

    /* The right id, but another key signed. */
    struct token_claims got;
    memcpy(f->secret_key, other_secret, sizeof other_secret);
    assert_int_equal(verify(f, sign_raw(f, message, good_footer(f)), &got), TOKEN_SIGNATURE);

    /* The right id, and not even room for a signature. */
    char text[128];
    base64url_encode(good_footer(f), strlen(good_footer(f)), text);
    static const char short_body[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const char *const bodies[] = {"", "AAAA", short_body}; /* 0, 3, 63 bytes */
    for (size_t i = 0; i < COUNT(bodies); i++)
        assert_int_equal(verify(f, arena_printf(f->arena, "v4.public.%s.%s", bodies[i], text), &got), TOKEN_FORM);
}

static void a_footer_cannot_be_swapped(void **state)
{
    struct fixture *f = *state;
    const char *message = "{\"sub\":\"42\"}";
    const char *signed_bare = sign_raw(f, message, "");
    char text[128];
    base64url_encode(good_footer(f), strlen(good_footer(f)), text);
    struct token_claims got;
    assert_int_equal(verify(f, arena_printf(f->arena, "%s.%s", signed_bare, text), &got), TOKEN_SIGNATURE);
}

/* One whole message per row. */
#define REST "\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\",\"iss\":\"porchlight\",\"aud\":\"porchlight-app\""
#define EXP "\"exp\":\"2026-01-01T01:00:00Z\""
static const struct {
    const char *message;
    enum token_fault fault;
} messages[] = {
    {"{\"sub\":\"42\"," EXP "," REST "}", TOKEN_OK},
    {"{\"sub\":\"42\"," EXP "," REST ",\"email\":\"a@b\",\"deep\":{\"a\":[1,2.5,true,null]}}", TOKEN_OK},
    {"{\"sub\":\"42\"," EXP "," REST ",\"team\":null,\"role\":null}", TOKEN_OK},
    {"{\"sub\":\"42\"," EXP "," REST ",\"nbf\":\"2026-01-01T00:00:00Z\"}", TOKEN_OK},
    {"{\"sub\":\"42\",\"exp\":\"2026-01-01T02:00:00+02:00\"," REST "}", TOKEN_EXPIRED},
    {"{\"sub\":\"42\",\"exp\":\"2026-01-01T02:00:01+02:00\"," REST "}", TOKEN_OK},
    {"{\"sub\":\"42\"," EXP "," REST ",\"nbf\":\"2026-01-01T00:00:00.001Z\"}", TOKEN_EARLY},
    {"{\"sub\":\"42\",\"exp\":\"2026-01-01T00:00:00Z\"," REST "}", TOKEN_EXPIRED},
    {"{\"sub\":\"42\",\"exp\":\"2025-01-01T00:00:00Z\"," REST "}", TOKEN_EXPIRED},
    {"", TOKEN_CLAIMS},
    {"42", TOKEN_CLAIMS},
    {"[]", TOKEN_CLAIMS},
    {"{}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST "} ", TOKEN_OK},
    {"{\"sub\":\"42\"," EXP "," REST "}x", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST ",}", TOKEN_CLAIMS},
    {"{" EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":42," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":null," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":[\"42\"]," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"4\\u00002\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"4\\n2\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"4\\u007f\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"\xff\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\",\"sub\":\"1\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\",\"s\\u0075b\":\"1\"," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," EXP "," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST ",\"x\":1,\"x\":2}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\",\"exp\":1798761600," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\",\"exp\":\"tomorrow\"," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\",\"exp\":\"2026-02-30T00:00:00Z\"," REST "}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST ",\"nbf\":null}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST ",\"nbf\":0}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST ",\"role\":1}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP "," REST ",\"team\":7}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\",\"iss\":\"evil\",\"aud\":"
     "\"porchlight-app\"}",
     TOKEN_ISSUER},
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\",\"iss\":\"porchlight\",\"aud\":\"other\"}",
     TOKEN_AUDIENCE},
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\",\"iss\":\"porchlight\",\"aud\":"
     "[\"porchlight-app\"]}",
     TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iat\":\"2026-01-01T00:00:00Z\",\"iss\":\"porchlight\",\"aud\":"
     "\"Porchlight-App\"}",
     TOKEN_AUDIENCE},
    {"{\"sub\":\"42\"," EXP ",\"iat\":\"2026-01-01T00:00:00Z\",\"iss\":\"porchlight\",\"aud\":\"porchlight-app\"}",
     TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iss\":\"porchlight\",\"aud\":\"porchlight-app\"}", TOKEN_CLAIMS},
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iat\":\"2026-01-01T00:01:00Z\",\"iss\":\"porchlight\",\"aud\":"
     "\"porchlight-app\"}",
     TOKEN_OK}, /* a clock a minute ahead of ours */
    {"{\"sub\":\"42\"," EXP ",\"jti\":\"a\",\"iat\":\"2026-01-01T00:01:01Z\",\"iss\":\"porchlight\",\"aud\":"
     "\"porchlight-app\"}",
     TOKEN_EARLY},
};

static void messages_are_judged(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        struct token_claims got;
        enum token_fault fault = verify(f, sign_raw(f, messages[i].message, good_footer(f)), &got);
        if (fault != messages[i].fault)
            print_error("%s: %s\n", token_fault_name(fault), messages[i].message);
        assert_int_equal(fault, messages[i].fault);
    }
}

static void expiry_is_exact(void **state)
{
    struct fixture *f = *state;
    const char *token = sign(f);
    struct token_claims got;
    f->check.now_ms = f->claims.exp_ms - 1;
    assert_int_equal(verify(f, token, &got), TOKEN_OK);
    f->check.now_ms = f->claims.exp_ms;
    assert_int_equal(verify(f, token, &got), TOKEN_EXPIRED);
}

static void length_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct token_claims got;
    char filler[TOKEN_BYTES_MAX + 1];
    size_t accepted = 0;
    for (size_t n = 1; n < sizeof filler - 1; n++) {
        memset(filler, 'x', n);
        filler[n] = '\0';
        const char *token = sign_raw(
            f, arena_printf(f->arena, "{\"sub\":\"42\"," EXP "," REST ",\"x\":\"%s\"}", filler), good_footer(f));
        enum token_fault fault = verify(f, token, &got);
        assert_int_equal(fault, strlen(token) <= TOKEN_BYTES_MAX ? TOKEN_OK : TOKEN_TOO_LONG);
        accepted += fault == TOKEN_OK;
        arena_reset(f->arena);
        if (fault != TOKEN_OK)
            break;
    }
    assert_true(accepted > 1000);

    memset(filler, 'x', sizeof filler);
    assert_int_equal(token_verify(&f->check, filler, sizeof filler, f->arena, &got), TOKEN_TOO_LONG);

    /* A claim has 128 characters at most, here of four bytes each. */
    char sub[4 * (TOKEN_CLAIM_CHARS_MAX + 1) + 1] = "";
    for (size_t i = 0; i < TOKEN_CLAIM_CHARS_MAX; i++)
        strcat(sub, "\xf0\x9f\x9a\xb6");
    f->claims.sub = sub;
    assert_int_equal(verify(f, sign(f), &got), TOKEN_OK);
    assert_string_equal(got.sub, sub);
    strcat(sub, "\xf0\x9f\x9a\xb6");
    const char *token = NULL;
    assert_int_equal(token_sign(f->kid, f->secret_key, &f->claims, f->arena, &token), ERR_INVALID);

    /* Each claim fits, but not all together. */
    sub[4 * TOKEN_CLAIM_CHARS_MAX] = '\0';
    f->claims.jti = f->claims.iss = sub;
    assert_int_equal(token_sign(f->kid, f->secret_key, &f->claims, f->arena, &token), ERR_INVALID);
}

static void what_would_not_verify_is_not_signed(void **state)
{
    struct fixture *f = *state;
    const char *token = NULL;
    const char **texts[] = {&f->claims.sub, &f->claims.jti, &f->claims.iss, &f->claims.aud};
    static const char *const bad[] = {NULL, "", "a\nb", "\x7f", "\xc3", "\xed\xa0\x80"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *good = *texts[i];
        for (size_t j = 0; j < COUNT(bad); j++) {
            *texts[i] = bad[j];
            assert_int_equal(token_sign(f->kid, f->secret_key, &f->claims, f->arena, &token), ERR_INVALID);
        }
        *texts[i] = good;
    }
    f->claims.exp_ms = INT64_C(253402300800000); /* the year 10000 */
    assert_int_equal(token_sign(f->kid, f->secret_key, &f->claims, f->arena, &token), ERR_INVALID);
    assert_null(token);
}

static void a_full_arena_is_no_memory(void **state)
{
    struct fixture *f = *state;
    const char *token = sign(f);
    int refused = 0;
    int granted = 0;
    for (size_t max = 64; max <= 8192; max += 64) {
        struct arena *small = arena_create(64, max);
        struct token_claims got;
        const char *again = NULL;
        enum token_fault fault = token_verify(&f->check, token, strlen(token), small, &got);
        assert_true(fault == TOKEN_OK || fault == TOKEN_NO_MEMORY);
        arena_reset(small);
        enum err err = token_sign(f->kid, f->secret_key, &f->claims, small, &again);
        assert_true(err == ERR_OK || err == ERR_NO_MEMORY);
        refused += fault != TOKEN_OK;
        granted += fault == TOKEN_OK;
        arena_free(small);
    }
    assert_true(refused > 0 && granted > 0);
}

static void faults_have_words(void **state)
{
    (void)state;
    for (int i = 0; i < TOKEN_FAULT_COUNT_; i++) {
        assert_true(strlen(token_fault_name((enum token_fault)i)) > 1);
        assert_true(strlen(token_fault_sentence((enum token_fault)i)) > 10);
    }
    assert_int_equal(token_fault_err(TOKEN_OK), ERR_OK);
    assert_int_equal(token_fault_err(TOKEN_EXPIRED), ERR_UNAUTHENTICATED);
    assert_int_equal(token_fault_err(TOKEN_NO_MEMORY), ERR_NO_MEMORY);
}

static void ids_are_fresh(void **state)
{
    (void)state;
    char a[TOKEN_ID_BYTES];
    char b[TOKEN_ID_BYTES];
    token_new_id(a);
    token_new_id(b);
    assert_int_equal(strlen(a), TOKEN_ID_BYTES - 1);
    assert_string_not_equal(a, b);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing_vectors_hold_both_ways),
        cmocka_unit_test(failure_vectors_are_refused),
        cmocka_unit_test(paserk_vectors_hold),
        cmocka_unit_test(keys_that_prove_nothing_are_not_usable),
        cmocka_unit_test(base64url_has_one_spelling),
        cmocka_unit_test_setup_teardown(claims_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_reads_as_documented, setup, teardown),
        cmocka_unit_test_setup_teardown(role_and_team_may_be_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(every_flipped_bit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_and_any_tail_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(other_versions_are_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(footers_name_the_key_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(a_footer_cannot_be_swapped, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(expiry_is_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(length_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_would_not_verify_is_not_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_arena_is_no_memory, setup, teardown),
        cmocka_unit_test(faults_have_words),
        cmocka_unit_test(ids_are_fresh),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
