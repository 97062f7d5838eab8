// An agent is asked for what the settings name: the profile, and the scopes. It is told the client id, the account and
// the API's address that they have, and refuses where its own differ. How it gets at the key is the agent's business:
// an option that says how (a PIN's source, a module) is for this program alone, and no agent is asked.
#include "cli/token/agent_wanted.h"

#include "agent/client/place.h"
#include "config/identity.h"
#include "config/profiles.h"
#include "core/text.h"

const struct option option_no_agent = {"no-agent", .help = "ask no agent, also where one runs"};

bool agent_list(const struct invocation *i, const char **list)
{
    *list = settings_first(i->settings, SET_AGENT);
    return !option_given(i->arguments, &option_no_agent) && (*list == NULL || !agent_place_is_none(*list));
}

// The option that says how this program is to work by itself, or NULL.
static const struct option *own_way(const struct arguments *a, bool by_assertion)
{
    const option_list how = OPTIONS(&option_pin_source, &option_pin_retry, &option_module, &option_audience,
                                    &option_cacert, &option_capath, &option_insecure_http);
    const option_list of_assertion = OPTIONS(&option_expires_in, &option_nbf);
    for (option_list o = how; *o != NULL; o++)
        if (option_given(a, *o))
            return *o;
    // An agent chooses for itself by what assertions it gets its access tokens.
    for (option_list o = of_assertion; *o != NULL && !by_assertion; o++)
        if (option_given(a, *o))
            return *o;
    return NULL;
}

// The claim aud is in an assertion, and an agent has that of its profile.
static bool has_audience_of_its_own(const struct ssa_settings *settings)
{
    enum setting_source source;
    return settings_get(settings, SET_AUDIENCE, &source) != NULL && source != FROM_PROFILE;
}

bool agent_why_not(const struct invocation *i, bool by_assertion, char why[static WHY_NOT_MAX])
{
    const struct option *own = own_way(i->arguments, by_assertion);
    if (own != NULL)
        return text_format(why, WHY_NOT_MAX, "--%s", own->name);
    return by_assertion && has_audience_of_its_own(i->settings) &&
           text_format(why, WHY_NOT_MAX, "%s", setting_name(SET_AUDIENCE));
}

// Where the profile that is named is not here, the settings are not whole. What the environment says of the account
// would be passed over if the profile were.
static const char *expected(const struct invocation *i, enum setting id)
{
    const bool whole = i->settings_fault->code == SSA_OK || !option_given(i->arguments, &option_profile);
    if (!whole)
        return settings_from(i->settings, FROM_OPTION, id);
    if (!identity_has(id))
        return settings_get(i->settings, id, NULL);
    const enum setting_source source = identity_source(i->settings);
    return source == FROM_NOWHERE ? NULL : settings_from(i->settings, source, id);
}

bool agent_own_account(const struct invocation *i)
{
    return i->settings_fault->code == SSA_OK && identity_source(i->settings) != FROM_NOWHERE;
}

// Where there is an account, its API has an address, be it the usual one.
static const char *expected_base_url(const struct invocation *i)
{
    const char *named = expected(i, SET_BASE_URL);
    return named == NULL && agent_own_account(i) ? settings_base_url(i->settings) : named;
}

// The profile as it was named; of several, the first. Empty for none.
static OWN_FRAME bool read_profile(const struct invocation *i, char name[static PATH_TEXT_MAX], struct ssa_error *err)
{
    struct profile_names names = {0};
    const char *given = option_value(i->arguments, &option_profile),
               *by_environment = settings_from(i->settings, FROM_ENVIRONMENT, SET_PROFILE);
    name[0] = '\0';
    if (given == NULL && text_present(by_environment)) {
        if (!profile_names_split(by_environment, &names, err))
            return false;
        given = names.list[0];
    }
    if (given == NULL)
        return true;
    // The agent's working directory is another one.
    return strchr(given, '/') != NULL ? path_absolute(given, name, err) : path_format(name, err, "%s", given);
}

bool agent_wanted(const struct invocation *i, const struct request *request, struct agent_wish *wish,
                  char profile[static PATH_TEXT_MAX], struct ssa_error *err)
{
    if (!read_profile(i, profile, err))
        return false;
    wish->profile = profile;
    wish->scope = request->wanted.scope != NULL ? request->wanted.scope : expected(i, SET_SCOPE);
    wish->client_id = expected(i, SET_CLIENT_ID);
    wish->account = expected(i, SET_ACCOUNT_ID);
    wish->base_url = expected_base_url(i);
    return true;
}
