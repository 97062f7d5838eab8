// A signer whose profile was replaced: after a rotation, the new key is on the same PKCS#11 token.
#include "signer/handle.h"

#include <errno.h>

#include "config/profiles.h"
#include "hsm/key/key_find.h"
#include "hsm/login/login.h"

static bool is_another(struct ssa_error *err)
{
    return error_set(err, SSA_CONFIG, NULL, NULL, "the profile names another PKCS#11 token now");
}

static bool is_same_text(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

// By their settings, both have the same module, and the token that is open is the one that the new URI names.
static bool is_same_token(const struct ssa_signer *signer, const struct ssa_run *run, const struct uri *uri)
{
    const struct token_wanted before = open_token_wanted(&signer->run, signer->at.uri);
    const struct token_wanted now = open_token_wanted(run, uri);
    return is_same_text(search_module(&before), search_module(&now)) && token_matches(signer->at.token, uri);
}

// The module's process has the address of signer->view.
static void take_over(struct ssa_signer *signer, const struct ssa_settings *view, const struct pin_policy *policy,
                      struct uri **uri, const struct key *key)
{
    settings_view_replace(signer->view, view);
    signer->at.pin.source = policy->source;
    uri_free(&signer->at.uri);
    signer->at.uri = *uri;
    *uri = NULL;
    signer->key = *key;
}

static bool follow(struct ssa_signer *signer, const struct ssa_run *run, struct ssa_error *err)
{
    struct identity identity;
    struct pin_policy policy = {0};
    struct key key;
    URI_AUTO *uri = NULL;
    if (!identity_read(run->settings, true, &identity, err) || !uri_parse(identity.private_key, &uri, err) ||
        !pin_policy_init(&policy, run, uri, err))
        return false;
    if (!signer->ready || token_is_over(signer->at.token) || !is_same_token(signer, run, uri))
        return is_another(err);
    if (!login_stands(signer->at.token) || !key_find(signer->at.token, uri, &key, err))
        return false;
    take_over(signer, run->settings, &policy, &uri, &key);
    handle_drop_pin(signer);
    return true;
}

bool handle_follow(struct ssa_signer *signer, const struct ssa_settings *settings, struct ssa_error *err)
{
    HANDLE_USE_AUTO use;
    SETTINGS_VIEW_AUTO *view = settings_view(settings);
    if (view == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
    struct ssa_run run = signer->run;
    run.settings = view;
    return handle_enter(signer, &use, err) && follow(signer, &run, err);
}
