/*
 * Shapes of the contract that HTTP and sockets both carry, as JSON: one function a shape, so that a client that changes
 * transport sees the same. Pure.
 */
#ifndef PORCHLIGHT_DB_SHAPES_H
#define PORCHLIGHT_DB_SHAPES_H

#include "base/json.h"
#include "db/audit.h"
#include "db/messages.h"

/* `sees_hidden`: whether the reader may read it when it is hidden. To everybody else it looks like a deleted one. */
void shapes_message(struct json_writer *w, const struct chat_message *message, bool sees_hidden);
void shapes_audit(struct json_writer *w, const struct audit_entry *entry);
void shapes_receipt(struct json_writer *w, const struct receipt *receipt);

#endif
