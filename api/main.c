/*
 * The program: libsodium first, then the command line, which knows `serve` as one command among others.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>

#include "api/cli.h"
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
    struct cli_hooks hooks = {.serve = serve_run, .realtime_available = realtime_available(), .libraries = libraries};
    return cli_main(argc, argv, &hooks);
}
