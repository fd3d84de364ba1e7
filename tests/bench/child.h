/*
 * Processes that the bench starts: servers that run beside it, and commands that end. They die with the bench.
 */
#ifndef PORCHLIGHT_BENCH_CHILD_H
#define PORCHLIGHT_BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_LOG_BYTES 512

struct child {
    pid_t pid; /* 0: not running */
    int port;
    uint64_t began_ns;
    char log[CHILD_LOG_BYTES]; /* the file that holds its stderr */
};

/*
 * Starts a server and waits until its stderr says address=127.0.0.1:PORT. `argv` ends with NULL; `cpu` -1: any
 * processor, otherwise all its threads stay on that one. `log` names the file for its stderr. 0; -1 after saying why.
 */
int child_start(struct child *child, const char *const *argv, int cpu, const char *log);

/* SIGTERM, then SIGKILL after ten seconds. Harmless when it is not running. */
void child_stop(struct child *child);

/* Runs a command to its end; its stdout (NUL-terminated, last line end removed) goes to `out`, which may be NULL. */
int child_run(const char *const *argv, char *out, size_t out_bytes);

double child_cpu_s(const struct child *child);      /* processor seconds used so far, all threads */
double child_resident_kib(const struct child *child); /* VmRSS */

#endif
