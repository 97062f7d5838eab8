// Which PKCS#11 modules are searched for keys.
#pragma once

#include "hsm/module/registry.h"

struct searched_modules {
    struct module_entry *list;
    size_t count;
};
void searched_modules_free(struct searched_modules *modules);
#define SEARCHED_MODULES_AUTO __attribute__((cleanup(searched_modules_free))) struct searched_modules

// Finds the modules that p11-kit knows and those that URIs in the settings name; where SSA_HSM_MODULE is set,
// that one in place of p11-kit's. A module that cannot be found is told.
bool searched_modules_find(const struct ssa_run *run, struct searched_modules *modules,
                           struct ssa_error *err) MUST_CHECK;

// Tells that a module is not searched.
void searched_modules_tell(const struct ssa_run *run, const char *module, const struct ssa_error *why);
