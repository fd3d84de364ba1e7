/*
 * The digests this server makes: begun by a member's wish or by an alarm, made by a helper thread from their team's
 * posts of the last DIGEST_DAYS (api/digest_rank.h), and the alarms of the two kinds of rooms that have no sockets.
 *
 *   POST /digests ──> digest_maker_begin ──┐
 *   member/{id}'s alarm: a new week ──> a job ──> its alarm ──> begin ──> helper: reads, ranks ──> rooms writer
 *
 * Nothing is lost with the process: the job's alarm begins it again, and fails it when it makes no progress or was
 * begun too often.
 */
#ifndef PORCHLIGHT_API_DIGEST_MAKER_H
#define PORCHLIGHT_API_DIGEST_MAKER_H

#include "api/app.h"
#include "db/alarms.h"
#include "db/digests.h"
#include "db/member_state.h"

/* What a digest is made of. */
struct digest_maker_wish {
    struct db *db;             /* reads porchlight.db */
    const struct likes *likes; /* NULL: none are on their way into it */
    const struct member_weights *weights;
    int64_t user_id;
    int64_t team_id;
    const char **topics;
    size_t topics_count;
    int64_t now_ms;
};

/* The best of the team's posts as articles, in the arena; `out` has room for DIGEST_ARTICLES_OWN. */
enum err digest_maker_find(const struct digest_maker_wish *wish, struct arena *arena, struct digest_article *out,
                           size_t *count);

/* The kinds of db/alarms.h; their argument is the struct app. */
extern const struct alarm_kind digest_maker_kinds[];

/* Any thread. When there is no room for it now, its alarm begins it later. */
void digest_maker_begin(struct app *app, const struct digest_id *id);

/* Gives every member who has none their first alarm. Blocks on the rooms writer: the housekeeper. */
enum err digest_maker_enroll(struct app *app);

#endif
