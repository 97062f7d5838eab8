// ssa-hsm secret import
#include "cli/command/command.h"
#include "cli/output/print.h"
#include "config/settings.h"

static const struct option option_label = {"label", "NAME", .help = "label of the object on the PKCS#11 token",
                                           .preset = "APS client secret CLIENT_ID"};
static const struct option option_force = {"force", .help = "replace the object that has this label"};

static bool secret_import(const struct invocation *i, struct ssa_error *err)
{
    const bool force = option_given(i->arguments, &option_force);
    const char *profile = settings_profile_path(i->settings);
    struct ssa_text line;
    if (!ssa_secret_import(&i->run, option_value(i->arguments, &option_label), force, &line, i->ending, err))
        return false;
    const bool printed = print_result(span_of(line.text, line.len), err);
    ssa_text_free(&line);
    if (!printed)
        return error_hint(err, "Nothing is lost: the secret is stored. `ssa-hsm secret import`, given the same "
                               "secret, prints its line again.");
    print_note("put this line into %s, instead of an APS_SECRET_ID or APS_CLIENT_SECRET that is there,\n"
               "and delete the secret from every other place",
               profile[0] != '\0' ? profile : "the profile");
    return true;
}

const struct command command_secret_import = {
    .name = "secret import",
    .group = "PKCS#11 tokens",
    .help = "store the client secret on the PKCS#11 token",
    .about = "Stores the client secret as a private object on the PKCS#11 token, and prints the "
             "setting that refers to it, for the profile. The secret is asked for, unless the settings "
             "have it. Unlike a key, it can be read by whoever has the PIN.",
    .examples = EXAMPLES({"secret import", "Prints the line for the profile."},
                         {"secret import --force", "Replaces an object that has the same label."},
                         {"secret import --label \"APS spare\"", "Stores the secret under a label of its own."}),
    .uses = USE_PROFILE | USE_CLIENT | USE_SECRET | USE_LOGIN | USE_TOKEN | USE_SERVER | USE_JOURNAL,
    .options = OPTIONS(&option_label, &option_force),
    .run = secret_import,
};
