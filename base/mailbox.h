/*
 * A bounded queue between threads with an eventfd to wait on.
 *
 * Messages are embedded in what they carry (struct mail), so posting allocates nothing. Any number of threads may post;
 * one takes. The eventfd is written only when the box was empty, so a busy reader costs no system call per message.
 */
#ifndef PORCHLIGHT_BASE_MAILBOX_H
#define PORCHLIGHT_BASE_MAILBOX_H

#include <stddef.h>

#include "base/err.h"

struct mail {
    struct mail *next;
};

struct mailbox;

struct mailbox *mailbox_create(size_t limit); /* NULL: no memory or no descriptor */
void mailbox_free(struct mailbox *m);         /* NULL is fine; what is still inside is the owner's business */

/* ERR_BUSY when the limit is reached (the message stays the caller's), ERR_CONFLICT after mailbox_close. */
enum err mailbox_post(struct mailbox *m, struct mail *mail);

/* Past the limit too, and after mailbox_close: for what must not get lost and is bounded by something else, such as
   answers to what the reader asked for. */
void mailbox_post_always(struct mailbox *m, struct mail *mail);

/* Everything that waits, oldest first, linked by `next`; NULL when empty. Never blocks; clears the eventfd. */
struct mail *mailbox_take(struct mailbox *m);

/* As mailbox_take, but waits until there is something. NULL only when closed and empty. */
struct mail *mailbox_wait(struct mailbox *m);

void mailbox_wake(struct mailbox *m);    /* the reader looks, though there may be nothing; any thread */
void mailbox_close(struct mailbox *m);   /* later posts are refused, waiters wake */
int mailbox_fd(const struct mailbox *m); /* for epoll; readable while something waits */
size_t mailbox_depth(struct mailbox *m);

#endif
