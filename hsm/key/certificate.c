// Certificates that a card needs beside its keys, made by OpenSSL.
#include "hsm/key/certificate.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/text.h"
#include "hsm/key/rs256.h"

enum {
    COMMON_NAME_MAX = 64,     // ub-common-name, RFC 5280 appendix A.1
    DIGITAL_SIGNATURE_BIT = 0 // of the key usage, section 4.2.1.3
};

static void x509_free(X509 **certificate)
{
    X509_free(*certificate);
}

static void public_key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static bool add_name(X509_NAME *subject, int nid, const char *text, size_t len)
{
    // The type is set explicitly. With MBSTRING_UTF8, OpenSSL would allow an email only 128 characters, of which the
    // provider's have more, and an id only the characters of a PrintableString.
    return len == 0 || X509_NAME_add_entry_by_NID(subject, nid, V_ASN1_UTF8STRING, (const unsigned char *)text,
                                                  (int)len, -1, 0) == 1;
}

static bool set_names(X509 *certificate, const struct key_name *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    const size_t local = strcspn(name->email, "@");
    const size_t common = local < COMMON_NAME_MAX ? local : COMMON_NAME_MAX;
    if (subject == NULL || !add_name(subject, NID_commonName, name->email, common))
        return false;
    if (!add_name(subject, NID_serialNumber, name->kid, strlen(name->kid)))
        return false;
    if (!add_name(subject, NID_pkcs9_emailAddress, name->email, strlen(name->email)))
        return false;
    return X509_set_issuer_name(certificate, subject) == 1;
}

static bool set_serial(X509 *certificate)
{
    unsigned char random[16];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    random[0] = (unsigned char)((random[0] & 0x7f) | 0x40); // positive, and of full length
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    const bool set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static bool set_times(X509 *certificate)
{
    // This date means that there is no end (RFC 5280 section 4.1.2.5). The API decides how long a key is valid.
    return X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
           ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1;
}

// The key only signs (RFC 5280 section 4.2.1.3). So OpenSC signs even with a key in a slot for decryption.
static bool set_usage(X509 *certificate)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    const bool set = usage != NULL && ASN1_BIT_STRING_set_bit(usage, DIGITAL_SIGNATURE_BIT, 1) == 1 &&
                     X509_add1_ext_i2d(certificate, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) == 1;
    ASN1_BIT_STRING_free(usage);
    return set;
}

// OpenSSL has no call that sets a signature which was made elsewhere. So both of these constants are changed in place.
static bool set_algorithm(X509 *certificate)
{
    const X509_ALGOR *outer = NULL;
    X509_get0_signature(NULL, &outer, certificate);
    X509_ALGOR *const both[] = {(X509_ALGOR *)(uintptr_t)outer,
                                (X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(certificate)};
    for (size_t i = 0; i < 2; i++)
        if (X509_ALGOR_set0(both[i], OBJ_nid2obj(NID_sha256WithRSAEncryption), V_ASN1_NULL, NULL) != 1)
            return false;
    return true;
}

static bool set_signature(X509 *certificate, struct span signature)
{
    const ASN1_BIT_STRING *outer = NULL;
    X509_get0_signature(&outer, NULL, certificate);
    ASN1_BIT_STRING *bits = (ASN1_BIT_STRING *)(uintptr_t)outer;
    bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07L);
    bits->flags |= ASN1_STRING_FLAG_BITS_LEFT; // with 0 unused bits in the last byte
    return ASN1_STRING_set(bits, signature.data, (int)signature.len) == 1;
}

static bool sign_certificate(X509 *certificate, const struct key *key, certificate_sign *sign, void *context,
                             struct ssa_error *err)
{
    static const uint8_t none[RSA_BYTES_MAX] = {1};
    if (sign == NULL)
        return set_signature(certificate, span_of(none, key->modulus_len));
    SECRET_AUTO signature = {0};
    unsigned char *tbs = NULL;
    const int len = i2d_re_X509_tbs(certificate, &tbs);
    const bool is_signed = len > 0 && secret_new(&signature, RSA_BYTES_MAX, err) &&
                           sign(context, span_of(tbs, (size_t)len), &signature, err);
    OPENSSL_free(tbs);
    return is_signed && set_signature(certificate, secret_span(&signature));
}

static bool append_der(X509 *certificate, struct secret *der)
{
    unsigned char *bytes = NULL;
    const int len = i2d_X509(certificate, &bytes);
    const bool fits = len > 0 && secret_append(der, span_of(bytes, (size_t)len));
    OPENSSL_free(bytes);
    return fits;
}

// Everything but the public key and the signature.
static bool fill_in(X509 *certificate, const struct key_name *name)
{
    if (X509_set_version(certificate, X509_VERSION_3) != 1)
        return false;
    if (!set_serial(certificate) || !set_times(certificate))
        return false;
    if (!set_names(certificate, name) || !set_usage(certificate))
        return false;
    return set_algorithm(certificate);
}

bool certificate_write(const struct key *key, const struct key_name *name, certificate_sign *sign, void *context,
                       struct secret *der, struct ssa_error *err)
{
    __attribute__((cleanup(x509_free))) X509 *certificate = X509_new();
    __attribute__((cleanup(public_key_free))) EVP_PKEY *public_key =
        rs256_public_key(span_of(key->modulus, key->modulus_len), span_of(key->exponent, key->exponent_len));
    error_set(err, SSA_UNEXPECTED, NULL, NULL, "the certificate for the key cannot be made");
    if (certificate == NULL || public_key == NULL || X509_set_pubkey(certificate, public_key) != 1)
        return false;
    if (!fill_in(certificate, name))
        return false;
    return sign_certificate(certificate, key, sign, context, err) && append_der(certificate, der);
}

bool certificate_subject(struct span der, uint8_t *out, size_t capacity, size_t *len)
{
    const unsigned char *at = der.data, *subject = NULL;
    __attribute__((cleanup(x509_free))) X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate == NULL || X509_NAME_get0_der(X509_get_subject_name(certificate), &subject, len) != 1 ||
        *len > capacity)
        return false;
    memcpy(out, subject, *len);
    return true;
}

bool certificate_name(struct span der, char out[static CERTIFICATE_NAME_MAX])
{
    const unsigned char *at = der.data;
    __attribute__((cleanup(x509_free))) X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    char email[256], kid[129];
    if (certificate == NULL)
        return false;
    X509_NAME *subject = X509_get_subject_name(certificate);
    if (subject == NULL || X509_NAME_get_text_by_NID(subject, NID_pkcs9_emailAddress, email, sizeof email) <= 0 ||
        X509_NAME_get_text_by_NID(subject, NID_serialNumber, kid, sizeof kid) <= 0)
        return false;
    char text[CERTIFICATE_NAME_MAX];
    if (!text_format(text, sizeof text, "%s %s", email, kid))
        return false;
    text_harmless(out, CERTIFICATE_NAME_MAX, span_text(text));
    return true;
}

static bool read_number(const EVP_PKEY *key, const char *name, uint8_t out[static RSA_BYTES_MAX], size_t *len)
{
    BIGNUM *number = NULL;
    const bool fits = EVP_PKEY_get_bn_param(key, name, &number) == 1 && (size_t)BN_num_bytes(number) <= RSA_BYTES_MAX;
    if (fits)
        *len = (size_t)BN_bn2bin(number, out);
    BN_free(number);
    return fits;
}

bool certificate_numbers(struct span der, struct key *key)
{
    const unsigned char *at = der.data;
    __attribute__((cleanup(x509_free))) X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    const EVP_PKEY *public_key = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
    return public_key != NULL && EVP_PKEY_is_a(public_key, "RSA") == 1 &&
           read_number(public_key, OSSL_PKEY_PARAM_RSA_N, key->modulus, &key->modulus_len) &&
           read_number(public_key, OSSL_PKEY_PARAM_RSA_E, key->exponent, &key->exponent_len);
}
