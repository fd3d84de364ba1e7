/* Addresses of push endpoints, which members' browsers give us. What is accepted names a host of its own origin. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/push_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void judge(const char *endpoint, bool lenient)
{
    struct push_target target;
    struct problem problem = {0};
    if (push_target_parse(endpoint, lenient, &target, &problem) != ERR_OK) {
        require(problem.detail[0] != '\0');
        return;
    }
    size_t host = strlen(target.host);
    require(host > 0 && host < PUSH_HOST_BYTES && strncmp(endpoint, "https://", 8) == 0);
    require(strncmp(target.origin, "https://", 8) == 0 && strncmp(target.origin + 8, target.host, host) == 0);
    require(strpbrk(target.host, "@/?#\\ %") == NULL);
    for (const char *at = target.host; *at != '\0'; at++)
        require(*at > ' ' && *at < 0x7f && (*at < 'A' || *at > 'Z'));
    require(lenient || (target.port == 443 && target.origin[8 + host] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *endpoint = malloc(size + 1);
    if (endpoint == NULL)
        return 0;
    memcpy(endpoint, data, size);
    endpoint[size] = '\0';
    judge(endpoint, false);
    judge(endpoint, true);
    free(endpoint);
    return 0;
}
