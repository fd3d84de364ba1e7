/*
 * Shapes of the contract that HTTP and sockets both carry, as JSON: one function a shape, so that a client that changes
 * transport sees the same. Pure.
 */
#ifndef PORCHLIGHT_DB_SHAPES_H
#define PORCHLIGHT_DB_SHAPES_H

#include "base/json.h"
#include "db/messages.h"

void shapes_message(struct json_writer *w, const struct chat_message *message);
void shapes_receipt(struct json_writer *w, const struct receipt *receipt);

#endif
