// Choosing one of several tokens that match: label first, and as much more as tells them apart.
#include "core/callback.h"
#include "hsm/cryptoki/padding.h"
#include "hsm/search/matches.h"

enum { ITEM_MAX = 256, DETAIL_MAX = SSA_ERROR_TEXT_MAX / 2 };

static bool alike(const struct token_info *a, const struct token_info *b)
{
    return padded_equal(a->name.label, b->name.label, sizeof a->name.label) &&
           padded_equal(a->apart.model, b->apart.model, sizeof a->apart.model) &&
           padded_equal(a->apart.manufacturer, b->apart.manufacturer, sizeof a->apart.manufacturer);
}

// How many of them look like this one, by label and kind, or also by serial number.
static size_t count_alike(const struct token_search *s, size_t count, const struct token_info *info, bool serial_too)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct token_info *other = &s->candidates[i].info;
        found += alike(info, other) && (!serial_too || strcmp(info->serial, other->serial) == 0);
    }
    return found;
}

static const char *state_of(const struct token_info *info)
{
    if (info->pin_locked)
        return ", its PIN is locked";
    return info->pin_unset ? ", it has no PIN yet" : "";
}

// A token that only slot or module tells apart is named by them.
static void describe(const struct token_search *s, size_t count, const struct candidate *c, char out[static ITEM_MAX])
{
    const struct token_info *info = &c->info;
    const char *module = c->entry.name[0] != '\0' ? c->entry.name : c->entry.path;
    char serial[sizeof info->serial + 16] = "", place[ITEM_MAX / 2] = "";
    if (count_alike(s, count, info, false) > 1)
        (void)text_format(serial, sizeof serial, ", serial %s", info->serial);
    if (count_alike(s, count, info, true) > 1)
        (void)text_format(place, sizeof place, ", slot %lu of module %s", info->apart.slot, module);
    (void)text_format(out, ITEM_MAX, "\"%s\" (%s%s%s%s%s%s)", info->label, info->manufacturer,
                      info->model[0] != '\0' ? " " : "", info->model, serial, place, state_of(info));
}

// Each line has all that is needed to name the token. A URI that is cut off would name another one.
static void tell_each(const struct token_search *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &s->candidates[i];
        char text[ITEM_MAX], uri[URI_TEXT_MAX];
        describe(s, count, c, text);
        if (!token_write_uri(&c->entry, &c->info, uri, ERROR_IGNORED))
            tell(s->callbacks, SSA_NOTICE, "PKCS#11 token %s: nothing tells it from another", text);
        else if (strlen(uri) >= DETAIL_MAX)
            tell(s->callbacks, SSA_NOTICE, "PKCS#11 token %s", text);
        else
            tell_reason(s->callbacks, SSA_NOTICE, SSA_REASON_TOKEN_CHOICE, uri, "PKCS#11 token %s", text);
    }
}

static bool none_chosen(struct ssa_error *err)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_TOKENS_SEVERAL, NULL,
                         "several tokens match, and none of them was chosen");
}

bool search_has_choice(const struct token_search *s)
{
    return s->matches > 1 && s->how == MATCH_EXACT;
}

OWN_FRAME bool search_choose(const struct token_search *s, const struct module_entry **entry,
                             char uri[static URI_TEXT_MAX], struct ssa_error *err)
{
    char texts[CANDIDATES_MAX][ITEM_MAX];
    const char *items[CANDIDATES_MAX] = {NULL};
    const size_t count = s->matches < CANDIDATES_MAX ? s->matches : CANDIDATES_MAX;
    size_t choice = count;
    for (size_t i = 0; i < count; i++) {
        describe(s, count, &s->candidates[i], texts[i]);
        items[i] = texts[i];
    }
    if (!callback_chooses(s->callbacks, "Which PKCS#11 token is to be used?", items, count, &choice)) {
        tell_each(s, count);
        return none_chosen(err);
    }
    if (!callback_go_on(s->callbacks, err))
        return false;
    if (choice >= count)
        return none_chosen(err);
    *entry = &s->candidates[choice].entry;
    return token_write_uri(*entry, &s->candidates[choice].info, uri, err);
}
