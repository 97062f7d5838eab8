// PEM and DER of an RSA private key, decoded in place (RFC 7468, X.690 section 10, RFC 8017, RFC 5208).
#include "core/rsa_key.h"

#include "core/base64.h"
#include "core/text.h"

enum { DER_INTEGER = 0x02, DER_OCTET_STRING = 0x04, DER_SEQUENCE = 0x30, DER_ATTRIBUTES = 0xa0 };

static bool no_key(struct ssa_error *err, const char *subject, const char *why)
{
    error_set(err, SSA_CONFIG, NULL, subject, "%s", why);
    return error_hint(err,
                      "The key must be an unencrypted RSA key of %u to %u bits as PEM: \"BEGIN RSA PRIVATE KEY\" or "
                      "\"BEGIN PRIVATE KEY\".",
                      RSA_BITS_MIN, RSA_BITS_MAX);
}

static uint8_t *find(const struct secret *in, size_t from, const char *text)
{
    return memmem(in->data + from, in->len - from, text, strlen(text));
}

// Decodes the base64 text between the block's two lines over itself.
static bool decode_block(struct secret *buffer, const char *label, struct span *der)
{
    char begin[64], end[64];
    if (!text_format(begin, sizeof begin, "-----BEGIN %s-----", label) ||
        !text_format(end, sizeof end, "-----END %s-----", label))
        return false;
    const uint8_t *start = find(buffer, 0, begin);
    if (start == NULL)
        return false;
    const size_t body = (size_t)(start - buffer->data) + strlen(begin);
    const uint8_t *stop = find(buffer, body, end);
    if (stop == NULL)
        return false;
    const size_t len = base64_decode_in_place(buffer->data + body, (size_t)(stop - buffer->data) - body);
    if (len == SIZE_MAX)
        return false;
    *der = span_of(buffer->data + body, len);
    return true;
}

// Takes one element with this tag off the front of *in. DER demands the shortest form of a definite length.
static bool take(struct span *in, uint8_t tag, struct span *content)
{
    if (in->len < 2 || in->data[0] != tag)
        return false;
    size_t len = in->data[1], head = 2;
    if (len >= 0x80) {
        const size_t octets = len & 0x7f;
        if (octets == 0 || octets > 2 || in->len < 2 + octets)
            return false;
        len = 0;
        for (size_t i = 0; i < octets; i++)
            len = len << 8 | in->data[2 + i];
        if (len < 0x80 || (octets == 2 && len < 0x100))
            return false;
        head += octets;
    }
    if (len > in->len - head)
        return false;
    *content = span_of(in->data + head, len);
    *in = span_of(in->data + head + len, in->len - head - len);
    return true;
}

// A positive INTEGER without its sign byte (X.690 section 8.3).
static bool take_number(struct span *in, struct span *number)
{
    struct span content;
    if (!take(in, DER_INTEGER, &content) || content.len == 0 || content.data[0] >= 0x80)
        return false;
    if (content.data[0] == 0) {
        if (content.len < 2 || content.data[1] < 0x80)
            return false;
        content = span_of(content.data + 1, content.len - 1);
    }
    *number = content;
    return true;
}

static bool take_version_zero(struct span *in)
{
    struct span version;
    return take(in, DER_INTEGER, &version) && version.len == 1 && version.data[0] == 0;
}

// RSAPrivateKey, RFC 8017 appendix A.1.2. Version 0 is the form with two primes.
bool rsa_key_from_der(struct span der, struct rsa_key *key)
{
    struct span in;
    if (!take(&der, DER_SEQUENCE, &in) || der.len != 0 || !take_version_zero(&in))
        return false;
    struct span *const numbers[] = {&key->n, &key->e, &key->d, &key->p, &key->q, &key->dp, &key->dq, &key->qinv};
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!take_number(&in, numbers[i]))
            return false;
    return in.len == 0;
}

// The algorithm rsaEncryption with its parameters, NULL.
static const uint8_t rsa_encryption[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

// PrivateKeyInfo, RFC 5208 section 5: version, rsaEncryption, and the PKCS#1 key as an octet string. Attributes may
// follow.
static bool parse_pkcs8(struct span der, struct rsa_key *key)
{
    struct span in, algorithm, inner, attributes;
    return take(&der, DER_SEQUENCE, &in) && der.len == 0 && take_version_zero(&in) &&
           take(&in, DER_SEQUENCE, &algorithm) &&
           span_equal(algorithm, span_of(rsa_encryption, sizeof rsa_encryption)) &&
           take(&in, DER_OCTET_STRING, &inner) &&
           (in.len == 0 || (take(&in, DER_ATTRIBUTES, &attributes) && in.len == 0)) && rsa_key_from_der(inner, key);
}

// The length of an element with a content of that length.
static size_t element_len(size_t content)
{
    return content + (content < 0x80 ? 2 : content < 0x100 ? 3 : 4);
}

// A number needs a sign byte where its first bit is set.
static size_t number_len(struct span number)
{
    return number.len + (number.len > 0 && number.data[0] >= 0x80);
}

static bool put_head(struct secret *out, uint8_t tag, size_t len)
{
    uint8_t head[4] = {tag, (uint8_t)len};
    if (len >= 0x100) {
        head[1] = 0x82;
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
    } else if (len >= 0x80) {
        head[1] = 0x81;
        head[2] = (uint8_t)len;
    }
    return len <= 0xffff && secret_append(out, span_of(head, element_len(len) - len));
}

static bool put_number(struct secret *out, struct span number)
{
    static const uint8_t sign = 0;
    return number.len > 0 && put_head(out, DER_INTEGER, number_len(number)) &&
           (number.data[0] < 0x80 || secret_append(out, span_of(&sign, 1))) && secret_append(out, number);
}

static bool put_version_zero(struct secret *out)
{
    static const uint8_t version[] = {DER_INTEGER, 1, 0};
    return secret_append(out, span_of(version, sizeof version));
}

bool rsa_key_to_pkcs8(const struct rsa_key *key, struct secret *out)
{
    const struct span numbers[] = {key->n, key->e, key->d, key->p, key->q, key->dp, key->dq, key->qinv};
    const size_t version = element_len(1);
    size_t pkcs1 = version;
    for (size_t i = 0; i < COUNT(numbers); i++)
        pkcs1 += element_len(number_len(numbers[i]));
    const size_t whole = version + element_len(sizeof rsa_encryption) + element_len(element_len(pkcs1));
    if (!put_head(out, DER_SEQUENCE, whole) || !put_version_zero(out) ||
        !put_head(out, DER_SEQUENCE, sizeof rsa_encryption) ||
        !secret_append(out, span_of(rsa_encryption, sizeof rsa_encryption)) ||
        !put_head(out, DER_OCTET_STRING, element_len(pkcs1)) || !put_head(out, DER_SEQUENCE, pkcs1) ||
        !put_version_zero(out))
        return false;
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!put_number(out, numbers[i]))
            return false;
    return true;
}

size_t rsa_strip_zeros(uint8_t *number, size_t len)
{
    size_t zeros = 0;
    while (zeros < len && number[zeros] == 0)
        zeros++;
    memmove(number, number + zeros, len - zeros);
    return len - zeros;
}

size_t rsa_bits(struct span modulus)
{
    if (modulus.len == 0)
        return 0;
    unsigned zeros = 0;
    while (zeros < 8 && (modulus.data[0] << zeros & 0x80) == 0)
        zeros++;
    return modulus.len * 8 - zeros;
}

static bool is_odd(struct span number)
{
    return number.len > 0 && (number.data[number.len - 1] & 1) != 0;
}

// Compares two numbers without leading zeros.
static bool is_less(struct span a, struct span b)
{
    return a.len != b.len ? a.len < b.len : memcmp(a.data, b.data, a.len) < 0;
}

// The number's last 64 bits, and its remainder modulo 2^32 - 1. No branch depends on the number.
struct digest {
    uint64_t low, rest;
};

static uint64_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    return (sum & 0xffffffff) + (sum >> 32);
}

static struct digest digest_of(struct span number)
{
    struct digest digest = {0, 0};
    for (size_t i = 0; i < number.len; i++) {
        const size_t from_end = number.len - 1 - i;
        digest.low = digest.low << 8 | number.data[i];
        digest.rest = fold(digest.rest + ((uint64_t)number.data[i] << from_end % 4 * 8));
    }
    return digest;
}

// Whether p times q can be n. A signature later proves that it is n.
static bool is_product(struct span n, struct span p, struct span q)
{
    const struct digest of_n = digest_of(n), of_p = digest_of(p), of_q = digest_of(q);
    // 0 and 2^32 - 1 are the same remainder.
    const uint64_t rest = fold(of_p.rest * of_q.rest) % 0xffffffff;
    return of_p.low * of_q.low == of_n.low && rest == of_n.rest % 0xffffffff;
}

// Returns the fault of the numbers, or NULL.
static const char *fault_of(const struct rsa_key *key)
{
    const size_t bits = rsa_bits(key->n), product = rsa_bits(key->p) + rsa_bits(key->q);
    if (bits < RSA_BITS_MIN)
        return "the RSA key is shorter than 2048 bits";
    if (bits > RSA_BITS_MAX)
        return "the RSA key is longer than 4096 bits";
    if (!is_odd(key->n))
        return "the RSA key's modulus is even";
    if (!is_odd(key->e) || rsa_bits(key->e) < 2 || !is_less(key->e, key->n))
        return "the RSA key's public exponent is not an odd number between 3 and the modulus";
    if (!is_odd(key->d) || rsa_bits(key->d) < bits / 4 || !is_less(key->d, key->n))
        return "the RSA key's private exponent does not fit its modulus";
    if (!is_odd(key->p) || !is_odd(key->q) || span_equal(key->p, key->q) || (product != bits && product != bits + 1) ||
        !is_product(key->n, key->p, key->q))
        return "the RSA key's primes do not multiply to its modulus";
    if (!is_less(key->dp, key->p) || !is_less(key->dq, key->q) || !is_less(key->qinv, key->p))
        return "the RSA key's CRT exponents or coefficient are larger than its primes";
    return NULL;
}

bool rsa_key_from_pem(struct secret *buffer, struct rsa_key *key, const char *subject, struct ssa_error *err)
{
    struct span der;
    if (find(buffer, 0, "-----BEGIN ENCRYPTED PRIVATE KEY-----") != NULL ||
        find(buffer, 0, "Proc-Type: 4,ENCRYPTED") != NULL)
        return no_key(err, subject, "the private key is encrypted");
    if (decode_block(buffer, "RSA PRIVATE KEY", &der)) {
        if (!rsa_key_from_der(der, key))
            return no_key(err, subject, "the PEM block does not contain a PKCS#1 RSA private key");
    } else if (decode_block(buffer, "PRIVATE KEY", &der)) {
        if (!parse_pkcs8(der, key))
            return no_key(err, subject, "the PEM block does not contain a PKCS#8 RSA private key");
    } else {
        return no_key(err, subject,
                      find(buffer, 0, "-----BEGIN ") == NULL ? "there is no PEM block"
                                                             : "there is no complete PEM block of an RSA private key");
    }
    const char *fault = fault_of(key);
    return fault == NULL || no_key(err, subject, fault);
}
