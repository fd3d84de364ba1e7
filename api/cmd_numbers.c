/*
 * numbers: how the running server did in the last hour, and on how many members it could count day by day.
 *
 *      UNTIL (UTC)  HERE  SOCKETS  POLLS/S  HALF, MS  99%, MS  LIKES  LOAD
 *      14:05        12    3        4.5      0.4       12.8     3      0
 */
#include <stdio.h>
#include <string.h>

#include "api/cmd.h"
#include "api/numbers.h"

#define ROW_SAMPLES (5 * 60000 / SAMPLE_EVERY_MS) /* five minutes: twelve rows, which fit a terminal */
#define JSON_BYTES_MAX (128U << 10)               /* an hour is 60 KiB */

static void print_sample(struct operator_context *ctx, const struct sample *s)
{
    char time[CLOCK_TEXT_BYTES];
    char polls[NUMBERS_TENTHS_BYTES];
    char p50[NUMBERS_TENTHS_BYTES];
    char p99[NUMBERS_TENTHS_BYTES];
    clock_format(s->at_ms, time);
    operator_print(ctx, "%-13.5s%-6lld%-9lld%-9s%-10s%-9s%-7lld%d", time + strlen("2026-04-12T"), (long long)s->here,
                   (long long)s->sockets, numbers_tenths(s->polls_tenths, polls),
                   s->p50_tenths_ms < 0 ? "-" : numbers_tenths(s->p50_tenths_ms, p50),
                   s->p99_tenths_ms < 0 ? "-" : numbers_tenths(s->p99_tenths_ms, p99), (long long)s->likes_flushed,
                   (int)s->stage);
}

/* The first row is what is left over, so that the last one is a whole row of what is newest. */
static void print_samples(struct operator_context *ctx, const struct numbers *n)
{
    size_t rest = n->samples_count % ROW_SAMPLES;
    operator_print(ctx, "UNTIL (UTC)  HERE  SOCKETS  POLLS/S  HALF, MS  99%%, MS  LIKES  LOAD");
    for (size_t i = 0; i < n->samples_count;) {
        size_t count = i == 0 && rest > 0 ? rest : ROW_SAMPLES;
        const struct sample row = samples_fold(&n->samples[i], count);
        print_sample(ctx, &row);
        i += count;
    }
}

static void print_days(struct operator_context *ctx, const struct numbers *n)
{
    char text[NUMBERS_DAY_BYTES];
    operator_print(ctx, "DAY (UTC)   MEMBERS");
    for (size_t i = 0; i < ENGAGEMENT_DAYS; i++)
        operator_print(ctx, "%-12s%lld", numbers_day(n->days[i].day, text), (long long)n->days[i].members);
}

static int print_json(struct operator_context *ctx, const struct numbers *n)
{
    struct buf out;
    buf_init(&out, JSON_BYTES_MAX);
    numbers_write(n, &out);
    buf_printf(&out, "\n");
    bool made = !out.failed;
    if (made) /* longer than a line that operator_print takes */
        (void)ctx->sink->put(ctx->sink->arg, OPERATOR_OUT, out.data, out.len);
    buf_clear(&out);
    return made ? 0 : operator_fail(ctx, "%s", err_sentence(ERR_NO_MEMORY));
}

int cmd_numbers(struct operator_context *ctx)
{
    struct numbers n;
    enum err err = numbers_read(ctx->samples, ctx->db, clock_wall_ms(ctx->clock), ctx->arena, &n);
    if (err != ERR_OK)
        return operator_fail(ctx, "%s", err_sentence(err));
    if (ctx->options->json)
        return print_json(ctx, &n);
    if (ctx->samples == NULL)
        operator_print(ctx, "No server runs here: there are the days only.");
    else if (n.samples_count == 0)
        operator_print(ctx, "The server has just started: the first numbers come within %d seconds.",
                       SAMPLE_EVERY_MS / 1000);
    else
        print_samples(ctx, &n);
    operator_print(ctx, "%s", "");
    print_days(ctx, &n);
    return 0;
}
