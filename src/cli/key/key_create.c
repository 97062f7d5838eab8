// ssa-hsm key create
#include "cli/key/new_key.h"

static bool key_create(const struct invocation *i, struct ssa_error *err)
{
    const char *account = option_value(i->arguments, &option_account);
    struct ssa_created created = {0};
    struct ssa_output output;
    if (!output_read(i->arguments, &output, err))
        return false;
    const bool done = ssa_key_create(&i->run, account, &output, &created, i->ending, err) &&
                      created_print(i->arguments, &created, err);
    if (done)
        created_next_step(&created);
    ssa_created_free(&created);
    return done;
}

const struct command command_key_create = {
    .name = "key create",
    .group = "Keys",
    .help = "create a new key for an account",
    .about = "Creates a new key for an account. It goes straight from the API's answer into the "
             "PKCS#11 token. A profile is written that names it. An account has at most three keys.",
    .examples = EXAMPLES(
        {"key create --profile spare --token 'pkcs11:token=Spare'",
         "A second key on a second PKCS#11 token, for the usual profile's account."},
        {"key create --account service-mycompany-filesync@example.com --profile other", "A key for another account."},
        {"key create --force", "A key for the profile's account; the profile is replaced."}),
    .writes_profile = true,
    .account_of_usual_profile = true,
    .uses = USE_ALL | USE_JOURNAL,
    .options = OPTIONS(&option_account, &option_output, &option_force, &option_show_secret, &option_slot,
                       &option_replace, &option_yes, &option_rehearse, &option_import, &option_json),
    .run = key_create,
};
