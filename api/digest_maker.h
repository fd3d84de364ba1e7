/*
 * The digests this server makes: begun by a member's wish or by an alarm, made by a helper thread from their team's
 * posts of the last DIGEST_DAYS (api/digest_rank.h), and the alarms of the two kinds of rooms that have no sockets.
 *
 *   POST /digests ──> digest_maker_begin ──┐
 *   alarm of member/{id}: a new week ──> a job ──> alarm of digest/{id} ──> begin ──> helper: reads, ranks ──> rooms
 * writer
 *
 * Nothing is lost with the process: the job's alarm begins it again, and fails it when it makes no progress.
 */
#ifndef PORCHLIGHT_API_DIGEST_MAKER_H
#define PORCHLIGHT_API_DIGEST_MAKER_H

#include "api/app.h"
#include "db/alarms.h"
#include "db/digests.h"

/* The kinds of db/alarms.h; their argument is the struct app. */
extern const struct alarm_kind digest_maker_kinds[];

/* Any thread. When there is no room for it now, its alarm begins it later. */
void digest_maker_begin(struct app *app, const struct digest_id *id);

/* Gives every member who has none their first alarm. Blocks on the rooms writer: the housekeeper. */
enum err digest_maker_enroll(struct app *app);

#endif
