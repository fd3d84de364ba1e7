/*
 * The people of the bench: one team of a coach and 63 members with 100 posts, imported by the product's own command, a
 * token for each, and the request bytes they send. All requests name the same host, so that they are the same bytes for
 * every server.
 */
#ifndef PORCHLIGHT_BENCH_COMMUNITY_H
#define PORCHLIGHT_BENCH_COMMUNITY_H

#include <stddef.h>

#include "load.h"

#define COMMUNITY_PEOPLE 64
#define COMMUNITY_POSTS 100
#define COMMUNITY_TOKEN_BYTES 2048

struct community {
    char tokens[COMMUNITY_PEOPLE][COMMUNITY_TOKEN_BYTES];
};

/* Imports into the data folder `data` with `binary` and issues the tokens; `scratch` is a folder for the file. */
int community_create(struct community *c, const char *binary, const char *data, const char *scratch);

/*
 * A client per person. Polls: one GET of `path`, with If-None-Match when `etag` is not NULL. Likes: PUT the like of
 * every post, then DELETE it, each person beginning at another post. Freed with community_clients_free.
 */
struct load_client *community_polls(const struct community *c, const char *path, const char *etag);
struct load_client *community_likes(const struct community *c);
void community_clients_free(struct load_client *clients); /* NULL is fine */

#endif
