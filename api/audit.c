/*
 * What admins look after: the audit log and the word list.
 */
#include "db/audit.h"

#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/shapes.h"
#include "db/words.h"

void audit_list(struct request *r)
{
    int64_t actor_id = 0;
    size_t limit;
    int64_t page;
    struct audit_entry *entries;
    size_t count;
    const struct query_param *actor = query_find(&r->query, "actor");
    if (!request_page(r, &limit, &page))
        return;
    if (actor != NULL && !query_id(actor->value, &actor_id)) {
        request_refuse(r, ERR_INVALID, "The parameter \"actor\" has to be the id of a member.");
        return;
    }
    enum err err = audit_page(r->loop->db, r->arena, actor_id, page, limit, &entries, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        shapes_audit(&w, &entries[i]);
    request_reply_list(r, &w, count > 0 ? entries[count - 1].id : 0, count, limit);
}

/* ---- the word list ----------------------------------------------------------------------------------------------- */

static enum err render_words(struct request *r, struct db *db, struct arena *arena)
{
    const char **words;
    size_t count;
    enum err err = words_list(db, arena, &words, &count);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "words");
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        json_put_string(&w, words[i]);
    json_array_end(&w);
    json_object_end(&w);
    r->status = 200;
    return ERR_OK;
}

void audit_words_get(struct request *r)
{
    enum err err = render_words(r, r->loop->db, r->arena);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 200);
}

static enum err run_words(struct request *r, struct tx *tx)
{
    const struct json_value *value = r->state;
    const char *detail = arena_printf(tx->arena, "%zu words", value->words_count);
    const struct audit_entry entry = {.actor_id = r->caller.user_id, .action = "words.set", .detail = detail};
    enum err err = words_set(tx, value->words, value->words_count);
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    return err == ERR_OK ? render_words(r, tx->db, tx->arena) : err;
}

void audit_words_put(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "words", .kind = JSON_KIND_WORDS, .required = true, .max = WORDS_MAX, .word_max = WORD_CHARS_MAX},
    };
    struct json_value *value = arena_alloc(r->arena, sizeof *value);
    if (value == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, 1, value))
        return;
    r->state = value;
    request_write(r, run_words, NULL);
}
