/*
 * In-app nudges: a coach's pin, an announcement to a team, a win announced to everybody. Table notices.
 */
#ifndef PORCHLIGHT_DB_NOTICES_H
#define PORCHLIGHT_DB_NOTICES_H

#include "db/users.h"

enum notice_kind { NOTICE_PIN, NOTICE_ANNOUNCEMENT, NOTICE_WIN };
const char *notice_kind_name(enum notice_kind kind); /* "pin", "announcement", "win" */
bool notice_kind_parse(const char *text, enum notice_kind *kind);

/* Only our own pages: a notice must not be a way to lead members elsewhere. */
bool notices_link_is_ours(const char *link);

struct notice {
    int64_t id;
    enum notice_kind kind;
    int64_t team_id; /* 0: everybody */
    int64_t author_id;
    const char *title;
    const char *body;
    const char *link; /* NULL: none */
    int64_t seq;
    int64_t created_ms;
};

/* A team's notices and those to everybody with seq > since_seq and (before_id == 0 or id < before_id), newest first. */
enum err notices_page(struct db *db, struct arena *arena, int64_t team_id, int64_t since_seq, int64_t before_id,
                      size_t limit, struct notice **out, size_t *count);
enum err notices_by_id(struct db *db, struct arena *arena, int64_t id, struct notice *out);

/* id 0: the next free one, which devices are told of (db/pushes.h); created_ms 0: now; seq is given by the function.
   CHANGE_NOTICE. */
enum err notices_create(struct tx *tx, const struct notice *notice, int64_t *id);

/* The page of a post: what a notice of its pin leads to. NULL: no memory. */
const char *notices_post_link(struct arena *arena, int64_t post_id);

/* Takes the words out of the notices that lead to `link`: what they quoted is gone. A look at all notices; deleting is
 * rare. */
enum err notices_forget_words(struct tx *tx, const char *link);

#endif
