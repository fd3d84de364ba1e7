/*
 * Encryption and signatures of Web Push: the examples of RFC 8291 and RFC 8292, a message that the npm package web-push
 * made, and what bytes from outside may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "api/base64url.h"
#include "api/ece.h"
#include "api/vapid.h"

/* RFC 8291, appendix A. */
#define TEXT "When I grow up, I want to be a watermelon"
#define SENDER_PUBLIC "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define SENDER_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define RECEIVER_PUBLIC "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define RECEIVER_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define BODY                                                                                                           \
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl" \
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"

/* What web-push 3.6.7 made for the same receiver. */
#define FOREIGN_TEXT "Hello from web-push: \303\261and\303\272 \360\237\214\236"
#define FOREIGN                                                                                                        \
    "CTja-JQZCFFZYSmK6YeCXQAAEABBBA38NenxJO60qESQGP1fD62IcM_I5KMB0NDWliLuXyKiiKZBC3VSuh-Kp3cSDFD7Z-D_s__ueGvxDxpcgkYW" \
    "maTCyRBNYhJ7AkWJc3nw7mCQsTQ3ImP0k8bBv93VoIL7xLJuJiG2dNcdsJAJMyuVovztDw"

/* RFC 8292, section 2.4. */
#define VAPID_PUBLIC "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
#define VAPID_SIGNED                                                                                                   \
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1Yi"  \
    "I6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0"
#define VAPID_SIGNATURE "i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"

static size_t bytes_of(const char *text, unsigned char *out, size_t cap)
{
    size_t len;
    assert_true(base64url_decode(text, strlen(text), out, cap, &len));
    return len;
}

static struct p256_pair pair_of(const char *public_key, const char *private_key)
{
    struct p256_pair pair;
    assert_int_equal(bytes_of(public_key, pair.public_key, sizeof pair.public_key), P256_PUBLIC_BYTES);
    assert_int_equal(bytes_of(private_key, pair.private_key, sizeof pair.private_key), P256_PRIVATE_BYTES);
    return pair;
}

struct example {
    struct p256_pair sender;
    struct p256_pair receiver;
    struct ece_receiver address;
    unsigned char salt[ECE_SALT_BYTES];
    struct ece_message message;
};

static struct ece_message *example(struct example *e)
{
    e->sender = pair_of(SENDER_PUBLIC, SENDER_PRIVATE);
    e->receiver = pair_of(RECEIVER_PUBLIC, RECEIVER_PRIVATE);
    memcpy(e->address.public_key, e->receiver.public_key, P256_PUBLIC_BYTES);
    (void)bytes_of(AUTH, e->address.auth, sizeof e->address.auth);
    (void)bytes_of(SALT, e->salt, sizeof e->salt);
    e->message = (struct ece_message){
        .receiver = &e->address, .sender = &e->sender, .salt = e->salt, .text = TEXT, .text_len = sizeof TEXT - 1};
    return &e->message;
}

static void the_example_of_the_rfc_byte_for_byte(void **state)
{
    (void)state;
    struct example e;
    unsigned char wanted[ECE_BODY_BYTES_MAX];
    unsigned char made[ECE_BODY_BYTES_MAX];
    unsigned char text[ECE_BODY_BYTES_MAX];
    size_t len;
    size_t wanted_len = bytes_of(BODY, wanted, sizeof wanted);
    assert_int_equal(ece_encrypt(example(&e), made, &len), ERR_OK);
    assert_int_equal(len, wanted_len);
    assert_memory_equal(made, wanted, len);
    assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, made, len, text, &len), ERR_OK);
    assert_int_equal(len, sizeof TEXT - 1);
    assert_memory_equal(text, TEXT, len);
}

static void a_message_of_another_sender(void **state)
{
    (void)state;
    struct example e;
    unsigned char body[ECE_BODY_BYTES_MAX];
    unsigned char text[ECE_BODY_BYTES_MAX];
    size_t len = bytes_of(FOREIGN, body, sizeof body);
    (void)example(&e);
    assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, body, len, text, &len), ERR_OK);
    assert_int_equal(len, sizeof FOREIGN_TEXT - 1);
    assert_memory_equal(text, FOREIGN_TEXT, len);
}

static void padding_hides_the_length(void **state)
{
    (void)state;
    struct example e;
    unsigned char body[ECE_BODY_BYTES_MAX];
    unsigned char text[ECE_BODY_BYTES_MAX];
    size_t first = 0;
    static const char longest[ECE_TEXT_BYTES_MAX] = "x"; /* zeros after it are text, not padding */
    for (size_t len = 0; len <= 300; len += 100) {
        size_t body_len;
        size_t text_len;
        struct ece_message *m = example(&e);
        m->text = longest;
        m->text_len = len;
        m->padded_to = 300;
        assert_int_equal(ece_encrypt(m, body, &body_len), ERR_OK);
        first = first == 0 ? body_len : first;
        assert_int_equal(body_len, first);
        assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, body, body_len, text, &text_len), ERR_OK);
        assert_int_equal(text_len, len);
        assert_memory_equal(text, longest, len);
    }
}

static void the_longest_text(void **state)
{
    (void)state;
    struct example e;
    unsigned char body[ECE_BODY_BYTES_MAX];
    unsigned char text[ECE_BODY_BYTES_MAX];
    char longest[ECE_TEXT_BYTES_MAX + 1];
    size_t len;
    memset(longest, 'w', sizeof longest);
    struct ece_message *m = example(&e);
    m->text = longest;
    m->text_len = ECE_TEXT_BYTES_MAX;
    m->padded_to = ECE_BODY_BYTES_MAX; /* more than there is room for */
    assert_int_equal(ece_encrypt(m, body, &len), ERR_OK);
    assert_int_equal(len, ECE_BODY_BYTES_MAX);
    assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, body, len, text, &len), ERR_OK);
    assert_int_equal(len, ECE_TEXT_BYTES_MAX);
    m->text_len++;
    assert_int_equal(ece_encrypt(m, body, &len), ERR_INVALID);
}

/* A flipped bit anywhere but in the length of a record, which one record has no use for, and any cut. */
static void whatever_was_touched_is_refused(void **state)
{
    (void)state;
    struct example e;
    unsigned char body[ECE_BODY_BYTES_MAX];
    unsigned char text[ECE_BODY_BYTES_MAX];
    size_t unused;
    size_t len = bytes_of(BODY, body, sizeof body);
    (void)example(&e);
    for (size_t i = 0; i < len; i++) {
        if (i >= ECE_SALT_BYTES && i < ECE_SALT_BYTES + 4)
            continue;
        body[i] ^= 0x10;
        assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, body, len, text, &unused), ERR_MALFORMED);
        body[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, body, cut, text, &unused), ERR_MALFORMED);
    e.address.auth[0] ^= 1;
    assert_int_equal(ece_decrypt(&e.receiver, e.address.auth, body, len, text, &unused), ERR_MALFORMED);
}

static void what_is_no_key(void **state)
{
    (void)state;
    struct example e;
    unsigned char body[ECE_BODY_BYTES_MAX];
    unsigned char shared[P256_SHARED_BYTES];
    size_t len;
    struct ece_message *m = example(&e);
    assert_true(p256_is_public(e.address.public_key));
    e.address.public_key[10] ^= 1; /* beside the curve */
    assert_false(p256_is_public(e.address.public_key));
    assert_int_equal(ece_encrypt(m, body, &len), ERR_INVALID);
    assert_int_equal(p256_agree(&e.sender, e.address.public_key, shared), ERR_INVALID);
    memset(e.address.public_key, 0, sizeof e.address.public_key); /* the point at infinity is no key either */
    assert_false(p256_is_public(e.address.public_key));
    (void)example(&e);
    e.address.public_key[0] = 0x06; /* SEC 1's hybrid form: browsers send none */
    assert_false(p256_is_public(e.address.public_key));
}

static void pairs_are_new_and_belong_together(void **state)
{
    (void)state;
    struct p256_pair a;
    struct p256_pair b;
    unsigned char one[P256_SHARED_BYTES];
    unsigned char other[P256_SHARED_BYTES];
    assert_int_equal(p256_generate(&a), ERR_OK);
    assert_int_equal(p256_generate(&b), ERR_OK);
    assert_memory_not_equal(a.private_key, b.private_key, sizeof a.private_key);
    assert_true(p256_is_public(a.public_key));
    assert_true(p256_is_pair(&a));
    assert_int_equal(p256_agree(&a, b.public_key, one), ERR_OK);
    assert_int_equal(p256_agree(&b, a.public_key, other), ERR_OK);
    assert_memory_equal(one, other, sizeof one);
    memcpy(a.public_key, b.public_key, sizeof a.public_key);
    assert_false(p256_is_pair(&a));
}

static void signatures(void **state)
{
    (void)state;
    struct p256_pair pair;
    unsigned char signature[P256_SIGNATURE_BYTES];
    assert_int_equal(p256_generate(&pair), ERR_OK);
    for (int i = 0; i < 64; i++) { /* numbers of fewer bytes come once in 128 */
        assert_int_equal(p256_sign(&pair, &i, sizeof i, signature), ERR_OK);
        assert_true(p256_verify(pair.public_key, &i, sizeof i, signature));
        signature[i] ^= 1;
        assert_false(p256_verify(pair.public_key, &i, sizeof i, signature));
    }
}

static void the_token_of_the_rfc(void **state)
{
    (void)state;
    unsigned char key[P256_PUBLIC_BYTES];
    unsigned char signature[P256_SIGNATURE_BYTES];
    (void)bytes_of(VAPID_PUBLIC, key, sizeof key);
    assert_int_equal(bytes_of(VAPID_SIGNATURE, signature, sizeof signature), P256_SIGNATURE_BYTES);
    assert_true(p256_verify(key, VAPID_SIGNED, sizeof VAPID_SIGNED - 1, signature));

    struct p256_pair pair;
    const char *made;
    const struct vapid_claims claims = {
        .audience = "https://push.example.net", .subject = "mailto:push@example.com", .expires_s = 1453523768};
    struct arena *arena = arena_create(1024, 65536);
    assert_int_equal(p256_generate(&pair), ERR_OK);
    assert_int_equal(vapid_authorize(&pair, &claims, arena, &made), ERR_OK);
    static const char start[] = "vapid t=" VAPID_SIGNED ".";
    assert_int_equal(strncmp(made, start, sizeof start - 1), 0);
    const char *rest = made + sizeof start - 1;
    const char *comma = strstr(rest, ", k=");
    assert_non_null(comma);
    size_t len;
    assert_true(base64url_decode(rest, (size_t)(comma - rest), signature, sizeof signature, &len));
    assert_int_equal(len, P256_SIGNATURE_BYTES);
    assert_true(p256_verify(pair.public_key, VAPID_SIGNED, sizeof VAPID_SIGNED - 1, signature));
    assert_int_equal(bytes_of(comma + 4, key, sizeof key), P256_PUBLIC_BYTES);
    assert_memory_equal(key, pair.public_key, sizeof key);
    arena_free(arena);
}

int main(void)
{
    assert_true(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_byte_for_byte),
        cmocka_unit_test(a_message_of_another_sender),
        cmocka_unit_test(padding_hides_the_length),
        cmocka_unit_test(the_longest_text),
        cmocka_unit_test(whatever_was_touched_is_refused),
        cmocka_unit_test(what_is_no_key),
        cmocka_unit_test(pairs_are_new_and_belong_together),
        cmocka_unit_test(signatures),
        cmocka_unit_test(the_token_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
