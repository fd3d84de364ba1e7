/* db/users.h and db/teams.h: members, memberships, teams, invites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "db_fixture.h"

static void a_member_comes_back_as_created(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    struct user_new user = {.username = "Mary.Ann",
                            .name = "Mary Ann",
                            .role = ROLE_COACH,
                            .password = "$argon2id$x",
                            .external_id = "ext-7",
                            .appear_offline = true,
                            .created_ms = 123};
    int64_t id;
    assert_int_equal(users_create(tx, &user, &id), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_MEMBER);
    assert_int_equal(fixture_last(tx)->subject_id, id);
    fixture_commit(f);

    struct user got;
    assert_int_equal(users_by_username(f->reader, f->arena, "mArY.aNN", &got), ERR_OK);
    assert_int_equal(got.id, id);
    assert_string_equal(got.username, "mary.ann");
    assert_string_equal(got.name, "Mary Ann");
    assert_int_equal(got.role, ROLE_COACH);
    assert_string_equal(got.password, "$argon2id$x");
    assert_string_equal(got.external_id, "ext-7");
    assert_true(got.appear_offline);
    assert_false(got.disabled);
    assert_int_equal(got.tokens_after_ms, 0);
    assert_int_equal(got.created_ms, 123);
    assert_int_equal(users_by_external_id(f->reader, f->arena, "ext-7", &got), ERR_OK);
    assert_int_equal(got.id, id);
    assert_int_equal(users_by_id(f->reader, f->arena, id + 1, &got), ERR_NOT_FOUND);
    assert_int_equal(users_by_username(f->reader, f->arena, "nobody", &got), ERR_NOT_FOUND);
}

static void what_is_taken_is_said_in_a_sentence(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t id;
    struct user_new user = {.id = 42, .username = "mary", .name = "Mary", .external_id = "e1"};
    assert_int_equal(users_create(tx, &user, &id), ERR_OK);
    assert_int_equal(id, 42);
    size_t noted = tx->changes_count;
    struct user_new name = {.username = "MARY", .name = "Another"};
    assert_int_equal(users_create(tx, &name, &id), ERR_CONFLICT);
    assert_int_equal(tx->problem.err, ERR_CONFLICT);
    assert_string_equal(tx->problem.detail, "The sign-in name \"mary\" is taken.");
    struct user_new external = {.username = "other", .name = "Another", .external_id = "e1"};
    assert_int_equal(users_create(tx, &external, &id), ERR_CONFLICT);
    assert_non_null(strstr(tx->problem.detail, "\"e1\""));
    struct user_new number = {.id = 42, .username = "third", .name = "Another"};
    assert_int_equal(users_create(tx, &number, &id), ERR_CONFLICT);
    assert_non_null(strstr(tx->problem.detail, "42"));
    assert_int_equal(tx->changes_count, noted);
    struct user_new next = {.username = "fourth", .name = "Fourth"};
    assert_int_equal(users_create(tx, &next, &id), ERR_OK);
    assert_true(id > 42); /* numbers given out go on after a given one */
    fixture_commit(f);
    assert_int_equal(fixture_number(f->reader, "SELECT COUNT(*) FROM users"), 2);
}

static void changes_are_noted_and_unknown_members_not_found(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t id = fixture_user(tx, "mary", ROLE_MEMBER);
    tx->changes_count = 0;
    assert_int_equal(users_rename(tx, id, "Mary B."), ERR_OK);
    assert_int_equal(users_set_appear_offline(tx, id, true), ERR_OK);
    assert_int_equal(users_set_role(tx, id, ROLE_ADMIN), ERR_OK);
    assert_int_equal(tx->changes_count, 3);
    struct user user;
    assert_int_equal(users_by_id(tx->db, tx->arena, id, &user), ERR_OK);
    assert_string_equal(user.name, "Mary B.");
    assert_true(user.appear_offline);
    assert_int_equal(user.role, ROLE_ADMIN);
    assert_int_equal(user.tokens_after_ms, 0);

    assert_int_equal(users_set_password(tx, id, "hash"), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_TOKENS);
    assert_int_equal(fixture_last(tx)->subject_id, id);
    assert_int_equal(users_by_id(tx->db, tx->arena, id, &user), ERR_OK);
    assert_int_equal(user.tokens_after_ms, T0);
    assert_int_equal(users_set_password(tx, id, "another"), ERR_OK);
    assert_int_equal(users_by_id(tx->db, tx->arena, id, &user), ERR_OK);
    assert_int_equal(user.tokens_after_ms, T0 + 1); /* what was issued between the two ends as well */
    tx->now_ms = T0 + 5;
    assert_int_equal(users_set_disabled(tx, id, true), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_TOKENS);
    assert_int_equal(users_by_id(tx->db, tx->arena, id, &user), ERR_OK);
    assert_true(user.disabled);
    assert_int_equal(user.tokens_after_ms, T0 + 5);
    tx->now_ms = T0;

    size_t noted = tx->changes_count;
    assert_int_equal(users_rename(tx, 999, "X"), ERR_NOT_FOUND);
    assert_int_equal(users_set_appear_offline(tx, 999, true), ERR_NOT_FOUND);
    assert_int_equal(users_set_password(tx, 999, "x"), ERR_NOT_FOUND);
    assert_int_equal(users_set_disabled(tx, 999, true), ERR_NOT_FOUND);
    assert_int_equal(users_set_role(tx, 999, ROLE_ADMIN), ERR_NOT_FOUND);
    assert_int_equal(tx->changes_count, noted);
    fixture_commit(f);
}

static void joining_is_idempotent_and_bounded(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t mary = fixture_user(tx, "mary", ROLE_MEMBER);
    int64_t teams[TEAMS_PER_MEMBER_MAX + 1];
    for (int i = 0; i <= TEAMS_PER_MEMBER_MAX; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "coach%d", i);
        teams[i] = fixture_team(tx, name);
    }
    for (int i = TEAMS_PER_MEMBER_MAX - 1; i >= 0; i--)
        assert_int_equal(users_join(tx, mary, teams[i], T0 - i), ERR_OK);
    size_t noted = tx->changes_count;
    assert_int_equal(users_join(tx, mary, teams[0], 0), ERR_OK); /* again */
    assert_int_equal(tx->changes_count, noted);
    assert_int_equal(users_join(tx, mary, teams[TEAMS_PER_MEMBER_MAX], 0), ERR_CONFLICT);
    assert_non_null(strstr(tx->problem.detail, "16"));
    assert_int_equal(users_join(tx, 999, teams[0], 0), ERR_NOT_FOUND);
    assert_int_equal(users_join(tx, mary, mary, 0), ERR_NOT_FOUND);
    fixture_commit(f);

    struct membership *memberships;
    size_t count;
    assert_int_equal(users_teams(f->reader, f->arena, mary, &memberships, &count), ERR_OK);
    assert_int_equal(count, TEAMS_PER_MEMBER_MAX);
    assert_int_equal(memberships[0].team_id, teams[TEAMS_PER_MEMBER_MAX - 1]); /* the oldest */
    assert_int_equal(memberships[0].joined_ms, T0 - (TEAMS_PER_MEMBER_MAX - 1));
    assert_string_equal(memberships[count - 1].team_name, "coach0");
}

static void a_team_has_its_coach(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t sarah = fixture_user(tx, "sarah", ROLE_MEMBER);
    int64_t admin = fixture_user(tx, "admin", ROLE_ADMIN);
    assert_int_equal(teams_create(tx, sarah, "Walkers", 77), ERR_OK);
    assert_int_equal(teams_create(tx, sarah, "Again", 0), ERR_CONFLICT);
    assert_string_equal(tx->problem.detail, "sarah has a team already.");
    assert_int_equal(teams_create(tx, 999, "Nobody's", 0), ERR_NOT_FOUND);
    assert_int_equal(teams_create(tx, admin, "Office", 0), ERR_OK);
    struct user user;
    assert_int_equal(users_by_id(tx->db, tx->arena, sarah, &user), ERR_OK);
    assert_int_equal(user.role, ROLE_COACH);
    assert_int_equal(users_by_id(tx->db, tx->arena, admin, &user), ERR_OK);
    assert_int_equal(user.role, ROLE_ADMIN);

    for (int i = 0; i < 5; i++) {
        char name[20];
        (void)snprintf(name, sizeof name, "m%d", i);
        int64_t id = fixture_user(tx, name, ROLE_MEMBER);
        assert_int_equal(users_join(tx, id, sarah, 0), ERR_OK);
        if (i == 2)
            assert_int_equal(users_set_disabled(tx, id, true), ERR_OK);
    }
    assert_int_equal(teams_rename(tx, sarah, "Morning Walkers"), ERR_OK);
    assert_int_equal(fixture_last(tx)->kind, CHANGE_ALL);
    assert_int_equal(teams_rename(tx, 999, "X"), ERR_NOT_FOUND);
    fixture_commit(f);

    struct team team;
    assert_int_equal(teams_by_id(f->reader, f->arena, sarah, &team), ERR_OK);
    assert_string_equal(team.name, "Morning Walkers");
    assert_string_equal(team.coach_name, "sarah");
    assert_int_equal(team.members, 5); /* with the coach, without the one who is disabled */
    assert_int_equal(team.created_ms, 77);
    assert_int_equal(teams_by_id(f->reader, f->arena, 999, &team), ERR_NOT_FOUND);

    struct team_member *members;
    size_t count;
    assert_int_equal(teams_members(f->reader, f->arena, sarah, 0, 3, &members, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(members[0].user_id, sarah);
    assert_int_equal(members[0].role, ROLE_COACH);
    assert_int_equal(members[0].joined_ms, 77);
    assert_int_equal(teams_members(f->reader, f->arena, sarah, members[2].user_id, 3, &members, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_string_equal(members[0].name, "m3");

    struct team *teams;
    assert_int_equal(teams_page(f->reader, f->arena, 0, 0, 10, &teams, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(teams_page(f->reader, f->arena, 0, sarah, 10, &teams, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(teams[0].id, admin);
    assert_int_equal(teams_page(f->reader, f->arena, members[0].user_id, 0, 10, &teams, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(teams[0].id, sarah);
}

static void an_invite_opens_so_often_and_so_long(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    unsigned char hash[INVITE_HASH_BYTES] = {1, 0, 2};
    unsigned char other[INVITE_HASH_BYTES] = {1, 0, 3};
    struct invite invite;
    int64_t id;
    assert_int_equal(teams_invite_create(tx, hash, team, team, 2, T0 + 1000, &id), ERR_OK);
    assert_int_equal(teams_invite_find(tx->db, other, T0, &invite), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_find(tx->db, hash, T0 + 1000, &invite), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_find(tx->db, hash, T0 + 999, &invite), ERR_OK);
    assert_int_equal(invite.team_id, team);
    assert_int_equal(invite.uses_left, 2);
    assert_int_equal(invite.expires_ms, T0 + 1000);
    assert_int_equal(teams_invite_use(tx, hash, &invite), ERR_OK);
    assert_int_equal(invite.uses_left, 1);
    assert_int_equal(teams_invite_use(tx, hash, &invite), ERR_OK);
    assert_int_equal(invite.team_id, team);
    assert_int_equal(teams_invite_use(tx, hash, &invite), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_find(tx->db, hash, T0, &invite), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_create(tx, other, team, team, 5, T0, &id), ERR_OK);
    assert_int_equal(teams_invite_use(tx, other, &invite), ERR_NOT_FOUND); /* expired now */
    fixture_commit(f);
}

static void invites_that_open_are_listed_and_taken_back(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    int64_t other_team = fixture_team(tx, "dave");
    int64_t ids[4];
    int64_t of_team = 0;
    struct invite invite;
    struct invite_row *rows;
    size_t count;
    for (size_t i = 0; i < 4; i++) {
        const unsigned char hash[INVITE_HASH_BYTES] = {(unsigned char)i};
        int64_t expires_ms = i == 1 ? T0 + 10 : T0 + 1000;
        assert_int_equal(
            teams_invite_create(tx, hash, i == 2 ? other_team : team, team, 1 + (int64_t)i, expires_ms, &ids[i]),
            ERR_OK);
    }
    const unsigned char first[INVITE_HASH_BYTES] = {0};
    const unsigned char last[INVITE_HASH_BYTES] = {3};
    assert_int_equal(teams_invite_use(tx, first, &invite), ERR_OK); /* used up */
    assert_int_equal(teams_invite_use(tx, last, &invite), ERR_OK);
    assert_int_equal(teams_invites(tx->db, f->arena, 0, 0, T0 + 10, 10, &rows, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, ids[3]);
    assert_int_equal(rows[0].uses_max, 4);
    assert_int_equal(rows[0].uses_left, 3);
    assert_int_equal(rows[0].expires_ms, T0 + 1000);
    assert_int_equal(rows[1].id, ids[2]);
    assert_int_equal(rows[1].team_id, other_team);
    assert_int_equal(rows[1].created_by, team);
    assert_int_equal(teams_invites(tx->db, f->arena, 0, ids[3], T0, 1, &rows, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, ids[2]);
    assert_int_equal(teams_invites(tx->db, f->arena, other_team, 0, T0, 10, &rows, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(teams_invite_team(tx->db, ids[0], T0, &of_team), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_team(tx->db, ids[1], T0 + 10, &of_team), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_team(tx->db, ids[3], T0, &of_team), ERR_OK);
    assert_int_equal(of_team, team);
    assert_int_equal(teams_invite_revoke(tx, ids[3]), ERR_OK);
    assert_int_equal(teams_invite_revoke(tx, ids[3]), ERR_NOT_FOUND);
    assert_int_equal(teams_invite_find(tx->db, last, T0, &invite), ERR_NOT_FOUND);
    fixture_commit(f);
}

static void engagement_counts_people_not_visits(void **state)
{
    struct fixture *f = *state;
    const int64_t day = 20000;
    const int64_t now = day * 86400000 + 3600000;
    struct tx *tx = fixture_begin(f);
    (void)fixture_team(tx, "sarah");
    assert_int_equal(users_seen(tx, day, (const int64_t[]){1, 2, 3}, 3), ERR_OK);
    assert_int_equal(users_seen(tx, day, (const int64_t[]){3, 1}, 2), ERR_OK);
    assert_int_equal(users_seen(tx, day - 6, (const int64_t[]){1, 4}, 2), ERR_OK);
    assert_int_equal(users_seen(tx, day - 7, (const int64_t[]){5}, 1), ERR_OK);
    assert_int_equal(users_seen(tx, day + 1, (const int64_t[]){6}, 1), ERR_OK);
    fixture_commit(f);
    struct engagement e;
    assert_int_equal(users_engagement(f->reader, now, &e), ERR_OK);
    assert_int_equal(e.users, 1);
    assert_int_equal(e.teams, 1);
    assert_int_equal(e.posts + e.likes + e.notices, 0);
    assert_int_equal(e.active_day, 3);
    assert_int_equal(e.active_week, 4);
}

static void members_of_each_day_are_counted(void **state)
{
    struct fixture *f = *state;
    const int64_t today = 20000;
    struct engagement_day days[ENGAGEMENT_DAYS];
    struct tx *tx = fixture_begin(f);
    assert_int_equal(users_seen(tx, today, (const int64_t[]){1, 2, 3}, 3), ERR_OK);
    assert_int_equal(users_seen(tx, today, (const int64_t[]){3}, 1), ERR_OK);
    assert_int_equal(users_seen(tx, today - ENGAGEMENT_DAYS + 1, (const int64_t[]){4}, 1), ERR_OK);
    assert_int_equal(users_seen(tx, today - ENGAGEMENT_DAYS, (const int64_t[]){4, 5}, 2), ERR_OK);
    assert_int_equal(users_seen(tx, today + 1, (const int64_t[]){1}, 1), ERR_OK);
    fixture_commit(f);
    assert_int_equal(users_days(f->reader, today * 86400000 + 5, days), ERR_OK);
    for (int64_t i = 0; i < ENGAGEMENT_DAYS; i++) {
        assert_int_equal(days[i].day, today - ENGAGEMENT_DAYS + 1 + i);
        assert_int_equal(days[i].members, i == 0 ? 1 : i == ENGAGEMENT_DAYS - 1 ? 3 : 0);
    }
}

static void old_days_are_forgotten(void **state)
{
    struct fixture *f = *state;
    int64_t today = T0 / 86400000;
    int64_t removed;
    struct tx *tx = fixture_begin(f);
    for (int64_t day = today - ACTIVITY_KEPT_DAYS - 2; day <= today; day++)
        assert_int_equal(users_seen(tx, day, (const int64_t[]){1, 2}, 2), ERR_OK);
    for (int64_t expected = 3; expected >= 0; expected = expected == 3 ? 1 : expected - 1) {
        assert_int_equal(users_seen_prune(tx, 3, &removed), ERR_OK);
        assert_int_equal(removed, expected);
    }
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(DISTINCT day) FROM activity"), ACTIVITY_KEPT_DAYS + 1);
    fixture_commit(f);
}

static void roles_have_names(void **state)
{
    (void)state;
    for (enum role role = ROLE_MEMBER; role <= ROLE_ADMIN; role++) {
        enum role back = ROLE_MEMBER;
        assert_true(role_parse(role_name(role), &back));
        assert_int_equal(back, role);
    }
    enum role unused;
    assert_false(role_parse("Coach", &unused));
    assert_false(role_parse("", &unused));
    assert_false(role_parse(NULL, &unused));
}

static void a_full_arena_is_no_memory(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    char name[2000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    int64_t id = fixture_user(tx, "mary", ROLE_MEMBER);
    assert_int_equal(users_rename(tx, id, name), ERR_OK);
    fixture_commit(f);
    struct arena *small = arena_create(256, 1024);
    struct user user;
    assert_int_equal(users_by_id(f->reader, small, id, &user), ERR_NO_MEMORY);
    assert_int_equal(users_by_id(f->reader, f->arena, id, &user), ERR_OK);
    arena_free(small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_comes_back_as_created),
        TEST(what_is_taken_is_said_in_a_sentence),
        TEST(changes_are_noted_and_unknown_members_not_found),
        TEST(joining_is_idempotent_and_bounded),
        TEST(a_team_has_its_coach),
        TEST(an_invite_opens_so_often_and_so_long),
        TEST(invites_that_open_are_listed_and_taken_back),
        TEST(engagement_counts_people_not_visits),
        TEST(members_of_each_day_are_counted),
        TEST(old_days_are_forgotten),
        cmocka_unit_test(roles_have_names),
        TEST(a_full_arena_is_no_memory),
    };
    return cmocka_run_group_tests_name("db/users, db/teams", tests, NULL, NULL);
}
