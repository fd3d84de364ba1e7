/* Hiding, pauses, the word list, the audit log: db/moderation.h and what it stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fold.h"
#include "db/audit.h"
#include "db/heads.h"
#include "db/moderation.h"
#include "db/mutes.h"
#include "db/words.h"
#include "db_fixture.h"

static void words_are_folded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } table[] = {
        {"Énfado, ENFADO! enfado\xcc\x81", "enfado enfado enfado"},
        {"it\xe2\x80\x99s 5km", "it s 5km"},
        {"\xf0\x9f\x8c\xbb…  ", ""},
        {"Straße ŁÓDŹ naïve", "strase lodz naive"},
        {"ΑΒΓ ПРИВЕТ", "αβγ привет"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char all[200] = "";
        char word[FOLD_WORD_BYTES];
        const char *text = table[i].text;
        while (fold_next(&text, word)) {
            if (all[0] != '\0')
                (void)strcat(all, " ");
            (void)strcat(all, word);
        }
        assert_string_equal(all, table[i].words);
    }
    char long_text[400];
    char word[FOLD_WORD_BYTES];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_true(fold_one(long_text, word));
    assert_true(strlen(word) < FOLD_WORD_BYTES);
    assert_false(fold_one("two words", word));
    assert_false(fold_one("\xf0\x9f\x8c\xbb", word));
}

static void the_log_is_only_added_to(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    const struct audit_entry entry = {.actor_id = 7, .action = "flag.set", .detail = "realtime on"};
    assert_int_equal(audit_add(tx, &entry), ERR_OK);
    assert_int_equal(db_run(tx->db, "UPDATE audit SET actor_id = 8", ""), ERR_CONFLICT);
    assert_int_equal(db_run(tx->db, "DELETE FROM audit", ""), ERR_CONFLICT);
    fixture_commit(f);
    assert_int_equal(fixture_number(f->db, "SELECT COUNT(*) FROM audit WHERE actor_id = 7"), 1);
}

static void a_pause_is_known_beside_the_table(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    struct mutes *known = NULL;
    struct mutes *again = NULL;
    int64_t until_ms;
    int64_t team = fixture_team(tx, "sarah");
    int64_t mary = fixture_user(tx, "mary", ROLE_MEMBER);
    assert_int_equal(moderation_mute(tx, team, team, mary, 5, &until_ms), ERR_NOT_FOUND);
    assert_int_equal(users_join(tx, mary, team, 0), ERR_OK);
    assert_int_equal(moderation_mute(tx, team, team, mary, 5, &until_ms), ERR_OK);
    assert_int_equal(until_ms, T0 + 5 * 60000);
    assert_int_equal(mutes_check(tx, team, mary), ERR_MUTED);
    assert_int_equal(moderation_mute(tx, team, team, team, 5, &until_ms), ERR_FORBIDDEN);
    assert_int_equal(moderation_remove(tx, team, team, mary), ERR_OK);
    assert_int_equal(mutes_check(tx, team, mary), ERR_MUTED); /* leaving does not end it */
    fixture_commit(f);

    assert_int_equal(mutes_load(f->reader, T0, &known), ERR_OK);
    assert_int_equal(mutes_known(known, team, mary, T0), T0 + 5 * 60000);
    assert_int_equal(mutes_known(known, team, mary, T0 + 5 * 60000), 0);
    assert_int_equal(mutes_known(known, team + 1, mary, T0), 0);
    const struct change other = {
        .kind = CHANGE_MUTE, .team_id = team, .subject_id = mary + 1, .value = T0 + 6 * 60000};
    mutes_publish(known, f->reader, T0 + 5 * 60000, &other, 1); /* takes the ended one's place */
    assert_int_equal(mutes_known(known, team, mary + 1, T0 + 5 * 60000), T0 + 6 * 60000);
    assert_int_equal(mutes_known(known, team, mary, T0), 0);
    assert_int_equal(mutes_load(f->reader, T0, &again), ERR_OK);
    mutes_free(known);
    known = again;
    const struct change end = {.kind = CHANGE_MUTE, .team_id = team, .subject_id = mary};
    mutes_publish(known, f->reader, T0, &end, 1);
    assert_int_equal(mutes_known(known, team, mary, T0), 0);
    const struct change all = {.kind = CHANGE_ALL};
    mutes_publish(known, f->reader, T0, &all, 1);
    assert_int_equal(mutes_known(known, team, mary, T0), T0 + 5 * 60000);
    mutes_free(known);
    mutes_free(NULL);
}

/* New posts of a team that were created after the given number, as a head that followed all changes counts them. */
static void the_head_forgets_and_finds_a_post_again(void **state)
{
    struct fixture *f = *state;
    struct heads *heads;
    struct team_head *head;
    struct tx *tx = fixture_begin(f);
    int64_t team = fixture_team(tx, "sarah");
    fixture_commit(f);
    assert_int_equal(heads_create(f->reader, 1, &heads), ERR_OK);
    assert_int_equal(heads_team(heads, f->reader, team, &head), ERR_OK);
    int64_t ids[4];
    int64_t seqs[4];
    tx = fixture_begin(f);
    for (size_t i = 0; i < 4; i++) {
        ids[i] = fixture_post(tx, team, team, "words");
        seqs[i] = fixture_last(tx)->seq;
    }
    heads_publish(heads, tx->changes, tx->changes_count);
    fixture_commit(f);
    assert_int_equal(team_head_new_posts(head, 0), 4);
    for (size_t i = 0; i < 4; i++) {
        bool changed;
        tx = fixture_begin(f);
        size_t before = tx->changes_count;
        assert_int_equal(posts_hide(tx, ids[i], HIDDEN_BY_COACH, &changed), ERR_OK);
        assert_true(changed);
        heads_publish(heads, tx->changes + before, tx->changes_count - before);
        assert_int_equal(team_head_new_posts(head, 0), 3);
        before = tx->changes_count;
        assert_int_equal(posts_hide(tx, ids[i], HIDDEN_NOT, &changed), ERR_OK);
        heads_publish(heads, tx->changes + before, tx->changes_count - before);
        heads_publish(heads, tx->changes + before, tx->changes_count - before); /* twice is once */
        fixture_commit(f);
        for (size_t k = 0; k < 4; k++) /* and each is where it was */
            assert_int_equal(team_head_new_posts(head, seqs[k]), 3 - k);
    }
    heads_free(heads);
}

static void the_list_matches_what_it_holds(void **state)
{
    struct fixture *f = *state;
    struct tx *tx = fixture_begin(f);
    const char *const words[] = {"Énfado", "scam"};
    const char *const bad[] = {"fine", "not fine"};
    bool found;
    assert_int_equal(words_match(tx->db, "a scam", &found), ERR_OK);
    assert_false(found);
    assert_int_equal(words_set(tx, words, 2), ERR_OK);
    assert_int_equal(words_match(tx->db, "a SCAM", &found), ERR_OK);
    assert_true(found);
    assert_int_equal(words_match(tx->db, "scampi", &found), ERR_OK);
    assert_false(found);
    assert_int_equal(words_match(tx->db, NULL, &found), ERR_OK);
    assert_false(found);
    char long_text[3000 + sizeof "scam"];
    for (size_t i = 0; i < 3000; i++)
        long_text[i] = i % 3 == 2 ? ' ' : (char)('a' + i % 2);
    (void)strcpy(long_text + 3000, "scam");
    uint64_t before = f->stats.statements;
    assert_int_equal(words_match(tx->db, long_text, &found), ERR_OK);
    assert_true(found);
    assert_int_equal(f->stats.statements - before, 1);
    assert_int_equal(words_remove(tx, "SCAM", &found), ERR_OK);
    assert_true(found);
    assert_int_equal(words_add(tx, "enfado", &found), ERR_OK);
    assert_false(found); /* it is there */
    assert_int_equal(words_set(tx, bad, 2), ERR_INVALID);
    fixture_commit(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_folded),      TEST(the_log_is_only_added_to),
        TEST(a_pause_is_known_beside_the_table), TEST(the_head_forgets_and_finds_a_post_again),
        TEST(the_list_matches_what_it_holds),
    };
    return cmocka_run_group_tests_name("db/moderation", tests, NULL, NULL);
}
