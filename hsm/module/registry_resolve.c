// From the name of a module to its file.
#include "hsm/module/registry.h"

#include <errno.h>
#include <unistd.h>

#include "core/text.h"

// By RFC 7512 section 2.3, module-name is the file's name without the system's affixes. People also give p11-kit's own
// name, and URIs that we write have it: so it is looked for first.
enum naming { BY_NAME, BY_NAME_IN_ANY_CASE, BY_LIBRARY, NAMINGS };

static bool named(const struct module_entry *entry, const char *name, enum naming how)
{
    if (how == BY_NAME)
        return strcmp(entry->name, name) == 0;
    if (how == BY_NAME_IN_ANY_CASE)
        return strcasecmp(entry->name, name) == 0;
    const char *slash = strrchr(entry->path, '/');
    const char *base = slash == NULL ? entry->path : slash + 1;
    if (strncmp(base, "lib", 3) == 0)
        base += 3;
    const size_t stem = strcspn(base, ".");
    return stem == strlen(name) && strncasecmp(base, name, stem) == 0;
}

static const struct module_entry *find_named(const struct registry *registry, const char *name)
{
    for (enum naming how = BY_NAME; how < NAMINGS; how++)
        for (size_t i = 0; i < registry->count; i++)
            if (named(&registry->entries[i], name, how))
                return &registry->entries[i];
    return NULL;
}

// A URI with this path must be valid in every folder.
static bool resolve_path(const char *path, struct module_entry *entry, struct ssa_error *err)
{
    char here[MODULE_PATH_MAX];
    if (path[0] != '/' && getcwd(here, sizeof here) != NULL &&
        text_format(entry->path, sizeof entry->path, "%s/%s", here, path))
        return true;
    return text_format(entry->path, sizeof entry->path, "%s", path) ||
           error_set(err, SSA_CONFIG, NULL, NULL, "the module's path is longer than %u bytes", MODULE_PATH_MAX);
}

static bool unknown(const struct registry *registry, const char *name, struct ssa_error *err)
{
    char known[SSA_ERROR_TEXT_MAX / 2] = "none";
    size_t used = 0;
    for (size_t i = 0; i < registry->count; i++) {
        const size_t left = sizeof known - used;
        if (text_format(known + used, left, "%s%s", used == 0 ? "" : ", ", registry->entries[i].name))
            used = strlen(known);
    }
    const bool cut = registry->left_out[0] != '\0';
    error_set(err, SSA_ABSENT, NULL, name, "p11-kit knows no module of this name");
    return error_hint(err, "It knows: %s.%s%s%s Name a file by its whole path.", known,
                      cut ? " Their names or paths are too long: " : "", registry->left_out, cut ? "." : "");
}

bool registry_resolve(const char *name_or_path, struct module_entry *entry, struct ssa_error *err)
{
    *entry = (struct module_entry){0};
    if (strchr(name_or_path, '/') != NULL)
        return resolve_path(name_or_path, entry, err);
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    const struct module_entry *found = find_named(registry, name_or_path);
    if (found == NULL)
        return unknown(registry, name_or_path, err);
    *entry = *found;
    return true;
}
