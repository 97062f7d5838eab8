#include "hsm/search/survey.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/key/slot.h"
#include "hsm/module/quirks.h"
#include "hsm/search/ask.h"
#include "hsm/search/keys_seen.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"
#include "hsm/token/token.h"
#include "hsm/uri/uri_match.h"

// Text that does not fit counts as not told.
static void take_text(char *out, size_t capacity, const char *text, size_t len)
{
    if (!text_format(out, capacity, "%.*s", (int)len, text))
        out[0] = '\0';
}

// Takes CKA_ID as text, where it can be an id of the API.
static void read_kid(const struct key_raw *raw, struct key_seen *key)
{
    for (size_t i = 0; i < raw->id_len; i++)
        if (raw->id[i] <= ' ' || raw->id[i] > '~')
            return;
    // A card's byte, or a hash, is not an id of the API.
    if (raw->id_len > 1)
        take_text(key->kid, sizeof key->kid, (const char *)raw->id, raw->id_len);
}

// An import writes the label "NAME KEY_ID".
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
    // A card's other keys, as for attestation, are left out.
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
    // Any other label may belong only to the public half.
    const struct span label = labelled ? span_of(raw->label, raw->label_len) : span_of(NULL, 0);
    if (!token_write_key_uri(entry, info, span_of(raw->id, raw->id_len), label, key->uri))
        key->uri[0] = '\0';
    return true;
}

// Whether the URI, which names the token, names this key. A URI without an id names it by its label.
static bool is_key_of(const struct uri *uri, const struct key_raw *key)
{
    if (uri == NULL || !uri_names_object(uri))
        return false;
    const CK_ATTRIBUTE *id = uri_attribute(uri, CKA_ID), *label = uri_attribute(uri, CKA_LABEL);
    return id != NULL ? span_equal(span_of(id->pValue, id->ulValueLen), span_of(key->id, key->id_len))
                      : span_equal(span_of(label->pValue, label->ulValueLen), span_of(key->label, key->label_len));
}

// Who hears of the keys.
struct showing {
    const struct module_entry *entry;
    key_seen_shown *show;
    void *context;
};

// own is the URI in question, where it names this token; else NULL.
static void show_keys(const struct showing *s, const struct token_info *info, const char *uri, const struct uri *own,
                      const struct keys_seen *keys, size_t token)
{
    struct key_seen key;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->list[i].token != token || keys->list[i].told_better ||
            !describe(s->entry, info, &keys->list[i], &key))
            continue;
        key.own = is_key_of(own, &keys->list[i]);
        s->show(s->context, info, uri, &key);
    }
}

static bool is_own(const struct uri *own, const struct module_seen *seen, size_t at, const struct token_info *info)
{
    const enum token_match how = own == NULL ? MATCH_NONE : seen_match(seen, at, own);
    return how == MATCH_EXACT || (how == MATCH_BY_SERIAL && info->apart.serial_is_one);
}

bool survey_module(struct ahead *ahead, size_t at, const struct uri *own, key_seen_shown *show, void *context,
                   struct ssa_error *err)
{
    const struct module_entry *entry = ahead_entry(ahead, at);
    const struct showing showing = {.entry = entry, .show = show, .context = context};
    SEEN_AUTO *seen = NULL;
    KEYS_SEEN_AUTO keys = {0};
    if (!ahead_take(ahead, at, &seen, &keys, err))
        return false;
    // It is too big for the stack.
    struct token_info *info = keys_seen_compare(&keys) ? malloc(sizeof *info) : NULL;
    if (info == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a token's keys");
    for (size_t i = 0; i < seen->count; i++) {
        char uri[URI_TEXT_MAX];
        seen_describe(seen, i, info);
        if (!token_write_uri(entry, info, uri, ERROR_IGNORED))
            uri[0] = '\0';
        if (seen->tokens[i].unread)
            show(context, info, uri, NULL);
        show_keys(&showing, info, uri, is_own(own, seen, i, info) ? own : NULL, &keys, i);
    }
    free(info);
    return true;
}

static bool survey_open(struct token *token, const struct uri *own, struct keys_seen *keys, key_seen_shown *show,
                        void *context, struct ssa_error *err)
{
    const struct showing showing = {.entry = &token->module.entry, .show = show, .context = context};
    char uri[URI_TEXT_MAX];
    if (!token_uri(token, uri, err))
        return false;
    if (!keys_seen_compare(keys))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a token's keys");
    const bool is_its_own = own != NULL && token_matches(token, own);
    if (!token_answers(token, err))
        return false;
    show_keys(&showing, &token->info, uri, is_its_own ? own : NULL, keys, 0);
    return true;
}

bool survey_token(struct token *token, const struct uri *own, key_seen_shown *show, void *context,
                  struct ssa_error *err)
{
    KEYS_SEEN_AUTO keys = {0};
    return token_look_at_keys(token, CKO_PRIVATE_KEY, 0, &keys, err) &&
           survey_open(token, own, &keys, show, context, err);
}

bool survey_token_public(struct token *token, const struct uri *own, key_seen_shown *show, void *context,
                         struct ssa_error *err)
{
    KEYS_SEEN_AUTO keys = {0};
    return token_look_at_public_keys(token, 0, &keys, err) && survey_open(token, own, &keys, show, context, err);
}

bool survey_shows_public_halves(const struct token_info *info)
{
    return info->quirks->public_half && !info->quirks->unknown;
}
