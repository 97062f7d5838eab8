// Finding a token and closing it again.
#include "hsm/pkcs11.h"

#include <stdlib.h>
#include <time.h>

#include "core/tell.h"
#include "core/text.h"
#include "hsm/ask.h"
#include "hsm/recipe.h"

enum { MATCHES_SHOWN = 4, SECOND_LOOK_MS = 100 };

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

void unpad(char *to, size_t capacity, const CK_UTF8CHAR *from, size_t width)
{
    while (width > 0 && (from[width - 1] == ' ' || from[width - 1] == '\0'))
        width--;
    text_harmless(to, capacity, span_of(from, width));
}

void token_describe(const CK_INFO *module, const CK_TOKEN_INFO *raw, struct token_info *info)
{
    const struct recipe *recipe = recipe_for(module, raw);
    *info = (struct token_info){
        .recipe = recipe,
        .firmware = raw->firmwareVersion.major,
        .pin_tries = recipe->pin_tries,
        .pin_count_low = (raw->flags & CKF_USER_PIN_COUNT_LOW) != 0,
        .pin_final_try = (raw->flags & CKF_USER_PIN_FINAL_TRY) != 0,
        .pin_locked = (raw->flags & CKF_USER_PIN_LOCKED) != 0,
        .pin_pad = (raw->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0,
        .pin_unset = (raw->flags & CKF_USER_PIN_INITIALIZED) == 0,
        .login_required = (raw->flags & CKF_LOGIN_REQUIRED) != 0,
        .write_protected = (raw->flags & CKF_WRITE_PROTECTED) != 0,
        .pin_min = raw->ulMinPinLen,
        .pin_max = recipe->pin_max != 0 ? recipe->pin_max : raw->ulMaxPinLen,
    };
    unpad(info->label, sizeof info->label, raw->label, sizeof raw->label);
    unpad(info->serial, sizeof info->serial, raw->serialNumber, sizeof raw->serialNumber);
    unpad(info->manufacturer, sizeof info->manufacturer, raw->manufacturerID, sizeof raw->manufacturerID);
    unpad(info->model, sizeof info->model, raw->model, sizeof raw->model);
    memcpy(info->name.label, raw->label, sizeof info->name.label);
    memcpy(info->name.serial, raw->serialNumber, sizeof info->name.serial);
    const struct uri_parts parts = {.token = &info->name};
    if (!uri_write(&parts, info->uri, NULL))
        info->uri[0] = '\0';
}

struct token_name lasting_name(const struct token_info *info)
{
    struct token_name name = info->name;
    if (info->recipe->label_changes && info->serial[0] != '\0')
        memset(name.label, ' ', sizeof name.label);
    return name;
}

bool entry_token_uri(const struct module_entry *entry, const struct token_info *info,
                     char out[static URI_TEXT_MAX], struct ssa_error *err)
{
    const bool by_name = entry->name[0] != '\0';
    const struct token_name name = lasting_name(info);
    const struct uri_parts parts = {.token = &name,
                                    .module_name = by_name ? entry->name : NULL,
                                    .module_path = by_name ? NULL : entry->path};
    return uri_write(&parts, out, err);
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

static bool try_in(const struct module_entry *entry, const struct uri *uri, struct token **token,
                   bool *absent, struct ssa_error *err)
{
    struct module module;
    struct search s = {.uri = uri};
    *absent = false;
    if (!module_open(entry, &module, err))
        return false;
    SEEN_AUTO *seen = NULL;
    const bool looked = module_look(&module, &seen, err);
    if (looked)
        match(&s, &module, seen);
    if (looked && conclude(&s, token, err))
        return true;
    *absent = looked && s.matches == 0;
    module_close(&module);
    return false;
}

// A token that is named and not found is looked for once more: one in files (SoftHSM) is not there for the
// moment in which another process that logs in writes them anew.
static bool open_in(const struct module_entry *entry, const struct uri *uri, struct token **token,
                    struct ssa_error *err)
{
    static const struct timespec pause = {.tv_nsec = SECOND_LOOK_MS * 1000000L};
    bool absent = false;
    if (try_in(entry, uri, token, &absent, err))
        return true;
    if (uri == NULL || !absent)
        return false;
    (void)nanosleep(&pause, NULL);
    return try_in(entry, uri, token, &absent, err);
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

// Asks every module, each in a child of its own: some do not bear another beside them, and some crash.
static bool open_by_search(const struct uri *uri, const struct ssa_callbacks *callbacks, struct token **token,
                           struct ssa_error *err)
{
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for the list of modules");
    struct search s = {.uri = uri};
    for (size_t i = 0; i < registry->count; i++) {
        const struct module_entry *entry = &registry->entries[i];
        const struct module module = {.entry = *entry};
        struct ssa_error why = {0};
        SEEN_AUTO *seen = NULL;
        if (!go_on(callbacks, err))
            return false;
        if (entry->trust_policy || same_file_before(registry, i))
            continue;
        if (module_ask(entry, false, callbacks, &seen, &why))
            match(&s, &module, seen);
        else
            add_failure(&s, entry, &why);
    }
    if (s.matches != 1)
        return conclude(&s, token, err);
    const struct module_entry found = s.first.module.entry;
    return open_in(&found, uri, token, err);
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
    const char *name = module_of(wanted);
    if (name == NULL)
        return open_by_search(wanted->uri, wanted->callbacks, token, err);
    struct module_entry entry;
    return registry_resolve(name, &entry, err) && open_in(&entry, wanted->uri, token, err);
}

void token_close(struct token **token)
{
    struct token *t = *token;
    if (t == NULL)
        return;
    session_close(t);
    module_close(&t->module);
    secret_free(&t->pin);
    secret_free(&t->so_pin);
    free(t);
    *token = NULL;
}

const struct token_info *token_info(const struct token *token)
{
    return &token->info;
}

bool token_uri(const struct token *token, char out[static URI_TEXT_MAX], struct ssa_error *err)
{
    return entry_token_uri(&token->module.entry, &token->info, out, err);
}

const char *token_module_path(const struct token *token)
{
    const struct module_entry *entry = &token->module.entry;
    return entry->name[0] == '\0' ? entry->path : NULL;
}

const char *token_module_name(const struct token *token)
{
    const struct module_entry *entry = &token->module.entry;
    return entry->name[0] == '\0' ? NULL : entry->name;
}

static bool signs(const struct token *token, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM_INFO info;
    return token->module.call->C_GetMechanismInfo(token->slot, type, &info) == CKR_OK &&
           (info.flags & CKF_SIGN) != 0;
}

static bool never_imports(const struct token *token, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token->info.uri, "this kind of token (%s) cannot take a key from here",
              token->info.recipe->name);
    return error_hint(err, "%s", token->info.recipe->instead);
}

bool token_check_able(const struct token *token, struct ssa_error *err)
{
    if (token->info.recipe->import_as == IMPORT_NEVER)
        return never_imports(token, err);
    if (token->info.write_protected) {
        error_set(err, SSA_TOKEN, "CKF_WRITE_PROTECTED", token->info.uri, "the token is write-protected");
        return error_hint(err, "Choose another token with --token; `ssa-hsm hsm list` shows them.");
    }
    if (!signs(token, CKM_SHA256_RSA_PKCS) && !signs(token, CKM_RSA_PKCS)) {
        error_set(err, SSA_TOKEN, "CKR_MECHANISM_INVALID", token->info.uri, "the token cannot sign with RSA");
        return error_hint(
            err, "It offers neither CKM_SHA256_RSA_PKCS nor CKM_RSA_PKCS: choose another with --token.");
    }
    return true;
}

const char *token_so_pin_name(const struct token *token, const char **factory)
{
    *factory = token->info.recipe->so_pin_factory;
    return token->info.recipe->import_as == IMPORT_AS_SO ? token->info.recipe->so_pin_name : NULL;
}
