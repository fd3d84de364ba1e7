/*
 * Acts of those who keep a community kind. Each checks its subject, does what it says through the aggregates, and adds
 * its row to the audit log, in one transaction; HTTP and the command line do the same thing here. Who may do it is the
 * caller's question: `actor_id` 0 is the operator.
 */
#ifndef PORCHLIGHT_DB_MODERATION_H
#define PORCHLIGHT_DB_MODERATION_H

#include "db/reports.h"
#include "db/users.h"

struct subject {
    enum report_subject kind;
    int64_t id;
    int64_t channel_id; /* of a message; otherwise 0 */
    int64_t team_id;
    int64_t author_id;
    enum hidden hidden;
};

/* ERR_NOT_FOUND with a sentence, also for what was deleted. */
enum err moderation_subject(struct tx *tx, enum report_subject kind, int64_t id, struct subject *out);

/*
 * Hides it or shows it again, and settles its open reports. A notice that quoted a post loses those words, for good:
 * nobody knows who has read them. `changed`: it was not so before.
 */
enum err moderation_hide(struct tx *tx, int64_t actor_id, const struct subject *subject, bool hide, bool *changed);

/* What is decided of a report: "hide", "restore" or "dismiss". What was deleted meanwhile can only be dismissed. */
enum err moderation_decide(struct tx *tx, int64_t actor_id, const struct report *report, const char *decision);

/* There was nothing wrong with it: its reports are settled. What the word list held back is shown. */
enum err moderation_dismiss(struct tx *tx, int64_t actor_id, const struct subject *subject);

/* A member's report. ERR_CONFLICT for one's own. */
struct complaint {
    int64_t reporter_id;
    enum report_reason reason;
    const char *words;
};
enum err moderation_report(struct tx *tx, const struct subject *subject, const struct complaint *complaint, int64_t *id,
                           bool *again);

/* What is about to be written: ERR_MUTED while its author may not; otherwise whether it waits for a coach first. */
struct draft_words {
    int64_t team_id;
    int64_t author_id;
    bool leads;         /* who leads the team needs nobody's look */
    const char *text;   /* NULL counts as "" */
    const char *topics; /* NULL: none */
};
enum err moderation_screen(struct tx *tx, const struct draft_words *draft, enum hidden *out);

/* The word list found something: it is in the queue; whoever wrote it hides it from its first moment. */
enum err moderation_held(struct tx *tx, const struct subject *subject);
struct channel;
enum err moderation_held_message(struct tx *tx, const struct channel *channel, int64_t id, int64_t author_id);

/* Minutes 0 ends it. ERR_NOT_FOUND when not in the team, ERR_FORBIDDEN for an admin and for the team's own coach. */
enum err moderation_mute(struct tx *tx, int64_t actor_id, int64_t team_id, int64_t user_id, int64_t minutes,
                         int64_t *until_ms);

/* Out of the team; what they wrote stays. ERR_NOT_FOUND when not in it, ERR_CONFLICT for its coach. */
enum err moderation_remove(struct tx *tx, int64_t actor_id, int64_t team_id, int64_t user_id);

#endif
