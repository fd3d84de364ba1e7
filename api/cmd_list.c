/*
 * user list, team list, invites, backups: what is there, as a table for people or (--json) as one array.
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
#include "api/render.h"
#include "base/json.h"
#include "db/teams.h"

#define CELLS_MAX 5
#define ROW_BYTES_MAX 4096 /* two names of 60 characters and a few words */
#define GAP 2
#define PAGE_ROWS 100
#define KIBIBYTE 1024

struct list {
    struct operator_context *ctx;
    const struct backups_options *backups;
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

static void each_user(void *arg, const struct user_row *u)
{
    struct list *l = arg;
    const char *const cells[] = {u->username, u->name, role_name(u->role), u->team != NULL ? u->team : "-",
                                 u->disabled ? "disabled" : "active"};
    if (!l->ctx->options->json) {
        put_cells(l, cells);
        return;
    }
    struct json_writer w = {.out = &l->row};
    buf_reset(&l->row);
    render_account(&w, u);
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

static void put_invite(struct list *l, const struct invite_row *invite)
{
    char id[24];
    char left[48];
    char until[CLOCK_TEXT_BYTES];
    (void)snprintf(id, sizeof id, "%lld", (long long)invite->id);
    (void)snprintf(left, sizeof left, "%lld of %lld", (long long)invite->uses_left, (long long)invite->uses_max);
    clock_format(invite->expires_ms, until);
    const char *const cells[] = {id, invite->team_name, invite->creator_name, left, until};
    if (!l->ctx->options->json) {
        put_cells(l, cells);
        return;
    }
    struct json_writer w = {.out = &l->row};
    buf_reset(&l->row);
    render_invite(&w, invite);
    put_json(l);
}

static void put_backup(struct list *l, const struct backups_file *file)
{
    char made[CLOCK_TEXT_BYTES];
    char size[32];
    clock_format(file->made_ms, made);
    (void)snprintf(size, sizeof size, "%lld KiB", (long long)(file->bytes / KIBIBYTE));
    const char *const cells[] = {made, size, file->name};
    if (!l->ctx->options->json) {
        put_cells(l, cells);
        return;
    }
    struct json_writer w = {.out = &l->row};
    buf_reset(&l->row);
    render_backup(&w, file);
    put_json(l);
}

/* ---- walks ------------------------------------------------------------------------------------------------------- */

static enum err walk_users(struct list *l)
{
    return users_each(l->ctx->db, each_user, l);
}

static enum err walk_teams(struct list *l)
{
    return teams_each(l->ctx->db, each_team, l);
}

static enum err walk_invites(struct list *l)
{
    struct invite_row *invites;
    size_t count = PAGE_ROWS;
    int64_t before_id = 0;
    enum err err = ERR_OK;
    while (err == ERR_OK && count == PAGE_ROWS) {
        err = teams_invites(l->ctx->db, l->ctx->arena, 0, before_id, clock_wall_ms(l->ctx->clock), PAGE_ROWS, &invites,
                            &count);
        for (size_t i = 0; err == ERR_OK && i < count; i++)
            put_invite(l, &invites[i]);
        before_id = count > 0 ? invites[count - 1].id : 0;
    }
    return err;
}

static enum err walk_backups(struct list *l)
{
    struct backups_file *files;
    size_t count;
    enum err err = backups_files(l->backups, BACKUP_KEEP_MAX, l->ctx->arena, &files, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        put_backup(l, &files[i]);
    return err;
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static int list_of(struct operator_context *ctx, const struct backups_options *backups,
                   enum err (*walk)(struct list *l), const char *const *heads, size_t cells)
{
    struct list l = {.ctx = ctx, .backups = backups, .cells = cells, .measuring = !ctx->options->json};
    enum err err = ERR_OK;
    buf_init(&l.row, ROW_BYTES_MAX);
    if (!ctx->options->json) {
        put_cells(&l, heads);
        err = walk(&l);
        l.measuring = false;
        if (err == ERR_OK)
            put_cells(&l, heads);
    }
    if (err == ERR_OK)
        err = walk(&l);
    if (err == ERR_OK && ctx->options->json)
        operator_print(ctx, l.rows == 0 ? "[]" : "]");
    buf_clear(&l.row);
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}

int cmd_user_list(struct operator_context *ctx)
{
    static const char *const heads[] = {"USER", "NAME", "ROLE", "TEAM", "STATE"};
    return list_of(ctx, NULL, walk_users, heads, sizeof heads / sizeof heads[0]);
}

int cmd_team_list(struct operator_context *ctx)
{
    static const char *const heads[] = {"COACH", "NAME", "MEMBERS"};
    return list_of(ctx, NULL, walk_teams, heads, sizeof heads / sizeof heads[0]);
}

int cmd_list_invites(struct operator_context *ctx)
{
    static const char *const heads[] = {"ID", "TEAM", "MADE BY", "LEFT", "UNTIL"};
    return list_of(ctx, NULL, walk_invites, heads, sizeof heads / sizeof heads[0]);
}

int cmd_list_backups(struct operator_context *ctx, const struct backups_options *options)
{
    static const char *const heads[] = {"MADE", "SIZE", "NAME"};
    return list_of(ctx, options, walk_backups, heads, sizeof heads / sizeof heads[0]);
}
