/*
 * Porchlight's bench: starts the real binary and what it is compared with, and prints ratios measured in one run.
 *
 *   bench [--rounds N] [--seconds S] [--only abcde] [--strict]
 *         [--binary FILE] [--bare FILE] [--schema FILE] [--folder DIR]
 *
 * Absolute figures belong to the machine; the ratios are what is compared with the marks. Exit status 0 when everything
 * could be measured (with --strict: and every mark is met), 1 otherwise, 2 for wrong options.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "child.h"
#include "measure.h"

#define TMPFS 0x01021994 /* linux/magic.h */

struct plan {
    const char *only;
    const char *folder;
    bool strict;
};

static int usage(FILE *out, int status)
{
    fprintf(out, "usage: bench [--rounds 1..%d] [--seconds 0.1..60] [--only abcde] [--strict]\n"
                 "             [--binary FILE] [--bare FILE] [--schema FILE] [--folder DIR]\n",
            FIGURES_ROUNDS_MAX);
    return status;
}

static int read_options(int argc, char **argv, struct measure *m, struct plan *plan)
{
    static const struct option names[] = {
        {"rounds", required_argument, NULL, 'r'}, {"seconds", required_argument, NULL, 's'},
        {"only", required_argument, NULL, 'o'},   {"strict", no_argument, NULL, 't'},
        {"binary", required_argument, NULL, 'b'}, {"bare", required_argument, NULL, 'm'},
        {"schema", required_argument, NULL, 'q'}, {"folder", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int which;
    while ((which = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (which) {
        case 'r': m->rounds = (int)strtol(optarg, NULL, 10); break;
        case 's': m->seconds = strtod(optarg, NULL); break;
        case 'o': plan->only = optarg; break;
        case 't': plan->strict = true; break;
        case 'b': m->binary = optarg; break;
        case 'm': m->bare = optarg; break;
        case 'q': m->schema = optarg; break;
        case 'f': plan->folder = optarg; break;
        case 'h': exit(usage(stdout, 0));
        default: return usage(stderr, 2);
        }
    }
    if (optind < argc || m->rounds < 1 || m->rounds > FIGURES_ROUNDS_MAX || m->seconds < 0.1 || m->seconds > 60 ||
        plan->only[strspn(plan->only, "abcde")] != '\0') {
        return usage(stderr, 2);
    }
    return 0;
}

/* The run's own folder. Durability costs nothing in memory, so a file system in memory would make (b) mean nothing. */
static int make_folder(struct measure *m, const char *parent)
{
    struct statfs fs;

    if (mkdir(parent, 0700) != 0 && errno != EEXIST) {
        perror(parent);
        return -1;
    }
    snprintf(m->folder, sizeof(m->folder), "%.300s/run-XXXXXX", parent);
    if (mkdtemp(m->folder) == NULL) {
        perror(m->folder);
        return -1;
    }
    if (statfs(m->folder, &fs) == 0 && fs.f_type == TMPFS) {
        printf("NOTE %s is in memory: syncing is free there, so (b) compares nothing durable\n", m->folder);
    }
    return 0;
}

static void remove_folder(const struct measure *m)
{
    const char *argv[] = {"/bin/rm", "-rf", "--", m->folder, NULL};
    child_run(argv, NULL, 0);
}

static bool wants(const struct plan *plan, const char *letters)
{
    return strpbrk(plan->only, letters) != NULL;
}

static int measure_all(struct measure *m, const struct plan *plan)
{
    char data[MEASURE_PATH_BYTES];
    snprintf(data, sizeof(data), "%.400s/data", m->folder);
    const char *demo[] = {m->binary, "demo", "--data", data, NULL};
    char said[4096];

    if (child_run(demo, said, sizeof(said)) != 0) {
        return -1;
    }
    if (wants(plan, "de") && measure_idle(m) != 0) {
        return -1;
    }
    if (wants(plan, "abc") && community_create(&m->community, m->binary, data, m->folder) != 0) {
        return -1;
    }
    if (wants(plan, "a") && measure_presence(m) != 0) {
        return -1;
    }
    if (wants(plan, "b") && measure_likes(m) != 0) {
        return -1;
    }
    return wants(plan, "c") ? measure_tail(m) : 0;
}

/* Seconds that all processors were busy since the machine started, time taken by its host among them. */
static double busy_s(void)
{
    double columns[8] = {0}; /* user nice system idle iowait irq softirq steal: proc(5) */
    FILE *file = fopen("/proc/stat", "re");
    double sum = 0;

    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &columns[0], &columns[1], &columns[2], &columns[3],
               &columns[4], &columns[5], &columns[6], &columns[7]) == 8) {
        for (int i = 0; i < 8; i++) {
            sum += i == 3 || i == 4 ? 0 : columns[i];
        }
    }
    fclose(file);
    return sum / (double)sysconf(_SC_CLK_TCK);
}

/* What the bench used itself, with everything it started (and waited for). */
static double own_s(void)
{
    double sum = 0;
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (int i = 0; i < 2; i++) {
        struct rusage used;
        if (getrusage(whose[i], &used) == 0) {
            sum += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
        }
    }
    return sum;
}

/* Ratios survive a busy machine better than figures do, but not any machine. */
static void note_others(double others_s, double passed_s, int cpus)
{
    double percent = others_s * 100 / (passed_s * cpus);
    if (percent > 5) {
        printf("NOTE other processes used %.0f %% of the processors during this run: ask again when the machine is\n"
               "     quiet, and look at the ratios by processor time until then\n\n", percent);
    }
}

static bool summary(const struct measure *m)
{
    bool all = true;
    printf("marks\n");
    for (size_t i = 0; i < m->marks_count; i++) {
        printf("  %-7s  %s\n", m->marks[i].met ? "met" : "NOT MET", m->marks[i].text);
        all = all && m->marks[i].met;
    }
    return all;
}

int main(int argc, char **argv)
{
    static struct measure m = {.binary = "build/porchlight", .bare = "build/bench/bare_mhd",
                               .schema = "migrations/0001_community.sql", .rounds = 9, .seconds = 0.5};
    struct plan plan = {.only = "abcde", .folder = "build/bench/tmp"};

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (read_options(argc, argv, &m, &plan) != 0) {
        return 2;
    }
    m.cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (access(m.binary, X_OK) != 0 || access(m.bare, X_OK) != 0) {
        fprintf(stderr, "bench: build %s and %s first\n", m.binary, m.bare);
        return 1;
    }
    if (make_folder(&m, plan.folder) != 0) {
        return 1;
    }
    printf("Porchlight bench: %d processors, %d rounds of %.1f s for each figure, interleaved;\n"
           "median (min-max) of the rounds; the load generator is one thread, over loopback\n\n",
           m.cpus, m.rounds, m.seconds);
    uint64_t began_ns = figures_now_ns();
    double others_s = own_s() - busy_s();
    int rc = measure_all(&m, &plan);
    others_s += busy_s() - own_s();
    note_others(others_s, (double)(figures_now_ns() - began_ns) / 1e9, m.cpus);
    bool met = rc == 0 && summary(&m);
    remove_folder(&m);
    return rc != 0 || (plan.strict && !met) ? 1 : 0;
}
