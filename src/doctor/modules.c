// PKCS#11 modules: the program that loads them, and whether each answers. They are asked side by side.
#include "core/callback.h"
#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/search/listing.h"

// What a module's tokens are called.
struct labels {
    size_t count;
    char text[384];
};

static void take_label(void *context, const struct token_info *info, const char *uri)
{
    struct labels *labels = context;
    const size_t used = strlen(labels->text);
    (void)uri;
    labels->count++;
    if (!text_format(labels->text + used, sizeof labels->text - used, "%s\"%s\"", used > 0 ? ", " : "", info->label))
        labels->text[used] = '\0';
}

static bool take_answer(struct examination *x, struct ahead *ahead, size_t at, struct ssa_error *why)
{
    char description[33];
    struct labels labels = {0};
    const struct module_entry *entry = ahead_entry(ahead, at);
    if (!listing_tokens(ahead, at, description, take_label, &labels, why))
        return false;
    const char *name = description[0] != '\0' ? description : entry->name;
    if (labels.count == 0)
        finding_ok(&x->found, CHECK_MODULE, entry->path, "answers (%s); it shows no PKCS#11 token", name);
    else
        finding_ok(&x->found, CHECK_MODULE, entry->path, "answers (%s); it shows %s", name, labels.text);
    return true;
}

static OWN_FRAME void ask_named(struct examination *x, const struct module_user *user, const char *name)
{
    struct ssa_error why = {0};
    struct module_entry entry;
    AHEAD_AUTO *ahead = NULL;
    if (registry_resolve(name, &entry, &why)) {
        ahead = ahead_new(1, user, false, &why);
        if (ahead != NULL) {
            ahead_ask(ahead, &entry);
            if (take_answer(x, ahead, 0, &why))
                return;
        }
    }
    finding_failure(&x->found, CHECK_MODULE, &why);
}

static bool is_asked(const struct registry *registry, size_t i)
{
    return !registry->entries[i].trust_policy && registry_twin(registry, i) == NULL;
}

static void ask_each(struct examination *x, const struct registry *registry, struct ahead *ahead)
{
    struct ssa_error why = {0};
    size_t asked = 0, answered = 0;
    for (size_t i = 0; i < registry->count; i++)
        if (is_asked(registry, i))
            ahead_ask(ahead, &registry->entries[i]);
    for (size_t i = 0; i < registry->count; i++) {
        if (!is_asked(registry, i))
            continue;
        if (take_answer(x, ahead, asked++, &why))
            answered++;
        else
            // Another one may have the token.
            finding_warning(&x->found, CHECK_MODULE, &why);
    }
    if (answered > 0)
        return;
    if (asked == 0)
        error_because(&why, SSA_ABSENT, SSA_REASON_MODULE_NOT_LOADED, NULL,
                      "no PKCS#11 module is named, and p11-kit configures none");
    else
        error_because(&why, SSA_ABSENT, SSA_REASON_MODULE_NOT_LOADED, NULL,
                      "none of the PKCS#11 modules that p11-kit configures answers");
    finding_failure(&x->found, CHECK_MODULE, &why);
}

static void ask_configured(struct examination *x, const struct module_user *user)
{
    REGISTRY_AUTO *registry = registry_new();
    AHEAD_AUTO *ahead = registry != NULL ? ahead_new(registry->count, user, false, ERROR_IGNORED) : NULL;
    if (ahead != NULL)
        ask_each(x, registry, ahead);
    x->found.lost = x->found.lost || ahead == NULL;
}

static OWN_FRAME bool check_host(struct examination *x, const struct module_user *user)
{
    char path[HOST_PATH_MAX];
    struct ssa_error why = {0};
    if (hosting_check(&user->hosting, path, &why)) {
        finding_ok(&x->found, CHECK_MODULE_HOST, path, "can be started");
        return true;
    }
    error_hint(&why, "It belongs to this program: install both anew, from one package or one build.");
    finding_failure(&x->found, CHECK_MODULE_HOST, &why);
    return false;
}

void check_modules(struct examination *x)
{
    const struct module_user user = module_user_of(&x->run);
    const struct token_wanted wanted = open_token_wanted(&x->run, x->at.uri);
    if (!check_host(x, &user)) {
        finding_skipped(&x->found, CHECK_MODULE, CHECK_MODULE_HOST);
        return;
    }
    const char *name = search_module(&wanted);
    if (!x->has_settings)
        finding_skipped(&x->found, CHECK_MODULE, CHECK_SETTINGS);
    else if (name != NULL)
        ask_named(x, &user, name);
    else
        ask_configured(x, &user);
}
