/*
 * db/presence.h: who is here, held against a list that is searched from end to end; tables that grow and shrink;
 * threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "db/presence.h"
#include "random.h"

#define GRACE_MS 10000
#define HOLD_MS 90000
#define PHONE 1
#define TABLET 2

struct fixture {
    struct presence *p;
    struct arena *arena;
    int64_t watched_team; /* whose notifications count */
    size_t told;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.p = presence_create(), .arena = arena_create(4096, 16 << 20)};
    *state = &f;
    return f.p == NULL || f.arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    presence_free(f->p);
    presence_free(NULL);
    arena_free(f->arena);
    return 0;
}

static void here(struct presence_team *team, int64_t user_id, const char *coach_name, int64_t now_ms)
{
    struct presence_person person = {.user_id = user_id, .coach_name = coach_name};
    assert_int_equal(presence_heartbeat(team, &person, PHONE, now_ms, now_ms + HOLD_MS), ERR_OK);
}

static struct presence_view look(struct fixture *f, struct presence_team *team, int64_t now_ms)
{
    struct presence_view view;
    arena_reset(f->arena);
    assert_int_equal(presence_read(team, now_ms, f->arena, &view), ERR_OK);
    assert_true(view.version != 0);
    assert_int_equal(view.version, presence_version(team, now_ms));
    return view;
}

static uint32_t attach(struct presence_team *team, int64_t user_id, const char *coach_name, int64_t now_ms)
{
    struct presence_person person = {.user_id = user_id, .coach_name = coach_name};
    uint32_t stay = presence_attach(team, &person, now_ms);
    assert_true(stay != 0);
    return stay;
}

static size_t count(struct fixture *f, struct presence_team *team, int64_t now_ms)
{
    return look(f, team, now_ms).count;
}

/* "sarah,dave" */
static const char *coaches(struct fixture *f, struct presence_team *team, int64_t now_ms)
{
    struct presence_view view = look(f, team, now_ms);
    const char *text = "";
    for (size_t i = 0; i < view.coaches_count; i++)
        text = arena_printf(f->arena, "%s%s%s", text, i > 0 ? "," : "", view.coaches[i]);
    return text;
}

/* 1. People are counted, not their devices and polls; teams do not mix. */
static void people_are_distinct(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    assert_int_equal(count(f, team, 0), 0);
    assert_string_equal(coaches(f, team, 0), "");
    for (int i = 0; i < 10; i++)
        here(team, 7, NULL, 100 + i);
    assert_int_equal(count(f, team, 200), 1);
    here(team, 8, NULL, 200);
    assert_int_equal(count(f, team, 200), 2);
    assert_int_equal(count(f, presence_team(f->p, 2), 200), 0);
    assert_ptr_equal(presence_team(f->p, 1), team);
}

/* 2. Somebody is here until exactly the time the last heartbeat named. */
static void a_heartbeat_holds_until_its_time(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    here(team, 7, NULL, 0);
    here(team, 8, NULL, 1000);
    here(team, 7, NULL, 2000);
    assert_int_equal(count(f, team, HOLD_MS + 999), 2);
    assert_int_equal(count(f, team, HOLD_MS + 1000), 1);
    assert_int_equal(count(f, team, HOLD_MS + 1999), 1);
    assert_int_equal(count(f, team, HOLD_MS + 2000), 0);
    here(team, 7, NULL, HOLD_MS + 2000);
    assert_int_equal(count(f, team, HOLD_MS + 2000), 1);
}

/* 3. Who leaves is here until the grace is over; who returns before never was away; a second leaving cannot prolong. */
static void leaving_has_a_grace(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    here(team, 7, "Sarah", 0);
    here(team, 8, NULL, 0);
    uint64_t version = presence_version(team, 0);
    presence_leave(team, 7, PHONE, 1000 + GRACE_MS);
    assert_int_equal(count(f, team, 1000 + GRACE_MS - 1), 2);
    here(team, 7, "Sarah", 1000 + GRACE_MS - 1);
    assert_int_equal(count(f, team, 1000 + GRACE_MS), 2);
    assert_true(presence_version(team, 50000) == version); /* a reload of the page changes nothing */

    presence_leave(team, 7, PHONE, 60000);
    presence_leave(team, 7, PHONE, 70000);
    presence_leave(team, 99, PHONE, 60000); /* not here */
    assert_int_equal(count(f, team, 59999), 2);
    assert_int_equal(count(f, team, 60000), 1);
    assert_string_equal(coaches(f, team, 60000), "");
    presence_leave(presence_team(f->p, 3), 7, PHONE, 1);
}

/* 3a. The tablet is put away while its owner reads on the phone. */
static void a_device_takes_back_only_its_own_time(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    struct presence_person person = {.user_id = 7};
    assert_int_equal(presence_heartbeat(team, &person, PHONE, 0, 5000), ERR_OK);
    assert_int_equal(presence_heartbeat(team, &person, TABLET, 0, 8000), ERR_OK);
    presence_leave(team, 7, TABLET, 1000);
    presence_leave(team, 7, 0, 1000); /* nobody's time is nobody's to take */
    assert_int_equal(count(f, team, 4999), 1);
    assert_int_equal(count(f, team, 5000), 0);

    assert_int_equal(presence_heartbeat(team, &person, PHONE, 10000, 15000), ERR_OK);
    assert_int_equal(presence_heartbeat(team, &person, TABLET, 10000, 18000), ERR_OK);
    presence_leave(team, 7, PHONE, 11000);
    presence_leave(team, 7, TABLET, 12000);
    assert_int_equal(count(f, team, 11999), 1);
    assert_int_equal(count(f, team, 12000), 0); /* the phone's time is not left over */

    assert_int_equal(presence_heartbeat(team, &person, PHONE, 20000, 21000), ERR_OK);
    presence_leave(team, 7, PHONE, 25000);
    assert_int_equal(count(f, team, 21000), 0); /* a grace is never longer than what was given */
}

/* 3b. More devices than there is room for: the last to come are known, and nobody goes early. */
static void the_shortest_of_many_devices_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    struct presence_person person = {.user_id = 7};
    uint64_t devices = 3 * PRESENCE_DEVICES_MAX;
    for (uint64_t d = 1; d <= devices; d++)
        assert_int_equal(presence_heartbeat(team, &person, d, 0, (int64_t)d * 1000), ERR_OK);
    for (uint64_t d = 1; d <= devices - PRESENCE_DEVICES_MAX; d++)
        presence_leave(team, 7, d, 1);
    assert_int_equal(count(f, team, (int64_t)devices * 1000 - 1), 1);
    for (uint64_t d = devices; d > devices - PRESENCE_DEVICES_MAX; d--)
        presence_leave(team, 7, d, 0);
    assert_int_equal(count(f, team, (int64_t)devices * 1000 - 1), 0);
}

/* 4. Who appears offline is nowhere, at once, and comes back with the next visible heartbeat. */
static void who_appears_offline_is_not_here(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    struct presence_person hidden = {.user_id = 7, .coach_name = "Sarah", .appears_offline = true};
    uint64_t version = presence_version(team, 0);
    assert_int_equal(presence_heartbeat(team, &hidden, PHONE, 0, HOLD_MS), ERR_OK);
    assert_int_equal(count(f, team, 0), 0);
    assert_true(presence_version(team, 0) == version);
    here(team, 7, "Sarah", 0);
    assert_string_equal(coaches(f, team, 0), "Sarah");
    assert_int_equal(presence_heartbeat(team, &hidden, PHONE, 0, HOLD_MS), ERR_OK);
    assert_int_equal(count(f, team, 0), 0);
    assert_string_equal(coaches(f, team, 0), "");
    here(team, 7, "Sarah", 1);
    assert_int_equal(count(f, team, 1), 1);
}

/* 5. Coaches are named in the order in which they came; who goes and returns stands last. */
static void coaches_in_order_of_arrival(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    static const char *const names[] = {"Sarah", "Dave", "Ann", "Zo\xc3\xab", "Bob"};
    for (int i = 0; i < 5; i++) {
        here(team, 1000 - i * 37, names[i], 0);
        here(team, 5000 + i, NULL, 0);
    }
    assert_string_equal(coaches(f, team, 1), "Sarah,Dave,Ann,Zo\xc3\xab,Bob");
    here(team, 1000, "Sarah", 5);
    assert_string_equal(coaches(f, team, 5), "Sarah,Dave,Ann,Zo\xc3\xab,Bob");
    presence_drop(f->p, 1000 - 37);
    assert_string_equal(coaches(f, team, 5), "Sarah,Ann,Zo\xc3\xab,Bob");
    here(team, 1000 - 37, "Dave", 6);
    assert_string_equal(coaches(f, team, 6), "Sarah,Ann,Zo\xc3\xab,Bob,Dave");
    assert_int_equal(count(f, team, 6), 10);
}

/* 6. A new name shows with the next heartbeat, in the same place; a coach who is one no longer is only counted. */
static void renamed_and_relieved(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    char name[] = "Sarah";
    here(team, 1, name, 0);
    here(team, 2, "Dave", 0);
    memcpy(name, "XXXXX", 5); /* it was copied */
    assert_string_equal(coaches(f, team, 0), "Sarah,Dave");
    uint64_t version = presence_version(team, 0);
    here(team, 1, "Sara", 0);
    assert_string_equal(coaches(f, team, 0), "Sara,Dave");
    assert_true(presence_version(team, 0) != version);
    version = presence_version(team, 0);
    here(team, 2, NULL, 0);
    assert_string_equal(coaches(f, team, 0), "Sara");
    assert_int_equal(count(f, team, 0), 2);
    assert_true(presence_version(team, 0) != version);
    here(team, 2, "Dave", 0);
    assert_string_equal(coaches(f, team, 0), "Sara,Dave");
}

/* 7. Dropped is dropped from every team, at once; the totals count who is left. */
static void drop_is_everywhere_and_totals_count(void **state)
{
    struct fixture *f = *state;
    size_t people = 99;
    size_t teams = 99;
    presence_totals(f->p, 0, &people, &teams);
    assert_int_equal(people + teams, 0);
    for (int64_t t = 1; t <= 3000; t++) { /* more teams than buckets */
        here(presence_team(f->p, t), 7, NULL, 0);
        if (t % 2 == 0)
            here(presence_team(f->p, t), t + 100000, "Coach", 10000);
    }
    presence_totals(f->p, 0, &people, &teams);
    assert_int_equal(people, 4500);
    assert_int_equal(teams, 3000);
    presence_drop(f->p, 7);
    presence_drop(f->p, 7);
    presence_totals(f->p, 0, &people, &teams);
    assert_int_equal(people, 1500);
    assert_int_equal(teams, 1500);
    assert_int_equal(count(f, presence_team(f->p, 2999), 0), 0);
    assert_string_equal(coaches(f, presence_team(f->p, 3000), 0), "Coach");
    presence_totals(f->p, 10000 + HOLD_MS, &people, &teams);
    assert_int_equal(people + teams, 0);
}

#define CROWD 20000

/* 8. A table of thousands: all are found while it grows, and while people leave from the middle of its runs. */
static void thousands_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct random r = random_seeded();
    struct presence_team *team = presence_team(f->p, 1);
    static int64_t ids[CROWD];
    static bool is_here[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        ids[i] = (int64_t)(random_below(&r, 2) == 0 ? i + 1 : (random_next(&r) >> 2 << 20 | i) + (UINT64_C(1) << 20));
        here(team, ids[i], NULL, 0);
        is_here[i] = true;
    }
    assert_int_equal(count(f, team, 0), CROWD);
    size_t left = CROWD;
    for (size_t n = 0; n < 3 * CROWD; n++) {
        size_t i = random_below(&r, CROWD);
        struct presence_person person = {.user_id = ids[i], .appears_offline = is_here[i]};
        assert_int_equal(presence_heartbeat(team, &person, PHONE, 0, HOLD_MS), ERR_OK);
        is_here[i] = !is_here[i];
        left += is_here[i] ? 1 : (size_t)-1;
    }
    assert_int_equal(count(f, team, 0), left);
    for (size_t i = 0; i < CROWD; i++) { /* each is found exactly if they are here: nobody is counted twice */
        uint64_t version = presence_version(team, 0);
        here(team, ids[i], NULL, 0);
        assert_int_equal(presence_version(team, 0) == version, is_here[i]);
    }
    assert_int_equal(count(f, team, 0), CROWD);
    for (size_t i = 0; i < CROWD; i += 2)
        presence_leave(team, ids[i], PHONE, 1);
    assert_int_equal(count(f, team, 1), CROWD / 2);
    assert_int_equal(count(f, team, HOLD_MS), 0);
}

/* 9. The same on a small table with the same few ids, where runs wrap round its end: removal is tried everywhere. */
static void small_tables_lose_nobody(void **state)
{
    struct fixture *f = *state;
    struct random r = random_seeded();
    for (int64_t t = 1; t <= 300; t++) {
        struct presence_team *team = presence_team(f->p, t);
        int64_t expires_ms[12] = {0}; /* 12 fill a table of 16 to the brim */
        int64_t first_id = (int64_t)(random_next(&r) >> 8) + 1;
        int64_t now_ms = 1;
        for (int n = 0; n < 300; n++) {
            size_t i = random_below(&r, 12);
            now_ms += (int64_t)random_below(&r, 3);
            int64_t told_ms = now_ms + 1 + (int64_t)random_below(&r, 20);
            if (told_ms > expires_ms[i]) /* a shorter interval of another device takes nothing away */
                expires_ms[i] = told_ms;
            struct presence_person person = {.user_id = first_id + (int64_t)i};
            assert_int_equal(presence_heartbeat(team, &person, PHONE, now_ms, told_ms), ERR_OK);
            size_t wanted = 0;
            for (size_t k = 0; k < 12; k++)
                wanted += expires_ms[k] > now_ms;
            assert_int_equal(count(f, team, now_ms), wanted);
        }
    }
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* 10. A person with three devices is one, and here until the last socket is gone and its grace is over. */
static void sockets_are_one_person(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    uint32_t stays[3];
    for (size_t i = 0; i < 3; i++)
        stays[i] = attach(team, 7, "Sarah", 0);
    assert_int_equal(count(f, team, 1000 * HOLD_MS), 1); /* no time ends a socket */
    uint64_t version = presence_version(team, 0);
    presence_detach(team, 7, stays[0], 100);
    presence_detach(team, 7, stays[1], 100);
    assert_int_equal(count(f, team, 5000), 1);
    presence_detach(team, 7, stays[2], 5000 + GRACE_MS);
    assert_int_equal(count(f, team, 5000 + GRACE_MS - 1), 1);
    stays[0] = attach(team, 7, "Sarah", 5000 + GRACE_MS - 1); /* back within the grace: nothing happened */
    assert_int_equal(count(f, team, 5000 + GRACE_MS), 1);
    assert_true(presence_version(team, 90000) == version);
    presence_detach(team, 7, stays[0], 90000 + GRACE_MS);
    assert_string_equal(coaches(f, team, 90000 + GRACE_MS - 1), "Sarah");
    assert_string_equal(coaches(f, team, 90000 + GRACE_MS), "");
    assert_int_equal(count(f, team, 90000 + GRACE_MS), 0);
}

/* 11. Polls and sockets hold the same person: whichever holds longer. */
static void polls_and_sockets_are_one_person(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    here(team, 7, NULL, 0); /* until HOLD_MS */
    uint32_t stay = attach(team, 7, NULL, 0);
    assert_int_equal(count(f, team, 0), 1);
    presence_detach(team, 7, stay, GRACE_MS); /* the poll holds them */
    assert_int_equal(count(f, team, HOLD_MS - 1), 1);
    assert_int_equal(count(f, team, HOLD_MS), 0);

    stay = attach(team, 7, NULL, HOLD_MS);
    here(team, 7, NULL, HOLD_MS);
    presence_leave(team, 7, PHONE, HOLD_MS + 1); /* the polling device leaves, the socket stays */
    assert_int_equal(count(f, team, 5 * HOLD_MS), 1);
    presence_detach(team, 7, stay, 5 * HOLD_MS + GRACE_MS); /* and the poll holds nobody any more */
    assert_int_equal(count(f, team, 5 * HOLD_MS + GRACE_MS - 1), 1);
    assert_int_equal(count(f, team, 5 * HOLD_MS + GRACE_MS), 0);

    stay = attach(team, 7, NULL, 500000); /* a poll that is over takes nobody with it who has a socket */
    here(team, 7, NULL, 500000);
    here(team, 8, NULL, 500000);
    assert_int_equal(count(f, team, 500000 + HOLD_MS), 1);
    presence_detach(team, 7, stay, 500000 + HOLD_MS + GRACE_MS);
    presence_leave(team, 7, PHONE, 500000 + HOLD_MS + 1); /* nor is the socket's grace the poll's to take */
    assert_int_equal(count(f, team, 500000 + HOLD_MS + GRACE_MS - 1), 1);
    assert_int_equal(count(f, team, 500000 + HOLD_MS + GRACE_MS), 0);
}

/* 12. Who was dropped is gone with all sockets; what these do afterwards touches nobody who came meanwhile. */
static void a_dropped_socket_counts_no_more(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    struct presence_person hidden = {.user_id = 7, .coach_name = "Sarah", .appears_offline = true};
    for (int how = 0; how < 3; how++) {
        int64_t now_ms = how * 1000000;
        uint32_t first = attach(team, 7, "Sarah", now_ms);
        uint32_t second = attach(team, 7, "Sarah", now_ms);
        if (how == 0)
            presence_drop(f->p, 7);
        else if (how == 1)
            assert_int_equal(presence_heartbeat(team, &hidden, PHONE, now_ms, now_ms + HOLD_MS), ERR_OK);
        else
            assert_int_equal(presence_attach(team, &hidden, now_ms), 0);
        assert_int_equal(count(f, team, now_ms), 0);
        presence_detach(team, 7, first, now_ms + GRACE_MS); /* nobody is here */
        assert_int_equal(count(f, team, now_ms), 0);

        uint32_t fresh = attach(team, 7, "Sarah", now_ms);
        presence_detach(team, 7, second, now_ms + 1); /* of the old stay */
        presence_detach(team, 7, 0, now_ms + 1);      /* of none */
        assert_int_equal(count(f, team, now_ms + HOLD_MS), 1);
        presence_detach(team, 7, fresh, now_ms + HOLD_MS + GRACE_MS);
        assert_int_equal(count(f, team, now_ms + HOLD_MS + GRACE_MS), 0);

        first = attach(team, 7, "Sarah", now_ms);
        presence_drop(f->p, 7);
        here(team, 7, "Sarah", now_ms); /* back by a poll: the old socket does not prolong it */
        presence_detach(team, 7, first, now_ms + 2 * HOLD_MS);
        assert_int_equal(count(f, team, now_ms + HOLD_MS - 1), 1);
        assert_int_equal(count(f, team, now_ms + HOLD_MS), 0);
    }
}

/* Who leaves one team stays where they are in the others. */
static void a_team_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct presence_team *left = presence_team(f->p, 1);
    struct presence_team *kept = presence_team(f->p, 2);
    (void)attach(left, 7, NULL, 0);
    (void)attach(kept, 7, NULL, 0);
    presence_drop_from(f->p, 1, 7);
    presence_drop_from(f->p, 3, 7); /* nobody ever came there */
    assert_int_equal(count(f, left, 0), 0);
    assert_int_equal(count(f, kept, 0), 1);
}

/* ---- the watcher ------------------------------------------------------------------------------------------------- */

/* It may call anything: no lock is held. */
static void on_changed(void *arg, int64_t team_id)
{
    struct fixture *f = arg;
    (void)presence_version(presence_team(f->p, team_id), 0);
    f->told += team_id == f->watched_team;
}

/* 13. Told of every kind of change, once until it looks; and of nothing that changes nothing. */
static void the_watcher_is_told_once(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    presence_watch(f->p, on_changed, f);
    f->watched_team = 1;
    here(team, 7, "Sarah", 0);
    assert_int_equal(f->told, 1);
    here(team, 8, NULL, 0);
    presence_drop(f->p, 8);
    assert_int_equal(f->told, 1);
    presence_watched(team);
    assert_int_equal(f->told, 1);

    here(team, 7, "Sarah", 1);
    presence_leave(team, 7, PHONE, HOLD_MS);
    uint32_t stay = attach(team, 7, "Sarah", 1);
    here(presence_team(f->p, 2), 9, NULL, 0); /* another team's change */
    presence_drop(f->p, 9);
    assert_int_equal(f->told, 1);

    assert_int_equal(attach(team, 7, "Sara", 2), stay); /* a new name */
    assert_int_equal(f->told, 2);
    presence_watched(team);
    presence_detach(team, 7, stay, HOLD_MS);
    presence_detach(team, 7, stay, HOLD_MS);
    presence_expire(f->p, HOLD_MS - 1);
    assert_int_equal(f->told, 2);
    presence_expire(f->p, HOLD_MS); /* the end of their time */
    assert_int_equal(f->told, 3);
    presence_watched(team);
    stay = attach(team, 7, NULL, HOLD_MS);
    assert_int_equal(f->told, 4);
    presence_watched(team);
    presence_drop(f->p, 7);
    assert_int_equal(f->told, 5);
    presence_watched(team);
    presence_detach(team, 7, stay, 2 * HOLD_MS);
    presence_expire(f->p, 9 * HOLD_MS);
    assert_int_equal(f->told, 5);
}

/* 14. Expiry finds whoever's time is over, in any team, also after times were moved forward and back. */
static void expiry_reaches_every_team(void **state)
{
    struct fixture *f = *state;
    presence_watch(f->p, on_changed, f);
    for (int64_t t = 1; t <= 3000; t++) {
        struct presence_team *team = presence_team(f->p, t);
        here(team, t, NULL, t); /* until t + HOLD_MS */
        presence_watched(team);
    }
    for (int64_t t = 1; t <= 3000; t++) {
        f->watched_team = t;
        f->told = 0;
        presence_expire(f->p, t + HOLD_MS - 1);
        assert_int_equal(f->told, 0);
        presence_expire(f->p, t + HOLD_MS);
        assert_int_equal(f->told, 1);
    }
    struct presence_team *team = presence_team(f->p, 1);
    here(team, 1, NULL, 1000000);
    for (int n = 0; n < 50000000; n++) /* nobody is due: asking 3,000 teams each time takes hours */
        presence_expire(f->p, 1000000 + HOLD_MS - 1);
    here(presence_team(f->p, 2), 2, NULL, 1000500);
    presence_expire(f->p, 1000000 + HOLD_MS - 1);
    here(team, 1, NULL, 1000000 + HOLD_MS - 1); /* the bound is too early now */
    f->watched_team = 1;
    f->told = 0;
    presence_watched(team);
    presence_expire(f->p, 1000000 + HOLD_MS);
    assert_int_equal(f->told, 0);
    presence_leave(team, 1, PHONE, 1000000 + HOLD_MS + 7); /* and lowered again */
    presence_expire(f->p, 1000000 + HOLD_MS + 6);
    assert_int_equal(f->told, 0);
    presence_expire(f->p, 1000000 + HOLD_MS + 7);
    assert_int_equal(f->told, 1);
}

/* ---- the naive model --------------------------------------------------------------------------------------------- */

#define MODEL_PEOPLE 30
#define MODEL_SOCKETS 60

struct model_person {
    bool is_here;
    int64_t holds_ms[PRESENCE_DEVICES_MAX + 1]; /* by device; the first is the grace */
    char name[8]; /* "": not a coach */
    uint64_t arrival;
    size_t sockets;
};

struct model_socket {
    size_t person;
    uint32_t stay; /* as told */
    bool open;
    bool counts; /* false: its person was dropped since */
};

struct model {
    struct model_person people[MODEL_PEOPLE];
    struct model_socket sockets[MODEL_SOCKETS];
    uint64_t arrivals;
    size_t stale; /* sockets that were detached after their person was dropped */
};

static bool model_is_held(const struct model_person *person, int64_t now_ms)
{
    for (size_t i = 0; i <= PRESENCE_DEVICES_MAX; i++)
        if (person->holds_ms[i] > now_ms)
            return true;
    return person->sockets > 0;
}

static void model_expire(struct model *m, int64_t now_ms)
{
    for (size_t i = 0; i < MODEL_PEOPLE; i++)
        if (!model_is_held(&m->people[i], now_ms))
            m->people[i].is_here = false;
}

static void model_prolong(int64_t *ms, int64_t to_ms)
{
    if (*ms < to_ms)
        *ms = to_ms;
}

/* "3:Sarah,Dave" */
static void model_answer(const struct model *m, char out[static 400])
{
    size_t here_count = 0;
    for (size_t i = 0; i < MODEL_PEOPLE; i++)
        here_count += m->people[i].is_here;
    size_t len = (size_t)snprintf(out, 400, "%zu:", here_count);
    for (uint64_t a = 0; a < m->arrivals; a++)
        for (size_t i = 0; i < MODEL_PEOPLE; i++)
            if (m->people[i].is_here && m->people[i].arrival == a && m->people[i].name[0] != '\0')
                len += (size_t)snprintf(out + len, 400 - len, "%s,", m->people[i].name);
}

static void model_drop(struct model *m, size_t i)
{
    m->people[i].is_here = false;
    m->people[i].sockets = 0;
    for (size_t k = 0; k < MODEL_SOCKETS; k++)
        m->sockets[k].counts = m->sockets[k].counts && m->sockets[k].person != i;
}

/* A poll, or (a place for it is given) a new socket. */
static void model_come(struct random *r, struct model *m, struct presence_team *team, int64_t now_ms,
                       struct model_socket *socket)
{
    size_t i = random_below(r, MODEL_PEOPLE);
    struct model_person *person = &m->people[i];
    struct presence_person who = {.user_id = (int64_t)i + 1, .appears_offline = random_below(r, 8) == 0};
    char name[8] = "";
    if (i % 5 == 0 && random_below(r, 6) > 0)
        (void)snprintf(name, sizeof name, "c%u%c", (unsigned)i, random_below(r, 4) == 0 ? 'x' : 'y');
    who.coach_name = name[0] != '\0' ? name : NULL;
    int64_t expires_ms = now_ms + 1 + (int64_t)random_below(r, 400);
    size_t device = random_below(r, PRESENCE_DEVICES_MAX + 1);
    uint32_t stay = 0;
    model_expire(m, now_ms);
    if (socket != NULL)
        stay = presence_attach(team, &who, now_ms);
    else
        assert_int_equal(presence_heartbeat(team, &who, device, now_ms, expires_ms), ERR_OK);
    assert_int_equal(stay != 0, socket != NULL && !who.appears_offline);
    if (who.appears_offline) {
        model_drop(m, i);
        return;
    }
    if (!person->is_here) {
        person->arrival = m->arrivals++;
        memset(person->holds_ms, 0, sizeof person->holds_ms);
    }
    person->is_here = true;
    memcpy(person->name, name, sizeof name);
    if (socket != NULL) {
        person->sockets++;
        *socket = (struct model_socket){.person = i, .stay = stay, .open = true, .counts = true};
    } else {
        model_prolong(&person->holds_ms[device], expires_ms);
    }
}

static void model_close(struct model *m, struct presence_team *team, struct model_socket *socket, int64_t at_ms)
{
    struct model_person *person = &m->people[socket->person];
    presence_detach(team, (int64_t)socket->person + 1, socket->stay, at_ms);
    if (socket->counts) {
        person->sockets--;
        model_prolong(&person->holds_ms[0], at_ms);
    } else {
        m->stale++;
    }
    socket->open = socket->counts = false;
}

static void model_leave(struct model_person *person, size_t device, int64_t at_ms)
{
    int64_t given_ms = person->holds_ms[device];
    if (device == 0)
        return;
    person->holds_ms[device] = 0;
    model_prolong(&person->holds_ms[0], given_ms < at_ms ? given_ms : at_ms);
}

static void model_step(struct random *r, struct model *m, struct fixture *f, struct presence_team *team, int64_t now_ms)
{
    size_t i = random_below(r, MODEL_PEOPLE);
    struct model_socket *socket = &m->sockets[random_below(r, MODEL_SOCKETS)];
    int64_t at_ms = now_ms + (int64_t)random_below(r, 100);
    size_t what = random_below(r, 16);
    if (what < 5) {
        model_come(r, m, team, now_ms, NULL);
    } else if (what < 12) {
        if (socket->open)
            model_close(m, team, socket, at_ms);
        else
            model_come(r, m, team, now_ms, socket);
    } else if (what < 15) {
        size_t device = random_below(r, PRESENCE_DEVICES_MAX + 1);
        presence_leave(team, (int64_t)i + 1, device, at_ms);
        model_leave(&m->people[i], device, at_ms);
    } else {
        presence_drop(f->p, (int64_t)i + 1);
        model_drop(m, i);
    }
}

/* The watcher was told of a change if it looked since it was told before; sometimes it looks now. */
static void check_told(struct fixture *f, struct presence_team *team, struct random *r, bool changed, bool *looked)
{
    assert_int_equal(f->told, changed && *looked);
    if (f->told > 0)
        *looked = false;
    f->told = 0;
    if (!*looked && random_below(r, 3) == 0) {
        presence_watched(team);
        *looked = true;
    }
}

/* 15. Random histories: the answer is the model's, and the version changes, and the watcher is told, exactly when one
   step changed the answer. */
static void random_histories_match_a_list(void **state)
{
    struct fixture *f = *state;
    struct random r = random_seeded();
    size_t changes = 0;
    size_t silent = 0;
    size_t stale = 0;
    int64_t now_ms = 0;
    presence_watch(f->p, on_changed, f);
    for (int64_t t = 1; t <= 40; t++) {
        struct presence_team *team = presence_team(f->p, t);
        static struct model m;
        m = (struct model){0};
        char before[400] = "0:";
        uint64_t version = presence_version(team, 0);
        bool looked = true;
        f->watched_team = t;
        for (int n = 0; n < 500; n++) {
            char after[400];
            now_ms += (int64_t)random_below(&r, random_below(&r, 50) == 0 ? 500 : 8);
            model_expire(&m, now_ms); /* first what time alone does, then the step */
            model_answer(&m, after);
            if (random_below(&r, 2) == 0)
                presence_expire(f->p, now_ms);
            else
                (void)presence_version(team, now_ms);
            check_told(f, team, &r, strcmp(before, after) != 0, &looked);
            uint64_t now_version = presence_version(team, now_ms);
            assert_int_equal(now_version != version, strcmp(before, after) != 0);
            version = now_version;
            memcpy(before, after, sizeof before);

            model_step(&r, &m, f, team, now_ms);
            model_expire(&m, now_ms);
            model_answer(&m, after);
            struct presence_view view = look(f, team, now_ms);
            size_t len = 0;
            char got[400];
            len = (size_t)snprintf(got, sizeof got, "%zu:", view.count);
            for (size_t i = 0; i < view.coaches_count; i++)
                len += (size_t)snprintf(got + len, sizeof got - len, "%s,", view.coaches[i]);
            assert_string_equal(got, after);
            assert_int_equal(view.version != version, strcmp(before, after) != 0);
            check_told(f, team, &r, view.version != version, &looked);
            changes += view.version != version;
            silent += view.version == version;
            version = view.version;
            memcpy(before, after, sizeof before);
        }
        stale += m.stale;
    }
    assert_in_range(changes, 1000, 99999);
    assert_in_range(silent, 1000, 99999);
    assert_in_range(stale, 100, 99999);
}

/* 16. A full arena is told, and costs nobody their place. */
static void no_memory_for_the_answer(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 1);
    struct arena *small = arena_create(32, 32);
    struct presence_view view;
    here(team, 1, "Sarah with a name that is long", 0);
    assert_int_equal(presence_read(team, 0, small, &view), ERR_NO_MEMORY);
    assert_string_equal(coaches(f, team, 0), "Sarah with a name that is long");
    arena_free(small);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

#define THREADS 4
#define TURNS 3000
#define TEAMS 3
#define OWN_SOCKETS 20

/* What a room does: is told, looks, and knows the newest answer. */
struct room {
    struct presence *p;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool told[TEAMS + 1];
    bool stopping;
    uint64_t version[TEAMS + 1];
    size_t told_twice;
    size_t looks;
};

static void room_on_changed(void *arg, int64_t team_id)
{
    struct room *room = arg;
    (void)pthread_mutex_lock(&room->mutex);
    room->told_twice += room->told[team_id];
    room->told[team_id] = true;
    (void)pthread_cond_signal(&room->cond);
    (void)pthread_mutex_unlock(&room->mutex);
}

/* 0: nothing will come any more. */
static int64_t room_wait(struct room *room)
{
    int64_t team_id = 0;
    (void)pthread_mutex_lock(&room->mutex);
    for (;;) {
        for (int64_t t = 1; t <= TEAMS && team_id == 0; t++)
            if (room->told[t])
                team_id = t;
        if (team_id != 0 || room->stopping)
            break;
        (void)pthread_cond_wait(&room->cond, &room->mutex);
    }
    room->told[team_id] = false;
    (void)pthread_mutex_unlock(&room->mutex);
    return team_id;
}

static void *room_run(void *arg)
{
    struct room *room = arg;
    struct arena *arena = arena_create(4096, 1 << 20);
    for (int64_t team_id; (team_id = room_wait(room)) != 0;) {
        struct presence_view view;
        struct presence_team *team = presence_team(room->p, team_id);
        presence_watched(team);
        arena_reset(arena);
        if (presence_read(team, 0, arena, &view) == ERR_OK) /* at 0 nobody's time is over: reading changes nothing */
            room->version[team_id] = view.version;
        room->looks++;
    }
    arena_free(arena);
    return NULL;
}

struct own_socket {
    int64_t team_id;
    int64_t user_id;
    uint32_t stay;
};

struct hammer {
    struct presence *p;
    int number;
    size_t faults;
    struct own_socket sockets[OWN_SOCKETS];
};

static void hammer_socket(struct hammer *h, struct random *r, const struct presence_person *person, int64_t team_id,
                          int64_t now_ms)
{
    struct own_socket *s = &h->sockets[random_below(r, OWN_SOCKETS)];
    if (s->team_id != 0) {
        presence_detach(presence_team(h->p, s->team_id), s->user_id, s->stay, now_ms + 3);
        *s = (struct own_socket){0};
    } else {
        *s = (struct own_socket){.team_id = team_id, .user_id = person->user_id};
        s->stay = presence_attach(presence_team(h->p, team_id), person, now_ms);
        h->faults += (s->stay == 0) != person->appears_offline;
    }
}

static void hammer_read(struct hammer *h, struct arena *arena, int64_t team_id, int64_t now_ms, uint64_t *version)
{
    struct presence_view view;
    arena_reset(arena);
    h->faults += presence_read(presence_team(h->p, team_id), now_ms, arena, &view) != ERR_OK || view.count > 60 ||
                 view.coaches_count > 8;
    for (size_t c = 0; c < view.coaches_count; c++)
        h->faults += strcmp(view.coaches[c], "Coach") != 0;
    if (team_id == 1) { /* one team's version never goes back */
        h->faults += view.version < *version;
        *version = view.version;
    }
}

static void *hammer(void *arg)
{
    struct hammer *h = arg;
    struct random r = {.state = (uint64_t)h->number};
    struct arena *arena = arena_create(4096, 1 << 20);
    uint64_t version = 0;
    for (int i = 1; i <= TURNS; i++) {
        int64_t team_id = 1 + i % TEAMS;
        struct presence_team *team = presence_team(h->p, team_id);
        int64_t id = 1 + (int64_t)random_below(&r, 60);
        struct presence_person person = {
            .user_id = id, .coach_name = id % 7 == 0 ? "Coach" : NULL, .appears_offline = random_below(&r, 9) == 0};
        if (random_below(&r, 2) == 0)
            hammer_socket(h, &r, &person, team_id, i);
        else
            h->faults += presence_heartbeat(team, &person, PHONE, i, i + 5 + (int64_t)random_below(&r, 500)) != ERR_OK;
        if (random_below(&r, 5) == 0)
            presence_leave(team, id, PHONE, i + 3);
        if (random_below(&r, 50) == 0)
            presence_drop(h->p, id);
        if (random_below(&r, 4) == 0)
            presence_expire(h->p, i);
        hammer_read(h, arena, team_id, i, &version);
        if (random_below(&r, 100) == 0) {
            size_t people;
            size_t teams;
            presence_totals(h->p, i, &people, &teams);
            h->faults += people > 60 * TEAMS || teams > TEAMS;
        }
    }
    for (size_t i = 0; i < OWN_SOCKETS; i++)
        if (h->sockets[i].team_id != 0)
            presence_detach(presence_team(h->p, h->sockets[i].team_id), h->sockets[i].user_id, h->sockets[i].stay,
                            TURNS);
    for (int64_t id = 1; id <= 60; id++)
        h->faults += presence_heartbeat(presence_team(h->p, 1), &(struct presence_person){.user_id = id}, PHONE, TURNS,
                                        TURNS + HOLD_MS) != ERR_OK;
    arena_free(arena);
    return NULL;
}

/* 17. Threads that hammer the same teams see whole answers and end with the same people, no socket is left behind, and
   the watcher knows the last answer of each team. */
static void threads_share_a_team(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    pthread_t watching;
    static struct hammer hammers[THREADS];
    struct room room = {.p = f->p, .mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    presence_watch(f->p, room_on_changed, &room);
    assert_int_equal(pthread_create(&watching, NULL, room_run, &room), 0);
    for (int i = 0; i < THREADS; i++) {
        hammers[i] = (struct hammer){.p = f->p, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &hammers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(hammers[i].faults, 0);
    }
    for (int64_t id = 1; id <= 60; id++)
        here(presence_team(f->p, 1), id, NULL, TURNS);
    assert_int_equal(count(f, presence_team(f->p, 1), TURNS), 60);
    presence_expire(f->p, TURNS + HOLD_MS);

    (void)pthread_mutex_lock(&room.mutex);
    room.stopping = true;
    (void)pthread_cond_signal(&room.cond);
    (void)pthread_mutex_unlock(&room.mutex);
    (void)pthread_join(watching, NULL);
    assert_int_equal(room.told_twice, 0);
    assert_in_range(room.looks, TEAMS, TEAMS * 10 * THREADS * TURNS);
    for (int64_t t = 1; t <= TEAMS; t++) {
        assert_int_equal(count(f, presence_team(f->p, t), 0), 0); /* nobody is kept by a socket or was overlooked */
        assert_int_equal(room.version[t], presence_version(presence_team(f->p, t), 0));
    }
}

/* As many as are wanted, in the order in which they came; and nobody who has gone. */
static void people_by_arrival(void **state)
{
    struct fixture *f = *state;
    struct presence_team *team = presence_team(f->p, 7);
    int64_t *ids;
    size_t count;
    assert_int_equal(presence_people(team, 0, f->arena, 10, &ids, &count), ERR_OK);
    assert_int_equal(count, 0);
    for (int64_t i = 0; i < 100; i++)
        here(team, 1000 - i, i % 10 == 0 ? "Coach" : NULL, i);
    assert_int_equal(presence_people(team, 100, f->arena, 200, &ids, &count), ERR_OK);
    assert_int_equal(count, 100);
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(ids[i], 1000 - i);
    assert_int_equal(presence_people(team, HOLD_MS + 50, f->arena, 3, &ids, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(ids[0], 1000 - 51);
    presence_drop(f->p, 1000 - 51);
    assert_int_equal(presence_people(team, HOLD_MS + 50, f->arena, 3, &ids, &count), ERR_OK);
    assert_int_equal(ids[0], 1000 - 52);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(people_are_distinct),
        TEST(a_heartbeat_holds_until_its_time),
        TEST(leaving_has_a_grace),
        TEST(a_device_takes_back_only_its_own_time),
        TEST(the_shortest_of_many_devices_is_forgotten),
        TEST(who_appears_offline_is_not_here),
        TEST(coaches_in_order_of_arrival),
        TEST(people_by_arrival),
        TEST(renamed_and_relieved),
        TEST(drop_is_everywhere_and_totals_count),
        TEST(thousands_come_and_go),
        TEST(small_tables_lose_nobody),
        TEST(sockets_are_one_person),
        TEST(polls_and_sockets_are_one_person),
        TEST(a_dropped_socket_counts_no_more),
        TEST(a_team_is_left_alone),
        TEST(the_watcher_is_told_once),
        TEST(expiry_reaches_every_team),
        TEST(random_histories_match_a_list),
        TEST(no_memory_for_the_answer),
        TEST(threads_share_a_team),
    };
    return cmocka_run_group_tests_name("presence", tests, NULL, NULL);
}
