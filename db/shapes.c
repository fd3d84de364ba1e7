/* Shapes as JSON. See shapes.h. */
#include "db/shapes.h"

void shapes_message(struct json_writer *w, const struct chat_message *message, bool sees_hidden)
{
    bool masked = message->hidden != HIDDEN_NOT && !sees_hidden;
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, message->id);
    json_key(w, "channelId");
    json_put_id(w, message->channel_id);
    json_key(w, "userId");
    json_put_id(w, message->author_id);
    json_key(w, "username");
    json_put_string(w, message->author_name);
    json_key(w, "content");
    json_put_string(w, masked ? "" : message->content);
    json_key(w, "threadId");
    json_put_id(w, message->thread_id);
    json_key(w, "clientId");
    json_put_string(w, message->client_id);
    json_key(w, "timestamp");
    json_put_time(w, message->created_ms);
    json_key(w, "editedAt");
    json_put_time(w, message->edited_ms);
    json_key(w, "deleted");
    json_put_bool(w, message->deleted || masked);
    json_key(w, "hidden");
    json_put_string(w, message->deleted ? NULL : hidden_name(message->hidden));
    json_object_end(w);
}

void shapes_receipt(struct json_writer *w, const struct receipt *receipt)
{
    json_object_begin(w);
    json_key(w, "userId");
    json_put_id(w, receipt->user_id);
    json_key(w, "deliveredId");
    json_put_id(w, receipt->delivered_id);
    json_key(w, "readId");
    json_put_id(w, receipt->read_id);
    json_object_end(w);
}

void shapes_audit(struct json_writer *w, const struct audit_entry *entry)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, entry->id);
    json_key(w, "at");
    json_put_time(w, entry->at_ms);
    json_key(w, "actorId");
    json_put_id(w, entry->actor_id);
    json_key(w, "action");
    json_put_string(w, entry->action);
    json_key(w, "teamId");
    json_put_id(w, entry->team_id);
    json_key(w, "subject");
    json_put_string(w, entry->subject);
    json_key(w, "subjectId");
    json_put_id(w, entry->subject_id);
    json_key(w, "detail");
    json_put_string(w, entry->detail);
    json_object_end(w);
}
