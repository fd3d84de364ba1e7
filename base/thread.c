/*
 * Thread names on Linux. See thread.h.
 */
#include "base/thread.h"

#include <sys/prctl.h>

void thread_name(const char *name)
{
    (void)prctl(PR_SET_NAME, name); /* only a name: nothing depends on it */
}
