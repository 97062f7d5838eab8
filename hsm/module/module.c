// Opening one PKCS#11 module, and nothing beside it.
#include "hsm/module/module.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/fork_mutex.h"
#include "core/text.h"
#include "hsm/cryptoki/ckr.h"
#include "hsm/module/quirks.h"
#include "hsm/module/scope.h"
#include "hsm/remote/calls.h"
#include "hsm/remote/load.h"
#include "hsm/remote/retired.h"

bool module_refused(struct ssa_error *err, const struct module *module, CK_RV rv, const char *what)
{
    char name[32];
    if (remote_explain(module->call, rv, err))
        return false;
    const char *left_out = rv == CKR_FUNCTION_NOT_SUPPORTED ? remote_left_out(module->call) : NULL;
    return error_set(err, SSA_ABSENT, ckr_name(rv, name), module->entry.path, "%s%s%s", what,
                     left_out != NULL ? ": it has no " : "", left_out != NULL ? left_out : "");
}

// A module that is in use in this process, and by how many.
struct module_use {
    struct module_use *next;
    char path[MODULE_PATH_MAX];
    char loaded[PATH_BYTES_MAX + 1]; // the file that it is in
    // In which it is loaded. Another scope, and a child that was forked, ask another host.
    const struct module_scope *scope;
    pid_t process;
    struct remote *connection;
    bool begun;     // its process loads it, and module_open takes the answer
    bool started;   // C_Initialize has succeeded
    bool threads;   // several may call it
    bool described; // it has said what follows
    CK_INFO about;
    unsigned users;
};
static struct module_use *uses;
static pthread_mutex_t uses_mutex = PTHREAD_MUTEX_INITIALIZER;
FORK_MUTEX(uses_mutex, FORK_MUTEX_INNER);

static bool is_mine(const struct module_use *use)
{
    return use->process == getpid() && use->scope == module_scope();
}

static struct module_use *use_find(const char *path)
{
    (void)pthread_mutex_lock(&uses_mutex);
    struct module_use *use = uses;
    while (use != NULL && (strcmp(use->path, path) != 0 || !is_mine(use)))
        use = use->next;
    (void)pthread_mutex_unlock(&uses_mutex);
    return use;
}

static void use_add(struct module_use *use)
{
    (void)pthread_mutex_lock(&uses_mutex);
    use->next = uses;
    uses = use;
    (void)pthread_mutex_unlock(&uses_mutex);
}

static void use_remove(const struct module_use *use)
{
    (void)pthread_mutex_lock(&uses_mutex);
    struct module_use **at = &uses;
    while (*at != use)
        at = &(*at)->next;
    *at = use->next;
    (void)pthread_mutex_unlock(&uses_mutex);
}

// Finds or makes it; the caller counts itself. NULL with err filled where there is no memory.
static struct module_use *use_begin(const char *path, const struct hosting *hosting, struct ssa_error *err)
{
    struct module_use *use = use_find(path);
    if (use == NULL) {
        use = calloc(1, sizeof *use);
        if (use == NULL || !text_format(use->path, sizeof use->path, "%s", path)) {
            free(use);
            error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the module");
            return NULL;
        }
        use->scope = module_scope();
        use->process = getpid();
        use->connection = remote_new(use->path, hosting, err);
        if (use->connection == NULL) {
            free(use);
            return NULL;
        }
        use_add(use);
    }
    return use;
}

static void use_end(struct module_use *use, CK_SESSION_HANDLE session, bool logged_in)
{
    if (use->users > 0) {
        call_end_session(use->connection, session, logged_in);
        return;
    }
    if (use->started)
        call_farewell(&use->connection, session, logged_in);
    else
        remote_free(&use->connection);
    use_remove(use);
    free(use);
}

void module_close(struct module *module, CK_SESSION_HANDLE session, bool logged_in)
{
    const struct ssa_callbacks *callbacks = module->callbacks;
    if (module->use != NULL) {
        module->use->users--;
        use_end(module->use, session, logged_in);
    }
    module->use = NULL;
    module->call = NULL;
    if (!module->has_turn)
        return;
    // The next process begins when the card is left alone.
    retired_settle(CLOSING_MS, callbacks);
    turn_leave(&module->turns, TURN_OPEN);
    module->has_turn = false;
}

bool module_about(const struct module *module, CK_INFO *about)
{
    struct module_use *use = module->use;
    if (!use->described)
        use->described = call_get_info(module->call, &use->about) == CKR_OK;
    *about = use->described ? use->about : (CK_INFO){0};
    return use->described;
}

// A module says who it is before it has looked for a card.
static bool take_turn(struct module *module, struct ssa_error *err)
{
    CK_INFO about;
    if (!module_about(module, &about) || !quirks_resets_card(&about))
        return true;
    return module->has_turn = turn_take(&module->turns, TURN_OPEN, err);
}

static bool load(struct module *module, struct ssa_error *err)
{
    struct module_use *use = module->use;
    char *told = use->loaded;
    if (!use->begun) {
        if (!remote_start(module->call, err))
            return false;
        call_load_begin(module->call, module->entry.path);
    }
    use->begun = false;
    enum load_stage stage;
    const CK_RV rv = call_load_end(module->call, &stage, told);
    if (rv == CKR_OK)
        return true;
    if (stage == LOAD_NO_LIBRARY) {
        char harmless[DLERROR_MAX + 1];
        text_harmless(harmless, sizeof harmless, span_text(told));
        return error_because(err, SSA_ABSENT, SSA_REASON_MODULE_NOT_LOADED, NULL,
                             "the PKCS#11 module cannot be loaded: %s", harmless);
    }
    if (stage == LOAD_NO_FUNCTION)
        return error_set(err, SSA_ABSENT, NULL, module->entry.path,
                         "is a library, but not a PKCS#11 module (it has no C_GetFunctionList)");
    return module_refused(err, module, rv, "the PKCS#11 module gives no function list");
}

static bool start(struct module *module, struct ssa_error *err)
{
    module->use->described = false;
    if (!load(module, err))
        return false;
    bool threads = module->threads;
    const CK_RV rv = call_initialize(module->call, module->entry.init_reserved, &threads);
    module->use->threads = threads;
    module->use->started = rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED;
    if (module->use->started)
        return true;
    module_refused(err, module, rv, "the PKCS#11 module does not start");
    return error_hint(err, "Is its daemon or server running? Can its configuration and the folder of its tokens be "
                           "read?");
}

void module_begin(const struct module_entry *entry, const struct module_user *user)
{
    if (callback_running())
        return;
    struct module_use *use = use_begin(entry->path, &user->hosting, ERROR_IGNORED);
    if (use == NULL || use->users > 0 || use->begun)
        return;
    use->begun = remote_start(use->connection, ERROR_IGNORED);
    if (use->begun)
        call_load_begin(use->connection, entry->path);
    else
        use_end(use, CK_INVALID_HANDLE, false);
}

static struct module_use *find_unused(void)
{
    (void)pthread_mutex_lock(&uses_mutex);
    struct module_use *use = uses;
    while (use != NULL && !(is_mine(use) && use->users == 0))
        use = use->next;
    (void)pthread_mutex_unlock(&uses_mutex);
    return use;
}

void module_abandon(void)
{
    for (struct module_use *use = find_unused(); use != NULL; use = find_unused())
        use_end(use, CK_INVALID_HANDLE, false);
}

bool module_open(const struct module_entry *entry, const struct module_user *user, struct module *module,
                 struct ssa_error *err)
{
    *module = (struct module){.entry = *entry, .turns = user->turns, .callbacks = user->hosting.callbacks};
    // A card does one thing after the other, whoever asks.
    module->threads = user->threads && !module_entry_reads_cards(entry);
    // The callback may come from a call of this very module.
    if (callback_running()) {
        error_set(err, SSA_USAGE, NULL, NULL, "PKCS#11 tokens cannot be used from a callback of the library");
        return error_hint(err, "Let the call that is under way return first.");
    }
    module->use = use_begin(entry->path, &user->hosting, err);
    if (module->use == NULL)
        return false;
    module->use->users++;
    module->call = module->use->connection;
    if ((module->use->started || start(module, err)) && take_turn(module, err))
        return true;
    module_close(module, CK_INVALID_HANDLE, false);
    return false;
}

bool module_takes_threads(const struct module *module)
{
    return module->use->threads && !module->has_turn;
}

const char *module_file(const struct module *module)
{
    return module->use->loaded;
}

bool module_restart(struct module *module)
{
    if (module->use->users > 1)
        return true;
    // A device that is lost may be the reason why it fails.
    (void)call_finalize(module->call);
    remote_stop(module->call);
    return start(module, ERROR_IGNORED);
}
