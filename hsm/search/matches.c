#include "hsm/search/matches.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/callback.h"
#include "hsm/cryptoki/padding.h"
#include "hsm/token/describe.h"
#include "hsm/uri/uri_match.h"

enum { MATCHES_SHOWN = 4, TOKENS_SHOWN = 8 };

struct token_search *search_new(const struct uri *uri, const struct ssa_callbacks *callbacks)
{
    struct token_search *s = malloc(sizeof *s);
    if (s != NULL)
        *s = (struct token_search){.uri = uri, .callbacks = callbacks};
    return s;
}

void search_free(struct token_search **s)
{
    if (*s != NULL)
        free((*s)->candidates);
    free(*s);
    *s = NULL;
}

// Adds an item to a list for a message. An item that does not fit is left out.
static __attribute__((format(printf, 3, 4))) void add_item(char *list, size_t capacity, const char *format, ...)
{
    const size_t used = strlen(list);
    char item[SSA_ERROR_TEXT_MAX / 2];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(item, sizeof item, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof item ||
        !text_format(list + used, capacity - used, "%s%s", used == 0 ? "" : "; ", item))
        list[used] = '\0';
}

static const char *module_called(const struct module_entry *entry)
{
    return entry->name[0] != '\0' ? entry->name : entry->path;
}

// Two files of one library, as the system's and one that somebody has built, show each token twice. Another library may
// be another driver, with PINs and keys of its own.
static bool is_same_again(const struct candidate *c, const struct module *module, const CK_INFO *about,
                          const struct token_info *info)
{
    return uri_serial_is_real(info->name.serial) && !module_entry_same(&c->entry, &module->entry) &&
           padded_equal(c->info.name.serial, info->name.serial, sizeof info->name.serial) &&
           padded_equal(c->info.name.label, info->name.label, sizeof info->name.label) &&
           padded_equal(c->info.apart.model, info->apart.model, sizeof info->apart.model) &&
           padded_equal(c->info.apart.manufacturer, info->apart.manufacturer, sizeof info->apart.manufacturer) &&
           padded_equal(c->about.manufacturerID, about->manufacturerID, sizeof about->manufacturerID) &&
           padded_equal(c->about.libraryDescription, about->libraryDescription, sizeof about->libraryDescription);
}

static size_t candidate_count(const struct token_search *s)
{
    return s->matches < CANDIDATES_MAX ? s->matches : CANDIDATES_MAX;
}

static const struct candidate *same_again(const struct token_search *s, const struct module *module,
                                          const CK_INFO *about, const struct token_info *info)
{
    for (size_t i = 0; i < candidate_count(s); i++)
        if (is_same_again(&s->candidates[i], module, about, info))
            return &s->candidates[i];
    return NULL;
}

// A better match replaces the matches that were found before.
static bool is_good_enough(struct token_search *s, enum token_match how)
{
    if (how > s->how) {
        s->how = how;
        s->matches = 0;
    }
    return how == s->how;
}

// Usually there is only one.
static bool add_candidate(struct token_search *s, const struct module *module, const CK_INFO *about,
                          struct ssa_error *err)
{
    struct candidate *more = reallocarray(s->candidates, s->matches + 1, sizeof *more);
    if (more == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a search among PKCS#11 tokens");
    s->candidates = more;
    more[s->matches] = (struct candidate){.entry = module->entry, .about = *about, .info = s->info};
    return true;
}

static bool take_match(struct token_search *s, const struct module *module, const CK_INFO *about, CK_SLOT_ID slot,
                       struct ssa_error *err)
{
    const struct token_info *info = &s->info;
    const struct candidate *same = same_again(s, module, about, info);
    if (same != NULL) {
        tell(s->callbacks, SSA_NOTICE,
             "the PKCS#11 modules %s and %s are builds of one library and show the same token, \"%s\": %s is used",
             module_called(&same->entry), module_called(&module->entry), info->label, module_called(&same->entry));
        return true;
    }
    if (s->matches < CANDIDATES_MAX && !add_candidate(s, module, about, err))
        return false;
    if (s->matches++ == 0) {
        s->first.module = *module;
        s->first.slot = slot;
        s->first.info = *info;
    }
    return true;
}

static void note_seen(struct token_search *s)
{
    const struct token_info *info = &s->info;
    if (s->seen++ >= TOKENS_SHOWN)
        return;
    if (info->serial[0] != '\0')
        add_item(s->there, sizeof s->there, "\"%s\", serial %s", info->label, info->serial);
    else
        add_item(s->there, sizeof s->there, "\"%s\"", info->label);
}

bool search_match(struct token_search *s, const struct module *module, const struct module_seen *seen,
                  struct ssa_error *err)
{
    for (size_t i = 0; i < seen->count; i++) {
        seen_describe(seen, i, &s->info);
        note_seen(s);
        // A token without a login holds no keys (NSS has one, for calculations): it must be named to match.
        const enum token_match unnamed = s->info.login_required ? MATCH_EXACT : MATCH_NONE;
        const enum token_match how = s->uri == NULL ? unnamed : seen_match(seen, i, s->uri);
        if (how != MATCH_NONE && is_good_enough(s, how) &&
            !take_match(s, module, &seen->about, seen->tokens[i].slot, err))
            return false;
    }
    return true;
}

static bool several(const struct token_search *s, struct ssa_error *err)
{
    char places[SSA_ERROR_TEXT_MAX / 2] = "", uri[URI_TEXT_MAX];
    for (size_t i = 0; i < s->matches && i < MATCHES_SHOWN; i++) {
        const struct candidate *c = &s->candidates[i];
        if (token_write_uri(&c->entry, &c->info, uri, ERROR_IGNORED))
            add_item(places, sizeof places, "%s", uri);
        else
            add_item(places, sizeof places, "%s (no URI names it alone)", c->info.uri);
    }
    error_set(err, SSA_CONFIG, NULL, NULL, "several tokens match%s: %s%s",
              s->how == MATCH_BY_SERIAL ? " by serial number, and none by label" : "", places,
              s->matches > MATCHES_SHOWN ? " …" : "");
    error_hint(err, "Where cards look the same, name one by its slot-id, or unplug the other.");
    return error_reason(err, SSA_REASON_TOKENS_SEVERAL, NULL);
}

static bool none(const struct token_search *s, struct ssa_error *err)
{
    char wanted[URI_TEXT_MAX] = "";
    if (s->uri != NULL)
        uri_token_text(s->uri, wanted);
    error_set(err, SSA_ABSENT, NULL, wanted, "no such PKCS#11 token is there%s%s",
              s->failures[0] ? "; not asked: " : "", s->failures);
    error_hint(err, "Is it plugged in? %s%s%s.", s->seen == 0 ? "No PKCS#11 token is there" : "There are: ", s->there,
               s->seen > TOKENS_SHOWN ? " …" : "");
    return error_reason(err, SSA_REASON_TOKEN_NOT_FOUND, NULL);
}

bool search_is_one(const struct token_search *s, struct ssa_error *err)
{
    if (s->matches == 0)
        return none(s, err);
    // A module that could not be asked may have a token that matches by name.
    const bool may_go_by_serial = s->first.info.apart.serial_is_one && s->failures[0] == '\0';
    return (s->matches == 1 && (s->how == MATCH_EXACT || may_go_by_serial)) || several(s, err);
}

void search_note_failure(struct token_search *s, const struct module_entry *entry, const struct ssa_error *why)
{
    add_item(s->failures, sizeof s->failures, "%s (%s)", entry->name,
             why->cause[0] != '\0' ? why->cause : "cannot be loaded");
    // It matters only where no token is found, and the error says so then.
    tell(s->callbacks, SSA_DETAIL, "module %s cannot be used, so its tokens are not looked at: %s%s%s",
         module_called(entry), why->what, why->cause[0] != '\0' ? ", " : "", why->cause);
}
