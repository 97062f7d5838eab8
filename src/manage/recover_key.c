// Both halves of a key that was left.
#include "manage/recover_key.h"

#include <errno.h>

#include "config/profile_write.h"
#include "core/tell.h"
#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/import/import.h"
#include "hsm/import/throwaway.h"
#include "hsm/key/prove.h"
#include "hsm/object/empty.h"
#include "manage/import_block.h"
#include "manage/profile_files.h"
#include "signer/access_token.h"

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

bool pair_confirm(struct pair *pair, struct ssa_error *err)
{
    struct key again;
    URI_AUTO *uri = NULL;
    uint8_t slot = 0;
    enum located located;
    if (!uri_parse(pair->entry->key_uri, &uri, err) ||
        !key_locate(pair->to->token, uri, pair->entry->kid, &again, &slot, &located, err))
        return false;
    const bool same = located == pair->located &&
                      (again.private_object != 0) == (pair->key.private_object != 0) &&
                      (again.public_object != 0) == (pair->key.public_object != 0) &&
                      span_equal(span_of(again.modulus, again.modulus_len),
                                 span_of(pair->key.modulus, pair->key.modulus_len));
    return same || error_set(err, SSA_TOKEN, NULL, token_info(pair->to->token)->uri,
                             "the PKCS#11 token says of the key once this and once that");
}

// Whether the token shows, without any failure, that the key is not as it must be.
static bool is_unfit(struct pair *pair, const struct key_name *name, const struct ssa_error *err)
{
    struct key key = pair->key;
    return err->code == SSA_TOKEN && key_is_unfit(pair->to->token, name, &key);
}

bool pair_prove(struct pair *pair, struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err)
{
    const struct key_name name = name_of(pair);
    *whole = pair->located == LOCATED && pair->key.private_object != 0 && pair->key.modulus_len > 0;
    if (!*whole)
        return true;
    if (!open_token_officer(pair->to, r->run, err))
        return false;
    // A public half that is not there is made: not on one look.
    if (pair->slot == 0 && pair->key.public_object == 0 && !pair_confirm(pair, err))
        return false;
    *whole = key_prove(pair->to->token, &name, &pair->key, err) &&
             key_complete(pair->to->token, &name, &pair->key, err);
    if (!*whole)
        return is_unfit(pair, &name, err);
    if (entry->operation != OP_KEY_ROTATE)
        return true;
    const struct access_token_key proof = {
        .client_id = r->client_id, .account = entry->account, .kid = entry->kid};
    return key_again(pair->to->token, &name, &pair->key, err) &&
           access_token_try(r->run, r->client, &proof, pair->to->token, &pair->key, err);
}

static bool is_anothers(const struct pair *pair, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, pair->entry->key_uri,
              "the PKCS#11 token holds objects with this id that this operation did not make");
    return error_reason(err, SSA_REASON_ANOTHERS, NULL);
}

bool pair_destroy(struct pair *pair, struct ssa_error *err)
{
    const struct key_name name = name_of(pair);
    const bool replaced = pair->entry->slot_was_used;
    if (pair->located == LOCATED_NOTHING)
        return true;
    if (pair->located == LOCATED_ANOTHER || (pair->located == LOCATED_NAMELESS && replaced)) {
        if (!replaced && pair->slot != 0)
            return true;
        if (!replaced)
            return is_anothers(pair, err);
        // The certificate is the old key's; whether the key still is, nobody can see.
        error_set(err, SSA_TOKEN, NULL, token_info(pair->to->token)->uri,
                  "slot %s holds the key that was to be replaced, or the new one under its certificate",
                  pair->entry->slot);
        return error_hint(err,
                          "Overwrite it (--slot %s --replace), or leave it: `ssa-hsm key recover --forget`.",
                          pair->entry->slot);
    }
    if (pair->located == LOCATED_NAMELESS)
        key_take_nameless(&pair->key);
    return open_token_officer(pair->to, pair->run, err) &&
           key_destroy(pair->to->token, &name, &pair->key, err);
}

// Whose a half is that was not written to its end, nothing on it tells.
static bool tell_empty(const struct pair *pair, struct ssa_error *err)
{
    struct token *token = pair->to->token;
    const char *module = token_module_path(token);
    size_t count = 0;
    if (!key_count_empty(token, &count, err))
        return false;
    if (count > 0 && count != EMPTY_UNKNOWN)
        tell(&pair->run->callbacks, SSA_WARNING,
             "%zu object%s without a name %s on the PKCS#11 token, as an interrupted import leaves them; "
             "they are "
             "no keys that work, and whose they are cannot be told, so they are left: `pkcs11-tool --module "
             "%s "
             "--login --list-objects` shows them, and the token's own tool removes them",
             count, count == 1 ? "" : "s", count == 1 ? "is" : "are", module != NULL ? module : "MODULE");
    return true;
}

bool pair_sweep(struct pair *pair, struct ssa_error *err)
{
    size_t destroyed = 0;
    if (token_has_slots(pair->to->token))
        return true;
    return token_destroy_throwaway(pair->to->token, pair->entry->throwaway, &destroyed, err) &&
           (pair->entry->step != STEP_KEY_MADE || tell_empty(pair, err));
}

static struct profile_block block_of(const struct recovery *r, const struct entry *e)
{
    bool literal = false;
    const char *secret = client_secret_in_profile(r->run, &r->secret, &literal);
    return (struct profile_block){.client_id = e->client_id,
                                  .secret = secret,
                                  .secret_is_literal = literal,
                                  .account_id = e->account,
                                  .email = e->email,
                                  .key_id = e->kid,
                                  .private_key = e->key_uri};
}

// An old block names the key, too, which is in it and not on the token.
static bool has_key(const char *path, const struct entry *e)
{
    struct profile_said said;
    bool there = false;
    return profile_read_said(path, &said, &there, NULL) && there && strcmp(said.key_id, e->kid) == 0 &&
           (!e->replaces_block || (!said.key_is_pem && said.private_key[0] != '\0'));
}

// Where the profile goes: to its place, where that is as it was before the operation or empty, else beside
// it.
static bool choose_place(const struct entry *e, char where[static PATH_TEXT_MAX], bool *beside,
                         struct ssa_error *err)
{
    char mark[FINGERPRINT_TEXT];
    *beside = false;
    if (!has_key(e->profile, e)) {
        // What cannot be read as a profile is not replaced by one.
        *beside = !profile_mark(e->profile, mark, NULL) ||
                  (strcmp(mark, profile_absent) != 0 &&
                   (!e->replaces_profile || strcmp(mark, e->profile_before) != 0));
    }
    return text_format(where, PATH_TEXT_MAX, "%s%s%s", e->profile, *beside ? "." : "",
                       *beside ? e->kid : "") ||
           error_errno(err, SSA_CONFIG, ENAMETOOLONG, e->profile, "the path is too long");
}

// What others keep in the profile. Of the block that the key comes from the old names go, and the key with
// them.
static bool append_rest(const char *path, const struct entry *e, bool with_secret, struct secret *text,
                        struct ssa_error *err)
{
    return e->replaces_block ? profile_others_append(path, old_name_is_replaced, with_secret, text, err)
                             : profile_others_append(path, profile_block_has, with_secret, text, err);
}

// The file that is replaced held the key as text.
static bool tell_blocks(const struct recovery *r, const struct entry *e, bool beside)
{
    if (e->replaces_block)
        tell(&r->run->callbacks, SSA_WARNING,
             beside ? "%s still holds the key that was imported from it"
                    : "%s is replaced, but the blocks that held its key are not overwritten",
             e->profile);
    return true;
}

bool pair_profile(const struct recovery *r, const struct journal *j, char where[static PATH_TEXT_MAX],
                  bool *beside, struct ssa_error *err)
{
    const struct entry *e = j->entry;
    if (!choose_place(e, where, beside, err))
        return false;
    if (has_key(where, e))
        return true;
    PROFILE_AUTO target = {.fd = -1};
    SECRET_AUTO text = {0};
    const struct ssa_output output = {.file = where, .replace = e->replaces_profile && !*beside};
    const struct profile_block block = block_of(r, e);
    return profile_choose(&target, r->run, &output, j->id, err) && profile_reserve(&target, err) &&
           secret_new(&text, PROFILE_MAX, err) && profile_block_write(&block, r->run, &text, err) &&
           (*beside || append_rest(target.path, e, block.secret != NULL, &text, err)) &&
           profile_commit(&target, secret_span(&text), err) && tell_blocks(r, e, *beside);
}
