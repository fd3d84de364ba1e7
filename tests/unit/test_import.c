/*
 * Records of an import: what each needs, what it may not have, and that the same record twice changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/export.h"
#include "api/import.h"
#include "base/limits.h"
#include "db/transfer.h"
#include "tests/unit/db_fixture.h"

#define LINE_BYTES 1000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HASH "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
#define TIME "'2026-01-31T08:30:00.000Z'"

/* One valid record of each type, in an order in which references hold. */
static const char *const community[] = {
    "{'type':'user','id':'2','username':'Sarah','name':'Sarah','role':'coach','createdAt':" TIME "}",
    "{'type':'user','id':'7','username':'mary','name':'Mary','externalId':'m@old.example','password':'" HASH
    "','createdAt':" TIME "}",
    "{'type':'team','id':'2','name':'Morning Walkers','createdAt':" TIME "}",
    "{'teamId':'2','type':'membership','userId':'7','joinedAt':" TIME "}",
    "{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello','topics':['sleep','tea'],"
    "'pinnedAt':" TIME ",'editedAt':null,'createdAt':" TIME "}",
    "{'type':'like','postId':'5','userId':'2','createdAt':" TIME "}",
    "{'type':'notice','id':'3','kind':'win','teamId':null,'authorId':'2','title':'Hurray','body':'','link':null,"
    "'createdAt':" TIME "}",
    "{'type':'counter','id':'4','teamId':'2','name':'steps','milestone':10000,'createdAt':" TIME "}",
    "{'type':'counterChange','counterId':'4','operation':1,'kind':'increment','value':12000,'userId':'7',"
    "'createdAt':" TIME "}",
    "{'type':'counterChange','counterId':'4','operation':2,'kind':'decrement','value':11000,'userId':'2',"
    "'createdAt':" TIME "}",
    "{'type':'channel','id':'6','teamId':'2','name':'News','posting':'coaches','createdAt':" TIME "}",
    "{'type':'message','id':'8','channelId':'6','authorId':'2','content':'Bring water','threadId':null,"
    "'clientId':'c-1','deleted':false,'createdAt':" TIME ",'editedAt':null}",
    "{'type':'message','id':'9','channelId':'6','authorId':'7','content':'','threadId':'8','deleted':true,"
    "'createdAt':" TIME "}",
    "{'type':'receipt','channelId':'6','userId':'7','deliveredId':'8','readId':null}",
};

/* Records are written with ' for ", or nobody could read them here. */
static void requote(const char *text, char out[static LINE_BYTES])
{
    assert_true(strlen(text) < LINE_BYTES);
    (void)snprintf(out, LINE_BYTES, "%s", text);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
}

static enum err put(struct fixture *f, const char *record, struct import_counts *counts, struct problem *problem)
{
    char line[LINE_BYTES];
    requote(record, line);
    enum err err = import_record(&f->tx, line, strlen(line), counts, problem);
    arena_reset(f->arena);
    return err;
}

static void put_all(struct fixture *f, struct import_counts *counts)
{
    for (size_t i = 0; i < COUNT(community); i++) {
        struct problem problem;
        if (put(f, community[i], counts, &problem) != ERR_OK)
            fail_msg("%s: %s", community[i], problem.detail);
    }
}

#define NUMBERS "SELECT value FROM sequence WHERE name = 'event'" /* of events, given out */

static void every_type_becomes_a_row_and_the_second_time_nothing(void **state)
{
    struct fixture *f = *state;
    struct import_counts counts = {0};
    (void)fixture_begin(f);
    put_all(f, &counts);
    assert_int_equal(counts.created, 14);
    assert_int_equal(fixture_number(f->db, "SELECT count(*) FROM memberships"), 2); /* the coach's came with the team */
    assert_int_equal(fixture_number(f->db, "SELECT likes FROM posts WHERE id = 5 AND topics = 'sleep tea'"), 1);
    assert_int_equal(fixture_number(f->db, "SELECT count(*) FROM users WHERE username = 'sarah'"), 1);
    int64_t events = fixture_number(f->db, "SELECT count(*) FROM events");
    assert_int_equal(events, 2); /* a post and a notice; and, without a row, a counter's two changes, a channel, two
                                    messages */
    assert_int_equal(fixture_number(f->db, NUMBERS), 7);
    assert_int_equal(fixture_number(f->db, "SELECT value FROM counters WHERE operations = 2 AND milestone = 10000"
                                           " AND seq = (SELECT MAX(seq) FROM counter_changes)"), 11000);
    assert_int_equal(fixture_number(f->db, "SELECT previous FROM counter_changes WHERE operation = 2"), 12000);

    counts = (struct import_counts){0};
    put_all(f, &counts);
    assert_int_equal(counts.unchanged, 14);
    assert_int_equal(counts.created + counts.updated, 0);
    assert_int_equal(fixture_number(f->db, "SELECT count(*) FROM events "), events);
    assert_int_equal(fixture_number(f->db, NUMBERS), 7);
    fixture_commit(f);
}

static void what_differs_is_updated_and_only_that_makes_events(void **state)
{
    static const struct {
        const char *line;
        const char *sql; /* counts 1 when it took */
        int events;
    } table[] = {
        {"{'type':'user','id':'7','username':'mary','name':'Mary Jones'}",
         "SELECT count(*) FROM users WHERE id = 7 AND name = 'Mary Jones' AND external_id = 'm@old.example'"
         " AND password IS NOT NULL", 0},
        {"{'type':'user','id':'7','username':'mary','name':'Mary Jones','disabled':true}",
         "SELECT count(*) FROM users WHERE id = 7 AND disabled = 1 AND tokens_after_ms > 0", 0},
        {"{'type':'user','id':'2','username':'sarah','name':'S.','role':'member'}",
         "SELECT count(*) FROM users WHERE id = 2 AND name = 'S.' AND role = 'coach'", 0},
        {"{'type':'team','id':'2','name':'Evening Walkers'}",
         "SELECT count(*) FROM teams WHERE name = 'Evening Walkers'", 0},
        {"{'type':'membership','teamId':'2','userId':'7','joinedAt':'2026-02-01T00:00:00Z'}",
         "SELECT count(*) FROM memberships WHERE user_id = 7 AND joined_ms = 1769904000000", 0},
        {"{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello all'}",
         "SELECT count(*) FROM posts WHERE body = 'Hello all' AND topics = 'sleep tea' AND pinned_ms > 0", 1},
        {"{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello you','pinnedAt':null}",
         "SELECT count(*) FROM posts WHERE body = 'Hello you' AND pinned_ms IS NULL", 2},
        {"{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello you','hidden':'words'}",
         "SELECT count(*) FROM posts WHERE hidden = 2"
         " AND 1 = (SELECT count(*) FROM reports WHERE subject = 'post')", 1},
        {"{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello you','hidden':'coach'}",
         "SELECT count(*) FROM posts WHERE hidden = 1", 0},
        {"{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello!'}",
         "SELECT count(*) FROM posts WHERE hidden = 1 AND body = 'Hello!'", 1},
        {"{'type':'post','id':'5','teamId':'2','authorId':'7','body':'Hello!','hidden':null}",
         "SELECT count(*) FROM posts WHERE hidden = 0", 1},
        {"{'type':'like','postId':'5','userId':'2','createdAt':'2026-02-01T00:00:00Z'}",
         "SELECT count(*) FROM likes WHERE created_ms = 1769904000000", 0},
        {"{'type':'notice','id':'3','kind':'win','authorId':'2','title':'Hurray!'}",
         "SELECT count(*) FROM notices WHERE title = 'Hurray!' AND team_id IS NULL"
         " AND seq = (" NUMBERS ")", 1},
        {"{'type':'counter','id':'4','teamId':'2','name':'steps','milestone':25000}",
         "SELECT count(*) FROM counters WHERE milestone = 25000 AND value = 11000", 0},
        {"{'type':'channel','id':'6','teamId':'2','name':'The news'}",
         "SELECT count(*) FROM channels WHERE name = 'The news' AND posting = 'coaches'"
         " AND seq = (" NUMBERS ")", 1},
        {"{'type':'message','id':'8','channelId':'6','authorId':'2','content':'Bring hats'}",
         "SELECT count(*) FROM messages WHERE id = 8 AND content = 'Bring hats' AND client_id = 'c-1'"
         " AND changed_seq = (" NUMBERS ")", 1},
        {"{'type':'message','id':'8','channelId':'6','authorId':'2','content':'Bring hats','hidden':'words'}",
         "SELECT count(*) FROM messages WHERE id = 8 AND hidden = 2"
         " AND 1 = (SELECT count(*) FROM reports WHERE subject = 'message')", 2},
        {"{'type':'message','id':'8','channelId':'6','authorId':'2','content':'Bring caps'}",
         "SELECT count(*) FROM messages WHERE id = 8 AND hidden = 2 AND content = 'Bring caps'", 1},
        {"{'type':'message','id':'8','channelId':'6','authorId':'2','content':'','deleted':true}",
         "SELECT count(*) FROM messages WHERE id = 8 AND content = '' AND deleted_ms > 0", 1},
        {"{'type':'receipt','channelId':'6','userId':'7','deliveredId':'8','readId':'8'}",
         "SELECT count(*) FROM receipts WHERE delivered_id = 8 AND read_id = 8", 0},
        {"{'type':'counterChange','counterId':'4','operation':2,'kind':'decrement','value':11000,'userId':'2',"
         "'createdAt':'2026-02-01T00:00:00Z'}",
         "SELECT count(*) FROM counter_changes WHERE operation = 2 AND at_ms = 1769904000000", 0},
    };
    struct fixture *f = *state;
    struct import_counts counts = {0};
    (void)fixture_begin(f);
    put_all(f, &counts);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct problem problem;
        counts = (struct import_counts){0};
        int64_t before = fixture_number(f->db, NUMBERS);
        if (put(f, table[i].line, &counts, &problem) != ERR_OK)
            fail_msg("%s: %s", table[i].line, problem.detail);
        assert_int_equal(counts.updated, 1);
        if (fixture_number_(f->db, table[i].sql) != 1)
            fail_msg("%s did not take", table[i].line);
        assert_int_equal(fixture_number(f->db, NUMBERS) - before,
                         table[i].events);
        counts = (struct import_counts){0};
        assert_int_equal(put(f, table[i].line, &counts, &problem), ERR_OK);
        assert_int_equal(counts.unchanged, 1);
    }
    assert_int_equal(f->tx.changes_count, 0); /* the caller notes CHANGE_ALL */
    fixture_commit(f);
}

/* A counter's oldest changes were forgotten where the file was written; and here, of one that the file has whole. */
static void a_counter_without_its_oldest_changes(void **state)
{
    static const char *const lines[] = {
        "{'type':'counter','id':'9','teamId':'2','name':'water','forgotten':7,'value':70}",
        "{'type':'counterChange','counterId':'9','operation':8,'kind':'increment','value':75,'userId':'7'}",
    };
    struct fixture *f = *state;
    struct import_counts counts = {0};
    struct problem problem;
    char damage[200];
    (void)fixture_begin(f);
    put_all(f, &counts);
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_int_equal(put(f, lines[i], &counts, &problem), ERR_OK);
    assert_int_equal(fixture_number(f->db, "SELECT previous FROM counter_changes WHERE operation = 8"), 70);
    assert_int_equal(fixture_number(f->db, "SELECT operations FROM counters WHERE id = 9 AND value = 75"), 8);
    assert_int_equal(transfer_inspect(f->db, damage, sizeof damage), ERR_OK);
    assert_string_equal(damage, "");
    counts = (struct import_counts){0};
    assert_int_equal(db_run(f->db, "DELETE FROM counter_changes WHERE counter_id = 4 AND operation = 1", ""), ERR_OK);
    assert_int_equal(db_run(f->db, "UPDATE counters SET forgotten = 1 WHERE id = 4", ""), ERR_OK);
    put_all(f, &counts);
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_int_equal(put(f, lines[i], &counts, &problem), ERR_OK);
    assert_int_equal(counts.unchanged, 14 + COUNT(lines));
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM counter_changes WHERE counter_id = 4"), 1);
    fixture_commit(f);
}

static void a_deleted_post_stays_deleted(void **state)
{
    struct fixture *f = *state;
    struct import_counts counts = {0};
    (void)fixture_begin(f);
    put_all(f, &counts);
    assert_int_equal(posts_delete(&f->tx, 5), ERR_OK);
    put_all(f, &counts);
    assert_int_equal(fixture_number(f->db, "SELECT count(*) FROM posts WHERE deleted_ms IS NULL"), 0);
    assert_int_equal(fixture_number(f->db, "SELECT count(*) FROM likes"), 0);
    fixture_commit(f);
}

/* Out of one database and into an empty one: nobody sees there what was hidden here. */
static void what_is_hidden_stays_hidden_on_the_way(void **state)
{
    static const char *const lines[] = {
        "{'type':'post','id':'20','teamId':'2','authorId':'7','body':'B','hidden':'coach'}",
        "{'type':'post','id':'21','teamId':'2','authorId':'7','body':'B','hidden':'words'}",
        "{'type':'message','id':'22','channelId':'6','authorId':'2','content':'C','hidden':'coach'}",
        "{'type':'message','id':'23','channelId':'6','authorId':'2','content':'C','hidden':'words'}",
    };
    struct fixture *f = *state;
    struct fixture *other;
    void *other_state;
    struct import_counts counts = {0};
    struct problem problem;
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fixture_begin(f);
    put_all(f, &counts);
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_int_equal(put(f, lines[i], &counts, &problem), ERR_OK);
    fixture_commit(f);
    assert_int_equal(export_run(f->reader, fileno(file), NULL), ERR_OK);
    rewind(file);

    assert_int_equal(fixture_setup(&other_state), 0);
    other = other_state;
    const struct import_options options = {.fd = fileno(file), .name = "a.jsonl"};
    (void)fixture_begin(other);
    assert_int_equal(import_run(&other->tx, &options, &counts), ERR_OK);
    fixture_commit(other);
    assert_int_equal(fixture_number(other->db, "SELECT SUM(id * 10 + hidden) FROM posts WHERE hidden > 0"), 413);
    assert_int_equal(fixture_number(other->db, "SELECT SUM(id * 10 + hidden) FROM messages WHERE hidden > 0"), 453);
    assert_int_equal(fixture_number(other->db, "SELECT COUNT(*) FROM reports WHERE state = 'open'"), 2);
    assert_int_equal(fixture_teardown(&other_state), 0);
    (void)fclose(file);
}

#define SIXTY_ONE "1234567890123456789012345678901234567890123456789012345678901"
#define CHANGE(counter, operation, kind, value, user)                                                                  \
    "{'type':'counterChange','counterId':'" counter "','operation':" operation ",'kind':'" kind \
    "','value':" value ",'userId':'" user "'}"
#define ROWS                                                                                       \
    "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM posts) + (" NUMBERS ")" \
    " + (SELECT count(*) FROM counters)"

static void bad_records_say_what_is_wrong(void **state)
{
    static const struct {
        const char *line;
        const char *sentence;
    } table[] = {
        {"hello", "The body is not valid JSON"},
        {"[]", "The body has to be a JSON object"},
        {"{'type':'user'", "The body is not valid JSON"},
        {"{}", "The field 'type' is missing"},
        {"{'type':7}", "The field 'type' has to be text"},
        {"{'type':'group'}", "there are no records of the type 'group'"},
        {"{'type':'user','id':'9','name':'N'}", "a user needs the field 'username'"},
        {"{'type':'user','id':9,'username':'nn','name':'N'}", "The field 'id' has to be an id"},
        {"{'type':'user','id':'9007199254740992','username':'nn','name':'N'}", "the field 'id' is over the largest id"},
        {"{'type':'user','id':'9','username':'n','name':'N'}", "a user name has 2 to 60"},
        {"{'type':'user','id':'9','username':'n n','name':'N'}", "a user name has 2 to 60"},
        {"{'type':'user','id':'9','username':'nn','name':''}", "The field 'name' must not be empty"},
        {"{'type':'user','id':'9','username':'nn','name':'N','role':'boss'}", "a role is member, coach or admin"},
        {"{'type':'user','id':'9','username':'nn','name':'N','password':'secret'}",
         "a password has to be an argon2id string"},
        {"{'type':'user','id':'9','username':'nn','name':'N','age':61}", "The field 'age' is not known here"},
        {"{'type':'user','id':'9','username':'nn','name':'N','teamId':'2'}", "a user has no field 'teamId'"},
        {"{'type':'user','id':'9','username':'mary','name':'N'}", "The sign-in name 'mary' is taken"},
        {"{'type':'user','id':'2','username':'mary','name':'N'}", "the id '2' belongs to sarah here, not to mary"},
        {"{'type':'user','id':'2','username':'nell','name':'N','externalId':'n@old.example'}",
         "the id '2' belongs to sarah here, not to nell"},
        {"{'type':'user','id':'7','username':'sarah','name':'N','externalId':'m@old.example'}",
         "the user name 'sarah' or the external id belongs to another"},
        {"{'type':'post','id':'5','teamId':'2','authorId':'2','body':'B'}", "the post '5' belongs to somebody"},
        {"{'type':'notice','id':'3','kind':'win','authorId':'7','title':'T'}", "the notice '3' belongs to somebody"},
        {"{'type':'user','id':'9','username':'nn','name':'N','createdAt':'1970-01-01T00:00:00Z'}",
         "the field 'createdAt' has to be after 1970"},
        {"{'type':'user','id':'9','username':'nn','name':'N','createdAt':'yesterday'}",
         "The field 'createdAt' has to be a time"},
        {"{'type':'team','id':'9','name':'T'}", "there is no user '9'"},
        {"{'type':'membership','teamId':'7','userId':'2'}", "there is no team '7'"},
        {"{'type':'membership','teamId':'2','userId':'9'}", "there is no user '9'"},
        {"{'type':'membership','teamId':null,'userId':'7'}", "the field 'teamId' of a membership cannot be null"},
        {"{'type':'post','id':'9','teamId':'2','authorId':'9','body':'B'}", "there is no user '9'"},
        {"{'type':'post','id':'9','teamId':'9','authorId':'7','body':'B'}", "there is no team '9'"},
        {"{'type':'post','id':'9','teamId':'2','authorId':'7','body':'  '}", "the body of a post must not be empty"},
        {"{'type':'post','id':'9','teamId':'2','authorId':'7','body':'B','topics':['a b']}", "Each entry of 'topics'"},
        {"{'type':'post','id':'9','teamId':'2','authorId':'7','body':'B','hidden':'me'}", "what is hidden is so by"},
        {"{'type':'message','id':'10','channelId':'6','authorId':'2','content':'C','hidden':'me'}",
         "what is hidden is so by"},
        {"{'type':'like','postId':'9','userId':'7'}", "there is no post '9'"},
        {"{'type':'like','postId':'5','userId':'9'}", "there is no user '9'"},
        {"{'type':'notice','id':'9','kind':'news','authorId':'2','title':'T'}", "the kind of a notice is"},
        {"{'type':'notice','id':'9','kind':'win','authorId':'2','title':'T','link':'https://x'}",
         "a link is an address of this site that begins with '/'"},
        {"{'type':'notice','id':'9','kind':'win','authorId':'2','title':'T','link':'//elsewhere.example'}",
         "a link is an address of this site that begins with '/'"},
        {"{'type':'notice','id':'9','kind':'win','authorId':'2','title':'T','link':'/\\\\elsewhere.example'}",
         "a link is an address of this site that begins with '/'"},
        {"{'type':'notice','id':'9','kind':'win','authorId':'9','title':'T'}", "there is no user '9'"},
        {"{'type':'user','id':'9','username':'nn','name':'" SIXTY_ONE "'}", "The field 'name' may have 60 characters"},
        {"{'type':'team','id':'7','name':'" SIXTY_ONE "'}", "The field 'name' may have 60 characters"},
        {"{'type':'counter','id':'9','teamId':'9','name':'water'}", "there is no team '9'"},
        {"{'type':'channel','id':'9','teamId':'9','name':'C'}", "there is no team '9'"},
        {"{'type':'channel','id':'9','teamId':'2','name':'C','posting':'nobody'}", "the posting of a channel is"},
        {"{'type':'message','id':'10','channelId':'9','authorId':'2','content':'C'}", "there is no channel '9'"},
        {"{'type':'message','id':'10','channelId':'6','authorId':'9','content':'C'}", "there is no user '9'"},
        {"{'type':'message','id':'10','channelId':'6','authorId':'2','content':''}",
         "the content of a message is empty"},
        {"{'type':'message','id':'10','channelId':'6','authorId':'2','content':'C','deleted':true}",
         "the content of a message is empty"},
        {"{'type':'message','id':'10','channelId':'6','authorId':'2','content':'C','threadId':'99'}",
         "There is no such message to answer"},
        {"{'type':'message','id':'10','channelId':'6','authorId':'2','content':'C','clientId':'c-1'}",
         "the client id of the message '10' belongs to another one"},
        {"{'type':'message','id':'8','channelId':'6','authorId':'7','content':'C'}",
         "the message '8' is somebody"},
        {"{'type':'message','id':'8','channelId':'6','authorId':'2','content':'C','threadId':'9'}",
         "the message '8' is in another thread"},
        {"{'type':'receipt','channelId':'9','userId':'7','deliveredId':'8'}", "there is no channel '9'"},
        {"{'type':'receipt','channelId':'6','userId':'9','deliveredId':'8'}", "there is no user '9'"},
        {"{'type':'counter','id':'9','teamId':'2','name':'Water'}", "A counter"},
        {"{'type':'counter','id':'9','teamId':'2','name':'steps'}", "the team has another counter of the name 'steps'"},
        {"{'type':'counter','id':'4','teamId':'2','name':'water'}", "the counter '4' is another one here"},
        {"{'type':'counter','id':'9','teamId':'2','name':'water','value':7}", "a counter"},
        {"{'type':'counter','id':'9','teamId':'2','name':'water','milestone':-1}", "The field 'milestone' has to be"},
        {CHANGE("4", "2", "increment", "1", "2"), "change 2 of the counter '4' is another one here"},
        {CHANGE("4", "1", "increment", "12000", "2"), "change 1 of the counter '4' is another one here"},
        {CHANGE("4", "4", "increment", "12000", "2"), "the next change of the counter '4' is number 3"},
        {CHANGE("9", "1", "increment", "1", "2"), "there is no counter '9'"},
        {CHANGE("4", "3", "increment", "1", "9"), "there is no user '9'"},
        {CHANGE("4", "3", "reset", "1", "2"), "a reset sets a counter to 0"},
        {CHANGE("4", "3", "double", "1", "2"), "the kind of a counter"},
        {CHANGE("4", "3", "decrement", "-9007199254740991", "2"), "no change of a counter is over"},
        {CHANGE("4", "3", "setValue", "9007199254740992", "2"), "The field 'value' has to be between"},
    };
    struct fixture *f = *state;
    struct import_counts counts = {0};
    (void)fixture_begin(f);
    put_all(f, &counts);
    int64_t rows = fixture_number(f->db, ROWS);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct problem problem;
        assert_int_not_equal(put(f, table[i].line, &counts, &problem), ERR_OK);
        char sentence[LINE_BYTES];
        requote(table[i].sentence, sentence);
        if (strncmp(problem_detail(&problem), sentence, strlen(sentence)) != 0)
            fail_msg("%s: %s", table[i].line, problem_detail(&problem));
    }
    assert_int_equal(fixture_number(f->db, ROWS), rows);
    fixture_commit(f);
}

static void a_team_takes_no_more_pins_than_it_may(void **state)
{
    struct fixture *f = *state;
    struct import_counts counts = {0};
    struct problem problem = {0};
    (void)fixture_begin(f);
    put_all(f, &counts);
    for (int i = 0; i < PINS_PER_TEAM_MAX; i++) {
        char line[300];
        (void)snprintf(line, sizeof line,
                       "{'type':'post','id':'%d','teamId':'2','authorId':'7','body':'B','pinnedAt':" TIME "}",
                       100 + i);
        bool last = i == PINS_PER_TEAM_MAX - 1; /* one was there */
        assert_int_equal(put(f, line, &counts, &problem), last ? ERR_CONFLICT : ERR_OK);
    }
    assert_string_equal(problem.detail, "a team has 10 pinned posts at most");
    fixture_commit(f);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

struct asked {
    int times;
    int stop_at; /* 0: never */
};

static bool ask(void *arg, int64_t bytes_done, int64_t bytes, int64_t lines)
{
    struct asked *asked = arg;
    assert_true(bytes_done > 0 && bytes_done <= bytes && lines > 0);
    return ++asked->times != asked->stop_at;
}

/* Imports a text as a file would be. */
static enum err import_text(struct fixture *f, const char *text, size_t len, struct asked *asked,
                            struct import_counts *counts)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    rewind(file);
    struct import_options options = {
        .fd = fileno(file),
        .name = "a.jsonl",
        .bytes = (int64_t)len,
        .progress = asked != NULL ? ask : NULL,
        .progress_arg = asked,
    };
    enum err err = import_run(&f->tx, &options, counts);
    (void)fclose(file);
    return err;
}

static void a_bad_line_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *sentence; /* empty: it is fine */
    } table[] = {
        {"", ""},
        {"\n\n  \r\n", ""},
        {"{'type':'user','id':'9','username':'nn','name':'N'}", ""}, /* no feed at the end */
        {"\n{'type':'user','id':'8','username':'oo','name':'N'}\r\n{}\n",
         "a.jsonl, line 3: The field 'type' is missing."},
        {"\xef\xbb\xbf{'type':'user','id':'9','username':'nn','name':'N'}\n{}",
         "a.jsonl, line 2: The field 'type' is missing."},
        /* a mark opens a file and nothing else */
        {"\n\xef\xbb\xbf{}\n", "a.jsonl, line 2: The line is not valid JSON (column 1)."},
        {"\xff\n", "a.jsonl, line 1: The line is not valid UTF-8 text."},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct import_counts counts;
        char text[LINE_BYTES];
        char sentence[LINE_BYTES];
        requote(table[i].text, text);
        requote(table[i].sentence, sentence);
        (void)fixture_begin(f);
        enum err err = import_text(f, text, strlen(text), NULL, &counts);
        assert_int_equal(err == ERR_OK, sentence[0] == '\0');
        assert_string_equal(f->tx.problem.detail, sentence);
        db_rollback(f->db);
    }
}

static void a_line_has_a_longest_length(void **state)
{
    struct fixture *f = *state;
    static char text[3 * IMPORT_LINE_BYTES_MAX];
    struct import_counts counts;
    (void)fixture_begin(f);
    memset(text, ' ', sizeof text);
    text[IMPORT_LINE_BYTES_MAX] = '\n';
    assert_int_equal(import_text(f, text, IMPORT_LINE_BYTES_MAX + 1, NULL, &counts), ERR_OK);
    assert_int_equal(import_text(f, text, IMPORT_LINE_BYTES_MAX * 3, NULL, &counts), ERR_TOO_LARGE);
    assert_string_equal(f->tx.problem.detail, "a.jsonl, line 2: the line is over 65536 bytes");
    db_rollback(f->db);
}

static void progress_is_told_and_can_stop_it(void **state)
{
    struct fixture *f = *state;
    struct import_counts counts;
    static char text[2000 * 80];
    size_t len = 0;
    for (int i = 1; i <= 2000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "{\"type\":\"user\",\"id\":\"%d\",\"username\":\"u%d\",\"name\":\"U\"}\n", i, i);
    struct asked asked = {.stop_at = 3};
    (void)fixture_begin(f);
    assert_int_equal(import_text(f, text, len, &asked, &counts), ERR_CONFLICT);
    assert_int_equal(asked.times, 3);
    db_rollback(f->db);
    asked = (struct asked){0};
    (void)fixture_begin(f);
    assert_int_equal(import_text(f, text, len, &asked, &counts), ERR_OK);
    assert_int_equal(counts.created, 2000);
    assert_true(asked.times > 3);
    assert_int_equal(f->tx.changes_count, 1);
    assert_int_equal(fixture_last(&f->tx)->kind, CHANGE_ALL);
    db_rollback(f->db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_becomes_a_row_and_the_second_time_nothing,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_differs_is_updated_and_only_that_makes_events,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_counter_without_its_oldest_changes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deleted_post_stays_deleted, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_hidden_stays_hidden_on_the_way, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(bad_records_say_what_is_wrong, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_team_takes_no_more_pins_than_it_may, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_bad_line_is_named, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_line_has_a_longest_length, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(progress_is_told_and_can_stop_it, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
