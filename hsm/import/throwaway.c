#include "hsm/import/throwaway.h"

#include "core/base64.h"
#include "hsm/login/login_again.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum { THROWAWAYS_MAX = 32 };

// The key that rehearsals import: the DER of an RSAPrivateKey (RFC 8017 appendix A.1.2) in base64. It is in every copy
// of the program, so it protects nothing, and what it signs is worth nothing. It is not made anew, since finding primes
// takes longer than everything else in an import.
static const char everybodys_key[] =
    "MIIEogIBAAKCAQEAr7Dd9KyP8FJA0cgu47gl5cCJ5f9F+9akxgVU8skFqCiskMGGr5KTK5oZEYkfuizBECmV3YFl7dpfODAi"
    "bqjO1q/8Sam3Ypp7WekvSr7Gz2xROEOOlU4TQ0FYZ+zqvsnhM6FgxGukGjQS9U75iTIp/ndPnk0krecLMAdef2Ec0zi38lER"
    "4hzouSQgf5YOLCuzZE6T57m+P2E6Ey1vWCSIWpfqv2UxuFJ0yZQ1WmCNc6kKuLW062cD1H61ZikLNbByW0H/W9piylbmNEno"
    "3DETNrVWc5TcEXQA76R9RKAYFG5Q3OLm3jssJpFhjv90B2g4oogDpLk1A/fuAragHqLk5wIDAQABAoIBAFOExjaic7iAOX0g"
    "Zx3ss+NQ0J0L6YZrBqB192iE5FIIp+QWg4LiMGEJW8Jox7LWxJ58zlfixAQ6i4pn425shAst1MZlzh4rJtlajxc+sr73FHMl"
    "NlpGp8SQg0jAKOWyjYJgRGKLcxLbz2la9ifgt3LW3/v2WynqS/i0gBkYnr3PjZxXoeUJA/mIJldEUnES6lXfq9NXjdwj/MRh"
    "CRqg1EPqq1qImRSf4SnyTBURfvREjRAR/W0K3bfmtKPC97QsqIQ/Ymsgm+viSX8dFhFBs/+8ohRkB4JjbZVU8pFw7lTvcmkp"
    "Qm6qd9sR0Vk4BrGT7gwmHirypMdtrrERINiKTQECgYEA6YJ9S28MQT9osE23F1FrmHT5A4VaY5JoVYEr2xM7HNplgM7hspJ7"
    "bebRLGTLTkcde5D+lh3a+FPC0fILS140Mr0BBtweows73aJ9Q7ut0zfGQHbpks/cwg0Xlgz9JqAHuoHhL5znH0OS/G39fecz"
    "VzqIHot3HKuyzMqAt/kQ/+cCgYEAwJzF2W8JCW93zeQfmCDkkcOn97j5Pht3AoTJVUvHGh7esQpeg75TQUL2yT/BDVCD+Nre"
    "Uv5e5/x/IHD1v6838TP7klwzzw8khWealbvI/ZkT4BpjtS0jkLzSP4tCCE2wCHto09bKSUL45w6/BHBs017rFzfo2OEdMIOA"
    "V51WUwECgYAsvajeJDfX5JtddHaJTDtuabMwnoN0IqBFCcvqXOPtolbieEE8Yt6tbxVTCTj/FZcrjtuIzc2f2QSyD0tktHcR"
    "5a7lrpVcLhHZZIHV0Yb7umsM/PvB+nvU3odPY8u5c94nOS15XvnVvq/SGA0C66KlqvxbxeMbpjZLEN3a4ikErwKBgCi5vTeh"
    "O5bsI7e78VY4Njv/06cUTFbudbZpnyxSznFeb5WdbKiMeIwG/alFuqr3CEB4/qMrt6Nzhum0GLID+V8dr6adqjKwr/cpFc1t"
    "HC1KzaIH0mc/eRKkagwXhMm+q2bPuTV5Z+IfsAMi4g6tOsVif3C0WJ5q0sIsO9nKobMBAoGAQRM2nsxtkCn31YE01q6fMEOd"
    "M5EM0sV3hId7l2U7s45xTu6eeX1iZ4admluveoojPxkn8/2AM7nIwFUwIFv2Ag4Hbtb6b+u+K0qSh6RyIgaas8NTAYVxX0m3"
    "AzgCfk0szxz3067W5WfnzdtBvu9pUX+xPGd9KngD1FzMXo99sdE=";

bool throwaway_key(struct secret *der, struct rsa_key *numbers, struct ssa_error *err)
{
    if (!secret_new(der, sizeof everybodys_key, err))
        return false;
    return (secret_append_text(der, everybodys_key) && base64_decode(der) &&
            rsa_key_from_der(secret_span(der), numbers)) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the key of rehearsals cannot be read");
}

static bool find(struct token *token, const char *name, CK_OBJECT_HANDLE found[static THROWAWAYS_MAX], CK_ULONG *count,
                 struct ssa_error *err)
{
    static const CK_BBOOL stays = CK_TRUE;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_TOKEN, &stays, sizeof stays), ATTRIBUTE(CKA_ID, name, strlen(name))};
    return object_find_some(token, template, COUNT(template), found, THROWAWAYS_MAX, count, err);
}

bool throwaway_destroy(struct token *token, const char *name, size_t *destroyed, struct ssa_error *err)
{
    CK_OBJECT_HANDLE found[THROWAWAYS_MAX];
    CK_ULONG count = 0, left = 0;
    CK_RV failed = CKR_OK;
    *destroyed = 0;
    // No object has an empty id.
    if (name[0] == '\0')
        return true;
    if (!login_as(token, CKU_USER, err) || !find(token, name, found, &count, err))
        return false;
    for (CK_ULONG i = 0; i < count; i++) {
        bool same = false;
        if (attribute_compare_label(token, found[i], span_text(name), &same) != CKR_OK || !same)
            continue;
        const CK_RV rv = call_destroy_object(token->module.call, token->session, found[i]);
        if (rv == CKR_OK)
            ++*destroyed;
        else
            failed = rv;
    }
    // One half may have gone with the other.
    if (count == 0 || (failed != CKR_OK && !find(token, name, found, &left, err)))
        return count == 0;
    return failed == CKR_OK || left == 0 ||
           token_fail(err, SSA_TOKEN, failed, token, "a throwaway key cannot be destroyed");
}

void throwaway_settle(struct token *token, struct import_plan *plan, bool on_token)
{
    size_t destroyed = 0;
    // A kind of token that was measured drops session objects at the session's end.
    const bool may_stay = on_token || token->info.quirks->unknown;
    if (plan->throwaway_left)
        plan->throwaway_left = !throwaway_destroy(token, plan->throwaway, &destroyed, ERROR_IGNORED) && may_stay;
}
