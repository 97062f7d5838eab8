#include "hsm/search/open.h"

#include <errno.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "hsm/module/quirks.h"
#include "hsm/object/find.h"
#include "hsm/remote/remote.h"
#include "hsm/search/ask.h"
#include "hsm/search/matches.h"
#include "hsm/token/reopen.h"
#include "hsm/token/session.h"
#include "hsm/token/token.h"
#include "hsm/uri/uri_match.h"

enum { LOOKS_MIN = 3 };

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a search among PKCS#11 tokens");
}

static struct token *conclude(const struct token_search *s, struct ssa_error *err)
{
    if (!search_is_one(s, err))
        return NULL;
    struct token *token = malloc(sizeof *token);
    if (token == NULL)
        no_memory(err);
    else
        *token = s->first;
    return token;
}

static bool shows(struct token *token, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
    CK_ATTRIBUTE attribute = ATTRIBUTE(type, value, len);
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    return object_find_some(token, &attribute, 1, &found, 1, &count, ERROR_IGNORED) && count > 0;
}

// Whether the token shows public keys or certificates without a login, but none with this id. One that shows nothing
// may have the key.
static bool shows_other_keys(struct token *token, const CK_ATTRIBUTE *id)
{
    static const CK_OBJECT_CLASS key = CKO_PUBLIC_KEY, certificate = CKO_CERTIFICATE;
    if (id == NULL || !session_open(token, false, ERROR_IGNORED))
        return false;
    return !shows(token, CKA_ID, id->pValue, id->ulValueLen) &&
           (shows(token, CKA_CLASS, &key, sizeof key) || shows(token, CKA_CLASS, &certificate, sizeof certificate));
}

// A new version of a driver may call a token differently, but its serial number and the key's id stay. Fails with
// SSA_ABSENT where the token with that serial number cannot be the one that is wanted. Otherwise the user is told.
static bool is_renamed(struct token *token, const struct token_wanted *wanted, struct ssa_error *err)
{
    char named[URI_TEXT_MAX];
    const struct token_info *info = &token->info;
    const bool another = shows_other_keys(token, uri_attribute(wanted->uri, CKA_ID));
    session_close(token);
    uri_token_text(wanted->uri, named);
    if (another) {
        error_set(err, SSA_ABSENT, NULL, named,
                  "the token with this serial number is called \"%s\" and shows no key with this id", info->label);
        return error_hint(err, "If it is the token that you mean, name it so: %s", info->uri);
    }
    memcpy(token->called.label, info->name.label, sizeof token->called.label);
    memcpy(token->called.model, info->apart.model, sizeof token->called.model);
    uri_call_token(wanted->uri, &token->called);
    token->renamed = true;
    tell(wanted->user.hosting.callbacks, SSA_NOTICE,
         "%s is now called \"%s\": it was found by its serial number. Name it %s", named, info->label, info->uri);
    return true;
}

// A search in one module.
struct looking {
    const struct module_entry *entry;
    const struct token_wanted *wanted;
    bool rewritten;               // each login hides the module's token for a moment
    bool may_be_hidden;           // the token may be there although it was not found
    struct token_search *several; // of several that match, a person may choose one; else NULL
};

static void looking_end(struct looking *l)
{
    search_free(&l->several);
}
#define LOOKING_AUTO __attribute__((cleanup(looking_end))) struct looking

// Only a token that is named can be missing.
static bool names_a_token(const struct uri *uri)
{
    return uri != NULL && uri_names_token(uri);
}

static bool look_in(struct looking *l, struct token **token, struct ssa_error *err)
{
    struct module module;
    SEARCH_AUTO *s = search_new(l->wanted->uri, l->wanted->user.hosting.callbacks);
    l->may_be_hidden = false;
    if (s == NULL)
        return no_memory(err);
    if (!module_open(l->entry, &l->wanted->user, &module, err))
        return false;
    SEEN_AUTO *seen = NULL;
    const bool looked = module_look(&module, &seen, err) && search_match(s, &module, seen, err);
    if (looked) {
        l->rewritten = quirks_rewrites(&seen->about);
        // A token that was read in part seems to have no PIN yet.
        l->may_be_hidden = s->matches == 0 || (l->rewritten && s->first.info.pin_unset);
    }
    *token = looked ? conclude(s, err) : NULL;
    if (*token != NULL) {
        remote_is_for(module.call, (*token)->info.label);
        if (s->how == MATCH_EXACT || is_renamed(*token, l->wanted, err))
            return true;
        free(*token);
        *token = NULL;
    }
    module_close(&module, CK_INVALID_HANDLE, false);
    if (looked && l->wanted->chosen != NULL && search_has_choice(s)) {
        search_free(&l->several);
        l->several = s;
        s = NULL;
    }
    return false;
}

static bool look_in_turn(struct looking *l, struct token **token, struct ssa_error *err)
{
    const bool in_turn = l->rewritten;
    if (in_turn && !turn_take(&l->wanted->user.turns, TURN_LOGIN, err))
        return false;
    const bool found = look_in(l, token, err);
    if (in_turn)
        turn_leave(&l->wanted->user.turns, TURN_LOGIN);
    return found;
}

// A token that is named and not found is looked for again, with the module started afresh. SoftHSM's token is not seen
// while another process logs in and writes its file anew, and a reader may be slow after another process has reset it.
static bool look_patiently(struct looking *l, struct token **token, struct ssa_error *err)
{
    const struct token_wanted *wanted = l->wanted;
    const long long until = monotonic_ms() + PATIENCE_MS;
    for (unsigned looks = 1;; looks++) {
        const bool found = look_in_turn(l, token, err);
        const bool patient = looks < LOOKS_MIN || monotonic_ms() < until;
        const bool done = !l->may_be_hidden || !names_a_token(wanted->uri) || !patient;
        if (done || callback_interrupted(wanted->user.hosting.callbacks))
            return found;
        token_close(token);
        callback_waiting(wanted->user.hosting.callbacks, SSA_WAIT_SEARCH, NULL, -1);
        pause_ms(PATIENCE_STEP_MS);
    }
}

// A person chooses, and no module is open meanwhile. The chosen token is then looked for by a URI that names it alone.
static OWN_FRAME bool open_chosen(const struct token_search *s, const struct token_wanted *wanted, struct token **token,
                                  struct ssa_error *err)
{
    const struct module_entry *entry = NULL;
    char text[URI_TEXT_MAX];
    URI_AUTO *uri = NULL;
    if (!search_choose(s, &entry, text, err) || !uri_parse(text, &uri, err))
        return false;
    struct token_wanted one = *wanted;
    one.uri = uri;
    one.chosen = NULL;
    struct looking l = {.entry = entry, .wanted = &one};
    *wanted->chosen = look_patiently(&l, token, err);
    return *wanted->chosen;
}

static bool open_in(const struct module_entry *entry, const struct token_wanted *wanted, struct token **token,
                    struct ssa_error *err)
{
    LOOKING_AUTO l = {.entry = entry, .wanted = wanted};
    return look_patiently(&l, token, err) || (l.several != NULL && open_chosen(l.several, wanted, token, err));
}

// The modules that p11-kit names.
struct asking {
    const struct registry *registry;
    bool *failed; // for each: it is not asked again
};

static void asking_end(struct asking *asking)
{
    free(asking->failed);
}
#define ASKING_AUTO __attribute__((cleanup(asking_end))) struct asking

static bool is_asked(const struct asking *asking, size_t i)
{
    return !asking->failed[i] && !asking->registry->entries[i].trust_policy &&
           registry_twin(asking->registry, i) == NULL;
}

// Asks the modules, each in a process of its own: some do not run beside others, and some crash.
static bool ask_all(struct asking *asking, const struct token_wanted *wanted, struct token_search *s,
                    struct ssa_error *err)
{
    const struct registry *registry = asking->registry;
    size_t at = 0;
    AHEAD_AUTO *ahead = ahead_new(registry->count, &wanted->user, false, err);
    if (ahead == NULL)
        return false;
    for (size_t i = 0; i < registry->count; i++)
        if (is_asked(asking, i))
            ahead_ask(ahead, &registry->entries[i]);
    s->seen = 0;
    s->there[0] = '\0';
    for (size_t i = 0; i < registry->count; i++) {
        const struct module module = {.entry = registry->entries[i]};
        struct ssa_error why = {0};
        SEEN_AUTO *seen = NULL;
        if (!callback_go_on(wanted->user.hosting.callbacks, err))
            return false;
        if (!is_asked(asking, i))
            continue;
        asking->failed[i] = !ahead_take(ahead, at++, &seen, NULL, &why);
        if (asking->failed[i])
            search_note_failure(s, &module.entry, &why);
        else if (!search_match(s, &module, seen, err))
            return false;
    }
    return true;
}

static bool open_by_search(const struct token_wanted *wanted, struct token **token, struct ssa_error *err)
{
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return no_memory(err);
    SEARCH_AUTO *s = search_new(wanted->uri, wanted->user.hosting.callbacks);
    ASKING_AUTO asking = {.registry = registry, .failed = calloc(registry->count + 1, sizeof(bool))};
    if (s == NULL || asking.failed == NULL)
        return no_memory(err);
    const long long until = monotonic_ms() + PATIENCE_MS;
    while (ask_all(&asking, wanted, s, err)) {
        if (s->matches == 0 && names_a_token(wanted->uri) && monotonic_ms() < until) {
            callback_waiting(wanted->user.hosting.callbacks, SSA_WAIT_SEARCH, NULL, -1);
            pause_ms(PATIENCE_STEP_MS);
            continue;
        }
        if (wanted->chosen != NULL && search_has_choice(s))
            return open_chosen(s, wanted, token, err);
        return search_is_one(s, err) && open_in(&s->first.module.entry, wanted, token, err);
    }
    return false;
}

const char *search_module(const struct token_wanted *wanted)
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

bool search_is_needed(const struct token_wanted *wanted)
{
    return search_module(wanted) == NULL;
}

bool search_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *err)
{
    struct module_entry entry;
    const char *name = search_module(wanted);
    if (name == NULL)
        return open_by_search(wanted, token, err);
    return registry_resolve(name, &entry, err) && open_in(&entry, wanted, token, err);
}

void search_begin(const struct token_wanted *wanted)
{
    struct module_entry entry;
    const char *name = search_module(wanted);
    if (name != NULL && registry_resolve(name, &entry, ERROR_IGNORED))
        module_begin(&entry, &wanted->user);
}

void search_abandon(void)
{
    module_abandon();
}
