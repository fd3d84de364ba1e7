/*
 * The answering half of a request, as api/request.c sees it. Handlers use the functions in api/request.h. The loop's
 * thread.
 */
#ifndef PORCHLIGHT_API_REPLY_H
#define PORCHLIGHT_API_REPLY_H

#include "api/request.h"

/* Gives back the answer of a request that ends; fine when there is none. */
void reply_release(struct request *r);

/* A self-test of what we rely on: ERR_INTERNAL when If-None-Match lists are not understood as RFC 9110, section 13.1.2
 * says. */
bool reply_etag_matches(const char *list, const char *etag);

#endif
