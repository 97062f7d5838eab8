// Where the client secret comes from.
#include "signer/client_secret.h"

#include "config/secret_source.h"
#include "core/tell.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "hsm/data/data_uri.h"
#include "hsm/login/login.h"
#include "signer/open_token.h"

enum { CLIENT_SECRET_MAX = 4096 };

void client_secret_free(struct client_secret *secret)
{
    secret_free(&secret->text);
    uri_free(&secret->uri);
}

bool client_secret_is_on_token(const struct ssa_settings *settings)
{
    const char *value = settings_get(settings, SET_CLIENT_SECRET, NULL);
    return value != NULL && text_is_uri(value);
}

static bool ask_secret(const struct ssa_run *run, struct secret *secret, struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &run->callbacks;
    const char *client = settings_get(run->settings, SET_CLIENT_ID, NULL);
    char prompt[512];
    if (callbacks->ask_secret == NULL) {
        error_set(err, SSA_CONFIG, NULL, NULL, "APS_SECRET_ID is not set, and there is nobody to ask");
        return error_hint(err, "Set it to the client secret, or to a reference: file:PATH, env:NAME, fd:N, "
                               "credential:NAME, a data object's pkcs11: URI.");
    }
    (void)text_format(prompt, sizeof prompt, "Client secret of %s: ", client);
    if (!ask_for_secret(callbacks, prompt, secret, err)) {
        if (err->code == SSA_PIN)
            err->code = SSA_CONFIG;
        return false;
    }
    return secret->len > 0 || error_set(err, SSA_CONFIG, NULL, NULL, "the client secret is empty");
}

bool client_secret_begin(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err)
{
    const char *value = settings_get(run->settings, SET_CLIENT_SECRET, NULL);
    *secret = (struct client_secret){.literal = true, .keep = secret->keep};
    if (!secret_new(&secret->text, CLIENT_SECRET_MAX, err))
        return false;
    if (value == NULL)
        return ask_secret(run, &secret->text, err);
    if (!text_is_reference(value))
        return secret_append_text(&secret->text, value) ||
               error_set(err, SSA_CONFIG, NULL, "APS_SECRET_ID", "is longer than %d bytes",
                         CLIENT_SECRET_MAX);
    secret->literal = false;
    if (text_is_uri(value))
        return uri_parse(value, &secret->uri, err) && data_check_uri(secret->uri, "APS_SECRET_ID", err);
    return secret_source_read(value, "APS_SECRET_ID", run, &secret->text, err);
}

bool client_secret_is_late(const struct client_secret *secret)
{
    return secret->uri != NULL && secret->text.len == 0;
}

static bool read_from(const struct ssa_run *run, struct client_secret *secret, struct token *token,
                      struct ssa_error *err)
{
    bool is_private = false;
    size_t count = 0;
    if (!data_read(token, secret->uri, &secret->text, &is_private, &count, err))
        return false;
    if (count > 1)
        tell(&run->callbacks, SSA_WARNING,
             "token \"%s\" holds %zu client secrets of one label, and the oldest is used: an import did not "
             "come to its end. `ssa-hsm key recover` finishes it where it was run; `ssa-hsm secret import "
             "--force` leaves one",
             token_info(token)->label, count);
    if (!is_private)
        tell(&run->callbacks, SSA_WARNING,
             "the client secret on token \"%s\" can be read without its PIN: `ssa-hsm secret import --force` "
             "stores "
             "it as a private object",
             token_info(token)->label);
    return true;
}

static bool read_at(const struct ssa_run *run, struct client_secret *secret, struct pin_tries *tries,
                    struct open_token *at, struct ssa_error *err)
{
    const enum beside beside = secret->elsewhere      ? BESIDE_ANOTHER
                               : secret->keep != NULL ? BESIDE_PERHAPS
                                                      : BESIDE_NONE;
    if (!open_token_of_secret(run, secret->uri, beside, at, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token of the client secret: %s", token_info(at->token)->uri);
    at->pin.tries = tries;
    const struct pin_giver giver = pin_giver_of(&at->pin);
    // What it is kept for are keys that go.
    const bool writable = secret->keep != NULL && !token_info(at->token)->write_protected;
    return token_login(at->token, writable, &giver, err) && read_from(run, secret, at->token, err);
}

static bool read_from_its_own(const struct ssa_run *run, struct client_secret *secret,
                              struct pin_tries *tries, struct ssa_error *err)
{
    struct open_token own = {0};
    struct open_token *at = secret->keep != NULL ? secret->keep : &own;
    const bool done = read_at(run, secret, tries, at, err);
    if (!done || secret->keep == NULL)
        token_close(&at->token);
    return done;
}

bool client_secret_complete(const struct ssa_run *run, struct client_secret *secret, struct token *opened,
                            struct pin_tries *tries, struct ssa_error *err)
{
    if (!client_secret_is_late(secret))
        return true;
    if (opened != NULL && token_matches(opened, secret->uri))
        return read_from(run, secret, opened, err);
    secret->elsewhere = secret->elsewhere || opened != NULL;
    return read_from_its_own(run, secret, tries, err);
}

bool client_secret_read(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err)
{
    return client_secret_begin(run, secret, err) && client_secret_complete(run, secret, NULL, NULL, err);
}
