/* See hidden.h. */
#include "db/hidden.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {[HIDDEN_NOT] = NULL, [HIDDEN_BY_COACH] = "coach", [HIDDEN_BY_WORDS] = "words",
                                    [HIDDEN_EDIT] = "words"};

const char *hidden_name(enum hidden hidden)
{
    return names[hidden];
}

bool hidden_parse(const char *name, enum hidden *hidden)
{
    for (size_t i = HIDDEN_BY_COACH; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *hidden = (enum hidden)i;
            return true;
        }
    return false;
}

bool hidden_from(enum hidden hidden, int64_t author_id, int64_t viewer_id, bool leads)
{
    return hidden != HIDDEN_NOT && !leads && author_id != viewer_id;
}
