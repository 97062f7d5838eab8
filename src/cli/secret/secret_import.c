// ssa-hsm secret import
#include "cli/command/command.h"
#include "cli/output/print.h"
#include "config/settings.h"

static const struct option option_label = {"label", "NAME", .help = "label of the object on the PKCS#11 token",
                                           .preset = "APS client secret CLIENT_ID"};
static const struct option option_force = {"force", .help = "replace the object that has this label"};

static const struct option option_print = {
    "print", .help = "only print the setting that refers to the secret, and leave the profile as it is"};

// Says where the setting is, or where it belongs.
static bool tell(const struct invocation *i, const struct ssa_secret_stored *stored, struct ssa_error *err)
{
    enum setting_source source;
    const char *path = settings_profile_path(i->settings);
    (void)settings_get(i->settings, SET_CLIENT_SECRET, &source);
    if (stored->profile_error.code != SSA_OK) {
        *err = stored->profile_error;
        return error_hint(err, "The client secret is stored, but the profile is as it was. `ssa-hsm secret import` "
                               "tries again.");
    }
    const char *there = settings_secret_from(i->settings, FROM_PROFILE);
    if (there != NULL && strcmp(there, stored->uri.text) == 0) {
        print_note("%s has this line already\nDelete the secret from every other place.", path);
    } else if (stored->profile[0] == '\0') {
        print_note("put this line into %s, instead of an APS_SECRET_ID or APS_CLIENT_SECRET that is there, "
                   "and delete the secret from every other place",
                   path[0] != '\0' ? path : "the profile");
        return true;
    } else {
        print_note("%s has this line now%s\nDelete the secret from every other place.", stored->profile,
                   stored->was_literal
                       ? " instead of the secret, which is overwritten (flash storage and snapshots may still "
                         "hold it)."
                       : ".");
    }
    if (source == FROM_ENVIRONMENT)
        print_note("the environment still has the secret, and comes before the profile: unset APS_SECRET_ID and "
                   "APS_CLIENT_SECRET");
    return true;
}

static bool secret_import(const struct invocation *i, struct ssa_error *err)
{
    const struct ssa_secret wanted = {.label = option_value(i->arguments, &option_label),
                                      .replace = option_given(i->arguments, &option_force),
                                      .keep_profile = option_given(i->arguments, &option_print)};
    struct ssa_secret_stored stored;
    if (!ssa_secret_import(&i->run, &wanted, &stored, i->ending, err))
        return false;
    const bool printed = print_result(span_of(stored.line.text, stored.line.len), err);
    const bool done = printed && tell(i, &stored, err);
    if (!printed)
        (void)error_hint(err, "Nothing is lost: the secret is stored. `ssa-hsm secret import --print`, given the same "
                              "secret, prints its line again.");
    ssa_secret_stored_free(&stored);
    return done;
}

const struct command command_secret_import = {
    .name = "secret import",
    .group = "PKCS#11 tokens",
    .help = "store the client secret on the PKCS#11 token",
    .about = "Stores the client secret as a private object on the PKCS#11 token, and "
             "changes the profile that has it: from now on that refers to the object. The secret is asked for, unless "
             "the settings "
             "have it. Unlike a key, it can be read by whoever has the PIN.",
    .examples = EXAMPLES({"secret import", "Changes the profile, and prints its new line."},
                         {"secret import --force", "Replaces an object that has the same label."},
                         {"secret import --label \"APS spare\"", "Stores the secret under a label of its own."}),
    .asks_secret = true,
    .uses = USE_PROFILE | USE_CLIENT | USE_SECRET | USE_LOGIN | USE_TOKEN | USE_SERVER | USE_JOURNAL,
    .options = OPTIONS(&option_label, &option_force, &option_print),
    .run = secret_import,
};
