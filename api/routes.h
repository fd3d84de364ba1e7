/*
 * Every address of the server on one screen: routes.c. A route names who may call it, which query parameters it knows
 * and its handler; what is common to all (credentials, rates, unknown parameters, methods) is decided here, before the
 * handler. Handlers live in one file per resource and are declared in api/resources.h. The loop's thread.
 */
#ifndef PORCHLIGHT_API_ROUTES_H
#define PORCHLIGHT_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "api/request.h"
#include "realtime/realtime.h"

enum access {
    ACCESS_OPEN,    /* nobody is asked */
    ACCESS_SIGN_IN, /* open, but rated by address as an attempt to sign in */
    ACCESS_SELF,    /* the handler judges credentials by itself */
    ACCESS_MEMBER,
    ACCESS_ASKS,   /* a member whose POST only asks: rated as reading */
    ACCESS_WORKER, /* a member or a trusted server */
    ACCESS_CODE,   /* a member who shows a code or a password: rated by address, or it could be guessed */
    ACCESS_ADMIN,
    ACCESS_SERVICE, /* a trusted server */
};

struct route {
    enum method method;
    const char *path; /* segments; {} stands for one of any value */
    enum access access;
    void (*handle)(struct request *r);
    const char *params; /* names of the query parameters, separated by blanks; NULL: none */
};

extern const struct route routes[];
size_t routes_count(void);
const char *routes_method_name(enum method method); /* "GET"; "OTHER" for what no route takes */
size_t routes_index(const struct route *route);

/* Whether a list as in `params` has the name; NULL is an empty list. */
bool routes_list_has(const char *list, const char *name);

/* What may be opened at the request's path as a socket; NULL: nothing. */
const struct socket_path *routes_socket_path(struct request *r);

/* Takes a token of the client's address: for what is answered without knowing who asks. false: ERR_RATE_LIMITED is to
   be answered. */
bool routes_address_allows(struct request *r);

/* Finds the route, checks what is common, runs the handler. Answers in any case, or suspends. */
void routes_dispatch(struct request *r);

#endif
