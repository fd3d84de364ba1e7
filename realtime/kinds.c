/* Where sockets may be opened. A test build has a table of its own instead of this one. See kinds.h. */
#include "realtime/kinds.h"

#include "base/limits.h"

const struct socket_path kinds_paths[] = {
    {.path = "ws", .kind = &team_kind, .message_bytes_max = MESSAGE_BYTES_MAX},
    {.path = "api/feed/live", .room = ROOM_FEED, .kind = &feed_kind, .message_bytes_max = MESSAGE_BYTES_MAX},
    {.path = "ws/counter/{x}", .named = true, .kind = &counter_kind, .message_bytes_max = MESSAGE_BYTES_MAX},
    {.path = "channel/{x}/websocket", .named = true, .kind = &channel_kind, .message_bytes_max = MESSAGE_BYTES_MAX},
    {.path = NULL},
};

const struct room_kind *const kinds_rooms[] = {&team_kind, &counter_kind, &channel_kind, NULL};
