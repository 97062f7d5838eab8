// setup --dry-run: what would be done, as commands for a script. It asks nobody for anything.
#include "cli/output/print.h"
#include "cli/setup/plain.h"
#include "cli/setup/setup.h"
#include "config/reference.h"
#include "config/settings.h"
#include "core/text.h"

static bool plan_token(struct setup *s, struct ssa_error *err)
{
    TOKENS_AUTO tokens = {.list = NULL};
    if (setup_has_key(s) || settings_get(s->settings, SET_TOKEN, NULL) != NULL)
        return true;
    if (!setup_list_tokens(s, &tokens, err))
        return false;
    if (tokens.count == 0)
        return setup_plan_softhsm_token(s, err);
    if (!text_format(s->token, sizeof s->token, "%s", tokens.list[0].uri))
        return error_set(err, SSA_UNEXPECTED, NULL, tokens.list[0].uri, "the URI is too long");
    for (size_t i = 0; tokens.count > 1 && i < tokens.count; i++)
        print_note("PKCS#11 token %s%s\n%s", tokens.list[i].text, i == 0 ? " is taken here" : "", tokens.list[i].uri);
    return true;
}

static const char *token_option(const struct setup *s)
{
    return s->token[0] != '\0' ? "--token" : "";
}

static bool plan_secret(const struct setup *s, bool exported, struct ssa_error *err)
{
    static const char what[] = "put the client secret on the PKCS#11 token; leave this out to have it in the profile";
    const char *value = settings_get(s->settings, SET_CLIENT_SECRET, NULL);
    const char *const *words =
        WORDS("ssa-hsm", "secret", "import", setup_client_option(s), s->client_id, token_option(s), s->token);
    if (value != NULL && reference_text_is_reference(value))
        return true;
    return exported ? plain_print_exported(what, words, err) : plain_print(what, words, err);
}

static bool plan_import(const struct setup *s, struct ssa_error *err)
{
    const struct setup_old *old = &s->old;
    return plain_print("put the key that the file holds on the PKCS#11 token",
                       WORDS("ssa-hsm", "key", "import", old->path, token_option(s), s->token,
                             setup_profile_is_there(s) ? "--force" : ""),
                       err) &&
           (!old->has_secret || plan_secret(s, false, err));
}

static bool plan_account(struct setup *s, struct ssa_error *err)
{
    const char *force = setup_profile_is_there(s) ? "--force" : "";
    setup_usual_names(s);
    if (!plan_secret(s, true, err))
        return false;
    if (setup_has_account(s))
        return plain_print("make a key for the profile's account",
                           WORDS("ssa-hsm", "key", "create", token_option(s), s->token, force), err);
    return plain_print("make an account, named FIRST-LAST, and its key",
                       WORDS("ssa-hsm", "account", "create", s->first, s->last, setup_client_option(s), s->client_id,
                             token_option(s), s->token, force),
                       err);
}

static bool plan_end_of_file(const struct setup *s, struct ssa_error *err)
{
    const struct setup_old *old = &s->old;
    if (old->path[0] == '\0')
        return true;
    if (old->key_path[0] != '\0' && !plain_print("destroy the key's file", WORDS("shred", "-u", old->key_path), err))
        return false;
    if (old->other[0] == '\0')
        return plain_print("destroy the old file", WORDS("shred", "-u", old->path), err);
    print_note("%s holds more than the account's block (%s): setup replaces the block's lines by a reference",
               old->path, old->other);
    return true;
}

static bool find_old(struct setup *s, struct ssa_error *err)
{
    const struct arguments *a = s->invocation->arguments;
    if (a->word_count > 0)
        return setup_read_old(s, a->words[0], err);
    if (!setup_read_old(s, ".env", ERROR_IGNORED))
        return true;
    const char *kid = setup_profile_value(s, SET_KEY_ID);
    if (setup_has_key(s) && strcmp(kid, s->old.kid) != 0)
        s->old.path[0] = '\0';
    return true;
}

bool setup_print_plan(struct setup *s, struct ssa_error *err)
{
    if (!find_old(s, err) || !plan_token(s, err))
        return false;
    if (settings_get(s->settings, SET_CLIENT_ID, NULL) == NULL && s->old.client_id[0] == '\0') {
        (void)text_format(s->client_id, sizeof s->client_id, "CLIENT_ID");
        print_note("CLIENT_ID stands for the client id of your app at https://aps.autodesk.com");
    }
    if (!setup_has_key(s) && !(s->old.path[0] != '\0' ? plan_import(s, err) : plan_account(s, err)))
        return false;
    return plain_print("fetch an access token, which proves that all works", WORDS("ssa-hsm", "token"), err) &&
           plan_end_of_file(s, err);
}
