/*
 * Memory that lives as long as one request: allocated by advancing a pointer, given back all at once.
 *
 * Bounded by `max_bytes`; an allocation that would cross it returns NULL. Alignment is that of max_align_t. Not
 * thread-safe; it may move between threads with its owner.
 */
#ifndef PORCHLIGHT_BASE_ARENA_H
#define PORCHLIGHT_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_create(size_t first_bytes, size_t max_bytes);
void arena_free(struct arena *a);  /* NULL is fine */
void arena_reset(struct arena *a); /* keeps the first block */

void *arena_alloc(struct arena *a, size_t bytes); /* not zeroed; NULL when the bound is reached */
void *arena_zalloc(struct arena *a, size_t bytes);
char *arena_copy(struct arena *a, const char *text, size_t len); /* adds a NUL */
char *arena_text(struct arena *a, const char *text);             /* arena_copy of a C string; NULL stays NULL */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
