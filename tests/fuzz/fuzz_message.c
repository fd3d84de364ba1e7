/* Clients' JSON messages: any bytes give a message or a sentence, and what is given keeps its limits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "realtime/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(4096, 1U << 20);
    struct message m;
    struct problem problem = {0};
    assert(arena != NULL);
    enum err err = message_parse((const char *)data, size, arena, &m, &problem);
    if (m.id != NULL)
        assert(strlen(m.id) >= 1 && strlen(m.id) <= MESSAGE_ID_BYTES_MAX);
    if (m.client_id != NULL)
        assert(m.client_id[0] != '\0' && json_utf8_length(m.client_id, strlen(m.client_id)) <= CLIENT_ID_CHARS_MAX);
    if (err != ERR_OK) {
        assert(problem.detail[0] != '\0' || err == ERR_NO_MEMORY);
    } else {
        assert(m.type < MESSAGE_TYPES_);
        assert((m.type == MESSAGE_JOIN_TEAM) == (m.team_id > 0));
        assert((m.type == MESSAGE_POST_LIKE || m.type == MESSAGE_POST_UNLIKE) == (m.post_id > 0));
        assert((m.type == MESSAGE_SEND_CHEER) == (m.icon != NULL));
        assert((m.type == MESSAGE_AUTH) == (m.token != NULL));
        assert(m.amount >= -COUNTER_VALUE_MAX && m.amount <= COUNTER_VALUE_MAX);
        assert(m.value >= -COUNTER_VALUE_MAX && m.value <= COUNTER_VALUE_MAX);
        assert(m.type == MESSAGE_INCREMENT || m.type == MESSAGE_DECREMENT || m.amount == 0 || m.amount == 1);
        assert(m.type == MESSAGE_SET_VALUE || m.value == 0);
        assert((m.type == MESSAGE_CHAT) == (m.content != NULL));
        assert((m.type == MESSAGE_CHAT) == (m.client_id != NULL));
        assert(m.content == NULL || json_utf8_length(m.content, strlen(m.content)) <= CHAT_CHARS_MAX);
        assert(m.type == MESSAGE_CHAT || m.thread_id == 0);
        assert((m.type == MESSAGE_SYNC || m.type == MESSAGE_READ) == (m.message_id > 0));
        assert(m.type == MESSAGE_TYPING || !m.flag);
        assert(m.type != MESSAGE_PRESENCE || strcmp(m.text, "online") == 0 || strcmp(m.text, "away") == 0);
        assert(m.type == MESSAGE_PRESENCE || m.type == MESSAGE_READ || m.text == NULL);
    }
    arena_free(arena);
    return 0;
}
