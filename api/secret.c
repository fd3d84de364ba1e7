/*
 * Comparing, invite codes, hashes.
 */
#include "api/secret.h"

#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#define SYMBOLS 16
#define GROUP 4
#define RANDOM_BYTES (SYMBOLS * 5 / 8)

static_assert(SECRET_CODE_BYTES == SYMBOLS + SYMBOLS / GROUP - 1 + 1, "symbols, dashes, a NUL");

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* without I, L, O, U */

bool secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && sodium_memcmp(a, b, a_len) == 0;
}

void secret_hash(const char *purpose, const void *bytes, size_t len, unsigned char out[static SECRET_HASH_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, SECRET_HASH_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
    if (len > 0)
        crypto_generichash_update(&state, bytes, len);
    crypto_generichash_final(&state, out, SECRET_HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

/* Symbols with a dash between groups. */
static void write_grouped(const char symbols[static SYMBOLS], char out[static SECRET_CODE_BYTES])
{
    for (size_t i = 0; i < SYMBOLS; i++) {
        if (i > 0 && i % GROUP == 0)
            *out++ = '-';
        *out++ = symbols[i];
    }
    *out = '\0';
}

void secret_code_new(char out[static SECRET_CODE_BYTES])
{
    unsigned char bytes[RANDOM_BYTES];
    char symbols[SYMBOLS];
    randombytes_buf(bytes, sizeof bytes);
    uint32_t pending = 0;
    unsigned bits = 0;
    size_t used = 0;
    for (size_t i = 0; i < SYMBOLS; i++) {
        if (bits < 5) {
            pending = (pending << 8 | bytes[used++]) & 0xfff;
            bits += 8;
        }
        bits -= 5;
        symbols[i] = alphabet[pending >> bits & 31];
    }
    write_grouped(symbols, out);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(symbols, sizeof symbols);
}

/* The symbol that a person means, or NUL. */
static char canonical(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    return c != '\0' && strchr(alphabet, c) ? c : '\0';
}

bool secret_code_parse(const char *text, size_t len, char out[static SECRET_CODE_BYTES])
{
    char symbols[SYMBOLS];
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '-' || text[i] == ' ')
            continue;
        char symbol = canonical(text[i]);
        if (symbol == '\0' || count == SYMBOLS)
            return false;
        symbols[count++] = symbol;
    }
    if (count != SYMBOLS)
        return false;
    write_grouped(symbols, out);
    return true;
}

void secret_code_hash(const char code[static SECRET_CODE_BYTES], unsigned char out[static SECRET_HASH_BYTES])
{
    secret_hash("invite", code, SECRET_CODE_BYTES - 1, out);
}
