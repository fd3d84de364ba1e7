/* Counters as JSON. See counters.h. Polls and sockets show the same shapes, so both render them here. Pure. */
#include "db/counters.h"

void counters_render(struct json_writer *w, const struct counter *counter)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, counter->id);
    json_key(w, "name");
    json_put_string(w, counter->name);
    json_key(w, "teamId");
    json_put_id(w, counter->team_id);
    json_key(w, "value");
    json_put_int(w, counter->value);
    json_key(w, "createdAt");
    json_put_time(w, counter->created_ms);
    json_key(w, "updatedAt");
    json_put_time(w, counter->updated_ms);
    json_key(w, "operationCount");
    json_put_int(w, counter->operations);
    json_object_end(w);
}

void counters_render_event(struct json_writer *w, const struct counter_event *event, const char *cursor)
{
    json_object_begin(w);
    json_key(w, "type");
    json_put_string(w, counters_kind_name(event->kind));
    json_key(w, "value");
    json_put_int(w, event->counter.value);
    json_key(w, "previousValue");
    json_put_int(w, event->previous);
    json_key(w, "metadata");
    counters_render(w, &event->counter);
    json_key(w, "timestamp");
    json_put_time(w, event->counter.updated_ms);
    json_key(w, "cursor");
    json_put_string(w, cursor);
    json_object_end(w);
}
