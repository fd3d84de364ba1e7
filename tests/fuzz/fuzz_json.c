/*
 * json_read with a field of every kind. What is accepted keeps what the field list asks for; written with the JSON
 * writer and read again, it is the same; what is refused is refused with a sentence that repeats no secret.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE, TEXT, SECRET, ID, INT, BOOL, WORDS, TIME, OPTIONAL, FIELDS };

static const struct json_field fields[FIELDS] = {
    [LINE] = {.name = "line", .kind = JSON_KIND_LINE, .min = 1, .max = 20},
    [TEXT] = {.name = "text", .kind = JSON_KIND_TEXT, .nullable = true, .min = 0, .max = 50},
    [SECRET] = {.name = "secret", .kind = JSON_KIND_SECRET, .min = 8, .max = 200},
    [ID] = {.name = "id", .kind = JSON_KIND_ID, .required = true, .nullable = true},
    [INT] = {.name = "int", .kind = JSON_KIND_INT, .min = -5, .max = 500},
    [BOOL] = {.name = "bool", .kind = JSON_KIND_BOOL},
    [WORDS] = {.name = "words", .kind = JSON_KIND_WORDS, .max = 5, .word_max = 30},
    [TIME] = {.name = "time", .kind = JSON_KIND_TIME},
    [OPTIONAL] = {.name = "optional", .kind = JSON_KIND_INT, .nullable = true, .min = INT64_MIN, .max = INT64_MAX},
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void text_keeps(const struct json_field *f, const char *text, size_t len)
{
    size_t chars = json_utf8_length(text, len);
    require(strlen(text) == len && chars != SIZE_MAX);
    require(chars >= (size_t)f->min && chars <= (size_t)f->max);
    for (size_t i = 0; f->kind != JSON_KIND_SECRET && i < len; i++) {
        require((unsigned char)text[i] >= 0x20 || (f->kind == JSON_KIND_TEXT && strchr("\t\n\r", text[i])));
        require(text[i] != 0x7f);
    }
    if (f->kind != JSON_KIND_SECRET && len > 0)
        require(text[0] != ' ' && text[len - 1] != ' ');
}

static void words_keep(const struct json_field *f, const struct json_value *v)
{
    require(v->words_count <= (size_t)f->max);
    for (size_t i = 0; i < v->words_count; i++) {
        size_t chars = json_utf8_length(v->words[i], strlen(v->words[i]));
        require(chars >= 1 && chars <= f->word_max && strchr(v->words[i], ' ') == NULL);
        for (size_t j = 0; j < i; j++)
            require(strcmp(v->words[i], v->words[j]) != 0);
    }
}

static void value_keeps(const struct json_field *f, const struct json_value *v)
{
    require(v->present || (!f->required && !v->is_null && !v->text && !v->words));
    require(!v->is_null || f->nullable);
    if (!v->present || v->is_null)
        return;
    switch (f->kind) {
    case JSON_KIND_LINE:
    case JSON_KIND_TEXT:
    case JSON_KIND_SECRET:
        text_keeps(f, v->text, v->text_len);
        break;
    case JSON_KIND_ID:
        require(v->number > 0);
        break;
    case JSON_KIND_INT:
        require(v->number >= f->min && v->number <= f->max);
        break;
    case JSON_KIND_WORDS:
        words_keep(f, v);
        break;
    case JSON_KIND_BOOL:
    case JSON_KIND_TIME:
        break;
    }
}

static void write_value(struct json_writer *w, const struct json_field *f, const struct json_value *v)
{
    json_key(w, f->name);
    if (v->is_null) {
        json_put_null(w);
        return;
    }
    switch (f->kind) {
    case JSON_KIND_LINE:
    case JSON_KIND_TEXT:
    case JSON_KIND_SECRET:
        json_put_text(w, v->text, v->text_len);
        break;
    case JSON_KIND_ID:
        json_put_id(w, v->number);
        break;
    case JSON_KIND_INT:
        json_put_int(w, v->number);
        break;
    case JSON_KIND_BOOL:
        json_put_bool(w, v->flag);
        break;
    case JSON_KIND_WORDS:
        json_array_begin(w);
        for (size_t i = 0; i < v->words_count; i++)
            json_put_string(w, v->words[i]);
        json_array_end(w);
        break;
    case JSON_KIND_TIME:
        json_put_time(w, v->number);
        break;
    }
}

static void same(const struct json_value *a, const struct json_value *b)
{
    require(a->present == b->present && a->is_null == b->is_null && a->flag == b->flag && a->number == b->number);
    require(a->text_len == b->text_len && a->words_count == b->words_count);
    require(!a->text == !b->text && (!a->text || memcmp(a->text, b->text, a->text_len) == 0));
    for (size_t i = 0; i < a->words_count; i++)
        require(strcmp(a->words[i], b->words[i]) == 0);
}

static void comes_back(const struct json_value values[FIELDS], struct arena *arena)
{
    struct buf text;
    struct json_writer w = {.out = &text};
    struct json_value again[FIELDS];
    buf_init(&text, 65536);
    json_object_begin(&w);
    for (size_t i = 0; i < FIELDS; i++)
        if (values[i].present)
            write_value(&w, &fields[i], &values[i]);
    json_object_end(&w);
    require(!text.failed);
    /* A time of 0 is written as null, which this field does not take. */
    if (!values[TIME].present || values[TIME].number != 0) {
        require(json_read(text.data, text.len, fields, FIELDS, again, arena, NULL) == ERR_OK);
        for (size_t i = 0; i < FIELDS; i++)
            same(&values[i], &again[i]);
    }
    buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096, 1 << 20);
    struct json_value values[FIELDS];
    struct problem problem = {.err = ERR_OK};
    if (arena == NULL)
        return 0;
    enum err err = json_read((const char *)data, size, fields, FIELDS, values, arena, &problem);
    if (err == ERR_OK) {
        for (size_t i = 0; i < FIELDS; i++)
            value_keeps(&fields[i], &values[i]);
        comes_back(values, arena);
    } else {
        require(err == ERR_MALFORMED || err == ERR_INVALID);
        require(problem.err == err && strlen(problem_detail(&problem)) > 10);
        require(json_utf8_length(problem.detail, strlen(problem.detail)) != SIZE_MAX);
        /* "hunter2" is the seeds' secret; where it is the name of an unknown field, it may be quoted. */
        require(strncmp(problem.detail, "The field \"secret\" ", 19) != 0 || strstr(problem.detail, "not known") ||
                !strstr(problem.detail, "hunter2"));
    }
    arena_free(arena);
    return 0;
}
