#include "hsm/module/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hsm/cryptoki/calls.h"
#include "hsm/cryptoki/ckr.h"
#include "hsm/module/quirks.h"

bool module_refused(struct ssa_error *err, const struct module_entry *entry, CK_RV rv, const char *what)
{
    char name[32];
    const char *left_out = rv == CKR_FUNCTION_NOT_SUPPORTED ? calls_left_out() : NULL;
    return error_set(err, SSA_ABSENT, ckr_name(rv, name), entry->path, "%s%s%s", what,
                     left_out != NULL ? ": it has no " : "", left_out != NULL ? left_out : "");
}

// A module that this process uses.
struct module_use {
    struct module_use *next;
    void *library;
    pid_t process; // a forked child inherits the list, and must initialise the module anew
    unsigned users;
    bool ours; // it was initialised here, and not by other code of this process
};
static struct module_use *uses;

// Adds a user. NULL where there is no memory.
static struct module_use *use_begin(void *library)
{
    struct module_use *use = uses;
    while (use != NULL && (use->library != library || use->process != getpid()))
        use = use->next;
    if (use == NULL) {
        use = calloc(1, sizeof *use);
        if (use == NULL)
            return NULL;
        *use = (struct module_use){.next = uses, .library = library, .process = getpid()};
        uses = use;
    }
    use->users++;
    return use;
}

static void use_end(struct module_use *use, const CK_FUNCTION_LIST *call)
{
    if (--use->users > 0)
        return;
    if (use->ours)
        (void)call->C_Finalize(NULL);
    struct module_use **at = &uses;
    while (*at != use)
        at = &(*at)->next;
    *at = use->next;
    free(use);
}

void module_close(struct module *module)
{
    if (module->use != NULL)
        use_end(module->use, module->call);
    module->use = NULL;
    (void)calls_left_out();
    free(module->call);
    module->call = NULL;
    if (module->has_turn)
        turn_leave(&module->turns, TURN_OPEN);
    module->has_turn = false;
}

static bool take_list(struct module *module, CK_C_GetFunctionList get_list, struct ssa_error *err)
{
    CK_FUNCTION_LIST *given = NULL;
    const CK_RV rv = get_list(&given);
    if (rv != CKR_OK)
        return module_refused(err, &module->entry, rv, "the PKCS#11 module gives no function list");
    if (given == NULL)
        return error_set(err, SSA_ABSENT, NULL, module->entry.path, "the PKCS#11 module gives no function list");
    module->call = calls_new(given);
    return module->call != NULL ||
           error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the module's functions");
}

// Initialises the module, unless other code of this process has done so.
static CK_RV initialise(struct module *module)
{
    const char *reserved = module->entry.init_reserved;
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)reserved};
    // NULL says that only one thread calls the module (PKCS#11 v2.40 section 5.4). When OpenSC 0.23 is asked to lock,
    // and a card is pulled during a login, it waits for itself forever.
    CK_RV rv = module->call->C_Initialize(reserved[0] == '\0' ? NULL : &args);
    if (rv == CKR_CANT_LOCK && reserved[0] != '\0') {
        args.flags = 0;
        rv = module->call->C_Initialize(&args);
    }
    module->use->ours = rv == CKR_OK;
    return rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? CKR_OK : rv;
}

// A module tells its maker before it has looked for a card.
static bool take_turn(struct module *module, struct ssa_error *err)
{
    CK_INFO about;
    if (module->call->C_GetInfo(&about) != CKR_OK || !quirks_resets_card(&about))
        return true;
    return module->has_turn = turn_take(&module->turns, TURN_OPEN, err);
}

static bool start(struct module *module, struct ssa_error *err)
{
    if (module->use->users > 1)
        return true;
    const CK_RV rv = initialise(module);
    if (rv == CKR_OK)
        return true;
    module_refused(err, &module->entry, rv, "the PKCS#11 module does not start");
    return error_hint(err, "Is its daemon or server running? Can its configuration and the folder of its tokens be "
                           "read?");
}

bool module_open(const struct module_entry *entry, const struct turns *turns, struct module *module,
                 struct ssa_error *err)
{
    *module = (struct module){.entry = *entry, .turns = *turns};
    // It is never closed again: modules leave threads and exit handlers behind that need their code.
    void *library = dlopen(entry->path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        error_set(err, SSA_ABSENT, NULL, NULL, "the PKCS#11 module cannot be loaded: %s", dlerror());
        return error_reason(err, SSA_REASON_MODULE_NOT_LOADED, NULL);
    }
    CK_C_GetFunctionList get_list = NULL;
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    if (get_list == NULL)
        return error_set(err, SSA_ABSENT, NULL, entry->path,
                         "is a library, but not a PKCS#11 module (it has no C_GetFunctionList)");
    if (!take_list(module, get_list, err))
        return false;
    module->use = use_begin(library);
    if (module->use == NULL)
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the module");
    else if (start(module, err) && take_turn(module, err))
        return true;
    module_close(module);
    return false;
}

bool module_restart(struct module *module)
{
    if (!module->use->ours || module->use->users > 1)
        return true;
    // Both calls may fail because the device is gone.
    (void)module->call->C_Finalize(NULL);
    return initialise(module) == CKR_OK;
}
