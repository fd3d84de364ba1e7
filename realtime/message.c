/*
 * Clients' messages. See message.h. One list of fields serves all types; a table says which belong to which.
 */
#include "realtime/message.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"

enum field {
    FIELD_TYPE,
    FIELD_ID,
    FIELD_TEAM,
    FIELD_SINCE,
    FIELD_ICON,
    FIELD_POST,
    FIELD_TOKEN,
    FIELD_AMOUNT,
    FIELD_VALUE,
    FIELD_CONTENT,
    FIELD_THREAD,
    FIELD_CLIENT_ID,
    FIELD_TYPING,
    FIELD_STATUS,
    FIELD_AFTER,
    FIELD_MESSAGE,
    FIELD_STATE,
    FIELDS
};

static const struct json_field fields[FIELDS] = {
    [FIELD_TYPE] = {.name = "type", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 40},
    [FIELD_ID] = {.name = "id", .kind = JSON_KIND_LINE, .min = 1, .max = MESSAGE_ID_BYTES_MAX},
    [FIELD_TEAM] = {.name = "teamId", .kind = JSON_KIND_ID},
    [FIELD_SINCE] = {.name = "since", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = CURSOR_BYTES_MAX},
    [FIELD_ICON] = {.name = "icon", .kind = JSON_KIND_LINE, .min = 1, .max = CHEER_ICON_CHARS_MAX},
    [FIELD_POST] = {.name = "postId", .kind = JSON_KIND_ID},
    [FIELD_CONTENT] = {.name = "content", .kind = JSON_KIND_TEXT, .min = 1, .max = CHAT_CHARS_MAX},
    [FIELD_THREAD] = {.name = "threadId", .kind = JSON_KIND_ID, .nullable = true},
    [FIELD_CLIENT_ID] = {.name = "clientId", .kind = JSON_KIND_LINE, .min = 1, .max = CLIENT_ID_CHARS_MAX},
    [FIELD_TYPING] = {.name = "isTyping", .kind = JSON_KIND_BOOL},
    [FIELD_STATUS] = {.name = "status", .kind = JSON_KIND_LINE, .min = 1, .max = 10},
    [FIELD_AFTER] = {.name = "afterMessageId", .kind = JSON_KIND_ID},
    [FIELD_MESSAGE] = {.name = "messageId", .kind = JSON_KIND_ID},
    [FIELD_STATE] = {.name = "state", .kind = JSON_KIND_LINE, .min = 1, .max = 10},
    [FIELD_TOKEN] = {.name = "token", .kind = JSON_KIND_SECRET, .min = 1, .max = TOKEN_BYTES_MAX},
    [FIELD_AMOUNT] = {.name = "amount", .kind = JSON_KIND_INT, .min = 1, .max = COUNTER_VALUE_MAX},
    [FIELD_VALUE] = {.name = "value", .kind = JSON_KIND_INT, .min = -COUNTER_VALUE_MAX, .max = COUNTER_VALUE_MAX},
};

#define BIT(field) (1U << (field))

static const struct {
    const char *name;
    unsigned needed;
    unsigned allowed;
} types[] = {
    [MESSAGE_PING] = {"ping", 0, 0},
    [MESSAGE_JOIN_TEAM] = {"JOIN_TEAM", BIT(FIELD_TEAM), BIT(FIELD_SINCE)},
    [MESSAGE_SEND_CHEER] = {"SEND_CHEER", BIT(FIELD_ICON), 0},
    [MESSAGE_POST_LIKE] = {"POST_LIKE", BIT(FIELD_POST), 0},
    [MESSAGE_POST_UNLIKE] = {"POST_UNLIKE", BIT(FIELD_POST), 0},
    [MESSAGE_AUTH] = {"AUTH", BIT(FIELD_TOKEN), 0},
    [MESSAGE_INCREMENT] = {"increment", 0, BIT(FIELD_AMOUNT)},
    [MESSAGE_DECREMENT] = {"decrement", 0, BIT(FIELD_AMOUNT)},
    [MESSAGE_SET_VALUE] = {"setValue", BIT(FIELD_VALUE), 0},
    [MESSAGE_RESET] = {"reset", 0, 0},
    [MESSAGE_CHAT] = {"message", BIT(FIELD_CONTENT) | BIT(FIELD_CLIENT_ID), BIT(FIELD_THREAD)},
    [MESSAGE_TYPING] = {"typing", BIT(FIELD_TYPING), 0},
    [MESSAGE_PRESENCE] = {"presence", BIT(FIELD_STATUS), 0},
    [MESSAGE_SYNC] = {"sync", BIT(FIELD_AFTER), 0},
    [MESSAGE_READ] = {"read", BIT(FIELD_MESSAGE), BIT(FIELD_STATE)},
};

static_assert(sizeof types / sizeof types[0] == MESSAGE_TYPES_, "every type has its row");

const char *message_type_name(enum message_type type)
{
    assert(type < MESSAGE_TYPES_);
    return types[type].name;
}

const char *message_name(const struct message *m)
{
    return m->id != NULL ? m->id : m->client_id;
}

/* What most sockets say most of the time, as our clients write it: no need to take it apart. */
static bool is_plain_ping(const char *bytes, size_t len)
{
    static const char ping[] = "{\"type\":\"ping\"}";
    return len == sizeof ping - 1 && memcmp(bytes, ping, len) == 0;
}

static bool id_is_visible(const char *id)
{
    for (; *id != '\0'; id++)
        if (*id <= ' ' || *id > '~')
            return false;
    return true;
}

static enum err find_type(const char *name, enum message_type *type, struct problem *problem)
{
    for (unsigned i = 0; i < MESSAGE_TYPES_; i++)
        if (strcmp(types[i].name, name) == 0) {
            *type = (enum message_type)i;
            return ERR_OK;
        }
    return problem_set(problem, ERR_INVALID, "The type \"%.40s\" is not known here.", name);
}

static enum err check_fields(enum message_type type, const struct json_value *values, struct problem *problem)
{
    unsigned common = BIT(FIELD_TYPE) | BIT(FIELD_ID);
    unsigned allowed = types[type].needed | types[type].allowed | common;
    for (unsigned i = 0; i < FIELDS; i++) {
        if (values[i].present && (allowed & BIT(i)) == 0)
            return problem_set(problem, ERR_INVALID, "The field \"%s\" does not belong to %s.", fields[i].name,
                               types[type].name);
        if (!values[i].present && (types[type].needed & BIT(i)) != 0)
            return problem_set(problem, ERR_INVALID, "The field \"%s\" is missing.", fields[i].name);
    }
    return ERR_OK;
}

/* A field that has one of two words. */
static enum err check_word(const struct json_value *values, enum field f, const char *one, const char *other,
                           struct problem *problem)
{
    const char *word = values[f].text;
    if (word == NULL || strcmp(word, one) == 0 || strcmp(word, other) == 0)
        return ERR_OK;
    return problem_set(problem, ERR_INVALID, "The field \"%s\" is \"%s\" or \"%s\".", fields[f].name, one, other);
}

/* Of a message whose reading ended before it came to its names. */
static void find_name(const char *bytes, size_t len, struct arena *arena, struct message *out)
{
    struct json_peek peek = {0};
    if (json_peek(bytes, len, "id", "clientId", arena, &peek, NULL) != ERR_OK)
        return;
    if (peek.first != NULL && peek.first[0] != '\0' && strlen(peek.first) <= MESSAGE_ID_BYTES_MAX &&
        id_is_visible(peek.first))
        out->id = peek.first;
    if (peek.second != NULL && peek.second[0] != '\0' &&
        json_utf8_length(peek.second, strlen(peek.second)) <= CLIENT_ID_CHARS_MAX)
        out->client_id = peek.second;
}

enum err message_parse(const char *bytes, size_t len, struct arena *arena, struct message *out, struct problem *problem)
{
    *out = (struct message){.type = MESSAGE_PING};
    if (is_plain_ping(bytes, len))
        return ERR_OK;
    struct json_value values[FIELDS] = {0};
    enum err err = json_read(bytes, len, fields, FIELDS, values, arena, problem);
    if (values[FIELD_ID].text != NULL) {
        if (!id_is_visible(values[FIELD_ID].text))
            return problem_set(problem, ERR_INVALID, "The field \"id\" has 1 to %d visible ASCII characters.",
                               MESSAGE_ID_BYTES_MAX);
        out->id = values[FIELD_ID].text;
    }
    out->client_id = values[FIELD_CLIENT_ID].text;
    if ((err == ERR_INVALID || err == ERR_NO_MEMORY) && !values[FIELD_ID].present)
        find_name(bytes, len, arena, out);
    if (err == ERR_OK)
        err = find_type(values[FIELD_TYPE].text, &out->type, problem);
    if (err == ERR_OK)
        err = check_fields(out->type, values, problem);
    if (err == ERR_OK)
        err = check_word(values, FIELD_STATUS, "online", "away", problem);
    if (err == ERR_OK)
        err = check_word(values, FIELD_STATE, "read", "delivered", problem);
    if (err != ERR_OK)
        return err;
    out->team_id = values[FIELD_TEAM].number;
    out->since = values[FIELD_SINCE].text;
    out->icon = values[FIELD_ICON].text;
    out->post_id = values[FIELD_POST].number;
    out->token = values[FIELD_TOKEN].text;
    out->amount = values[FIELD_AMOUNT].present ? values[FIELD_AMOUNT].number : 1;
    out->value = values[FIELD_VALUE].number;
    out->content = values[FIELD_CONTENT].text;
    out->thread_id = values[FIELD_THREAD].number;
    out->message_id = values[FIELD_MESSAGE].present ? values[FIELD_MESSAGE].number : values[FIELD_AFTER].number;
    out->flag = values[FIELD_TYPING].flag;
    out->text = values[FIELD_STATUS].present ? values[FIELD_STATUS].text : values[FIELD_STATE].text;
    return ERR_OK;
}
