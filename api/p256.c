/*
 * P-256 by libcrypto's EVP interface. See p256.h. Keys are made from bytes each time: a sending costs a tenth of a
 * millisecond, and no key of libcrypto's has to be kept, freed and wiped by others.
 */
#include "api/p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define GROUP "P-256"
#define HALF_BYTES (P256_SIGNATURE_BYTES / 2)
#define DER_BYTES_MAX 80 /* two integers of 33 bytes, their heads, and the sequence's */

/* `private_key` may be NULL: a public key alone. NULL: not of the curve, or no memory. */
static EVP_PKEY *load(const unsigned char *public_key, const unsigned char *private_key)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *number = private_key != NULL ? BN_secure_new() : NULL;
    OSSL_PARAM *params = NULL;
    int selection = private_key != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    bool good = context != NULL && build != NULL && (private_key == NULL || number != NULL) &&
                OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, GROUP, 0) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public_key, P256_PUBLIC_BYTES) == 1;
    if (good && private_key != NULL)
        good = BN_bin2bn(private_key, P256_PRIVATE_BYTES, number) != NULL &&
               OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1;
    if (good)
        good = (params = OSSL_PARAM_BLD_to_param(build)) != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
               EVP_PKEY_fromdata(context, &key, selection, params) == 1;
    OSSL_PARAM_free(params);
    BN_clear_free(number);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    return good ? key : NULL;
}

enum err p256_generate(struct p256_pair *out)
{
    enum err err = ERR_NO_MEMORY;
    BIGNUM *number = NULL;
    size_t len = 0;
    EVP_PKEY *key = EVP_EC_gen(GROUP);
    if (key != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
        BN_bn2binpad(number, out->private_key, P256_PRIVATE_BYTES) == P256_PRIVATE_BYTES &&
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out->public_key, P256_PUBLIC_BYTES, &len) == 1 &&
        len == P256_PUBLIC_BYTES)
        err = ERR_OK;
    BN_clear_free(number);
    EVP_PKEY_free(key);
    return err;
}

bool p256_is_public(const unsigned char public_key[static P256_PUBLIC_BYTES])
{
    EVP_PKEY *key = public_key[0] == 0x04 ? load(public_key, NULL) : NULL;
    EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool good = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

bool p256_is_pair(const struct p256_pair *pair)
{
    EVP_PKEY *key = load(pair->public_key, pair->private_key);
    EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool good = context != NULL && EVP_PKEY_pairwise_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

enum err p256_agree(const struct p256_pair *own, const unsigned char peer[static P256_PUBLIC_BYTES],
                    unsigned char out[static P256_SHARED_BYTES])
{
    enum err err = ERR_INVALID;
    size_t len = P256_SHARED_BYTES;
    EVP_PKEY *mine = load(own->public_key, own->private_key);
    EVP_PKEY *theirs = load(peer, NULL);
    EVP_PKEY_CTX *context = mine != NULL && theirs != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL) : NULL;
    if (context != NULL && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, theirs) == 1 &&
        EVP_PKEY_derive(context, out, &len) == 1 && len == P256_SHARED_BYTES)
        err = ERR_OK;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return err;
}

/* libcrypto's signatures are DER (RFC 3279, section 2.2.3); those of a JWT are two numbers of equal length. */
static bool flatten(const unsigned char *der, size_t len, unsigned char out[static P256_SIGNATURE_BYTES])
{
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool good = parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, HALF_BYTES) == HALF_BYTES &&
                BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + HALF_BYTES, HALF_BYTES) == HALF_BYTES;
    ECDSA_SIG_free(parts);
    return good;
}

enum err p256_sign(const struct p256_pair *own, const void *bytes, size_t len,
                   unsigned char out[static P256_SIGNATURE_BYTES])
{
    enum err err = ERR_INVALID;
    unsigned char der[DER_BYTES_MAX];
    size_t der_len = sizeof der;
    EVP_PKEY *key = load(own->public_key, own->private_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (key != NULL && context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, der, &der_len, bytes, len) == 1 && flatten(der, der_len, out))
        err = ERR_OK;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return err;
}

/* The other way round. 0: no memory, or no numbers. */
static size_t unflatten(const unsigned char signature[static P256_SIGNATURE_BYTES], unsigned char out[DER_BYTES_MAX])
{
    int len = 0;
    unsigned char *at = out;
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + HALF_BYTES, HALF_BYTES, NULL);
    if (parts == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(parts, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        len = i2d_ECDSA_SIG(parts, &at);
    }
    ECDSA_SIG_free(parts);
    return len > 0 ? (size_t)len : 0;
}

bool p256_verify(const unsigned char public_key[static P256_PUBLIC_BYTES], const void *bytes, size_t len,
                 const unsigned char signature[static P256_SIGNATURE_BYTES])
{
    unsigned char der[DER_BYTES_MAX];
    size_t der_len = unflatten(signature, der);
    EVP_PKEY *key = load(public_key, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = der_len > 0 && key != NULL && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, der, der_len, bytes, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}
