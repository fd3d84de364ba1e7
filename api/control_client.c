/*
 * The command line's side of the control socket: one request, then whatever comes back. See control.h.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/control.h"
#include "api/control_frame.h"
#include "api/control_socket.h"

static enum err send_request(int fd, const struct control_request *request)
{
    struct buf bytes;
    buf_init(&bytes, CONTROL_REQUEST_BYTES_MAX);
    for (size_t i = 0; i < request->arguments_count; i++)
        control_frame_append(&bytes, CONTROL_ARGUMENT, request->arguments[i], strlen(request->arguments[i]));
    if (request->secret != NULL)
        control_frame_append(&bytes, CONTROL_SECRET, request->secret, strlen(request->secret));
    if (request->input_name != NULL)
        control_frame_append(&bytes, CONTROL_INPUT, request->input_name, strlen(request->input_name));
    control_frame_append(&bytes, CONTROL_RUN, "", 0);

    enum err err = ERR_OK;
    if (bytes.failed) {
        err = ERR_TOO_LARGE;
    } else {
        long sent = control_socket_send_with(fd, bytes.data, bytes.len, request->input_fd);
        if (sent <= 0 || !control_socket_send(fd, bytes.data + sent, bytes.len - (size_t)sent, -1, CONTROL_PATIENCE_MS))
            err = ERR_STORAGE;
    }
    buf_clear(&bytes);
    return err;
}

/* true: the exit status came. */
static bool pass_on(const struct control_frame *frame, struct operator_sink *sink, int *exit_status)
{
    switch (frame->kind) {
    case CONTROL_OUT:
        (void)sink->put(sink->arg, OPERATOR_OUT, frame->bytes, frame->len);
        return false;
    case CONTROL_ERROR:
        (void)sink->put(sink->arg, OPERATOR_ERROR, frame->bytes, frame->len);
        return false;
    case CONTROL_PROGRESS:
        (void)sink->put(sink->arg, OPERATOR_PROGRESS, frame->bytes, frame->len);
        return false;
    case CONTROL_EXIT:
        *exit_status = frame->len == 1 ? (unsigned char)frame->bytes[0] : 1;
        return true;
    default:
        return false; /* a newer server's; not ours to understand */
    }
}

/* A command may take as long as it takes, so this waits without a limit. */
static enum err receive_answer(int fd, struct operator_sink *sink, int *exit_status)
{
    const size_t room = CONTROL_FRAME_HEAD_BYTES + CONTROL_FRAME_BYTES_MAX;
    char *bytes = malloc(room);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    enum err err = ERR_OK;
    bool done = false;
    size_t len = 0;
    int unused = 0; /* not -1: a descriptor that comes along is closed */
    while (!done && err == ERR_OK) {
        long got = control_socket_receive(fd, bytes + len, room - len, &unused);
        if (got <= 0) {
            err = ERR_STORAGE;
            break;
        }
        len += (size_t)got;
        size_t at = 0;
        size_t used;
        struct control_frame frame;
        do {
            err = control_frame_next(bytes + at, len - at, &frame, &used);
            done = err == ERR_OK && used > 0 && pass_on(&frame, sink, exit_status);
            at += used;
        } while (!done && used > 0);
        memmove(bytes, bytes + at, len - at);
        len -= at;
    }
    free(bytes);
    return err;
}

enum err control_call(const struct control_request *request, struct operator_sink *sink, int *exit_status)
{
    int fd;
    enum err err = control_socket_connect(request->data, &fd);
    if (err != ERR_OK)
        return err;
    err = send_request(fd, request);
    if (err == ERR_OK)
        err = receive_answer(fd, sink, exit_status);
    (void)close(fd);
    return err;
}
