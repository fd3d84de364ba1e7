/*
 * What a client's messages write, answered when it is durable. The loop's thread; the writers' own part is in the job
 * that they are handed.
 *
 *   POST_LIKE, POST_UNLIKE   likes_submit ──> rooms writer ── NOTE_LIKED ──> writes_liked
 *   of the room's kind       desk_write_take ──> main writer: the kind's run ── NOTE_WRITTEN ──> writes_written
 */
#ifndef PORCHLIGHT_REALTIME_WRITES_H
#define PORCHLIGHT_REALTIME_WRITES_H

#include "realtime/desk.h"
#include "realtime/reactor.h"

struct socket;

struct writes_like; /* on its way; owned by its note */
void writes_like_free(struct writes_like *like);

void writes_set_like(struct reactor *r, struct socket *s, const struct message *m);
void writes_liked(struct reactor *r, struct writes_like *like);

/* A message, as text too, that the room's kind may write. false: it has no such one, and nothing was done. */
bool writes_hear(struct reactor *r, struct socket *s, const struct message *m, const char *bytes, size_t len);
void writes_written(struct reactor *r, struct desk_write *write);

#endif
