/*
 * Readiness for systemd: one datagram to the socket of $NOTIFY_SOCKET, and silence without one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/supervisor.h"

static int listen_at(const struct sockaddr_un *address, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)address, len), 0);
    return fd;
}

static void expect_datagram(int fd, const char *wanted)
{
    char got[64];
    ssize_t len = recv(fd, got, sizeof got, 0);
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(got, wanted, strlen(wanted));
}

static void a_path_gets_one_datagram(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/tmp/porchlight-notify-%ld", (long)getpid());
    int fd = listen_at(&address, sizeof address);
    assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    supervisor_tell("READY=1");
    expect_datagram(fd, "READY=1");
    (void)close(fd);
    (void)unlink(address.sun_path);
}

static void an_abstract_name_gets_one_datagram(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int len = snprintf(name, sizeof name, "@porchlight-notify-%ld", (long)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
    int fd = listen_at(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len));
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    supervisor_tell("STOPPING=1");
    expect_datagram(fd, "STOPPING=1");
    (void)close(fd);
}

static void without_a_socket_nothing_happens(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    supervisor_tell("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "neither path nor abstract", 1), 0);
    supervisor_tell("READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_gets_one_datagram),
        cmocka_unit_test(an_abstract_name_gets_one_datagram),
        cmocka_unit_test(without_a_socket_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
