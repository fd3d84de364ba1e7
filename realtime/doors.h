/*
 * Who may come in: sockets per member, per address and in all. Counts only; any thread, one mutex.
 */
#ifndef PORCHLIGHT_REALTIME_DOORS_H
#define PORCHLIGHT_REALTIME_DOORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct doors;

struct doors *doors_create(size_t sockets_max, uint32_t member_max, uint32_t address_max); /* NULL: no memory */
void doors_free(struct doors *d);                                                          /* NULL is fine */

enum doors_answer { DOORS_IN, DOORS_FULL, DOORS_MEMBER_FULL, DOORS_ADDRESS_FULL, DOORS_NO_MEMORY };

/* Counts one more, or says why not. */
enum doors_answer doors_enter(struct doors *d, int64_t user_id, uint64_t address_key);
/* One who was in before a hot restart: counted, however many there are. false: no memory. */
bool doors_return(struct doors *d, int64_t user_id, uint64_t address_key);
size_t doors_count(struct doors *d); /* in all: those that are on their way included */
void doors_leave(struct doors *d, int64_t user_id, uint64_t address_key);

#endif
