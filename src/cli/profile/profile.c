#include "cli/profile/profile.h"

#include "cli/command/suggestion.h"
#include "cli/output/print.h"

const char *profile_argument(const struct invocation *i)
{
    const char *name = i->arguments->words[0];
    suggestion_use_profile(name);
    return name;
}

void profile_tell_faults(const struct ssa_profile *profile)
{
    if (profile->problem[0] != '\0')
        print_note("warning: %s", profile->problem);
    if (profile->error != NULL)
        print_error(profile->error);
}
