// Both halves of a key that was left.
#include "flow/pair.h"

#include "core/text.h"
#include "flow/fetch.h"

void pair_end(struct pair *pair)
{
    token_close(&pair->own.token);
    uri_free(&pair->own.uri);
}

bool pair_open(struct pair *pair, struct recovery *r, const struct entry *entry, struct ssa_error *err)
{
    URI_AUTO *key = NULL;
    pair->run = r->run;
    pair->entry = entry;
    pair->to = recovery_opened(r);
    if (!uri_parse(entry->key_uri, &key, err))
        return false;
    if (pair->to == NULL || !token_matches(pair->to->token, key)) {
        pair->to = &pair->own;
        if (!open_token_again(r->run, entry->key_uri, pair->to, err))
            return false;
    }
    return key_locate(pair->to->token, key, entry->kid, &pair->key, &pair->slot, &pair->located, err);
}

static struct key_name name_of(const struct pair *pair)
{
    return (struct key_name){.kid = pair->entry->kid,
                             .email = pair->entry->email,
                             .label = pair->entry->label,
                             .slot = pair->slot,
                             .replaces = pair->entry->slot_was_used};
}

bool pair_prove(struct pair *pair, struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err)
{
    const struct key_name name = name_of(pair);
    *whole = pair->located == LOCATED && pair->key.private_object != 0;
    if (!*whole)
        return true;
    if (!open_officer(pair->to, r->run, err))
        return false;
    *whole = key_prove(pair->to->token, &name, &pair->key, err) &&
             key_complete(pair->to->token, &name, &pair->key, err);
    if (!*whole)
        return err->code == SSA_TOKEN;
    if (entry->operation != OP_KEY_ROTATE)
        return true;
    const struct proof proof = {.client_id = r->client_id, .account = entry->account, .kid = entry->kid};
    if (!key_again(pair->to->token, &name, &pair->key, err))
        return false;
    *whole = fetch_proof(r->run, r->client, &proof, pair->to->token, &pair->key, err);
    return *whole || err->code == SSA_REFUSED;
}

bool pair_destroy(struct pair *pair, struct ssa_error *err)
{
    const struct key_name name = name_of(pair);
    const bool replaced = pair->entry->slot_was_used;
    if (pair->located == LOCATED_NOTHING)
        return true;
    if (pair->located == LOCATED_ANOTHER || (pair->located == LOCATED_NAMELESS && replaced)) {
        if (!replaced)
            return true;
        // The certificate is the old key's; whether the key still is, nobody can see.
        error_set(err, SSA_IMPORT_LEFT, NULL, token_info(pair->to->token)->uri,
                  "slot %s holds the key that was to be replaced, or the new one under its certificate",
                  pair->entry->slot);
        return error_hint(err,
                          "Overwrite it (--slot %s --replace), or leave it: `ssa-hsm key recover --forget`.",
                          pair->entry->slot);
    }
    if (pair->located == LOCATED_NAMELESS)
        key_take_nameless(&pair->key);
    return open_officer(pair->to, pair->run, err) && key_destroy(pair->to->token, &name, &pair->key, err);
}

void profile_key_id(const char *path, char kid[static APS_ID_MAX])
{
    kid[0] = '\0';
    struct ssa_settings *settings = ssa_settings_new();
    if (settings != NULL && ssa_settings_profile(settings, path, true, NULL, NULL)) {
        const char *value = settings_from(settings, FROM_PROFILE, SET_KEY_ID);
        if (value == NULL || !text_format(kid, APS_ID_MAX, "%s", value))
            kid[0] = '\0';
    }
    ssa_settings_free(settings);
}

static struct block block_of(const struct recovery *r, const struct entry *e)
{
    return (struct block){.client_id = e->client_id,
                          .secret = r->secret.literal
                                        ? secret_text(&r->secret.text)
                                        : settings_get(r->run->settings, SET_CLIENT_SECRET, NULL),
                          .secret_is_literal = r->secret.literal,
                          .account_id = e->account,
                          .email = e->email,
                          .key_id = e->kid,
                          .private_key = e->key_uri};
}

bool pair_profile(const struct recovery *r, const struct journal *j, struct ssa_error *err)
{
    char kid[APS_ID_MAX];
    const struct entry *e = &j->entry;
    profile_key_id(e->profile, kid);
    if (strcmp(kid, e->kid) == 0)
        return true;
    PROFILE_AUTO target = {.fd = -1};
    SECRET_AUTO text = {0};
    const struct ssa_output output = {.file = e->profile, .replace = e->replaces_profile};
    const struct block block = block_of(r, e);
    return profile_choose(&target, r->run, &output, j->id, err) && profile_reserve(&target, err) &&
           secret_new(&text, PROFILE_MAX, err) && block_write(&block, r->run, &text, err) &&
           rest_append(target.path, block.secret != NULL, &text, err) &&
           profile_commit(&target, secret_span(&text), err);
}
