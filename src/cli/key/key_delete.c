// ssa-hsm key delete KEY_ID

#include "cli/command/common.h"
#include "cli/output/print.h"

static bool key_delete(const struct invocation *i, struct ssa_error *err)
{
    const char *key_id = i->arguments->words[0], *own = ssa_settings_value(i->settings, "KEY_ID");
    const bool is_used = own != NULL && strcmp(own, key_id) == 0;
    if (!deletion_confirmed(i, err, "Delete key %s at the API?%s", key_id,
                            is_used ? " The settings use it: `ssa-hsm key rotate` replaces it first." : ""))
        return false;
    if (!ssa_key_delete(&i->run, option_value(i->arguments, &option_account), key_id, err))
        return false;
    print_note("key %s is deleted at the API; its object on a PKCS#11 token stays", key_id);
    return true;
}

const struct command command_key_delete = {
    .name = "key delete",
    .group = "Keys",
    .arguments = "KEY_ID",
    .help = "delete a key at the API",
    .about = "Deletes a key at the API, after a question. The PKCS#11 token is not changed: `ssa-hsm "
             "key prune` destroys what is left there.",
    .argument_help = ARGUMENTS({"KEY_ID", "id of the key"}),
    .examples =
        EXAMPLES({"key delete 1234abcd", "Asks first."},
                 {"key delete 1234abcd --account robot@example.com --yes", "A key of another account; does not ask."}),
    .uses = USE_API,
    .options = OPTIONS(&option_account, &option_yes),
    .run = key_delete,
};
