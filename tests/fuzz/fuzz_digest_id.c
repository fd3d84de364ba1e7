/* Ids of digest jobs. What is accepted is written again as it was; what is refused leaves its target alone. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "db/digest_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct digest_id id = {-1, -1};
    char again[DIGEST_ID_BYTES];
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (digest_id_parse(text, &id)) {
        require(id.user_id > 0 && id.number > 0);
        digest_id_format(&id, again);
        require(strcmp(again, text) == 0);
    } else {
        require(id.user_id == -1 && id.number == -1);
    }
    free(text);
    return 0;
}
