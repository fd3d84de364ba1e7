/* Answers. See answer.h. */
#include "realtime/answer.h"

#include "realtime/packet.h"
#include "realtime/say.h"
#include "realtime/socket.h"

void answer_say(struct reactor *r, struct socket *s, struct buf *out, enum stats_said what)
{
    struct packet *packet = out->failed ? NULL : packet_text(out->data, out->len, PACKET_ANSWER, 0, NULL);
    socket_send(r, s, packet);
    packet_unref(packet);
    buf_clear(out);
    STATS_ADD(r->rt->stats.said[what], 1);
}

void answer_failed(struct reactor *r, struct socket *s, const char *id, enum err err, const char *sentence,
                   int64_t retry_after_ms)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_error(&out, id, err, sentence, retry_after_ms);
    answer_say(r, s, &out, SAID_ERROR);
    stats_refused(&r->rt->stats, err);
}

void answer_refuse(struct reactor *r, struct socket *s, const char *id, enum err err)
{
    answer_failed(r, s, id, err, err_sentence(err), err == ERR_BUSY || err == ERR_NO_MEMORY ? 2000 : 0);
}

void answer_ack(struct reactor *r, struct socket *s, const char *id)
{
    struct buf out;
    if (id == NULL)
        return;
    buf_init(&out, SAY_BYTES_MAX);
    say_ack(&out, id);
    answer_say(r, s, &out, SAID_ACK);
}
