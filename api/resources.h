/*
 * The handlers of all routes, by the file they live in. Each runs on the loop's thread and answers or suspends its
 * request.
 */
#ifndef PORCHLIGHT_API_RESOURCES_H
#define PORCHLIGHT_API_RESOURCES_H

struct request;

/* session.c */
void session_login(struct request *r);
void session_join(struct request *r);
void session_refresh(struct request *r);
void session_logout(struct request *r);
void session_ticket(struct request *r);

/* me.c */
void me_get(struct request *r);
void me_patch(struct request *r);

/* member.c */
void member_preferences_get(struct request *r);
void member_preferences_put(struct request *r);
void member_feedback(struct request *r);
void member_learn(struct request *r);
void member_weights(struct request *r);

/* push.c */
void push_get(struct request *r);
void push_add(struct request *r);
void push_remove(struct request *r);
void push_wish(struct request *r);

/* digest.c */
void digest_list(struct request *r);
void digest_create(struct request *r);
void digest_get(struct request *r);
void digest_progress(struct request *r);
void digest_article(struct request *r);
void digest_complete(struct request *r);

/* team.c */
void team_list(struct request *r);
void team_get(struct request *r);
void team_members(struct request *r);
void team_join(struct request *r);
void team_invite(struct request *r);

/* invite.c */
void invite_list(struct request *r);
void invite_revoke(struct request *r);

/* polls.c */
void polls_presence(struct request *r);
void polls_leave(struct request *r);
void polls_new_count(struct request *r);
void polls_changes(struct request *r);

/* post.c */
void post_list(struct request *r);
void post_create(struct request *r);
void post_get(struct request *r);
void post_edit(struct request *r);
void post_delete(struct request *r);

/* like.c, pin.c */
void like_put(struct request *r);
void like_delete(struct request *r);
void pin_put(struct request *r);
void pin_delete(struct request *r);

/* notice.c */
void notice_list(struct request *r);
void notice_create(struct request *r);

/* counter.c */
void counter_increment(struct request *r);
void counter_decrement(struct request *r);
void counter_set(struct request *r);
void counter_reset(struct request *r);
void counter_value(struct request *r);
void counter_metadata(struct request *r);
void counter_history(struct request *r);
void counter_list(struct request *r);

/* channel.c, message.c */
void channel_list(struct request *r);
void channel_create(struct request *r);
void channel_receipts(struct request *r);
void channel_online(struct request *r);
void channel_read(struct request *r);
void message_list(struct request *r);
void message_create(struct request *r);
void message_edit(struct request *r);
void message_delete(struct request *r);

/* live.c, socket.c */
void live_cheer(struct request *r);
void live_feed(struct request *r);
void socket_open(struct request *r);

/* admin.c */
void admin_flags(struct request *r);
void admin_flag_get(struct request *r);
void admin_flag_put(struct request *r);
void admin_members(struct request *r);
void admin_backups_get(struct request *r);
void admin_backups_post(struct request *r);

/* own.c */
void own_export(struct request *r);
void own_delete(struct request *r);

/* numbers.c */
void numbers_get(struct request *r);

/* report.c, mute.c, audit.c */
void report_create(struct request *r);
void report_list(struct request *r);
void report_decide(struct request *r);
void report_post_hide(struct request *r);
void report_post_show(struct request *r);
void report_message_hide(struct request *r);
void report_message_show(struct request *r);
void mute_own(struct request *r);
void mute_list(struct request *r);
void mute_put(struct request *r);
void mute_delete(struct request *r);
void mute_remove_member(struct request *r);
void audit_list(struct request *r);
void audit_words_get(struct request *r);
void audit_words_put(struct request *r);

/* health.c */
void health_capabilities(struct request *r);
void health_live(struct request *r);
void health_ready(struct request *r);
void health_metrics(struct request *r);

/* assets.c */
void assets_openapi(struct request *r);
void assets_asyncapi(struct request *r);
void assets_docs(struct request *r);
void assets_serve(struct request *r); /* the web app: whatever is no route */

#endif
