#include "manage/searched_modules.h"

#include <errno.h>
#include <stdlib.h>

#include "config/reference.h"
#include "config/settings.h"
#include "core/callback.h"
#include "hsm/uri/uri.h"

void searched_modules_free(struct searched_modules *modules)
{
    free(modules->list);
    *modules = (struct searched_modules){0};
}

void searched_modules_tell(const struct ssa_run *run, const char *module, const struct ssa_error *why)
{
    tell(&run->callbacks, SSA_NOTICE, "module %s cannot be used, its tokens were not looked at: %s%s%s", module,
         why->what, why->cause[0] != '\0' ? ", " : "", why->cause);
}

static bool add(struct searched_modules *modules, const struct module_entry *entry, struct ssa_error *err)
{
    for (size_t i = 0; i < modules->count; i++)
        if (module_entry_same(&modules->list[i], entry))
            return true;
    struct module_entry *grown = reallocarray(modules->list, modules->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    modules->list = grown;
    modules->list[modules->count++] = *entry;
    return true;
}

static bool add_named(const struct ssa_run *run, struct searched_modules *modules, const char *name,
                      struct ssa_error *err)
{
    struct module_entry entry;
    struct ssa_error why = {0};
    if (registry_resolve(name, &entry, &why))
        return add(modules, &entry, err);
    searched_modules_tell(run, name, &why);
    return true;
}

// p11-kit may not know the module that a URI names.
static bool add_from_uri(const struct ssa_run *run, struct searched_modules *modules, enum setting id,
                         struct ssa_error *err)
{
    const char *value = settings_get(run->settings, id, NULL);
    URI_AUTO *uri = NULL;
    if (value == NULL || !uri_text_is_uri(value) || !uri_parse(value, &uri, ERROR_IGNORED))
        return true;
    const char *path = uri_module_path(uri), *name = uri_module_name(uri);
    if (path == NULL && name == NULL)
        return true;
    return add_named(run, modules, path != NULL ? path : name, err);
}

static bool add_registered(struct searched_modules *modules, struct ssa_error *err)
{
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    for (size_t i = 0; i < registry->count; i++)
        if (!registry->entries[i].trust_policy && !add(modules, &registry->entries[i], err))
            return false;
    return true;
}

bool searched_modules_find(const struct ssa_run *run, struct searched_modules *modules, struct ssa_error *err)
{
    enum setting_source source;
    const char *named = settings_get(run->settings, SET_MODULE, &source);
    if (named == NULL ? !add_registered(modules, err) : !add_named(run, modules, named, err))
        return false;
    if (named != NULL && (source == FROM_OPTION || !settings_profile_first(run->settings)))
        return true;
    return add_from_uri(run, modules, SET_PRIVATE_KEY, err) && add_from_uri(run, modules, SET_TOKEN, err);
}
