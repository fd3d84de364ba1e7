/*
 * Names for threads, as `top -H` and debuggers show them.
 */
#ifndef PORCHLIGHT_BASE_THREAD_H
#define PORCHLIGHT_BASE_THREAD_H

/* Of the calling thread; at most 15 characters are shown. */
void thread_name(const char *name);

#endif
