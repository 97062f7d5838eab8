#include "hsm/token/reopen.h"

#include "core/monotonic.h"
#include "hsm/module/look.h"
#include "hsm/remote/calls.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"
#include "hsm/uri/uri_match.h"

// A card that was reset has forgotten which application was selected, and refuses that application's commands.
static bool is_of_reset(CK_RV rv)
{
    return rv == CKR_DEVICE_ERROR || rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_TOKEN_NOT_RECOGNIZED ||
           rv == CKR_FUNCTION_FAILED || rv == CKR_FUNCTION_NOT_SUPPORTED;
}

bool token_is_lost(const struct token *token, CK_RV rv)
{
    if (rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_CLOSED || rv == CKR_SESSION_HANDLE_INVALID)
        return true;
    // Other errors mean it only where other processes are known to reset the card.
    return token->info.quirks->resets_card && is_of_reset(rv);
}

CK_RV token_gone(const struct token *token)
{
    const CK_RV over = remote_over(token->module.call);
    return over != CKR_OK ? over : CKR_TOKEN_NOT_PRESENT;
}

// Of the same model and maker. Only tokens that are numbered go without: a new version of a driver may call a model
// differently.
static bool is_same_kind(const struct token *token, const CK_TOKEN_INFO *raw)
{
    const struct token_apart *apart = &token->info.apart;
    if (uri_serial_is_real(token->info.name.serial) && (apart->by & (BY_MODEL | BY_MANUFACTURER)) == 0)
        return true;
    return memcmp(raw->model, apart->model, sizeof raw->model) == 0 &&
           memcmp(raw->manufacturerID, apart->manufacturer, sizeof raw->manufacturerID) == 0;
}

// By serial number and label. Another card with the same label has another serial number.
static bool is_same(const struct token *token, const CK_TOKEN_INFO *raw)
{
    const struct token_name *name = &token->info.name;
    return (raw->flags & CKF_TOKEN_INITIALIZED) != 0 &&
           memcmp(raw->serialNumber, name->serial, sizeof raw->serialNumber) == 0 &&
           (token->info.quirks->label_changes || memcmp(raw->label, name->label, sizeof raw->label) == 0) &&
           is_same_kind(token, raw);
}

static bool in_list(const struct token *token)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = 0;
    if (!module_slots(&token->module, slots, &count, ERROR_IGNORED))
        return false;
    for (CK_ULONG i = 0; i < count; i++)
        if (slots[i] == token->slot)
            return true;
    return false;
}

bool token_is_there(struct token *token)
{
    CK_TOKEN_INFO raw;
    // The list is asked for first: only then do modules notice that a card is gone, or was reset.
    if (!in_list(token) || call_get_token_info(token->module.call, token->slot, &raw) != CKR_OK ||
        !is_same(token, &raw))
        return false;
    token_flags(&raw, &token->info);
    return true;
}

// Whether another token that was there had all the same names.
static bool has_twin(const struct token *token)
{
    return token->info.apart.by == 0 || (token->info.apart.by & BY_SLOT) != 0;
}

// Slots may be numbered anew. Two tokens with the same name are told apart only by their slots, and only while both are
// there: one alone may be in the other's slot.
static const struct token_seen *find_same(const struct token *token, const struct module_seen *seen)
{
    const struct token_seen *in_slot = NULL, *elsewhere = NULL;
    size_t same = 0;
    for (size_t i = 0; i < seen->count; i++) {
        const struct token_seen *other = &seen->tokens[i];
        if (!is_same(token, &other->token))
            continue;
        same++;
        if (other->slot == token->slot)
            in_slot = other;
        else
            elsewhere = other;
    }
    if (has_twin(token))
        return same > 1 ? in_slot : NULL;
    return in_slot != NULL ? in_slot : same == 1 ? elsewhere : NULL;
}

static bool find_again(struct token *token)
{
    SEEN_AUTO *seen = NULL;
    if (!module_look(&token->module, &seen, ERROR_IGNORED))
        return false;
    const struct token_seen *found = find_same(token, seen);
    if (found == NULL)
        return false;
    token->slot = found->slot;
    token_flags(&found->token, &token->info);
    return true;
}

bool token_reopen(struct token *token, bool writable)
{
    const long long until = monotonic_ms() + PATIENCE_MS;
    // One that did not answer was waited for as long as may be.
    if (remote_over(token->module.call) == CKR_HOST_LATE)
        return false;
    for (;;) {
        session_close(token);
        if (module_restart(&token->module) && find_again(token) && session_open(token, writable, ERROR_IGNORED))
            return true;
        // A module that ends its fresh process, too, does so again. A person who wants to stop is not kept waiting.
        if (remote_over(token->module.call) != CKR_OK || monotonic_ms() >= until)
            return false;
        pause_ms(PATIENCE_STEP_MS);
    }
}
