/*
 * A load generator: many keep-alive connections, one thread, epoll, request bytes prepared beforehand.
 *
 * Clients come in groups, so that polls and likes can go on at once and be told apart. A group runs a closed loop (each
 * client asks again as soon as it was answered) or, with a rate, an open one: requests start at fixed moments
 * whether or not the server keeps up, and their latency counts from that moment, so that a stall is not hidden.
 *
 * The caller owns all requests and clients; a client's place in its requests survives from one run to the next.
 */
#ifndef PORCHLIGHT_BENCH_LOAD_H
#define PORCHLIGHT_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "figures.h"

struct load_request {
    const char *bytes;
    size_t len;
};

struct load_client {
    const struct load_request *requests; /* asked in turn, then from the first again */
    size_t count;
    size_t next;
};

struct load_group {
    struct load_client *clients;
    size_t count;
    double rate_per_s; /* of the whole group; 0: closed loop */
};

struct load_result {
    struct figures_histogram latency;
    uint64_t ok;           /* 2xx */
    uint64_t not_modified; /* 304 */
    uint64_t refused;      /* any other status */
    uint64_t broken;       /* connections that failed, or answers that were no HTTP */
    uint64_t skipped;      /* of a rate: no client was free for 4 seconds' worth of requests */
    double seconds;
    double per_s; /* ok and not_modified */
};

struct load_options {
    int port;          /* on 127.0.0.1 */
    int cpu;           /* the generator's processor; -1: any */
    double seconds;    /* measured */
    double warm_up_s;  /* before that, not counted */
    struct load_group *groups;
    size_t groups_count;
};

/* `results` has one entry per group. 0, or -1 with errno when the run could not be made at all. */
int load_run(const struct load_options *options, struct load_result *results);

/* One request on a connection of its own; the answer's bytes are NUL-terminated. Its status, or -1. */
int load_ask(int port, const char *request, size_t len, char *answer, size_t answer_bytes);

#endif
