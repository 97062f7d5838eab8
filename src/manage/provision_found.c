#include "manage/provision_found.h"

#include "core/callback.h"
#include "core/text.h"
#include "hsm/key/locate.h"
#include "hsm/key/prove.h"
#include "hsm/key/slot.h"

static bool is_it(const struct sought *sought, const struct key *key)
{
    const struct span modulus = span_of(key->modulus, key->modulus_len);
    return key->private_object != 0 && modulus.len > 0 &&
           (sought->modulus.len == 0 || span_equal(modulus, sought->modulus));
}

static bool take(struct provision *p, const struct key *key, uint8_t slot, const char *uri, struct ssa_error *err)
{
    struct open_token *to = &p->open.to;
    p->found = true;
    p->key = *key;
    to->slot = (struct card_slot){.id = slot};
    if (slot != 0 && !text_format(to->slot.name, sizeof to->slot.name, "%s", slot_name(slot)))
        return error_set(err, SSA_UNEXPECTED, NULL, uri, "the name of the key's slot is too long");
    return text_format(p->journal.entry->key_uri, sizeof p->journal.entry->key_uri, "%s", uri) ||
           error_set(err, SSA_CONFIG, NULL, uri, "the key's URI is too long");
}

static OWN_FRAME bool look_at(struct provision *p, const char *text, struct ssa_error *err)
{
    struct key key;
    URI_AUTO *uri = NULL;
    uint8_t slot = 0;
    enum located located;
    if (!uri_parse(text, &uri, err))
        return false;
    if (!token_matches(p->open.to.token, uri))
        return true;
    // A URI that somebody wrote by hand may have no id: then the key is looked for by its own.
    if (!key_locate(p->open.to.token, uri, p->sought.kid, &key, &slot, &located, err))
        return err->code == SSA_CONFIG;
    return located != LOCATED || !is_it(&p->sought, &key) || take(p, &key, slot, text, err);
}

static OWN_FRAME bool look_for_id(struct provision *p, struct span id, struct ssa_error *err)
{
    char text[URI_TEXT_MAX];
    const struct uri_parts parts = {.private_key = true, .id = id};
    return lasting_uri(p->open.to.token, p->open.to.uri, parts, text, err) && look_at(p, text, err);
}

// A card names its keys after their slots.
static bool look_in_slots(struct provision *p, struct ssa_error *err)
{
    for (uint8_t id = 1; slot_name(id) != NULL && !p->found; id++)
        if (!look_for_id(p, span_of(&id, 1), err))
            return false;
    return true;
}

bool provision_seek(struct provision *p, struct ssa_error *err)
{
    if (p->sought.kid == NULL)
        return true;
    if (p->sought.uri != NULL && !look_at(p, p->sought.uri, err))
        return false;
    if (p->found || p->sought.modulus.len == 0)
        return true;
    return slot_must_be_chosen(p->open.to.token) ? look_in_slots(p, err)
                                                 : look_for_id(p, span_text(p->sought.kid), err);
}

bool provision_adopt(struct provision *p, struct ssa_error *err)
{
    secret_free(&p->pem);
    if (!key_works(p->open.to.token, &p->key, true, err))
        return false;
    tell(&p->open.run->callbacks, SSA_NOTICE, "key %s is on token \"%s\" already, so it is not imported again",
         p->sought.kid, token_info(p->open.to.token)->label);
    return true;
}
