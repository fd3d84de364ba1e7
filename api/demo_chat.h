/*
 * What the people of the demo community say to each other in their teams' chats. See demo.h.
 */
#ifndef PORCHLIGHT_API_DEMO_CHAT_H
#define PORCHLIGHT_API_DEMO_CHAT_H

#include "db/tx.h"

/* The first channels of the two teams, a second one where only Sarah writes, their messages and who has read them. The
   teams and members are there already; member 1 has the user id `first_member`. */
struct demo_chat {
    int64_t walkers; /* team ids */
    int64_t strong;
    int64_t first_member;
    int64_t now_ms;
};
enum err demo_chat_put(struct tx *tx, const struct demo_chat *demo);

#endif
