/*
 * Passwords from a terminal or a pipe. See cli_secret.h.
 */
#include "api/cli_secret.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "base/json.h"
#include "base/limits.h"

/* A line without its line feed, byte by byte: what comes after it on stdin is not ours. ERR_TIMEOUT: interrupted. */
static enum err read_line(char out[static CLI_SECRET_BYTES], struct problem *problem)
{
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR)
            return problem_set(problem, ERR_TIMEOUT, "interrupted");
        if (got < 0)
            return problem_set(problem, ERR_INVALID, "cannot read the password: %s", strerror(errno));
        if (got == 0 || c == '\n')
            break;
        if (len == CLI_SECRET_BYTES - 1)
            return problem_set(problem, ERR_INVALID, "a password has %d characters at most", PASSWORD_CHARS_MAX);
        out[len++] = c;
    }
    if (len > 0 && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    return ERR_OK;
}

static enum err check(const char *secret, struct problem *problem)
{
    size_t chars = json_utf8_length(secret, strlen(secret));
    if (chars == SIZE_MAX)
        return problem_set(problem, ERR_INVALID, "the password is not UTF-8 text");
    if (chars < PASSWORD_CHARS_MIN || chars > PASSWORD_CHARS_MAX)
        return problem_set(problem, ERR_INVALID, "a password has %d to %d characters", PASSWORD_CHARS_MIN,
                           PASSWORD_CHARS_MAX);
    return ERR_OK;
}

static volatile sig_atomic_t interrupted; /* a signal handler has nowhere else to write to */

static void interrupt(int number)
{
    interrupted = number;
}

/* Asks on stderr, so that stdout stays clean. Ctrl-C ends the question and leaves the terminal as it was. */
static enum err ask(const char *question, char out[static CLI_SECRET_BYTES], struct problem *problem)
{
    struct sigaction ours = {.sa_handler = interrupt}; /* without SA_RESTART: read() returns */
    struct sigaction before_int;
    struct sigaction before_term;
    struct termios before;
    struct termios silent;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return problem_set(problem, ERR_INVALID, "cannot switch off the terminal's echo: %s", strerror(errno));
    silent = before;
    silent.c_lflag &= (tcflag_t)~ECHO;
    (void)sigemptyset(&ours.sa_mask);
    (void)sigaction(SIGINT, &ours, &before_int);
    (void)sigaction(SIGTERM, &ours, &before_term);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    (void)fputs(question, stderr);
    (void)fflush(stderr);
    enum err err = read_line(out, problem);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)sigaction(SIGINT, &before_int, NULL);
    (void)sigaction(SIGTERM, &before_term, NULL);
    (void)fputc('\n', stderr);
    return err;
}

static enum err ask_twice(char out[static CLI_SECRET_BYTES], bool *given, struct problem *problem)
{
    char again[CLI_SECRET_BYTES];
    enum err err = ask("Password (empty: make one up): ", out, problem);
    if (err != ERR_OK || out[0] == '\0')
        return err;
    err = check(out, problem);
    if (err == ERR_OK)
        err = ask("The same again: ", again, problem);
    if (err == ERR_OK && strcmp(out, again) != 0)
        err = problem_set(problem, ERR_INVALID, "the two passwords differ");
    sodium_memzero(again, sizeof again);
    *given = err == ERR_OK;
    return err;
}

enum err cli_secret_get(bool from_stdin, char out[static CLI_SECRET_BYTES], bool *given, struct problem *problem)
{
    *given = false;
    if (!from_stdin)
        return isatty(STDIN_FILENO) ? ask_twice(out, given, problem) : ERR_OK;
    enum err err = read_line(out, problem);
    if (err == ERR_OK)
        err = check(out, problem);
    *given = err == ERR_OK;
    return err;
}
