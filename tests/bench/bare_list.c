// The bare program that lists keys: what a program in C needs for the labels, ids and moduli of all public keys on one
// PKCS#11 token, with raw PKCS#11, one step after the other. It asks no API.
#include "bare_token.h"

enum { KEYS_MAX = 16384, VALUE_MAX = 1024 };

static CK_ULONG find_keys(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *keys)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_ULONG count = 0;
    check(p11->C_FindObjectsInit(session, &wanted, 1), "C_FindObjectsInit");
    check(p11->C_FindObjects(session, keys, KEYS_MAX, &count), "C_FindObjects");
    check(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    return count;
}

static void show(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    char id[VALUE_MAX], label[VALUE_MAX], modulus[VALUE_MAX];
    CK_ATTRIBUTE values[] = {
        {CKA_ID, id, sizeof id}, {CKA_LABEL, label, sizeof label}, {CKA_MODULUS, modulus, sizeof modulus}};
    check(p11->C_GetAttributeValue(session, key, values, 3), "C_GetAttributeValue");
    if (printf("  label:      %.*s\n", (int)values[1].ulValueLen, label) < 0)
        die("the keys cannot be printed");
}

int main(void)
{
    static CK_OBJECT_HANDLE keys[KEYS_MAX];
    CK_SESSION_HANDLE session;
    CK_FUNCTION_LIST *p11 = load(setting("BENCH_MODULE"));
    const CK_SLOT_ID slot = find_token(p11, setting("BENCH_TOKEN"));
    check(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session), "C_OpenSession");
    const CK_ULONG count = find_keys(p11, session, keys);
    for (CK_ULONG i = 0; i < count; i++)
        show(p11, session, keys[i]);
    check(p11->C_Finalize(NULL), "C_Finalize");
    return fflush(stdout) == 0 ? 0 : 1;
}
