/*
 * FNV-1a: for tables and names of things, the same in every image of the program. Not where an enemy picks the keys of
 * a table that must not degenerate; that takes a secret (libsodium's shorthash).
 */
#ifndef PORCHLIGHT_BASE_HASH_H
#define PORCHLIGHT_BASE_HASH_H

#include <stdint.h>

/* `salt` tells apart what is hashed for different owners; 0: none. */
static inline uint64_t hash_text(const char *text, uint64_t salt)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ salt;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
