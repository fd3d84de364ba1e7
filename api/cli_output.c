/* A command's file. See cli_output.h. */
#include "api/cli_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

static enum err partial_of(const char *name, char out[static PATH_BYTES], struct problem *problem)
{
    int len = snprintf(out, PATH_BYTES, "%s.partial", name);
    return len < PATH_BYTES ? ERR_OK : problem_set(problem, ERR_INVALID, "the file's name is too long");
}

enum err cli_output_open(const char *name, int *fd, struct problem *problem)
{
    char path[PATH_BYTES];
    struct stat st;
    enum err err = partial_of(name, path, problem);
    if (err != ERR_OK)
        return err;
    if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
        return problem_set(problem, ERR_INVALID, "cannot write %.120s: it is there already, and no file", name);
    (void)unlink(path); /* of a command that was killed, or laid there by somebody who would like to read ours */
    *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *fd >= 0 ? ERR_OK : problem_set(problem, ERR_INVALID, "cannot write %.120s: %s", path, strerror(errno));
}

enum err cli_output_end(const char *name, int fd, bool keep, struct problem *problem)
{
    char path[PATH_BYTES];
    enum err err = partial_of(name, path, problem);
    if (err != ERR_OK)
        return err;
    if (keep && (fsync(fd) != 0 || rename(path, name) != 0)) {
        err = problem_set(problem, ERR_STORAGE, "cannot write %.120s: %s", name, strerror(errno));
        keep = false;
    }
    if (!keep)
        (void)unlink(path);
    return err;
}
