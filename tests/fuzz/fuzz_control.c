/* What arrives at the control socket: whatever is complete is so with every byte that was needed, and not before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/control_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct control_command command = {0};
    struct arena *arena = arena_create(8192, CONTROL_REQUEST_BYTES_MAX * 2);
    if (arena == NULL || size > CONTROL_REQUEST_BYTES_MAX) {
        arena_free(arena);
        return 0;
    }
    if (control_request_parse((const char *)data, size, arena, &command) == ERR_OK) {
        size_t bytes = 0;
        require(command.arguments_count <= CONTROL_ARGUMENTS_MAX);
        for (size_t i = 0; i < command.arguments_count; i++)
            bytes += strlen(command.arguments[i]);
        bytes += command.secret != NULL ? strlen(command.secret) : 0;
        bytes += command.input_name != NULL ? strlen(command.input_name) : 0;
        require(bytes <= size && (!command.complete || size >= CONTROL_FRAME_HEAD_BYTES));
    }
    arena_free(arena);
    return 0;
}
