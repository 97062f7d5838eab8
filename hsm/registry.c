// p11-kit's module configuration, by its own rules: *.module files of "name: value" lines in three folders,
// of which the later override the earlier value by value (pkcs11.conf(5)).
#include "hsm/registry.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

// Whom enable-in and disable-in name.
#define PROGRAM "ssa-hsm"

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

// Whether a list of programs separated by blanks or commas names ours.
static bool names_us(const char *list)
{
    for (const char *at = list; *at != '\0';) {
        const size_t len = strcspn(at, " ,\t");
        if (len == strlen(PROGRAM) && strncmp(at, PROGRAM, len) == 0)
            return true;
        at += len;
        at += strspn(at, " ,\t");
    }
    return false;
}

struct draft {
    struct module_entry entry;
    bool restricted, enabled; // there is an enable-in, which then decides alone
    bool disabled;
};

static void apply(void *context, const char *name, const char *value)
{
    struct draft *draft = context;
    struct module_entry *e = &draft->entry;
    if (strcmp(name, "module") == 0) {
        // A bare file name is in p11-kit's module folder.
        if (!text_format(e->path, sizeof e->path, "%s%s%s", value[0] == '/' ? "" : P11_MODULE_PATH,
                         value[0] == '/' ? "" : "/", value))
            e->path[0] = '\0';
    } else if (strcmp(name, "x-init-reserved") == 0) {
        if (!text_format(e->init_reserved, sizeof e->init_reserved, "%s", value))
            e->init_reserved[0] = '\0';
    } else if (strcmp(name, "trust-policy") == 0) {
        e->trust_policy = strcmp(value, "yes") == 0;
    } else if (strcmp(name, "enable-in") == 0) {
        draft->restricted = true;
        draft->enabled = names_us(value);
    } else if (strcmp(name, "disable-in") == 0) {
        draft->disabled = names_us(value);
    }
}

typedef void setting_read(void *context, const char *name, const char *value);

static void read_settings(const char *path, setting_read *take, void *context)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) >= 0) {
        char *text = trim(line);
        char *colon = strchr(text, ':');
        if (text[0] == '#' || colon == NULL)
            continue;
        *colon = '\0';
        take(context, trim(text), trim(colon + 1));
    }
    free(line);
    // Only read from: a failing close loses nothing.
    (void)fclose(file);
}

static struct draft *draft_named(struct draft *drafts, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(drafts[i].entry.name, name) == 0)
            return &drafts[i];
    if (*count == REGISTRY_MAX)
        return NULL;
    struct draft *fresh = &drafts[(*count)++];
    *fresh = (struct draft){0};
    (void)text_format(fresh->entry.name, sizeof fresh->entry.name, "%s", name);
    return fresh;
}

static int is_module_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && strcmp(dot, ".module") == 0;
}

static void read_folder(const char *folder, struct draft *drafts, size_t *count)
{
    struct dirent **files = NULL;
    const int found = scandir(folder, &files, is_module_file, alphasort);
    for (int i = 0; i < found; i++) {
        char path[MODULE_PATH_MAX], name[MODULE_NAME_MAX];
        const size_t stem = strlen(files[i]->d_name) - strlen(".module");
        if (text_format(path, sizeof path, "%s/%s", folder, files[i]->d_name) &&
            text_format(name, sizeof name, "%.*s", (int)stem, files[i]->d_name)) {
            struct draft *draft = draft_named(drafts, count, name);
            if (draft != NULL)
                read_settings(path, apply, draft);
        }
        free(files[i]);
    }
    free(files);
}

static bool user_folder(char *out, size_t capacity)
{
    const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
    if (config != NULL && config[0] == '/')
        return text_format(out, capacity, "%s/pkcs11/modules", config);
    return home != NULL && text_format(out, capacity, "%s/.config/pkcs11/modules", home);
}

// What the administrator lets users configure: "merge" (the default), "only" theirs, or "none" of it.
struct user_config {
    bool system, user;
};

static void take_user_config(void *context, const char *name, const char *value)
{
    struct user_config *config = context;
    if (strcmp(name, "user-config") == 0)
        *config =
            (struct user_config){.system = strcmp(value, "only") != 0, .user = strcmp(value, "none") != 0};
}

struct registry *registry_new(void)
{
    static const char *const folders[] = {P11_PACKAGE_MODULES, P11_SYSTEM_MODULES};
    struct registry *registry = calloc(1, sizeof *registry);
    struct draft *drafts = calloc(REGISTRY_MAX, sizeof *drafts);
    size_t count = 0;
    if (registry == NULL || drafts == NULL) {
        free(registry);
        free(drafts);
        return NULL;
    }
    struct user_config config = {.system = true, .user = true};
    read_settings(P11_SYSTEM_CONFIG "/pkcs11.conf", take_user_config, &config);
    for (size_t i = 0; config.system && i < sizeof folders / sizeof folders[0]; i++)
        read_folder(folders[i], drafts, &count);
    char user[MODULE_PATH_MAX];
    if (config.user && user_folder(user, sizeof user))
        read_folder(user, drafts, &count);
    for (size_t i = 0; i < count; i++)
        if ((drafts[i].restricted ? drafts[i].enabled : !drafts[i].disabled) &&
            drafts[i].entry.path[0] != '\0')
            registry->entries[registry->count++] = drafts[i].entry;
    free(drafts);
    return registry;
}

void registry_free(struct registry **registry)
{
    free(*registry);
    *registry = NULL;
}

// RFC 7512 section 2.3: module-name is the file's name without the system's affixes; people also give
// p11-kit's own.
static bool named(const struct module_entry *entry, const char *name)
{
    if (strcasecmp(entry->name, name) == 0)
        return true;
    const char *slash = strrchr(entry->path, '/');
    const char *base = slash == NULL ? entry->path : slash + 1;
    if (strncmp(base, "lib", 3) == 0)
        base += 3;
    const size_t stem = strcspn(base, ".");
    return stem == strlen(name) && strncasecmp(base, name, stem) == 0;
}

bool registry_resolve(const char *name_or_path, struct module_entry *entry, struct ssa_error *err)
{
    *entry = (struct module_entry){0};
    if (strchr(name_or_path, '/') != NULL) {
        if (text_format(entry->path, sizeof entry->path, "%s", name_or_path))
            return true;
        return error_set(err, SSA_CONFIG, NULL, NULL, "the module's path is longer than %u bytes",
                         MODULE_PATH_MAX);
    }
    REGISTRY_AUTO *registry = registry_new();
    if (registry == NULL)
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for the list of modules");
    char known[SSA_ERROR_TEXT_MAX / 2] = "none";
    size_t used = 0;
    for (size_t i = 0; i < registry->count; i++) {
        if (named(&registry->entries[i], name_or_path)) {
            *entry = registry->entries[i];
            return true;
        }
        const size_t left = sizeof known - used;
        if (text_format(known + used, left, "%s%s", used == 0 ? "" : ", ", registry->entries[i].name))
            used = strlen(known);
    }
    error_set(err, SSA_ABSENT, NULL, name_or_path, "p11-kit knows no module of this name");
    return error_hint(err, "It knows: %s. A file is given with its whole path.", known);
}
