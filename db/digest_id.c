/* Ids of digest jobs. See digest_id.h. */
#include "db/digest_id.h"

#include <stdio.h>
#include <string.h>

void digest_id_format(const struct digest_id *id, char out[static DIGEST_ID_BYTES])
{
    (void)snprintf(out, DIGEST_ID_BYTES, "%lld:%lld", (long long)id->user_id, (long long)id->number);
}

/* Up to `end`; 0: no positive number in its one spelling. */
static int64_t number_until(const char *text, const char *end)
{
    uint64_t value = 0;
    if (end == text || end - text > 19 || *text == '0')
        return 0;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return value <= INT64_MAX ? (int64_t)value : 0;
}

bool digest_id_parse(const char *text, struct digest_id *out)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return false;
    const struct digest_id id = {.user_id = number_until(text, colon),
                                 .number = number_until(colon + 1, colon + 1 + strlen(colon + 1))};
    if (id.user_id == 0 || id.number == 0)
        return false;
    *out = id;
    return true;
}
