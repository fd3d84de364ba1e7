/*
 * What a test tells the program's disk and memory to do while it runs: eight numbers of 64 bits in the file that
 * FAULT_FILE names, which the test writes and this maps into memory (tests/scenario/faults.mjs has the other end).
 */
#ifndef PORCHLIGHT_TESTS_FAULT_CONTROL_H
#define PORCHLIGHT_TESTS_FAULT_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

#define CONTROL_FAILING (-1)

struct control {
    /* The disk is full. 0: all is well. n: n - 1 more writes, truncations or fsyncs succeed, and from the next one on
       each fails, until the test sets it again. */
    _Atomic int64_t full_in;
    _Atomic int64_t writes; /* counts them all */
    /* The disk is slow: so many per mille of them take so long, so many more of them (CONTROL_FAILING: no end). */
    _Atomic int64_t late_us;
    _Atomic int64_t late_per_mille;
    _Atomic int64_t late_left;
    /* Memory runs out. 0: all is well. n: the n-th allocation from now on fails, and so many after it; from then on it
       is CONTROL_FAILING. */
    _Atomic int64_t nomem_in;
    _Atomic int64_t nomem_more;
    _Atomic int64_t allocations; /* counts them all */
};

/* NULL: a command of the test, which needs no faults. The first call maps the file; it comes before main(). */
struct control *control_find(void);

#endif
