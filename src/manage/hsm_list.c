// hsm list: which PKCS#11 modules, tokens and keys there are.
#include <errno.h>

#include "core/callback.h"
#include "core/text.h"
#include "hsm/search/listing.h"
#include "pin/turn.h"
#include "signer/open_token.h"

struct list {
    void (*show)(void *context, const struct ssa_listing *line);
    void *context;
};

static const char *pin_state_text(const struct token_info *info)
{
    if (info->pin_locked)
        return "PIN locked";
    if (info->pin_unset)
        return "no PIN set";
    if (info->pin_final_try)
        return "one PIN try left";
    if (info->pin_count_low)
        return "a wrong PIN was tried";
    return "";
}

// Whether a new key can go there is known before a login only where it cannot.
static const char *unfit(const struct token_info *info)
{
    if (!info->login_required)
        return "it has no PIN";
    if (info->takes_no_key)
        return "no key can be imported there";
    if (info->write_protected)
        return "it is write-protected";
    if (info->pin_locked)
        return "its PIN is locked";
    return info->pin_unset ? "it has no user PIN yet" : NULL;
}

static void show_token(void *context, const struct token_info *info, const char *uri)
{
    const struct list *list = context;
    char detail[sizeof info->manufacturer + sizeof info->model + 32];
    const char *pin = pin_state_text(info);
    (void)text_format(detail, sizeof detail, "%s%s%s%s%s", info->manufacturer, info->model[0] != '\0' ? " " : "",
                      info->model, pin[0] != '\0' ? ", " : "", pin);
    const struct ssa_listing line = {
        .depth = 1, .uri = uri, .label = info->label, .detail = detail, .unfit = unfit(info)};
    list->show(list->context, &line);
}

static void show_key(void *context, const char *label, const char *uri)
{
    const struct list *list = context;
    const struct ssa_listing line = {.depth = 2, .uri = uri, .label = label, .detail = ""};
    list->show(list->context, &line);
}

// The module's line comes first. It has the module's description, which is known only when the first token is shown.
struct held {
    struct list *list;
    const struct module_entry *entry;
    const char *description;
    bool announced;
};

static void announce(struct held *held, const struct ssa_error *why)
{
    const struct module_entry *entry = held->entry;
    char detail[sizeof why->what + sizeof why->cause + 2] = "";
    if (why != NULL)
        (void)text_format(detail, sizeof detail, "%s%s%s", why->what, why->cause[0] != '\0' ? ", " : "", why->cause);
    const struct ssa_listing line = {.uri = entry->path,
                                     .label = entry->name[0] != '\0' ? entry->name : entry->path,
                                     .detail = why != NULL ? detail : held->description,
                                     .failed = why != NULL};
    held->announced = true;
    held->list->show(held->list->context, &line);
}

static void show_held(void *context, const struct token_info *info, const char *uri)
{
    struct held *held = context;
    if (!held->announced)
        announce(held, NULL);
    show_token(held->list, info, uri);
}

static bool list_module(struct ahead *ahead, size_t at, struct list *list, struct ssa_error *why)
{
    char description[33] = "";
    struct held held = {.list = list, .entry = ahead_entry(ahead, at), .description = description};
    if (!listing_tokens(ahead, at, description, show_held, &held, why))
        return false;
    if (!held.announced)
        announce(&held, NULL);
    return true;
}

// The tokens of a module that is configured twice are listed once.
static void show_twin(const struct module_entry *entry, const struct module_entry *twin, struct list *list)
{
    char detail[sizeof twin->name + 32];
    (void)text_format(detail, sizeof detail, "the same file as %s", twin->name);
    const struct ssa_listing line = {.uri = entry->path, .label = entry->name, .detail = detail};
    list->show(list->context, &line);
}

// Where one of several modules cannot be used, the others are listed all the same.
static void list_or_say_why_not(struct ahead *ahead, size_t at, struct list *list)
{
    struct ssa_error why = {0};
    struct held held = {.list = list, .entry = ahead_entry(ahead, at)};
    if (!list_module(ahead, at, list, &why))
        announce(&held, &why);
}

static bool list_named(const struct ssa_run *run, const char *name, struct list *list, struct ssa_error *err)
{
    const struct module_user user = module_user_of(run);
    struct module_entry entry;
    if (!registry_resolve(name, &entry, err))
        return false;
    AHEAD_AUTO *ahead = ahead_new(1, &user, false, err);
    if (ahead == NULL)
        return false;
    ahead_ask(ahead, &entry);
    return list_module(ahead, 0, list, err);
}

static bool list_registered(const struct ssa_run *run, const struct registry *registry, struct list *list,
                            struct ssa_error *err)
{
    const struct module_user user = module_user_of(run);
    size_t at = 0;
    AHEAD_AUTO *ahead = ahead_new(registry->count, &user, false, err);
    if (ahead == NULL)
        return false;
    for (size_t i = 0; i < registry->count; i++)
        if (!registry->entries[i].trust_policy && registry_twin(registry, i) == NULL)
            ahead_ask(ahead, &registry->entries[i]);
    for (size_t i = 0; i < registry->count; i++) {
        if (!callback_go_on(&run->callbacks, err))
            return false;
        const struct module_entry *twin = registry_twin(registry, i);
        if (registry->entries[i].trust_policy)
            continue;
        if (twin != NULL)
            show_twin(&registry->entries[i], twin, list);
        else
            list_or_say_why_not(ahead, at++, list);
    }
    return true;
}

static bool list_modules(const struct ssa_run *run, struct list *list, struct ssa_error *err)
{
    const char *named = settings_get(run->settings, SET_MODULE, NULL);
    if (named != NULL)
        return list_named(run, named, list, err);
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of modules");
    if (registry->left_out[0] != '\0')
        tell(&run->callbacks, SSA_WARNING, "modules of p11-kit whose name or path is too long are left out: %s",
             registry->left_out);
    return list_registered(run, registry, list, err);
}

static OWN_FRAME bool list_keys(const struct ssa_run *run, struct list *list, struct ssa_error *err)
{
    OPEN_TOKEN_AUTO at = {0};
    if (!open_token_of_settings(run, &at, err) || !open_token_login(&at, false, err))
        return false;
    char text[URI_TEXT_MAX];
    if (!token_uri(at.token, text, err))
        return false;
    show_token(list, token_info(at.token), text);
    return listing_keys(at.token, show_key, list, err);
}

bool ssa_hsm_list(const struct ssa_run *run, bool login, void (*show)(void *context, const struct ssa_listing *line),
                  void *context, struct ssa_error *err)
{
    struct list list = {.show = show, .context = context};
    err = ERROR_OR_IGNORED(err);
    return login ? list_keys(run, &list, err) : list_modules(run, &list, err);
}
