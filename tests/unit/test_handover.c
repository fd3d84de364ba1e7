/*
 * api/handover.h: what the image before left, when it is of another version. This program plays all images: run with
 * NEXT it is the one that arrives, and again with what handover_back says in the environment it is the one before.
 */
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <cmocka.h>

#include "api/handover.h"

#define NEXT "next"
#define VARIABLE "PORCHLIGHT_HANDOVER"

/* Descriptors that have to survive, by number; and how a child ends. */
enum { LISTEN_FD = 60, LOCK_FD, IMAGE_FD, STATE_FD, SOCKET_FD, END_FD };
enum { GOES_ON = 40, LACKS_ONE, TAKES_OVER, STARTS_ANEW };

/* ---- the images -------------------------------------------------------------------------------------------------- */

static int image_before(void)
{
    for (int fd = LISTEN_FD; fd < END_FD; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return LACKS_ONE;
    return GOES_ON;
}

static int next_image(const char *arg)
{
    const char *variable = getenv(VARIABLE);
    const struct log log = {.fd = -1};
    struct handover h;
    bool last = strcmp(arg, "last") == 0;
    if (!last && variable != NULL && strstr(variable, " back") != NULL)
        return image_before();
    handover_receive(&h, &log); /* returns when there is nothing to go back to */
    return h.present ? TAKES_OVER : STARTS_ANEW;
}

/* ---- what is left to them ---------------------------------------------------------------------------------------- */

/* The part that is the same in every version (api/handover.h), and behind it what would do if it were ours. */
static void put_state(int64_t magic, int64_t version)
{
    const int kept[] = {SOCKET_FD};
    struct buf state;
    buf_init(&state, 4096);
    pack_number(&state, magic);
    pack_number(&state, version);
    pack_number(&state, LISTEN_FD);
    pack_number(&state, LOCK_FD);
    pack_number(&state, IMAGE_FD);
    pack_number(&state, 0);
    pack_bytes(&state, kept, sizeof kept);
    pack_bytes(&state, NULL, 0);   /* presence */
    pack_number(&state, STATE_FD); /* of the sockets: something that is not empty */
    pack_text(&state, "/usr/bin/porchlight");
    assert_false(state.failed);
    assert_int_equal(write(STATE_FD, state.data, state.len), (ssize_t)state.len);
    buf_clear(&state);
}

static void put_descriptors(void)
{
    int image = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int memory = memfd_create("state", MFD_CLOEXEC);
    assert_true(image >= 0 && memory >= 0);
    for (int fd = LISTEN_FD; fd < END_FD; fd++)
        assert_int_equal(dup2(fd == STATE_FD ? memory : image, fd), fd);
    (void)close(image);
    (void)close(memory);
}

/* How the image that arrives ends. `how` is its second word. */
static int arrive(int64_t magic, int64_t version, const char *how)
{
    int status;
    char variable[24];
    put_descriptors();
    put_state(magic, version);
    (void)snprintf(variable, sizeof variable, strcmp(how, "last") == 0 ? "%d back" : "%d", STATE_FD);
    pid_t child = fork();
    if (child == 0) {
        (void)setenv(VARIABLE, variable, 1);
        (void)execl("/proc/self/exe", "test_handover", NEXT, how, (char *)NULL);
        _exit(1);
    }
    for (int fd = LISTEN_FD; fd < END_FD; fd++)
        (void)close(fd);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define MAGIC INT64_C(0x504c484f56455231)

static void of_another_version_the_image_before_goes_on(void **state)
{
    (void)state;
    assert_int_equal(arrive(MAGIC, 1, "first"), GOES_ON);
    assert_int_equal(arrive(MAGIC, 1000, "first"), GOES_ON);
    assert_int_equal(arrive(INT64_MIN, 2, "first"), GOES_ON);
}

static void the_image_before_does_not_go_back_in_its_turn(void **state)
{
    (void)state;
    assert_int_equal(arrive(MAGIC, 1000, "last"), STARTS_ANEW);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_another_version_the_image_before_goes_on),
        cmocka_unit_test(the_image_before_does_not_go_back_in_its_turn),
    };
    if (argc == 3 && strcmp(argv[1], NEXT) == 0)
        return next_image(argv[2]);
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
