// rsa_key_from_pem: the text itself, or (first byte 1 or 2) DER that is put into a PEM block here. What is
// taken lies in the buffer, and is the one encoding that DER has for it.
#include "fuzz.h"

#include <openssl/evp.h>

#include "core/rsa_key.h"

enum { TEXT, PKCS1, PKCS8, FORMS };

static size_t element(uint8_t *out, uint8_t tag, bool sign, struct span content)
{
    const size_t len = content.len + (sign ? 1 : 0);
    size_t at = 0;
    out[at++] = tag;
    if (len >= 0x100) {
        out[at++] = 0x82;
        out[at++] = (uint8_t)(len >> 8);
    } else if (len >= 0x80) {
        out[at++] = 0x81;
    }
    out[at++] = (uint8_t)len;
    if (sign)
        out[at++] = 0;
    memcpy(out + at, content.data, content.len);
    return at + content.len;
}

// RSAPrivateKey of these numbers, written anew.
static size_t encode(const struct rsa_key *key, uint8_t *out, size_t capacity)
{
    uint8_t *body = malloc(capacity);
    CHECK(body != NULL);
    size_t len = element(body, 0x02, false, span_of("\0", 1));
    const struct span numbers[] = {key->n, key->e, key->d, key->p, key->q, key->dp, key->dq, key->qinv};
    for (size_t i = 0; i < 8; i++) {
        CHECK(numbers[i].len > 0 && numbers[i].data[0] != 0);
        len += element(body + len, 0x02, numbers[i].data[0] >= 0x80, numbers[i]);
    }
    const size_t whole = element(out, 0x30, false, span_of(body, len));
    free(body);
    return whole;
}

static void check_key(const struct rsa_key *key, const struct secret *buffer)
{
    const struct span numbers[] = {key->n, key->e, key->d, key->p, key->q, key->dp, key->dq, key->qinv};
    for (size_t i = 0; i < 8; i++)
        CHECK(numbers[i].data >= buffer->data && numbers[i].data + numbers[i].len <= buffer->data + buffer->len);
    const size_t bits = rsa_bits(key->n);
    CHECK(bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {[PKCS1] = "RSA PRIVATE KEY", [PKCS8] = "PRIVATE KEY"};
    if (size == 0)
        return 0;
    const unsigned form = data[0] % FORMS;
    const uint8_t *der = data + 1;
    const size_t len = size - 1, room = len * 2 + 256;
    char *pem = malloc(room);
    CHECK(pem != NULL);
    size_t pem_len = len;
    if (form == TEXT) {
        memcpy(pem, der, len);
    } else {
        pem_len = (size_t)sprintf(pem, "-----BEGIN %s-----\n", labels[form]);
        pem_len += (size_t)EVP_EncodeBlock((unsigned char *)pem + pem_len, der, (int)len);
        pem_len += (size_t)sprintf(pem + pem_len, "\n-----END %s-----\n", labels[form]);
    }
    struct secret buffer = fuzz_secret(pem, pem_len, pem_len);
    struct rsa_key key;
    struct ssa_error err = {0};
    if (rsa_key_from_pem(&buffer, &key, "file", &err)) {
        uint8_t *again = malloc(2 * room);
        CHECK(again != NULL);
        check_key(&key, &buffer);
        const size_t encoded = encode(&key, again, 2 * room);
        if (form == PKCS1)
            CHECK(encoded == len && memcmp(again, der, len) == 0);
        if (form == PKCS8)
            CHECK(memmem(der, len, again, encoded) != NULL);
        free(again);
    } else {
        fuzz_check_error(&err, SSA_CONFIG);
    }
    fuzz_secret_free(&buffer);
    free(pem);
    return 0;
}
