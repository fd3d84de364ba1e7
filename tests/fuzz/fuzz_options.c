/* Configuration files. What is refused has a sentence that names the file. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options options;
    struct problem problem = {0};
    if (sodium_init() < 0 || options_init(&options) != ERR_OK)
        return 0;
    enum err err = options_apply_config(&options, (const char *)data, size, "p.conf", &problem);
    if (err != ERR_OK && err != ERR_NO_MEMORY && strstr(problem.detail, "p.conf") == NULL)
        abort();
    options_clear(&options);
    return 0;
}
