/*
 * Message encryption for Web Push. See ece.h. HKDF (RFC 5869) is two HMACs of libsodium's where one block is enough;
 * only AES-128-GCM is libcrypto's, since libsodium has none of 128 bits.
 */
#include "api/ece.h"

#include <assert.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define HASH_BYTES 32
#define KEY_BYTES 16
#define NONCE_BYTES 12
#define LAST_RECORD 0x02

static_assert(crypto_auth_hmacsha256_BYTES == HASH_BYTES, "HMAC with SHA-256");

struct secrets {
    unsigned char key[KEY_BYTES];
    unsigned char nonce[NONCE_BYTES];
};

struct part {
    const void *bytes;
    size_t len;
};

static void hmac(const void *key, size_t key_len, const struct part *parts, size_t count,
                 unsigned char out[static HASH_BYTES])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, key, key_len);
    for (size_t i = 0; i < count; i++)
        (void)crypto_auth_hmacsha256_update(&state, parts[i].bytes, parts[i].len);
    (void)crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

/* Key and nonce of the record (RFC 8291, section 3.4). The texts end with a NUL, which belongs to them. */
static void derive(const unsigned char shared[static P256_SHARED_BYTES], const unsigned char *auth,
                   const unsigned char *receiver, const unsigned char *sender, const unsigned char *salt,
                   struct secrets *out)
{
    static const char for_push[] = "WebPush: info";
    static const char for_key[] = "Content-Encoding: aes128gcm";
    static const char for_nonce[] = "Content-Encoding: nonce";
    static const unsigned char first = 1;
    unsigned char hash[HASH_BYTES];
    unsigned char input[HASH_BYTES];
    const struct part agreed[] = {{shared, P256_SHARED_BYTES}};
    const struct part both[] = {
        {for_push, sizeof for_push}, {receiver, P256_PUBLIC_BYTES}, {sender, P256_PUBLIC_BYTES}, {&first, 1}};
    hmac(auth, ECE_AUTH_BYTES, agreed, 1, hash);
    hmac(hash, sizeof hash, both, 4, input);

    const struct part material[] = {{input, sizeof input}};
    const struct part key[] = {{for_key, sizeof for_key}, {&first, 1}};
    const struct part nonce[] = {{for_nonce, sizeof for_nonce}, {&first, 1}};
    unsigned char extracted[HASH_BYTES];
    hmac(salt, ECE_SALT_BYTES, material, 1, extracted);
    hmac(extracted, sizeof extracted, key, 2, hash);
    memcpy(out->key, hash, sizeof out->key);
    hmac(extracted, sizeof extracted, nonce, 2, hash);
    memcpy(out->nonce, hash, sizeof out->nonce);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(input, sizeof input);
    sodium_memzero(extracted, sizeof extracted);
}

/* In place; the tag follows the `len` bytes. */
static bool seal(const struct secrets *s, unsigned char *bytes, size_t len)
{
    int done = 0;
    int rest = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool good = context != NULL && EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, s->key, s->nonce) == 1 &&
                EVP_EncryptUpdate(context, bytes, &done, bytes, (int)len) == 1 && (size_t)done == len &&
                EVP_EncryptFinal_ex(context, bytes + done, &rest) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, ECE_TAG_BYTES, bytes + len) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

static bool unseal(const struct secrets *s, const unsigned char *sealed, size_t len, unsigned char *out)
{
    int done = 0;
    int rest = 0;
    unsigned char tag[ECE_TAG_BYTES];
    memcpy(tag, sealed + len, sizeof tag);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool good = context != NULL && EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, s->key, s->nonce) == 1 &&
                EVP_DecryptUpdate(context, out, &done, sealed, (int)len) == 1 && (size_t)done == len &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, ECE_TAG_BYTES, tag) == 1 &&
                EVP_DecryptFinal_ex(context, out + done, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

static void write_head(const struct ece_message *m, unsigned char *out)
{
    memcpy(out, m->salt, ECE_SALT_BYTES);
    out += ECE_SALT_BYTES;
    const unsigned char middle[] = {0, 0, ECE_BODY_BYTES_MAX >> 8, ECE_BODY_BYTES_MAX & 0xff, P256_PUBLIC_BYTES};
    memcpy(out, middle, sizeof middle);
    memcpy(out + sizeof middle, m->sender->public_key, P256_PUBLIC_BYTES);
}

enum err ece_encrypt(const struct ece_message *m, unsigned char out[static ECE_BODY_BYTES_MAX], size_t *out_len)
{
    unsigned char shared[P256_SHARED_BYTES];
    struct secrets secrets;
    size_t padded = m->text_len > m->padded_to ? m->text_len : m->padded_to;
    if (m->text_len > ECE_TEXT_BYTES_MAX)
        return ERR_INVALID;
    if (padded > ECE_TEXT_BYTES_MAX)
        padded = ECE_TEXT_BYTES_MAX;
    enum err err = p256_agree(m->sender, m->receiver->public_key, shared);
    if (err != ERR_OK)
        return err;
    derive(shared, m->receiver->auth, m->receiver->public_key, m->sender->public_key, m->salt, &secrets);
    write_head(m, out);
    unsigned char *record = out + ECE_HEAD_BYTES;
    memset(record, 0, padded + 1);
    memcpy(record, m->text, m->text_len);
    record[m->text_len] = LAST_RECORD;
    *out_len = ECE_HEAD_BYTES + padded + 1 + ECE_TAG_BYTES;
    err = seal(&secrets, record, padded + 1) ? ERR_OK : ERR_NO_MEMORY;
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&secrets, sizeof secrets);
    return err;
}

enum err ece_decrypt(const struct p256_pair *receiver, const unsigned char auth[static ECE_AUTH_BYTES],
                     const unsigned char *body, size_t len, unsigned char out[static ECE_BODY_BYTES_MAX],
                     size_t *out_len)
{
    unsigned char shared[P256_SHARED_BYTES];
    struct secrets secrets;
    if (len <= ECE_HEAD_BYTES + ECE_TAG_BYTES || len > ECE_BODY_BYTES_MAX ||
        body[ECE_SALT_BYTES + 4] != P256_PUBLIC_BYTES)
        return ERR_MALFORMED;
    const unsigned char *sender = body + ECE_HEAD_BYTES - P256_PUBLIC_BYTES;
    if (p256_agree(receiver, sender, shared) != ERR_OK)
        return ERR_MALFORMED;
    derive(shared, auth, receiver->public_key, sender, body, &secrets);
    size_t text_len = len - ECE_HEAD_BYTES - ECE_TAG_BYTES;
    bool good = unseal(&secrets, body + ECE_HEAD_BYTES, text_len, out);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&secrets, sizeof secrets);
    while (good && text_len > 0 && out[text_len - 1] == 0)
        text_len--;
    if (!good || text_len == 0 || out[text_len - 1] != LAST_RECORD)
        return ERR_MALFORMED;
    *out_len = text_len - 1;
    return ERR_OK;
}
