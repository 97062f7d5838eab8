// ssa-hsm config show
#include "cli/command/common.h"
#include "cli/config/setting.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "config/settings.h"

static void add_json(void *context, const struct ssa_setting *setting)
{
    struct document *d = context;
    document_open_item(d);
    setting_members(d, setting);
    json_close(&d->json, JSON_OBJECT);
}

static bool print_json(const struct invocation *i, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "profile", settings_profile_path(i->settings));
    member_open(&d.json, "settings", JSON_ARRAY);
    settings_each_given(i, add_json, &d);
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, err);
}

struct rows {
    struct table table;
    bool has_account;
};

static void add_row(void *context, const struct ssa_setting *setting)
{
    struct rows *rows = context;
    struct table *table = &rows->table;
    char text[ORIGIN_TEXT_MAX];
    const bool is_set = setting->origin.source != SSA_FROM_NOWHERE;
    rows->has_account = rows->has_account || (setting->of_account && is_set);
    origin_text(setting, &setting->origin, text);
    table_add(table, setting->name);
    table_add(table, setting_value_text(setting));
    table_add(table, text);
    for (size_t i = 0; i < setting->passed_over_count; i++) {
        origin_text(setting, &setting->passed_over[i], text);
        table_add(table, "");
        table_add(table, "");
        table_add(table, "");
        table_append(table, "passed over: %s", text);
    }
}

static bool print_table(const struct invocation *i, struct ssa_error *err)
{
    static const char *const heads[] = {"SETTING", "VALUE", "FROM"};
    static const struct column_fit fits[] = {{0}, {0, 24}, {1, 12}};
    struct rows rows = {.has_account = false};
    table_begin(&rows.table, 3, heads);
    table_fit(&rows.table, fits);
    settings_each_given(i, add_row, &rows);
    if (!table_print(&rows.table, err))
        return false;
    if (rows.has_account)
        print_note("SERVICE_ACCOUNT_ID, KEY_ID, SSA_EMAIL and PRIVATE_KEY come from one source together: the first "
                   "that has one of them");
    return true;
}

static bool config_show(const struct invocation *i, struct ssa_error *err)
{
    if (!(option_given(i->arguments, &option_json) ? print_json(i, err) : print_table(i, err)))
        return false;
    settings_warn_unknown(i->settings);
    return true;
}

const struct command command_config_show = {
    .name = "config show",
    .group = "Looking after",
    .help = "show each setting, and where its value comes from",
    .about = "Shows each setting that is in force, where it comes from, and what it passes over. Secrets are shown as "
             "\"set\" only.",
    .examples = EXAMPLES({"config show", "The settings of the usual profile and the environment."},
                         {"config show --profile spare --json", "Those of another profile, for programs."}),
    .falls_back = true,
    .uses = USE_ALL,
    .options = OPTIONS(&option_json),
    .run = config_show,
};
