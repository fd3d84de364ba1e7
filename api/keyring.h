/*
 * The keys that tokens are signed and verified with.
 *
 * A keyring is immutable and reference-counted: own keys from table signing_keys (db/access.h), of which the newest
 * that is not retired signs, and public keys of foreign sites whose members we let in. It lies in memory that is
 * locked, kept out of core dumps and wiped. Rotation builds a new one and swaps it in the holder; requests in flight
 * keep theirs.
 *
 * Who a token speaks for depends on the key that signed it:
 *
 *     own key      role member, coach or admin     sub = a user's id
 *     own key      role service                    sub = "service:" and a name
 *     foreign key  role and team mean nothing      sub = a user's external_id
 *
 * Whether that user exists, is enabled, and whether the token was revoked, is asked of the database afterwards. Any
 * thread.
 */
#ifndef PORCHLIGHT_API_KEYRING_H
#define PORCHLIGHT_API_KEYRING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/token.h"
#include "db/access.h"

struct keyring;

/*
 * Reads at most SIGNING_KEYS_MAX own keys and adds `foreign_count` (at most TRUSTED_KEYS_MAX) `k4.public.` texts. The
 * result has one reference, the caller's. ERR_INVALID: a foreign text is no usable key, or is one of our own, or there
 * are too many; ERR_INTERNAL: a stored key is damaged; what access_keys returns; ERR_NO_MEMORY. `problem` (may be
 * NULL) says which.
 */
enum err keyring_load(struct db *db, const char *const *foreign, size_t foreign_count, struct keyring **out,
                      struct problem *problem);

/* The same from keys in memory, newest first. */
enum err keyring_create(const struct signing_key *own, size_t own_count, const char *const *foreign,
                        size_t foreign_count, struct keyring **out, struct problem *problem);

struct keyring *keyring_ref(struct keyring *ring); /* returns `ring` */
void keyring_unref(struct keyring *ring);          /* NULL is fine */

bool keyring_can_sign(const struct keyring *ring);

/* A new key pair with its id, for access_key_add. The caller wipes it with keyring_key_wipe. */
void keyring_key_new(struct signing_key *out, int64_t created_ms);
void keyring_key_wipe(struct signing_key *key);

/* token_sign with the newest key. ERR_NOT_FOUND when there is none. */
enum err keyring_sign(const struct keyring *ring, const struct token_claims *claims, struct arena *arena,
                      const char **token);

enum keyring_subject {
    KEYRING_USER = 1, /* `user_id` */
    KEYRING_SERVICE,  /* `name` is the service's */
    KEYRING_EXTERNAL, /* `name` is a users.external_id; a foreign key signed */
};

struct keyring_verdict {
    struct token_claims claims;
    enum keyring_subject subject;
    bool foreign;
    int64_t user_id;  /* 0 unless KEYRING_USER */
    const char *name; /* NULL with KEYRING_USER; in the arena */
    char kid[PASERK_PID_BYTES];
};

struct keyring_expect {
    const char *issuer;
    const char *audience;
    int64_t now_ms;
};

/* TOKEN_OK sets `out`. An own key that was retired longer than TOKEN_TTL_MAX_S ago is TOKEN_KEY. */
enum token_fault keyring_verify(const struct keyring *ring, const struct keyring_expect *expect, const char *token,
                                size_t len, struct arena *arena, struct keyring_verdict *out);

/* "service:NAME" is well formed: 1 to 60 of [A-Za-z0-9._-]. For whoever issues such tokens. */
bool keyring_service_name(const char *name);

/*
 * Where threads find the keyring of now. Taking a reference holds a mutex for two instructions; whoever has one keeps
 * its keyring, whatever is swapped in meanwhile.
 */
struct keyring_holder {
    pthread_mutex_t lock;
    struct keyring *ring; /* owned; NULL before the first swap */
};

void keyring_holder_init(struct keyring_holder *holder);
void keyring_holder_clear(struct keyring_holder *holder);                           /* drops its reference */
void keyring_holder_swap_take(struct keyring_holder *holder, struct keyring *ring); /* takes the caller's reference */
struct keyring *keyring_holder_get(struct keyring_holder *holder);                  /* a new reference, or NULL */

#endif
