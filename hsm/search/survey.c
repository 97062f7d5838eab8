// What the keys that were seen mean: whose each is, which slot it is in, and the URI that names it.
#include "hsm/search/survey.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/key/slot.h"
#include "hsm/module/quirks.h"
#include "hsm/search/ask.h"
#include "hsm/search/keys_seen.h"
#include "hsm/search/shown.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"
#include "hsm/token/naming.h"
#include "hsm/token/token.h"
#include "hsm/uri/uri_match.h"

// Text that does not fit counts as not told.
static void take_text(char *out, size_t capacity, const char *text, size_t len)
{
    if (!text_format(out, capacity, "%.*s", (int)len, text))
        out[0] = '\0';
}

// CKA_ID as text, where it can be an id of the API.
static void read_kid(const struct key_raw *raw, struct key_seen *key)
{
    for (size_t i = 0; i < raw->id_len; i++)
        if (raw->id[i] <= ' ' || raw->id[i] > '~')
            return;
    // A card's byte, or a hash, is not an id of the API.
    if (raw->id_len > 1)
        take_text(key->kid, sizeof key->kid, (const char *)raw->id, raw->id_len);
}

// "NAME KEY_ID", which an import writes as the label.
static bool read_name(const struct key_raw *raw, struct key_seen *key)
{
    const size_t kid = strlen(key->kid);
    if (kid == 0 || raw->label_len <= kid + 1 || raw->label[raw->label_len - kid - 1] != ' ' ||
        memcmp(raw->label + raw->label_len - kid, key->kid, kid) != 0)
        return false;
    text_harmless(key->name, sizeof key->name, span_of(raw->label, raw->label_len - kid - 1));
    return true;
}

static bool describe(const struct module_entry *entry, const struct token_info *info, const struct key_raw *raw,
                     struct key_seen *key)
{
    const bool card = info->quirks->slots;
    const char *slot = card && raw->id_len == 1 ? slot_name(raw->id[0]) : NULL;
    *key = (struct key_seen){.is_private = raw->is_private, .modulus_len = raw->modulus_len};
    // A card's other keys (for attestation) are in no slot of ours.
    if (card && slot == NULL)
        return false;
    memcpy(key->modulus, raw->modulus, raw->modulus_len);
    if (slot != NULL)
        take_text(key->slot, sizeof key->slot, slot, strlen(slot));
    bool labelled = false;
    const char *blank = strrchr(raw->certified, ' ');
    if (blank != NULL) {
        take_text(key->kid, sizeof key->kid, blank + 1, strlen(blank + 1));
        take_text(key->name, sizeof key->name, raw->certified, (size_t)(blank - raw->certified));
    } else {
        read_kid(raw, key);
        labelled = read_name(raw, key);
    }
    // Another label may be that of the public half alone.
    const struct span label = labelled ? span_of(raw->label, raw->label_len) : span_of(NULL, 0);
    if (!token_write_key_uri(entry, info, span_of(raw->id, raw->id_len), label, key->uri))
        key->uri[0] = '\0';
    return true;
}

// One key's public half and certificate are shown once: whichever tells more is the one.
static bool told_better(const struct key_raw *keys, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++) {
        const bool same =
            i != at && keys[i].token == keys[at].token && keys[i].id_len == keys[at].id_len &&
            memcmp(keys[i].id, keys[at].id, keys[i].id_len) == 0 &&
            span_equal(span_of(keys[i].modulus, keys[i].modulus_len), span_of(keys[at].modulus, keys[at].modulus_len));
        const bool more = keys[i].certified[0] != '\0', had = keys[at].certified[0] != '\0';
        if (same && (more != had ? more : i < at))
            return true;
    }
    return false;
}

// Whether the URI is this key's. One without an id names it by its label.
static bool is_key_of(const struct uri *uri, const struct module_seen *seen, const struct token_info *info,
                      const struct key_raw *key)
{
    if (uri == NULL || !uri_names_object(uri))
        return false;
    const enum token_match how = seen_match(seen, key->token, uri);
    if (how == MATCH_NONE || (how == MATCH_BY_SERIAL && !info->apart.serial_is_one))
        return false;
    const CK_ATTRIBUTE *id = uri_attribute(uri, CKA_ID), *label = uri_attribute(uri, CKA_LABEL);
    return id != NULL ? span_equal(span_of(id->pValue, id->ulValueLen), span_of(key->id, key->id_len))
                      : span_equal(span_of(label->pValue, label->ulValueLen), span_of(key->label, key->label_len));
}

// What is looked at, and who hears of it.
struct showing {
    const struct module_entry *entry;
    const struct uri *own;
    key_seen_shown *show;
    void *context;
};

static void show_keys(const struct showing *s, const struct token_info *info, const char *uri,
                      const struct module_seen *seen, const struct keys_seen *keys, size_t token)
{
    struct key_seen key;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->list[i].token != token || told_better(keys->list, keys->count, i) ||
            !describe(s->entry, info, &keys->list[i], &key))
            continue;
        key.own = is_key_of(s->own, seen, info, &keys->list[i]);
        s->show(s->context, info, uri, &key);
    }
}

bool survey_module(const struct module_entry *entry, const struct uri *own, const struct ssa_callbacks *callbacks,
                   const struct turns *turns, key_seen_shown *show, void *context, struct ssa_error *err)
{
    const struct showing showing = {.entry = entry, .own = own, .show = show, .context = context};
    SEEN_AUTO *seen = NULL;
    KEYS_SEEN_AUTO keys = {0};
    if (!module_ask(entry, callbacks, turns, &seen, &keys, err))
        return false;
    SHOWN_TOKEN_AUTO *shown = calloc(1, sizeof *shown);
    if (shown == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a token's keys");
    for (size_t i = 0; i < seen->count; i++) {
        seen_describe(seen, i, &shown->info);
        if (!token_write_uri(entry, &shown->info, shown->uri, ERROR_IGNORED))
            shown->uri[0] = '\0';
        if (seen->tokens[i].unread)
            show(context, &shown->info, shown->uri, NULL);
        show_keys(&showing, &shown->info, shown->uri, seen, &keys, i);
    }
    return true;
}

// What a URI is compared with; what cannot be had compares as nothing.
static void describe_itself(const struct token *token, struct module_seen *seen)
{
    CK_FUNCTION_LIST *call = token->module.call;
    struct token_seen *own = &seen->tokens[0];
    own->slot = token->slot;
    if (call->C_GetInfo(&seen->about) != CKR_OK)
        seen->about = (CK_INFO){0};
    if (call->C_GetSlotInfo(token->slot, &own->slot_info) != CKR_OK)
        own->slot_info = (CK_SLOT_INFO){0};
    if (call->C_GetTokenInfo(token->slot, &own->token) != CKR_OK)
        own->token = (CK_TOKEN_INFO){0};
}

static bool seen_new(struct module_seen **seen, struct ssa_error *err)
{
    *seen = calloc(1, sizeof **seen);
    return *seen != NULL || error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a token's keys");
}

bool survey_token(struct token *token, const struct uri *own, key_seen_shown *show, void *context,
                  struct ssa_error *err)
{
    const struct showing showing = {.entry = &token->module.entry, .own = own, .show = show, .context = context};
    char uri[URI_TEXT_MAX];
    SEEN_AUTO *seen = NULL;
    KEYS_SEEN_AUTO keys = {0};
    if (!seen_new(&seen, err) || !token_uri(token, uri, err))
        return false;
    if (!token_look_at_keys(token, CKO_PRIVATE_KEY, 0, &keys, err))
        return false;
    describe_itself(token, seen);
    show_keys(&showing, &token->info, uri, seen, &keys, 0);
    return true;
}
