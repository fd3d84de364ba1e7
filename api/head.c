/*
 * The head check. See head.h for the drawing. Pure; any thread.
 *
 * The first fault is kept; later pieces are still walked over, so that the caller needs no branches. Nothing is read
 * outside of [start, start + head_bytes): a piece that lies elsewhere only has its address compared.
 */
#include "api/head.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"

/* tchar of RFC 9110, section 5.6.2: a bit for each, 64 to a word. */
static const uint64_t token_bytes[4] = {
    UINT64_C(0x03ff6cfa00000000), /* ! # $ % & ' * + - . 0-9 */
    UINT64_C(0x57ffffffc7fffffe), /* A-Z ^ _ ` a-z | ~ */
    0,
    0,
};

static bool is_token(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((token_bytes[c >> 6] >> (c & 63) & 1) == 0)
            return false;
    }
    return len > 0;
}

static void fault(struct head *h, const char *sentence)
{
    if (h->fault == NULL)
        h->fault = sentence;
}

/* The piece must begin `gap` bytes behind the one before it, and the library must have blanked what lies between. */
static void expect_at(struct head *h, const char *piece, size_t gap)
{
    if ((uintptr_t)piece != (uintptr_t)h->at + gap)
        fault(h, "The head of the request has bytes that do not belong there.");
    for (size_t i = 0; h->fault == NULL && i < gap; i++)
        if (h->at[i] != '\0')
            fault(h, "The head of the request has bytes that do not belong there.");
}

/* Called while the library has not decoded anything, or after it changed only separators to NUL. */
static void check_target(struct head *h, const char *target, size_t len)
{
    for (size_t i = 0; h->fault == NULL && i < len; i++) {
        unsigned char c = (unsigned char)target[i];
        if (c != '\0' && (c <= ' ' || c == 0x7f))
            fault(h, "The address of the request has a blank or a control character.");
    }
}

void head_begin(struct head *h, const char *method, const char *target, size_t target_len, const char *version)
{
    size_t method_len = strlen(method);
    *h = (struct head){.start = method, .at = method + method_len, .needs_host = strcmp(version, "HTTP/1.0") != 0};
    if (!is_token(method, method_len))
        fault(h, "The method of the request is not valid.");
    expect_at(h, target, 1);
    if (target_len == 0)
        fault(h, "The request has no address.");
    check_target(h, target, target_len);
    h->at = target + target_len;
    expect_at(h, version, 1);
    h->at = version + strlen(version);
}

static bool is_host(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = value[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c != '\0' && strchr(".-_:[]", c) != NULL)))
            return false;
    }
    return len > 0;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* Whether any of eight bytes is below 0x20 or is 0x7f: a tab is among them, so that a hit is looked at again. */
static bool any_suspect(const char *eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones * 0x80;
    uint64_t x;
    memcpy(&x, eight, sizeof x);
    uint64_t delete = x ^ (ones * 0x7f);
    return ((((x - ones * 0x20) & ~x) | ((delete - ones) & ~delete)) & tops) != 0;
}

/* Eight bytes at a time: a bearer token has 300. */
static void check_value(struct head *h, const char *value, size_t len)
{
    size_t i = 0;
    while (len - i >= 8 && !any_suspect(value + i))
        i += 8;
    for (; i < len; i++)
        if (is_control((unsigned char)value[i])) {
            fault(h, "A header of the request has a control character.");
            return;
        }
}

static bool is(const char *name, size_t name_len, const char *wanted)
{
    return name_len == strlen(wanted) && strncasecmp(name, wanted, name_len) == 0;
}

/* Blanks and tabs around a value are not part of it (RFC 9110, section 5.5). */
static size_t trimmed(const char *value, size_t len)
{
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    return len;
}

void head_field(struct head *h, const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (!is_token(name, name_len))
        fault(h, "The name of a header is not valid.");
    expect_at(h, name, 2);
    if (h->fault == NULL && name[name_len] != '\0')
        fault(h, "A header of the request has bytes that do not belong there.");
    if (h->fault == NULL) {
        /* Between name and value: the colon's place, then only blanks. A value elsewhere was glued together. */
        const char *gap = name + name_len + 1;
        if ((uintptr_t)value < (uintptr_t)gap || (uintptr_t)value - (uintptr_t)gap > CONNECTION_MEMORY_BYTES)
            fault(h, "A header of the request is folded over several lines.");
        else
            for (; gap < value; gap++)
                if (*gap != ' ' && *gap != '\t')
                    fault(h, "A header of the request has bytes that do not belong there.");
    }
    check_value(h, value, value_len);
    h->at = value + value_len;
    if (is(name, name_len, "Host")) {
        h->hosts++;
        if (!is_host(value, trimmed(value, value_len)))
            fault(h, "The Host header is not valid.");
    } else if (is(name, name_len, "Content-Length")) {
        h->content_lengths++;
    } else if (is(name, name_len, "Transfer-Encoding")) {
        h->has_transfer_encoding = true;
    }
}

enum err head_end(struct head *h, size_t head_bytes, struct problem *problem)
{
    expect_at(h, h->start + head_bytes, 4);
    if (h->hosts == 0 && h->needs_host)
        fault(h, "The request has no Host header.");
    if (h->hosts > 1)
        fault(h, "The request has more than one Host header.");
    if (h->content_lengths > 1)
        fault(h, "The request has more than one Content-Length header.");
    if (h->fault != NULL)
        return problem_set(problem, ERR_MALFORMED, "%s", h->fault);
    if (h->has_transfer_encoding)
        return problem_set(problem, ERR_LENGTH_REQUIRED, "%s", err_sentence(ERR_LENGTH_REQUIRED));
    return ERR_OK;
}
