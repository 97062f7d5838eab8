// ssa-hsm key enable KEY_ID, ssa-hsm key disable KEY_ID
#include "cli/key/key.h"
#include "cli/output/print.h"

static bool print_json(const char *key_id, bool enabled, bool changed, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "keyId", key_id);
    member_text(&d.json, "status", enabled ? "ENABLED" : "DISABLED");
    member_bool(&d.json, "changed", changed);
    return document_print(&d, err);
}

extern const struct command command_key_enable;

// Both commands: this is the other one, unless it is `key enable`.
static bool set_enabled(const struct invocation *i, struct ssa_error *err)
{
    const bool enable = i->arguments->command == &command_key_enable;
    const char *key_id = i->arguments->words[0], *account = option_value(i->arguments, &option_account);
    bool changed = false;
    if (!ssa_key_enable(&i->run, account, key_id, enable, &changed, err))
        return false;
    if (!changed)
        print_note("key %s was already %s", key_id, enable ? "enabled" : "disabled");
    else if (enable)
        print_note("key %s is enabled", key_id);
    else
        print_note("key %s is disabled: it gets no access tokens until "
                   "`ssa-hsm key enable %s%s%s`. Access tokens that it got before stay valid for up to an hour.",
                   key_id, key_id, account != NULL ? " --account " : "", account != NULL ? account : "");
    return !option_given(i->arguments, &option_json) || print_json(key_id, enable, changed, err);
}

const struct command command_key_enable = {
    .name = "key enable",
    .group = "Keys",
    .arguments = "KEY_ID",
    .help = "enable a key again at the API",
    .about = "Enables a key again at the API.",
    .argument_help = ARGUMENTS({"KEY_ID", "id of the key"}),
    .examples = EXAMPLES({"key enable 1234abcd", "A key of the profile's account."},
                         {"key enable 1234abcd --account robot@example.com", "A key of another account."}),
    .uses = USE_API,
    .options = OPTIONS(&option_account, &option_json),
    .run = set_enabled,
};

const struct command command_key_disable = {
    .name = "key disable",
    .group = "Keys",
    .arguments = "KEY_ID",
    .help = "disable a key at the API",
    .about = "Disables a key at the API. It gets no access tokens until it is enabled again. Access "
             "tokens that it got before stay valid for up to an hour.",
    .argument_help = ARGUMENTS({"KEY_ID", "id of the key"}),
    .examples = EXAMPLES({"key disable 1234abcd", "A key of the profile's account."},
                         {"key disable 1234abcd --account robot@example.com", "A key of another account."}),
    .uses = USE_API,
    .options = OPTIONS(&option_account, &option_json),
    .run = set_enabled,
};
