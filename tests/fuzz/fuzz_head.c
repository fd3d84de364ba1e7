/*
 * Fuzzes the head check (api/head.h) with whole heads, and holds its verdict against a second opinion.
 *
 * The bytes are taken apart as libmicrohttpd 0.9.75 does it (read in its connection.c: NULs over separators, lines that
 * end in a bare line feed, folded lines glued onto the name before them in other memory), the pieces go to head_*, and
 * a strict reading of the untouched bytes (RFC 9112) says what must come out:
 *
 *     MUST_REFUSE   and the check said ERR_OK:  a way to smuggle         -> abort
 *     MUST_ACCEPT   and the check said no:      a false alarm            -> abort
 *     EITHER        what the RFC leaves open (an odd Host, bytes above 127 in the target, a target that is too long),
 *                   and NULs and line feeds that take just the place of CR LF: the library leaves NULs either way, so
 *                   nobody can tell afterwards
 *
 * The copy that is taken apart ends where its memory ends, so that AddressSanitizer sees a read past the head.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/head.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- as libmicrohttpd takes it apart ----------------------------------------------------------------------------- */

struct parser {
    char *at; /* where the next line begins */
    char *end;
    char *glued[64]; /* names that moved; freed at the end */
    size_t glued_count;
};

/* The next line, its end overwritten with NULs; NULL when no whole line is left. */
static char *next_line(struct parser *p, size_t *len)
{
    for (char *c = p->at; c < p->end; c++) {
        bool crlf = c[0] == '\r' && c + 1 < p->end && c[1] == '\n';
        if (!crlf && c[0] != '\n')
            continue;
        char *line = p->at;
        *len = (size_t)(c - line);
        *c++ = '\0';
        if (crlf)
            *c++ = '\0';
        p->at = c;
        return line;
    }
    return NULL;
}

static bool is_version(const char *text, size_t len)
{
    return len == 8 && memcmp(text, "HTTP/1.", 7) == 0 && text[7] >= '0' && text[7] <= '9';
}

struct request_line {
    char *method;
    char *target;
    char *version;
};

static bool take_request_line(char *line, size_t len, struct request_line *out)
{
    char *target = memchr(line, ' ', len);
    if (target == NULL)
        return false;
    *target++ = '\0';
    while (target < line + len && *target == ' ')
        target++;
    if (target == line + len)
        return false;
    char *version = line + len - 1;
    while (*version == ' ' && version > target)
        version--;
    while (*version != ' ' && version > target)
        version--;
    if (version == target)
        return false;
    *version++ = '\0';
    *out = (struct request_line){line, target, version};
    return is_version(version, (size_t)(line + len - version));
}

static bool take_field(char *line, char **value)
{
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return false;
    *colon++ = '\0';
    while (*colon == ' ' || *colon == '\t')
        colon++;
    *value = colon;
    return true;
}

static bool glue(struct parser *p, char **name, const char *line)
{
    line += strspn(line, " \t");
    if (*line == '\0')
        return true; /* nothing to add: it stays where it was */
    if (p->glued_count == sizeof p->glued / sizeof p->glued[0])
        return false;
    char *longer = malloc(strlen(*name) + strlen(line) + 1);
    assert(longer != NULL);
    strcpy(longer, *name);
    strcat(longer, line);
    p->glued[p->glued_count++] = longer;
    *name = longer;
    return true;
}

/* false: libmicrohttpd refuses by itself, or waits for more. */
static bool take_apart(struct parser *p, struct head *head, size_t *head_start, size_t *head_bytes)
{
    const char *buffer = p->at;
    struct request_line first;
    size_t len;
    char *line;

    do {
        line = next_line(p, &len);
    } while (line != NULL && line[0] == '\0');
    if (line == NULL || !take_request_line(line, len, &first))
        return false;
    head_begin(head, first.method, first.target, strlen(first.target), first.version);

    char *name = NULL;
    char *value = NULL;
    for (;;) {
        line = next_line(p, &len);
        if (line == NULL)
            return false;
        if (name != NULL && (line[0] == ' ' || line[0] == '\t')) {
            if (!glue(p, &name, line))
                return false;
            continue;
        }
        if (name != NULL)
            head_field(head, name, strlen(name), value, strlen(value));
        if (line[0] == '\0')
            break;
        name = line;
        if (!take_field(line, &value))
            return false;
    }
    *head_start = (size_t)(first.method - buffer);
    *head_bytes = (size_t)(p->at - first.method);
    return true;
}

/* ---- the second opinion: the untouched bytes --------------------------------------------------------------------- */

enum opinion { MUST_ACCEPT, EITHER, MUST_REFUSE };

struct reading {
    const unsigned char *at;
    const unsigned char *end;
    int hosts;
    int lengths;
    int encodings;
    bool odd; /* something the RFC leaves open */
};

static bool token_byte(unsigned char c)
{
    return c > 0x20 && c < 0x7f && memchr("\"(),/:;<=>?@[\\]{}", c, 17) == NULL;
}

static bool read_token(struct reading *r, const unsigned char **start, size_t *len)
{
    *start = r->at;
    while (r->at < r->end && token_byte(*r->at))
        r->at++;
    *len = (size_t)(r->at - *start);
    return *len > 0;
}

static bool read_literal(struct reading *r, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
        return false;
    r->at += len;
    return true;
}

static bool read_target(struct reading *r)
{
    const unsigned char *start = r->at;
    for (; r->at < r->end && *r->at > 0x20 && *r->at != 0x7f; r->at++)
        r->odd = r->odd || *r->at >= 0x80;
    r->odd = r->odd || r->at - start > URI_BYTES_MAX || *start != '/';
    return r->at > start;
}

/* Anything but name[:port] is for the check to decide; a byte that no host has must be refused. */
static bool read_host(struct reading *r, const unsigned char *value, size_t len)
{
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    bool simple = len > 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = value[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        simple = simple && (alnum || c == '.' || c == '-');
        if (c <= 0x20 || c == 0x7f || memchr("/\\?#@\"<>{}|^`,", c, 14) != NULL)
            return false;
    }
    r->odd = r->odd || !simple;
    return true;
}

static bool only_line_bytes(const unsigned char *at, const unsigned char *end)
{
    while (at < end && (*at == '\0' || *at == '\r' || *at == '\n'))
        at++;
    return at == end;
}

/* A line's end. NUL LF, and any four bytes of NUL, CR and LF at the very end, count as well, but make it odd. */
static bool read_line_end(struct reading *r)
{
    if (read_literal(r, "\r\n"))
        return true;
    size_t left = (size_t)(r->end - r->at);
    bool nul_lf = left >= 2 && r->at[0] == '\0' && r->at[1] == '\n';
    if (!nul_lf && !((left == 2 || left == 4) && only_line_bytes(r->at, r->end)))
        return false;
    r->at += 2;
    r->odd = true;
    return true;
}

static bool is_name(const unsigned char *name, size_t len, const char *wanted)
{
    return len == strlen(wanted) && strncasecmp((const char *)name, wanted, len) == 0;
}

static bool read_field(struct reading *r)
{
    const unsigned char *name;
    size_t name_len;
    if (!read_token(r, &name, &name_len) || !read_literal(r, ":"))
        return false;
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
    const unsigned char *value = r->at;
    while (r->at < r->end && (*r->at == '\t' || (*r->at >= 0x20 && *r->at != 0x7f)))
        r->at++;
    size_t value_len = (size_t)(r->at - value);
    if (is_name(name, name_len, "Host")) {
        r->hosts++;
        if (!read_host(r, value, value_len))
            return false;
    }
    r->lengths += is_name(name, name_len, "Content-Length");
    r->encodings += is_name(name, name_len, "Transfer-Encoding");
    return read_line_end(r);
}

static enum opinion second_opinion(const unsigned char *bytes, size_t len)
{
    struct reading r = {.at = bytes, .end = bytes + len};
    const unsigned char *method;
    size_t method_len;

    if (!read_token(&r, &method, &method_len) || !read_literal(&r, " ") || !read_target(&r) ||
        !read_literal(&r, " HTTP/1.") || r.at == r.end || *r.at < '0' || *r.at > '9')
        return MUST_REFUSE;
    bool needs_host = *r.at != '0';
    r.at++;
    if (!read_line_end(&r))
        return MUST_REFUSE;
    while (!read_line_end(&r))
        if (!read_field(&r))
            return MUST_REFUSE;
    if (r.at != r.end || r.hosts > 1 || (needs_host && r.hosts == 0) || r.lengths > 1 || r.encodings > 0)
        return MUST_REFUSE;
    return r.odd ? EITHER : MUST_ACCEPT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > CONNECTION_MEMORY_BYTES)
        return 0;
    char *copy = malloc(size);
    assert(copy != NULL);
    memcpy(copy, data, size);

    struct parser parser = {.at = copy, .end = copy + size};
    struct head head;
    size_t start;
    size_t len;
    if (take_apart(&parser, &head, &start, &len)) {
        struct problem problem = {0};
        enum err err = head_end(&head, len, &problem);
        enum opinion opinion = second_opinion(data + start, len);
        assert(err != ERR_OK || opinion != MUST_REFUSE);
        assert(err == ERR_OK || opinion != MUST_ACCEPT);
        assert(err == ERR_OK || problem_detail(&problem)[0] != '\0');
    }
    for (size_t i = 0; i < parser.glued_count; i++)
        free(parser.glued[i]);
    free(copy);
    return 0;
}
