// ssa-hsm secret import
#include "cli/command.h"
#include "cli/print.h"
#include "config/settings.h"

bool command_secret_import(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_text line;
    const char *profile = settings_profile_path(i->settings);
    if (!ssa_secret_import(&i->run, i->arguments->values[OPT_LABEL], i->arguments->given[OPT_FORCE_SECRET],
                           &line, i->ending, err))
        return false;
    const bool printed = print_result(span_of(line.text, line.len), err);
    ssa_text_free(&line);
    if (!printed)
        return error_hint(
            err, "Nothing is lost: the secret is stored, and `ssa-hsm secret import`, given the same "
                 "one, prints its line again.");
    print_note("put this line into %s, in the place of an APS_SECRET_ID or APS_CLIENT_SECRET that is there,\n"
               "and take the secret away from wherever else it stands",
               profile[0] != '\0' ? profile : "the profile");
    return true;
}
