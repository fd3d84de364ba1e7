/*
 * The polls: presence, new posts, changes. What nobody's write has changed since the last poll is answered from memory
 * with an answer that was rendered once per loop and state (api/request.h, shared answers), and no SQL statement.
 */
#ifndef PORCHLIGHT_API_POLLS_H
#define PORCHLIGHT_API_POLLS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/cursor.h"
#include "db/heads.h"

struct polls;
struct request;

/* One loop's rendered answers. */
struct polls *polls_create(void);
void polls_free(struct polls *p); /* NULL is fine */

/* Whether the loop has answered for this team before, so that it exists. */
bool polls_know(const struct polls *p, int64_t team_id);

/* The cursor of a team as of now, for answers that start a client off. `text` has CURSOR_BYTES_MAX. */
enum err polls_cursor_now(struct request *r, int64_t team_id, char text[static CURSOR_BYTES_MAX]);

/* A `since` that the team's head can answer, or why not. */
enum polls_since { POLLS_SINCE_NONE, POLLS_SINCE_OK, POLLS_SINCE_RESET, POLLS_SINCE_BAD };
enum polls_since polls_since(struct request *r, struct team_head *head, struct cursor *out);

#endif
