#include "hsm/key/slot.h"

#include "hsm/login/ready.h"
#include "hsm/object/find.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

static const char *const names[] = {"9a", "9c", "9d", "9e", "82", "83", "84", "85", "86", "87", "88", "89",
                                    "8a", "8b", "8c", "8d", "8e", "8f", "90", "91", "92", "93", "94", "95"};
enum { SLOTS = COUNT(names) };

// The order in which slots are used when none is named. 9e is left out, since it signs without a PIN for anybody who
// holds the card. 9c comes last, since it wants the PIN for each signature.
static const uint8_t by_itself[] = {1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 3, 2};

const char *slot_name(uint8_t id)
{
    return id >= 1 && id <= SLOTS ? names[id - 1] : NULL;
}

bool slot_must_be_chosen(const struct token *token)
{
    return token->info.quirks->slots;
}

bool slot_look(struct token *token, uint8_t id, struct card_slot *slot, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};
    *slot = (struct card_slot){.id = id};
    memcpy(slot->name, slot_name(id), sizeof "9a");
    for (size_t i = 0; i < COUNT(classes); i++) {
        CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
        if (!object_find(token, classes[i], span_of(&id, 1), &found, err))
            return false;
        slot->used = slot->used || found != CK_INVALID_HANDLE;
    }
    if (slot->used)
        token->slots_seen |= UINT32_C(1) << id;
    // A module takes a reading error for an empty slot: so a slot that was once seen used counts as used.
    slot->used = (token->slots_seen >> id & 1) != 0;
    return true;
}

bool slot_survey(struct token *token, struct ssa_error *err)
{
    struct card_slot slot;
    if (!session_renew(token, err))
        return false;
    for (size_t id = 1; id <= SLOTS; id++)
        if (!slot_look(token, (uint8_t)id, &slot, err))
            return false;
    return session_renew(token, err);
}

static bool choose_named(struct token *token, const char *wanted, bool replace, struct card_slot *slot,
                         struct ssa_error *err)
{
    uint8_t id = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (strcmp(names[i], wanted) == 0)
            id = (uint8_t)(i + 1);
    if (id == 0)
        return error_set(err, SSA_USAGE, NULL, wanted, "a card's slot is one of 9a, 9c, 9d, 9e and 82 to 95");
    if (!slot_look(token, id, slot, err))
        return false;
    if (replace) {
        bool read = false;
        if (!ready_slots(token, &read, err))
            return false;
        // Where the card cannot be read, the slot may be used.
        slot->used = slot->used || !read;
        return true;
    }
    if (!slot->used)
        return ready_slots_must_be_read(token, err);
    return error_because(err, SSA_IN_USE, SSA_REASON_SLOT_USED, token->info.uri, "slot %s is used", slot->name);
}

bool slot_choose(struct token *token, const char *wanted, bool replace, struct card_slot *slot, struct ssa_error *err)
{
    if (wanted != NULL)
        return choose_named(token, wanted, replace, slot, err);
    for (size_t i = 0; i < sizeof by_itself; i++) {
        if (!slot_look(token, by_itself[i], slot, err))
            return false;
        if (!slot->used)
            return ready_slots_must_be_read(token, err);
    }
    return error_because(err, SSA_CONFIG, SSA_REASON_SLOTS_FULL, token->info.uri,
                         "all slots are used, except perhaps 9e, which must be named");
}
