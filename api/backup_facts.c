/*
 * backup.json: what a backup is, as one flat object.
 *
 * `format` is raised when an older program could not read it any more; fields that it does not know it refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/backup.h"
#include "api/version.h"
#include "base/json.h"
#include "base/limits.h"

#define FORMAT 1
#define BACKUP_BYTES_MAX (INT64_C(1) << 42) /* four terabytes: a size beyond it is a slip */

enum {
    FACT_FORMAT,
    FACT_PORCHLIGHT,
    FACT_MADE_AT,
    FACT_EPOCH,
    FACT_EVENT,
    FACT_BYTES,
    FACT_SCHEMA,
    FACT_SUM,
    FACT_ROWS,
    ROOMS_BYTES,
    ROOMS_SCHEMA,
    ROOMS_SUM,
    ROOMS_ROWS,
    FACTS
};

#define PER_MEMBER (ROOMS_BYTES - FACT_BYTES)

static const struct json_field fields[FACTS] = {
    [FACT_FORMAT] = {.name = "format", .kind = JSON_KIND_INT, .required = true, .min = 1, .max = FORMAT},
    [FACT_PORCHLIGHT] = {.name = "porchlight", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 23},
    [FACT_MADE_AT] = {.name = "madeAt", .kind = JSON_KIND_TIME, .required = true},
    [FACT_EPOCH] = {.name = "epoch", .kind = JSON_KIND_LINE, .required = true, .min = 16, .max = 16},
    [FACT_EVENT] = {.name = "event", .kind = JSON_KIND_INT, .required = true, .max = INT64_MAX},
    [FACT_BYTES] = {.name = "bytes", .kind = JSON_KIND_INT, .required = true, .max = BACKUP_BYTES_MAX},
    [FACT_SCHEMA] = {.name = "schema", .kind = JSON_KIND_INT, .required = true, .max = INT32_MAX},
    [FACT_SUM] = {.name = "sha256", .kind = JSON_KIND_LINE, .required = true, .min = 64, .max = 64},
    [FACT_ROWS] = {.name = "rows",
                   .kind = JSON_KIND_WORDS,
                   .required = true,
                   .max = CENSUS_TABLES_MAX,
                   .word_max = CENSUS_NAME_BYTES + 20},
    [ROOMS_BYTES] = {.name = "roomsBytes", .kind = JSON_KIND_INT, .required = true, .max = BACKUP_BYTES_MAX},
    [ROOMS_SCHEMA] = {.name = "roomsSchema", .kind = JSON_KIND_INT, .required = true, .max = INT32_MAX},
    [ROOMS_SUM] = {.name = "roomsSha256", .kind = JSON_KIND_LINE, .required = true, .min = 64, .max = 64},
    [ROOMS_ROWS] = {.name = "roomsRows",
                    .kind = JSON_KIND_WORDS,
                    .required = true,
                    .max = CENSUS_TABLES_MAX,
                    .word_max = CENSUS_NAME_BYTES + 20},
};

static void put_rows(struct json_writer *w, const struct census *census)
{
    json_array_begin(w);
    for (size_t i = 0; i < census->count; i++) {
        char word[CENSUS_NAME_BYTES + 24];
        (void)snprintf(word, sizeof word, "%s:%lld", census->items[i].table, (long long)census->items[i].rows);
        json_put_string(w, word);
    }
    json_array_end(w);
}

void backup_facts_write(const struct backup_facts *facts, struct buf *out)
{
    struct json_writer w = {.out = out};
    json_object_begin(&w);
    json_key(&w, fields[FACT_FORMAT].name);
    json_put_int(&w, FORMAT);
    json_key(&w, fields[FACT_PORCHLIGHT].name);
    json_put_string(&w, facts->version);
    json_key(&w, fields[FACT_MADE_AT].name);
    json_put_time(&w, facts->made_ms);
    json_key(&w, fields[FACT_EPOCH].name);
    json_put_string(&w, facts->epoch);
    json_key(&w, fields[FACT_EVENT].name);
    json_put_int(&w, facts->event);
    for (int i = 0; i < BACKUP_MEMBERS; i++) {
        const struct json_field *own = &fields[FACT_BYTES + i * PER_MEMBER];
        json_key(&w, own[0].name);
        json_put_int(&w, facts->members[i].bytes);
        json_key(&w, own[1].name);
        json_put_int(&w, facts->members[i].schema);
        json_key(&w, own[2].name);
        json_put_string(&w, facts->members[i].sha256);
        json_key(&w, own[3].name);
        put_rows(&w, &facts->members[i].census);
    }
    json_object_end(&w);
    buf_puts(out, "\n");
}

/* "users:30" */
static bool read_rows(const struct json_value *value, struct census *out)
{
    *out = (struct census){0};
    for (size_t i = 0; i < value->words_count; i++) {
        const char *word = value->words[i];
        const char *colon = strchr(word, ':');
        char *rest;
        if (colon == NULL || colon == word || colon - word >= CENSUS_NAME_BYTES || colon[1] < '0' || colon[1] > '9')
            return false;
        memcpy(out->items[i].table, word, (size_t)(colon - word));
        out->items[i].rows = strtoll(colon + 1, &rest, 10);
        if (*rest != '\0')
            return false;
        out->count++;
    }
    return true;
}

static bool read_member(const struct json_value *own, struct backup_facts *out, int i)
{
    out->members[i].bytes = own[0].number;
    out->members[i].schema = (int)own[1].number;
    if (own[2].text_len != BACKUP_SUM_BYTES - 1)
        return false;
    memcpy(out->members[i].sha256, own[2].text, BACKUP_SUM_BYTES);
    return read_rows(&own[3], &out->members[i].census);
}

/* Whether a later format is what keeps it from being read: then another sentence helps. */
static bool is_newer(const char *bytes, size_t len)
{
    static const char start[] = "{\"format\":";
    return len > sizeof start && memcmp(bytes, start, sizeof start - 1) == 0 &&
           strtoll(bytes + sizeof start - 1, NULL, 10) > FORMAT;
}

enum err backup_facts_read(const char *bytes, size_t len, struct backup_facts *out, struct problem *problem)
{
    struct json_value v[FACTS];
    struct arena *arena = arena_create(4096, 8 * BACKUP_FACTS_BYTES_MAX);
    if (arena == NULL)
        return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
    *out = (struct backup_facts){0};
    if (is_newer(bytes, len)) {
        arena_free(arena);
        return problem_set(problem, ERR_SCHEMA, "a newer porchlight made this backup: use that one");
    }
    enum err err = json_read(bytes, len, fields, FACTS, v, arena, NULL);
    bool sound = err == ERR_OK && v[FACT_EPOCH].text_len == EPOCH_BYTES - 1 &&
                 v[FACT_PORCHLIGHT].text_len < sizeof out->version && read_member(&v[FACT_BYTES], out, 0) &&
                 read_member(&v[ROOMS_BYTES], out, 1);
    if (sound) {
        out->made_ms = v[FACT_MADE_AT].number;
        out->event = v[FACT_EVENT].number;
        memcpy(out->epoch, v[FACT_EPOCH].text, EPOCH_BYTES);
        memcpy(out->version, v[FACT_PORCHLIGHT].text, v[FACT_PORCHLIGHT].text_len + 1);
    }
    arena_free(arena);
    if (err == ERR_NO_MEMORY)
        return problem_set(problem, err, "there is not enough memory");
    return sound ? ERR_OK : problem_set(problem, ERR_MALFORMED, "its backup.json cannot be read");
}
