/*
 * What the people of the demo community are called and what they write. Constant; any thread.
 */
#ifndef PORCHLIGHT_API_DEMO_WORDS_H
#define PORCHLIGHT_API_DEMO_WORDS_H

#include <stddef.h>

#define DEMO_MEMBERS 30
#define DEMO_WALKERS 20 /* the first so many are in Sarah's team, the others in Dave's */
#define DEMO_WALKERS_POSTS 80
#define DEMO_STRONG_POSTS 40
#define DEMO_POSTS (DEMO_WALKERS_POSTS + DEMO_STRONG_POSTS)

struct demo_post {
    int author; /* 0: the team's coach; else the number of a member */
    const char *topics;
    const char *body;
};

extern const char *const demo_names[DEMO_MEMBERS];
extern const struct demo_post demo_walkers_posts[DEMO_WALKERS_POSTS]; /* oldest first */
extern const struct demo_post demo_strong_posts[DEMO_STRONG_POSTS];

#endif
