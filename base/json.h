/*
 * JSON in and JSON out.
 *
 * Reading (jansson underneath) is a pure function: bytes and a list of expected fields in, values or a sentence for the
 * person who sent them out. Unknown fields, duplicate keys, invalid UTF-8, NUL characters and nesting deeper than
 * JSON_DEPTH_MAX are refused. Writing appends to a struct buf without building a tree. Any thread; no state.
 */
#ifndef PORCHLIGHT_BASE_JSON_H
#define PORCHLIGHT_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum json_kind {
    JSON_KIND_LINE,   /* a string without control characters, trimmed; min and max count characters, not bytes */
    JSON_KIND_TEXT,   /* the same, but line ends and tabs are welcome */
    JSON_KIND_SECRET, /* as sent, not trimmed; never quoted in an error */
    JSON_KIND_ID,     /* a positive 64-bit integer in a string */
    JSON_KIND_INT,    /* an integer; min and max are its range */
    JSON_KIND_BOOL,
    JSON_KIND_WORDS,  /* an array of distinct lines without blanks; max is how many, word_max how long */
    JSON_KIND_TIME,   /* RFC 3339 in a string; number holds milliseconds */
    JSON_KIND_OBJECT, /* an object with `fields` of its own */
};

struct json_field {
    const char *name;
    enum json_kind kind;
    bool required;
    bool nullable;
    int64_t min;
    int64_t max;
    size_t word_max;
    const struct json_field *fields; /* OBJECT */
    size_t fields_count;
};

struct json_value {
    bool present; /* the field was there, perhaps as null */
    bool is_null;
    bool flag;        /* BOOL */
    int64_t number;   /* ID, INT, TIME */
    const char *text; /* LINE, TEXT, SECRET; NUL-terminated, in the arena */
    size_t text_len;
    const char **words; /* WORDS */
    size_t words_count;
    struct json_value *values; /* OBJECT; one entry per field, in the arena */
};

/*
 * Reads one JSON object. `values` has one entry per field, in the same order. Strings live in `arena`.
 * Errors: ERR_MALFORMED (not JSON, too deep, not an object), ERR_INVALID (a field), ERR_NO_MEMORY; `problem` says why.
 */
enum err json_read(const char *bytes, size_t len, const struct json_field *fields, size_t count,
                   struct json_value *values, struct arena *arena, struct problem *problem);

/* Two texts of an object whose other fields are nobody's business here; NULL: not there, or not a text. In the arena.
   ERR_MALFORMED (not a JSON object, too deep), ERR_NO_MEMORY. */
struct json_peek {
    const char *first;
    const char *second;
};
enum err json_peek(const char *bytes, size_t len, const char *first, const char *second, struct arena *arena,
                   struct json_peek *out, struct problem *problem);

/* The writer keeps only whether a comma is due. Start it as {.out = &buf}. */
struct json_writer {
    struct buf *out;
    bool comma;
};

void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_put_text(struct json_writer *w, const char *text, size_t len); /* escapes; `text` must be UTF-8 */
void json_put_words(struct json_writer *w, const char *const *words, size_t count); /* an array of texts */
void json_put_string(struct json_writer *w, const char *text);           /* a C string; NULL is written as null */
void json_put_id(struct json_writer *w, int64_t id);                     /* in quotes; 0 is written as null */
void json_put_int(struct json_writer *w, int64_t value);
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);
void json_put_time(struct json_writer *w, int64_t wall_ms); /* RFC 3339; 0 is written as null */
void json_put_raw(struct json_writer *w, const char *json, size_t len);

/* Number of Unicode scalar values, or SIZE_MAX when the bytes are not UTF-8 (RFC 3629). */
size_t json_utf8_length(const char *bytes, size_t len);

/*
 * As json_loadb of jansson, whose names these are, for who has to take it apart differently. `root` lies in the arena
 * and needs no json_decref. ERR_MALFORMED, ERR_NO_MEMORY.
 */
struct json_t;
struct json_error_t;
enum err json_parse(const char *bytes, size_t len, size_t flags, struct arena *arena, struct json_t **root,
                    struct json_error_t *cause);

#endif
