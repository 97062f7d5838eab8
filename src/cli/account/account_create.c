// ssa-hsm account create FIRST LAST
#include "cli/key/new_key.h"
#include "cli/output/print.h"

static const struct option option_no_key = {"no-key", .help = "make only the account, and no key"};

static bool account_create(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    struct ssa_created created = {0};
    const bool without_key = option_given(a, &option_no_key);
    struct ssa_output output;
    if (!output_read(a, &output, err))
        return false;
    const bool done =
        ssa_account_create(&i->run, a->words[0], a->words[1], without_key, &output, &created, i->ending, err) &&
        created_print(a, &created, err);
    if (done && without_key)
        print_note("the account has no key yet: `ssa-hsm key create --force` makes one");
    if (done)
        created_next_step(&created);
    ssa_created_free(&created);
    return done;
}

const struct command command_account_create = {
    .name = "account create",
    .group = "Accounts",
    .arguments = "FIRST LAST",
    .help = "create a service account and its key",
    .about = "Creates a service account, and a key for it that goes straight from the API's answer "
             "into the PKCS#11 token. The profile is written, and its settings are printed. The "
             "account gets access to nothing until an administrator has invited its email. If "
             "something fails, what was made is removed again.",
    .argument_help = ARGUMENTS({"FIRST", "first name of the account"},
                               {"LAST", "last name of the account; both become part of its email"}),
    .examples =
        EXAMPLES({"account create service mycompany-filesync", "An account with its key, in the profile \"default\"."},
                 {"account create build robot --profile build --token 'pkcs11:token=Build'",
                  "A second account, with its key on another PKCS#11 token."},
                 {"account create service nightly --no-key --profile nightly",
                  "Only the account: `ssa-hsm key create` makes the key, later."}),
    .writes_profile = true,
    .uses = USE_ALL | USE_JOURNAL,
    .options = OPTIONS(&option_no_key, &option_output, &option_force, &option_show_secret, &option_slot,
                       &option_replace, &option_yes, &option_rehearse, &option_import, &option_json),
    .run = account_create,
};
