/*
 * The program: libsodium first, then the command line, which knows `serve` as one command among others.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "api/cli.h"
#include "api/handover.h"
#include "api/serve.h"
#include "api/server.h"
#include "db/driver.h"
#include "realtime/realtime.h"

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        (void)fputs("porchlight: there is no source of random numbers\n", stderr);
        return 1;
    }
    const struct cli_library libraries[] = {
        {"libmicrohttpd", server_library_version()},
        {"SQLite", db_library_version()},
        {"libsodium", sodium_version_string()},
        {"jansson", JANSSON_VERSION},
        {realtime_available() ? "zlib" : NULL, realtime_library_version()}, /* the end, in a build without realtime */
        {NULL, NULL},
    };
    const struct log log = {.fd = STDERR_FILENO, .level = LOG_INFO, .format = LOG_LOGFMT};
    struct handover handover;
    handover_receive(&handover, &log);
    struct cli_hooks hooks = {
        .serve = serve_run, .serve_arg = &handover, .realtime_available = realtime_available(), .libraries = libraries};
    int status = cli_main(argc, argv, &hooks);
    if (status != 0)
        handover_back(&handover,
                      &log); /* an image that cannot serve leaves it to the one before; without one it returns */
    return status;
}
