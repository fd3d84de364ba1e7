/*
 * The rule for names to sign in with. See username.h.
 */
#include "api/username.h"

#include <string.h>

bool username_parse(const char *text, size_t len, char out[static USERNAME_BYTES])
{
    if (len < 2 || len > USERNAME_CHARS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '\0' || strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", c) == NULL)
            return false;
        out[i] = c;
    }
    out[len] = '\0';
    return true;
}

bool username_propose(const char *name, char out[static USERNAME_BYTES])
{
    size_t len = 0;
    for (; *name != '\0' && len < USERNAME_CHARS_MAX; name++) {
        char c = *name;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == ' ')
            c = '.';
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", c) != NULL)
            out[len++] = c;
    }
    out[len] = '\0';
    return len >= 2;
}
