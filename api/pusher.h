/*
 * The thread that sends what is owed to members' devices (Web Push, RFC 8030).
 *
 *   on_published ── pusher_wake ──> spread the notice over devices ──> due? ── told already ──> forgotten
 *                                                                       │───── app is open ───> looked at again
 *                                                                       │───── quiet hours ───> at their end
 *                                                                       └───── sent ──────────> taken, again, gone
 *
 * Whatever is decided is a job of the main writer: what is owed is durable before the thread hears of it, and forgotten
 * only when that is settled. A stop in between may send one delivery twice, since nobody can know whether it was taken;
 * its topic and the notification's tag make that one on the device. Owns a read connection and a sender.
 */
#ifndef PORCHLIGHT_API_PUSHER_H
#define PORCHLIGHT_API_PUSHER_H

#include "api/app.h"
#include "base/buf.h"

struct pusher;

/* Reads the server's key from `db`; no thread runs yet. ERR_NO_MEMORY, ERR_STORAGE, ERR_INTERNAL (the key is damaged).
 */
enum err pusher_create(struct app *app, struct db *db, struct pusher **out);
void pusher_free(struct pusher *p); /* after pusher_stop; NULL is fine */

/* ERR_NO_MEMORY, ERR_STORAGE. */
enum err pusher_start(struct pusher *p);
/* Waits for what is under way, at most PUSH_STOP_MS. The main writer still runs. NULL is fine. */
void pusher_stop(struct pusher *p);

/* Something may be owed. Any thread. */
void pusher_wake(struct pusher *p);

/* The public half of the server's key, base64url: what a browser subscribes with. Any thread. */
const char *pusher_key(const struct pusher *p);

/* Prometheus text. Any thread with a read connection. */
enum err pusher_metrics(const struct pusher *p, struct db *db, struct buf *out);

#endif
