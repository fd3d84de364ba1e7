/*
 * base64url without padding: libsodium's codec, which is constant in time and strict about leftover bits, in our words.
 */
#include "api/base64url.h"

#include <sodium.h>

void base64url_encode(const void *bytes, size_t len, char *out)
{
    sodium_bin2base64(out, BASE64URL_CHARS(len) + 1, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64url_decode(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
    /* libsodium 1.0.18 reads every byte above 0x7f as "_", where char is signed: a second spelling. */
    unsigned char seen = 0;
    for (size_t i = 0; i < len; i++)
        seen |= (unsigned char)text[i];
    if (seen > 0x7f)
        return false;
    return sodium_base642bin(out, cap, text, len, NULL, out_len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}
