/*
 * fork, exec, wait, and what /proc tells. A server's stderr goes to a file, so that it never blocks on a full pipe.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"

#define START_TIMEOUT_NS 15000000000U
#define STOP_TIMEOUT_NS 10000000000U

static void pause_us(long us)
{
    struct timespec t = {.tv_nsec = us * 1000};
    nanosleep(&t, NULL);
}

static _Noreturn void become(const char *const *argv, int cpu, int out, int err)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cpu >= 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        sched_setaffinity(0, sizeof(one), &one);
    }
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
    }
    if (err >= 0) {
        dup2(err, STDERR_FILENO);
    }
    execv(argv[0], (char *const *)(uintptr_t)argv);
    dprintf(STDERR_FILENO, "bench: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* The port from `address=127.0.0.1:PORT` in the log; 0 while it is not there. */
static int port_in(const char *log)
{
    static const char mark[] = "address=127.0.0.1:";
    char text[8192];
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0) {
        close(fd);
    }
    text[len > 0 ? len : 0] = '\0';
    const char *at = strstr(text, mark);
    if (at == NULL || strchr(at, '\n') == NULL) {
        return 0;
    }
    return (int)strtol(at + sizeof(mark) - 1, NULL, 10);
}

static void show_log(const char *log)
{
    char text[2048];
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

    if (fd >= 0) {
        close(fd);
    }
    fprintf(stderr, "%.*s\n", (int)(len > 0 ? len : 0), text);
}

int child_start(struct child *child, const char *const *argv, int cpu, const char *log)
{
    *child = (struct child){0};
    snprintf(child->log, sizeof(child->log), "%s", log);
    int err = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (err < 0) {
        fprintf(stderr, "bench: %s: %s\n", log, strerror(errno));
        return -1;
    }
    child->began_ns = figures_now_ns();
    child->pid = fork();
    if (child->pid == 0) {
        become(argv, cpu, err, err);
    }
    close(err);
    while (child->pid > 0 && figures_now_ns() - child->began_ns < START_TIMEOUT_NS) {
        child->port = port_in(log);
        if (child->port > 0) {
            return 0;
        }
        if (waitpid(child->pid, NULL, WNOHANG) == child->pid) {
            child->pid = 0;
            break;
        }
        pause_us(200);
    }
    fprintf(stderr, "bench: %s did not start:\n", argv[0]);
    show_log(log);
    child_stop(child);
    return -1;
}

void child_stop(struct child *child)
{
    if (child->pid <= 0) {
        return;
    }
    uint64_t began_ns = figures_now_ns();
    kill(child->pid, SIGTERM);
    while (waitpid(child->pid, NULL, WNOHANG) == 0) {
        if (figures_now_ns() - began_ns > STOP_TIMEOUT_NS) {
            fprintf(stderr, "bench: process %d did not end on SIGTERM\n", (int)child->pid);
            kill(child->pid, SIGKILL);
            waitpid(child->pid, NULL, 0);
            break;
        }
        pause_us(1000);
    }
    child->pid = 0;
}

int child_run(const char *const *argv, char *out, size_t out_bytes)
{
    int ends[2];
    char sink[4096];
    size_t have = 0;
    int status = -1;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(argv, -1, ends[1], -1);
    }
    close(ends[1]);
    for (;;) {
        bool room = out != NULL && have + 1 < out_bytes;
        ssize_t got = room ? read(ends[0], out + have, out_bytes - 1 - have) : read(ends[0], sink, sizeof(sink));
        if (got <= 0) {
            break;
        }
        have += room ? (size_t)got : 0;
    }
    close(ends[0]);
    if (out != NULL) {
        have -= have > 0 && out[have - 1] == '\n' ? 1 : 0;
        out[have] = '\0';
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench: %s %s failed\n", argv[0], argv[1] != NULL ? argv[1] : "");
        return -1;
    }
    return 0;
}

double child_cpu_s(const struct child *child)
{
    clockid_t clock;
    struct timespec used;

    if (child->pid <= 0 || clock_getcpuclockid(child->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double child_resident_kib(const struct child *child)
{
    char path[64];
    char line[256];
    double kib = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)child->pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtod(line + 6, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}
