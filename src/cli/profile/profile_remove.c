// ssa-hsm profile remove NAME
#include "cli/output/print.h"
#include "cli/profile/profile.h"

static void tell_what_stays(const struct ssa_profile *p)
{
    if (p->account[0] != '\0' && p->key_id[0] != '\0')
        print_note("the account and its key stay. Before the profile is gone, `ssa-hsm key delete %s --account %s`\n"
                   "deletes the key at the API, and then `ssa-hsm key prune` destroys it on the PKCS#11 token, if it\n"
                   "was made from here",
                   p->key_id, p->account);
    else if (p->account[0] != '\0')
        print_note("the account stays. Before the profile is gone, `ssa-hsm account delete %s` deletes it", p->account);
}

static void tell(void *context, const struct ssa_profile *p)
{
    (void)context;
    print_note("profile %s (%s): account %s%s%s%s, key %s%s%s%s", p->name, p->path,
               p->account[0] != '\0' ? p->account : "none", p->email[0] != '\0' ? " (" : "", p->email,
               p->email[0] != '\0' ? ")" : "", p->key_id[0] != '\0' ? p->key_id : "none",
               p->token[0] != '\0' ? " on PKCS#11 token \"" : "", p->token, p->token[0] != '\0' ? "\"" : "");
    if (p->link[0] != '\0')
        print_note("it is a link: only the link is removed, and %s stays as it is", p->link);
    tell_what_stays(p);
    profile_tell_faults(p);
}

static bool profile_remove(const struct invocation *i, struct ssa_error *err)
{
    const char *name = profile_argument(i);
    // As far as it can be read: what is damaged can be removed, too.
    (void)!ssa_settings_profile(i->settings, name, true, NULL, ERROR_IGNORED);
    if (!ssa_profile_remove_check(&i->run, name, err))
        return false;
    if (!ssa_profile_about(i->settings, name, tell, NULL, err))
        return false;
    if (!deletion_confirmed(i, err, "Overwrite and remove the profile %s?", name))
        return false;
    if (!ssa_profile_remove(&i->run, name, err))
        return false;
    print_note("profile %s is removed", name);
    return true;
}

const struct command command_profile_remove = {
    .name = "profile remove",
    .group = "Settings and profiles",
    .arguments = "NAME",
    .help = "overwrite and remove a profile (name or path); account and key stay",
    .example = "profile remove old",
    .reads_no_profile = true,
    .options = OPTIONS(&option_yes),
    .run = profile_remove,
};
