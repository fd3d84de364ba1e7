/* Stays. See stay.h. */
#include "realtime/stay.h"

#include "realtime/room.h"
#include "realtime/socket.h"

void stay_heard(struct reactor *r, const struct socket *s)
{
    if (s->room != NULL && s->room->team_id != 0)
        reach_heard(r->rt->options.reach, s->attachment->user_id, s->room->team_id, r->now_ms,
                    r->now_ms + PING_LATE_MS);
}

void stay_begin(struct reactor *r, struct socket *s)
{
    if (s->stay != 0 || s->room == NULL || s->room->team_id == 0)
        return;
    reach_expected(r->rt->options.reach, s->attachment->user_id, s->room->team_id, r->now_ms + PING_LATE_MS);
    struct presence_team *team = presence_team(r->rt->options.presence, s->room->team_id);
    const struct attachment *a = s->attachment;
    const struct presence_person person = {
        .user_id = a->user_id,
        .coach_name = a->role == ROLE_COACH ? attachment_name(a) : NULL,
        .appears_offline = a->appears_offline,
    };
    s->stay = team == NULL ? 0 : presence_attach(team, &person, r->now_ms);
}

static void detach(struct reactor *r, const struct socket *s, uint32_t stay, int64_t grace_ms)
{
    if (stay == 0)
        return;
    struct presence_team *team = presence_team(r->rt->options.presence, s->room->team_id);
    presence_detach(team, s->attachment->user_id, stay, r->now_ms + grace_ms);
}

void stay_end(struct reactor *r, struct socket *s, int64_t grace_ms)
{
    detach(r, s, s->stay, grace_ms);
    s->stay = 0;
}

/* Begun under the new name, or not at all, before the old stay ends. */
void stay_renew(struct reactor *r, struct socket *s)
{
    uint32_t before = s->stay;
    s->stay = 0;
    stay_begin(r, s);
    detach(r, s, before, 0);
}

void stay_leave(struct reactor *r, struct socket *s)
{
    stay_end(r, s, r->rt->options.grace_ms);
    r->later -= s->catch_later && !s->doubt_later;
    s->catching = s->skipped = s->welcomed = s->catch_later = false;
    s->joining++;
    room_leave(r, s);
}
