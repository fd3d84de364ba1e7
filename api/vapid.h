/*
 * Who we are to a push service (RFC 8292): a token signed with the server's own P-256 key, of which each subscription
 * knows the public half. Pure; any thread.
 */
#ifndef PORCHLIGHT_API_VAPID_H
#define PORCHLIGHT_API_VAPID_H

#include <stdint.h>

#include "api/p256.h"
#include "base/arena.h"

struct vapid_claims {
    const char *audience; /* origin of the push service: "https://push.example.net" */
    const char *subject;  /* how to reach the operator: a mailto: or https: address */
    int64_t expires_s;    /* Unix time, at most 24 hours from now (section 2) */
};

/* The value of the header Authorization: "vapid t=..., k=...". In the arena. ERR_INVALID: no key pair; ERR_NO_MEMORY.
 */
enum err vapid_authorize(const struct p256_pair *keys, const struct vapid_claims *claims, struct arena *arena,
                         const char **out);

#endif
