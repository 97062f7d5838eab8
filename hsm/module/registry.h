// The modules that p11-kit is configured with, read from its configuration without loading any of them.
//
// p11-kit's own loader starts all of them at once; here a name is resolved to one file and its init
// arguments, and that module alone is loaded (pkcs11.conf(5)).
#pragma once

#include "core/error.h"

#define MODULE_NAME_MAX     64U
#define MODULE_PATH_MAX     512U
#define MODULE_RESERVED_MAX 512U

struct module_entry {
    char name[MODULE_NAME_MAX]; // the configuration file's, without ".module"; empty for a module given by
                                // path
    char path[MODULE_PATH_MAX];
    char init_reserved[MODULE_RESERVED_MAX]; // x-init-reserved; empty for none
    bool trust_policy;                       // holds certificates of the system, and no keys
};

struct registry {
    struct module_entry *entries; // by priority, then by name, as p11-kit has them
    size_t count;
    char left_out[256]; // names of those whose name or path is longer than there is room for; empty for none
};

// Reads the configuration; NULL when there is no memory. Missing folders are no error; unreadable files are
// passed over, as p11-kit does. The caller frees it.
struct registry *registry_new(void);
void registry_free(struct registry **registry);
#define REGISTRY_AUTO __attribute__((cleanup(registry_free))) struct registry

// Whether both are one module: one file, whatever its paths are, with the same init arguments.
bool module_entry_same(const struct module_entry *a, const struct module_entry *b);

// The earlier module that this one is once more; NULL for none.
const struct module_entry *registry_twin(const struct registry *registry, size_t at);

// What a setting means: a path where it has a slash, made absolute, else a name from the configuration
// (without regard to case, RFC 7512 section 2.3). Fails with SSA_ABSENT and the names there are.
bool registry_resolve(const char *name_or_path, struct module_entry *entry, struct ssa_error *err) MUST_CHECK;
