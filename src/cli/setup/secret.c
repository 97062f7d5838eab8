// Where the client secret is kept: on the PKCS#11 token, or else in the profile.
#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "config/reference.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/text.h"

// The newest client secret of this client id that was put on a PKCS#11 token and not removed since.
static void recall(void *context, const struct ssa_event *event)
{
    struct setup *s = context;
    const char *client_id = settings_get(s->settings, SET_CLIENT_ID, NULL);
    if (strcmp(event->outcome, "done") != 0 || strcmp(event->client_id, client_id) != 0 ||
        strcmp(event->base_url, settings_base_url(s->settings)) != 0 || event->key_uri[0] == '\0')
        return;
    if (strcmp(event->operation, "secret import") == 0)
        (void)text_format(s->client_secret, sizeof s->client_secret, "%s", event->key_uri);
    else if (strcmp(event->operation, "secret remove") == 0 && strcmp(event->key_uri, s->client_secret) == 0)
        s->client_secret[0] = '\0';
}

bool setup_recall_secret(struct setup *s, struct ssa_error *err)
{
    if (settings_get(s->settings, SET_CLIENT_SECRET, NULL) != NULL ||
        settings_get(s->settings, SET_CLIENT_ID, NULL) == NULL)
        return true;
    if (!ssa_history(&s->run, recall, s, err))
        return false;
    if (s->client_secret[0] == '\0')
        return true;
    print_note("an earlier run has put the client secret here: %s", s->client_secret);
    if (callback_confirms(&s->run.callbacks, "Use it?"))
        return setup_set(s, SET_CLIENT_SECRET, s->client_secret, err);
    s->client_secret[0] = '\0';
    return true;
}

static bool take_uri(struct setup *s, const char *uri, struct ssa_error *err)
{
    if (!text_format(s->client_secret, sizeof s->client_secret, "%s", uri))
        return error_set(err, SSA_UNEXPECTED, NULL, uri, "is too long");
    return setup_set(s, SET_CLIENT_SECRET, s->client_secret, err);
}

static bool store(struct setup *s, bool replace, struct ssa_error *err)
{
    const struct ssa_secret wanted = {.replace = replace};
    struct ssa_secret_stored stored;
    memory_begin(&s->memory);
    const bool done = ssa_secret_import(&s->run, &wanted, &stored, s->invocation->ending, err);
    memory_end(&s->memory, done, err);
    if (!done)
        return false;
    bool taken = take_uri(s, stored.uri.text, err);
    if (taken && stored.profile_error.code != SSA_OK) {
        *err = stored.profile_error;
        taken = error_hint(err, "The client secret is stored, but the profile is as it was.");
    }
    ssa_secret_stored_free(&stored);
    return taken;
}

static bool store_or_replace(struct setup *s, struct ssa_error *err)
{
    if (store(s, false, err))
        return true;
    if (err->reason != SSA_REASON_LABEL_IN_USE)
        return false;
    print_error(err);
    return callback_confirms(&s->run.callbacks, "Replace that client secret?") && store(s, true, err);
}

static bool is_refused(const struct ssa_error *err)
{
    return err->reason == SSA_REASON_DATA_REFUSED || err->reason == SSA_REASON_TOKEN_UNFIT;
}

static const char other_places[] =
    "To have it elsewhere, set APS_SECRET_ID to file:PATH or credential:NAME. Then run `ssa-hsm setup` again.";

static bool leave_in_file(struct setup *s, struct ssa_error *err)
{
    print_note("the client secret will be in %s itself, a file of mode 0600: whoever can read your files can read it",
               s->profile);
    if (!callback_confirms(&s->run.callbacks, "Keep it there?")) {
        setup_declined(err, "the client secret was not stored");
        return error_hint(err, "%s", other_places);
    }
    s->secret_in_file = true;
    return true;
}

static OWN_FRAME bool place(struct setup *s, bool in_profile, struct ssa_error *err)
{
    struct ssa_error why = {0};
    const char *const *words = WORDS("ssa-hsm", "secret", "import", setup_client_option(s), s->client_id,
                                     s->token[0] != '\0' ? "--token" : "", s->token);
    static const char what[] = "the client secret goes onto the PKCS#11 token, where only its PIN shows it";
    in_profile ? plain_say(what, words) : plain_say_exported(what, words);
    if (!callback_confirms(&s->run.callbacks, "Put the client secret on the PKCS#11 token?"))
        return leave_in_file(s, err);
    if (store_or_replace(s, &why))
        return true;
    if (!is_refused(&why)) {
        *err = why;
        return false;
    }
    why.hint[0] = '\0';
    why.reason = SSA_REASON_NONE;
    print_error(&why);
    return leave_in_file(s, err);
}

bool setup_place_secret(struct setup *s, struct ssa_error *err)
{
    const char *value = settings_get(s->settings, SET_CLIENT_SECRET, NULL);
    if (value != NULL && reference_text_is_reference(value))
        return true;
    return place(s, false, err);
}

// The library changes the profile that the secret comes from: it must be read as the one that comes first.
bool setup_move_secret(struct setup *s, struct ssa_error *err)
{
    const char *value = settings_secret_from(s->settings, FROM_PROFILE);
    if (value == NULL || reference_text_is_reference(value) || s->secret_in_file)
        return true;
    return setup_read_profile(s, err) && place(s, true, err) && setup_read_profile(s, err);
}
