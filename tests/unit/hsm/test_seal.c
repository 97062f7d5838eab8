// A key encrypted for a token: RFC 5649's own examples, and OpenSSL as the token that takes it apart again.
#include "core/keys.h"
#include "core/unit.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "hsm/import/seal.h"

static void the_examples_of_rfc_5649(void **state)
{
    (void)state;
    static const uint8_t kek[] = {0x58, 0x40, 0xdf, 0x6e, 0x29, 0xb0, 0x2a, 0xf1, 0xab, 0x49, 0x3b, 0x70,
                                  0x5b, 0xf1, 0x6e, 0xa1, 0xae, 0x83, 0x38, 0xf4, 0xdc, 0xc1, 0x76, 0xa8};
    static const uint8_t twenty[] = {0xc3, 0x7b, 0x7e, 0x64, 0x92, 0x58, 0x43, 0x40, 0xbe, 0xd1,
                                     0x22, 0x07, 0x80, 0x89, 0x41, 0x15, 0x50, 0x68, 0xf7, 0x38};
    static const uint8_t wrapped_twenty[] = {0x13, 0x8b, 0xde, 0xaa, 0x9b, 0x8f, 0xa7, 0xfc, 0x61, 0xf9, 0x77,
                                             0x42, 0xe7, 0x22, 0x48, 0xee, 0x5a, 0xe6, 0xae, 0x53, 0x60, 0xd1,
                                             0xae, 0x6a, 0x5f, 0x54, 0xf3, 0x73, 0xfa, 0x54, 0x3b, 0x6a};
    static const uint8_t seven[] = {0x46, 0x6f, 0x72, 0x50, 0x61, 0x73, 0x69};
    static const uint8_t wrapped_seven[] = {0xaf, 0xbe, 0xb0, 0xf0, 0x7d, 0xfb, 0xf5, 0x41,
                                            0x92, 0x00, 0xf2, 0xcc, 0xb5, 0x0b, 0xb2, 0x4f};
    const struct {
        struct span plain, wrapped;
    } examples[] = {
        {span_of(twenty, sizeof twenty), span_of(wrapped_twenty, sizeof wrapped_twenty)},
        {span_of(seven, sizeof seven), span_of(wrapped_seven, sizeof wrapped_seven)},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        SECRET_AUTO out = {0};
        unit_secret(&out, 128, span_text("before"));
        assert_true(seal_kwp(span_of(kek, sizeof kek), examples[i].plain, &out));
        assert_int_equal(out.len, strlen("before") + examples[i].wrapped.len);
        assert_memory_equal(out.data + strlen("before"), examples[i].wrapped.data, examples[i].wrapped.len);
    }
}

static void what_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    static const uint8_t kek[32], plain[64];
    SECRET_AUTO out = {0};
    unit_secret(&out, sizeof plain, span_of("", 0));
    assert_false(seal_kwp(span_of(kek, sizeof kek), span_of(plain, sizeof plain), &out));
    assert_false(seal_kwp(span_of(kek, 5), span_of(plain, 8), &out));
    assert_int_equal(out.len, 0);
}

// The token's side of OAEP.
static size_t decrypt(EVP_PKEY *key, const EVP_MD *md, struct span from, uint8_t to[static 512])
{
    size_t len = 512;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md), 1);
    assert_int_equal(EVP_PKEY_decrypt(ctx, to, &len, from.data, from.len), 1);
    EVP_PKEY_CTX_free(ctx);
    return len;
}

// And of the AES key.
static int unwrap(const uint8_t *kek, struct span from, uint8_t *to)
{
    int len = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, kek, NULL), 1);
    assert_int_equal(EVP_DecryptUpdate(ctx, to, &len, from.data, (int)from.len), 1);
    EVP_CIPHER_CTX_free(ctx);
    return len;
}

static void a_key_is_taken_apart_again(void **state)
{
    (void)state;
    static struct key_numbers transport_numbers;
    EVP_PKEY *transport = keys_rsa(2048), *key = keys_rsa(4096);
    keys_numbers(transport, &transport_numbers);
    char pem[KEYS_PEM_MAX];
    struct rsa_key numbers;
    struct ssa_error err;
    SECRET_AUTO buffer = {0};
    const size_t len = keys_pkcs1(key, pem);
    unit_secret(&buffer, len, span_of(pem, len));
    SUCCEEDS(rsa_key_from_pem(&buffer, &numbers, "key.pem", &err));
    for (int sha256 = 0; sha256 < 2; sha256++) {
        uint8_t aes[512], plain[4096];
        SEALED_AUTO sealed = {0};
        const struct seal_for to = {.modulus = span_of(transport_numbers.bytes[0], transport_numbers.len[0]),
                                    .exponent = span_of(transport_numbers.bytes[1], transport_numbers.len[1]),
                                    .sha256 = sha256 == 1};
        SUCCEEDS(seal(&numbers, &to, &sealed, &err));
        assert_int_equal(sealed.aes_len, 256);
        const size_t aes_len = decrypt(transport, sha256 == 1 ? EVP_sha256() : EVP_sha1(),
                                       span_of(sealed.bytes.data, sealed.aes_len), aes);
        assert_int_equal(aes_len, SEAL_AES_BYTES);
        const int plain_len =
            unwrap(aes, span_of(sealed.bytes.data + sealed.aes_len, sealed.bytes.len - sealed.aes_len), plain);
        const unsigned char *at = plain;
        EVP_PKEY *read = d2i_AutoPrivateKey(NULL, &at, plain_len);
        assert_non_null(read);
        assert_ptr_equal(at, plain + plain_len);
        assert_int_equal(EVP_PKEY_eq(read, key), 1);
        EVP_PKEY_free(read);
    }
}

static void each_has_an_aes_key_of_its_own(void **state)
{
    (void)state;
    static struct key_numbers n;
    EVP_PKEY *key = keys_rsa(2048);
    struct ssa_error err;
    keys_numbers(key, &n);
    const struct rsa_key numbers = {.n = span_of(n.bytes[0], n.len[0]),
                                    .e = span_of(n.bytes[1], n.len[1]),
                                    .d = span_of(n.bytes[2], n.len[2]),
                                    .p = span_of(n.bytes[3], n.len[3]),
                                    .q = span_of(n.bytes[4], n.len[4]),
                                    .dp = span_of(n.bytes[5], n.len[5]),
                                    .dq = span_of(n.bytes[6], n.len[6]),
                                    .qinv = span_of(n.bytes[7], n.len[7])};
    const struct seal_for to = {.modulus = numbers.n, .exponent = numbers.e};
    SEALED_AUTO one = {0};
    SEALED_AUTO other = {0};
    SUCCEEDS(seal(&numbers, &to, &one, &err));
    SUCCEEDS(seal(&numbers, &to, &other, &err));
    assert_int_equal(one.bytes.len, other.bytes.len);
    assert_memory_not_equal(one.bytes.data + one.aes_len, other.bytes.data + other.aes_len, 64);
    // Nothing of the key is in what is handed out.
    assert_null(memmem(one.bytes.data, one.bytes.len, numbers.p.data, 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_5649),
        cmocka_unit_test(what_does_not_fit_is_not_begun),
        cmocka_unit_test(a_key_is_taken_apart_again),
        cmocka_unit_test(each_has_an_aes_key_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
