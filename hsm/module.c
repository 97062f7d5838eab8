// Loading one PKCS#11 module, and nothing beside it.
#include "hsm/pkcs11.h"

#include <dlfcn.h>

static bool absent(struct ssa_error *err, const struct module_entry *entry, const char *cause,
                   const char *what)
{
    return error_set(err, SSA_ABSENT, cause, entry->path, "%s", what);
}

static CK_RV initialise(CK_FUNCTION_LIST *call, const struct module_entry *entry)
{
    // One thread alone calls the module, which NULL says (PKCS#11 v2.40 section 5.4). Asked to lock, OpenSC
    // 0.23 locks itself out for good when a card is pulled during a login.
    if (entry->init_reserved[0] == '\0')
        return call->C_Initialize(NULL);
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK,
                                 .pReserved = (void *)(uintptr_t)entry->init_reserved};
    const CK_RV rv = call->C_Initialize(&args);
    if (rv != CKR_CANT_LOCK)
        return rv;
    args.flags = 0;
    return call->C_Initialize(&args);
}

bool module_open(const struct module_entry *entry, struct module *module, struct ssa_error *err)
{
    *module = (struct module){.entry = *entry};
    // Never closed again: modules leave threads and exit handlers behind that need their code.
    void *library = dlopen(entry->path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        error_set(err, SSA_ABSENT, NULL, NULL, "the PKCS#11 module cannot be loaded: %s", dlerror());
        return error_hint(
            err, "Give the module's path with --module or SSA_HSM_MODULE; `ssa-hsm hsm list` shows the "
                 "modules that are configured.");
    }
    CK_C_GetFunctionList get_list = NULL;
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    if (get_list == NULL)
        return absent(err, entry, NULL, "is a library, but no PKCS#11 module (it has no C_GetFunctionList)");
    char name[32];
    CK_RV rv = get_list(&module->call);
    if (rv != CKR_OK || module->call == NULL) {
        module->call = NULL;
        return absent(err, entry, ckr_name(rv, name), "the PKCS#11 module gives no function list");
    }
    rv = initialise(module->call, entry);
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        module->call = NULL;
        absent(err, entry, ckr_name(rv, name), "the PKCS#11 module does not start");
        return error_hint(
            err,
            "Is what it needs there: its daemon or server running, its configuration and the folder of its "
            "tokens readable?");
    }
    module->ours = rv == CKR_OK;
    return true;
}

void module_close(struct module *module)
{
    if (module->call != NULL && module->ours)
        (void)module->call->C_Finalize(NULL);
    module->call = NULL;
}

static bool is_listed(const CK_SLOT_ID *slots, CK_ULONG count, CK_SLOT_ID slot)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (slots[i] == slot)
            return true;
    return false;
}

bool module_slots(const struct module *module, CK_SLOT_ID slots[static SLOTS_MAX], CK_ULONG *count,
                  struct ssa_error *err)
{
    char name[32];
    CK_ULONG told = SLOTS_MAX;
    for (size_t i = 0; i < SLOTS_MAX; i++)
        slots[i] = CK_UNAVAILABLE_INFORMATION;
    const CK_RV rv = module->call->C_GetSlotList(CK_TRUE, slots, &told);
    if (rv == CKR_BUFFER_TOO_SMALL) {
        absent(err, &module->entry, ckr_name(rv, name), "the module has more slots than are looked at");
        return error_hint(err, "At most %u slots with a token are looked at.", SLOTS_MAX);
    }
    if (rv != CKR_OK)
        return absent(err, &module->entry, ckr_name(rv, name), "the module does not list its slots");
    *count = 0;
    // A module may tell of more slots than it had room for, or name one twice.
    for (size_t i = 0; i < SLOTS_MAX && i < told; i++)
        if (slots[i] != CK_UNAVAILABLE_INFORMATION && !is_listed(slots, *count, slots[i]))
            slots[(*count)++] = slots[i];
    return true;
}
