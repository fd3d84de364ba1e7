/*
 * Opening sockets: the last step of a request that becomes one. The routes of sockets are realtime/kinds.h's.
 */
#ifndef PORCHLIGHT_API_SOCKET_H
#define PORCHLIGHT_API_SOCKET_H

#include "api/auth.h"
#include "realtime/realtime.h"

/* A caller as the realtime module knows them; borrowed from `c`. */
struct realtime_member socket_member(const struct caller *c);

/* What sockets ask about tokens, on the rooms writer's thread. */
struct realtime_gate socket_gate(struct app *app);

#endif
