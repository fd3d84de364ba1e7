/* Nodes of what is sent in a turn. See out.h. A spare node more than SPARE_MAX goes back to the system. */
#include "realtime/out.h"

#include <stdlib.h>

#define SPARE_MAX 16384 /* 256 KiB a loop after a big broadcast */

struct out *out_take(struct reactor *r, struct packet *packet)
{
    struct out *out = r->spare;
    if (out != NULL) {
        r->spare = out->next;
        r->spare_count--;
    } else if ((out = malloc(sizeof *out)) == NULL) {
        return NULL;
    }
    *out = (struct out){.packet = packet_ref(packet)};
    r->outs++;
    return out;
}

void out_give(struct reactor *r, struct out *out)
{
    packet_unref(out->packet);
    r->outs--;
    if (r->spare_count >= SPARE_MAX) {
        free(out);
        return;
    }
    out->next = r->spare;
    r->spare = out;
    r->spare_count++;
}

void out_pool_clear(struct reactor *r)
{
    while (r->spare != NULL) {
        struct out *out = r->spare;
        r->spare = out->next;
        free(out);
    }
    r->spare_count = 0;
}
