// Loading one PKCS#11 module, and nothing beside it.
#include "hsm/module/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hsm/cryptoki/calls.h"
#include "hsm/cryptoki/ckr.h"
#include "hsm/module/quirks.h"

static bool absent(struct ssa_error *err, const struct module_entry *entry, const char *cause, const char *what)
{
    return error_set(err, SSA_ABSENT, cause, entry->path, "%s", what);
}

bool module_refused(struct ssa_error *err, const struct module_entry *entry, CK_RV rv, const char *what)
{
    char name[32];
    const char *left_out = rv == CKR_FUNCTION_NOT_SUPPORTED ? calls_left_out() : NULL;
    return error_set(err, SSA_ABSENT, ckr_name(rv, name), entry->path, "%s%s%s", what,
                     left_out != NULL ? ": it has no " : "", left_out != NULL ? left_out : "");
}

// A module that is in use in this process: by how many, and whether it was initialised here.
struct module_use {
    struct module_use *next;
    void *library;
    pid_t process; // a child that was forked has it from its parent, and initialises it anew
    unsigned users;
    bool ours;
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
        return absent(err, &module->entry, NULL, "the PKCS#11 module gives no function list");
    module->call = calls_new(given);
    return module->call != NULL ||
           error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the module's functions");
}

static CK_RV initialise(CK_FUNCTION_LIST *call, const struct module_entry *entry)
{
    // One thread alone calls the module, which NULL says (PKCS#11 v2.40 section 5.4). Asked to lock, OpenSC
    // 0.23 locks itself out for good when a card is pulled during a login.
    if (entry->init_reserved[0] == '\0')
        return call->C_Initialize(NULL);
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = (void *)(uintptr_t)entry->init_reserved};
    const CK_RV rv = call->C_Initialize(&args);
    if (rv != CKR_CANT_LOCK)
        return rv;
    args.flags = 0;
    return call->C_Initialize(&args);
}

// A module says who it is before it has looked for a card.
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
    const CK_RV rv = initialise(module->call, &module->entry);
    module->use->ours = rv == CKR_OK;
    if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return true;
    module_refused(err, &module->entry, rv, "the PKCS#11 module does not start");
    return error_hint(err, "Is what it needs there: its daemon or server running, its configuration and the "
                           "folder of its tokens readable?");
}

bool module_open(const struct module_entry *entry, const struct turns *turns, struct module *module,
                 struct ssa_error *err)
{
    *module = (struct module){.entry = *entry, .turns = *turns};
    // Never closed again: modules leave threads and exit handlers behind that need their code.
    void *library = dlopen(entry->path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        error_set(err, SSA_ABSENT, NULL, NULL, "the PKCS#11 module cannot be loaded: %s", dlerror());
        return error_reason(err, SSA_REASON_MODULE_NOT_LOADED, NULL);
    }
    CK_C_GetFunctionList get_list = NULL;
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    if (get_list == NULL)
        return absent(err, entry, NULL, "is a library, but not a PKCS#11 module (it has no C_GetFunctionList)");
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
    struct module_use *use = module->use;
    if (!use->ours || use->users > 1)
        return true;
    // A device that is lost may be the reason why either fails.
    (void)module->call->C_Finalize(NULL);
    const CK_RV rv = initialise(module->call, &module->entry);
    use->ours = rv == CKR_OK;
    return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED;
}
