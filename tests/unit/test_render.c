/* api/render.h: each shape of the contract, to the byte: names, order, what is null and what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/render.h"

#define T0 INT64_C(1769844600123)
#define T0_TEXT "\"2026-01-31T07:30:00.123Z\""
#define ITEMS "{\"items\":[{\"postId\":\"1\",\"count\":1},{\"postId\":\"2\",\"count\":2}],"

struct page {
    struct buf out;
    struct json_writer w;
};

static int setup(void **state)
{
    static struct page p;
    buf_init(&p.out, 4096);
    p.w = (struct json_writer){.out = &p.out};
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    buf_clear(&((struct page *)*state)->out);
    return 0;
}

static void assert_rendered(struct page *p, const char *wanted)
{
    assert_false(p->out.failed);
    assert_string_equal(p->out.data, wanted);
    buf_reset(&p->out);
    p->w.comma = false;
}

/* 1. A user: the first membership is their own team; secrets are in no shape. */
static void users(void **state)
{
    struct page *p = *state;
    struct user user = {.id = 9007199254740993, /* not exact as a number in JavaScript: ids are strings */
                        .username = "sarah",
                        .name = "Sarah \"S\" <b>",
                        .role = ROLE_COACH,
                        .appear_offline = true,
                        .password = "secret-hash",
                        .external_id = "secret-external",
                        .created_ms = T0};
    struct membership teams[] = {{.team_id = 2, .team_name = "Walkers"}, {.team_id = 3, .team_name = "Strong"}};
    render_user(&p->w, &user, teams, 2);
    assert_rendered(p, "{\"id\":\"9007199254740993\",\"username\":\"sarah\",\"name\":\"Sarah \\\"S\\\" <b>\","
                       "\"role\":\"coach\","
                       "\"team\":{\"id\":\"2\",\"name\":\"Walkers\"},"
                       "\"teams\":[{\"id\":\"2\",\"name\":\"Walkers\"},{\"id\":\"3\",\"name\":\"Strong\"}],"
                       "\"appearOffline\":true,\"createdAt\":" T0_TEXT "}");
    user.role = ROLE_ADMIN;
    user.id = 1;
    user.appear_offline = false;
    render_user(&p->w, &user, NULL, 0);
    assert_rendered(p, "{\"id\":\"1\",\"username\":\"sarah\",\"name\":\"Sarah \\\"S\\\" <b>\",\"role\":\"admin\","
                       "\"team\":null,\"teams\":[],\"appearOffline\":false,\"createdAt\":" T0_TEXT "}");
}

/* 2. A team: its coach has the team's id. */
static void teams(void **state)
{
    struct page *p = *state;
    struct team team = {.id = 2, .name = "Walkers", .coach_name = "Sarah", .members = 21, .created_ms = T0};
    render_team(&p->w, &team);
    assert_rendered(p, "{\"id\":\"2\",\"name\":\"Walkers\",\"coach\":{\"id\":\"2\",\"name\":\"Sarah\"},"
                       "\"memberCount\":21,"
                       "\"createdAt\":" T0_TEXT "}");
}

/* 3. A post, bare and with everything. */
static void posts(void **state)
{
    struct page *p = *state;
    struct post post = {.id = 12,
                        .team_id = 2,
                        .author_id = 7,
                        .author_name = "Ann",
                        .author_role = ROLE_MEMBER,
                        .body = "Hello\n\\o/",
                        .topics = "",
                        .created_ms = T0};
    render_post(&p->w, &post);
    assert_rendered(p, "{\"id\":\"12\",\"teamId\":\"2\",\"author\":{\"id\":\"7\",\"name\":\"Ann\",\"role\":\"member\"},"
                       "\"body\":\"Hello\\n\\\\o/\",\"topics\":[],\"hidden\":null,\"pinned\":false,\"pinnedAt\":null,"
                       "\"liked\":false,\"count\":0,\"createdAt\":" T0_TEXT ",\"editedAt\":null}");
    post.hidden = HIDDEN_BY_COACH;
    post.author_role = ROLE_COACH;
    post.topics = "hip kn\xc3\xa9" "e \"x\"";
    post.pinned_ms = T0 + 1000;
    post.liked = true;
    post.likes = 3;
    post.edited_ms = T0 + 2000;
    render_post(&p->w, &post);
    assert_rendered(p, "{\"id\":\"12\",\"teamId\":\"2\",\"author\":{\"id\":\"7\",\"name\":\"Ann\",\"role\":\"coach\"},"
                       "\"body\":\"Hello\\n\\\\o/\",\"topics\":[\"hip\",\"kn\xc3\xa9" "e\",\"\\\"x\\\"\"],"
                       "\"hidden\":\"coach\",\"pinned\":true,"
                       "\"pinnedAt\":\"2026-01-31T07:30:01.123Z\",\"liked\":true,\"count\":3,\"createdAt\":" T0_TEXT ","
                       "\"editedAt\":\"2026-01-31T07:30:02.123Z\"}");
}

/* 4. Likes and notices, the latter of each kind. */
static void likes_and_notices(void **state)
{
    struct page *p = *state;
    render_like(&p->w, 12, 0);
    assert_rendered(p, "{\"postId\":\"12\",\"count\":0}");
    struct notice notice = {
        .id = 5, .kind = NOTICE_PIN, .team_id = 2, .author_id = 2, .title = "A pin", .body = "Hi",
        .link = "/#/posts/12", .seq = 99, .created_ms = T0};
    render_notice(&p->w, &notice);
    assert_rendered(p, "{\"id\":\"5\",\"kind\":\"pin\",\"teamId\":\"2\",\"title\":\"A pin\",\"body\":\"Hi\","
                       "\"link\":\"/#/posts/12\",\"createdAt\":" T0_TEXT "}");
    notice.kind = NOTICE_ANNOUNCEMENT;
    notice.body = "";
    notice.link = NULL;
    render_notice(&p->w, &notice);
    assert_rendered(p, "{\"id\":\"5\",\"kind\":\"announcement\",\"teamId\":\"2\",\"title\":\"A pin\",\"body\":\"\","
                       "\"link\":null,\"createdAt\":" T0_TEXT "}");
    notice.kind = NOTICE_WIN;
    notice.team_id = 0;
    render_notice(&p->w, &notice);
    assert_rendered(p, "{\"id\":\"5\",\"kind\":\"win\",\"teamId\":null,\"title\":\"A pin\",\"body\":\"\","
                       "\"link\":null,\"createdAt\":" T0_TEXT "}");
}

/* 5. A list goes on exactly when its page was full; shapes stand in a list with commas between. */
static void lists(void **state)
{
    struct page *p = *state;
    static const struct {
        size_t count;
        size_t limit;
        const char *wanted;
    } table[] = {{20, 20, ITEMS "\"next\":\"42\"}"},
                 {19, 20, ITEMS "\"next\":null}"},
                 {0, 20, ITEMS "\"next\":null}"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        render_list_begin(&p->w);
        render_like(&p->w, 1, 1);
        render_like(&p->w, 2, 2);
        render_list_end(&p->w, 42, table[i].count, table[i].limit);
        json_object_end(&p->w);
        assert_rendered(p, table[i].wanted);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(users), TEST(teams), TEST(posts), TEST(likes_and_notices), TEST(lists),
    };
    return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
