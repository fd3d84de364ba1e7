/*
 * What a member prefers and has taught: preferences, feedback on articles, weights of topics. Kept in room storage
 * (db/room_store.h), in room "member/{user id}", one key a thing:
 *
 *   preferences            feed, weekly digest, topics
 *   weights                tenths of topics, "11 garden 9 lake": one without weighs WEIGHT_TENTHS_DEFAULT
 *   feedback/{number}      when, which article, helpful or not, its topics: FEEDBACK_KEPT_MAX, for FEEDBACK_KEPT_DAYS,
 *                          one an article
 *   feedback-next          the next number of these
 *   week                   the last week whose digest was made
 *   digest/{number}        the member's jobs (db/digests.h)
 *   digest-next            the next number of these
 *
 * A room without sockets: it has no kind in realtime/, for preferences and digests work while that is off, and in a
 * build without it. Its alarm (db/alarms.h) rings once a week, and once a day while there is feedback to forget, at the
 * member's own moment, so that not all ring at once. Writes run in the rooms writer's transaction, reads on a read
 * connection to rooms.db.
 */
#ifndef PORCHLIGHT_DB_MEMBER_STATE_H
#define PORCHLIGHT_DB_MEMBER_STATE_H

#include "db/room_store.h"

#define MEMBER_STATE_ROOMS "member/"

void member_state_room(int64_t user_id, char out[static 32]);
/* false: no member's room. */
bool member_state_parse_room(const char *room, int64_t *user_id);

/* ---- preferences ------------------------------------------------------------------------------------------------- */

struct member_preferences {
    bool only_mine; /* the feed leaves out what the weights leave out; otherwise everything is shown */
    bool weekly_digest;
    const char **topics;
    size_t topics_count;
};

/* The defaults when none were set. */
enum err member_state_preferences(struct db *db, struct arena *arena, int64_t user_id, struct member_preferences *out);
enum err member_state_set_preferences(struct tx *tx, int64_t user_id, const struct member_preferences *p);

/* ---- weights ----------------------------------------------------------------------------------------------------- */

struct member_weight {
    const char *topic;
    int tenths;
};

struct member_weights {
    struct member_weight *items; /* in the order of the topics' bytes */
    size_t count;
};

/* One opinion's step. Pure. */
int member_state_step(int tenths, bool helpful);

/* Of a topic of `len` bytes. */
int member_state_weight(const struct member_weights *weights, const char *topic, size_t len);

/* Whether any of the topics (words with one blank between) weighs enough to be shown; true when there are none. */
bool member_state_shows(const struct member_weights *weights, const char *topics);

enum err member_state_weights(struct db *db, struct arena *arena, int64_t user_id, struct member_weights *out);

/* ---- feedback ---------------------------------------------------------------------------------------------------- */

struct member_feedback {
    int64_t at_ms;
    const char *article_id;
    bool helpful;
    const char **topics;
    size_t topics_count;
};

/*
 * Keeps it and moves the weights of its topics. An answer about an article that was answered before replaces that one,
 * and the weights become what they were without it, with the new one as the newest; the same answer changes nothing.
 */
enum err member_state_feedback(struct tx *tx, int64_t user_id, const struct member_feedback *feedback);
/* The weights again, from what is stored, in order: the same each time, and those that there are already while nothing
   was forgotten and no topic had to make room. */
enum err member_state_learn(struct tx *tx, int64_t user_id);

/* ---- alarm ------------------------------------------------------------------------------------------------------- */

/* Sets the first alarm of who has none: the next weekly moment. */
enum err member_state_enroll(struct tx *tx, int64_t user_id);

/* The alarm: forgets old feedback and sets the next. `weekly`: a week has begun since the last that was told here, and
   the member wants a digest of it. */
enum err member_state_ring(struct tx *tx, int64_t user_id, bool *weekly);

/* The member's last weekly moment at `now_ms` or before, counted in weeks; and when such a week begins. Pure. */
int64_t member_state_week(int64_t user_id, int64_t now_ms);
int64_t member_state_week_ms(int64_t user_id, int64_t week);

/* A number under a key of the room; `missing` when there is none. For db/digests.c. */
enum err member_state_number(struct db *db, struct arena *arena, int64_t user_id, const char *key, int64_t missing,
                             int64_t *out);
enum err member_state_set_number(struct tx *tx, int64_t user_id, const char *key, int64_t value);

#endif
