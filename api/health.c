/*
 * What operators and clients ask of the server itself: capabilities, health, readiness, figures.
 */
#include <stdio.h>
#include <string.h>

#include "api/metrics_text.h"
#include "api/pusher.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/version.h"

void health_capabilities(struct request *r)
{
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "realtime");
    bool open = r->app->realtime != NULL && realtime_is_open(r->app->realtime);
    json_put_bool(&w, open);
    json_key(&w, "socket");
    json_put_string(&w, open ? "/ws" : NULL);
    json_key(&w, "version");
    json_put_string(&w, PORCHLIGHT_VERSION);
    json_key(&w, "poll");
    json_object_begin(&w);
    json_key(&w, "presence");
    json_put_int(&w, r->app->options->poll_interval_s);
    json_key(&w, "posts");
    json_put_int(&w, (r->app->options->poll_interval_s + 1) / 2);
    json_object_end(&w);
    json_key(&w, "push");
    json_object_begin(&w);
    json_key(&w, "publicKey");
    json_put_string(&w, pusher_key(r->app->pusher));
    json_object_end(&w);
    json_object_end(&w);
    request_reply(r, 200);
}

void health_live(struct request *r)
{
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "status");
    json_put_string(&w, "ok");
    json_object_end(&w);
    request_reply(r, 200);
}

void health_ready(struct request *r)
{
    bool failing = atomic_load(&writer_stats(r->app->writer)->storage_failing) != 0;
    if (atomic_load(&r->app->draining)) {
        request_refuse(r, ERR_BUSY, "The server is shutting down.");
        return;
    }
    if (failing) {
        request_fail(r, ERR_STORAGE);
        return;
    }
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "status");
    json_put_string(&w, "ready");
    json_key(&w, "storage");
    json_put_string(&w, "ok");
    json_key(&w, "backups"); /* one that fails is no reason to send nobody here any more */
    json_put_string(&w, atomic_load(&backups_stats(r->app->backups)->failing) ? "failing"
                        : backups_scheduled(r->app->backups)                  ? "ok"
                                                                              : "off");
    json_object_end(&w);
    request_reply(r, 200);
}

/* From this machine and not through a proxy, or with an admin's or a service's token. */
static bool may_see_metrics(struct request *r)
{
    if (r->head.authorization == NULL && r->head.cookie == NULL)
        return !r->head.forwarded && cidr_is_loopback(&r->from->address);
    enum err err = auth_request(r);
    return err == ERR_OK && (r->caller.kind == CALLER_SERVICE || r->caller.role == ROLE_ADMIN);
}

void health_metrics(struct request *r)
{
    if (!may_see_metrics(r)) {
        request_refuse(r, ERR_FORBIDDEN, "Figures are for the machine itself, for admins and for services.");
        return;
    }
    enum err err = metrics_text(r->app, r->loop->server, r->loop->db, r->loop->rooms_db, &r->out);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply_text(r, 200, "text/plain; version=0.0.4; charset=utf-8");
}
