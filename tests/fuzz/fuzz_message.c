/* Clients' JSON messages: any bytes give a message or a sentence, and what is given keeps its limits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

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
    if (err != ERR_OK) {
        assert(problem.detail[0] != '\0' || err == ERR_NO_MEMORY);
    } else {
        assert(m.type < MESSAGE_TYPES_);
        assert((m.type == MESSAGE_JOIN_TEAM) == (m.team_id > 0));
        assert((m.type == MESSAGE_POST_LIKE || m.type == MESSAGE_POST_UNLIKE) == (m.post_id > 0));
        assert((m.type == MESSAGE_SEND_CHEER) == (m.icon != NULL));
        assert((m.type == MESSAGE_AUTH) == (m.token != NULL));
    }
    arena_free(arena);
    return 0;
}
