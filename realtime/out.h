/*
 * What a socket is to send in this turn: a list of references to packets, made of nodes that the loop uses again.
 * The loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_OUT_H
#define PORCHLIGHT_REALTIME_OUT_H

#include "realtime/packet.h"
#include "realtime/reactor.h"

#define OUTS_MAX 65536 /* nodes in one turn: 2 MiB, and what they carry; then it is sent before the turn ends */

struct out {
    struct out *next;
    struct packet *packet; /* a reference */
};

struct out *out_take(struct reactor *r, struct packet *packet); /* NULL: no memory */
void out_give(struct reactor *r, struct out *out);              /* with its reference */
void out_pool_clear(struct reactor *r);

#endif
