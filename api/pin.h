/*
 * Where the notice of a pin leads.
 */
#ifndef PORCHLIGHT_API_PIN_H
#define PORCHLIGHT_API_PIN_H

#include <stdint.h>

#include "base/arena.h"

/* "/#/posts/12": the post in the web app. NULL: no memory. */
const char *pin_link(struct arena *arena, int64_t post_id);

#endif
