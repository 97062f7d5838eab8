#include "cli/config/setting.h"

#include "cli/command/common.h"
#include "cli/commands.h"
#include "cli/output/print.h"
#include "core/text.h"

static const char profile_setting[] = "SSA_HSM_PROFILE";

const char *setting_value_text(const struct ssa_setting *setting)
{
    if (setting->hidden)
        return "set";
    return setting->value != NULL ? setting->value : "-";
}

static const struct option *option_in(option_list options, const char *setting)
{
    for (; options != NULL && *options != NULL; options++)
        if ((*options)->setting != NULL && strcmp((*options)->setting, setting) == 0)
            return *options;
    return NULL;
}

// The option that gives a setting; NULL where no command has one.
static const struct option *option_of(const char *setting)
{
    const struct option *option =
        strcmp(setting, profile_setting) == 0 ? &option_profile : option_in(common_options, setting);
    for (command_list c = commands; option == NULL && *c != NULL; c++)
        option = option_in((*c)->options, setting);
    return option;
}

static const char *option_name(const char *setting)
{
    const struct option *option = option_of(setting);
    return option != NULL ? option->name : "";
}

void origin_text(const struct ssa_setting *setting, const struct ssa_origin *origin, char out[static ORIGIN_TEXT_MAX])
{
    bool fits = true;
    switch (origin->source) {
    case SSA_FROM_OPTION:
        fits = text_format(out, ORIGIN_TEXT_MAX, "option --%s", option_name(setting->name));
        break;
    case SSA_FROM_ENVIRONMENT:
        fits = text_format(out, ORIGIN_TEXT_MAX, "environment variable %s", origin->name);
        break;
    case SSA_FROM_PROFILE:
        fits = text_format(out, ORIGIN_TEXT_MAX, "profile %s line %lu", origin->path, origin->line);
        break;
    case SSA_FROM_DEFAULT:
        fits = text_format(out, ORIGIN_TEXT_MAX, "default");
        break;
    default:
        fits = text_format(out, ORIGIN_TEXT_MAX, "not set");
        break;
    }
    if (!fits)
        out[0] = '\0';
}

static void origin_members(struct json_writer *w, const struct ssa_setting *setting, const struct ssa_origin *origin)
{
    static const char *const sources[] = {NULL, "option", "environment", "profile", "default"};
    member_text(w, "source", sources[origin->source]);
    member_text(w, "option", origin->source == SSA_FROM_OPTION ? option_name(setting->name) : NULL);
    member_text(w, "variable", origin->source == SSA_FROM_ENVIRONMENT ? origin->name : NULL);
    member_text(w, "path", origin->path);
    json_name(w, "line");
    if (origin->line > 0)
        json_integer(w, (long long)origin->line);
    else
        json_null(w);
}

void setting_members(struct document *d, const struct ssa_setting *setting)
{
    struct json_writer *w = &d->json;
    member_text(w, "name", setting->name);
    member_text(w, "value", setting->value);
    member_bool(w, "set", setting->origin.source != SSA_FROM_NOWHERE);
    member_bool(w, "hidden", setting->hidden);
    member_bool(w, "ofAccount", setting->of_account);
    origin_members(w, setting, &setting->origin);
    member_open(w, "passedOver", JSON_ARRAY);
    for (size_t i = 0; i < setting->passed_over_count; i++) {
        document_open_item(d);
        origin_members(w, setting, &setting->passed_over[i]);
        json_close(w, JSON_OBJECT);
    }
    json_close(w, JSON_ARRAY);
}

// The command line, while the settings are shown.
struct showing {
    const struct arguments *arguments;
    void (*show)(void *context, const struct ssa_setting *setting);
    void *context;
};

// Joins the values of an option that may be repeated.
static bool join_given(const struct arguments *a, const struct option *option, char out[static ORIGIN_TEXT_MAX])
{
    const char *values[GIVEN_MAX];
    char joined[ORIGIN_TEXT_MAX] = "";
    const size_t count = option_values(a, option, values);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!text_format(joined + used, sizeof joined - used, "%s%s", i > 0 ? " " : "", values[i]))
            break;
        used += strlen(joined + used);
    }
    text_harmless(out, ORIGIN_TEXT_MAX, span_text(joined));
    return count > 0;
}

static void show_given(void *context, const struct ssa_setting *setting)
{
    const struct showing *s = context;
    const struct option *option = option_of(setting->name);
    char joined[ORIGIN_TEXT_MAX];
    if (option == NULL || !option->repeatable || !join_given(s->arguments, option, joined)) {
        s->show(s->context, setting);
        return;
    }
    struct ssa_setting given = *setting;
    given.value = joined;
    given.hidden = false;
    given.origin = (struct ssa_origin){.source = SSA_FROM_OPTION};
    const bool is_other = setting->origin.source == SSA_FROM_ENVIRONMENT || setting->origin.source == SSA_FROM_PROFILE;
    if (is_other && given.passed_over_count < SSA_PASSED_OVER_MAX)
        given.passed_over[given.passed_over_count++] = setting->origin;
    s->show(s->context, &given);
}

void settings_each_given(const struct invocation *i, void (*show)(void *context, const struct ssa_setting *setting),
                         void *context)
{
    struct showing showing = {.arguments = i->arguments, .show = show, .context = context};
    ssa_settings_each(i->settings, show_given, &showing);
}

// A setting that only some commands have an option for is used by those alone.
static bool is_used(const struct command *command, const char *setting)
{
    const struct option *option = option_of(setting);
    if (option == NULL || option_in(command->options, setting) != NULL)
        return true;
    return option_in(common_options, setting) != NULL && command_uses(command, option);
}

static void tell_setting(void *context, const struct ssa_setting *setting)
{
    const struct invocation *i = context;
    char text[ORIGIN_TEXT_MAX], other[ORIGIN_TEXT_MAX] = "";
    if (!is_used(i->arguments->command, setting->name) ||
        (setting->origin.source == SSA_FROM_NOWHERE && setting->passed_over_count == 0))
        return;
    origin_text(setting, &setting->origin, text);
    // One is enough here: `config show` shows them all.
    if (setting->passed_over_count > 0)
        origin_text(setting, &setting->passed_over[0], other);
    print_note("setting %s: %s (%s%s%s)", setting->name, setting_value_text(setting), text,
               other[0] != '\0' ? "; passed over: " : "", other);
}

static void warn_unknown(void *context, const struct ssa_origin *origin, const char *near)
{
    (void)context;
    const struct ssa_setting none = {.name = ""};
    char text[ORIGIN_TEXT_MAX];
    origin_text(&none, origin, text);
    print_note("warning: %s (%s) is no setting%s%s%s", origin->name, text, near != NULL ? ". Did you mean " : "",
               near != NULL ? near : "", near != NULL ? "?" : "");
}

void settings_warn_unknown(const struct ssa_settings *settings)
{
    ssa_settings_unknown(settings, warn_unknown, NULL);
}

void settings_tell(const struct invocation *i)
{
    settings_each_given(i, tell_setting, (void *)(uintptr_t)i);
    settings_warn_unknown(i->settings);
}
