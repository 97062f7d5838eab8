#include "hsm/search/ask.h"

#include "hsm/remote/remote.h"

// A card takes its time for what is in its slots.
enum { ANSWER_MS = 10000, KEYS_MS = 30000 };

bool module_ask(const struct module_entry *entry, const struct module_user *user, struct module_seen **seen,
                struct keys_seen *keys, struct ssa_error *err)
{
    struct module module;
    struct module_user own = *user;
    *seen = NULL;
    // What is not needed is not waited for as long as what is.
    own.hosting.patience_ms = keys != NULL ? KEYS_MS : ANSWER_MS;
    if (!module_open(entry, &own, &module, err))
        return false;
    bool answered = module_look(&module, seen, err);
    if (answered && keys != NULL) {
        module_look_at_keys(&module, *seen, keys);
        const CK_RV over = remote_over(module.call);
        answered = over == CKR_OK || module_refused(err, &module, over, "the PKCS#11 module does not list keys");
    }
    module_close(&module, CK_INVALID_HANDLE, false);
    return answered;
}
