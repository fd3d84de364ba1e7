/*
 * user list, team list: who is there, as a table for people or (--json) as one array.
 *
 *      USER   NAME        ROLE    TEAM             STATE         [{"id":"2","username":"sarah",...}
 *      sarah  Sarah Bell  coach   Morning Walkers  active        ,{"id":"3",...}
 *      mary   Mary Jones  member  Morning Walkers  disabled      ]
 *
 * A table is walked twice, first for the width of its columns, so that no more than one row is held.
 */
#include <stdio.h>
#include <string.h>

#include "api/cmd.h"
#include "base/json.h"
#include "db/teams.h"

#define CELLS_MAX 5
#define ROW_BYTES_MAX 4096 /* two names of 60 characters and a few words */
#define GAP 2

struct list {
    struct operator_context *ctx;
    size_t cells;
    size_t widths[CELLS_MAX];
    bool measuring;
    size_t rows;
    struct buf row;
};

static void put_cells(struct list *l, const char *const *cells)
{
    buf_reset(&l->row);
    for (size_t i = 0; i < l->cells; i++) {
        size_t width = json_utf8_length(cells[i], strlen(cells[i]));
        if (width > l->widths[i])
            l->widths[i] = width;
        bool last = i + 1 == l->cells;
        buf_printf(&l->row, "%s%*s", cells[i], last ? 0 : (int)(l->widths[i] - width + GAP), "");
    }
    if (!l->measuring)
        operator_print(l->ctx, "%s", l->row.data);
}

static void put_json(struct list *l)
{
    operator_print(l->ctx, "%s%s", l->rows++ == 0 ? "[" : ",", l->row.data);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void user_json(struct buf *out, const struct user_row *u)
{
    struct json_writer w = {.out = out};
    buf_reset(out);
    json_object_begin(&w);
    json_key(&w, "id");
    json_put_id(&w, u->id);
    json_key(&w, "username");
    json_put_string(&w, u->username);
    json_key(&w, "name");
    json_put_string(&w, u->name);
    json_key(&w, "role");
    json_put_string(&w, role_name(u->role));
    json_key(&w, "team");
    json_put_string(&w, u->team);
    json_key(&w, "disabled");
    json_put_bool(&w, u->disabled);
    json_key(&w, "createdAt");
    json_put_time(&w, u->created_ms);
    json_object_end(&w);
}

static void each_user(void *arg, const struct user_row *u)
{
    struct list *l = arg;
    const char *const cells[] = {u->username, u->name, role_name(u->role), u->team != NULL ? u->team : "-",
                                 u->disabled ? "disabled" : "active"};
    if (!l->ctx->options->json) {
        put_cells(l, cells);
        return;
    }
    user_json(&l->row, u);
    put_json(l);
}

static void team_json(struct buf *out, const struct team_row *t)
{
    struct json_writer w = {.out = out};
    buf_reset(out);
    json_object_begin(&w);
    json_key(&w, "id");
    json_put_id(&w, t->id);
    json_key(&w, "name");
    json_put_string(&w, t->name);
    json_key(&w, "coach");
    json_put_string(&w, t->coach);
    json_key(&w, "memberCount");
    json_put_int(&w, t->members);
    json_key(&w, "createdAt");
    json_put_time(&w, t->created_ms);
    json_object_end(&w);
}

static void each_team(void *arg, const struct team_row *t)
{
    struct list *l = arg;
    char members[24];
    (void)snprintf(members, sizeof members, "%lld", (long long)t->members);
    const char *const cells[] = {t->coach, t->name, members};
    if (!l->ctx->options->json) {
        put_cells(l, cells);
        return;
    }
    team_json(&l->row, t);
    put_json(l);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static enum err walk(struct list *l, bool users)
{
    return users ? users_each(l->ctx->db, each_user, l) : teams_each(l->ctx->db, each_team, l);
}

static int list(struct operator_context *ctx, bool users, const char *const *heads, size_t cells)
{
    struct list l = {.ctx = ctx, .cells = cells, .measuring = !ctx->options->json};
    enum err err = ERR_OK;
    buf_init(&l.row, ROW_BYTES_MAX);
    if (!ctx->options->json) {
        put_cells(&l, heads);
        err = walk(&l, users);
        l.measuring = false;
        if (err == ERR_OK)
            put_cells(&l, heads);
    }
    if (err == ERR_OK)
        err = walk(&l, users);
    if (err == ERR_OK && ctx->options->json)
        operator_print(ctx, l.rows == 0 ? "[]" : "]");
    buf_clear(&l.row);
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}

int cmd_user_list(struct operator_context *ctx)
{
    static const char *const heads[] = {"USER", "NAME", "ROLE", "TEAM", "STATE"};
    return list(ctx, true, heads, sizeof heads / sizeof heads[0]);
}

int cmd_team_list(struct operator_context *ctx)
{
    static const char *const heads[] = {"COACH", "NAME", "MEMBERS"};
    return list(ctx, false, heads, sizeof heads / sizeof heads[0]);
}
