/*
 * Fuzzes the opening handshake (realtime/handshake.h). A line of input is a field: extensions, connection, upgrade,
 * version, key, HTTP version; one that is missing is as a browser sends it, so that the list of extensions is reached.
 *
 * What must hold: an answer is whole or empty; an agreement has an offer; and an unknown extension at the end of a list
 * that was understood changes nothing, while one that is broken spoils any list.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "realtime/handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy in memory of exactly its length, with more text behind it. */
static char *joined(const char *text, size_t len, const char *more)
{
    char *copy = malloc(len + strlen(more) + 1);
    assert(copy != NULL);
    if (len > 0)
        memcpy(copy, text, len);
    memcpy(copy + len, more, strlen(more) + 1);
    return copy;
}

static enum err check(const struct handshake_fields *fields, struct handshake *out)
{
    struct problem problem = {0};
    enum err err = handshake_check(fields, out, &problem);
    assert(err == ERR_OK || err == ERR_UPGRADE_REQUIRED || err == ERR_MALFORMED);
    assert(problem.err == err);
    assert(strlen(out->accept) == (err == ERR_OK ? HANDSHAKE_ACCEPT_BYTES - 1 : 0));
    assert(out->deflate == (out->extensions != NULL));
    assert(!out->deflate || (err == ERR_OK && strstr(fields->extensions, "permessage-deflate") != NULL));
    return err;
}

/* The list is whatever a header can hold: lists that end inside a quoted string are known by their error. */
static void check_longer_lists(const struct handshake_fields *fields, enum err err, const struct handshake *found)
{
    static const char *const fine[] = {",", ", foo", " , foo; bar=\"b\\az\" ;x"};
    struct handshake_fields longer = *fields;
    struct handshake again;
    char *list = NULL;
    for (size_t i = 0; i < sizeof fine / sizeof fine[0] && err == ERR_OK; i++) {
        longer.extensions = list = joined(fields->extensions, strlen(fields->extensions), fine[i]);
        assert(check(&longer, &again) == ERR_OK);
        assert(again.deflate == found->deflate && again.extensions == found->extensions);
        assert(strcmp(again.accept, found->accept) == 0);
        free(list);
    }
    if (err == ERR_UPGRADE_REQUIRED)
        return;
    longer.extensions = list = joined(fields->extensions, strlen(fields->extensions), ", foo; \x01");
    assert(check(&longer, &again) == ERR_MALFORMED);
    free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *values[] = {"", "Upgrade", "websocket", "13", "dGhlIHNhbXBsZSBub25jZQ==", "HTTP/1.1"};
    enum { FIELDS = sizeof values / sizeof values[0] };
    char *copies[FIELDS];
    const char *at = (const char *)data;
    const char *end = at + size;
    for (size_t i = 0; i < FIELDS; i++) {
        const char *line_end = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        size_t len = (size_t)((line_end != NULL ? line_end : end) - at);
        copies[i] = at < end ? joined(at, len, "") : joined(values[i], strlen(values[i]), "");
        at = line_end != NULL ? line_end + 1 : end;
    }
    const struct handshake_fields fields = {.extensions = copies[0],
                                            .connection = copies[1],
                                            .upgrade = copies[2],
                                            .version = copies[3],
                                            .key = copies[4],
                                            .method_version = copies[5]};
    struct handshake found;
    enum err err = check(&fields, &found);
    check_longer_lists(&fields, err, &found);
    for (size_t i = 0; i < FIELDS; i++)
        free(copies[i]);
    return 0;
}
