// Finding the one token that is meant: in the module that is named, or among all that there are.
#include "hsm/pkcs11.h"

#include <errno.h>
#include <stdlib.h>

#include "core/monotonic.h"
#include "core/tell.h"
#include "core/text.h"
#include "hsm/ask.h"
#include "hsm/one_user.h"
#include "hsm/padding.h"
#include "hsm/recipe.h"
#include "hsm/renamed.h"

enum { MATCHES_SHOWN = 4, TOKENS_SHOWN = 8, LOOKS_MIN = 3 };

// What a search has seen so far.
struct search {
    const struct uri *uri;
    const struct ssa_callbacks *callbacks;
    enum match how; // the best way in which any token matches
    size_t matches; // in that way
    size_t seen;
    struct token first;
    CK_INFO first_about;                   // what its module says of itself
    char places[SSA_ERROR_TEXT_MAX / 2];   // of the matches, for the message that several match
    char there[SSA_ERROR_TEXT_MAX / 2];    // the tokens that were seen
    char failures[SSA_ERROR_TEXT_MAX / 2]; // modules that could not be asked
};

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
    return s->matches > 0 && serial_is_real(info->name.serial) &&
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
    const bool named = entry_token_uri(&module->entry, info, uri, NULL);
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

static void match(struct search *s, const struct module *module, const struct module_seen *seen)
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
static bool is_one(const struct search *s, struct ssa_error *err)
{
    if (s->matches == 0)
        return none(s, err);
    return (s->matches == 1 && (s->how == MATCH_EXACT || may_go_by_serial(s))) || several(s, err);
}

static bool conclude(const struct search *s, struct token **token, struct ssa_error *err)
{
    if (!is_one(s, err))
        return false;
    *token = malloc(sizeof **token);
    if (*token == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the token");
    **token = s->first;
    return true;
}

// What is looked for in one module.
struct looking {
    const struct module_entry *entry;
    const struct token_wanted *wanted;
    bool rewritten;     // a login on a token there hides it for a moment
    bool may_be_hidden; // whether what was not found may be there all the same
};

// Only a token that is named is known to be missing.
static bool names_a_token(const struct uri *uri)
{
    char named[URI_TEXT_MAX] = "";
    if (uri != NULL)
        uri_token_text(uri, named);
    return named[0] != '\0';
}

static bool look_in(struct looking *l, struct token **token, struct ssa_error *err)
{
    struct module module;
    struct search s = {.uri = l->wanted->uri, .callbacks = l->wanted->callbacks};
    l->may_be_hidden = false;
    if (!module_open(l->entry, &l->wanted->turns, &module, err))
        return false;
    SEEN_AUTO *seen = NULL;
    const bool looked = module_look(&module, &seen, err);
    if (looked) {
        match(&s, &module, seen);
        l->rewritten = recipe_rewrites(&seen->about);
        // Half read, it seems to have no PIN yet.
        l->may_be_hidden = s.matches == 0 || (l->rewritten && s.first.info.pin_unset);
    }
    if (looked && conclude(&s, token, err)) {
        if (s.how == MATCH_EXACT || token_is_renamed(*token, l->wanted, err))
            return true;
        free(*token);
        *token = NULL;
    }
    module_close(&module);
    return false;
}

static bool look_in_turn(struct looking *l, struct token **token, struct ssa_error *err)
{
    const bool in_turn = l->rewritten;
    if (in_turn && !turn_take(&l->wanted->turns, TURN_LOGIN, err))
        return false;
    const bool found = look_in(l, token, err);
    if (in_turn)
        turn_leave(&l->wanted->turns, TURN_LOGIN);
    return found;
}

// A token that is named and not found is looked for again, with the module started afresh: one in files
// (SoftHSM) is not there for the moment in which another process that logs in writes them anew, and a reader
// that another process resets may be slow.
static bool open_in(const struct module_entry *entry, const struct token_wanted *wanted, struct token **token,
                    struct ssa_error *err)
{
    struct looking l = {.entry = entry, .wanted = wanted};
    const long long until = monotonic_ms() + PATIENCE_MS;
    for (unsigned looks = 1;; looks++) {
        const bool found = look_in_turn(&l, token, err);
        const bool patient = looks < LOOKS_MIN || monotonic_ms() < until;
        const bool done = !l.may_be_hidden || !names_a_token(wanted->uri) || !patient;
        if (done || interrupted(wanted->callbacks))
            return found;
        token_free(token);
        pause_a_step();
    }
}

static void add_failure(struct search *s, const struct module_entry *entry, const struct ssa_error *why)
{
    char reason[sizeof why->cause + 4];
    (void)text_format(reason, sizeof reason, " (%s)",
                      why->cause[0] != '\0' ? why->cause : "cannot be loaded");
    add_line(s->failures, sizeof s->failures, entry->name, reason);
}

static void free_flags(bool **flags)
{
    free(*flags);
}
#define FLAGS_AUTO __attribute__((cleanup(free_flags))) bool

// Asks every module, each in a child of its own: some do not bear another beside them, and some crash. What
// another look is to leave out is marked.
static bool ask_all(const struct registry *registry, const struct token_wanted *wanted, struct search *s,
                    bool *failed, struct ssa_error *err)
{
    s->seen = 0;
    s->there[0] = '\0';
    for (size_t i = 0; i < registry->count; i++) {
        const struct module_entry *entry = &registry->entries[i];
        const struct module module = {.entry = *entry};
        struct ssa_error why = {0};
        SEEN_AUTO *seen = NULL;
        if (!go_on(wanted->callbacks, err))
            return false;
        if (failed[i] || entry->trust_policy || registry_twin(registry, i) != NULL)
            continue;
        failed[i] = !module_ask(entry, false, wanted->callbacks, &wanted->turns, &seen, &why);
        if (failed[i])
            add_failure(s, entry, &why);
        else
            match(s, &module, seen);
    }
    return true;
}

static bool open_by_search(const struct token_wanted *wanted, struct token **token, struct ssa_error *err)
{
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    struct search s = {.uri = wanted->uri, .callbacks = wanted->callbacks};
    FLAGS_AUTO *failed = calloc(registry->count + 1, sizeof *failed);
    if (failed == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    const long long until = monotonic_ms() + PATIENCE_MS;
    while (ask_all(registry, wanted, &s, failed, err)) {
        if (s.matches == 0 && names_a_token(wanted->uri) && monotonic_ms() < until) {
            pause_a_step();
            continue;
        }
        return is_one(&s, err) && open_in(&s.first.module.entry, wanted, token, err);
    }
    return false;
}

static const char *module_of(const struct token_wanted *wanted)
{
    const char *by_uri = NULL;
    if (wanted->uri != NULL) {
        by_uri = uri_module_path(wanted->uri);
        if (by_uri == NULL)
            by_uri = uri_module_name(wanted->uri);
    }
    const char *first = wanted->uri_module_first ? by_uri : wanted->module;
    const char *second = wanted->uri_module_first ? wanted->module : by_uri;
    return first != NULL ? first : second;
}

bool token_needs_search(const struct token_wanted *wanted)
{
    return module_of(wanted) == NULL;
}

bool token_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *err)
{
    struct module_entry entry;
    const char *name = module_of(wanted);
    if (!one_user_begin(err))
        return false;
    const bool opened = name == NULL
                            ? open_by_search(wanted, token, err)
                            : registry_resolve(name, &entry, err) && open_in(&entry, wanted, token, err);
    if (!opened)
        one_user_end();
    return opened;
}
