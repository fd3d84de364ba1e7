/*
 * base64url without padding, strict (RFC 4648, section 5): one text for each value.
 *
 * Padding, blanks, characters of the plain alphabet and leftover bits that are not zero are refused, so that nobody can
 * change a token without changing what it says. Time does not depend on the bytes. Pure; any thread.
 */
#ifndef PORCHLIGHT_API_BASE64URL_H
#define PORCHLIGHT_API_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the text for `bytes` bytes, the NUL not counted. */
#define BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

/* Writes BASE64URL_CHARS(len) characters and a NUL. */
void base64url_encode(const void *bytes, size_t len, char *out);

/* false: not canonical base64url, or more than `cap` bytes. `out` is undefined then. */
bool base64url_decode(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len);

#endif
