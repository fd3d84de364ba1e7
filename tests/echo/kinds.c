/*
 * The tables of a test build, with two more paths: one where everything comes back as it was said, so that the codec
 * can be tried on the wire with whatever bytes and sizes a suite wants; one of a room with storage and an alarm
 * (try.h). Linked in place of realtime/kinds.c.
 */
#include "base/limits.h"
#include "realtime/kinds.h"
#include "realtime/packet.h"
#include "realtime/reactor.h"
#include "realtime/socket.h"
#include "tests/echo/try.h"

#define ECHO_BYTES_MAX ((16U << 20) + 65536) /* single messages of 16 MiB, and a little more before it is too much */

static void echo(struct reactor *r, struct socket *s, const unsigned char *bytes, size_t len, bool text)
{
    struct deflate *d = s->deflate ? r->deflate : NULL;
    struct packet *p = text ? packet_text((const char *)bytes, len, PACKET_ANSWER, 0, d) : packet_binary(bytes, len, d);
    if (p != NULL)
        socket_send(r, s, p);
    packet_unref(p);
}

const struct socket_path kinds_paths[] = {
    {.path = "ws", .kind = &team_kind, .message_bytes_max = MESSAGE_BYTES_MAX},
    {.path = "api/feed/live", .room = ROOM_FEED, .kind = &feed_kind, .message_bytes_max = MESSAGE_BYTES_MAX},
    {.path = "test/room",
     .room = ROOM_TRY,
     .kind = &try_kind,
     .message_bytes_max = MESSAGE_BYTES_MAX,
     .message = try_message},
    {.path = "test/echo", .kind = &feed_kind, .message_bytes_max = ECHO_BYTES_MAX, .message = echo},
    {.path = NULL},
};

const struct room_kind *const kinds_rooms[] = {&team_kind, &try_kind, NULL};
