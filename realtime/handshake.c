/*
 * The opening handshake: which requests become sockets, and the offers of extensions. See handshake.h for the contract.
 *
 * Lists are read as RFC 9110, section 5.6.1, has recipients do it: blanks around an element and empty elements are
 * fine. An extension offer (RFC 6455, section 9.1) is
 *
 *     token *( ";" token [ "=" ( token | quoted-string that holds a token ) ] )
 */
#include "realtime/handshake.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#define KEY_BYTES 24 /* base64 of 16 bytes */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define VALUE_BYTES_MAX 15 /* the longest value that means anything has two */

#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define ANSWER_WITH_BITS ANSWER "; server_max_window_bits=15"

/* ---- small pieces ------------------------------------------------------------------------------------------------ */

struct piece {
    const char *at;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 9110, section 5.6.2 */
static bool is_token_char(char c)
{
    return is_alphanumeric(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct piece trimmed(const char *text, size_t len)
{
    for (; len > 0 && is_blank(text[0]); text++)
        len--;
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    return (struct piece){text, len};
}

static bool piece_is(struct piece p, const char *text)
{
    return p.len == strlen(text) && memcmp(p.at, text, p.len) == 0;
}

/* Whether a list of tokens has this one, in whatever case. */
static bool list_has(const char *list, const char *token)
{
    while (list != NULL && *list != '\0') {
        size_t len = strcspn(list, ",");
        struct piece element = trimmed(list, len);
        if (element.len == strlen(token) && strncasecmp(element.at, token, element.len) == 0)
            return true;
        list += len;
        list += *list == ',';
    }
    return false;
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

/* 22 characters and two of padding; of the 22nd only two bits are data, the others are zero. */
static bool key_is_good(struct piece key)
{
    if (key.len != KEY_BYTES || memcmp(key.at + KEY_BYTES - 2, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < KEY_BYTES - 2; i++) {
        char c = key.at[i];
        if (!is_alphanumeric(c) && c != '+' && c != '/')
            return false;
    }
    return strchr("AQgw", key.at[KEY_BYTES - 3]) != NULL;
}

/* RFC 6455, section 4.2.2, point 5.4. false: the library failed. */
static bool make_accept(struct piece key, char accept[static HANDSHAKE_ACCEPT_BYTES])
{
    unsigned char text[KEY_BYTES + sizeof GUID - 1];
    unsigned char digest[SHA_DIGEST_LENGTH];
    assert(key.len == KEY_BYTES);
    memcpy(text, key.at, KEY_BYTES);
    memcpy(text + KEY_BYTES, GUID, sizeof GUID - 1);
    if (SHA1(text, sizeof text, digest) == NULL)
        return false;
    int len = EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    assert(len == HANDSHAKE_ACCEPT_BYTES - 1);
    return true;
}

/* ---- extensions -------------------------------------------------------------------------------------------------- */

struct parameter {
    struct piece name;
    bool has_value;
    char value[VALUE_BYTES_MAX + 1]; /* unquoted; a longer one is cut, which is as meaningless */
    size_t value_len;
};

static void skip_blanks(const char **at)
{
    while (is_blank(**at))
        (*at)++;
}

static bool read_token(const char **at, struct piece *out)
{
    out->at = *at;
    while (is_token_char(**at))
        (*at)++;
    out->len = (size_t)(*at - out->at);
    return out->len > 0;
}

static bool value_add(struct parameter *p, char c)
{
    if (!is_token_char(c))
        return false;
    if (p->value_len < VALUE_BYTES_MAX)
        p->value[p->value_len++] = c;
    return true;
}

/* A token, or a quoted string that holds one after its backslashes are taken off. */
static bool read_value(const char **at, struct parameter *p)
{
    bool quoted = **at == '"';
    p->has_value = true;
    p->value_len = 0;
    if (quoted)
        (*at)++;
    while (quoted ? **at != '"' : is_token_char(**at)) {
        if (quoted && **at == '\\')
            (*at)++;
        if (!value_add(p, **at))
            return false;
        (*at)++;
    }
    if (quoted)
        (*at)++;
    p->value[p->value_len] = '\0';
    return p->value_len > 0;
}

static bool read_parameter(const char **at, struct parameter *p)
{
    *p = (struct parameter){.has_value = false};
    skip_blanks(at);
    if (!read_token(at, &p->name))
        return false;
    skip_blanks(at);
    if (**at != '=')
        return true;
    (*at)++;
    skip_blanks(at);
    if (!read_value(at, p))
        return false;
    skip_blanks(at);
    return true;
}

/* RFC 7692, section 7.1.2: 8 to 15 without leading zeros. 0: it is not. */
static int window_bits(const struct parameter *p)
{
    const char *v = p->value;
    if (p->value_len == 1 && (v[0] == '8' || v[0] == '9'))
        return v[0] - '0';
    if (p->value_len == 2 && v[0] == '1' && v[1] >= '0' && v[1] <= '5')
        return 10 + v[1] - '0';
    return 0;
}

/* An offer of permessage-deflate, while its parameters come. */
struct offer {
    bool declined;
    bool server_takeover;
    bool client_takeover;
    bool server_bits;
    bool client_bits;
};

static void offer_parameter(struct offer *o, const struct parameter *p)
{
    bool *seen = NULL;
    bool fits = false;
    if (piece_is(p->name, "server_no_context_takeover")) {
        seen = &o->server_takeover;
        fits = !p->has_value;
    } else if (piece_is(p->name, "client_no_context_takeover")) {
        seen = &o->client_takeover;
        fits = !p->has_value;
    } else if (piece_is(p->name, "server_max_window_bits")) {
        seen = &o->server_bits;
        fits = window_bits(p) == 15;
    } else if (piece_is(p->name, "client_max_window_bits")) {
        seen = &o->client_bits;
        fits = !p->has_value || window_bits(p) != 0;
    }
    if (seen == NULL || *seen || !fits)
        o->declined = true;
    else
        *seen = true;
}

/* false: the list is malformed, wherever; an offer that was taken before does not save it. */
static bool read_extensions(const char *at, struct handshake *out)
{
    for (;;) {
        while (is_blank(*at) || *at == ',')
            at++;
        if (*at == '\0')
            return true;
        struct piece name;
        struct offer offer = {0};
        if (!read_token(&at, &name))
            return false;
        skip_blanks(&at);
        while (*at == ';') {
            struct parameter p;
            at++;
            if (!read_parameter(&at, &p))
                return false;
            offer_parameter(&offer, &p);
        }
        if (*at != ',' && *at != '\0')
            return false;
        if (!out->deflate && !offer.declined && piece_is(name, "permessage-deflate")) {
            out->deflate = true;
            out->extensions = offer.server_bits ? ANSWER_WITH_BITS : ANSWER;
        }
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

enum err handshake_check(const struct handshake_fields *fields, struct handshake *out, struct problem *problem)
{
    const char *key = fields->key != NULL ? fields->key : "";
    const char *version = fields->version != NULL ? fields->version : "";
    *out = (struct handshake){.deflate = false};
    if (fields->method_version == NULL || strcmp(fields->method_version, "HTTP/1.1") != 0)
        return problem_set(problem, ERR_UPGRADE_REQUIRED, "A WebSocket begins with a request of HTTP/1.1.");
    if (!list_has(fields->upgrade, "websocket"))
        return problem_set(problem, ERR_UPGRADE_REQUIRED, "Send the field Upgrade: websocket.");
    if (!list_has(fields->connection, "upgrade"))
        return problem_set(problem, ERR_UPGRADE_REQUIRED, "Send the field Connection: Upgrade.");
    if (!piece_is(trimmed(version, strlen(version)), "13"))
        return problem_set(problem, ERR_UPGRADE_REQUIRED, "Send the field Sec-WebSocket-Version: 13.");
    struct piece nonce = trimmed(key, strlen(key));
    if (!key_is_good(nonce))
        return problem_set(problem, ERR_MALFORMED, "Sec-WebSocket-Key is not 16 bytes in base64.");
    struct handshake found = {.deflate = false};
    if (fields->extensions != NULL && !read_extensions(fields->extensions, &found))
        return problem_set(problem, ERR_MALFORMED, "Sec-WebSocket-Extensions is not a list of extensions.");
    if (!make_accept(nonce, found.accept))
        return problem_set(problem, ERR_INTERNAL, "%s", "");
    *out = found;
    return ERR_OK;
}

bool handshake_path_matches(const char *pattern, const char *path)
{
    while (*pattern != '\0' && *path != '\0') {
        size_t wanted = strcspn(pattern, "/");
        size_t given = strcspn(path, "/");
        bool any = *pattern == '{' && given > 0;
        if (!any && (wanted != given || strncmp(pattern, path, given) != 0))
            return false;
        pattern += wanted + (pattern[wanted] == '/');
        path += given + (path[given] == '/');
    }
    return *pattern == *path;
}
