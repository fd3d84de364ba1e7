/*
 * Request targets. What is accepted keeps every promise of api/query.h; written again with every byte escaped, it means
 * the same; what is refused is refused with a sentence.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/query.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void clean_text(const char *text, size_t len)
{
    require(strlen(text) == len && json_utf8_length(text, len) != SIZE_MAX);
    for (size_t i = 0; i < len; i++)
        require((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static void keeps_its_promises(const struct query *q)
{
    for (size_t i = 0; i < q->segments_count; i++) {
        const char *segment = q->segments[i];
        clean_text(segment, strlen(segment));
        require(segment[0] != '\0' && strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0);
        require(strchr(segment, '/') == NULL);
    }
    require(!q->trailing_slash || q->segments_count > 0);
    require(q->params_count <= QUERY_PARAMS_MAX);
    for (size_t i = 0; i < q->params_count; i++) {
        const struct query_param *p = &q->params[i];
        clean_text(p->name, strlen(p->name));
        clean_text(p->value, p->value_len);
        require(p->name[0] != '\0' && query_find(q, p->name) == p); /* so names differ */
        const char *const known[] = {p->name};
        require(q->params_count > 1 || query_unknown(q, known, 1) == NULL);

        int64_t id = 0;
        char text[24];
        if (query_id(p->value, &id)) {
            snprintf(text, sizeof text, "%" PRId64, id);
            require(id > 0 && strcmp(text, p->value) == 0);
        }
    }
}

static void put_escaped(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

static void write_escaped(const struct query *q, struct buf *out)
{
    if (q->segments_count == 0)
        buf_puts(out, "/");
    for (size_t i = 0; i < q->segments_count; i++) {
        buf_puts(out, "/");
        put_escaped(out, q->segments[i]);
    }
    if (q->trailing_slash)
        buf_puts(out, "/");
    for (size_t i = 0; i < q->params_count; i++) {
        buf_puts(out, i == 0 ? "?" : "&");
        put_escaped(out, q->params[i].name);
        buf_puts(out, "=");
        put_escaped(out, q->params[i].value);
    }
}

static void same(const struct query *a, const struct query *b)
{
    require(a->segments_count == b->segments_count && a->params_count == b->params_count);
    require(a->trailing_slash == b->trailing_slash);
    for (size_t i = 0; i < a->segments_count; i++)
        require(strcmp(a->segments[i], b->segments[i]) == 0);
    for (size_t i = 0; i < a->params_count; i++)
        require(strcmp(a->params[i].name, b->params[i].name) == 0 &&
                strcmp(a->params[i].value, b->params[i].value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(1024, 1 << 18);
    struct query q;
    struct problem problem = {.err = ERR_OK};
    if (arena == NULL)
        return 0;
    enum err err = query_parse((const char *)data, size, arena, &q, &problem);
    require(problem.err == err);
    if (err == ERR_OK) {
        keeps_its_promises(&q);
        struct buf text;
        struct query again;
        buf_init(&text, 3 * URI_BYTES_MAX + 64);
        write_escaped(&q, &text);
        require(!text.failed);
        enum err second = query_parse(text.data, text.len, arena, &again, NULL);
        require(second == ERR_OK || (second == ERR_URI_TOO_LONG && text.len > URI_BYTES_MAX));
        if (second == ERR_OK)
            same(&q, &again);
        buf_clear(&text);
    } else {
        require(err == ERR_MALFORMED || err == ERR_INVALID || err == ERR_URI_TOO_LONG);
        require(json_utf8_length(problem.detail, strlen(problem.detail)) != SIZE_MAX);
    }
    arena_free(arena);
    return 0;
}
