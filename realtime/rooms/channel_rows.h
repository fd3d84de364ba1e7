/*
 * What a chat channel's room does with rows: the methods of its kind (realtime/kinds.h) that run where rows are written
 * and read, none of them on a loop.
 *
 *   writes      main writer: a message or a mark of reading is stored ──commit──> its sender's `ack`
 *   committed   main writer: words for the channel's room, and where the channel stands for its team's
 *   missed      rooms writer: the first state, then messages by their number (db/messages.h), so that replay and what
 * is said live meet without a gap: the socket's own number decides heads       rooms writer: where the team's channels
 * stand
 */
#ifndef PORCHLIGHT_REALTIME_ROOMS_CHANNEL_ROWS_H
#define PORCHLIGHT_REALTIME_ROOMS_CHANNEL_ROWS_H

#include "realtime/kinds.h"

extern const struct room_write channel_rows_writes[];
void channel_rows_committed(const struct telling *t);
enum err channel_rows_missed(struct desk_catch *c, struct db *read, struct arena *arena);
enum err channel_rows_heads(struct desk_catch *c, struct db *read, struct arena *arena);

#endif
