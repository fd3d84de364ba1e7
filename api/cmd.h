/*
 * The commands, one function each, named in the table of api/commands.c. Each takes what it needs from its context,
 * prints for a person, and returns the exit status. They run in the command's own process or on the server's control
 * thread.
 */
#ifndef PORCHLIGHT_API_CMD_H
#define PORCHLIGHT_API_CMD_H

#include "api/operator.h"

/* cmd_data.c */
int cmd_migrate(struct operator_context *ctx);
int cmd_import(struct operator_context *ctx);
int cmd_export(struct operator_context *ctx);
int cmd_demo(struct operator_context *ctx);

/* cmd_backup.c */
int cmd_backup(struct operator_context *ctx);
int cmd_backups(struct operator_context *ctx);
int cmd_restore(struct operator_context *ctx);

/* cmd_doctor.c: 0 sound, 1 could not look, 3 something is wrong (with --repair: is still) */
int cmd_doctor(struct operator_context *ctx);

/* cmd_people.c */
int cmd_user_add(struct operator_context *ctx);
int cmd_user_passwd(struct operator_context *ctx);
int cmd_user_disable(struct operator_context *ctx);
int cmd_user_enable(struct operator_context *ctx);
int cmd_team_add(struct operator_context *ctx);
int cmd_invite(struct operator_context *ctx);
int cmd_invites(struct operator_context *ctx);

/* cmd_moderation.c */
int cmd_audit(struct operator_context *ctx);
int cmd_words(struct operator_context *ctx);
int cmd_report(struct operator_context *ctx);
int cmd_mute(struct operator_context *ctx);
int cmd_hide(struct operator_context *ctx);
int cmd_show(struct operator_context *ctx);
int cmd_team_remove(struct operator_context *ctx);
int cmd_user_delete(struct operator_context *ctx);

/* cmd_list.c */
int cmd_user_list(struct operator_context *ctx);
int cmd_team_list(struct operator_context *ctx);
int cmd_list_invites(struct operator_context *ctx);
int cmd_list_backups(struct operator_context *ctx, const struct backups_options *options);

/* cmd_token.c */
int cmd_token_issue(struct operator_context *ctx);
int cmd_token_verify(struct operator_context *ctx);
int cmd_token_revoke(struct operator_context *ctx);
int cmd_token_keys(struct operator_context *ctx);

/* cmd_server.c */
int cmd_flag(struct operator_context *ctx);
int cmd_reload(struct operator_context *ctx);
int cmd_clock(struct operator_context *ctx);
int cmd_settle(struct operator_context *ctx);
int cmd_load(struct operator_context *ctx);

/* cmd_numbers.c */
int cmd_numbers(struct operator_context *ctx);

/* cmd_check.c: needs no store; looks at what is there and touches nothing. 0 well, 1 the data has a fault. */
int cmd_check(const struct options *options);

#endif
