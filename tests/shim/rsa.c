/* n = pq and d = 1/e mod (p-1)(q-1), for tokens that take neither while the module behind wants both. */
#include "rsa.h"

#include <openssl/bn.h>
#include <string.h>

static BIGNUM *number(const CK_ATTRIBUTE *attribute)
{
    if (attribute->pValue == NULL || attribute->ulValueLen > MAX_RSA_BYTES)
        return NULL;
    return BN_bin2bn(attribute->pValue, (int)attribute->ulValueLen, BN_secure_new());
}

static bool put(const BIGNUM *from, CK_BYTE to[static MAX_RSA_BYTES], CK_ULONG *length)
{
    if (BN_num_bytes(from) > MAX_RSA_BYTES)
        return false;
    *length = (CK_ULONG)BN_bn2bin(from, to);
    return true;
}

static bool compute(BIGNUM *p, BIGNUM *q, const BIGNUM *e, BIGNUM *n, BIGNUM *d, BIGNUM *order, BN_CTX *context)
{
    BN_set_flags(p, BN_FLG_CONSTTIME);
    BN_set_flags(q, BN_FLG_CONSTTIME);
    if (!BN_mul(n, p, q, context) || !BN_sub_word(p, 1) || !BN_sub_word(q, 1) || !BN_mul(order, p, q, context))
        return false;
    BN_set_flags(order, BN_FLG_CONSTTIME);
    return BN_mod_inverse(d, e, order, context) != NULL;
}

bool rsa_complete(const CK_ATTRIBUTE *p_in, const CK_ATTRIBUTE *q_in, const CK_ATTRIBUTE *e_in, struct rsa_rest *rest)
{
    BIGNUM *p = number(p_in), *q = number(q_in), *e = number(e_in);
    BIGNUM *n = BN_new(), *d = BN_secure_new(), *order = BN_secure_new();
    BN_CTX *context = BN_CTX_secure_new();
    bool good = p != NULL && q != NULL && e != NULL && n != NULL && d != NULL && order != NULL && context != NULL &&
                compute(p, q, e, n, d, order, context) && put(n, rest->modulus, &rest->modulus_length) &&
                put(d, rest->exponent, &rest->exponent_length);
    BN_clear_free(p);
    BN_clear_free(q);
    BN_clear_free(d);
    BN_clear_free(order);
    BN_free(e);
    BN_free(n);
    BN_CTX_free(context);
    return good;
}
