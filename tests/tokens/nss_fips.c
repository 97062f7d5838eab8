// NSS's softokn in FIPS mode, as a PKCS#11 module: that library has the list of its FIPS token under a name
// of its own, which no configuration asks for.
#include <dlfcn.h>

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    void *nss = dlopen("libsoftokn3.so", RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    if (nss != NULL)
        *(void **)&get = dlsym(nss, "FC_GetFunctionList");
    return get == NULL ? CKR_FUNCTION_FAILED : get(list);
}
