/*
 * All figures as Prometheus text (exposition format 0.0.4).
 */
#ifndef PORCHLIGHT_API_METRICS_TEXT_H
#define PORCHLIGHT_API_METRICS_TEXT_H

#include "api/app.h"
#include "base/buf.h"

struct server;

/* Appends to `out`; reads through connections to both files. ERR_STORAGE. */
enum err metrics_text(struct app *app, struct server *server, struct db *db, struct db *rooms, struct buf *out);

#endif
