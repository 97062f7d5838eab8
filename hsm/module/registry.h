// The modules in p11-kit's configuration (pkcs11.conf(5)). Reading it loads none of them: p11-kit's own loader would
// start them all. Here a name is resolved to one file and its init arguments.
#pragma once

#include "core/error.h"

#define MODULE_NAME_MAX     64U
#define MODULE_PATH_MAX     512U
#define MODULE_RESERVED_MAX 512U

struct module_entry {
    char name[MODULE_NAME_MAX]; // the configuration file's, without ".module"; empty where a path was given
    char path[MODULE_PATH_MAX];
    char init_reserved[MODULE_RESERVED_MAX]; // x-init-reserved; empty for none
    bool trust_policy;                       // it holds the system's certificates, and no keys
};

struct registry {
    struct module_entry *entries; // by priority, then by name, as p11-kit sorts them
    size_t count;
    char left_out[256]; // names of modules whose name or path is too long; empty for none
};

// Reads the configuration; NULL when there is no memory. Missing folders are no error, and unreadable files are
// skipped, as p11-kit does it. The caller frees it.
struct registry *registry_new(void);

// The same, and tells what does not count. path is a file or folder, or a module's name; line is 0 for all of it.
struct registry_hearing {
    void *context;
    void (*fault)(void *context, const char *path, unsigned line, const char *what);
};
struct registry *registry_examine(const struct registry_hearing *hearing);
void registry_free(struct registry **registry);
#define REGISTRY_AUTO __attribute__((cleanup(registry_free))) struct registry

// Whether both are the same module: the same file, by whatever paths, with the same init arguments.
bool module_entry_same(const struct module_entry *a, const struct module_entry *b);

// Whether a module reads cards through the PC/SC service, as far as the name of its file tells.
bool module_entry_reads_cards(const struct module_entry *entry);

// The same module earlier in the list; NULL where there is none.
const struct module_entry *registry_twin(const struct registry *registry, size_t at);

// Finds the module that a person named. A text with a slash is a path, which is made absolute; any other is a name in
// the configuration, in any case (RFC 7512 section 2.3). Fails with SSA_ABSENT, and lists the names.
bool registry_resolve(const char *name_or_path, struct module_entry *entry, struct ssa_error *err) MUST_CHECK;
