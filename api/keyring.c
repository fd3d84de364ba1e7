/*
 * Keyrings and their holder. The whole structure lies in sodium_malloc's memory, which is locked, left out of core
 * dumps and wiped when it is freed, because the signing key is in it.
 */
#include "api/keyring.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "api/query.h"
#include "base/limits.h"
#include "db/users.h"

#define SERVICE_PREFIX "service:"
#define SERVICE_ROLE "service"
#define SERVICE_NAME_CHARS_MAX 60
#define ENTRIES_MAX (SIGNING_KEYS_MAX + TRUSTED_KEYS_MAX)

static_assert(PASERK_PID_BYTES <= KEY_ID_BYTES, "a kid fits its row");
static_assert(KEY_PUBLIC_BYTES == PASETO_PUBLIC_KEY_BYTES && KEY_SECRET_BYTES == PASETO_SECRET_KEY_BYTES, "Ed25519");

struct entry {
    char kid[PASERK_PID_BYTES];
    unsigned char public_key[PASETO_PUBLIC_KEY_BYTES];
    bool foreign;
    int64_t retired_ms; /* 0: not retired */
};

struct keyring {
    atomic_size_t refs;
    size_t count;
    struct entry entries[ENTRIES_MAX];
    const struct entry *signer; /* NULL: none */
    unsigned char secret_key[PASETO_SECRET_KEY_BYTES];
};

static const struct entry *find(const struct keyring *ring, const char *kid)
{
    for (size_t i = 0; i < ring->count; i++)
        if (strcmp(ring->entries[i].kid, kid) == 0)
            return &ring->entries[i];
    return NULL;
}

/* ---- making one -------------------------------------------------------------------------------------------------- */

static enum err add_own(struct keyring *ring, const struct signing_key *key, struct problem *problem)
{
    struct entry *e = &ring->entries[ring->count];
    paserk_pid(key->public_key, e->kid);
    if (strcmp(e->kid, key->kid) != 0 || !paserk_usable(key->public_key) || find(ring, e->kid))
        return problem_set(problem, ERR_INTERNAL, "The signing key stored as %.*s is damaged.", KEY_ID_BYTES - 1,
                           key->kid);
    memcpy(e->public_key, key->public_key, sizeof e->public_key);
    e->retired_ms = key->retired_ms;

    if (key->retired_ms == 0 && !ring->signer) {
        /* A secret key that does not belong to its public half would sign tokens that nobody accepts. */
        unsigned char public_key[PASETO_PUBLIC_KEY_BYTES];
        unsigned char secret_key[PASETO_SECRET_KEY_BYTES];
        crypto_sign_ed25519_seed_keypair(public_key, secret_key, key->secret_key);
        bool belongs = sodium_memcmp(secret_key, key->secret_key, sizeof secret_key) == 0 &&
                       sodium_memcmp(public_key, key->public_key, sizeof public_key) == 0;
        sodium_memzero(secret_key, sizeof secret_key);
        if (!belongs)
            return problem_set(problem, ERR_INTERNAL, "The secret half of the signing key %s is damaged.", e->kid);
        memcpy(ring->secret_key, key->secret_key, sizeof ring->secret_key);
        ring->signer = e;
    }
    ring->count++;
    return ERR_OK;
}

static enum err add_foreign(struct keyring *ring, const char *text, struct problem *problem)
{
    struct entry *e = &ring->entries[ring->count];
    if (!paserk_public_parse(text, strlen(text), e->public_key))
        return problem_set(problem, ERR_INVALID, "A trusted key is not of the form k4.public. and 43 characters.");
    if (!paserk_usable(e->public_key))
        return problem_set(problem, ERR_INVALID, "The trusted key %s is not an Ed25519 public key.", text);

    paserk_pid(e->public_key, e->kid);
    const struct entry *same = find(ring, e->kid);
    if (same && same->foreign)
        return ERR_OK; /* named twice */
    if (same)
        return problem_set(problem, ERR_INVALID, "The trusted key %s is one of this server's own.", text);
    e->foreign = true;
    e->retired_ms = 0;
    ring->count++;
    return ERR_OK;
}

enum err keyring_create(const struct signing_key *own, size_t own_count, const char *const *foreign,
                        size_t foreign_count, struct keyring **out, struct problem *problem)
{
    assert(own_count <= SIGNING_KEYS_MAX);
    if (foreign_count > TRUSTED_KEYS_MAX)
        return problem_set(problem, ERR_INVALID, "At most %d trusted keys can be given.", TRUSTED_KEYS_MAX);

    struct keyring *ring = sodium_malloc(sizeof *ring);
    if (!ring)
        return ERR_NO_MEMORY;
    memset(ring, 0, sizeof *ring);
    atomic_init(&ring->refs, 1);

    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < own_count; i++)
        err = add_own(ring, &own[i], problem);
    for (size_t i = 0; !err && i < foreign_count; i++)
        err = add_foreign(ring, foreign[i], problem);
    if (err)
        keyring_unref(ring);
    else
        *out = ring;
    return err;
}

enum err keyring_load(struct db *db, const char *const *foreign, size_t foreign_count, struct keyring **out,
                      struct problem *problem)
{
    struct signing_key keys[SIGNING_KEYS_MAX];
    size_t count = 0;
    enum err err = access_keys(db, keys, SIGNING_KEYS_MAX, &count);
    if (!err)
        err = keyring_create(keys, count, foreign, foreign_count, out, problem);
    sodium_memzero(keys, sizeof keys);
    return err;
}

struct keyring *keyring_ref(struct keyring *ring)
{
    atomic_fetch_add_explicit(&ring->refs, 1, memory_order_relaxed);
    return ring;
}

void keyring_unref(struct keyring *ring)
{
    if (ring && atomic_fetch_sub_explicit(&ring->refs, 1, memory_order_acq_rel) == 1)
        sodium_free(ring); /* wipes */
}

bool keyring_can_sign(const struct keyring *ring)
{
    return ring->signer != NULL;
}

void keyring_key_new(struct signing_key *out, int64_t created_ms)
{
    *out = (struct signing_key){.created_ms = created_ms};
    crypto_sign_ed25519_keypair(out->public_key, out->secret_key);
    paserk_pid(out->public_key, out->kid);
}

void keyring_key_wipe(struct signing_key *key)
{
    sodium_memzero(key, sizeof *key);
}

/* ---- signing and verifying --------------------------------------------------------------------------------------- */

enum err keyring_sign(const struct keyring *ring, const struct token_claims *claims, struct arena *arena,
                      const char **token)
{
    if (!ring->signer)
        return ERR_NOT_FOUND;
    return token_sign(ring->signer->kid, ring->secret_key, claims, arena, token);
}

bool keyring_service_name(const char *name)
{
    size_t len = strlen(name);
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return len >= 1 && len <= SERVICE_NAME_CHARS_MAX && strspn(name, allowed) == len;
}

/* Who our own token speaks for; role and sub must fit together. */
static bool own_subject(struct keyring_verdict *v)
{
    const char *sub = v->claims.sub;
    const char *role = v->claims.role;
    enum role known;
    if (!role)
        return false;
    if (strcmp(role, SERVICE_ROLE) == 0) {
        v->subject = KEYRING_SERVICE;
        if (strncmp(sub, SERVICE_PREFIX, sizeof SERVICE_PREFIX - 1) != 0)
            return false;
        v->name = sub + sizeof SERVICE_PREFIX - 1;
        return keyring_service_name(v->name);
    }
    v->subject = KEYRING_USER;
    return role_parse(role, &known) && query_id(sub, &v->user_id);
}

enum token_fault keyring_verify(const struct keyring *ring, const struct keyring_expect *expect, const char *token,
                                size_t len, struct arena *arena, struct keyring_verdict *out)
{
    struct keyring_verdict v = {.user_id = 0};
    enum token_fault fault = token_key_id(token, len, arena, v.kid);
    if (fault)
        return fault;

    const struct entry *e = find(ring, v.kid);
    if (!e || (e->retired_ms != 0 && expect->now_ms - e->retired_ms > (int64_t)TOKEN_TTL_MAX_S * 1000))
        return TOKEN_KEY;
    const struct token_check check = {
        .kid = e->kid,
        .public_key = e->public_key,
        .issuer = expect->issuer,
        .audience = expect->audience,
        .now_ms = expect->now_ms,
        .own = !e->foreign,
    };
    fault = token_verify(&check, token, len, arena, &v.claims);
    if (fault)
        return fault;

    v.foreign = e->foreign;
    if (e->foreign) {
        v.subject = KEYRING_EXTERNAL;
        v.name = v.claims.sub;
    } else if (!own_subject(&v)) {
        return TOKEN_CLAIMS;
    }
    *out = v;
    return TOKEN_OK;
}

/* ---- the holder -------------------------------------------------------------------------------------------------- */

void keyring_holder_init(struct keyring_holder *holder)
{
    holder->ring = NULL;
    int failed = pthread_mutex_init(&holder->lock, NULL);
    assert(failed == 0); /* a plain mutex needs no resources on Linux */
    (void)failed;
}

void keyring_holder_clear(struct keyring_holder *holder)
{
    keyring_holder_swap_take(holder, NULL);
    pthread_mutex_destroy(&holder->lock);
}

void keyring_holder_swap_take(struct keyring_holder *holder, struct keyring *ring)
{
    pthread_mutex_lock(&holder->lock);
    struct keyring *old = holder->ring;
    holder->ring = ring;
    pthread_mutex_unlock(&holder->lock);
    keyring_unref(old);
}

struct keyring *keyring_holder_get(struct keyring_holder *holder)
{
    pthread_mutex_lock(&holder->lock);
    struct keyring *ring = holder->ring ? keyring_ref(holder->ring) : NULL;
    pthread_mutex_unlock(&holder->lock);
    return ring;
}
