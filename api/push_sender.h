/*
 * HTTPS to push services: libcurl's multi interface, of which this file is the only one that sees anything. It is
 * loaded with the first delivery (api/curl_library.h).
 *
 * PUSH_AT_ONCE places; a place carries one delivery at a time and gives its result back by number. No proxy, no
 * redirect, no other scheme; the address that a name turned out to have is looked at before a connection is made
 * (api/push_target.h). One thread owns a sender; only push_sender_wake is for others.
 */
#ifndef PORCHLIGHT_API_PUSH_SENDER_H
#define PORCHLIGHT_API_PUSH_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct push_sender;

struct push_sender_options {
    const char *ca_file; /* NULL: the system's certificates */
    bool lenient;        /* connect to any address */
};

/* ERR_NO_MEMORY: or no descriptor is left. */
enum err push_sender_create(const struct push_sender_options *options, struct push_sender **out);
void push_sender_free(struct push_sender *s); /* gives up what is under way; NULL is fine */

struct push_sender_order {
    const char *endpoint;
    const char *authorization;
    const char *topic;
    const char *urgency;
    int64_t ttl_s;
    const unsigned char *body; /* copied */
    size_t body_len;
};

/* Begins a delivery in a place from 0 to PUSH_AT_ONCE - 1 that is free. ERR_NO_MEMORY; ERR_NOT_FOUND: no libcurl here.
 */
enum err push_sender_begin(struct push_sender *s, size_t place, const struct push_sender_order *order);

struct push_sender_result {
    size_t place;          /* free again */
    int status;            /* 0: no answer came */
    int64_t retry_after_s; /* 0: none was asked for */
    bool forbidden;        /* the name led to no machine of the Internet: nothing was connected to */
    const char *cause;     /* why no answer came, in words; static */
};

/* Works for at most `timeout_ms`, or until something happens or somebody wakes it. */
void push_sender_turn(struct push_sender *s, int timeout_ms);
/* What has ended. false: nothing more. */
bool push_sender_next(struct push_sender *s, struct push_sender_result *out);

/* Ends the turn under way, or the next one at once. Any thread. */
void push_sender_wake(struct push_sender *s);

#endif
