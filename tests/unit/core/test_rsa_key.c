// A private key's PEM: the numbers are those that OpenSSL reads, and nothing but a strict RSA key is taken.
#include "core/keys.h"
#include "core/unit.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rsa_key.h"

static void same_numbers(const struct rsa_key *key, EVP_PKEY *expected)
{
    static struct key_numbers numbers;
    keys_numbers(expected, &numbers);
    const struct span got[] = {key->n, key->e, key->d, key->p, key->q, key->dp, key->dq, key->qinv};
    for (size_t i = 0; i < 8; i++)
        assert_true(span_equal(got[i], span_of(numbers.bytes[i], numbers.len[i])));
}

static void takes_span(struct span pem, EVP_PKEY *expected)
{
    struct ssa_error err;
    struct rsa_key key;
    SECRET_AUTO buffer = {0};
    unit_secret(&buffer, pem.len + 1, pem);
    SUCCEEDS(rsa_key_from_pem(&buffer, &key, "key.pem", &err));
    same_numbers(&key, expected);
    assert_int_equal(rsa_bits(key.n), EVP_PKEY_get_bits(expected));
}

static void refuses_span(struct span pem, const char *mention)
{
    struct ssa_error err;
    struct rsa_key key;
    SECRET_AUTO buffer = {0};
    unit_secret(&buffer, pem.len + 1, pem);
    FAILS(rsa_key_from_pem(&buffer, &key, "key.pem", &err), SSA_CONFIG, mention);
    assert_non_null(strstr(err.hint, "BEGIN PRIVATE KEY"));
    assert_string_equal(err.subject, "key.pem");
}

static void takes(const char *pem, EVP_PKEY *expected)
{
    takes_span(span_text(pem), expected);
}

static void refuses(const char *pem, const char *mention)
{
    refuses_span(span_text(pem), mention);
}

static void both_forms_and_all_sizes_give_openssl_s_numbers(void **state)
{
    (void)state;
    static const unsigned sizes[] = {2048, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char pem[KEYS_PEM_MAX];
        EVP_PKEY *key = keys_rsa(sizes[i]);
        (void)keys_pkcs1(key, pem);
        assert_non_null(strstr(pem, "BEGIN RSA PRIVATE KEY"));
        takes(pem, key);
        const size_t len = keys_pkcs8(key, pem);
        assert_non_null(strstr(pem, "BEGIN PRIVATE KEY"));
        assert_true(len < PEM_MAX);
        takes(pem, key);
    }
}

static void line_breaks_and_text_around_do_not_matter(void **state)
{
    (void)state;
    char pem[KEYS_PEM_MAX], other[2 * KEYS_PEM_MAX];
    EVP_PKEY *key = keys_rsa(2048);
    size_t len = keys_pkcs1(key, pem), used = 0;
    for (size_t i = 0; i < len; i++) {
        if (pem[i] == '\n')
            other[used++] = '\r';
        other[used++] = pem[i];
    }
    takes_span(span_of(other, used), key);
    takes_span(span_of(pem, len - 1), key);
    (void)snprintf(other, sizeof other,
                   "Bag Attributes\n  friendlyName: x\n\n%s\n-----BEGIN CERTIFICATE-----\nAAAA\n"
                   "-----END CERTIFICATE-----\n",
                   pem);
    takes(other, key);
    // In one line, as an environment variable may hold it.
    used = 0;
    for (size_t i = 0; i < len; i++)
        if (pem[i] != '\n')
            other[used++] = pem[i];
    takes_span(span_of(other, used), key);
}

static void nothing_that_looks_like_a_key_is_left_in_the_buffer_s_tail(void **state)
{
    (void)state;
    char pem[KEYS_PEM_MAX];
    struct ssa_error err;
    struct rsa_key key;
    SECRET_AUTO buffer = {0};
    const size_t len = keys_pkcs8(keys_rsa(2048), pem);
    unit_secret(&buffer, PEM_MAX, span_of(pem, len));
    SUCCEEDS(rsa_key_from_pem(&buffer, &key, "key.pem", &err));
    // The numbers are slices of the buffer, and the last characters of the text are gone.
    assert_true(key.qinv.data > buffer.data && key.qinv.data < buffer.data + buffer.len);
    char *last = strstr(pem, "\n-----END");
    assert_null(memmem(buffer.data, buffer.capacity, last - 20, 20));
}

static void an_encrypted_key_is_told_as_one(void **state)
{
    (void)state;
    char pem[KEYS_PEM_MAX];
    (void)keys_encrypted_pkcs8(keys_rsa(2048), pem);
    refuses(pem, "encrypted");
    (void)keys_encrypted_pkcs1(keys_rsa(2048), pem);
    assert_non_null(strstr(pem, "Proc-Type"));
    refuses(pem, "encrypted");
}

static void other_sizes_and_kinds_are_refused(void **state)
{
    (void)state;
    char pem[KEYS_PEM_MAX];
    (void)keys_pkcs1(keys_rsa(1024), pem);
    refuses(pem, "shorter than 2048 bits");
    // 8192 bits would take minutes to make: the size is all that counts.
    static uint8_t large[1024];
    memset(large, 0x81, sizeof large);
    struct der numbers = {0}, der = {0};
    der_append(&numbers, 0x02, span_of("\0", 1), true);
    for (size_t i = 0; i < 8; i++)
        der_number(&numbers, i == 0 ? span_of(large, sizeof large) : span_of(large, 8));
    der_append(&der, 0x30, span_of(numbers.data, numbers.len), true);
    (void)keys_wrap(span_of(der.data, der.len), "RSA PRIVATE KEY", pem);
    refuses(pem, "longer than 4096 bits");
    (void)keys_elliptic(pem);
    refuses(pem, "RSA");
    refuses("", "no PEM");
    refuses("no key", "no PEM");
    refuses("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "RSA");
}

static void a_block_of_nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "=", "==", "A", "AAAA", "MA==", "MIIB", "%%%%", "\n\n", "MAA="};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char pem[256];
        (void)snprintf(pem, sizeof pem, "-----BEGIN PRIVATE KEY-----%s-----END PRIVATE KEY-----", bodies[i]);
        refuses(pem, "PEM");
        (void)snprintf(pem, sizeof pem, "-----BEGIN RSA PRIVATE KEY-----%s-----END RSA PRIVATE KEY-----", bodies[i]);
        refuses(pem, "PEM");
    }
}

static void a_key_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    char pem[KEYS_PEM_MAX];
    EVP_PKEY *key = keys_rsa(2048);
    const size_t len = keys_pkcs8(key, pem);
    // Up to the final dashes: the line break behind them may be missing.
    for (size_t cut = 0; cut < len - 1; cut++)
        refuses_span(span_of(pem, cut), "PEM");
}

static void key_der(struct der *out, bool pkcs8)
{
    char pem[KEYS_PEM_MAX];
    EVP_PKEY *key = keys_rsa(2048);
    (void)(pkcs8 ? keys_pkcs8(key, pem) : keys_pkcs1(key, pem));
    unsigned char body[KEYS_PEM_MAX];
    int used = 0, tail = 0;
    EVP_ENCODE_CTX *decoder = EVP_ENCODE_CTX_new();
    assert_non_null(decoder);
    EVP_DecodeInit(decoder);
    const char *from = strchr(pem, '\n') + 1, *to = strstr(pem, "-----END");
    assert_true(EVP_DecodeUpdate(decoder, body, &used, (const unsigned char *)from, (int)(to - from)) >= 0);
    assert_int_equal(EVP_DecodeFinal(decoder, body + used, &tail), 1);
    EVP_ENCODE_CTX_free(decoder);
    out->len = (size_t)used + (size_t)tail;
    memcpy(out->data, body, out->len);
}

static bool taken(struct span der, bool pkcs8)
{
    static char pem[KEYS_PEM_MAX];
    struct rsa_key key;
    SECRET_AUTO buffer = {0};
    const size_t len = keys_wrap(der, pkcs8 ? "PRIVATE KEY" : "RSA PRIVATE KEY", pem);
    unit_secret(&buffer, len + 1, span_of(pem, len));
    return rsa_key_from_pem(&buffer, &key, NULL, ERROR_IGNORED);
}

static void der_cut_off_or_with_a_tail_is_refused(void **state)
{
    (void)state;
    for (int pkcs8 = 0; pkcs8 < 2; pkcs8++) {
        struct der der;
        key_der(&der, pkcs8 == 1);
        assert_true(taken(span_of(der.data, der.len), pkcs8 == 1));
        for (size_t cut = 0; cut < der.len; cut++)
            assert_false(taken(span_of(der.data, cut), pkcs8 == 1));
        der.data[der.len] = 0;
        assert_false(taken(span_of(der.data, der.len + 1), pkcs8 == 1));
    }
}

static void changed_structure_is_never_read_beyond_its_end(void **state)
{
    (void)state;
    // Each of the first bytes, where the structure is, takes each value: most are refused, none is a crash.
    for (int pkcs8 = 0; pkcs8 < 2; pkcs8++) {
        struct der der;
        key_der(&der, pkcs8 == 1);
        for (size_t at = 0; at < 34; at++) {
            const uint8_t was = der.data[at];
            for (unsigned value = 0; value < 256; value += 3) {
                der.data[at] = (uint8_t)value;
                const bool ok = taken(span_of(der.data, der.len), pkcs8 == 1);
                (void)ok;
            }
            der.data[at] = was;
        }
    }
}

// RSAPrivateKey of the shared key, with one number written in a way of its own.
enum spoil { MINIMAL, LONG_LENGTH, NEGATIVE, ZERO_IN_FRONT, EMPTY, ZERO, WRONG_TAG };

static bool spoiled_is_taken(size_t which, enum spoil how, uint8_t version, bool long_outer, bool tail)
{
    static struct key_numbers numbers;
    keys_numbers(keys_rsa(2048), &numbers);
    struct der inner = {0}, der = {0};
    der_append(&inner, 0x02, span_of(&version, 1), true);
    for (size_t i = 0; i < 8; i++) {
        const struct span number = span_of(numbers.bytes[i], numbers.len[i]);
        uint8_t content[600] = {0};
        // Two zeros in front: one more than any sign needs.
        memcpy(content + 2, number.data, number.len);
        const size_t sign = number.data[0] >= 0x80 ? 1 : 0;
        const struct span proper = span_of(content + 2 - sign, number.len + sign);
        if (i != which || how == MINIMAL)
            der_append(&inner, 0x02, proper, true);
        else if (how == LONG_LENGTH)
            der_append(&inner, 0x02, proper, false);
        else if (how == NEGATIVE) {
            content[2] |= 0x80;
            der_append(&inner, 0x02, number.len > 0 ? span_of(content + 2, number.len) : number, true);
        } else if (how == ZERO_IN_FRONT)
            der_append(&inner, 0x02, span_of(content + 1 - sign, number.len + 1 + sign), true);
        else if (how == EMPTY)
            der_append(&inner, 0x02, span_of(content, 0), true);
        else if (how == ZERO)
            der_append(&inner, 0x02, span_of("\0", 1), true);
        else
            der_append(&inner, 0x03, proper, true);
    }
    if (tail)
        der_append(&inner, 0x02, span_of("\1", 1), true);
    der_append(&der, 0x30, span_of(inner.data, inner.len), !long_outer);
    return taken(span_of(der.data, der.len), false);
}

static void der_is_strict(void **state)
{
    (void)state;
    assert_true(spoiled_is_taken(0, MINIMAL, 0, false, false));
    for (size_t i = 0; i < 8; i++)
        for (enum spoil how = LONG_LENGTH; how <= WRONG_TAG; how++)
            if (spoiled_is_taken(i, how, 0, false, false))
                fail_msg("number %zu, spoiled in way %d, was taken", i, (int)how);
    assert_false(spoiled_is_taken(0, MINIMAL, 1, false, false)); // multi-prime
    assert_false(spoiled_is_taken(0, MINIMAL, 0, true, false));
    assert_false(spoiled_is_taken(0, MINIMAL, 0, false, true));
}

// RSAPrivateKey of the shared key, with another number in one place, is refused for this.
static void number_is_refused(size_t which, struct span number, const char *mention)
{
    static struct key_numbers numbers;
    char pem[KEYS_PEM_MAX];
    keys_numbers(keys_rsa(2048), &numbers);
    struct der inner = {0}, der = {0};
    der_append(&inner, 0x02, span_of("\0", 1), true);
    for (size_t i = 0; i < 8; i++)
        der_number(&inner, i == which ? number : span_of(numbers.bytes[i], numbers.len[i]));
    der_append(&der, 0x30, span_of(inner.data, inner.len), true);
    (void)keys_wrap(span_of(der.data, der.len), "RSA PRIVATE KEY", pem);
    refuses(pem, mention);
}

static void numbers_that_are_no_key_are_refused(void **state)
{
    (void)state;
    enum { N, E, D, P, Q, DP, DQ, QINV };
    static struct key_numbers numbers;
    keys_numbers(keys_rsa(2048), &numbers);
    const struct span n = span_of(numbers.bytes[N], numbers.len[N]);
    static const uint8_t even[] = {1, 0, 0}, large[300] = {1, [299] = 1};
    number_is_refused(E, span_of("\1", 1), "public exponent");
    number_is_refused(E, span_of("\2", 1), "public exponent");
    number_is_refused(E, span_of(even, sizeof even), "public exponent");
    number_is_refused(E, n, "public exponent");
    number_is_refused(E, span_of(large, sizeof large), "public exponent");
    number_is_refused(D, span_of("\1", 1), "private exponent");
    number_is_refused(D, n, "private exponent");
    number_is_refused(P, span_of(numbers.bytes[Q], numbers.len[Q]), "primes");
    number_is_refused(P, span_of("\1", 1), "primes");
    number_is_refused(Q, span_of("\3", 1), "primes");
    number_is_refused(DP, n, "CRT");
    number_is_refused(QINV, n, "CRT");
    // One bit anywhere in the modulus or a prime.
    for (size_t which = 0; which < 5; which++) {
        if (which == E || which == D)
            continue;
        for (size_t at = 0; at < numbers.len[which]; at += 7) {
            uint8_t changed[600];
            memcpy(changed, numbers.bytes[which], numbers.len[which]);
            changed[at] ^= at == 0 ? 0x20 : 0x04;
            number_is_refused(which, span_of(changed, numbers.len[which]), "primes");
        }
    }
}

// PrivateKeyInfo around the shared key, with these bytes behind the octet string.
static bool pkcs8_with(struct span algorithm, uint8_t version, struct span behind)
{
    struct der key, inner = {0}, der = {0};
    key_der(&key, false);
    der_append(&inner, 0x02, span_of(&version, 1), true);
    der_append(&inner, 0x30, algorithm, true);
    der_append(&inner, 0x04, span_of(key.data, key.len), true);
    memcpy(inner.data + inner.len, behind.data, behind.len);
    der_append(&der, 0x30, span_of(inner.data, inner.len + behind.len), true);
    return taken(span_of(der.data, der.len), true);
}

static void pkcs8_is_rsa_and_may_have_attributes(void **state)
{
    (void)state;
    static const uint8_t rsa[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    static const uint8_t pss[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x05, 0x00};
    const struct span algorithm = span_of(rsa, sizeof rsa);
    assert_true(pkcs8_with(algorithm, 0, span_of("", 0)));
    // [0], with keyUsage of Microsoft's export in it.
    assert_true(pkcs8_with(algorithm, 0, span_of("\xa0\x0d\x30\x0b\x06\x03\x55\x1d\x0f\x31\x04\x03\x02\x00\x10", 15)));
    assert_false(pkcs8_with(span_of(pss, sizeof pss), 0, span_of("", 0)));
    assert_false(pkcs8_with(algorithm, 1, span_of("", 0)));
    assert_false(pkcs8_with(span_of("", 0), 0, span_of("", 0)));
    // No attributes are these.
    assert_false(pkcs8_with(algorithm, 0, span_of("\xff", 1)));
    assert_false(pkcs8_with(algorithm, 0, span_of("\xa0\x7f\x00", 3)));
    assert_false(pkcs8_with(algorithm, 0, span_of("\x02\x01\x00", 3)));
}

// Whichever of the two forms the numbers came in.
static void what_is_written_as_pkcs8_is_openssl_s(void **state)
{
    (void)state;
    static const unsigned sizes[] = {2048, 3072, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char pem[KEYS_PEM_MAX];
        unsigned char *theirs = NULL;
        struct ssa_error err;
        struct rsa_key key;
        SECRET_AUTO buffer = {0};
        SECRET_AUTO der = {0};
        size_t len = keys_pkcs1(keys_rsa(sizes[i]), pem);
        unit_secret(&buffer, len, span_of(pem, len));
        unit_secret(&der, 4096, span_of("", 0));
        SUCCEEDS(rsa_key_from_pem(&buffer, &key, "key.pem", &err));
        assert_true(rsa_key_to_pkcs8(&key, &der));
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(keys_rsa(sizes[i]));
        const int theirs_len = i2d_PKCS8_PRIV_KEY_INFO(info, &theirs);
        assert_true(theirs_len > 0 && span_equal(secret_span(&der), span_of(theirs, (size_t)theirs_len)));
        OPENSSL_free(theirs);
        PKCS8_PRIV_KEY_INFO_free(info);
        // In a buffer that is too small by a byte.
        SECRET_AUTO small = {0};
        unit_secret(&small, der.len - 1, span_of("", 0));
        assert_false(rsa_key_to_pkcs8(&key, &small));
    }
}

static void sizes_are_counted_in_bits(void **state)
{
    (void)state;
    assert_int_equal(rsa_bits(span_of("\xff\x00", 2)), 16);
    assert_int_equal(rsa_bits(span_of("\x01\x00", 2)), 9);
    assert_int_equal(rsa_bits(span_of("\x80", 1)), 8);
    assert_int_equal(rsa_bits(span_of(NULL, 0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_and_all_sizes_give_openssl_s_numbers),
        cmocka_unit_test(line_breaks_and_text_around_do_not_matter),
        cmocka_unit_test(nothing_that_looks_like_a_key_is_left_in_the_buffer_s_tail),
        cmocka_unit_test(an_encrypted_key_is_told_as_one),
        cmocka_unit_test(other_sizes_and_kinds_are_refused),
        cmocka_unit_test(a_block_of_nonsense_is_refused),
        cmocka_unit_test(a_key_cut_off_anywhere_is_refused),
        cmocka_unit_test(der_cut_off_or_with_a_tail_is_refused),
        cmocka_unit_test(changed_structure_is_never_read_beyond_its_end),
        cmocka_unit_test(der_is_strict),
        cmocka_unit_test(numbers_that_are_no_key_are_refused),
        cmocka_unit_test(pkcs8_is_rsa_and_may_have_attributes),
        cmocka_unit_test(what_is_written_as_pkcs8_is_openssl_s),
        cmocka_unit_test(sizes_are_counted_in_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
