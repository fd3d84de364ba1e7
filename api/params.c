/*
 * What handlers ask of a request: its body, its numbers, its team; and small things they say about its answer. See
 * request.h for the contracts. No libmicrohttpd here. The loop's thread.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/advice.h"
#include "api/polls.h"
#include "api/request.h"
#include "api/routes.h"
#include "api/server.h"
#include "db/teams.h"

const char *request_id(struct request *r)
{
    if (r->id[0] == '\0') { /* random start per loop, so that ids of two runs do not meet in a log */
        (void)snprintf(r->id, sizeof r->id, "%016llx", (unsigned long long)r->loop->request_ids);
        r->loop->request_ids += 0x9e3779b97f4a7c15U;
    }
    return r->id;
}

void request_header(struct request *r, const char *name, const char *value)
{
    if (r->headers_count < REPLY_HEADERS_MAX) {
        r->headers[r->headers_count].name = name;
        r->headers[r->headers_count++].value = value;
    }
}

void request_refuse(struct request *r, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->problem.detail, sizeof r->problem.detail, format, args);
    va_end(args);
    r->problem.err = err;
    request_fail(r, err);
}

static bool is_json_type(const char *type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;
    if (type == NULL || strncasecmp(type, json, len) != 0)
        return false;
    type += len;
    while (*type == ' ' || *type == '\t')
        type++;
    return *type == '\0' || *type == ';';
}

bool request_is_json(struct request *r)
{
    if (r->body_len == 0 || is_json_type(r->head.content_type))
        return true;
    request_fail(r, ERR_MEDIA_TYPE);
    return false;
}

bool request_json(struct request *r, const struct json_field *fields, size_t count, struct json_value *values)
{
    bool empty = r->body_len == 0;
    if (!request_is_json(r)) {
        return false;
    }
    enum err err = json_read(empty ? "{}" : r->body, empty ? 2 : r->body_len, fields, count, values, r->arena,
                             &r->problem);
    if (err != ERR_OK)
        request_fail(r, err);
    return err == ERR_OK;
}

/* Canonical and positive: one id has one address. */
static bool parse_id(const char *text, int64_t *id)
{
    size_t len = strlen(text);
    if (len == 0 || len > 19 || text[0] == '0')
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *id = (int64_t)value;
    return value <= INT64_MAX;
}

bool request_path_id(struct request *r, size_t index, int64_t *id)
{
    if (index < r->query.segments_count && parse_id(r->query.segments[index], id))
        return true;
    request_fail(r, ERR_NOT_FOUND);
    return false;
}

bool request_page(struct request *r, size_t *limit, int64_t *page)
{
    const struct query_param *asked = query_find(&r->query, "limit");
    const struct query_param *from = query_find(&r->query, "page");
    int64_t number = PAGE_ITEMS_DEFAULT;
    *page = 0;
    if (asked != NULL && (!parse_id(asked->value, &number) || number > PAGE_ITEMS_MAX)) {
        request_refuse(r, ERR_INVALID, "The parameter \"limit\" has to be between 1 and %d.", PAGE_ITEMS_MAX);
        return false;
    }
    if (from != NULL && !parse_id(from->value, page)) {
        request_refuse(r, ERR_INVALID, "The parameter \"page\" has to be the \"next\" of the page before.");
        return false;
    }
    *limit = (size_t)number;
    return true;
}

static enum err check_entry(struct request *r, int64_t team_id)
{
    struct team team;
    if (!caller_in_team(&r->caller, team_id))
        return problem_set(&r->problem, ERR_FORBIDDEN, "You are not in this team.");
    for (size_t i = 0; i < r->caller.teams_count; i++)
        if (r->caller.teams[i] == team_id)
            return ERR_OK;
    if (polls_know(r->loop->polls, team_id))
        return ERR_OK;
    enum err err = teams_by_id(r->loop->db, r->arena, team_id, &team); /* an admin may enter any, if it exists */
    return err == ERR_NOT_FOUND ? problem_set(&r->problem, err, "There is no such team.") : err;
}

enum err request_find_team(struct request *r, int64_t *team_id)
{
    const struct query_param *asked = query_find(&r->query, "team");
    if (asked == NULL) {
        if (r->caller.teams_count == 0)
            return problem_set(&r->problem, ERR_NOT_FOUND, "You are not in a team. Say which one you mean.");
        *team_id = r->caller.teams[0];
        return ERR_OK;
    }
    if (!parse_id(asked->value, team_id))
        return problem_set(&r->problem, ERR_INVALID, "The parameter \"team\" has to be the id of a team.");
    return check_entry(r, *team_id);
}

/* false: answered. */
static bool passed(struct request *r, enum err err)
{
    if (err != ERR_OK)
        request_fail(r, err);
    return err == ERR_OK;
}

bool request_team(struct request *r, int64_t *team_id)
{
    return passed(r, request_find_team(r, team_id));
}

bool request_may_enter(struct request *r, int64_t team_id)
{
    return passed(r, check_entry(r, team_id));
}

unsigned request_poll_interval(struct request *r, unsigned base_s)
{
    unsigned load = server_load(r->loop);
    unsigned told_s = advice_interval_s(base_s, load, (unsigned)(r->loop->turns++ % ADVICE_VARIANTS));
    char *text = arena_printf(r->arena, "%u", told_s);
    if (text != NULL)
        request_header(r, "X-Poll-Interval", text);
    return told_s;
}
