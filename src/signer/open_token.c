// From settings to an open token and an API client.
#include "signer/open_token.h"

#include "config/secret_source.h"
#include "config/token_name.h"
#include "core/tell.h"
#include "core/text.h"
#include "hsm/data/data.h"
#include "hsm/import/import.h"
#include "hsm/login/login.h"
#include "hsm/search/open.h"
#include "pin/turn.h"

static struct token_wanted wanted_of(const struct ssa_run *run, const struct uri *uri)
{
    enum setting_source source;
    const char *module = settings_get(run->settings, SET_MODULE, &source);
    // An option goes before the URI in any case.
    return (struct token_wanted){.uri = uri,
                                 .module = module,
                                 .callbacks = &run->callbacks,
                                 .turns = turns_of(run),
                                 .uri_module_first =
                                     settings_profile_first(run->settings) && source != FROM_OPTION};
}

bool token_of_uri_needs_search(const struct ssa_run *run, const struct uri *uri)
{
    const struct token_wanted wanted = wanted_of(run, uri);
    return token_needs_search(&wanted);
}

bool token_of_uri(const struct ssa_run *run, const struct uri *uri, struct token **token,
                  struct ssa_error *err)
{
    const struct token_wanted wanted = wanted_of(run, uri);
    return token_open(&wanted, token, err);
}

bool may_guess_token(const struct pin_policy *policy, const struct token_info *info, struct ssa_error *err)
{
    if (pin_attended(policy, info))
        return true;
    error_set(err, SSA_CONFIG, NULL, setting_name(SET_TOKEN),
              "is not set, and a stored PIN is not tried on a guess");
    return error_hint(err, "This is the token there is: SSA_HSM_TOKEN=\"%s\"", info->uri);
}

// SSA_HSM_TOKEN, else the key's URI: an old block's PEM names no token. *uri stays NULL where none is named.
static bool read_names(const struct ssa_run *run, struct uri **uri, struct ssa_error *err)
{
    const char *token = settings_get(run->settings, SET_TOKEN, NULL);
    const char *key = settings_get(run->settings, SET_PRIVATE_KEY, NULL);
    if (token != NULL)
        return token_name_parse(token, uri, err);
    return key == NULL || !text_is_uri(key) || uri_parse(key, uri, err);
}

// A URI that fits any token names none.
static bool named_or_guessed(const struct pin_policy *policy, const struct uri *uri,
                             const struct token *token, struct ssa_error *err)
{
    return (uri != NULL && (uri_names_place(uri) || uri_names_object(uri))) ||
           may_guess_token(policy, token_info(token), err);
}

bool open_token_of_settings(const struct ssa_run *run, struct pin_policy *policy, struct uri **uri,
                            struct token **token, struct ssa_error *err)
{
    if (!read_names(run, uri, err) || !pin_policy_init(policy, run, *uri, err) ||
        !token_of_uri(run, *uri, token, err) || !named_or_guessed(policy, *uri, *token, err))
        return false;
    const struct pin_giver giver = pin_giver_of(policy);
    return token_login(*token, false, &giver, err);
}

// Destroying a key takes a person's word for it, or a service's explicit one.
static bool may_replace(const struct ssa_run *run, const struct ssa_output *output,
                        const struct open_token *target, struct ssa_error *err)
{
    char question[SSA_ERROR_TEXT_MAX];
    if (!target->slot.used || output->yes)
        return true;
    (void)text_format(question, sizeof question, "Destroy the key in slot %s of token \"%s\"?",
                      target->slot.name, token_info(target->token)->label);
    if (confirms(&run->callbacks, question))
        return true;
    error_set(err, SSA_CONFIG, NULL, token_info(target->token)->uri,
              "the key in slot %s is left: its replacement was not confirmed", target->slot.name);
    return error_hint(err, "--yes confirms it, for use without a terminal.");
}

static bool choose_slot(const struct ssa_run *run, const struct ssa_output *output, struct open_token *target,
                        struct ssa_error *err)
{
    if (!token_has_slots(target->token))
        return (output->slot == NULL && !output->replace_key) ||
               error_set(err, SSA_USAGE, NULL, token_info(target->token)->uri,
                         "the token has no slots: --slot and --replace are for cards");
    if (output->replace_key && output->slot == NULL)
        return error_set(err, SSA_USAGE, NULL, NULL,
                         "--replace goes with --slot: which key is to be destroyed?");
    if (!slot_choose(target->token, output->slot, output->replace_key, &target->slot, err) ||
        !may_replace(run, output, target, err))
        return false;
    tell(&run->callbacks, SSA_NOTICE, "the key goes into slot %s of token \"%s\"", target->slot.name,
         token_info(target->token)->label);
    return true;
}

bool open_token_officer(struct open_token *target, const struct ssa_run *run, struct ssa_error *err)
{
    if (target->officer_known)
        return true;
    target->so = (struct so_pin){.run = run, .token = target->token};
    const struct pin_giver officer = so_pin_giver(&target->so);
    return target->officer_known = token_login_officer(target->token, &officer, err);
}

bool open_token_again(const struct ssa_run *run, const char *uri, struct open_token *target,
                      struct ssa_error *err)
{
    if (!uri_parse(uri, &target->uri, err) || !pin_policy_init(&target->pin, run, target->uri, err) ||
        !token_of_uri(run, target->uri, &target->token, err))
        return false;
    const struct pin_giver user = pin_giver_of(&target->pin);
    return token_login(target->token, true, &user, err);
}

// A new key goes beside the one that there is.
static bool find_target(const struct ssa_run *run, struct open_token *target, struct ssa_error *err)
{
    return read_names(run, &target->uri, err) && pin_policy_init(&target->pin, run, target->uri, err) &&
           token_of_uri(run, target->uri, &target->token, err) &&
           named_or_guessed(&target->pin, target->uri, target->token, err);
}

bool open_token_for_secret(const struct ssa_run *run, struct open_token *target, struct ssa_error *err)
{
    return find_target(run, target, err) && data_check_able(target->token, err);
}

// A URI without a token's attributes fits any, and so means none. (Which module it names does not count: the
// settings may name another in its place.)
static bool means(const struct uri *uri, const struct token *token)
{
    char named[URI_TEXT_MAX];
    uri_token_text(uri, named);
    return named[0] != '\0' && token_matches(token, uri);
}

// Whether the settings name this token under the name; *named: whether they name any.
static bool is_named(const struct ssa_run *run, enum setting setting, const struct token *token, bool *named)
{
    URI_AUTO *uri = NULL;
    const char *value = settings_get(run->settings, setting, NULL);
    if (value == NULL)
        return false;
    const bool read = setting == SET_TOKEN ? token_name_parse(value, &uri, NULL)
                                           : text_is_uri(value) && uri_parse(value, &uri, NULL);
    *named = *named || read;
    return read && means(uri, token);
}

// Whether the PIN source of the settings is this token's. An option is given for this one command, so for the
// one token that it needs; and where the settings name no token there is no other that it could be of.
static bool has_their_pin(const struct ssa_run *run, const struct token *token, enum beside beside)
{
    bool named = false;
    enum setting_source source, of_token;
    (void)settings_get(run->settings, SET_PIN_SOURCE, &source);
    (void)settings_get(run->settings, SET_TOKEN, &of_token);
    if (beside == BESIDE_ANOTHER)
        return false;
    if (is_named(run, SET_PRIVATE_KEY, token, &named))
        return true;
    // Where both are named, it is the key's, unless token and PIN stand side by side in the command line.
    const bool together = source == FROM_OPTION && of_token == FROM_OPTION;
    return ((together || !named) && is_named(run, SET_TOKEN, token, &named)) ||
           (beside == BESIDE_NONE && (source == FROM_OPTION || !named));
}

const char *open_token_pin_source(const struct ssa_run *run, const struct open_token *target)
{
    bool named = false;
    const char *source = target->pin.source;
    if (source == NULL || is_named(run, SET_PRIVATE_KEY, target->token, &named) || !named)
        return NULL;
    const enum reference_kind kind = reference_kind(source);
    return kind == REFERENCE_FILE || kind == REFERENCE_CREDENTIAL || kind == REFERENCE_ENV ? source : NULL;
}

bool open_token_of_secret(const struct ssa_run *run, const struct uri *uri, enum beside beside,
                          struct open_token *target, struct ssa_error *err)
{
    if (!pin_policy_of_secret(&target->pin, run, uri, err) || !token_of_uri(run, uri, &target->token, err))
        return false;
    const struct token_info *info = token_info(target->token);
    if (uri_pin_source(uri) != NULL || pin_attended(&target->pin, info) ||
        has_their_pin(run, target->token, beside))
        return true;
    error_set(
        err, SSA_CONFIG, NULL, setting_name(SET_CLIENT_SECRET),
        "is on token \"%s\", and says not where its PIN is: that of another token is not tried on a guess",
        info->label);
    return error_hint(err, "Add it to the URI: pin-source=file:PATH, behind the ? or an &.");
}

bool lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                 char out[static URI_TEXT_MAX], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX] = "", lasting[PATH_TEXT_MAX];
    const char *by_path = token_module_path(token);
    if (by_path != NULL && !path_absolute(by_path, path, err))
        return false;
    if (given != NULL && uri_pin_source(given) != NULL)
        parts.pin_source = uri_pin_source(given);
    if (parts.pin_source != NULL &&
        (parts.pin_source = reference_lasting(parts.pin_source, lasting, err)) == NULL)
        return false;
    parts.token = &token_info(token)->name;
    parts.apart = &token_info(token)->apart;
    parts.module_path = path;
    parts.module_name = token_module_name(token);
    return uri_write(&parts, out, err);
}

bool open_token_for_key(const struct ssa_run *run, const struct ssa_output *output, struct open_token *target,
                        struct ssa_error *err)
{
    if (!find_target(run, target, err))
        return false;
    const struct pin_giver user = pin_giver_of(&target->pin);
    // Keys are private objects: which slots are used shows only after the login.
    return token_check_able(target->token, err) &&
           (!token_has_slots(target->token) || slot_survey(target->token, err)) &&
           token_login(target->token, true, &user, err) && choose_slot(run, output, target, err) &&
           open_token_officer(target, run, err);
}
