// The certificate that a card gets beside its key: whose key it is must be read from it again.
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/unit.h"
#include "hsm/key/certificate.h"

static EVP_PKEY *pair;
static struct key key;

static size_t number(const char *name, uint8_t *out, size_t capacity)
{
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pair, name, &n), 1);
    const int len = BN_bn2bin(n, out);
    assert_true(len > 0 && (size_t)len <= capacity);
    BN_free(n);
    return (size_t)len;
}

static int make_key(void **state)
{
    (void)state;
    pair = EVP_RSA_gen(2048);
    if (pair == NULL)
        return -1;
    key.modulus_len = number("n", key.modulus, sizeof key.modulus);
    key.exponent_len = number("e", key.exponent, sizeof key.exponent);
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(pair);
    return 0;
}

static bool sign(void *context, struct span tbs, struct secret *signature, struct ssa_error *err)
{
    (void)context;
    (void)err;
    size_t len = signature->capacity;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    const bool made = digest != NULL && EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, pair) == 1 &&
                      EVP_DigestSign(digest, signature->data, &len, tbs.data, tbs.len) == 1;
    EVP_MD_CTX_free(digest);
    signature->len = made ? len : 0;
    return made;
}

static bool refuse(void *context, struct span tbs, struct secret *signature, struct ssa_error *err)
{
    (void)context;
    (void)tbs;
    (void)signature;
    return error_set(err, SSA_TOKEN, "CKR_DEVICE_REMOVED", NULL, "the token does not sign");
}

static X509 *parsed(const struct secret *der)
{
    const unsigned char *at = der->data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der->len);
    assert_non_null(certificate);
    assert_ptr_equal(at, der->data + der->len);
    return certificate;
}

static const struct key_name name = {.kid = "kid-1",
                                     .email = "service-sync@client.adskserviceaccount.autodesk.com",
                                     .label = "service-sync kid-1",
                                     .slot = 1};

static void its_signature_is_the_keys_own(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &name, sign, NULL, &der, &err));
    X509 *certificate = parsed(&der);
    assert_int_equal(X509_verify(certificate, pair), 1);
    assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
    X509_free(certificate);
}

static void a_placeholder_holds_the_public_key_and_is_signed_by_nobody(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &name, NULL, NULL, &der, &err));
    X509 *certificate = parsed(&der);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), pair), 1);
    assert_int_not_equal(X509_verify(certificate, pair), 1);
    X509_free(certificate);
}

static void whose_it_is_is_read_from_it_again(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    char said[CERTIFICATE_NAME_MAX];
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &name, sign, NULL, &der, &err));
    assert_true(certificate_name(secret_span(&der), said));
    assert_string_equal(said, "service-sync@client.adskserviceaccount.autodesk.com kid-1");
    assert_false(certificate_name(span_of("\x30\x03garbage", 9), said));
    assert_false(certificate_name(span_of(der.data, der.len - 1), said));
}

// RFC 5280 allows 64 characters of a common name; emails of the provider are longer.
static void long_names_fit(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    char email[200], said[CERTIFICATE_NAME_MAX];
    memset(email, 'a', sizeof email);
    memcpy(email + 100, "@b.c", sizeof "@b.c");
    const struct key_name longest = {.kid = "0123456789012345678901234567890123456789012345678901234567890123",
                                     .email = email};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &longest, sign, NULL, &der, &err));
    assert_true(certificate_name(secret_span(&der), said));
}

// OpenSSL's own limit for an email, which the provider's exceed.
static void an_email_of_more_than_128_characters_fits_whole(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    char email[201], said[CERTIFICATE_NAME_MAX], expected[CERTIFICATE_NAME_MAX];
    memset(email, 'a', sizeof email - 1);
    memcpy(email + sizeof email - sizeof "@b.c", "@b.c", sizeof "@b.c");
    const struct key_name longest = {.kid = "kid-1", .email = email};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &longest, sign, NULL, &der, &err));
    assert_true(certificate_name(secret_span(&der), said));
    (void)snprintf(expected, sizeof expected, "%s kid-1", email);
    assert_string_equal(said, expected);
}

// An id is a PrintableString to OpenSSL, which has no underscore.
static void an_id_may_have_any_character(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    char said[CERTIFICATE_NAME_MAX];
    const struct key_name odd = {.kid = "kid_1*@\"", .email = "a@b.c"};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &odd, sign, NULL, &der, &err));
    assert_true(certificate_name(secret_span(&der), said));
    assert_string_equal(said, "a@b.c kid_1*@\"");
}

static void a_token_that_does_not_sign_gives_its_own_reason(void **state)
{
    (void)state;
    struct ssa_error err;
    SECRET_AUTO der = {0};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    FAILS(certificate_write(&key, &name, refuse, NULL, &der, &err), SSA_TOKEN, "does not sign");
}

static void a_certificate_tells_the_modulus_of_its_key(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    struct key read = {0};
    SECRET_AUTO der = {0};
    SUCCEEDS(secret_new(&der, CERTIFICATE_MAX, &err));
    SUCCEEDS(certificate_write(&key, &name, NULL, NULL, &der, &err));
    assert_true(certificate_numbers(secret_span(&der), &read));
    assert_int_equal(read.modulus_len, key.modulus_len);
    assert_memory_equal(read.modulus, key.modulus, key.modulus_len);
    for (size_t cut = 0; cut < der.len; cut += 7)
        assert_false(certificate_numbers(span_of(der.data, cut), &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_signature_is_the_keys_own),
        cmocka_unit_test(a_placeholder_holds_the_public_key_and_is_signed_by_nobody),
        cmocka_unit_test(whose_it_is_is_read_from_it_again),
        cmocka_unit_test(long_names_fit),
        cmocka_unit_test(an_email_of_more_than_128_characters_fits_whole),
        cmocka_unit_test(an_id_may_have_any_character),
        cmocka_unit_test(a_token_that_does_not_sign_gives_its_own_reason),
        cmocka_unit_test(a_certificate_tells_the_modulus_of_its_key),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
