/* Who is at the other end of a socket, in one piece of memory. See socket.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "realtime/socket.h"

static_assert(sizeof(struct attachment) + TEAMS_PER_MEMBER_MAX * 8 + JTI_BYTES_MAX + 1 + NAME_CHARS_MAX * 4 + 1 <=
                  ATTACHMENT_BYTES_MAX,
              "the largest attachment fits");

struct attachment *attachment_create(const struct realtime_member *m, uint32_t joined_s, uint64_t address_key)
{
    size_t jti_len = strlen(m->jti);
    size_t name_len = strlen(m->name);
    size_t teams = m->teams_count < TEAMS_PER_MEMBER_MAX ? m->teams_count : TEAMS_PER_MEMBER_MAX;
    size_t size = offsetof(struct attachment, bytes) + teams * sizeof(int64_t) + jti_len + 1 + name_len + 1;
    if (size > ATTACHMENT_BYTES_MAX)
        return NULL;
    struct attachment *a = malloc(size);
    if (a == NULL)
        return NULL;
    a->user_id = m->user_id;
    a->issued_ms = m->issued_ms;
    a->expires_ms = m->expires_ms;
    a->joined_s = joined_s;
    a->address_key = address_key;
    a->size = (uint16_t)size;
    a->role = (uint8_t)m->role;
    a->appears_offline = m->appears_offline;
    a->teams_count = (uint8_t)teams;
    a->jti_len = (uint16_t)jti_len;
    a->name_len = (uint16_t)name_len;
    if (teams > 0)
        memcpy(a->bytes, m->teams, teams * sizeof(int64_t));
    memcpy(a->bytes + teams * sizeof(int64_t), m->jti, jti_len + 1);
    memcpy(a->bytes + teams * sizeof(int64_t) + jti_len + 1, m->name, name_len + 1);
    return a;
}

const char *attachment_jti(const struct attachment *a)
{
    return a->bytes + a->teams_count * sizeof(int64_t);
}

const char *attachment_name(const struct attachment *a)
{
    return attachment_jti(a) + a->jti_len + 1;
}

int64_t attachment_team(const struct attachment *a, size_t index)
{
    int64_t team_id;
    assert(index < a->teams_count);
    memcpy(&team_id, a->bytes + index * sizeof team_id, sizeof team_id);
    return team_id;
}

bool attachment_in_team(const struct attachment *a, int64_t team_id)
{
    for (size_t i = 0; i < a->teams_count; i++)
        if (attachment_team(a, i) == team_id)
            return true;
    return a->role == ROLE_ADMIN;
}
