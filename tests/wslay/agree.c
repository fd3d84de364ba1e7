/*
 * A second opinion on realtime/frame.h: wslay 1.1.1 reads the same streams and must tell the same.
 *
 *   build/tests/test_agree_wslay       1,000,000 streams; STREAMS=n for another number
 *   TEST_SEED=s FIRST=i STREAMS=1      one of them again
 *
 * A stream is a few messages, fragmented, with control frames between the fragments, for a server or a client, with
 * permessage-deflate or without it; in half of them a frame is broken in some way. The codec gets it cut at random,
 * wslay (its event API: whole messages and the checks of RFC 6455) gets it as it is. Compared are all events (opcode,
 * compressed or not, close code, payload) and how it ends: waiting, closed, or refused, and then at which frame and
 * with which close code. Frames are sent through wslay, too: the same bytes must come out.
 *
 * Where the two may differ stands in enum difference below, each with its reason, and is checked to be just that.
 * What it writes is TAP.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "base/buf.h"
#include "realtime/frame.h"
#include "tests/wslay/streams.h"

#define print_message(...) printf("# " __VA_ARGS__)
#include "tests/unit/random.h"

#define STREAMS_DEFAULT 1000000
#define WSLAY_BUFFER_BYTES 4096

enum difference {
    SAME,
    /* wslay takes a close frame of one byte as one without a code; a body begins with two (RFC 6455, 5.5.1). */
    HALF_A_CODE,
    /* wslay refuses 1012, 1013 and 1014: IANA registered them after RFC 6455, for servers that restart, are too busy,
     * or are a gateway. */
    LATER_CODE,
    /* wslay names no code when it refuses a length or a control frame that is too long or fragmented; the codec says
     * 1002. */
    NO_CODE,
    /* wslay looks at the reason of a close frame before its code: both wrong are 1007 there, 1002 here. */
    REASON_FIRST,
    /* The stream ends inside a frame that is refused anyway. wslay judges a head only with the first byte of payload,
     * but a length before the mask and a close reason before the frame is whole; the codec the first two bytes at
     * once, a length with the mask, a close frame when it is whole. */
    CUT_OFF,
    DIFFERENCES
};

static const char *const difference_names[DIFFERENCES] = {
    "the same in everything", "close frame of one byte",  "close code 1012 to 1014",
    "refused without a code", "bad reason of a bad code", "ends inside a frame that one refused already",
};

enum ending { WAITS, CLOSED, REFUSED };
static const char *const ending_names[] = {"waits", "closed", "refused"};

struct verdict {
    struct buf events;
    size_t last_event; /* where it begins */
    enum ending ending;
    unsigned code; /* when refused; 0: none was named */
    size_t frame;  /* when refused: which one */
};

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static void record(struct verdict *v, unsigned opcode, bool compressed, unsigned code, const void *bytes, size_t len)
{
    unsigned char head[8] = {(unsigned char)opcode,      compressed,
                             (unsigned char)(code >> 8), (unsigned char)code,
                             (unsigned char)(len >> 24), (unsigned char)(len >> 16),
                             (unsigned char)(len >> 8),  (unsigned char)len};
    v->last_event = v->events.len;
    buf_append(&v->events, head, sizeof head);
    buf_append(&v->events, bytes, len);
}

static void verdict_begin(struct verdict *v)
{
    buf_reset(&v->events);
    v->last_event = 0;
    v->ending = WAITS;
    v->code = 0;
    v->frame = 0;
}

/* ---- the codec --------------------------------------------------------------------------------------------------- */

static void take_event(struct verdict *v, const struct streams_sample *s, const struct frame_event *e, size_t taken)
{
    switch (e->kind) {
    case FRAME_MORE:
        break;
    case FRAME_MESSAGE:
        record(v, e->opcode, e->compressed, 0, e->bytes, e->len);
        break;
    case FRAME_PING:
        record(v, FRAME_OP_PING, false, 0, e->bytes, e->len);
        break;
    case FRAME_PONG:
        record(v, FRAME_OP_PONG, false, 0, e->bytes, e->len);
        break;
    case FRAME_CLOSE:
        record(v, FRAME_OP_CLOSE, false, e->code == FRAME_CLOSE_NO_STATUS ? 0 : e->code, e->bytes, e->len);
        v->ending = CLOSED;
        break;
    case FRAME_ERROR:
        v->ending = REFUSED;
        v->code = e->code;
        v->frame = streams_frame_at(s, taken - 1);
        break;
    }
}

static void ask_codec(struct verdict *v, const struct streams_sample *s, struct random *random)
{
    struct frame_reader r = {0};
    struct frame_event e;
    unsigned char *bytes = malloc(s->bytes.len + 1);
    size_t piece_max = random_below(random, 3) == 0 ? s->bytes.len : 1 + random_below(random, 64);
    size_t taken = 0;
    size_t end = 0;
    assert(bytes != NULL);
    memcpy(bytes, s->bytes.data, s->bytes.len);
    verdict_begin(v);
    do {
        if (taken == end)
            end += piece_max > s->bytes.len - end ? s->bytes.len - end : 1 + random_below(random, piece_max);
        taken += frame_read(&r, &s->rules, bytes + taken, end - taken, &e);
        take_event(v, s, &e, taken);
    } while (v->ending == WAITS && (taken < s->bytes.len || e.kind != FRAME_MORE));
    frame_reader_clear(&r);
    free(bytes);
}

/* ---- wslay ------------------------------------------------------------------------------------------------------- */

struct wslay_reader {
    const struct streams_sample *sample;
    struct verdict *verdict;
    size_t at;
    size_t started; /* frames */
    size_t ended;
    unsigned last_opcode;
    unsigned char sent[64]; /* the beginning of what it answered */
    size_t sent_len;
};

/*
 * Whole frames as far as they fit: wslay skips the first two bytes of each piece of a close frame as if the code came
 * again, so it must never see one in pieces. (All of a short stream fits into its buffer at once.)
 */
static ssize_t give(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user_data)
{
    (void)flags;
    struct wslay_reader *r = user_data;
    const struct buf *bytes = &r->sample->bytes;
    if (r->at == bytes->len) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    size_t now = bytes->len <= WSLAY_BUFFER_BYTES ? bytes->len - r->at : streams_frame_end(r->sample, r->at) - r->at;
    if (now > len)
        now = len;
    memcpy(buf, bytes->data + r->at, now);
    r->at += now;
    return (ssize_t)now;
}

static ssize_t keep_sent(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user_data)
{
    (void)ctx;
    (void)flags;
    struct wslay_reader *r = user_data;
    size_t now = len < sizeof r->sent - r->sent_len ? len : sizeof r->sent - r->sent_len;
    memcpy(r->sent + r->sent_len, data, now);
    r->sent_len += now;
    return (ssize_t)len;
}

static int no_mask(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, void *user_data)
{
    (void)ctx;
    (void)user_data;
    memset(buf, 0, len);
    return 0;
}

static void frame_starts(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_start_arg *arg,
                         void *user_data)
{
    (void)ctx;
    struct wslay_reader *r = user_data;
    r->started++;
    r->last_opcode = arg->opcode;
}

static void frame_ends(wslay_event_context_ptr ctx, void *user_data)
{
    (void)ctx;
    ((struct wslay_reader *)user_data)->ended++;
}

static void message_came(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user_data)
{
    (void)ctx;
    struct wslay_reader *r = user_data;
    bool with_code = arg->opcode == WSLAY_CONNECTION_CLOSE && arg->msg_length >= 2;
    size_t skip = with_code ? 2 : 0;
    record(r->verdict, arg->opcode, wslay_get_rsv1(arg->rsv) != 0, with_code ? arg->status_code : 0,
           arg->msg_length > skip ? arg->msg + skip : NULL, arg->msg_length - skip);
}

/* Its close frame is the first thing it sends once it refused. */
static unsigned code_sent(const struct wslay_reader *r, bool masked)
{
    size_t at = masked ? 6 : 2;
    assert(r->sent_len >= at && r->sent[0] == 0x88);
    return (r->sent[1] & 0x7fU) < 2 ? 0 : (unsigned)(r->sent[at] << 8 | r->sent[at + 1]);
}

static void ask_wslay(struct verdict *v, const struct streams_sample *s)
{
    static const struct wslay_event_callbacks callbacks = {give, keep_sent,  no_mask,     frame_starts,
                                                           NULL, frame_ends, message_came};
    struct wslay_reader r = {.sample = s, .verdict = v};
    wslay_event_context_ptr ctx = NULL;
    verdict_begin(v);
    int status = s->rules.masked ? wslay_event_context_server_init(&ctx, &callbacks, &r)
                                 : wslay_event_context_client_init(&ctx, &callbacks, &r);
    assert(status == 0);
    wslay_event_config_set_max_recv_msg_length(ctx, s->rules.message_bytes_max);
    wslay_event_config_set_allowed_rsv_bits(ctx, s->rules.deflate ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE);
    size_t before;
    do {
        before = r.at;
        (void)wslay_event_recv(ctx);
    } while (wslay_event_get_read_enabled(ctx) && r.at > before);
    if (wslay_event_get_close_received(ctx)) {
        v->ending = CLOSED;
    } else if (!wslay_event_get_read_enabled(ctx)) {
        v->ending = REFUSED;
        (void)wslay_event_send(ctx);
        v->code = code_sent(&r, !s->rules.masked);
        /* A frame that never started, or that did not end; a close frame is judged after its end. */
        bool inside = r.started > r.ended || (r.started > 0 && r.last_opcode == WSLAY_CONNECTION_CLOSE);
        v->frame = inside ? r.started - 1 : r.started;
    }
    wslay_event_context_free(ctx);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static bool same_events(const struct verdict *a, size_t a_len, const struct verdict *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a->events.data, b->events.data, a_len) == 0);
}

static unsigned last_close_code(const struct verdict *v)
{
    const unsigned char *e = (const unsigned char *)v->events.data + v->last_event;
    assert(v->events.len > v->last_event && e[0] == FRAME_OP_CLOSE);
    return (unsigned)(e[2] << 8 | e[3]);
}

/* RFC 6455, 7.4.2, and the registry of IANA, once more. */
static bool code_is_bad(unsigned code)
{
    return code < 1000 || (code >= 1004 && code <= 1006) || (code >= 1015 && code < 3000) || code >= 5000;
}

/* Both refuse, or one does where the stream ends inside that frame. */
static bool both_refuse(const struct streams_sample *s, const struct verdict *codec, const struct verdict *wslay,
                        enum difference *which)
{
    if (codec->frame != wslay->frame)
        return false;
    if (wslay->code == 0)
        *which = NO_CODE;
    else if (codec->code == 1002 && wslay->code == 1007 && s->walk.frames[codec->frame].opcode == FRAME_OP_CLOSE &&
             code_is_bad(streams_close_code(s, codec->frame)))
        *which = REASON_FIRST;
    else
        return codec->code == wslay->code;
    return *which == REASON_FIRST || codec->code == 1002;
}

static bool one_refuses(const struct streams_sample *s, const struct verdict *codec, const struct verdict *wslay,
                        enum difference *which)
{
    size_t frame = codec->ending == REFUSED ? codec->frame : wslay->frame;
    if (frame + 1 != s->walk.count)
        return false;
    size_t start = s->walk.frames[frame].start;
    size_t head = s->walk.frames[frame].head;
    uint64_t payload = s->walk.frames[frame].payload;
    *which = CUT_OFF;
    if (codec->ending == REFUSED) /* at the second byte, or with the head */
        return head == 0 || (payload > 0 && s->bytes.len == start + head);
    if (wslay->code == 0) /* at the length */
        return head == 0 && s->bytes.len >= start + 4;
    return wslay->code == 1007 && s->walk.frames[frame].opcode == FRAME_OP_CLOSE && head > 0 &&
           s->bytes.len - start - head < payload;
}

/* Whether two verdicts go together, and by which exception. */
static bool agree(const struct streams_sample *s, const struct verdict *codec, const struct verdict *wslay,
                  enum difference *which)
{
    *which = SAME;
    if (codec->ending == REFUSED && wslay->ending == CLOSED) {
        *which = HALF_A_CODE;
        return same_events(codec, codec->events.len, wslay, wslay->last_event) && codec->code == 1002 &&
               s->walk.frames[codec->frame].opcode == FRAME_OP_CLOSE && s->walk.frames[codec->frame].payload == 1;
    }
    if (codec->ending == CLOSED && wslay->ending == REFUSED) {
        unsigned code = last_close_code(codec);
        *which = LATER_CODE;
        return same_events(codec, codec->last_event, wslay, wslay->events.len) && code >= 1012 && code <= 1014 &&
               wslay->code == 1002 && s->walk.frames[wslay->frame].opcode == FRAME_OP_CLOSE;
    }
    if (!same_events(codec, codec->events.len, wslay, wslay->events.len))
        return false;
    if (codec->ending == REFUSED && wslay->ending == REFUSED)
        return both_refuse(s, codec, wslay, which);
    if (codec->ending != wslay->ending)
        return (codec->ending == WAITS || wslay->ending == WAITS) && codec->ending != CLOSED &&
               wslay->ending != CLOSED && one_refuses(s, codec, wslay, which);
    return true;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

struct sums {
    uint64_t differences[DIFFERENCES];
    uint64_t endings[REFUSED + 1];
    uint64_t bytes;
    uint64_t frames;
};

static void print_verdict(const char *name, const struct verdict *v)
{
    printf("#   %s: %s, code %u, frame %zu, %zu bytes of events\n", name, ending_names[v->ending], v->code, v->frame,
           v->events.len);
}

static void print_disagreement(const struct streams_sample *s, uint64_t number, const struct verdict *codec,
                               const struct verdict *wslay)
{
    printf("not ok 1 - the codec and wslay agree on stream %llu\n", (unsigned long long)number);
    printf("#   again with FIRST=%llu STREAMS=1; side %s, deflate %d, limit %zu\n", (unsigned long long)number,
           s->rules.masked ? "server" : "client", s->rules.deflate, s->rules.message_bytes_max);
    print_verdict("codec", codec);
    print_verdict("wslay", wslay);
    for (size_t i = 0; i < s->walk.count; i++) {
        printf("#   frame %zu:", i);
        size_t end = i + 1 < s->walk.count ? s->walk.frames[i + 1].start : s->bytes.len;
        for (size_t b = s->walk.frames[i].start; b < end && b < s->walk.frames[i].start + 200; b++)
            printf(" %02x", (unsigned char)s->bytes.data[b]);
        printf("\n");
    }
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static bool run(uint64_t seed, uint64_t first, uint64_t count, struct sums *sums)
{
    static struct streams_sample sample; /* the walk is large */
    struct verdict codec = {0};
    struct verdict wslay = {0};
    struct streams *streams = streams_create();
    bool good = true;
    buf_init(&sample.bytes, STREAMS_BYTES_MAX);
    buf_init(&codec.events, STREAMS_BYTES_MAX);
    buf_init(&wslay.events, STREAMS_BYTES_MAX);
    for (uint64_t i = first; i - first < count && good; i++) {
        struct random random = {.state = seed + i * UINT64_C(0xd1342543de82ef95)};
        enum difference which;
        streams_make(streams, &random, &sample);
        ask_codec(&codec, &sample, &random);
        ask_wslay(&wslay, &sample);
        good = agree(&sample, &codec, &wslay, &which);
        if (!good) {
            print_disagreement(&sample, i, &codec, &wslay);
            break;
        }
        sums->differences[which]++;
        sums->endings[codec.ending]++;
        sums->bytes += sample.bytes.len;
        sums->frames += sample.walk.count;
    }
    assert(!sample.bytes.failed && !codec.events.failed && !wslay.events.failed);
    streams_free(streams);
    buf_clear(&wslay.events);
    buf_clear(&codec.events);
    buf_clear(&sample.bytes);
    return good;
}

int main(void)
{
    uint64_t count = number_from("STREAMS", STREAMS_DEFAULT);
    struct sums sums = {0};
    struct timespec start;
    struct timespec end;
    printf("TAP version 13\n1..1\n");
    uint64_t seed = random_seeded().state;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    if (!run(seed, number_from("FIRST", 0), count, &sums))
        return 1;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("# %llu streams, %llu frames, %llu bytes in %.1f s\n", (unsigned long long)count,
           (unsigned long long)sums.frames, (unsigned long long)sums.bytes, seconds);
    for (size_t i = 0; i <= REFUSED; i++)
        printf("# the codec %s: %llu\n", ending_names[i], (unsigned long long)sums.endings[i]);
    bool seen = true;
    for (size_t i = 0; i < DIFFERENCES; i++) {
        printf("# %s: %llu\n", difference_names[i], (unsigned long long)sums.differences[i]);
        seen = seen && sums.differences[i] > 0;
    }
    /* A generator that no longer reaches one of its corners would agree for the wrong reason. */
    if (count >= 100000 && !seen) {
        printf("not ok 1 - every kind of stream was there\n");
        return 1;
    }
    printf("ok 1 - the codec and wslay agree on %llu streams\n", (unsigned long long)count);
    return 0;
}
