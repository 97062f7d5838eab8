// What a search for one token has found, and why there is not one match.
#include "hsm/search/matches.h"

#include "core/tell.h"
#include "hsm/cryptoki/padding.h"
#include "hsm/token/describe.h"
#include "hsm/uri/uri_match.h"

enum { MATCHES_SHOWN = 4, TOKENS_SHOWN = 8, LOOKS_MIN = 3 };

static void add_line(char *list, size_t capacity, const char *text, const char *more)
{
    const size_t used = strlen(list);
    (void)text_format(list + used, capacity - used, "%s%s%s", used == 0 ? "" : "; ", text, more);
}

static const char *module_called(const struct module_entry *entry)
{
    return entry->name[0] != '\0' ? entry->name : entry->path;
}

static bool same_text(const uint8_t *a, const uint8_t *b, size_t width)
{
    return span_equal(span_of(a, padded_length(a, width)), span_of(b, padded_length(b, width)));
}

// Two files of one library (a build of one's own beside the system's) show every token twice. Another library
// may be another driver, with PINs and keys of its own.
static bool same_again(const struct search *s, const struct module *module, const CK_INFO *about,
                       const struct token_info *info)
{
    const struct token_info *first = &s->first.info;
    return s->matches > 0 && uri_serial_is_real(info->name.serial) &&
           !module_entry_same(&s->first.module.entry, &module->entry) &&
           same_text(first->name.serial, info->name.serial, sizeof info->name.serial) &&
           same_text(first->name.label, info->name.label, sizeof info->name.label) &&
           same_text(first->apart.model, info->apart.model, sizeof info->apart.model) &&
           same_text(first->apart.manufacturer, info->apart.manufacturer, sizeof info->apart.manufacturer) &&
           same_text(s->first_about.manufacturerID, about->manufacturerID, sizeof about->manufacturerID) &&
           same_text(s->first_about.libraryDescription, about->libraryDescription,
                     sizeof about->libraryDescription);
}

// What matches better takes the place of what was found before.
static bool is_good_enough(struct search *s, enum match how)
{
    if (how > s->how) {
        s->how = how;
        s->matches = 0;
        s->places[0] = '\0';
    }
    return how == s->how;
}

static void take_match(struct search *s, const struct module *module, const CK_INFO *about, CK_SLOT_ID slot,
                       const struct token_info *info)
{
    char uri[URI_TEXT_MAX];
    if (same_again(s, module, about, info)) {
        tell(s->callbacks, SSA_NOTICE,
             "the PKCS#11 modules %s and %s are builds of one library and show the same token, \"%s\": %s is "
             "used",
             module_called(&s->first.module.entry), module_called(&module->entry), info->label,
             module_called(&s->first.module.entry));
        return;
    }
    if (s->matches++ == 0) {
        s->first = (struct token){.module = *module, .slot = slot, .info = *info};
        s->first_about = *about;
    }
    if (s->matches > MATCHES_SHOWN)
        return;
    const bool named = token_write_uri(&module->entry, info, uri, NULL);
    add_line(s->places, sizeof s->places, named ? uri : info->uri, named ? "" : " (no URI names it alone)");
}

static void note_seen(struct search *s, const struct token_info *info)
{
    char serial[sizeof info->serial + 12];
    if (s->seen++ >= TOKENS_SHOWN)
        return;
    (void)text_format(serial, sizeof serial, "\"%s%s", info->serial[0] != '\0' ? ", serial " : "",
                      info->serial);
    const size_t used = strlen(s->there);
    (void)text_format(s->there + used, sizeof s->there - used, "%s\"%s%s", used == 0 ? "" : "; ", info->label,
                      serial);
}

void search_match(struct search *s, const struct module *module, const struct module_seen *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        struct token_info info;
        seen_describe(seen, i, &info);
        note_seen(s, &info);
        // Nobody logs in to a token without a login (NSS has one, for calculations): it is not meant unless
        // it is named.
        const enum match unnamed = info.login_required ? MATCH_EXACT : MATCH_NONE;
        const enum match how = s->uri == NULL ? unnamed : seen_match(seen, i, s->uri);
        if (how != MATCH_NONE && is_good_enough(s, how))
            take_match(s, module, &seen->about, seen->tokens[i].slot, &info);
    }
}

static bool several(const struct search *s, struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, NULL, "several tokens match%s: %s%s",
              s->how == MATCH_BY_SERIAL ? " by serial number, and none by label" : "", s->places,
              s->matches > MATCHES_SHOWN ? " …" : "");
    return error_hint(err,
                      "Name one of them: SSA_HSM_TOKEN or --token. Cards that look the same are told apart "
                      "by their slot-id, or by unplugging one.");
}

static bool none(const struct search *s, struct ssa_error *err)
{
    char wanted[URI_TEXT_MAX] = "";
    if (s->uri != NULL)
        uri_token_text(s->uri, wanted);
    error_set(err, SSA_ABSENT, NULL, wanted, "no such token is there%s%s",
              s->failures[0] ? "; not asked: " : "", s->failures);
    return error_hint(err,
                      "Is it plugged in? %s%s%s. `ssa-hsm hsm list` shows the modules and tokens there are; "
                      "--module or SSA_HSM_MODULE names a module that p11-kit does not know.",
                      s->seen == 0 ? "No token is there" : "There are: ", s->there,
                      s->seen > TOKENS_SHOWN ? " …" : "");
}

// A module that could not be asked may be the one that has the token under its name.
static bool may_go_by_serial(const struct search *s)
{
    return s->first.info.apart.serial_is_one && s->failures[0] == '\0';
}

// That there is one match, or why there is not.
bool search_is_one(const struct search *s, struct ssa_error *err)
{
    if (s->matches == 0)
        return none(s, err);
    return (s->matches == 1 && (s->how == MATCH_EXACT || may_go_by_serial(s))) || several(s, err);
}

void search_note_failure(struct search *s, const struct module_entry *entry, const struct ssa_error *why)
{
    char reason[sizeof why->cause + 4];
    (void)text_format(reason, sizeof reason, " (%s)",
                      why->cause[0] != '\0' ? why->cause : "cannot be loaded");
    add_line(s->failures, sizeof s->failures, entry->name, reason);
}
