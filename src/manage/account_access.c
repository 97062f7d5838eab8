// account provision --check: the hubs and projects that an account sees.
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "aps/hubs.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "manage/account_reference.h"
#include "signer/client_secret.h"

static void places_drop(struct aps_places **places)
{
    free(*places);
}
#define PLACES_AUTO __attribute__((cleanup(places_drop))) struct aps_places

void ssa_access_free(struct ssa_access *access)
{
    for (size_t i = 0; i < access->count; i++)
        free(access->hubs[i].inside);
    free(access->hubs);
    *access = (struct ssa_access){0};
}

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the hubs");
}

// They are too big for the stack.
static bool places_new(struct aps_places **places, struct ssa_error *err)
{
    *places = calloc(1, sizeof **places);
    return *places != NULL || no_memory(err);
}

static bool copy(const struct aps_places *places, struct ssa_site **list, size_t *count, struct ssa_error *err)
{
    *list = calloc(places->count + 1, sizeof **list);
    if (*list == NULL)
        return no_memory(err);
    for (size_t i = 0; i < places->count; i++) {
        const struct aps_place *from = &places->list[i];
        struct ssa_site *to = &(*list)[i];
        static_assert(sizeof to->id == sizeof from->id && sizeof to->name == sizeof from->name &&
                          sizeof to->region == sizeof from->region,
                      "the public fields have the sizes of these");
        memcpy(to->id, from->id, sizeof to->id);
        memcpy(to->name, from->name, sizeof to->name);
        memcpy(to->region, from->region, sizeof to->region);
    }
    *count = places->count;
    return true;
}

// The account's own, whose key the settings have.
static bool choose(const struct ssa_run *run, const char *account, struct ssa_access *access, struct ssa_error *err)
{
    struct account_reference reference;
    if (!account_choose(run, account, &reference, err))
        return false;
    if (!reference.own)
        return error_because(err, SSA_CONFIG, SSA_REASON_KEY_OF_ANOTHER, account,
                             "the settings do not have this account's key");
    return (text_format(access->account, sizeof access->account, "%s", reference.wanted) &&
            text_format(access->email, sizeof access->email, "%s", reference.email != NULL ? reference.email : "")) ||
           error_set(err, SSA_CONFIG, NULL, reference.wanted, "is too long for an account's id");
}

// Makes a client of the API that has the account's access token. It needs no client secret.
static bool open_as_account(const struct ssa_run *run, struct oauth_client **client, struct ssa_error *err)
{
    const struct ssa_token_request request = {.scope = APS_SCOPE_HUBS};
    const struct client_secret unknown = {0};
    struct ssa_grant grant;
    const long long since = monotonic_ms();
    if (!ssa_fetch(run, &request, &grant, err))
        return false;
    const bool opened = api_client_open(run, &unknown, client, err) &&
                        aps_act_as(*client, span_of(grant.token.text, grant.token.len), err);
    ssa_grant_free(&grant);
    if (opened)
        oauth_client_spent(*client, monotonic_ms() - since);
    return opened;
}

static bool no_hub(const struct ssa_run *run, const struct aps_places *hubs, const struct ssa_access *access,
                   struct ssa_error *err)
{
    const char *client_id = settings_get(run->settings, SET_CLIENT_ID, NULL), *account = access->account;
    const char *who = access->email[0] != '\0' ? access->email : account;
    // One region may not know the app, and another one may.
    if (hubs->account_is_unknown) {
        error_set(err, SSA_REFUSED, NULL, account,
                  "the account sees no hub: the app is in one under Custom Integrations, but the account is not "
                  "invited");
        return error_reason(err, SSA_REASON_NOT_INVITED, "%s", who);
    }
    if (hubs->app_is_unknown && client_id != NULL) {
        error_set(err, SSA_REFUSED, NULL, account,
                  "the account sees no hub: the app is in none under Custom Integrations");
        return error_reason(err, SSA_REASON_NO_HUB_FOR_APP, "%s", client_id);
    }
    error_set(err, SSA_REFUSED, NULL, account, "the account sees no hub");
    return error_reason(err, SSA_REASON_NO_HUB, "%s", who);
}

// A hub that does not show its projects must not hide the other hubs.
static bool look_inside(const struct ssa_run *run, struct oauth_client *client, struct aps_places *places,
                        struct ssa_site *hub, struct ssa_error *err)
{
    struct ssa_error why = {0};
    if (!callback_go_on(&run->callbacks, err))
        return false;
    if (!aps_hub_projects(client, hub->id, places, &why)) {
        if (why.code != SSA_REFUSED) {
            *err = why;
            return false;
        }
        tell_reason(&run->callbacks, SSA_WARNING, why.reason, why.detail, "%s: %s", why.subject, why.what);
        return true;
    }
    hub->more = places->more;
    return copy(places, &hub->inside, &hub->count, err);
}

bool ssa_account_access(const struct ssa_run *run, const char *account, struct ssa_access *access,
                        struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    APS_AUTO *client = NULL;
    PLACES_AUTO *places = NULL;
    *access = (struct ssa_access){0};
    if (!places_new(&places, err) || !choose(run, account, access, err) || !open_as_account(run, &client, err))
        return false;
    if (!aps_hubs(client, places, err))
        return false;
    if (places->count == 0)
        return no_hub(run, places, access, err);
    access->more = places->more;
    if (!copy(places, &access->hubs, &access->count, err))
        return false;
    for (size_t i = 0; i < access->count; i++)
        if (!look_inside(run, client, places, &access->hubs[i], err))
            return false;
    return true;
}
