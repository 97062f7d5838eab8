// RSA keys for tests.
#include "core/keys.h"

#include "core/unit.h"

#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

EVP_PKEY *keys_rsa(unsigned bits)
{
    static struct {
        unsigned bits;
        EVP_PKEY *key;
    } made[8];
    size_t i = 0;
    while (made[i].key != NULL && made[i].bits != bits)
        i++;
    assert_true(i < sizeof made / sizeof made[0]);
    if (made[i].key == NULL) {
        made[i].key = EVP_RSA_gen(bits);
        made[i].bits = bits;
    }
    assert_non_null(made[i].key);
    return made[i].key;
}

// format "PEM", structure "type-specific" (PKCS#1) or "PrivateKeyInfo" (PKCS#8).
static size_t encode(EVP_PKEY *key, const char *structure, const char *cipher, char *out)
{
    OSSL_ENCODER_CTX *encoder = OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "PEM", structure, NULL);
    assert_non_null(encoder);
    if (cipher != NULL) {
        assert_int_equal(OSSL_ENCODER_CTX_set_cipher(encoder, cipher, NULL), 1);
        assert_int_equal(OSSL_ENCODER_CTX_set_passphrase(encoder, (const unsigned char *)"throwaway", 9), 1);
    }
    unsigned char *pem = NULL;
    size_t len = 0;
    assert_int_equal(OSSL_ENCODER_to_data(encoder, &pem, &len), 1);
    assert_true(len < KEYS_PEM_MAX);
    memcpy(out, pem, len);
    out[len] = '\0';
    OPENSSL_free(pem);
    OSSL_ENCODER_CTX_free(encoder);
    return len;
}

size_t keys_pkcs1(EVP_PKEY *key, char out[static KEYS_PEM_MAX])
{
    return encode(key, "type-specific", NULL, out);
}

size_t keys_pkcs8(EVP_PKEY *key, char out[static KEYS_PEM_MAX])
{
    return encode(key, "PrivateKeyInfo", NULL, out);
}

size_t keys_encrypted_pkcs8(EVP_PKEY *key, char out[static KEYS_PEM_MAX])
{
    return encode(key, "PrivateKeyInfo", "AES-256-CBC", out);
}

size_t keys_encrypted_pkcs1(EVP_PKEY *key, char out[static KEYS_PEM_MAX])
{
    return encode(key, "type-specific", "AES-256-CBC", out);
}

size_t keys_elliptic(char out[static KEYS_PEM_MAX])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    const size_t len = keys_pkcs8(key, out);
    EVP_PKEY_free(key);
    return len;
}

size_t keys_wrap(struct span der, const char *label, char out[static KEYS_PEM_MAX])
{
    char body[12000];
    assert_true(der.len < 8192);
    (void)EVP_EncodeBlock((unsigned char *)body, der.data, (int)der.len);
    const int len = snprintf(out, KEYS_PEM_MAX, "-----BEGIN %s-----\n%s\n-----END %s-----\n", label, body, label);
    assert_true(len > 0 && len < KEYS_PEM_MAX);
    return (size_t)len;
}

void der_append(struct der *der, uint8_t tag, struct span content, bool minimal)
{
    assert_true(content.len < 0x10000 && der->len + 6 + content.len <= sizeof der->data);
    const bool is_short = minimal && content.len < 0x80;
    const uint8_t low = (uint8_t)content.len, high = (uint8_t)(content.len >> 8);
    uint8_t head[6] = {tag, low};
    size_t used = 2;
    if (!is_short) {
        used = 1;
        // The octets that the length needs, and a zero in front of them where it is not to be minimal.
        const unsigned octets = (high != 0 ? 2U : 1U) + (minimal ? 0U : 1U);
        head[used++] = (uint8_t)(0x80 | octets);
        if (!minimal)
            head[used++] = 0;
        if (high != 0)
            head[used++] = high;
        head[used++] = low;
    }
    memcpy(der->data + der->len, head, used);
    der->len += used;
    if (content.len > 0)
        memmove(der->data + der->len, content.data, content.len);
    der->len += content.len;
}

void der_number(struct der *der, struct span number)
{
    uint8_t content[2048] = {0};
    const size_t sign = number.len == 0 || number.data[0] >= 0x80 ? 1 : 0;
    assert_true(number.len + sign <= sizeof content);
    if (number.len > 0)
        memcpy(content + sign, number.data, number.len);
    der_append(der, 0x02, span_of(content, number.len + sign), true);
}

void keys_numbers(EVP_PKEY *key, struct key_numbers *numbers)
{
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    for (size_t i = 0; i < 8; i++) {
        BIGNUM *number = NULL;
        assert_int_equal(EVP_PKEY_get_bn_param(key, names[i], &number), 1);
        assert_true(BN_num_bytes(number) <= (int)sizeof numbers->bytes[i]);
        numbers->len[i] = (size_t)BN_bn2bin(number, numbers->bytes[i]);
        BN_free(number);
    }
}
