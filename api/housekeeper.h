/*
 * The thread of timers: stores who was seen, lets go who is no longer here, forgets what is too old. It never blocks a
 * loop; what it writes goes through the writer like everybody's.
 */
#ifndef PORCHLIGHT_API_HOUSEKEEPER_H
#define PORCHLIGHT_API_HOUSEKEEPER_H

#include "api/app.h"

struct housekeeper;

enum err housekeeper_start(struct app *app, struct housekeeper **out);

/* Stores what is still to be stored, joins, frees. The writer must still run. NULL is fine. */
void housekeeper_stop(struct housekeeper *h);

#endif
