/*
 * Names to sign in with: 2 to USERNAME_CHARS_MAX of a-z, 0-9, dot, hyphen and underscore. Pure.
 */
#ifndef PORCHLIGHT_API_USERNAME_H
#define PORCHLIGHT_API_USERNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

#define USERNAME_BYTES (USERNAME_CHARS_MAX + 1)
#define USERNAME_RULE "a user name has 2 to 60 letters a-z, digits, dots, hyphens or underscores"

/* In lower case; false when it breaks the rule. */
bool username_parse(const char *text, size_t len, char out[static USERNAME_BYTES]);

/*
 * A name to sign in with from a display name: lower case, dots for blanks, other characters left out. false: too
 * little is left.
 */
bool username_propose(const char *name, char out[static USERNAME_BYTES]);

#endif
