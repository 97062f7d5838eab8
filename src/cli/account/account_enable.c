// ssa-hsm account enable [ID], ssa-hsm account disable [ID]
#include "cli/account/account.h"
#include "cli/output/print.h"

extern const struct command command_account_enable;

// Both commands: this is the other one, unless it is `account enable`.
static bool set_enabled(const struct invocation *i, struct ssa_error *err)
{
    const bool enable = i->arguments->command == &command_account_enable;
    struct ssa_account after;
    bool changed = false;
    if (!ssa_account_enable(&i->run, account_argument(i), enable, &after, &changed, err))
        return false;
    if (!changed)
        print_note("account %s was already %s", after.id, enable ? "enabled" : "disabled");
    else if (enable)
        print_note("account %s is enabled", after.id);
    else
        print_note("account %s is disabled: it gets no access tokens, and its keys cannot be managed, until "
                   "`ssa-hsm account enable %s`. Access tokens that it got before stay valid for up to an hour.",
                   after.id, after.id);
    return !option_given(i->arguments, &option_json) || account_print_json(&after, &changed, err);
}

const struct command command_account_enable = {
    .name = "account enable",
    .group = "Accounts",
    .arguments = "[ACCOUNT]",
    .help = "enable an account again",
    .about = "Enables an account again, also one that was idle for too long.",
    .argument_help = ARGUMENTS({"ACCOUNT", "id or email of the account; without it, the profile's account"}),
    .examples = EXAMPLES({"account enable", "The profile's account."},
                         {"account enable robot@example.com", "Another account."}),
    .uses = USE_API,
    .options = OPTIONS(&option_json),
    .run = set_enabled,
};

const struct command command_account_disable = {
    .name = "account disable",
    .group = "Accounts",
    .arguments = "[ACCOUNT]",
    .help = "disable an account: it gets no access tokens",
    .about = "Disables an account. It gets no access tokens, and its keys cannot be managed, until it "
             "is enabled again. Access tokens that it got before stay valid for up to an hour.",
    .argument_help = ARGUMENTS({"ACCOUNT", "id or email of the account; without it, the profile's account"}),
    .examples = EXAMPLES({"account disable", "The profile's account."},
                         {"account disable robot@example.com", "Another account."}),
    .uses = USE_API,
    .options = OPTIONS(&option_json),
    .run = set_enabled,
};
