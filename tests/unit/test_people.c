/* Who is in a channel: people, not sockets; a grace; nobody who hides; a crowd that is not told one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "realtime/rooms/people.h"
#include "realtime/socket.h"

#define GRACE_MS 10000

struct scene {
    struct people *people;
    struct arena *arena;
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    s->people = people_create();
    s->arena = arena_create(4096, 16U << 20);
    *state = s;
    return s->people == NULL || s->arena == NULL;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    people_free(s->people);
    arena_free(s->arena);
    free(s);
    return 0;
}

static struct attachment *member(int64_t id, bool hides)
{
    char name[40];
    (void)snprintf(name, sizeof name, "Member %lld", (long long)id);
    const struct realtime_member m = {.user_id = id, .name = name, .jti = "t", .appears_offline = hides};
    struct attachment *a = attachment_create(&m, 1000, 0);
    assert_non_null(a);
    return a;
}

static struct people_news news_at(struct scene *s, int64_t now_ms)
{
    struct people_news news;
    people_news(s->people, s->arena, now_ms, &news);
    return news;
}

static void a_person_comes_once_and_leaves_once(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    assert_true(people_enter(s->people, mary, 100));
    assert_true(people_enter(s->people, mary, 100)); /* nobody has been told yet */
    struct people_news news = news_at(s, 100);
    assert_int_equal(news.came_count, 1);
    assert_int_equal(news.came[0].user_id, 7);
    assert_string_equal(news.came[0].name, "Member 7");
    assert_int_equal(news.came[0].joined_ms, 1000000);
    assert_int_equal(news_at(s, 100).came_count, 0);
    assert_false(people_enter(s->people, mary, 100));
    assert_false(people_leave(s->people, mary, 100 + GRACE_MS));
    assert_false(people_leave(s->people, mary, 100 + GRACE_MS));
    assert_true(people_leave(s->people, mary, 100 + GRACE_MS));
    assert_false(people_leave(s->people, mary, 100 + GRACE_MS)); /* once too often */
    news = news_at(s, 99 + GRACE_MS);
    assert_true(news.leaving);
    assert_int_equal(news.left_count, 0);
    assert_int_equal(news.online, 1);
    news = news_at(s, 100 + GRACE_MS);
    assert_int_equal(news.left_count, 1);
    assert_int_equal(news.online, 0);
    assert_false(news.leaving);
    assert_int_equal(news_at(s, INT64_MAX).left_count, 0);
    free(mary);
}

static void who_returns_in_time_was_never_away(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    (void)people_enter(s->people, mary, 100);
    (void)news_at(s, 100);
    assert_true(people_leave(s->people, mary, 100 + GRACE_MS));
    assert_false(people_enter(s->people, mary, 200));
    struct people_news news = news_at(s, INT64_MAX);
    assert_int_equal(news.came_count + news.left_count, 0);
    assert_int_equal(news.online, 1);
    free(mary);
}

static void who_came_and_went_untold_is_not_told_to_have_left(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    (void)people_enter(s->people, mary, 100);
    (void)people_leave(s->people, mary, 100);
    struct people_news news = news_at(s, 200);
    assert_int_equal(news.came_count + news.left_count, 0);
    assert_int_equal(news.online, 0);
    free(mary);
}

static void nobody_hears_of_who_hides(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    struct attachment *hidden = member(7, true);
    assert_false(people_enter(s->people, hidden, 100));
    assert_false(people_set_away(s->people, 7, true));
    assert_int_equal(news_at(s, 100).online, 0);
    assert_false(people_leave(s->people, hidden, 200));
    /* Whoever hides while they are here is gone at once. */
    (void)people_enter(s->people, mary, 300);
    (void)news_at(s, 300);
    (void)people_leave(s->people, mary, 300 + GRACE_MS);
    assert_true(people_enter(s->people, hidden, 300));
    assert_int_equal(news_at(s, 300).left_count, 1);
    free(mary);
    free(hidden);
}

static void who_has_a_new_name_is_told_of_anew(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    const struct realtime_member m = {.user_id = 7, .name = "Mary, with a much longer name", .jti = "t"};
    struct attachment *renamed = attachment_create(&m, 2000, 0);
    (void)people_enter(s->people, mary, 100);
    (void)news_at(s, 100);
    (void)people_leave(s->people, mary, 100 + GRACE_MS);
    assert_true(people_enter(s->people, renamed, 100));
    struct people_news news = news_at(s, 100);
    assert_int_equal(news.came_count, 1);
    assert_string_equal(news.came[0].name, m.name);
    assert_int_equal(news.came[0].joined_ms, 1000000);
    assert_int_equal(news.online, 1);
    free(mary);
    free(renamed);
}

static void away_is_listed_and_told_once(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    struct say_person *people;
    size_t count;
    size_t online;
    (void)people_enter(s->people, mary, 100);
    assert_true(people_set_away(s->people, 7, true));
    assert_false(people_set_away(s->people, 7, true));
    assert_false(people_set_away(s->people, 8, true));
    assert_true(people_list(s->people, s->arena, 10, &people, &count, &online));
    assert_int_equal(count, 1);
    assert_true(people[0].away);
    free(mary);
}

static void a_crowd_is_counted_and_listed_in_part(void **state)
{
    struct scene *s = *state;
    struct say_person *people;
    size_t count;
    size_t online;
    for (int64_t id = 1; id <= 3000; id++) {
        struct attachment *one = member(id, false);
        (void)people_enter(s->people, one, 100);
        free(one);
    }
    assert_true(people_list(s->people, s->arena, CHAT_PEOPLE_TOLD_MAX, &people, &count, &online));
    assert_int_equal(count, CHAT_PEOPLE_TOLD_MAX);
    assert_int_equal(online, 3000);
    struct people_news news = news_at(s, 100);
    assert_int_equal(news.came_count, CHAT_PEOPLE_TOLD_MAX);
    assert_int_equal(news.online, 3000);
    assert_int_equal(news_at(s, 100).came_count, 0); /* the others are not told later */
}

static void a_new_name_is_told_and_away_stays(void **state)
{
    struct scene *s = *state;
    struct attachment *mary = member(7, false);
    const struct realtime_member renamed = {.user_id = 7, .name = "Maria", .jti = "t"};
    struct attachment *maria = attachment_create(&renamed, 1000, 0);
    (void)people_enter(s->people, mary, 100);
    (void)news_at(s, 100);
    (void)people_set_away(s->people, 7, true);
    /* As a session does it: the new one comes, then the old one goes. */
    assert_true(people_enter(s->people, maria, 200));
    assert_false(people_leave(s->people, mary, 200 + GRACE_MS));
    struct people_news news = news_at(s, INT64_MAX);
    assert_int_equal(news.left_count, 0);
    assert_int_equal(news.came_count, 1);
    assert_string_equal(news.came[0].name, "Maria");
    assert_true(news.came[0].away);
    (void)people_leave(s->people, maria, 300 + GRACE_MS);
    assert_false(people_set_away(s->people, 7, true)); /* on their way out */
    free(mary);
    free(maria);
}

static void many_who_leave_together_are_all_told(void **state)
{
    struct scene *s = *state;
    size_t told = 0;
    struct people_news news;
    for (int64_t id = 1; id <= CHAT_PEOPLE_TOLD_MAX + 50; id++) {
        struct attachment *one = member(id, false);
        (void)people_enter(s->people, one, 100);
        (void)news_at(s, 100);
        (void)people_leave(s->people, one, 100 + GRACE_MS);
        free(one);
    }
    do {
        news = news_at(s, INT64_MAX);
        told += news.left_count;
    } while (news.leaving);
    assert_int_equal(told, CHAT_PEOPLE_TOLD_MAX + 50);
    assert_int_equal(news.online, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_person_comes_once_and_leaves_once),
        TEST(who_returns_in_time_was_never_away),
        TEST(who_came_and_went_untold_is_not_told_to_have_left),
        TEST(nobody_hears_of_who_hides),
        TEST(who_has_a_new_name_is_told_of_anew),
        TEST(away_is_listed_and_told_once),
        TEST(a_crowd_is_counted_and_listed_in_part),
        TEST(a_new_name_is_told_and_away_stays),
        TEST(many_who_leave_together_are_all_told),
    };
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
