/*
 * Frames of the control socket: making and taking apart. Pure. See control_frame.h.
 */
#include "api/control_frame.h"

#include <stdint.h>
#include <string.h>

enum err control_frame_next(const char *bytes, size_t len, struct control_frame *frame, size_t *used)
{
    *used = 0;
    if (len < CONTROL_FRAME_HEAD_BYTES)
        return ERR_OK;
    const unsigned char *head = (const unsigned char *)bytes;
    size_t body = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | (size_t)head[4];
    if (body > CONTROL_FRAME_BYTES_MAX)
        return ERR_MALFORMED;
    if (len - CONTROL_FRAME_HEAD_BYTES < body)
        return ERR_OK;
    *frame = (struct control_frame){.kind = bytes[0], .bytes = bytes + CONTROL_FRAME_HEAD_BYTES, .len = body};
    *used = CONTROL_FRAME_HEAD_BYTES + body;
    return ERR_OK;
}

void control_frame_head(char head[static CONTROL_FRAME_HEAD_BYTES], enum control_kind kind, size_t len)
{
    head[0] = (char)kind;
    for (int i = 0; i < 4; i++)
        head[1 + i] = (char)(unsigned char)(len >> (24 - 8 * i) & 0xff);
}

void control_frame_append(struct buf *out, enum control_kind kind, const char *bytes, size_t len)
{
    char head[CONTROL_FRAME_HEAD_BYTES];
    if (len > CONTROL_FRAME_BYTES_MAX) {
        out->failed = true;
        return;
    }
    control_frame_head(head, kind, len);
    buf_append(out, head, sizeof head);
    buf_append(out, bytes, len);
}

static enum err take(const struct control_frame *frame, struct arena *arena, struct control_command *out)
{
    if (frame->kind == CONTROL_RUN) {
        out->complete = true;
        return frame->len == 0 ? ERR_OK : ERR_MALFORMED;
    }
    if (memchr(frame->bytes, '\0', frame->len) != NULL)
        return ERR_MALFORMED;
    const char *text = arena_copy(arena, frame->bytes, frame->len);
    if (text == NULL)
        return ERR_NO_MEMORY;
    switch (frame->kind) {
    case CONTROL_ARGUMENT:
        if (out->arguments_count == CONTROL_ARGUMENTS_MAX)
            return ERR_TOO_LARGE;
        out->arguments[out->arguments_count++] = text;
        return ERR_OK;
    case CONTROL_SECRET:
        out->secret = text;
        return ERR_OK;
    case CONTROL_INPUT:
        out->input_name = text;
        return ERR_OK;
    default:
        return ERR_MALFORMED;
    }
}

enum err control_request_parse(const char *bytes, size_t len, struct arena *arena, struct control_command *out)
{
    *out = (struct control_command){0};
    if (len > CONTROL_REQUEST_BYTES_MAX)
        return ERR_TOO_LARGE;
    /* Nothing is copied before all of it is there: a request that drips in costs no memory but its own. */
    size_t at = 0;
    size_t used;
    struct control_frame frame = {0};
    do {
        enum err err = control_frame_next(bytes + at, len - at, &frame, &used);
        if (err != ERR_OK)
            return err;
        at += used;
    } while (used > 0 && frame.kind != CONTROL_RUN);
    if (used == 0)
        return len == CONTROL_REQUEST_BYTES_MAX ? ERR_TOO_LARGE : ERR_OK;
    if (at != len)
        return ERR_MALFORMED;

    for (at = 0; !out->complete; at += used) {
        (void)control_frame_next(bytes + at, len - at, &frame, &used); /* as it was a moment ago */
        enum err err = take(&frame, arena, out);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
