/*
 * Path and query of a request target. One pass over the characters of each piece; decoding writes into the arena.
 */
#include "api/query.h"

#include <string.h>

#include "base/json.h"

/* Where a character may stand unescaped (RFC 3986, appendix A): pchar; the query adds "/" and "?". */
static bool is_pchar(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:@", c) != NULL);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

struct piece {
    const char *bytes;
    size_t len;
};

/* Decodes one segment, name or value. `in_query` lets "/" and "?" stand and reads "+" as a blank. */
static enum err decode(struct piece in, bool in_query, struct arena *arena, char **out, size_t *out_len)
{
    char *text = arena_alloc(arena, in.len + 1);
    if (!text)
        return ERR_NO_MEMORY;

    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.bytes[i];
        if (c == '%') {
            int high = i + 2 < in.len ? hex_digit(in.bytes[i + 1]) : -1;
            int low = i + 2 < in.len ? hex_digit(in.bytes[i + 2]) : -1;
            if (high < 0 || low < 0)
                return ERR_MALFORMED;
            c = (char)(high * 16 + low);
            i += 2;
            if ((unsigned char)c < 0x20 || c == 0x7f || (c == '/' && !in_query))
                return ERR_MALFORMED;
        } else if (in_query && c == '+') {
            c = ' ';
        } else if (!is_pchar(c) && !(in_query && (c == '/' || c == '?'))) {
            return ERR_MALFORMED;
        }
        text[n++] = c;
    }
    text[n] = '\0';
    if (json_utf8_length(text, n) == SIZE_MAX)
        return ERR_MALFORMED;
    *out = text;
    *out_len = n;
    return ERR_OK;
}

/* The piece up to `separator`; false when nothing is left. `*at` moves behind the separator, or to NULL at the end. */
static bool next_piece(const char **at, const char *end, char separator, struct piece *out)
{
    if (!*at)
        return false;
    const char *stop = memchr(*at, separator, (size_t)(end - *at));
    *out = (struct piece){.bytes = *at, .len = (size_t)((stop ? stop : end) - *at)};
    *at = stop ? stop + 1 : NULL;
    return true;
}

static enum err parse_path(struct piece path, struct arena *arena, struct query *out)
{
    const char *at = path.bytes + 1; /* the caller saw the leading "/" */
    const char *end = path.bytes + path.len;
    if (at == end)
        return ERR_OK;

    size_t count = 1;
    for (const char *c = at; c < end; c++)
        count += *c == '/';
    out->segments = arena_alloc(arena, count * sizeof *out->segments);
    if (!out->segments)
        return ERR_NO_MEMORY;

    struct piece piece;
    while (next_piece(&at, end, '/', &piece)) {
        if (piece.len == 0 && !at) {
            out->trailing_slash = true;
            break;
        }
        char *text = NULL;
        size_t len = 0;
        enum err err = decode(piece, false, arena, &text, &len);
        if (err)
            return err;
        if (len == 0 || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
            return ERR_MALFORMED;
        out->segments[out->segments_count++] = text;
    }
    return ERR_OK;
}

static enum err parse_param(struct piece piece, struct arena *arena, struct query *out, struct problem *problem)
{
    const char *equals = memchr(piece.bytes, '=', piece.len);
    if (!equals || equals == piece.bytes)
        return ERR_MALFORMED;
    struct piece name = {.bytes = piece.bytes, .len = (size_t)(equals - piece.bytes)};
    struct piece value = {.bytes = equals + 1, .len = piece.len - name.len - 1};

    char *name_text = NULL;
    char *value_text = NULL;
    size_t name_len = 0;
    size_t value_len = 0;
    enum err err = decode(name, true, arena, &name_text, &name_len);
    if (!err)
        err = decode(value, true, arena, &value_text, &value_len);
    if (err)
        return err;
    if (query_find(out, name_text))
        return problem_set(problem, ERR_INVALID, "A parameter of the address is there twice.");
    if (out->params_count == QUERY_PARAMS_MAX)
        return problem_set(problem, ERR_INVALID, "The address has more than %d parameters.", QUERY_PARAMS_MAX);
    out->params[out->params_count++] = (struct query_param){
        .name = name_text, .value = value_text, .value_len = value_len};
    return ERR_OK;
}

enum err query_parse(const char *target, size_t len, struct arena *arena, struct query *out, struct problem *problem)
{
    *out = (struct query){.segments = NULL};
    if (len > URI_BYTES_MAX)
        return problem_set(problem, ERR_URI_TOO_LONG, "The address is longer than %d bytes.", URI_BYTES_MAX);
    if (len == 0 || target[0] != '/')
        return problem_set(problem, ERR_MALFORMED, "The address does not start with a slash.");

    const char *end = target + len;
    const char *question = memchr(target, '?', len);
    struct piece path = {.bytes = target, .len = (size_t)((question ? question : end) - target)};
    enum err err = parse_path(path, arena, out);
    if (err == ERR_MALFORMED)
        problem_set(problem, err, "The path of the address is not well formed.");

    const char *at = question && question + 1 < end ? question + 1 : NULL;
    struct piece piece;
    while (!err && next_piece(&at, end, '&', &piece)) {
        err = parse_param(piece, arena, out, problem);
        if (err == ERR_MALFORMED)
            problem_set(problem, err, "The parameters of the address are not well formed.");
    }
    return err;
}

const struct query_param *query_find(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->params_count; i++)
        if (strcmp(q->params[i].name, name) == 0)
            return &q->params[i];
    return NULL;
}

const struct query_param *query_unknown(const struct query *q, const char *const *names, size_t count)
{
    for (size_t i = 0; i < q->params_count; i++) {
        size_t j = 0;
        while (j < count && strcmp(q->params[i].name, names[j]) != 0)
            j++;
        if (j == count)
            return &q->params[i];
    }
    return NULL;
}

bool query_id(const char *text, int64_t *id)
{
    if (text[0] < '1' || text[0] > '9')
        return false;
    int64_t value = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        int64_t digit = *text - '0';
        if (value > (INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *id = value;
    return true;
}
