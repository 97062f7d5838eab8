// OpenSSL encrypts the key for a token. OpenSSL is given the key only as the bytes of one buffer.
#include "hsm/import/seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "hsm/key/rs256.h"

// RFC 5649 adds a block of its own, and at most seven bytes of padding.
enum { KWP_ROOM = 16, PKCS8_MAX = 4096 };

void sealed_free(struct sealed *sealed)
{
    secret_free(&sealed->bytes);
    *sealed = (struct sealed){0};
}

static const char *kwp_name(size_t bytes)
{
    return bytes == 16 ? "id-aes128-wrap-pad" : bytes == 24 ? "id-aes192-wrap-pad" : "id-aes256-wrap-pad";
}

bool seal_kwp(struct span kek, struct span plain, struct secret *out)
{
    int len = 0;
    if (plain.len > INT32_MAX || out->capacity - out->len < plain.len + KWP_ROOM)
        return false;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, kwp_name(kek.len), NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    // OpenSSL wraps keys only with this flag.
    if (ctx != NULL)
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    const bool done = cipher != NULL && ctx != NULL && (size_t)EVP_CIPHER_get_key_length(cipher) == kek.len &&
                      EVP_EncryptInit_ex2(ctx, cipher, kek.data, NULL, NULL) == 1 &&
                      EVP_EncryptUpdate(ctx, out->data + out->len, &len, plain.data, (int)plain.len) == 1 && len > 0;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    if (done)
        out->len += (size_t)len;
    out->data[out->len] = 0;
    return done;
}

// Appends plain, encrypted with RSAES-OAEP, to out.
static bool seal_oaep(const struct seal_for *to, struct span plain, struct secret *out)
{
    size_t len = out->capacity - out->len;
    const EVP_MD *md = to->sha256 ? EVP_sha256() : EVP_sha1();
    EVP_PKEY *key = rs256_public_key(to->modulus, to->exponent);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    const bool done = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
                      EVP_PKEY_encrypt(ctx, out->data + out->len, &len, plain.data, plain.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (done)
        out->len += len;
    out->data[out->len] = 0;
    return done;
}

bool seal(const struct rsa_key *numbers, const struct seal_for *to, struct sealed *sealed, struct ssa_error *err)
{
    SECRET_AUTO aes = {0};
    SECRET_AUTO key = {0};
    *sealed = (struct sealed){0};
    if (!secret_new(&aes, SEAL_AES_BYTES, err) || !secret_must_be_locked(&aes, err))
        return false;
    if (!secret_new(&key, PKCS8_MAX, err) || !secret_must_be_locked(&key, err))
        return false;
    if (!secret_new(&sealed->bytes, RSA_BYTES_MAX + PKCS8_MAX + KWP_ROOM, err))
        return false;
    aes.len = SEAL_AES_BYTES;
    const bool done =
        RAND_priv_bytes(aes.data, SEAL_AES_BYTES) == 1 && seal_oaep(to, secret_span(&aes), &sealed->bytes);
    sealed->aes_len = sealed->bytes.len;
    return (done && rsa_key_to_pkcs8(numbers, &key) &&
            seal_kwp(secret_span(&aes), secret_span(&key), &sealed->bytes)) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the key cannot be encrypted for the token");
}
