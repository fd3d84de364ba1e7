/*
 * Reports: what a member, or the word list, asks a coach to look at. Table reports.
 *
 * A report names a post or a message and copies nothing of it. One per member and subject. It is open until somebody
 * who leads the team decides; one decision settles all open reports of its subject.
 */
#ifndef PORCHLIGHT_DB_REPORTS_H
#define PORCHLIGHT_DB_REPORTS_H

#include "db/hidden.h"
#include "db/tx.h"

enum report_subject { REPORT_POST, REPORT_MESSAGE };
const char *reports_subject_name(enum report_subject subject); /* "post", "message" */
bool reports_subject_parse(const char *text, enum report_subject *subject);

enum report_reason { REASON_UNKIND, REASON_ADVERT, REASON_PRIVATE, REASON_WORRY, REASON_OTHER, REASON_WORDS };
const char *reports_reason_name(enum report_reason reason);
bool reports_reason_parse(const char *text, enum report_reason *reason); /* a member's: not REASON_WORDS */

enum report_state { REPORT_OPEN, REPORT_HIDDEN, REPORT_RESTORED, REPORT_DISMISSED };
const char *reports_state_name(enum report_state state); /* "open", "hidden", "restored", "dismissed" */
bool reports_state_parse(const char *text, enum report_state *state);

struct report {
    int64_t id;
    enum report_subject subject;
    int64_t subject_id;
    int64_t channel_id; /* of a message; otherwise 0 */
    int64_t team_id;
    int64_t author_id;
    const char *author_name;
    const char *text;    /* of the subject, as it is now */
    bool deleted;        /* the subject is */
    enum hidden hidden;  /* likewise */
    int64_t reporter_id; /* 0: the word list */
    enum report_reason reason;
    const char *words; /* of the reporter; "" for none */
    enum report_state state;
    int64_t created_ms;
    int64_t decided_ms; /* 0: not yet */
    int64_t decided_by; /* 0: not yet, or the operator */
};

struct reports_query {
    int64_t team_id;    /* 0: all */
    int64_t not_author; /* what this one wrote is for somebody else to judge; 0: nobody */
    enum report_state state;
    int64_t before_id; /* 0: from the newest */
    size_t limit;
};
/* Newest first. */
enum err reports_page(struct db *db, struct arena *arena, const struct reports_query *query, struct report **out,
                      size_t *count);
enum err reports_by_id(struct db *db, struct arena *arena, int64_t id, struct report *out); /* ERR_NOT_FOUND */

struct report_new {
    enum report_subject subject;
    int64_t subject_id;
    int64_t team_id;
    int64_t author_id;
    int64_t reporter_id; /* 0: the word list */
    enum report_reason reason;
    const char *words;
};
/* `again`: this member reported it before; `id` is that report's. */
enum err reports_create(struct tx *tx, const struct report_new *report, int64_t *id, bool *again);

/* Settles the open reports of a subject. */
enum err reports_decide(struct tx *tx, enum report_subject subject, int64_t subject_id, enum report_state state,
                        int64_t by);

/* What a member reported, for their own copy. Texts are borrowed; `each` runs inside the query. */
enum err reports_each_of(struct db *db, int64_t reporter_id, void (*each)(void *arg, const struct report *report),
                         void *arg);

#endif
