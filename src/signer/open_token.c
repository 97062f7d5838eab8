#include "signer/open_token.h"

#include "config/reference.h"
#include "config/token_name.h"
#include "hsm/login/login.h"
#include "pin/turn.h"

void open_token_close(struct open_token *at)
{
    token_close(&at->token);
    uri_free(&at->uri);
}

static bool is_withheld(const void *context, const char *name)
{
    return ssa_settings_withheld(context, name);
}

struct module_user module_user_of(const struct ssa_run *run)
{
    const struct hosting hosting = {.callbacks = &run->callbacks, .withheld = is_withheld, .context = run->settings};
    return (struct module_user){.hosting = hosting, .turns = turns_of(run)};
}

struct token_wanted open_token_wanted(const struct ssa_run *run, const struct uri *uri)
{
    enum setting_source source;
    const char *module = settings_get(run->settings, SET_MODULE, &source);
    // An option always comes before the URI's module.
    const bool profile_first = settings_profile_first(run->settings) && source != FROM_OPTION;
    return (struct token_wanted){
        .uri = uri, .module = module, .user = module_user_of(run), .uri_module_first = profile_first};
}

// The URI of SSA_HSM_TOKEN, or else of the key. An old block has a PEM for the key, which names no token.
static bool read_uri(const struct ssa_run *run, struct uri **uri, struct ssa_error *err)
{
    const char *token = settings_get(run->settings, SET_TOKEN, NULL);
    const char *key = settings_get(run->settings, SET_PRIVATE_KEY, NULL);
    if (token != NULL)
        return token_name_parse(token, uri, err);
    return key == NULL || !uri_text_is_uri(key) || uri_parse(key, uri, err);
}

bool open_token_prepare(const struct ssa_run *run, const char *uri, struct open_token *at, struct ssa_error *err)
{
    return uri_parse(uri, &at->uri, err) && pin_policy_init(&at->pin, run, at->uri, err);
}

bool open_token_find(const struct ssa_run *run, struct open_token *at, struct ssa_error *err)
{
    struct token_wanted wanted = open_token_wanted(run, at->uri);
    wanted.user.threads = at->threads;
    return search_open(&wanted, &at->token, err);
}

// A token that no URI names is only used where a person sees its name and types the PIN. A URI that matches every token
// names none.
static bool check_named(const struct open_token *at, struct ssa_error *err)
{
    const struct token_info *info = token_info(at->token);
    if (at->chosen)
        return true;
    if (at->uri != NULL && (uri_names_place(at->uri) || uri_names_object(at->uri)))
        return true;
    if (pin_attended(&at->pin, info))
        return true;
    error_set(err, SSA_CONFIG, NULL, NULL, "with a stored PIN, the PKCS#11 token must be named");
    return error_reason(err, SSA_REASON_TOKEN_NOT_NAMED, "%s", info->uri);
}

bool open_token_of_settings(const struct ssa_run *run, struct open_token *at, struct ssa_error *err)
{
    if (!read_uri(run, &at->uri, err) || !pin_policy_init(&at->pin, run, at->uri, err))
        return false;
    struct token_wanted wanted = open_token_wanted(run, at->uri);
    wanted.chosen = &at->chosen;
    return search_open(&wanted, &at->token, err) && check_named(at, err);
}

bool open_token_login(struct open_token *at, bool writable, struct ssa_error *err)
{
    const struct pin_giver user = pin_giver_of(&at->pin);
    return login_user(at->token, writable, &user, err);
}

bool open_token_officer(struct open_token *at, const struct ssa_run *run, struct ssa_error *err)
{
    if (at->officer_known)
        return true;
    at->so = (struct so_pin){.run = run, .token = at->token};
    const struct pin_giver officer = so_pin_giver(&at->so);
    return at->officer_known = login_officer(at->token, &officer, err);
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
    if (parts.pin_source != NULL) {
        parts.pin_source = reference_lasting(parts.pin_source, lasting, err);
        if (parts.pin_source == NULL)
            return false;
    }
    parts.token = &token_info(token)->name;
    parts.apart = &token_info(token)->apart;
    parts.module_path = path;
    parts.module_name = token_module_name(token);
    return uri_write(&parts, out, err);
}
