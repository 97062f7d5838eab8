#include "signer/client_secret.h"

#include "config/secret_source.h"
#include "core/callback.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "hsm/data/data_uri.h"
#include "pin/turn.h"

enum { CLIENT_SECRET_MAX = 4096 };

static bool refuse_client_id(char found, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID), "has a character that is not valid in a client id");
    if (found == ' ' || found == '\t' || found == '\r' || found == '\n')
        return error_hint(err, "It is a blank or a line break: copy the client id without it.");
    return found != '"' && found != '\'' ? false : error_hint(err, "It is a quote: set the client id without it.");
}

bool client_id_read(const struct ssa_run *run, const char **client_id, struct ssa_error *err)
{
    *client_id = settings_get(run->settings, SET_CLIENT_ID, NULL);
    if (*client_id == NULL)
        return error_because(err, SSA_CONFIG, SSA_REASON_NO_CLIENT_ID, setting_name(SET_CLIENT_ID), "is not set");
    for (const char *p = *client_id; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == ':' || *p == '\'')
            return refuse_client_id(*p, err);
    return true;
}

void client_secret_free(struct client_secret *secret)
{
    secret_free(&secret->text);
    uri_free(&secret->uri);
}

enum secret_place client_secret_place(const struct client_secret *secret, const struct token *open)
{
    if (secret->text.len > 0)
        return SECRET_AT_HAND;
    if (secret->uri == NULL)
        return SECRET_NOT_BEGUN;
    return open != NULL && token_matches(open, secret->uri) ? SECRET_ON_OPEN_TOKEN : SECRET_ON_OTHER_TOKEN;
}

bool client_secret_is_on_token(const struct ssa_settings *settings)
{
    const char *value = settings_get(settings, SET_CLIENT_SECRET, NULL);
    return value != NULL && uri_text_is_uri(value);
}

const char *client_secret_in_profile(const struct ssa_run *run, const struct client_secret *secret, bool *literal)
{
    const char *value = settings_get(run->settings, SET_CLIENT_SECRET, NULL);
    *literal = value == NULL || !reference_text_is_reference(value);
    if (value == NULL && secret->text.len > 0)
        return secret_text(&secret->text);
    return value;
}

static bool ask(const struct ssa_run *run, const char *client_id, struct secret *secret, struct ssa_error *err)
{
    const char *name = setting_name(SET_CLIENT_SECRET);
    char prompt[SSA_ERROR_TEXT_MAX];
    if (run->callbacks.ask_secret == NULL)
        return error_because(err, SSA_CONFIG, SSA_REASON_NO_CLIENT_SECRET, name,
                             "is not set, and there is nobody to ask");
    if (!text_format(prompt, sizeof prompt, "Client secret of %s: ", client_id))
        return error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_ID), "is too long");
    // Other processes may use a PKCS#11 token that is open meanwhile.
    turns_pause();
    if (!callback_ask_secret(&run->callbacks, prompt, secret, err)) {
        // callback_ask_secret fails with the class for PINs.
        if (err->code == SSA_PIN)
            err->code = SSA_CONFIG;
        return false;
    }
    if (secret->len == 0)
        return error_set(err, SSA_CONFIG, NULL, name, "the client secret is empty");
    return turns_resume(run, err);
}

bool client_secret_ask(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err)
{
    const char *client_id = NULL;
    client_secret_free(secret);
    *secret = (struct client_secret){0};
    return client_id_read(run, &client_id, err) && secret_new(&secret->text, CLIENT_SECRET_MAX, err) &&
           ask(run, client_id, &secret->text, err);
}

bool client_secret_begin(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err)
{
    const char *name = setting_name(SET_CLIENT_SECRET), *client_id = NULL;
    const char *value = settings_get(run->settings, SET_CLIENT_SECRET, NULL);
    *secret = (struct client_secret){0};
    if (!client_id_read(run, &client_id, err) || !secret_new(&secret->text, CLIENT_SECRET_MAX, err))
        return false;
    if (value == NULL)
        return ask(run, client_id, &secret->text, err);
    if (uri_text_is_uri(value))
        return uri_parse(value, &secret->uri, err) && data_check_uri(secret->uri, name, err);
    if (reference_text_is_reference(value))
        return secret_source_read(value, name, run, &secret->text, err);
    return secret_append_text(&secret->text, value) ||
           error_set(err, SSA_CONFIG, NULL, name, "is longer than %d bytes", CLIENT_SECRET_MAX);
}

static bool read_from(const struct ssa_run *run, struct client_secret *secret, struct token *token,
                      struct ssa_error *err)
{
    const char *label = token_info(token)->label;
    bool is_private = false;
    size_t count = 0;
    if (!data_read(token, secret->uri, &secret->text, &is_private, &count, err))
        return false;
    if (count > 1)
        tell_reason(&run->callbacks, SSA_WARNING, SSA_REASON_SECRETS_OF_ONE_NAME, NULL,
                    "token \"%s\" holds %zu client secrets with one label, and the oldest is used", label, count);
    if (!is_private)
        tell_reason(&run->callbacks, SSA_WARNING, SSA_REASON_SECRET_IN_THE_OPEN, NULL,
                    "the client secret on token \"%s\" can be read without its PIN", label);
    return true;
}

static bool read_at_own(const struct ssa_run *run, struct client_secret *secret, enum other_token other, bool writable,
                        struct open_token *own, struct ssa_error *err)
{
    if (!open_token_of_secret(run, secret->uri, other, own, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token of the client secret: %s", token_info(own->token)->uri);
    if (!open_token_login(own, writable && !token_info(own->token)->write_protected, err))
        return false;
    return read_from(run, secret, own->token, err);
}

bool client_secret_read(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                        struct open_token *keep, struct ssa_error *err)
{
    if (client_secret_place(secret, NULL) == SECRET_NOT_BEGUN && !client_secret_begin(run, secret, err))
        return false;
    if (client_secret_place(secret, NULL) == SECRET_AT_HAND)
        return true;
    if (keep == NULL)
        return client_secret_elsewhere(run, secret, other, NULL, err);
    // A caller that keeps the token destroys keys on it, so the session may write.
    if (read_at_own(run, secret, other, true, keep, err))
        return true;
    token_close(&keep->token);
    return false;
}

bool client_secret_elsewhere(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                             struct pin_tries *tries, struct ssa_error *err)
{
    OPEN_TOKEN_AUTO own = {.pin = {.tries = tries}};
    return read_at_own(run, secret, other, false, &own, err);
}

bool client_secret_complete(const struct ssa_run *run, struct client_secret *secret, struct token *open,
                            struct pin_tries *tries, struct ssa_error *err)
{
    switch (client_secret_place(secret, open)) {
    case SECRET_ON_OPEN_TOKEN:
        return read_from(run, secret, open, err);
    case SECRET_ON_OTHER_TOKEN:
        return client_secret_elsewhere(run, secret, open != NULL ? OTHER_TOKEN_OPEN : OTHER_TOKEN_NONE, tries, err);
    default:
        return true;
    }
}
