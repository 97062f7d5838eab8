// Which variables of the environment another program must not have.
#include "config/settings_own.h"

static bool is_another(void *context, const char *name)
{
    return strcmp(context, name) != 0;
}

static bool is_read(const char *const values[static SETTING_COUNT], const char *alias, const char *name)
{
    return !settings_each_variable(values, alias, is_another, (void *)(uintptr_t)name);
}

// Every source counts, and every profile: what another source overrides is a secret all the same.
static bool is_read_by_settings(const struct ssa_settings *s, const char *name)
{
    bool found = false;
    for (enum setting_source from = 0; from < FROM_PROFILE; from++)
        found = found || is_read(s->values[from], s->alias[from], name);
    for (size_t i = 0; i < s->profile_count; i++)
        found = found || is_read(s->profiles[i].values, s->profiles[i].alias, name);
    return found;
}

bool ssa_settings_withheld(const struct ssa_settings *settings, const char *name)
{
    static const char ours[] = "SSA_HSM_";
    const enum setting id = setting_find(name, strlen(name));
    return strncmp(name, ours, sizeof ours - 1) == 0 || (id != SETTING_COUNT && setting_is_secret(id)) ||
           setting_is_alias(name, strlen(name)) || is_read_by_settings(settings, name);
}
