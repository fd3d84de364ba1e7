/*
 * Encryption of a push message (RFC 8291: aes128gcm of RFC 8188, with keys agreed upon by P-256). Pure; any thread.
 *
 *      0     16         20  21              86
 *      +------+----------+---+---------------+---------------------------------------------+
 *      | salt | rs: 4096 | 65| sender's key  | AES-128-GCM( text, 0x02, zeros ), tag of 16  |
 *      +------+----------+---+---------------+---------------------------------------------+
 *
 * One record holds all: push services take 4,096 bytes. The zeros hide how long a text is.
 */
#ifndef PORCHLIGHT_API_ECE_H
#define PORCHLIGHT_API_ECE_H

#include "api/p256.h"

#define ECE_AUTH_BYTES 16
#define ECE_SALT_BYTES 16
#define ECE_TAG_BYTES 16
#define ECE_HEAD_BYTES (ECE_SALT_BYTES + 4 + 1 + P256_PUBLIC_BYTES)
#define ECE_BODY_BYTES_MAX 4096 /* RFC 8291, section 4 */
#define ECE_TEXT_BYTES_MAX (ECE_BODY_BYTES_MAX - ECE_HEAD_BYTES - ECE_TAG_BYTES - 1)

struct ece_receiver {
    unsigned char public_key[P256_PUBLIC_BYTES];
    unsigned char auth[ECE_AUTH_BYTES];
};

/* `sender` and `salt` are made anew for each message. */
struct ece_message {
    const struct ece_receiver *receiver;
    const struct p256_pair *sender;
    const unsigned char *salt; /* ECE_SALT_BYTES */
    const void *text;
    size_t text_len;
    size_t padded_to; /* zeros make the text at least so long; 0: none */
};

/* ERR_INVALID: the receiver's key is no point of the curve, or the text is too long; ERR_NO_MEMORY. */
enum err ece_encrypt(const struct ece_message *message, unsigned char out[static ECE_BODY_BYTES_MAX], size_t *out_len);

/* What a receiver does: the other half, by which the first is tested. ERR_MALFORMED: nothing of one record for them. */
enum err ece_decrypt(const struct p256_pair *receiver, const unsigned char auth[static ECE_AUTH_BYTES],
                     const unsigned char *body, size_t len, unsigned char out[static ECE_BODY_BYTES_MAX],
                     size_t *out_len);

#endif
