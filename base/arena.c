/*
 * A chain of blocks, newest first; the first block is kept over a reset. See arena.h for the contract.
 *
 *   arena -> newest block -> ... -> first block
 *            [ used | free ]        [ used | free ]
 */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *newest;
    struct block *first;
    size_t total; /* bytes of all blocks */
    size_t max;
};

static struct block *block_create(size_t size)
{
    struct block *b = malloc(sizeof *b + size);
    if (b != NULL)
        *b = (struct block){.size = size};
    return b;
}

struct arena *arena_create(size_t first_bytes, size_t max_bytes)
{
    assert(first_bytes > 0 && first_bytes <= max_bytes);
    struct arena *a = malloc(sizeof *a);
    struct block *b = block_create(first_bytes);
    if (a == NULL || b == NULL) {
        free(a);
        free(b);
        return NULL;
    }
    *a = (struct arena){.newest = b, .first = b, .total = first_bytes, .max = max_bytes};
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->newest != a->first) {
        struct block *older = a->newest->older;
        free(a->newest);
        a->newest = older;
    }
    a->first->used = 0;
    a->total = a->first->size;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    arena_reset(a);
    free(a->first);
    free(a);
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (bytes > a->max)
        return NULL;
    bytes = (bytes + align - 1) / align * align;
    struct block *b = a->newest;
    if (bytes > b->size - b->used) {
        size_t size = bytes > b->size * 2 ? bytes : b->size * 2;
        if (size > a->max - a->total)
            size = bytes;
        if (size > a->max - a->total)
            return NULL;
        struct block *fresh = block_create(size);
        if (fresh == NULL)
            return NULL;
        fresh->older = b;
        a->newest = fresh;
        a->total += size;
        b = fresh;
    }
    void *p = b->bytes + b->used;
    b->used += bytes;
    return p;
}

void *arena_zalloc(struct arena *a, size_t bytes)
{
    void *p = arena_alloc(a, bytes);
    if (p != NULL)
        memset(p, 0, bytes);
    return p;
}

char *arena_copy(struct arena *a, const char *text, size_t len)
{
    char *p = arena_alloc(a, len + 1);
    if (p == NULL)
        return NULL;
    if (len > 0)
        memcpy(p, text, len);
    p[len] = '\0';
    return p;
}

char *arena_text(struct arena *a, const char *text)
{
    return text == NULL ? NULL : arena_copy(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = len < 0 ? NULL : arena_alloc(a, (size_t)len + 1);
    if (p != NULL)
        (void)vsnprintf(p, (size_t)len + 1, format, again);
    va_end(again);
    return p;
}
