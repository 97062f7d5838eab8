#include "recovery/recover_pair.h"

#include "core/callback.h"
#include "core/text.h"
#include "hsm/import/destroy.h"
#include "hsm/import/import.h"
#include "hsm/import/removal.h"
#include "hsm/import/throwaway.h"
#include "hsm/key/locate.h"
#include "hsm/key/prove.h"
#include "hsm/object/empty.h"
#include "ownership/ownership.h"
#include "signer/access_token.h"

static void open_known(struct pair *pair, struct recovery *r)
{
    pair->to = &r->open->to;
    pair->slot = r->open->to.slot.id;
    pair->key = *r->known->key;
    pair->located = pair->key.private_object != 0 || pair->key.public_object != 0 ? LOCATED : LOCATED_NOTHING;
}

bool pair_open(struct pair *pair, struct recovery *r, const struct entry *entry, struct ssa_error *err)
{
    URI_AUTO *key = NULL;
    pair->entry = entry;
    if (r->known != NULL && r->known->key != NULL) {
        open_known(pair, r);
        return true;
    }
    if (!uri_parse(entry->key_uri, &key, err))
        return false;
    if (!opened_or_again(r->open->run, &r->open->to, entry->key_uri, pair->own, &pair->to, err))
        return false;
    return key_locate(pair->to->token, key, entry->kid, &pair->key, &pair->slot, &pair->located, err);
}

// Whether the token shows the same key when it is asked again.
static bool confirm(const struct pair *pair, struct ssa_error *err)
{
    struct key again;
    URI_AUTO *uri = NULL;
    uint8_t slot = 0;
    enum located located;
    if (!uri_parse(pair->entry->key_uri, &uri, err) ||
        !key_locate(pair->to->token, uri, pair->entry->kid, &again, &slot, &located, err))
        return false;
    const bool same =
        located == pair->located && (again.private_object != 0) == (pair->key.private_object != 0) &&
        (again.public_object != 0) == (pair->key.public_object != 0) &&
        span_equal(span_of(again.modulus, again.modulus_len), span_of(pair->key.modulus, pair->key.modulus_len));
    return same || error_set(err, SSA_TOKEN, NULL, token_info(pair->to->token)->uri,
                             "the PKCS#11 token gives different answers about the key");
}

// Whether the token shows, without any failure, that the key is not as it must be.
static bool is_unfit(struct pair *pair, const struct key_name *name, const struct ssa_error *err)
{
    struct key key = pair->key;
    return err->code == SSA_TOKEN && key_is_unfit(pair->to->token, name, &key);
}

bool pair_prove(struct pair *pair, const struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err)
{
    const struct key_name name = opened_key_name(pair->entry, pair->slot);
    *whole = pair->located == LOCATED && pair->key.private_object != 0 && pair->key.modulus_len > 0;
    if (!*whole)
        return true;
    if (!open_token_officer(pair->to, r->open->run, err))
        return false;
    // A missing public half is made again, but only where the token was asked twice.
    if (pair->slot == 0 && pair->key.public_object == 0 && !confirm(pair, err))
        return false;
    *whole = import_prove(pair->to->token, &name, &pair->key, err) &&
             import_complete(pair->to->token, &name, &pair->key, err);
    if (!*whole)
        return is_unfit(pair, &name, err);
    if (entry->operation != OP_KEY_ROTATE)
        return true;
    const struct access_token_key proof = {
        .client_id = r->open->client_id, .account = entry->account, .kid = entry->kid};
    return key_again(pair->to->token, &name, &pair->key, err) &&
           access_token_try(r->open->run, r->open->client, &proof, pair->to->token, &pair->key, err);
}

// The slot's certificate is the old key's, so it does not show whether the key is still the old one.
static bool slot_is_unsure(const struct pair *pair, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token_info(pair->to->token)->uri,
              "slot %s holds the key that was to be replaced, or the new one under its certificate", pair->entry->slot);
    return error_reason(err, SSA_REASON_PAIR_UNSURE, "%s", pair->entry->slot);
}

bool pair_may_go(const struct pair *pair, const struct recovery *r, struct ssa_error *err)
{
    const bool replaced = pair->entry->slot_was_used;
    const struct key *found = pair->located == LOCATED_NOTHING ? NULL : &pair->key;
    if (r->known != NULL)
        return true;
    if (!confirm(pair, err) || !ownership_key_may_go(r->open->run, pair->entry, pair->entry->kid, found, err))
        return false;
    if (replaced && (pair->located == LOCATED_ANOTHER || pair->located == LOCATED_NAMELESS))
        return slot_is_unsure(pair, err);
    // A card's slot that holds another key holds no object of the operation.
    return pair->located != LOCATED_ANOTHER || pair->slot != 0 ||
           error_because(err, SSA_TOKEN, SSA_REASON_ANOTHERS, pair->entry->key_uri,
                         "the PKCS#11 token holds objects with this id that this operation did not make");
}

// Cards overwrite a key that they cannot destroy.
static void tell_overwritten(const struct pair *pair, const struct recovery *r)
{
    const char *slot = slot_name(pair->slot);
    if (pair->key.overwritten)
        tell_reason(&r->open->run->callbacks, SSA_NOTICE, SSA_REASON_SLOT_USELESS, slot,
                    "slot %s now holds a throwaway key, which is useless", slot);
}

static bool say_left(const struct pair *pair, const struct key_name *name, const struct recovery *r)
{
    char command[KEY_REMOVAL_MAX];
    removal_command(pair->to->token, &pair->key, name, command);
    if (command[0] == '\0')
        return true;
    return ending_add(r->ending, SSA_END_LEFT, SSA_REASON_ON_TOKEN_LEFT, NULL, command,
                      "the key is probably left on the PKCS#11 token");
}

bool pair_destroy(struct pair *pair, const struct recovery *r, struct ssa_error *err)
{
    const struct key_name name = opened_key_name(pair->entry, pair->slot);
    if (r->known != NULL && pair->key.unsure) {
        r->ending->how = SSA_END_LEFT;
        return slot_is_unsure(pair, err);
    }
    if (pair->located == LOCATED_ANOTHER)
        return true;
    if (pair->located == LOCATED_NAMELESS)
        key_take_nameless(&pair->key);
    const bool gone = pair->located == LOCATED_NOTHING || (open_token_officer(pair->to, r->open->run, err) &&
                                                           destroy_key(pair->to->token, &name, &pair->key, err));
    tell_overwritten(pair, r);
    // A certificate may be left, even without a key.
    return (r->known == NULL || say_left(pair, &name, r)) && gone;
}

// An incomplete object has nothing that shows whose it is.
static bool tell_empty(const struct pair *pair, const struct recovery *r, struct ssa_error *err)
{
    struct token *token = pair->to->token;
    const char *module = token_module_path(token);
    char word[SHELL_WORD_ROOM(PATH_TEXT_MAX)];
    size_t count = 0;
    if (!empty_count_keys(token, &count, err))
        return false;
    if (count > 0 && count != EMPTY_UNKNOWN)
        tell(&r->open->run->callbacks, SSA_WARNING,
             "%zu object%s without a name %s on the PKCS#11 token, as an interrupted import leaves them; they are "
             "not working keys, and it is not known whose they are, so they were not destroyed: `pkcs11-tool --module "
             "%s --login --list-objects` shows them, and the token's own tool removes them",
             count, count == 1 ? "" : "s", count == 1 ? "is" : "are",
             module != NULL && text_shell_word(word, sizeof word, module) ? word : "MODULE");
    return true;
}

bool pair_sweep(const struct pair *pair, const struct recovery *r, struct ssa_error *err)
{
    size_t destroyed = 0;
    if (r->known != NULL || slot_must_be_chosen(pair->to->token))
        return true;
    return throwaway_destroy(pair->to->token, pair->entry->throwaway, &destroyed, err) &&
           (pair->entry->step != STEP_KEY_MADE || tell_empty(pair, r, err));
}
