// ssa-hsm profile remove PROFILE
#include "cli/output/print.h"
#include "cli/profile/profile.h"

static void tell_what_stays(const struct ssa_profile *p)
{
    if (p->account[0] != '\0' && p->key_id[0] != '\0')
        print_note("account and key stay, at the API and on the PKCS#11 token. Before the profile is gone, "
                   "`ssa-hsm key delete %s --account %s` deletes the key at the API",
                   p->key_id, p->account);
    else if (p->account[0] != '\0')
        print_note("the account stays. Before the profile is gone, `ssa-hsm account delete %s` deletes it", p->account);
}

// *context is whether there is a key.
static void tell(void *context, const struct ssa_profile *p)
{
    bool *const has_key = context;
    *has_key = p->key_id[0] != '\0';
    print_note("profile %s (%s): account %s%s%s%s, key %s%s%s%s", p->name, p->path,
               p->account[0] != '\0' ? p->account : "none", p->email[0] != '\0' ? " (" : "", p->email,
               p->email[0] != '\0' ? ")" : "", p->key_id[0] != '\0' ? p->key_id : "none",
               p->token[0] != '\0' ? " on PKCS#11 token \"" : "", p->token, p->token[0] != '\0' ? "\"" : "");
    if (p->link[0] != '\0')
        print_note("it is a link: only the link is removed, and %s stays as it is", p->link);
    else if (p->has_secret || p->has_key)
        print_note("what is in it is destroyed, too: %s%s%s", p->has_key ? "the private key" : "",
                   p->has_key && p->has_secret ? " and " : "", p->has_secret ? "the client secret" : "");
    tell_what_stays(p);
    profile_tell_faults(p);
}

static bool profile_remove(const struct invocation *i, struct ssa_error *err)
{
    const char *name = profile_argument(i);
    bool has_key = false;
    // As far as it can be read: what is damaged can be removed, too.
    (void)!ssa_settings_profile(i->settings, name, true, NULL, ERROR_IGNORED);
    if (!ssa_profile_remove_check(&i->run, name, err))
        return false;
    if (!ssa_profile_about(i->settings, name, tell, &has_key, err))
        return false;
    if (!deletion_confirmed(i, err, "Overwrite and remove the profile %s?", name))
        return false;
    if (!ssa_profile_remove(&i->run, name, err))
        return false;
    print_note("profile %s is removed", name);
    if (has_key)
        print_note("once the API no longer knows the key, `ssa-hsm key prune` destroys it on the PKCS#11 token, if it "
                   "was made from here. That needs the client id and secret");
    return true;
}

const struct command command_profile_remove = {
    .name = "profile remove",
    .group = "Looking after",
    .arguments = "PROFILE",
    .help = "overwrite and remove a profile; account and key stay",
    .about = "Overwrites a profile and removes it. It first says which account and key it is about, and which commands "
             "delete those: they stay at the API and on the PKCS#11 token.",
    .argument_help = ARGUMENTS({"PROFILE", "its name, or its path"}),
    .examples = EXAMPLES({"profile remove old", "Asks before."}, {"profile remove old --yes", "Asks nothing."}),
    .reads_no_profile = true,
    .options = OPTIONS(&option_yes),
    .run = profile_remove,
};
