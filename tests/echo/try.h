/* A kind of room for tests of storage and alarms. See try.c. */
#ifndef PORCHLIGHT_TESTS_ECHO_TRY_H
#define PORCHLIGHT_TESTS_ECHO_TRY_H

#include <stdbool.h>
#include <stddef.h>

#define ROOM_TRY "try/room"

struct reactor;
struct room_kind;
struct socket;

extern const struct room_kind try_kind;
void try_message(struct reactor *r, struct socket *s, const unsigned char *bytes, size_t len, bool text);

#endif
