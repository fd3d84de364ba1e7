/*
 * Hot restart: every socket of this image of the program as bytes, and back in the next one, with what it had half read
 * and not yet sent. Nothing else runs: the loops have ended, the writers have finished. The main thread.
 *
 *   freeze:  loops end ─> sockets that were on their way come in ─> writers finish (their answers lie in mailboxes)
 *            ─> freeze_drain ─> freeze_pack
 *   thaw:    freeze_unpack ─> realtime_start
 */
#ifndef PORCHLIGHT_REALTIME_FREEZE_H
#define PORCHLIGHT_REALTIME_FREEZE_H

#include <stdio.h>

#include "base/pack.h"
#include "realtime/hub.h"

/* Takes what writers left in the mailboxes, says what is to be said, lets the rooms sleep. */
void freeze_drain(struct realtime *rt);

/* Writes all sockets; `fds` gets their descriptors (sizeof int each), which have to survive. One that is too much, for
   itself or for FREEZE_BYTES_MAX, is left out. false: they could not be written. */
bool freeze_pack(struct realtime *rt, FILE *out, struct buf *fds);

/* Takes the sockets in. false: the bytes are not understood, and nothing was taken. */
bool freeze_unpack(struct realtime *rt, struct pack_reader *from);

#endif
