/*
 * Import file, tokens, request bytes. See community.h.
 *
 *   ids: 1000 the coach and the team, 1001..1063 the members, 2001..2100 the posts; far from the demo's own
 */
#include "community.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

#define FIRST_PERSON 1000
#define FIRST_POST 2001
#define REQUEST_BYTES_MAX (COMMUNITY_TOKEN_BYTES + 512)

static void write_people(FILE *file)
{
    for (int i = 0; i < COMMUNITY_PEOPLE; i++) {
        fprintf(file,
                "{\"type\":\"user\",\"id\":\"%d\",\"username\":\"bench%d\",\"name\":\"Bench %d\","
                "\"role\":\"%s\"}\n",
                FIRST_PERSON + i, i, i, i == 0 ? "coach" : "member");
    }
    fprintf(file, "{\"type\":\"team\",\"id\":\"%d\",\"name\":\"Bench\"}\n", FIRST_PERSON);
    for (int i = 0; i < COMMUNITY_PEOPLE; i++) {
        fprintf(file, "{\"type\":\"membership\",\"teamId\":\"%d\",\"userId\":\"%d\"}\n", FIRST_PERSON,
                FIRST_PERSON + i);
    }
    for (int i = 0; i < COMMUNITY_POSTS; i++) {
        fprintf(file,
                "{\"type\":\"post\",\"id\":\"%d\",\"teamId\":\"%d\",\"authorId\":\"%d\","
                "\"body\":\"Post %d of the bench\",\"createdAt\":\"2026-01-01T08:00:00.000Z\"}\n",
                FIRST_POST + i, FIRST_PERSON, FIRST_PERSON, i);
    }
}

int community_create(struct community *c, const char *binary, const char *data, const char *scratch)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/bench.jsonl", scratch);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    write_people(file);
    if (fclose(file) != 0) {
        perror(path);
        return -1;
    }
    const char *import[] = {binary, "import", path, "--data", data, NULL};
    char said[1024];
    if (child_run(import, said, sizeof(said)) != 0) {
        return -1;
    }
    for (int i = 0; i < COMMUNITY_PEOPLE; i++) {
        char name[32];
        snprintf(name, sizeof(name), "bench%d", i);
        const char *issue[] = {binary, "token", "issue", "--data", data, "--user", name, NULL};
        if (child_run(issue, c->tokens[i], COMMUNITY_TOKEN_BYTES) != 0 ||
            strncmp(c->tokens[i], "v4.public.", 10) != 0) {
            fprintf(stderr, "bench: no token for %s\n", name);
            return -1;
        }
    }
    return 0;
}

/*
 * One block of memory: the clients, all their requests, then the bytes. So one free() gives it all back.
 */
struct block {
    struct load_client *clients;
    struct load_request *requests;
    char *bytes;
};

static int block_create(struct block *b, size_t requests_each)
{
    size_t requests = COMMUNITY_PEOPLE * requests_each;
    size_t size = COMMUNITY_PEOPLE * sizeof(struct load_client) + requests * sizeof(struct load_request) +
                  requests * REQUEST_BYTES_MAX;
    b->clients = calloc(1, size);
    if (b->clients == NULL) {
        return -1;
    }
    b->requests = (struct load_request *)(void *)(b->clients + COMMUNITY_PEOPLE);
    b->bytes = (char *)(b->requests + requests);
    for (size_t i = 0; i < COMMUNITY_PEOPLE; i++) {
        b->clients[i].requests = b->requests + i * requests_each;
        b->clients[i].count = requests_each;
    }
    return 0;
}

__attribute__((format(printf, 3, 4))) static void block_write(struct block *b, size_t index, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(b->bytes, REQUEST_BYTES_MAX, format, args);
    va_end(args);
    b->requests[index] = (struct load_request){.bytes = b->bytes, .len = (size_t)len};
    b->bytes += len;
}

struct load_client *community_polls(const struct community *c, const char *path, const char *etag)
{
    struct block block;
    if (block_create(&block, 1) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < COMMUNITY_PEOPLE; i++) {
        block_write(&block, i,
                    "GET %s HTTP/1.1\r\nHost: porchlight.example\r\nAuthorization: Bearer %s\r\n%s%s%s\r\n", path,
                    c->tokens[i], etag != NULL ? "If-None-Match: " : "", etag != NULL ? etag : "",
                    etag != NULL ? "\r\n" : "");
    }
    return block.clients;
}

struct load_client *community_likes(const struct community *c)
{
    struct block block;
    size_t each = 2 * COMMUNITY_POSTS;
    if (block_create(&block, each) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < COMMUNITY_PEOPLE; i++) {
        for (size_t r = 0; r < each; r++) {
            size_t post = (r + i) % COMMUNITY_POSTS;
            block_write(&block, i * each + r,
                        "%s /posts/%zu/like HTTP/1.1\r\nHost: porchlight.example\r\nAuthorization: Bearer %s\r\n"
                        "Content-Length: 0\r\n\r\n",
                        r < COMMUNITY_POSTS ? "PUT" : "DELETE", FIRST_POST + post, c->tokens[i]);
        }
    }
    return block.clients;
}

void community_clients_free(struct load_client *clients)
{
    free(clients);
}
