// ssa-hsm profile show PROFILE
#include "cli/config/setting.h"
#include "cli/output/table.h"
#include "cli/profile/profile.h"
#include "config/settings.h"
#include "core/text.h"

// The profile alone, and whether JSON is wanted.
struct showing {
    struct ssa_settings *alone;
    bool as_json;
    bool printed;
    struct ssa_error *err;
};

static void add_json(void *context, const struct ssa_setting *setting)
{
    struct document *d = context;
    if (setting->origin.source != SSA_FROM_PROFILE)
        return;
    document_open_item(d);
    setting_members(d, setting);
    json_close(&d->json, JSON_OBJECT);
}

static void add_row(void *context, const struct ssa_setting *setting)
{
    if (setting->origin.source != SSA_FROM_PROFILE)
        return;
    table_add(context, setting->origin.name);
    table_add(context, setting_value_text(setting));
    table_add(context, "");
    table_append(context, "%lu", setting->origin.line);
}

static bool print_json(const struct showing *s, const struct ssa_profile *profile)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, s->err))
        return false;
    member_text(&d.json, "name", profile->name);
    member_text(&d.json, "path", profile->path);
    member_text(&d.json, "link", profile->link);
    member_bool(&d.json, "usual", profile->usual);
    member_text(&d.json, "problem", profile->problem);
    member_open(&d.json, "settings", JSON_ARRAY);
    ssa_settings_each(s->alone, add_json, &d);
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, s->err);
}

static bool print_table(const struct showing *s)
{
    static const char *const heads[] = {"SETTING", "VALUE", "LINE"};
    static const struct column_fit fits[] = {{0}, {0, 24}, {1, 0}};
    struct table table;
    table_begin(&table, COUNT(heads), heads);
    table_fit(&table, fits);
    ssa_settings_each(s->alone, add_row, &table);
    return table_print(&table, s->err);
}

static void show(void *context, const struct ssa_profile *profile)
{
    struct showing *s = context;
    s->printed = s->as_json ? print_json(s, profile) : print_table(s);
    if (!s->printed)
        return;
    profile_tell_faults(profile);
    settings_warn_unknown(s->alone);
}

static bool profile_show(const struct invocation *i, struct ssa_error *err)
{
    const char *name = profile_argument(i);
    struct showing s = {.alone = ssa_settings_new(), .as_json = option_given(i->arguments, &option_json), .err = err};
    const bool done = s.alone != NULL && ssa_settings_profile(s.alone, name, false, NULL, err) &&
                      ssa_profile_about(i->settings, name, show, &s, err) && s.printed;
    const bool no_memory = s.alone == NULL;
    ssa_settings_free(s.alone);
    return no_memory ? error_set(err, SSA_UNEXPECTED, NULL, NULL, "no memory for a profile") : done;
}

const struct command command_profile_show = {
    .name = "profile show",
    .group = "Looking after",
    .arguments = "PROFILE",
    .help = "show the settings of one profile alone",
    .about = "Shows the settings of one profile, without the environment. Secrets are shown as \"set\" only.",
    .argument_help = ARGUMENTS({"PROFILE", "its name, or its path"}),
    .examples = EXAMPLES({"profile show default", "A table."}, {"profile show ./old.env --json", "For programs."}),
    .reads_no_profile = true,
    .options = OPTIONS(&option_json),
    .run = profile_show,
};
