/* Endpoints and the addresses behind them. See push_target.h. */
#include "api/push_target.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

#define SCHEME "https://"
#define SCHEME_CHARS (sizeof SCHEME - 1)

static enum err refuse(struct problem *problem, const char *why)
{
    return problem_set(problem, ERR_INVALID, "The field \"endpoint\" %s.", why);
}

/* IPv4 without the Internet at large; what IPv6 has, from the other side. */
bool push_target_is_public(const struct cidr_address *address)
{
    static const char *const not_public[] = {
        "0.0.0.0/8",       /* this network */
        "10.0.0.0/8",      /* private */
        "100.64.0.0/10",   /* a carrier's NAT */
        "127.0.0.0/8",     /* loopback */
        "169.254.0.0/16",  /* link-local, and the metadata of clouds */
        "172.16.0.0/12",   /* private */
        "192.0.0.0/24",    /* protocol assignments */
        "192.0.2.0/24",    /* documentation */
        "192.88.99.0/24",  /* 6to4 relays */
        "192.168.0.0/16",  /* private */
        "198.18.0.0/15",   /* benchmarks */
        "198.51.100.0/24", /* documentation */
        "203.0.113.0/24",  /* documentation */
        "224.0.0.0/4",     /* multicast */
        "240.0.0.0/4",     /* reserved, broadcast */
        "2001::/23",       /* protocol assignments, Teredo: carries IPv4 inside */
        "2001:db8::/32",   /* documentation */
        "2002::/16",       /* 6to4: carries IPv4 inside */
        "3fff::/20",       /* documentation */
    };
    struct cidr global;
    if (!address->v4 && !(cidr_parse("2000::/3", &global) && cidr_contains(&global, address)))
        return false; /* loopback, unspecified, local, link-local, multicast, NAT64 and all that was never given out */
    for (size_t i = 0; i < sizeof not_public / sizeof not_public[0]; i++) {
        struct cidr network;
        if (!cidr_parse(not_public[i], &network) || cidr_contains(&network, address))
            return false;
    }
    return true;
}

/* The length of the host at the beginning of `at`, with its brackets. 0: none. */
static size_t host_length(const char *at)
{
    if (at[0] == '[') {
        size_t len = strspn(at + 1, "0123456789abcdefABCDEF:.");
        return len > 0 && at[1 + len] == ']' ? len + 2 : 0;
    }
    return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
}

/* ":8443" at `*at`, or nothing, which is 443. */
static bool read_port(const char **at, uint16_t *port)
{
    unsigned number = 0;
    *port = 443;
    if (**at != ':')
        return true;
    size_t digits = strspn(++*at, "0123456789");
    for (size_t i = 0; i < digits && i < 6; i++)
        number = number * 10 + (unsigned)((*at)[i] - '0');
    *at += digits;
    *port = (uint16_t)number;
    return digits >= 1 && digits <= 5 && number >= 1 && number <= 65535;
}

static bool ends_with(const char *host, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len >= end_len && memcmp(host + len - end_len, end, end_len) == 0;
}

/* Names that are no push service's wherever they are looked up. A number at the end is an IPv4 address in one of its
   many spellings (WHATWG URL, section 3.5). */
static bool is_internet_name(const char *host, size_t len)
{
    static const char *const local[] = {".local", ".localhost", ".internal", ".lan", ".home.arpa", ".onion", ".test"};
    if (host[0] == '[' || host[0] == '.' || host[0] == '-' || host[len - 1] == '.' || strstr(host, "..") != NULL)
        return false;
    const char *last = strrchr(host, '.');
    if (last == NULL || (last[1] >= '0' && last[1] <= '9'))
        return false;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        if (ends_with(host, len, local[i]))
            return false;
    return true;
}

static bool is_path(const char *at)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/%?";
    return (at[0] == '/' || at[0] == '\0') && at[strspn(at, allowed)] == '\0';
}

enum err push_target_parse(const char *endpoint, bool lenient, struct push_target *out, struct problem *problem)
{
    if (strncmp(endpoint, SCHEME, SCHEME_CHARS) != 0)
        return refuse(problem, "has to begin with https://");
    if (strlen(endpoint) > PUSH_ENDPOINT_BYTES_MAX)
        return refuse(problem, "is longer than any push service's address");
    const char *at = endpoint + SCHEME_CHARS;
    size_t len = host_length(at);
    if (len == 0 || len >= PUSH_HOST_BYTES)
        return refuse(problem, "needs the name of a push service");
    for (size_t i = 0; i < len; i++)
        out->host[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] - 'A' + 'a' : at[i]);
    out->host[len] = '\0';
    at += len;
    if (!read_port(&at, &out->port) || !is_path(at))
        return refuse(problem, "is no plain address: a name, perhaps a path, and nothing else");
    if (!lenient && out->port != 443)
        return refuse(problem, "must not name a port");
    if (!lenient && !is_internet_name(out->host, len))
        return refuse(problem, "has to be a push service on the Internet");
    int printed = snprintf(out->origin, sizeof out->origin, out->port == 443 ? SCHEME "%s" : SCHEME "%s:%u", out->host,
                           out->port);
    return printed > 0 && (size_t)printed < sizeof out->origin ? ERR_OK : ERR_INVALID;
}
