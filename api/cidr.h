/*
 * Addresses and networks: who is the client when a proxy stands in front. DESIGN section 8.
 *
 * IPv4 and IPv6 (RFC 4632, RFC 4291); an IPv4-mapped IPv6 address (::ffff:192.0.2.1) is the IPv4 address it means, so
 * that a dual-stack socket changes nothing. ::/0 is every IPv6 address and no IPv4 one. Pure; any thread.
 */
#ifndef PORCHLIGHT_API_CIDR_H
#define PORCHLIGHT_API_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct cidr_address {
    bool v4;
    unsigned char bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct cidr {
    struct cidr_address network; /* bits behind the prefix are zero */
    unsigned prefix_bits;        /* 0..32 or 0..128 */
};

#define CIDR_TEXT_BYTES 46 /* the longest address and its NUL */

/* "10.0.0.0/8", "fd00::/8", or an address alone: a network of one. false: no network, or bits behind the prefix. */
bool cidr_parse(const char *text, struct cidr *out);

bool cidr_address_parse(const char *text, size_t len, struct cidr_address *out);
/* false: neither AF_INET nor AF_INET6. */
bool cidr_address_of(const struct sockaddr *socket_address, struct cidr_address *out);

void cidr_address_format(const struct cidr_address *address, char out[static CIDR_TEXT_BYTES]);
bool cidr_address_equal(const struct cidr_address *a, const struct cidr_address *b);
bool cidr_is_loopback(const struct cidr_address *address);

/* What rates and socket counts are held by: an IPv4 address, or the /64 of an IPv6 one, which is one household's. */
uint64_t cidr_address_key(const struct cidr_address *address);

bool cidr_contains(const struct cidr *network, const struct cidr_address *address);
bool cidr_any_contains(const struct cidr *networks, size_t count, const struct cidr_address *address);

/*
 * The client behind the proxies we trust. Starts at the peer; as long as that is trusted, it believes the next entry of
 * X-Forwarded-For from the right ("a, b, c"; several headers joined by commas). An entry that is no address (ports and
 * brackets are fine) ends the walk at the last address known. `forwarded_for` NULL: none was sent.
 */
struct cidr_address cidr_client(const struct cidr *trusted, size_t count, const struct cidr_address *peer,
                                const char *forwarded_for);

#endif
