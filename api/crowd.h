/*
 * How many connections each address has: a bound on what one client can take from the others.
 *
 * An open-addressed table of (cidr_address_key, count) with room for every connection that there can be, so that it
 * never grows; what nobody uses of it is never touched. An entry whose count falls to 0 closes its gap. One mutex; any
 * thread.
 */
#ifndef PORCHLIGHT_API_CROWD_H
#define PORCHLIGHT_API_CROWD_H

#include <stddef.h>
#include <stdint.h>

struct crowd;

/* At most `connections_max` may be in it at once. NULL: no memory. */
struct crowd *crowd_create(size_t connections_max);
void crowd_free(struct crowd *c); /* NULL is fine */

void crowd_enter(struct crowd *c, uint64_t address_key);
void crowd_leave(struct crowd *c, uint64_t address_key); /* once for each that entered */
uint32_t crowd_count(struct crowd *c, uint64_t address_key);

#endif
