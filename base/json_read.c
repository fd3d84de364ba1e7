/*
 * JSON in: jansson parses, this file holds the result against a list of expected fields. Pure; any thread.
 *
 * What jansson takes too lightly for bytes from outside is checked before: nesting (its own bound is 2,048 levels). It
 * refuses invalid UTF-8, NUL characters and, asked to, duplicate keys by itself. Every refusal is a sentence.
 */
#include "base/json.h"

#include <assert.h>
#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

struct reader {
    const struct json_field *field;
    struct json_value *value;
    struct arena *arena;
    struct problem *problem;
};

/* Deepest nesting, found without parsing: brackets outside of strings. */
static bool too_deep(const char *bytes, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

static enum err wrong_type(const struct reader *r, const char *wanted)
{
    return problem_set(r->problem, ERR_INVALID, "The field \"%s\" has to be %s.", r->field->name, wanted);
}

/* U+00A0 and the like stay: only what a keyboard's space bar and return key make is trimmed. */
static void trim(const char **text, size_t *len)
{
    while (*len > 0 && strchr(" \t\r\n", **text) != NULL) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && strchr(" \t\r\n", (*text)[*len - 1]) != NULL)
        (*len)--;
}

static bool has_control(const char *text, size_t len, bool lines)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0x7f || (c < 0x20 && !(lines && (c == '\n' || c == '\t' || c == '\r'))))
            return true;
    }
    return false;
}

static enum err check_length(const struct reader *r, const char *text, size_t len)
{
    size_t chars = json_utf8_length(text, len);
    if (chars < (size_t)r->field->min) {
        if (chars == 0)
            return problem_set(r->problem, ERR_INVALID, "The field \"%s\" must not be empty.", r->field->name);
        return problem_set(r->problem, ERR_INVALID, "The field \"%s\" needs at least %lld characters.", r->field->name,
                           (long long)r->field->min);
    }
    if (chars > (size_t)r->field->max)
        return problem_set(r->problem, ERR_INVALID, "The field \"%s\" may have %lld characters at most.",
                           r->field->name, (long long)r->field->max);
    return ERR_OK;
}

static enum err keep_text(const struct reader *r, const char *text, size_t len)
{
    char *copy = arena_copy(r->arena, text, len);
    if (copy == NULL)
        return problem_set(r->problem, ERR_NO_MEMORY, "%s", "");
    r->value->text = copy;
    r->value->text_len = len;
    return ERR_OK;
}

static enum err read_text(const struct reader *r, const json_t *json)
{
    if (!json_is_string(json))
        return wrong_type(r, "text in quotes");
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    bool lines = r->field->kind == JSON_KIND_TEXT;
    if (r->field->kind != JSON_KIND_SECRET) {
        trim(&text, &len);
        if (has_control(text, len, lines))
            return problem_set(r->problem, ERR_INVALID, "The field \"%s\" has characters that cannot be shown.",
                               r->field->name);
    }
    enum err err = check_length(r, text, len);
    return err != ERR_OK ? err : keep_text(r, text, len);
}

static enum err read_id(const struct reader *r, const json_t *json)
{
    static const char wanted[] = "an id: a whole number in quotes";
    if (!json_is_string(json))
        return wrong_type(r, wanted);
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    if (len == 0 || len > 19 || text[0] == '0')
        return wrong_type(r, wanted);
    uint64_t id = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return wrong_type(r, wanted);
        id = id * 10 + (uint64_t)(text[i] - '0');
    }
    if (id > INT64_MAX)
        return wrong_type(r, wanted);
    r->value->number = (int64_t)id;
    return keep_text(r, text, len);
}

static enum err read_int(const struct reader *r, const json_t *json)
{
    if (!json_is_integer(json))
        return wrong_type(r, "a whole number");
    int64_t number = json_integer_value(json);
    if (number < r->field->min || number > r->field->max)
        return problem_set(r->problem, ERR_INVALID, "The field \"%s\" has to be between %lld and %lld.", r->field->name,
                           (long long)r->field->min, (long long)r->field->max);
    r->value->number = number;
    return ERR_OK;
}

static enum err read_time(const struct reader *r, const json_t *json)
{
    if (!json_is_string(json) || !clock_parse(json_string_value(json), json_string_length(json), &r->value->number))
        return wrong_type(r, "a time such as \"2026-01-31T08:30:00.000Z\"");
    return ERR_OK;
}

static enum err read_word(const struct reader *r, const json_t *json, const char **out)
{
    if (!json_is_string(json))
        return wrong_type(r, "a list of words in quotes");
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    size_t chars = json_utf8_length(text, len);
    if (chars == 0 || has_control(text, len, false) || memchr(text, ' ', len) != NULL)
        return problem_set(r->problem, ERR_INVALID, "Each entry of \"%s\" has to be one word.", r->field->name);
    if (chars > r->field->word_max)
        return problem_set(r->problem, ERR_INVALID, "Each entry of \"%s\" may have %zu characters at most.",
                           r->field->name, r->field->word_max);
    *out = arena_copy(r->arena, text, len);
    return *out != NULL ? ERR_OK : problem_set(r->problem, ERR_NO_MEMORY, "%s", "");
}

static enum err read_words(const struct reader *r, const json_t *json)
{
    if (!json_is_array(json))
        return wrong_type(r, "a list of words in quotes");
    size_t count = json_array_size(json);
    if (count > (size_t)r->field->max)
        return problem_set(r->problem, ERR_INVALID, "The field \"%s\" may have %lld entries at most.", r->field->name,
                           (long long)r->field->max);
    const char **words = arena_zalloc(r->arena, (count + 1) * sizeof *words);
    if (words == NULL)
        return problem_set(r->problem, ERR_NO_MEMORY, "%s", "");
    for (size_t i = 0; i < count; i++) {
        enum err err = read_word(r, json_array_get(json, i), &words[i]);
        if (err != ERR_OK)
            return err;
        for (size_t k = 0; k < i; k++)
            if (strcmp(words[i], words[k]) == 0)
                return problem_set(r->problem, ERR_INVALID, "The field \"%s\" names the same word twice.",
                                   r->field->name);
    }
    r->value->words = words;
    r->value->words_count = count;
    return ERR_OK;
}

static enum err check_object(const json_t *object, const struct json_field *fields, size_t count,
                             struct json_value *values, struct arena *arena, struct problem *problem);

static enum err read_object(const struct reader *r, const json_t *json)
{
    if (!json_is_object(json))
        return wrong_type(r, "an object in braces");
    r->value->values = arena_zalloc(r->arena, (r->field->fields_count + 1) * sizeof *r->value->values);
    if (r->value->values == NULL)
        return problem_set(r->problem, ERR_NO_MEMORY, "%s", "");
    return check_object(json, r->field->fields, r->field->fields_count, r->value->values, r->arena, r->problem);
}

static enum err read_value(const struct reader *r, const json_t *json)
{
    if (json_is_null(json)) {
        r->value->is_null = true;
        return r->field->nullable ? ERR_OK : wrong_type(r, "given a value, not null");
    }
    switch (r->field->kind) {
    case JSON_KIND_LINE:
    case JSON_KIND_TEXT:
    case JSON_KIND_SECRET:
        return read_text(r, json);
    case JSON_KIND_ID:
        return read_id(r, json);
    case JSON_KIND_INT:
        return read_int(r, json);
    case JSON_KIND_BOOL:
        if (!json_is_boolean(json))
            return wrong_type(r, "true or false");
        r->value->flag = json_is_true(json);
        return ERR_OK;
    case JSON_KIND_WORDS:
        return read_words(r, json);
    case JSON_KIND_TIME:
        return read_time(r, json);
    case JSON_KIND_OBJECT:
        return read_object(r, json);
    }
    return ERR_INTERNAL;
}

/* A key goes into the sentence only when it is short and plain: it comes from outside. */
static enum err unknown_field(struct problem *problem, const char *key)
{
    size_t len = strlen(key);
    if (len == 0 || len > 40 || has_control(key, len, false))
        return problem_set(problem, ERR_INVALID, "There is a field that is not known here.");
    return problem_set(problem, ERR_INVALID, "The field \"%s\" is not known here.", key);
}

static enum err check_object(const json_t *object, const struct json_field *fields, size_t count,
                             struct json_value *values, struct arena *arena, struct problem *problem)
{
    json_t *changeable = (json_t *)(uintptr_t)object; /* jansson's way to walk over one */
    const char *key;
    json_t *json;
    json_object_foreach(changeable, key, json)
    {
        size_t i = 0;
        while (i < count && strcmp(fields[i].name, key) != 0)
            i++;
        if (i == count)
            return unknown_field(problem, key);
        values[i].present = true;
        struct reader r = {.field = &fields[i], .value = &values[i], .arena = arena, .problem = problem};
        enum err err = read_value(&r, json);
        if (err != ERR_OK)
            return err;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && !values[i].present)
            return problem_set(problem, ERR_INVALID, "The field \"%s\" is missing.", fields[i].name);
    return ERR_OK;
}

/*
 * Without memory jansson calls good JSON bad, drops a character of a string and goes on, or ends the program with an
 * assertion. So it is never told: all that it makes lies in an arena, and where that has no room it is left by a jump.
 * Its allocator has no argument of ours: hence a variable of the thread.
 */
struct parse {
    struct arena *arena;
    jmp_buf out;
};

static _Thread_local struct parse *parsing;

static void *parse_alloc(size_t size)
{
    assert(parsing != NULL); /* looking at what was parsed allocates nothing */
    void *bytes = arena_alloc(parsing->arena, size);
    if (bytes == NULL)
        longjmp(parsing->out, 1);
    return bytes;
}

static void parse_free(void *bytes)
{
    (void)bytes; /* the arena's */
}

static void take_allocator(void)
{
    json_set_alloc_funcs(parse_alloc, parse_free);
}

enum err json_parse(const char *bytes, size_t len, size_t flags, struct arena *arena, struct json_t **root,
                    struct json_error_t *cause)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct parse parse = {.arena = arena};
    (void)pthread_once(&once, take_allocator);
    *root = NULL;
    parsing = &parse;
    if (setjmp(parse.out) != 0) {
        parsing = NULL;
        return ERR_NO_MEMORY;
    }
    *root = json_loadb(bytes, len, flags, cause);
    parsing = NULL;
    return *root == NULL ? ERR_MALFORMED : ERR_OK;
}

/* `root` lies in `arena`, which is made here and is the caller's, also after an error. */
static enum err parse_object(const char *bytes, size_t len, struct arena **arena, json_t **root,
                             struct problem *problem)
{
    *arena = NULL;
    if (json_utf8_length(bytes, len) == SIZE_MAX)
        return problem_set(problem, ERR_MALFORMED, "The body is not valid UTF-8 text.");
    if (too_deep(bytes, len))
        return problem_set(problem, ERR_MALFORMED, "The body is nested too deeply.");
    json_error_t cause;
    *arena = arena_create(JSON_ARENA_FIRST_BYTES, JSON_ARENA_FIRST_BYTES + len * JSON_ARENA_BYTES_PER_BYTE);
    enum err err = *arena == NULL ? ERR_NO_MEMORY
                                  : json_parse(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, *arena, root,
                                               &cause);
    if (err == ERR_NO_MEMORY)
        return problem_set(problem, err, "%s", err_sentence(err));
    if (err != ERR_OK)
        return problem_set(problem, err, "The body is not valid JSON (line %d, column %d).", cause.line, cause.column);
    if (json_is_object(*root))
        return ERR_OK;
    return problem_set(problem, ERR_MALFORMED, "The body has to be a JSON object.");
}

enum err json_read(const char *bytes, size_t len, const struct json_field *fields, size_t count,
                   struct json_value *values, struct arena *arena, struct problem *problem)
{
    if (count > 0)
        memset(values, 0, count * sizeof *values);
    struct arena *parsed;
    json_t *root;
    enum err err = parse_object(bytes, len, &parsed, &root, problem);
    if (err == ERR_OK)
        err = check_object(root, fields, count, values, arena, problem);
    arena_free(parsed);
    return err;
}

static enum err peek_text(json_t *root, const char *key, struct arena *arena, const char **out)
{
    const json_t *json = json_object_get(root, key);
    *out = NULL;
    if (!json_is_string(json))
        return ERR_OK;
    *out = arena_text(arena, json_string_value(json));
    return *out == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err json_peek(const char *bytes, size_t len, const char *first, const char *second, struct arena *arena,
                   struct json_peek *out, struct problem *problem)
{
    struct arena *parsed;
    json_t *root;
    enum err err = parse_object(bytes, len, &parsed, &root, problem);
    if (err == ERR_OK)
        err = peek_text(root, first, arena, &out->first);
    if (err == ERR_OK)
        err = peek_text(root, second, arena, &out->second);
    arena_free(parsed);
    return err;
}
