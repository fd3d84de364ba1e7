/*
 * base/json.h: what is read and what is refused, with which sentence; what is written, held against jansson.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "random.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define WALKER "\xf0\x9f\x9a\xb6" /* four bytes, one character, two escapes */

enum { LINE, TEXT, SECRET, ID, INT, BOOL, WORDS, TIME, FIELDS };

static const struct json_field fields[FIELDS] = {
    [LINE] = {.name = "line", .kind = JSON_KIND_LINE, .min = 1, .max = 5},
    [TEXT] = {.name = "text", .kind = JSON_KIND_TEXT, .min = 0, .max = 10, .nullable = true},
    [SECRET] = {.name = "secret", .kind = JSON_KIND_SECRET, .min = 8, .max = 12},
    [ID] = {.name = "id", .kind = JSON_KIND_ID, .nullable = true},
    [INT] = {.name = "int", .kind = JSON_KIND_INT, .min = -3, .max = 100},
    [BOOL] = {.name = "bool", .kind = JSON_KIND_BOOL},
    [WORDS] = {.name = "words", .kind = JSON_KIND_WORDS, .max = 3, .word_max = 4},
    [TIME] = {.name = "time", .kind = JSON_KIND_TIME},
};

struct reading {
    struct arena *arena;
    struct json_value v[FIELDS];
    struct problem problem;
};

static int setup(void **state)
{
    static struct reading r;
    r = (struct reading){.arena = arena_create(4096, 1 << 20)};
    *state = &r;
    return r.arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    arena_free(((struct reading *)*state)->arena);
    return 0;
}

/* The bytes stand in memory of exactly their length, so that a read past them is seen. */
static enum err read_bytes(struct reading *r, const char *bytes, size_t len)
{
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    memset(r->v, 0xa5, sizeof r->v);
    r->problem = (struct problem){0};
    arena_reset(r->arena);
    enum err err = json_read(exact, len, fields, FIELDS, r->v, r->arena, &r->problem);
    free(exact);
    return err;
}

static void assert_is_sentence(const char *text)
{
    size_t len = strlen(text);
    if (len < 15 || !isupper((unsigned char)text[0]) || text[len - 1] != '.' || json_utf8_length(text, len) == SIZE_MAX)
        fail_msg("not a sentence: %s", text);
    for (size_t i = 0; i < len; i++)
        assert_true((unsigned char)text[i] >= 0x20);
}

static void accept(struct reading *r, const char *body)
{
    if (read_bytes(r, body, strlen(body)) != ERR_OK)
        fail_msg("%s: %s", body, problem_detail(&r->problem));
}

/* `sentence` NULL: any. */
static void refuse_bytes(struct reading *r, const char *body, size_t len, enum err wanted, const char *sentence)
{
    enum err err = read_bytes(r, body, len);
    if (err != wanted)
        fail_msg("%s: error %d instead of %d", body, err, wanted);
    assert_int_equal(r->problem.err, wanted);
    assert_is_sentence(r->problem.detail);
    if (sentence != NULL)
        assert_string_equal(r->problem.detail, sentence);
}

static void refuse(struct reading *r, const char *body, enum err wanted, const char *sentence)
{
    refuse_bytes(r, body, strlen(body), wanted, sentence);
}

/* 1. Each kind of field, all in one object, in any order. */
static void every_kind_is_read(void **state)
{
    struct reading *r = *state;
    accept(r, " {\"time\":\"2026-01-31T08:30:00+01:00\", \"words\":[\"hip\",\"kn\\u00e9e\"], \"bool\":true, \"int\":-3,"
              "\"id\":\"9223372036854775807\", \"secret\":\" pass  word \", \"text\":\"a\\n\\tb\","
              "\"line\":\"hello\"} \n");
    for (size_t i = 0; i < FIELDS; i++) {
        assert_true(r->v[i].present);
        assert_false(r->v[i].is_null);
    }
    assert_string_equal(r->v[LINE].text, "hello");
    assert_int_equal(r->v[LINE].text_len, 5);
    assert_string_equal(r->v[TEXT].text, "a\n\tb");
    assert_string_equal(r->v[SECRET].text, " pass  word ");
    assert_int_equal(r->v[ID].number, INT64_MAX);
    assert_int_equal(r->v[INT].number, -3);
    assert_true(r->v[BOOL].flag);
    assert_int_equal(r->v[WORDS].words_count, 2);
    assert_string_equal(r->v[WORDS].words[0], "hip");
    assert_string_equal(r->v[WORDS].words[1], "kn\xc3\xa9" "e");
    assert_int_equal(r->v[TIME].number, INT64_C(1769844600000));
}

/* 2. What is not there is absent, whatever the memory held before; null is present and null. */
static void absent_and_null_differ(void **state)
{
    struct reading *r = *state;
    accept(r, "{}");
    for (size_t i = 0; i < FIELDS; i++) {
        assert_false(r->v[i].present);
        assert_null(r->v[i].text);
    }
    accept(r, "{\"text\":null,\"id\":null}");
    assert_true(r->v[TEXT].present && r->v[TEXT].is_null && r->v[TEXT].text == NULL);
    assert_true(r->v[ID].present && r->v[ID].is_null);
    refuse(r, "{\"line\":null}", ERR_INVALID, "The field \"line\" has to be given a value, not null.");
}

/* 3. A required field may not be missing; an object without fields takes only {}. */
static void required_fields(void **state)
{
    struct reading *r = *state;
    static const struct json_field two[] = {{.name = "a", .kind = JSON_KIND_BOOL},
                                            {.name = "b", .kind = JSON_KIND_BOOL, .required = true, .nullable = true}};
    assert_int_equal(json_read("{\"a\":true}", 10, two, 2, r->v, r->arena, &r->problem), ERR_INVALID);
    assert_string_equal(r->problem.detail, "The field \"b\" is missing.");
    assert_int_equal(json_read("{\"b\":null}", 10, two, 2, r->v, r->arena, &r->problem), ERR_OK);
    assert_int_equal(json_read("{}", 2, NULL, 0, NULL, r->arena, &r->problem), ERR_OK);
    assert_int_equal(json_read("{\"a\":1}", 7, NULL, 0, NULL, r->arena, &r->problem), ERR_INVALID);
    assert_string_equal(r->problem.detail, "The field \"a\" is not known here.");
    assert_int_equal(json_read("{\"a\":1}", 7, NULL, 0, NULL, r->arena, NULL), ERR_INVALID);
}

/* 4. Limits count characters, not bytes, after trimming. */
static void limits_count_characters(void **state)
{
    struct reading *r = *state;
    accept(r, "{\"line\":\"" WALKER WALKER WALKER WALKER WALKER "\"}");
    assert_int_equal(r->v[LINE].text_len, 20);
    accept(r, "{\"line\":\"\\ud83d\\udeb6\\ud83d\\udeb6\\ud83d\\udeb6\\ud83d\\udeb6\\ud83d\\udeb6\"}");
    assert_string_equal(r->v[LINE].text, WALKER WALKER WALKER WALKER WALKER);
    refuse(r, "{\"line\":\"" WALKER WALKER WALKER WALKER WALKER WALKER "\"}", ERR_INVALID,
           "The field \"line\" may have 5 characters at most.");
    refuse(r, "{\"line\":\"123456\"}", ERR_INVALID, "The field \"line\" may have 5 characters at most.");
    accept(r, "{\"line\":\" \\t\\r\\n 12 45 \\n \"}");
    assert_string_equal(r->v[LINE].text, "12 45");
    refuse(r, "{\"line\":\"\"}", ERR_INVALID, "The field \"line\" must not be empty.");
    refuse(r, "{\"line\":\" \\n\\t \"}", ERR_INVALID, "The field \"line\" must not be empty.");
    accept(r, "{\"text\":\"  \"}");
    assert_string_equal(r->v[TEXT].text, "");
    accept(r, "{\"secret\":\"        \"}"); /* eight blanks: not ours to judge */
    assert_int_equal(r->v[SECRET].text_len, 8);
    refuse(r, "{\"secret\":\"1234567\"}", ERR_INVALID, "The field \"secret\" needs at least 8 characters.");
    refuse(r, "{\"secret\":\"" WALKER WALKER WALKER "\"}", ERR_INVALID, /* twelve bytes */
           "The field \"secret\" needs at least 8 characters.");
    accept(r, "{\"secret\":\"" WALKER WALKER WALKER WALKER WALKER WALKER /* twelve characters */
              WALKER WALKER WALKER WALKER WALKER WALKER "\"}");
    refuse(r, "{\"secret\":\"1234567890123\"}", ERR_INVALID, "The field \"secret\" may have 12 characters at most.");
}

/* 5. Control characters are refused where they cannot be shown; a secret may have any but NUL. */
static void control_characters(void **state)
{
    struct reading *r = *state;
    static const char bad[] = "The field \"line\" has characters that cannot be shown.";
    refuse(r, "{\"line\":\"a\\nb\"}", ERR_INVALID, bad);
    refuse(r, "{\"line\":\"a\\tb\"}", ERR_INVALID, bad);
    refuse(r, "{\"line\":\"a\\u001bb\"}", ERR_INVALID, bad);
    refuse(r, "{\"line\":\"a\x7f\"}", ERR_INVALID, bad);
    refuse(r, "{\"text\":\"a\\u0007\"}", ERR_INVALID, NULL);
    refuse(r, "{\"text\":\"a\\u000b\"}", ERR_INVALID, NULL);
    accept(r, "{\"text\":\"a\\nb\\tc\"}");
    accept(r, "{\"secret\":\"a\\u0007\\nbcdefg\"}");
    assert_memory_equal(r->v[SECRET].text, "a\a\nbcdefg", 10);
    refuse(r, "{\"line\":\"a\nb\"}", ERR_MALFORMED, NULL); /* a bare line feed in a JSON string */
}

/* 6. Ids are positive whole numbers in quotes, spelled one way only. */
static void ids(void **state)
{
    struct reading *r = *state;
    static const char wanted[] = "The field \"id\" has to be an id: a whole number in quotes.";
    static const char *const bad[] = {"1", "\"\"", "\"0\"", "\"01\"", "\"-1\"", "\"+1\"", "\" 1\"", "\"1 \"", "\"1.0\"",
                                      "\"1e3\"", "\"0x1\"", "\"9223372036854775808\"", "\"9999999999999999999\"",
                                      "\"18446744073709551617\"", "true", "[\"1\"]", "\"\\u0661\""};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"id\":%s}", bad[i]);
        refuse(r, body, ERR_INVALID, wanted);
    }
    accept(r, "{\"id\":\"1\"}");
    assert_int_equal(r->v[ID].number, 1);
    assert_string_equal(r->v[ID].text, "1");
}

/* 7. Integers, booleans and times are what they are, nothing that looks like it. */
static void other_kinds_are_strict(void **state)
{
    struct reading *r = *state;
    static const char range[] = "The field \"int\" has to be between -3 and 100.";
    accept(r, "{\"int\":100}");
    accept(r, "{\"int\":-0}");
    refuse(r, "{\"int\":101}", ERR_INVALID, range);
    refuse(r, "{\"int\":-4}", ERR_INVALID, range);
    refuse(r, "{\"int\":-9223372036854775808}", ERR_INVALID, range);
    refuse(r, "{\"int\":9223372036854775808}", ERR_MALFORMED, NULL);
    refuse(r, "{\"int\":1.0}", ERR_INVALID, "The field \"int\" has to be a whole number.");
    refuse(r, "{\"int\":1e2}", ERR_INVALID, NULL);
    refuse(r, "{\"int\":\"1\"}", ERR_INVALID, NULL);
    refuse(r, "{\"int\":true}", ERR_INVALID, NULL);
    accept(r, "{\"bool\":false}");
    assert_false(r->v[BOOL].flag);
    refuse(r, "{\"bool\":1}", ERR_INVALID, "The field \"bool\" has to be true or false.");
    refuse(r, "{\"bool\":\"true\"}", ERR_INVALID, NULL);
    refuse(r, "{\"time\":\"2026-02-29T00:00:00Z\"}", ERR_INVALID,
           "The field \"time\" has to be a time such as \"2026-01-31T08:30:00.000Z\".");
    refuse(r, "{\"time\":1769844600000}", ERR_INVALID, NULL);
    refuse(r, "{\"line\":5}", ERR_INVALID, "The field \"line\" has to be text in quotes.");
    refuse(r, "{\"line\":[\"a\"]}", ERR_INVALID, NULL);
}

/* 8. Lists of words: how many, how long, without blanks, distinct. */
static void words(void **state)
{
    struct reading *r = *state;
    accept(r, "{\"words\":[]}");
    assert_int_equal(r->v[WORDS].words_count, 0);
    accept(r, "{\"words\":[\"a\",\"A\",\"" WALKER WALKER WALKER WALKER "\"]}");
    assert_int_equal(r->v[WORDS].words_count, 3);
    refuse(r, "{\"words\":[\"a\",\"b\",\"c\",\"d\"]}", ERR_INVALID, "The field \"words\" may have 3 entries at most.");
    refuse(r, "{\"words\":[\"abcde\"]}", ERR_INVALID, "Each entry of \"words\" may have 4 characters at most.");
    refuse(r, "{\"words\":[\"a\",\"b\",\"a\"]}", ERR_INVALID, "The field \"words\" names the same word twice.");
    static const char *const bad[] = {"\"\"", "\"a b\"", "\" a\"", "\"a\\t\"", "\"a\\n\"", "\"a\\u007f\""};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"words\":[\"ok\",%s]}", bad[i]);
        refuse(r, body, ERR_INVALID, "Each entry of \"words\" has to be one word.");
    }
    refuse(r, "{\"words\":\"a\"}", ERR_INVALID, "The field \"words\" has to be a list of words in quotes.");
    refuse(r, "{\"words\":[1]}", ERR_INVALID, "The field \"words\" has to be a list of words in quotes.");
    refuse(r, "{\"words\":[null]}", ERR_INVALID, NULL);
    refuse(r, "{\"words\":[[\"a\"]]}", ERR_INVALID, NULL);
}

/* An object inside of one has fields of its own, and the same sentences. */
static void objects(void **state)
{
    struct reading *r = *state;
    static const struct json_field inner[] = {
        {.name = "key", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 4},
        {.name = "number", .kind = JSON_KIND_INT, .max = 9},
    };
    static const struct json_field outer[] = {
        {.name = "keys", .kind = JSON_KIND_OBJECT, .nullable = true, .fields = inner, .fields_count = 2}};
    static const struct {
        const char *body;
        const char *sentence;
    } bad[] = {
        {"{\"keys\":{}}", "The field \"key\" is missing."},
        {"{\"keys\":{\"key\":\"abcde\"}}", "The field \"key\" may have 4 characters at most."},
        {"{\"keys\":{\"key\":\"a\",\"number\":10}}", "The field \"number\" has to be between 0 and 9."},
        {"{\"keys\":{\"key\":\"a\",\"more\":1}}", "The field \"more\" is not known here."},
        {"{\"keys\":[]}", "The field \"keys\" has to be an object in braces."},
        {"{\"keys\":\"a\"}", "The field \"keys\" has to be an object in braces."},
    };
    struct json_value v;
    struct problem problem;
    static const char good[] = "{\"keys\":{\"number\":7,\"key\":\" a \"}}";
    assert_int_equal(json_read(good, strlen(good), outer, 1, &v, r->arena, &problem), ERR_OK);
    assert_string_equal(v.values[0].text, "a");
    assert_int_equal(v.values[1].number, 7);
    static const char nothing[] = "{\"keys\":null}";
    assert_int_equal(json_read(nothing, strlen(nothing), outer, 1, &v, r->arena, &problem), ERR_OK);
    assert_true(v.is_null);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(json_read(bad[i].body, strlen(bad[i].body), outer, 1, &v, r->arena, &problem), ERR_INVALID);
        assert_string_equal(problem.detail, bad[i].sentence);
    }
}

/* 9. Unknown fields are named, unless their name is long or odd: it comes from outside. */
static void unknown_fields(void **state)
{
    struct reading *r = *state;
    static const char unnamed[] = "There is a field that is not known here.";
    refuse(r, "{\"colour\":1}", ERR_INVALID, "The field \"colour\" is not known here.");
    refuse(r, "{\"Line\":\"a\"}", ERR_INVALID, "The field \"Line\" is not known here.");
    refuse(r, "{\"line \":\"a\"}", ERR_INVALID, NULL);
    refuse(r, "{\"\":1}", ERR_INVALID, unnamed);
    refuse(r, "{\"a\\nb\":1}", ERR_INVALID, unnamed);
    refuse(r, "{\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddE\":1}", ERR_INVALID, unnamed);
    refuse(r, "{\"a\\u0000b\":1}", ERR_MALFORMED, NULL);
}

/* 10. The same key twice is refused, also when it is spelled with escapes. */
static void duplicate_keys(void **state)
{
    struct reading *r = *state;
    refuse(r, "{\"line\":\"a\",\"line\":\"a\"}", ERR_MALFORMED, NULL);
    refuse(r, "{\"line\":\"a\",\"l\\u0069ne\":\"b\"}", ERR_MALFORMED, NULL);
}

/* 11. Nesting is bounded before anything is parsed; brackets in strings do not count. */
static void depth_is_bounded(void **state)
{
    struct reading *r = *state;
    char body[200000];
    for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX; depth++) {
        size_t len = (size_t)snprintf(body, sizeof body, "{\"line\":");
        memset(body + len, '[', depth);
        memset(body + len + depth, ']', depth);
        body[len + 2 * depth] = '}';
        refuse_bytes(r, body, len + 2 * depth + 1, depth < JSON_DEPTH_MAX ? ERR_INVALID : ERR_MALFORMED,
                     depth < JSON_DEPTH_MAX ? "The field \"line\" has to be text in quotes."
                                            : "The body is nested too deeply.");
    }
    memset(body, '[', sizeof body);
    refuse_bytes(r, body, sizeof body, ERR_MALFORMED, "The body is nested too deeply.");
    accept(r, "{\"text\":\"[[[[{{{{[[\"}");
    accept(r, "{\"text\":\"\\\"[[[[{{{{[\"}");
    refuse(r, "{\"text\":\"\\\\\",\"x\":[[[[[[[[0]]]]]]]]}", ERR_MALFORMED, "The body is nested too deeply.");
}

/* 12. Bytes that are no JSON object. */
static void malformed_bytes(void **state)
{
    struct reading *r = *state;
    static const char *const bad[] = {
        "", " ", "{", "}", "{]", "nul", "{\"line\"}", "{\"line\":}", "{\"line\":\"a\",}", "{line:\"a\"}",
        "{'line':'a'}",
        "{\"line\":\"a\"} x", "{\"line\":\"a\"}{}", "{\"int\":01}", "{\"int\":+1}", "{\"int\":.5}", "{\"int\":NaN}",
        "{\"line\":\"\\x41\"}", "{\"line\":\"a", "\xef\xbb\xbf{}", "{} // note", "{\"line\":\"\\u00\"}",
        "{\"line\":\"\\",
        "{\"line\":\"\\ud83d\"}", "{\"line\":\"\\udeb6\"}", "{\"line\":\"\\ud83dx\"}", "{\"line\":\"\\u0000\"}",
        "{\"secret\":\"1234567890\\u0000\"}",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse(r, bad[i], ERR_MALFORMED, NULL);
    static const char *const other[] = {"[]", "null", "true", "1", "\"{}\"", "[{}]"};
    for (size_t i = 0; i < COUNT(other); i++)
        refuse(r, other[i], ERR_MALFORMED, "The body has to be a JSON object.");
    refuse_bytes(r, "{}\0", 3, ERR_MALFORMED, NULL);
    refuse_bytes(r, "{\"line\":\"a\0b\"}", 14, ERR_MALFORMED, NULL);
    refuse_bytes(r, "\0{}", 3, ERR_MALFORMED, NULL);
}

static const struct {
    const char *bytes;
    size_t chars; /* SIZE_MAX: not UTF-8 */
} utf8[] = {
    {"", 0},
    {"abc", 3},
    {"\xc2\x80", 1},
    {"\xdf\xbf", 1},
    {"\xe0\xa0\x80", 1},
    {"\xed\x9f\xbf", 1},
    {"\xee\x80\x80", 1},
    {"\xef\xbf\xbf", 1},
    {"\xf0\x90\x80\x80", 1},
    {"\xf4\x8f\xbf\xbf", 1},
    {"a" WALKER "\xc3\xa4z", 4},
    {"\x80", SIZE_MAX},
    {"\xbf", SIZE_MAX},
    {"\xc0\x80", SIZE_MAX},         /* overlong */
    {"\xc1\xbf", SIZE_MAX},
    {"\xe0\x80\x80", SIZE_MAX},
    {"\xe0\x9f\xbf", SIZE_MAX},
    {"\xf0\x80\x80\x80", SIZE_MAX},
    {"\xf0\x8f\xbf\xbf", SIZE_MAX},
    {"\xed\xa0\x80", SIZE_MAX},     /* surrogates */
    {"\xed\xbf\xbf", SIZE_MAX},
    {"\xf4\x90\x80\x80", SIZE_MAX}, /* beyond U+10FFFF */
    {"\xf5\x80\x80\x80", SIZE_MAX},
    {"\xff", SIZE_MAX},
    {"\xc3", SIZE_MAX},             /* cut */
    {"\xe2\x98", SIZE_MAX},
    {"\xf0\x9f\x9a", SIZE_MAX},
    {"\xc3(", SIZE_MAX},
    {"\xe2\x98(", SIZE_MAX},
    {"\xf0\x9f\x9a(", SIZE_MAX},
    {"\xc3\xa4\xa4", SIZE_MAX},
};

/* 13. Characters are counted by RFC 3629, and what is not UTF-8 never gets as far as the parser. */
static void invalid_utf8_is_refused(void **state)
{
    struct reading *r = *state;
    for (size_t i = 0; i < COUNT(utf8); i++) {
        size_t len = strlen(utf8[i].bytes);
        char *exact = malloc(len + 1);
        memcpy(exact, utf8[i].bytes, len);
        if (json_utf8_length(exact, len) != utf8[i].chars)
            fail_msg("entry %zu has %zu characters", i, json_utf8_length(exact, len));
        free(exact);
        char body[64];
        (void)snprintf(body, sizeof body, "{\"text\":\"%s\"}", utf8[i].bytes);
        if (utf8[i].chars != SIZE_MAX)
            accept(r, body);
        else
            refuse(r, body, ERR_MALFORMED, "The body is not valid UTF-8 text.");
    }
    assert_int_equal(json_utf8_length("a\0b", 3), 3);
}

/* 14. All of Unicode, one by one: valid exactly when no surrogate. */
static void every_scalar_value_is_one_character(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c < 0x120000; c++) {
        char s[4];
        size_t len = 0;
        if (c < 0x800) {
            s[len++] = (char)(0xc0 | c >> 6);
        } else if (c < 0x10000) {
            s[len++] = (char)(0xe0 | c >> 12);
            s[len++] = (char)(0x80 | (c >> 6 & 63));
        } else {
            s[len++] = (char)(0xf0 | c >> 18);
            s[len++] = (char)(0x80 | (c >> 12 & 63));
            s[len++] = (char)(0x80 | (c >> 6 & 63));
        }
        s[len++] = (char)(0x80 | (c & 63));
        bool valid = c < 0x110000 && (c < 0xd800 || c > 0xdfff);
        if (json_utf8_length(s, len) != (valid ? 1 : SIZE_MAX))
            fail_msg("U+%04X", c);
    }
}

/* 15. Without memory the answer says that, and not that the request is bad. */
static void no_memory_is_told(void **state)
{
    (void)state;
    struct arena *small = arena_create(16, 16);
    struct json_value v[FIELDS];
    struct problem problem = {0};
    static const char body[] = "{\"text\":\"12345678\",\"secret\":\"1234567890\"}";
    assert_int_equal(json_read(body, sizeof body - 1, fields, FIELDS, v, small, &problem), ERR_NO_MEMORY);
    assert_is_sentence(problem_detail(&problem));
    arena_free(small);
}

static void assert_writes(struct buf *b, const char *wanted)
{
    assert_false(b->failed);
    assert_string_equal(b->data, wanted);
    buf_reset(b);
}

/* 16. Commas, quotes, escapes, numbers at their limits, and what 0 and NULL become. */
static void the_writer_writes_json(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    struct json_writer w = {.out = &b};
    json_object_begin(&w);
    json_key(&w, "a");
    json_array_begin(&w);
    json_array_begin(&w);
    json_array_end(&w);
    json_object_begin(&w);
    json_object_end(&w);
    json_put_int(&w, INT64_MIN);
    json_put_int(&w, 0);
    json_put_id(&w, INT64_MAX);
    json_put_id(&w, 0);
    json_array_end(&w);
    json_key(&w, "b\"");
    json_put_bool(&w, true);
    json_key(&w, "c");
    json_put_bool(&w, false);
    json_key(&w, "d");
    json_put_null(&w);
    json_key(&w, "e");
    json_put_string(&w, NULL);
    json_key(&w, "f");
    json_put_time(&w, INT64_C(1769844600123));
    json_key(&w, "g");
    json_put_time(&w, 0);
    json_key(&w, "h");
    json_put_raw(&w, "[1]", 3);
    json_object_end(&w);
    assert_writes(&b, "{\"a\":[[],{},-9223372036854775808,0,\"9223372036854775807\",null],\"b\\\"\":true,\"c\":false,"
                      "\"d\":null,\"e\":null,\"f\":\"2026-01-31T07:30:00.123Z\",\"g\":null,\"h\":[1]}");
    w = (struct json_writer){.out = &b};
    json_put_text(&w, "\"\\/\n\t\r\b\x1f\x7f<" WALKER "\0x", 16);
    assert_writes(&b, "\"\\\"\\\\/\\n\\t\\u000d\\u0008\\u001f\x7f<" WALKER "\\u0000x\"");
    buf_clear(&b);
}

/* A random string of 0 to 40 characters of all lengths and kinds; NUL left out, jansson would refuse it. */
static size_t random_text(struct random *r, char *out)
{
    static const char *const pieces[] = {
        "\"", "\\", "/", "\n", "\t", "\r", "\x01", "\x1f", "\x7f", "a", " ", "\xc2\x80", "\xc3\xa4", "\xe2\x80\xa8",
        "\xef\xbf\xbf", WALKER, "\\u0041", "</script>",
    };
    size_t len = 0;
    for (size_t n = random_below(r, 40); n > 0; n--) {
        const char *piece = pieces[random_below(r, COUNT(pieces))];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    out[len] = '\0';
    return len;
}

/* Writes a random value and builds the same with jansson. */
static json_t *random_value(struct random *r, struct json_writer *w, int depth)
{
    char text[400];
    size_t len;
    switch (random_below(r, depth > 0 ? 8 : 6)) {
    case 0:
        len = random_text(r, text);
        json_put_text(w, text, len);
        return json_stringn(text, len);
    case 1: {
        int64_t number = (int64_t)(random_next(r) >> random_below(r, 64));
        number = random_below(r, 2) == 0 ? number : -number;
        json_put_int(w, number);
        return json_integer(number);
    }
    case 2: {
        int64_t id = (int64_t)(random_next(r) >> 1 >> random_below(r, 62)) | 1;
        (void)snprintf(text, sizeof text, "%lld", (long long)id);
        json_put_id(w, id);
        return json_string(text);
    }
    case 3:
        json_put_bool(w, true);
        return json_true();
    case 4:
        json_put_bool(w, false);
        return json_false();
    case 5:
        json_put_null(w);
        return json_null();
    case 6: {
        json_t *array = json_array();
        json_array_begin(w);
        for (size_t n = random_below(r, 5); n > 0; n--)
            (void)json_array_append_new(array, random_value(r, w, depth - 1));
        json_array_end(w);
        return array;
    }
    default: {
        json_t *object = json_object();
        json_object_begin(w);
        for (size_t n = random_below(r, 5); n > 0; n--) {
            (void)random_text(r, text);
            if (json_object_get(object, text) != NULL)
                continue;
            json_key(w, text);
            (void)json_object_set_new(object, text, random_value(r, w, depth - 1));
        }
        json_object_end(w);
        return object;
    }
    }
}

/* 17. Whatever is written, jansson reads back as the same. */
static void random_trees_come_back(void **state)
{
    json_malloc_t parse_alloc; /* json_read's, which knows no other use of jansson than its own */
    json_free_t parse_free;
    json_get_alloc_funcs(&parse_alloc, &parse_free);
    json_set_alloc_funcs(malloc, free);
    (void)state;
    struct random r = random_seeded();
    struct buf b;
    buf_init(&b, 1 << 20);
    size_t bytes = 0;
    for (int i = 0; i < 3000; i++) {
        buf_reset(&b);
        struct json_writer w = {.out = &b};
        json_t *wanted = random_value(&r, &w, 5);
        json_error_t cause;
        json_t *got = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
        if (got == NULL)
            fail_msg("%s: %s", cause.text, b.data);
        if (!json_equal(got, wanted))
            fail_msg("another value: %s", b.data);
        bytes += b.len;
        json_decref(got);
        json_decref(wanted);
    }
    assert_true(bytes > 100000);
    buf_clear(&b);
    json_set_alloc_funcs(parse_alloc, parse_free);
}

/* 18. Whatever text is written as a field is read as the same field. */
static void random_texts_go_round(void **state)
{
    struct reading *r = *state;
    struct random random = random_seeded();
    static const struct json_field one = {.name = "t", .kind = JSON_KIND_SECRET, .max = 1000};
    struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < 3000; i++) {
        char text[400];
        size_t len = random_text(&random, text);
        buf_reset(&b);
        arena_reset(r->arena);
        struct json_writer w = {.out = &b};
        json_object_begin(&w);
        json_key(&w, "t");
        json_put_text(&w, text, len);
        json_object_end(&w);
        assert_int_equal(json_read(b.data, b.len, &one, 1, r->v, r->arena, &r->problem), ERR_OK);
        assert_int_equal(r->v[0].text_len, len);
        assert_string_equal(r->v[0].text, text);
    }
    buf_clear(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_is_read),
        TEST(absent_and_null_differ),
        TEST(required_fields),
        TEST(limits_count_characters),
        TEST(control_characters),
        TEST(ids),
        TEST(other_kinds_are_strict),
        TEST(words),
        TEST(objects),
        TEST(unknown_fields),
        TEST(duplicate_keys),
        TEST(depth_is_bounded),
        TEST(malformed_bytes),
        TEST(invalid_utf8_is_refused),
        TEST(every_scalar_value_is_one_character),
        TEST(no_memory_is_told),
        TEST(the_writer_writes_json),
        TEST(random_trees_come_back),
        TEST(random_texts_go_round),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
