#include "signer/secret_token.h"

#include "config/reference.h"
#include "config/token_name.h"

// A URI without attributes of a token matches every token, so it names none. The URI's module does not count, since the
// settings may name another one.
static bool names(const struct uri *uri, const struct token *token)
{
    char named[URI_TEXT_MAX];
    uri_token_text(uri, named);
    return named[0] != '\0' && token_matches(token, uri);
}

// Which token a setting names.
enum naming { NAMES_NONE, NAMES_THIS, NAMES_ANOTHER };

static enum naming what_names(const struct ssa_run *run, enum setting setting, const struct token *token)
{
    URI_AUTO *uri = NULL;
    struct ssa_error why;
    const char *value = settings_get(run->settings, setting, NULL);
    if (value == NULL)
        return NAMES_NONE;
    const bool read = setting == SET_TOKEN ? token_name_parse(value, &uri, &why)
                                           : uri_text_is_uri(value) && uri_parse(value, &uri, &why);
    if (!read)
        return NAMES_NONE;
    return names(uri, token) ? NAMES_THIS : NAMES_ANOTHER;
}

// Whether the PIN source in the settings is for this token.
static bool has_settings_pin(const struct ssa_run *run, const struct token *token, enum other_token other)
{
    enum setting_source of_pin, of_token;
    (void)settings_get(run->settings, SET_PIN_SOURCE, &of_pin);
    (void)settings_get(run->settings, SET_TOKEN, &of_token);
    const enum naming key = what_names(run, SET_PRIVATE_KEY, token);
    const enum naming named = what_names(run, SET_TOKEN, token);
    if (other == OTHER_TOKEN_OPEN)
        return false;
    if (key == NAMES_THIS)
        return true;
    // Where both the key and the token are named, the PIN is for the key's token, unless token and PIN are both
    // options.
    const bool together = of_pin == FROM_OPTION && of_token == FROM_OPTION;
    if (named == NAMES_THIS && (together || key == NAMES_NONE))
        return true;
    if (other != OTHER_TOKEN_NONE)
        return false;
    // An option is for this command, and so for the one token that the command needs. Where the settings name no token,
    // there is no other token that the PIN could be for.
    return of_pin == FROM_OPTION || (key == NAMES_NONE && named == NAMES_NONE);
}

const char *open_token_pin_source(const struct ssa_run *run, const struct open_token *at)
{
    const char *source = at->pin.source;
    if (source == NULL || what_names(run, SET_PRIVATE_KEY, at->token) != NAMES_ANOTHER)
        return NULL;
    const enum reference_kind kind = reference_kind(source);
    return kind == REFERENCE_FILE || kind == REFERENCE_CREDENTIAL || kind == REFERENCE_ENV ? source : NULL;
}

bool open_token_of_secret(const struct ssa_run *run, const struct uri *uri, enum other_token other,
                          struct open_token *at, struct ssa_error *err)
{
    const struct token_wanted wanted = open_token_wanted(run, uri);
    if (!pin_policy_of_secret(&at->pin, run, uri, err) || !search_open(&wanted, &at->token, err))
        return false;
    const struct token_info *info = token_info(at->token);
    if (uri_pin_source(uri) != NULL || pin_attended(&at->pin, info) || has_settings_pin(run, at->token, other))
        return true;
    if (!token_answers(at->token, err))
        return false;
    error_set(err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_SECRET),
              "is on token \"%s\" and does not say where its PIN is: the PIN of another token is not tried on a "
              "guess",
              info->label);
    return error_hint(err, "Add it to the URI: pin-source=file:PATH, behind the ? or an &.");
}

static bool is_same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

// The settings may name a new token, and this one has an old key: or they are of a profile, and this one is not its.
static bool is_settings_pin_of(const struct ssa_run *run, const struct token *token, const struct open_token *opened)
{
    enum setting_source of_pin, of_token;
    const char *pin = settings_get(run->settings, SET_PIN_SOURCE, &of_pin);
    (void)settings_get(run->settings, SET_TOKEN, &of_token);
    const enum naming key = what_names(run, SET_PRIVATE_KEY, token);
    const enum naming named = what_names(run, SET_TOKEN, token);
    if (opened->token != NULL && is_same_text(opened->pin.source, pin))
        return false;
    if (key == NAMES_THIS || named == NAMES_THIS || (key == NAMES_NONE && named == NAMES_NONE))
        return true;
    // Where no option names another token, the person who gives this option means the token that needs a login.
    return of_pin == FROM_OPTION && (named != NAMES_ANOTHER || of_token != FROM_OPTION);
}

// Chooses the PIN source: that of the settings, or else the URI's own.
static bool choose_source(const struct ssa_run *run, const struct open_token *opened, struct open_token *at,
                          struct ssa_error *err)
{
    const struct token_info *info = token_info(at->token);
    if (settings_get(run->settings, SET_PIN_SOURCE, NULL) == NULL || pin_attended(&at->pin, info) ||
        is_settings_pin_of(run, at->token, opened))
        return true;
    if (uri_pin_source(at->uri) != NULL)
        return pin_policy_of_secret(&at->pin, run, at->uri, err);
    error_set(err, SSA_CONFIG, NULL, info->uri,
              "the settings name the PIN of another PKCS#11 token, which is not tried on a guess");
    return error_reason(err, SSA_REASON_SECRET_TOKEN_PIN, NULL);
}

bool open_token_again(const struct ssa_run *run, const char *uri, const struct open_token *opened,
                      struct open_token *at, struct ssa_error *err)
{
    return open_token_prepare(run, uri, at, err) && open_token_find(run, at, err) &&
           choose_source(run, opened, at, err) && open_token_login(at, true, err);
}
