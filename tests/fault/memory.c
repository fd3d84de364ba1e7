/*
 * Memory that runs out, for tests: malloc, calloc and realloc of the program, which fail when control.h says so.
 *
 * The program's own definitions stand before those of every library that it loads: what SQLite, libmicrohttpd,
 * libsodium, jansson, libcurl, libcrypto, zlib and libc itself ask for comes here as well. What they take from mmap
 * does not (the 19 MiB of argon2, libmicrohttpd's pool of each connection), nor what SQLite cuts from memory it has.
 * Below are the functions of glibc, or of the sanitizer that the program is built with; free() is theirs.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/fault/control.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__interceptor_malloc(size_t size) __attribute__((weak));
extern void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

/* A sanitizer asks for memory at a thread's start, and ends the program when there is none. */
#define STARTS 8

static struct control *control;
static _Thread_local unsigned started;

static void __attribute__((constructor)) take_place(void)
{
    control = control_find();
}

static bool runs_out(void)
{
    if (control == NULL || (__interceptor_malloc != NULL && started++ < STARTS))
        return false;
    (void)atomic_fetch_add_explicit(&control->allocations, 1, memory_order_relaxed);
    int64_t left = atomic_load_explicit(&control->nomem_in, memory_order_relaxed);
    while (left > 0 && !atomic_compare_exchange_weak(&control->nomem_in, &left, left == 1 ? CONTROL_FAILING : left - 1))
        ;
    if (left != 1 && (left != CONTROL_FAILING || atomic_fetch_sub(&control->nomem_more, 1) <= 0))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    if (runs_out())
        return NULL;
    return __interceptor_malloc != NULL ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (runs_out())
        return NULL;
    return __interceptor_calloc != NULL ? __interceptor_calloc(count, size) : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (runs_out())
        return NULL;
    return __interceptor_realloc != NULL ? __interceptor_realloc(old, size) : __libc_realloc(old, size);
}
