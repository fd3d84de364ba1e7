/*
 * Where a push may be sent. An endpoint is an address that a member gives us, and the server stands where they do not:
 * beside the operator's other machines. So it is held to what a push service's address looks like, and each machine
 * behind its name is looked at again when the connection is made (api/push_sender.c). Pure; any thread.
 */
#ifndef PORCHLIGHT_API_PUSH_TARGET_H
#define PORCHLIGHT_API_PUSH_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "api/cidr.h"
#include "base/err.h"

#define PUSH_HOST_BYTES 254 /* RFC 1035, section 2.3.4, and a NUL */
#define PUSH_ORIGIN_BYTES (PUSH_HOST_BYTES + sizeof "https://:65535")

struct push_target {
    char host[PUSH_HOST_BYTES]; /* in lower case; an IPv6 address in brackets */
    uint16_t port;
    char origin[PUSH_ORIGIN_BYTES]; /* RFC 6454: without the port 443. What a token's audience is; safe to log */
};

/*
 * "https://host/path": no user in it, no other port than 443, no fragment, only characters that every reader takes for
 * the same. A numeric address, or a name that can only mean this machine or network, is refused here already.
 * `lenient` (for tests) lets any port and any machine pass. ERR_INVALID with a sentence.
 */
enum err push_target_parse(const char *endpoint, bool lenient, struct push_target *out, struct problem *problem);

/* Whether the address is one of the Internet at large (the registries of RFC 6890). */
bool push_target_is_public(const struct cidr_address *address);

#endif
