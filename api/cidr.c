/*
 * Networks, addresses and the chain of X-Forwarded-For.
 */
#include "api/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define V4_BYTES 4
#define V6_BYTES 16

static const unsigned char mapped_prefix[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */

static struct cidr_address from_v4(const void *bytes)
{
    struct cidr_address a = {.v4 = true};
    memcpy(a.bytes, bytes, V4_BYTES);
    return a;
}

static struct cidr_address from_v6(const unsigned char bytes[static V6_BYTES])
{
    if (memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0)
        return from_v4(bytes + sizeof mapped_prefix);
    struct cidr_address a = {.v4 = false};
    memcpy(a.bytes, bytes, V6_BYTES);
    return a;
}

bool cidr_address_parse(const char *text, size_t len, struct cidr_address *out)
{
    char copy[CIDR_TEXT_BYTES];
    unsigned char bytes[V6_BYTES];
    if (len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1)
        *out = from_v4(bytes);
    else if (inet_pton(AF_INET6, copy, bytes) == 1)
        *out = from_v6(bytes);
    else
        return false;
    return true;
}

bool cidr_address_of(const struct sockaddr *socket_address, struct cidr_address *out)
{
    if (socket_address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, socket_address, sizeof v4);
        *out = from_v4(&v4.sin_addr);
        return true;
    }
    if (socket_address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, socket_address, sizeof v6);
        *out = from_v6(v6.sin6_addr.s6_addr);
        return true;
    }
    return false;
}

void cidr_address_format(const struct cidr_address *address, char out[static CIDR_TEXT_BYTES])
{
    if (!inet_ntop(address->v4 ? AF_INET : AF_INET6, address->bytes, out, CIDR_TEXT_BYTES))
        out[0] = '\0'; /* cannot happen: the buffer holds the longest */
}

bool cidr_address_equal(const struct cidr_address *a, const struct cidr_address *b)
{
    return a->v4 == b->v4 && memcmp(a->bytes, b->bytes, V6_BYTES) == 0;
}

bool cidr_is_loopback(const struct cidr_address *address)
{
    static const unsigned char one[V6_BYTES] = {[15] = 1};
    return address->v4 ? address->bytes[0] == 127 : memcmp(address->bytes, one, V6_BYTES) == 0;
}

uint64_t cidr_address_key(const struct cidr_address *address)
{
    uint64_t key = 0;
    for (size_t i = 0; i < 8; i++)
        key = key << 8 | address->bytes[i];
    /* IPv4 goes where no IPv6 prefix of a host can be: ff00::/8 is multicast. */
    return address->v4 ? key >> 32 | UINT64_C(0xffff) << 48 : key;
}

/* Do the first `bits` agree? */
static bool same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool parse_prefix_bits(const char *text, unsigned max, unsigned *out)
{
    unsigned value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return false;
    for (; *text != '\0'; text++)
        value = value * 10 + (unsigned)(*text - '0');
    *out = value;
    return value <= max;
}

bool cidr_parse(const char *text, struct cidr *out)
{
    const char *slash = strchr(text, '/');
    struct cidr c;
    if (!cidr_address_parse(text, slash ? (size_t)(slash - text) : strlen(text), &c.network))
        return false;
    unsigned max = c.network.v4 ? 8 * V4_BYTES : 8 * V6_BYTES;
    c.prefix_bits = max;
    if (slash) {
        /* A mapped network would count its prefix from the mapping: nobody means that. */
        if (c.network.v4 && memchr(text, ':', (size_t)(slash - text)))
            return false;
        if (!parse_prefix_bits(slash + 1, max, &c.prefix_bits))
            return false;
    }

    /* 10.1.2.3/8 is a mistake in somebody's configuration, and we cannot know which half of it. */
    for (unsigned bit = c.prefix_bits; bit < max; bit++)
        if (c.network.bytes[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    *out = c;
    return true;
}

bool cidr_contains(const struct cidr *network, const struct cidr_address *address)
{
    return network->network.v4 == address->v4 &&
           same_prefix(network->network.bytes, address->bytes, network->prefix_bits);
}

bool cidr_any_contains(const struct cidr *networks, size_t count, const struct cidr_address *address)
{
    for (size_t i = 0; i < count; i++)
        if (cidr_contains(&networks[i], address))
            return true;
    return false;
}

/* ---- X-Forwarded-For --------------------------------------------------------------------------------------------- */

static bool is_port(const char *text, size_t len)
{
    if (len < 1 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711" */
static bool parse_entry(const char *text, size_t len, struct cidr_address *out)
{
    if (len > 0 && text[0] == '[') {
        const char *close = memchr(text, ']', len);
        if (!close)
            return false;
        size_t inner = (size_t)(close - text) - 1;
        size_t rest = len - inner - 2;
        if (rest > 0 && (close[1] != ':' || !is_port(close + 2, rest - 1)))
            return false;
        return memchr(text + 1, ':', inner) && cidr_address_parse(text + 1, inner, out); /* brackets hold IPv6 alone */
    }
    const char *colon = memchr(text, ':', len);
    if (colon && memchr(text, '.', (size_t)(colon - text))) {
        /* Dots before the first colon: IPv4 with a port. */
        size_t address_len = (size_t)(colon - text);
        return is_port(colon + 1, len - address_len - 1) && cidr_address_parse(text, address_len, out);
    }
    return cidr_address_parse(text, len, out);
}

struct cidr_address cidr_client(const struct cidr *trusted, size_t count, const struct cidr_address *peer,
                                const char *forwarded_for)
{
    struct cidr_address client = *peer;
    size_t left = forwarded_for ? strlen(forwarded_for) : 0;
    while (left > 0 && cidr_any_contains(trusted, count, &client)) {
        size_t end = left;
        while (left > 0 && forwarded_for[left - 1] != ',')
            left--;
        size_t start = left;
        if (left > 0)
            left--; /* the comma */
        while (start < end && (forwarded_for[start] == ' ' || forwarded_for[start] == '\t'))
            start++;
        while (start < end && (forwarded_for[end - 1] == ' ' || forwarded_for[end - 1] == '\t'))
            end--;
        if (!parse_entry(forwarded_for + start, end - start, &client))
            break; /* `client` is untouched */
    }
    return client;
}
