/* Ranking. See digest_rank.h. */
#include "api/digest_rank.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define ASKED 50
#define LIKES_MAX 50
#define PINNED 200
#define DAYS_MAX 7

static bool is_asked(const struct digest_rank_for *whom, const char *topic, size_t len)
{
    for (size_t i = 0; i < whom->asked_count; i++)
        if (strlen(whom->asked[i]) == len && memcmp(whom->asked[i], topic, len) == 0)
            return true;
    return false;
}

static int64_t interest(const struct digest_rank_for *whom, const char *topics)
{
    int64_t tenths = 0;
    int64_t count = 0;
    bool asked = false;
    while (*topics != '\0') {
        size_t len = strcspn(topics, " ");
        tenths += member_state_weight(whom->weights, topics, len);
        asked = asked || is_asked(whom, topics, len);
        count++;
        topics += len;
        topics += *topics == ' ';
    }
    return (count == 0 ? 100 : tenths * 10 / count) + (asked ? ASKED : 0);
}

int64_t digest_rank_score(const struct digest_rank_for *whom, const struct post_brief *post)
{
    int64_t likes = post->likes > LIKES_MAX ? LIKES_MAX : post->likes;
    int64_t worth = 100 + 10 * likes + (post->pinned ? PINNED : 0);
    int64_t age_ms = whom->now_ms - post->created_ms;
    int64_t days = age_ms < 0 ? 0 : age_ms / DAY_MS;
    int64_t freshness = 100 - 10 * (days > DAYS_MAX ? DAYS_MAX : days);
    return interest(whom, post->topics) * worth * freshness / 10000;
}

static int best_first(const void *left, const void *right)
{
    const struct digest_ranked *a = left;
    const struct digest_ranked *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->id > b->id ? -1 : a->id < b->id;
}

void digest_rank(const struct digest_rank_for *whom, const struct post_brief *posts, size_t count,
                 struct digest_ranked *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (struct digest_ranked){.id = posts[i].id, .score = digest_rank_score(whom, &posts[i])};
    qsort(out, count, sizeof *out, best_first);
}
