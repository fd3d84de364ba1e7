/*
 * What decides who gets in: signing keys, revoked tokens, flags, idempotency keys. One table each.
 */
#ifndef PORCHLIGHT_DB_ACCESS_H
#define PORCHLIGHT_DB_ACCESS_H

#include "db/tx.h"

#define KEY_PUBLIC_BYTES 32
#define KEY_SECRET_BYTES 64
#define KEY_ID_BYTES 64 /* "k4.pid." and 44 characters, and a NUL */

struct signing_key {
    char kid[KEY_ID_BYTES];
    unsigned char public_key[KEY_PUBLIC_BYTES];
    unsigned char secret_key[KEY_SECRET_BYTES]; /* all zero when retired */
    int64_t created_ms;
    int64_t retired_ms; /* 0: signs. Otherwise it still verifies until the last token it signed has expired */
};

/* The one that signs, then those retired, newest first; at most `limit`. */
enum err access_keys(struct db *db, struct signing_key *out, size_t limit, size_t *count);
/* Adds a key that signs from now on; the ones before it are retired. CHANGE_TOKENS for everybody. */
enum err access_key_add(struct tx *tx, const struct signing_key *key);

/* Revokes one token until it would have expired anyway. Idempotent. CHANGE_TOKENS. `jti` is the token's id as text. */
enum err access_revoke(struct tx *tx, const char *jti, int64_t user_id, int64_t expires_ms);
enum err access_is_revoked(struct db *db, const char *jti, bool *revoked);

enum err access_flag(struct db *db, const char *name, bool *value);    /* ERR_NOT_FOUND for an unknown flag */
enum err access_flag_set(struct tx *tx, const char *name, bool value); /* CHANGE_FLAG when it changed */

/* The stored answer of a request that carried an Idempotency-Key, in the file that the request wrote to (rooms.db has a
 * table of its own). Scope: the member's id, or 0 and a key made unique by the caller. */
#define FINGERPRINT_BYTES 32
struct replay {
    bool found;
    unsigned char fingerprint[FINGERPRINT_BYTES]; /* of method, path and body */
    int status;
    const char *body; /* in the arena */
    size_t body_len;
};
enum err access_replay_find(struct db *db, struct arena *arena, int64_t user_id, const char *key, struct replay *out);
/* ERR_CONFLICT when the key has an answer already. */
enum err access_replay_store(struct tx *tx, int64_t user_id, const char *key,
                             const unsigned char fingerprint[static FINGERPRINT_BYTES], int status, const char *body,
                             size_t body_len);

/* Housekeeping: expired revocations, replays older than IDEMPOTENCY_HOURS, expired invites. At most `limit` rows of
 * each; `pruned` is set to the most of any, so that below `limit` nothing is left to do. */
enum err access_prune(struct tx *tx, size_t limit, int64_t *pruned);
/* The replays alone, as many: of rooms.db. */
enum err access_replays_prune(struct tx *tx, size_t limit, int64_t *pruned);

/* The server's secret for keyed hashes (32 bytes), made with the database. */
#define ACCESS_SECRET_BYTES 32
enum err access_secret(struct db *db, unsigned char out[static ACCESS_SECRET_BYTES]);

#endif
