// Finding the one token that is meant: in the module that is named, or among all that there are.
#include "hsm/pkcs11.h"

#include <stdlib.h>

#include "core/monotonic.h"
#include "core/tell.h"
#include "core/text.h"
#include "hsm/ask.h"
#include "hsm/one_user.h"
#include "hsm/recipe.h"

enum { MATCHES_SHOWN = 4, LOOKS_MIN = 3 };

// What a search has seen so far.
struct search {
    const struct uri *uri;
    size_t matches;
    struct token first;
    char places[SSA_ERROR_TEXT_MAX / 2];   // of the matches, for the message that several match
    char failures[SSA_ERROR_TEXT_MAX / 2]; // modules that could not be asked
};

static void add_line(char *list, size_t capacity, const char *text, const char *more)
{
    const size_t used = strlen(list);
    (void)text_format(list + used, capacity - used, "%s%s%s", used == 0 ? "" : "; ", text, more);
}

static void take_match(struct search *s, const struct module *module, const struct module_seen *seen,
                       size_t at)
{
    struct token_info info;
    token_describe(&seen->about, &seen->tokens[at].token, &info);
    if (s->matches++ == 0)
        s->first = (struct token){.module = *module, .slot = seen->tokens[at].slot, .info = info};
    if (s->matches > MATCHES_SHOWN)
        return;
    char uri[URI_TEXT_MAX];
    if (entry_token_uri(&module->entry, &info, uri, NULL))
        add_line(s->places, sizeof s->places, uri, "");
}

static void match(struct search *s, const struct module *module, struct module_seen *seen)
{
    for (size_t i = 0; i < seen->count; i++) {
        struct token_seen *token = &seen->tokens[i];
        // Nobody logs in to a token without a login (NSS has one, for calculations): it is not meant unless
        // it is named.
        const bool guarded = (token->token.flags & CKF_LOGIN_REQUIRED) != 0;
        if (s->uri == NULL ? guarded
                           : uri_matches(s->uri, &seen->about, &token->slot_info, token->slot, &token->token))
            take_match(s, module, seen, i);
    }
}

// The one match, or why there is none.
static bool conclude(struct search *s, struct token **token, struct ssa_error *err)
{
    if (s->matches > 1) {
        error_set(err, SSA_CONFIG, NULL, NULL, "several tokens match: %s%s", s->places,
                  s->matches > MATCHES_SHOWN ? " …" : "");
        return error_hint(
            err, "Name one of them: SSA_HSM_TOKEN or --token. Cards that look the same are told apart by "
                 "unplugging one.");
    }
    if (s->matches == 0) {
        char wanted[URI_TEXT_MAX] = "";
        if (s->uri != NULL)
            uri_token_text(s->uri, wanted);
        error_set(err, SSA_ABSENT, NULL, wanted, "no such token is there%s%s",
                  s->failures[0] ? "; not asked: " : "", s->failures);
        return error_hint(
            err, "Is it plugged in? `ssa-hsm hsm list` shows the modules and tokens there are; --module "
                 "or SSA_HSM_MODULE names a module that p11-kit does not know.");
    }
    *token = malloc(sizeof **token);
    if (*token == NULL)
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for the token");
    **token = s->first;
    return true;
}

// What is looked for in one module.
struct looking {
    const struct module_entry *entry;
    const struct uri *uri;
    const struct turns *turns;
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
    struct search s = {.uri = l->uri};
    l->may_be_hidden = false;
    if (!module_open(l->entry, l->turns, &module, err))
        return false;
    SEEN_AUTO *seen = NULL;
    const bool looked = module_look(&module, &seen, err);
    if (looked) {
        match(&s, &module, seen);
        l->rewritten = recipe_rewrites(&seen->about);
        // Half read, it seems to have no PIN yet.
        l->may_be_hidden = s.matches == 0 || (l->rewritten && s.first.info.pin_unset);
    }
    if (looked && conclude(&s, token, err))
        return true;
    module_close(&module);
    return false;
}

static bool look_in_turn(struct looking *l, struct token **token, struct ssa_error *err)
{
    const bool in_turn = l->rewritten;
    if (in_turn && !turn_take(l->turns, TURN_LOGIN, err))
        return false;
    const bool found = look_in(l, token, err);
    if (in_turn)
        turn_leave(l->turns, TURN_LOGIN);
    return found;
}

// A token that is named and not found is looked for again, with the module started afresh: one in files
// (SoftHSM) is not there for the moment in which another process that logs in writes them anew, and a reader
// that another process resets may be slow.
static bool open_in(const struct module_entry *entry, const struct token_wanted *wanted, struct token **token,
                    struct ssa_error *err)
{
    struct looking l = {.entry = entry, .uri = wanted->uri, .turns = &wanted->turns};
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

static bool same_file_before(const struct registry *registry, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(registry->entries[i].path, registry->entries[index].path) == 0 &&
            strcmp(registry->entries[i].init_reserved, registry->entries[index].init_reserved) == 0)
            return true;
    return false;
}

// Asks every module, each in a child of its own: some do not bear another beside them, and some crash. What
// another look is to leave out is marked.
static bool ask_all(const struct registry *registry, const struct token_wanted *wanted, struct search *s,
                    bool failed[static REGISTRY_MAX], struct ssa_error *err)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct module_entry *entry = &registry->entries[i];
        const struct module module = {.entry = *entry};
        struct ssa_error why = {0};
        SEEN_AUTO *seen = NULL;
        if (!go_on(wanted->callbacks, err))
            return false;
        if (failed[i] || entry->trust_policy || same_file_before(registry, i))
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
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for the list of modules");
    struct search s = {.uri = wanted->uri};
    bool failed[REGISTRY_MAX] = {false};
    const long long until = monotonic_ms() + PATIENCE_MS;
    while (ask_all(registry, wanted, &s, failed, err)) {
        if (s.matches == 0 && names_a_token(wanted->uri) && monotonic_ms() < until) {
            pause_a_step();
            continue;
        }
        if (s.matches != 1)
            return conclude(&s, token, err);
        const struct module_entry found = s.first.module.entry;
        return open_in(&found, wanted, token, err);
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
