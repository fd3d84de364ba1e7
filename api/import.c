/*
 * Records of an import: from a line of JSON to a row. See import.h.
 *
 *      line -> json_read with every field there is -> which record it is -> has it what it needs, and no more -> row
 *
 * Two tables: `fields` says what a field looks like wherever it appears, `shapes` which record has which. Reading
 * lines from the file is import_file.c.
 */
#include "api/import.h"

#include <assert.h>
#include <string.h>

#include "api/password.h"
#include "api/username.h"
#include "base/json.h"
#include "base/limits.h"
#include "db/transfer.h"

/* Ids up to here are exact in every language, and leave room for those this server gives out itself. */
#define IMPORT_ID_MAX INT64_C(9007199254740991)

enum field {
    F_TYPE,
    F_ID,
    F_TEAM_ID,
    F_USER_ID,
    F_AUTHOR_ID,
    F_POST_ID,
    F_USERNAME,
    F_NAME,
    F_ROLE,
    F_EXTERNAL_ID,
    F_PASSWORD,
    F_APPEAR_OFFLINE,
    F_DISABLED,
    F_BODY,
    F_TOPICS,
    F_KIND,
    F_TITLE,
    F_LINK,
    F_CHANNEL_ID,
    F_POSTING,
    F_CONTENT,
    F_THREAD_ID,
    F_CLIENT_ID,
    F_DELETED,
    F_DELIVERED_ID,
    F_READ_ID,
    F_CREATED_AT,
    F_JOINED_AT,
    F_EDITED_AT,
    F_PINNED_AT,
    F_COUNTER_ID,
    F_OPERATION,
    F_VALUE,
    F_MILESTONE,
    F_FORGOTTEN,
    F_HIDDEN,
    F_DELETED_AT,
    F_UNTIL,
    F_WORD,
    F_COUNT
};

static const struct json_field fields[F_COUNT] = {
    [F_TYPE] = {.name = "type", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 20},
    [F_ID] = {.name = "id", .kind = JSON_KIND_ID},
    [F_TEAM_ID] = {.name = "teamId", .kind = JSON_KIND_ID, .nullable = true},
    [F_USER_ID] = {.name = "userId", .kind = JSON_KIND_ID},
    [F_AUTHOR_ID] = {.name = "authorId", .kind = JSON_KIND_ID},
    [F_POST_ID] = {.name = "postId", .kind = JSON_KIND_ID},
    [F_USERNAME] = {.name = "username", .kind = JSON_KIND_LINE, .min = 1, .max = USERNAME_CHARS_MAX},
    [F_NAME] = {.name = "name", .kind = JSON_KIND_LINE, .min = 1, .max = COUNTER_NAME_CHARS_MAX},
    [F_ROLE] = {.name = "role", .kind = JSON_KIND_LINE, .min = 1, .max = 10},
    [F_EXTERNAL_ID] =
        {.name = "externalId", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = EXTERNAL_ID_CHARS_MAX},
    [F_PASSWORD] =
        {.name = "password", .kind = JSON_KIND_SECRET, .nullable = true, .min = 1, .max = PASSWORD_HASH_BYTES - 1},
    [F_APPEAR_OFFLINE] = {.name = "appearOffline", .kind = JSON_KIND_BOOL},
    [F_DISABLED] = {.name = "disabled", .kind = JSON_KIND_BOOL},
    [F_BODY] = {.name = "body", .kind = JSON_KIND_TEXT, .min = 0, .max = POST_CHARS_MAX},
    [F_TOPICS] = {.name = "topics", .kind = JSON_KIND_WORDS, .max = TOPICS_MAX, .word_max = TOPIC_CHARS_MAX},
    [F_KIND] = {.name = "kind", .kind = JSON_KIND_LINE, .min = 1, .max = 20},
    [F_TITLE] = {.name = "title", .kind = JSON_KIND_LINE, .min = 1, .max = NOTICE_TITLE_CHARS_MAX},
    [F_LINK] = {.name = "link", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = NOTICE_LINK_CHARS_MAX},
    [F_CHANNEL_ID] = {.name = "channelId", .kind = JSON_KIND_ID},
    [F_POSTING] = {.name = "posting", .kind = JSON_KIND_LINE, .min = 1, .max = 10},
    [F_CONTENT] = {.name = "content", .kind = JSON_KIND_TEXT, .min = 0, .max = CHAT_CHARS_MAX},
    [F_THREAD_ID] = {.name = "threadId", .kind = JSON_KIND_ID, .nullable = true},
    [F_CLIENT_ID] =
        {.name = "clientId", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = CLIENT_ID_CHARS_MAX},
    [F_DELETED] = {.name = "deleted", .kind = JSON_KIND_BOOL},
    [F_DELIVERED_ID] = {.name = "deliveredId", .kind = JSON_KIND_ID},
    [F_READ_ID] = {.name = "readId", .kind = JSON_KIND_ID, .nullable = true},
    [F_CREATED_AT] = {.name = "createdAt", .kind = JSON_KIND_TIME},
    [F_JOINED_AT] = {.name = "joinedAt", .kind = JSON_KIND_TIME},
    [F_EDITED_AT] = {.name = "editedAt", .kind = JSON_KIND_TIME, .nullable = true},
    [F_PINNED_AT] = {.name = "pinnedAt", .kind = JSON_KIND_TIME, .nullable = true},
    [F_COUNTER_ID] = {.name = "counterId", .kind = JSON_KIND_ID},
    [F_OPERATION] = {.name = "operation", .kind = JSON_KIND_INT, .min = 1, .max = COUNTER_VALUE_MAX},
    [F_VALUE] = {.name = "value", .kind = JSON_KIND_INT, .min = -COUNTER_VALUE_MAX, .max = COUNTER_VALUE_MAX},
    [F_MILESTONE] = {.name = "milestone", .kind = JSON_KIND_INT, .max = COUNTER_VALUE_MAX},
    [F_HIDDEN] = {.name = "hidden", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = 10},
    [F_DELETED_AT] = {.name = "deletedAt", .kind = JSON_KIND_TIME, .nullable = true},
    [F_UNTIL] = {.name = "until", .kind = JSON_KIND_TIME},
    [F_WORD] = {.name = "word", .kind = JSON_KIND_LINE, .min = 1, .max = WORD_CHARS_MAX},
    [F_FORGOTTEN] = {.name = "forgotten", .kind = JSON_KIND_INT, .min = 1, .max = COUNTER_VALUE_MAX},
};

static_assert(TEAM_NAME_CHARS_MAX == NAME_CHARS_MAX && CHANNEL_NAME_CHARS_MAX == NAME_CHARS_MAX &&
                  NAME_CHARS_MAX <= COUNTER_NAME_CHARS_MAX,
              "one field \"name\" serves them all; check_name sees to the shorter ones");

struct record {
    struct tx *tx;
    struct json_value values[F_COUNT];
    struct problem *problem;
};

#define BIT(field_) (UINT64_C(1) << (field_))
static_assert(F_COUNT <= 64, "a bit for each field");

struct shape {
    const char *type;
    uint64_t required;
    uint64_t optional;
    enum err (*put)(struct record *r, enum transfer_result *result);
};

static const char *text_of(const struct record *r, enum field f)
{
    return r->values[f].text;
}

static int64_t number_of(const struct record *r, enum field f)
{
    return r->values[f].number;
}

/* The part's bit when the record has the field. */
static unsigned part(const struct record *r, enum field f, enum transfer_part bit)
{
    return r->values[f].present ? (unsigned)bit : 0;
}

static enum err check_name(const struct record *r)
{
    if (json_utf8_length(text_of(r, F_NAME), r->values[F_NAME].text_len) <= NAME_CHARS_MAX)
        return ERR_OK;
    return problem_set(r->problem, ERR_INVALID, "The field \"name\" may have %d characters at most.", NAME_CHARS_MAX);
}

/* Absent and null: shown. */
static enum err check_hidden(const struct record *r, enum hidden *out)
{
    const char *name = text_of(r, F_HIDDEN);
    *out = HIDDEN_NOT;
    if (name == NULL || hidden_parse(name, out))
        return ERR_OK;
    return problem_set(r->problem, ERR_INVALID, "what is hidden is so by coach or words");
}

/* ---- one function a type ----------------------------------------------------------------------------------------- */

static enum err put_user(struct record *r, enum transfer_result *result)
{
    struct transfer_user user = {
        .given = part(r, F_ROLE, TRANSFER_ROLE) | part(r, F_EXTERNAL_ID, TRANSFER_EXTERNAL_ID) |
                 part(r, F_APPEAR_OFFLINE, TRANSFER_APPEAR_OFFLINE) | part(r, F_DISABLED, TRANSFER_DISABLED) |
                 part(r, F_PASSWORD, TRANSFER_PASSWORD) | part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .id = number_of(r, F_ID),
        .name = text_of(r, F_NAME),
        .external_id = text_of(r, F_EXTERNAL_ID),
        .password = text_of(r, F_PASSWORD),
        .appear_offline = r->values[F_APPEAR_OFFLINE].flag,
        .disabled = r->values[F_DISABLED].flag,
        .created_ms = number_of(r, F_CREATED_AT),
        .deleted_ms = number_of(r, F_DELETED_AT),
    };
    char username[USERNAME_BYTES];
    enum err err = check_name(r);
    if (err != ERR_OK)
        return err;
    if (!username_parse(text_of(r, F_USERNAME), r->values[F_USERNAME].text_len, username))
        return problem_set(r->problem, ERR_INVALID, USERNAME_RULE);
    user.username = username;
    if (text_of(r, F_ROLE) != NULL && !role_parse(text_of(r, F_ROLE), &user.role))
        return problem_set(r->problem, ERR_INVALID, "a role is member, coach or admin");
    if (user.password != NULL && !password_hash_acceptable(user.password))
        return problem_set(r->problem, ERR_INVALID, "a password has to be an argon2id string, or null");
    return transfer_put_user(r->tx, &user, result);
}

static enum err put_team(struct record *r, enum transfer_result *result)
{
    const struct transfer_team team = {
        .given = part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .id = number_of(r, F_ID),
        .name = text_of(r, F_NAME),
        .created_ms = number_of(r, F_CREATED_AT),
    };
    enum err err = check_name(r);
    return err != ERR_OK ? err : transfer_put_team(r->tx, &team, result);
}

static enum err put_membership(struct record *r, enum transfer_result *result)
{
    const struct transfer_membership membership = {
        .given = part(r, F_JOINED_AT, TRANSFER_CREATED_AT),
        .team_id = number_of(r, F_TEAM_ID),
        .user_id = number_of(r, F_USER_ID),
        .joined_ms = number_of(r, F_JOINED_AT),
    };
    return transfer_put_membership(r->tx, &membership, result);
}

/* Topics as the table keeps them: words with one blank between. */
static const char *join_topics(struct arena *arena, const struct json_value *topics)
{
    size_t room = TOPICS_MAX * (TOPIC_CHARS_MAX * 4 + 1) + 1;
    char *text = arena_alloc(arena, room);
    if (text == NULL)
        return NULL;
    char *at = text;
    for (size_t i = 0; i < topics->words_count; i++) {
        size_t len = strlen(topics->words[i]);
        if (i > 0)
            *at++ = ' ';
        memcpy(at, topics->words[i], len);
        at += len;
    }
    *at = '\0';
    return text;
}

static enum err put_post(struct record *r, enum transfer_result *result)
{
    struct transfer_post post = {
        .given = part(r, F_TOPICS, TRANSFER_TOPICS) | part(r, F_PINNED_AT, TRANSFER_PINNED) |
                 part(r, F_EDITED_AT, TRANSFER_EDITED) | part(r, F_CREATED_AT, TRANSFER_CREATED_AT) |
                 part(r, F_HIDDEN, TRANSFER_HIDDEN),
        .id = number_of(r, F_ID),
        .team_id = number_of(r, F_TEAM_ID),
        .author_id = number_of(r, F_AUTHOR_ID),
        .body = text_of(r, F_BODY),
        .topics = join_topics(r->tx->arena, &r->values[F_TOPICS]),
        .pinned_ms = number_of(r, F_PINNED_AT),
        .created_ms = number_of(r, F_CREATED_AT),
        .edited_ms = number_of(r, F_EDITED_AT),
    };
    if (post.topics == NULL)
        return ERR_NO_MEMORY;
    if (post.body[0] == '\0')
        return problem_set(r->problem, ERR_INVALID, "the body of a post must not be empty");
    enum err err = check_hidden(r, &post.hidden);
    return err != ERR_OK ? err : transfer_put_post(r->tx, &post, result);
}

static enum err put_like(struct record *r, enum transfer_result *result)
{
    const struct transfer_like like = {
        .given = part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .post_id = number_of(r, F_POST_ID),
        .user_id = number_of(r, F_USER_ID),
        .created_ms = number_of(r, F_CREATED_AT),
    };
    return transfer_put_like(r->tx, &like, result);
}

static enum err put_notice(struct record *r, enum transfer_result *result)
{
    struct transfer_notice notice = {
        .given = part(r, F_TEAM_ID, TRANSFER_TEAM) | part(r, F_BODY, TRANSFER_BODY) | part(r, F_LINK, TRANSFER_LINK) |
                 part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .id = number_of(r, F_ID),
        .team_id = number_of(r, F_TEAM_ID),
        .author_id = number_of(r, F_AUTHOR_ID),
        .title = text_of(r, F_TITLE),
        .body = text_of(r, F_BODY),
        .link = text_of(r, F_LINK),
        .created_ms = number_of(r, F_CREATED_AT),
    };
    if (!notice_kind_parse(text_of(r, F_KIND), &notice.kind))
        return problem_set(r->problem, ERR_INVALID, "the kind of a notice is pin, announcement or win");
    if (notice.body != NULL && json_utf8_length(notice.body, strlen(notice.body)) > NOTICE_BODY_CHARS_MAX)
        return problem_set(r->problem, ERR_INVALID, "the body of a notice may have %d characters at most",
                           NOTICE_BODY_CHARS_MAX);
    if (notice.link != NULL && !notices_link_is_ours(notice.link))
        return problem_set(r->problem, ERR_INVALID, "a link is an address of this site that begins with \"/\"");
    return transfer_put_notice(r->tx, &notice, result);
}

static enum err put_channel(struct record *r, enum transfer_result *result)
{
    struct transfer_channel channel = {
        .given = part(r, F_POSTING, TRANSFER_POSTING) | part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .id = number_of(r, F_ID),
        .team_id = number_of(r, F_TEAM_ID),
        .name = text_of(r, F_NAME),
        .created_ms = number_of(r, F_CREATED_AT),
    };
    enum err err = check_name(r);
    if (err != ERR_OK)
        return err;
    if (text_of(r, F_POSTING) != NULL && !posting_parse(text_of(r, F_POSTING), &channel.posting))
        return problem_set(r->problem, ERR_INVALID, "the posting of a channel is everyone or coaches");
    return transfer_put_channel(r->tx, &channel, result);
}

static enum err put_message(struct record *r, enum transfer_result *result)
{
    struct transfer_message message = {
        .given = part(r, F_THREAD_ID, TRANSFER_THREAD) | part(r, F_CLIENT_ID, TRANSFER_CLIENT_ID) |
                 part(r, F_CREATED_AT, TRANSFER_CREATED_AT) | part(r, F_EDITED_AT, TRANSFER_EDITED) |
                 part(r, F_HIDDEN, TRANSFER_HIDDEN),
        .id = number_of(r, F_ID),
        .channel_id = number_of(r, F_CHANNEL_ID),
        .author_id = number_of(r, F_AUTHOR_ID),
        .content = text_of(r, F_CONTENT),
        .thread_id = number_of(r, F_THREAD_ID),
        .client_id = text_of(r, F_CLIENT_ID),
        .deleted = r->values[F_DELETED].flag,
        .created_ms = number_of(r, F_CREATED_AT),
        .edited_ms = number_of(r, F_EDITED_AT),
    };
    if ((message.content[0] == '\0') != message.deleted)
        return problem_set(r->problem, ERR_INVALID, "the content of a message is empty exactly when it was deleted");
    enum err err = check_hidden(r, &message.hidden);
    return err != ERR_OK ? err : transfer_put_message(r->tx, &message, result);
}

static enum err put_receipt(struct record *r, enum transfer_result *result)
{
    const struct transfer_receipt receipt = {
        .channel_id = number_of(r, F_CHANNEL_ID),
        .user_id = number_of(r, F_USER_ID),
        .delivered_id = number_of(r, F_DELIVERED_ID),
        .read_id = number_of(r, F_READ_ID),
    };
    return transfer_put_receipt(r->tx, &receipt, result);
}

static enum err put_counter(struct record *r, enum transfer_result *result)
{
    const struct transfer_counter counter = {
        .given = part(r, F_MILESTONE, TRANSFER_MILESTONE) | part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .id = number_of(r, F_ID),
        .team_id = number_of(r, F_TEAM_ID),
        .name = text_of(r, F_NAME),
        .milestone = number_of(r, F_MILESTONE),
        .created_ms = number_of(r, F_CREATED_AT),
        .forgotten = number_of(r, F_FORGOTTEN),
        .value = number_of(r, F_VALUE),
    };
    if (!counters_name_is_good(counter.name))
        return problem_set(r->problem, ERR_INVALID, COUNTERS_NAME_RULE);
    if (r->values[F_VALUE].present != r->values[F_FORGOTTEN].present)
        return problem_set(r->problem, ERR_INVALID, "a counter's value goes with its forgotten changes");
    return transfer_put_counter(r->tx, &counter, result);
}

static enum err put_counter_change(struct record *r, enum transfer_result *result)
{
    struct transfer_counter_change change = {
        .given = part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .counter_id = number_of(r, F_COUNTER_ID),
        .operation = number_of(r, F_OPERATION),
        .value = number_of(r, F_VALUE),
        .user_id = number_of(r, F_USER_ID),
        .at_ms = number_of(r, F_CREATED_AT),
    };
    if (!counters_kind_parse(text_of(r, F_KIND), &change.kind))
        return problem_set(r->problem, ERR_INVALID,
                           "the kind of a counter's change is increment, decrement, setValue or reset");
    return transfer_put_counter_change(r->tx, &change, result);
}

static enum err put_mute(struct record *r, enum transfer_result *result)
{
    const struct transfer_mute mute = {
        .given = part(r, F_AUTHOR_ID, TRANSFER_AUTHOR) | part(r, F_CREATED_AT, TRANSFER_CREATED_AT),
        .team_id = number_of(r, F_TEAM_ID),
        .user_id = number_of(r, F_USER_ID),
        .until_ms = number_of(r, F_UNTIL),
        .author_id = number_of(r, F_AUTHOR_ID),
        .created_ms = number_of(r, F_CREATED_AT),
    };
    return transfer_put_mute(r->tx, &mute, result);
}

static enum err put_word(struct record *r, enum transfer_result *result)
{
    return transfer_put_word(r->tx, text_of(r, F_WORD), result);
}

static const struct shape shapes[] = {
    {"user", BIT(F_ID) | BIT(F_USERNAME) | BIT(F_NAME),
     BIT(F_ROLE) | BIT(F_EXTERNAL_ID) | BIT(F_PASSWORD) | BIT(F_APPEAR_OFFLINE) | BIT(F_DISABLED) |
         BIT(F_CREATED_AT) | BIT(F_DELETED_AT),
     put_user},
    {"team", BIT(F_ID) | BIT(F_NAME), BIT(F_CREATED_AT), put_team},
    {"membership", BIT(F_TEAM_ID) | BIT(F_USER_ID), BIT(F_JOINED_AT), put_membership},
    {"post", BIT(F_ID) | BIT(F_TEAM_ID) | BIT(F_AUTHOR_ID) | BIT(F_BODY),
     BIT(F_TOPICS) | BIT(F_PINNED_AT) | BIT(F_HIDDEN) | BIT(F_CREATED_AT) | BIT(F_EDITED_AT), put_post},
    {"like", BIT(F_POST_ID) | BIT(F_USER_ID), BIT(F_CREATED_AT), put_like},
    {"notice", BIT(F_ID) | BIT(F_KIND) | BIT(F_AUTHOR_ID) | BIT(F_TITLE),
     BIT(F_TEAM_ID) | BIT(F_BODY) | BIT(F_LINK) | BIT(F_CREATED_AT), put_notice},
    {"channel", BIT(F_ID) | BIT(F_TEAM_ID) | BIT(F_NAME), BIT(F_POSTING) | BIT(F_CREATED_AT), put_channel},
    {"message", BIT(F_ID) | BIT(F_CHANNEL_ID) | BIT(F_AUTHOR_ID) | BIT(F_CONTENT),
     BIT(F_THREAD_ID) | BIT(F_CLIENT_ID) | BIT(F_DELETED) | BIT(F_HIDDEN) | BIT(F_CREATED_AT) | BIT(F_EDITED_AT),
     put_message},
    {"receipt", BIT(F_CHANNEL_ID) | BIT(F_USER_ID) | BIT(F_DELIVERED_ID), BIT(F_READ_ID), put_receipt},
    {"counter", BIT(F_ID) | BIT(F_TEAM_ID) | BIT(F_NAME),
     BIT(F_MILESTONE) | BIT(F_FORGOTTEN) | BIT(F_VALUE) | BIT(F_CREATED_AT), put_counter},
    {"counterChange", BIT(F_COUNTER_ID) | BIT(F_OPERATION) | BIT(F_KIND) | BIT(F_VALUE) | BIT(F_USER_ID),
     BIT(F_CREATED_AT), put_counter_change},
    {"mute", BIT(F_TEAM_ID) | BIT(F_USER_ID) | BIT(F_UNTIL), BIT(F_AUTHOR_ID) | BIT(F_CREATED_AT), put_mute},
    {"word", BIT(F_WORD), 0, put_word},
};

/* ---- a record ---------------------------------------------------------------------------------------------------- */

static const struct shape *find_shape(const char *type, struct problem *problem)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].type, type) == 0)
            return &shapes[i];
    (void)problem_set(problem, ERR_INVALID, "there are no records of the type \"%s\"", type);
    return NULL;
}

static enum err check_field(const struct record *r, const struct shape *shape, enum field f)
{
    const struct json_value *value = &r->values[f];
    const struct json_field *field = &fields[f];
    uint64_t bit = BIT(f);
    if (!value->present) {
        if ((shape->required & bit) != 0)
            return problem_set(r->problem, ERR_INVALID, "a %s needs the field \"%s\"", shape->type, field->name);
        return ERR_OK;
    }
    if (((shape->required | shape->optional) & bit) == 0)
        return problem_set(r->problem, ERR_INVALID, "a %s has no field \"%s\"", shape->type, field->name);
    if (value->is_null && (shape->required & bit) != 0)
        return problem_set(r->problem, ERR_INVALID, "the field \"%s\" of a %s cannot be null", field->name,
                           shape->type);
    if (value->is_null)
        return ERR_OK;
    if (field->kind == JSON_KIND_ID && value->number > IMPORT_ID_MAX)
        return problem_set(r->problem, ERR_INVALID, "the field \"%s\" is over the largest id, %lld", field->name,
                           (long long)IMPORT_ID_MAX);
    if (field->kind == JSON_KIND_TIME && value->number <= 0)
        return problem_set(r->problem, ERR_INVALID, "the field \"%s\" has to be after 1970", field->name);
    return ERR_OK;
}

enum err import_record(struct tx *tx, const char *line, size_t len, struct import_counts *counts,
                       struct problem *problem)
{
    struct record r = {.tx = tx, .problem = problem};
    *problem = (struct problem){0};
    enum err err = json_read(line, len, fields, F_COUNT, r.values, tx->arena, problem);
    if (err != ERR_OK)
        return err;
    const struct shape *shape = find_shape(text_of(&r, F_TYPE), problem);
    if (shape == NULL)
        return ERR_INVALID;
    for (enum field f = F_TYPE + 1; f < F_COUNT && err == ERR_OK; f++)
        err = check_field(&r, shape, f);
    if (err != ERR_OK)
        return err;

    enum transfer_result result = TRANSFER_SAME;
    size_t noted = tx->changes_count;
    tx->problem = (struct problem){0};
    err = shape->put(&r, &result);
    tx->changes_count = noted; /* a million notes would say no more than CHANGE_ALL */
    if (err != ERR_OK) {
        if (problem->detail[0] == '\0')
            *problem = tx->problem;
        problem->err = err;
        return err;
    }
    counts->created += result == TRANSFER_CREATED;
    counts->updated += result == TRANSFER_UPDATED;
    counts->unchanged += result == TRANSFER_SAME;
    return ERR_OK;
}
