// What the commands that write a profile share.
#include "cli/created.h"

#include <string.h>

#include "cli/print.h"
#include "cli/suggestion.h"

static bool way_of(const struct arguments *arguments, enum ssa_import_way *way, struct ssa_error *err)
{
    static const char *const names[] = {
        [SSA_IMPORT_AUTO] = "auto", [SSA_IMPORT_PLAIN] = "plain", [SSA_IMPORT_WRAP] = "wrap"};
    const char *value = arguments->values[OPT_IMPORT];
    *way = SSA_IMPORT_AUTO;
    if (value == NULL)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            *way = (enum ssa_import_way)i;
            return true;
        }
    error_set(err, SSA_USAGE, NULL, NULL, "--import %s is no way into a token", value);
    return error_hint(err, "It is one of auto, plain and wrap.");
}

bool output_of(const struct arguments *arguments, struct ssa_output *output, struct ssa_error *err)
{
    *output = (struct ssa_output){.profile = arguments->values[OPT_PROFILE],
                                  .file = arguments->values[OPT_OUTPUT],
                                  .replace = arguments->given[OPT_FORCE],
                                  .show_secret = arguments->given[OPT_SHOW_SECRET],
                                  .slot = arguments->values[OPT_SLOT],
                                  .replace_key = arguments->given[OPT_REPLACE],
                                  .yes = arguments->given[OPT_YES],
                                  .rehearse = arguments->given[OPT_REHEARSE]};
    return way_of(arguments, &output->import_way, err);
}

bool created_print(const struct ssa_created *created, struct ssa_error *err)
{
    suggestion_profile(created->path);
    if (print_result(span_of(created->block.text, created->block.len), err)) {
        print_note("saved as %s", created->path);
        return true;
    }
    return error_hint(err, "Nothing is lost: it is all done, and the profile is saved as %s.", created->path);
}

void created_next_step(const struct ssa_created *created)
{
    if (created->email[0] == '\0')
        return;
    print_note(
        "next: give access to %s\n"
        "An administrator invites this email like a person in the product's console (ACC, BIM 360, Forma,\n"
        "Fusion). Until then `ssa-hsm token` fetches tokens that are good for nothing.",
        created->email);
}
