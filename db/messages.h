/*
 * What is said in chat channels. Table messages.
 *
 * Ids rise within a channel. A deleted message keeps its row without its words, so that its id, its place and the
 * answers in its thread stay. Whoever knows a number of the one sequence is told what came after it in this order:
 *
 *     made after it       at the number it was made with, as it is now
 *     made before it      at the number of its newest change
 */
#ifndef PORCHLIGHT_DB_MESSAGES_H
#define PORCHLIGHT_DB_MESSAGES_H

#include "db/channels.h"
#include "db/hidden.h"

struct chat_message {
    int64_t id;
    int64_t channel_id;
    int64_t author_id;
    const char *author_name;
    const char *content;   /* "" when deleted */
    int64_t thread_id;     /* 0: none */
    const char *client_id; /* NULL: none */
    bool deleted;
    enum hidden hidden; /* then its words are only for some (db/shapes.h) */
    int64_t created_seq;
    int64_t changed_seq; /* 0: as it was made */
    int64_t created_ms;
    int64_t edited_ms; /* 0: never */
};

/* Newest first, ids below `before_id` (0: from the newest); of a thread its first message and the answers. */
struct messages_query {
    int64_t channel_id;
    int64_t thread_id; /* 0: all */
    int64_t before_id;
    size_t limit;
};
enum err messages_page(struct db *db, struct arena *arena, const struct messages_query *query,
                       struct chat_message **out, size_t *count);

/*
 * What came after `since_seq`, up to `until_seq`, in the order above, at most `limit`. messages_place says where one
 * stands for this `since_seq`.
 */
enum err messages_since(struct db *db, struct arena *arena, int64_t channel_id, int64_t since_seq, int64_t until_seq,
                        size_t limit, struct chat_message **out, size_t *count);
int64_t messages_place(const struct chat_message *message, int64_t since_seq);

/* ERR_NOT_FOUND for an unknown id; a deleted one is found. */
enum err messages_by_id(struct db *db, struct arena *arena, int64_t id, struct chat_message *out);

/* The same for a write: with a sentence, and ERR_NOT_FOUND when it is in another channel. */
enum err messages_in(struct tx *tx, const struct channel *channel, int64_t id, struct chat_message *out);

struct chat_message_new {
    int64_t id; /* 0: the next free one */
    const struct channel *channel;
    int64_t author_id;
    const char *content;
    int64_t thread_id;     /* 0: none */
    const char *client_id; /* NULL: none */
    int64_t created_ms;    /* 0: now */
    int64_t edited_ms;
    bool deleted;
    enum hidden hidden;
};

/*
 * Whether the member sent it before under the same client id; `id` is that one's. It was taken then, so nothing that
 * has come since (a pause, a word on the list) refuses it. ERR_KEY_REUSED when that was something else.
 */
enum err messages_again(struct tx *tx, const struct chat_message_new *message, int64_t *id, bool *again);

/*
 * CHANGE_MESSAGE. What the member sent before under the same client id is not said twice: `again` is set, and `id` is
 * the first one's. ERR_KEY_REUSED when that was something else, ERR_NOT_FOUND when there is no such thread in the
 * channel, ERR_INVALID when it is an answer itself.
 */
enum err messages_create(struct tx *tx, const struct chat_message_new *message, int64_t *id, bool *again);

/* CHANGE_MESSAGE_EDITED. ERR_NOT_FOUND also for a deleted one. */
enum err messages_edit(struct tx *tx, const struct channel *channel, int64_t id, const char *content);
/* Hides it, or shows it again; its place stays. Told as an edit, since a client keeps the message. `changed`: it was
   not so before. ERR_NOT_FOUND also for a deleted one. */
enum err messages_hide(struct tx *tx, const struct channel *channel, int64_t id, enum hidden hidden, bool *changed);
/* CHANGE_MESSAGE_DELETED; nothing when it is deleted already. ERR_NOT_FOUND. */
enum err messages_delete(struct tx *tx, const struct channel *channel, int64_t id);

#endif
