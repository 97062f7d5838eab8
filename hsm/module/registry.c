// p11-kit's module configuration, read by its own rules (pkcs11.conf(5)): three folders hold *.module files with lines
// "name: value". A value in a later folder overrides the value in an earlier one.
#include "hsm/module/registry.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file_mark.h"
#include "core/text.h"
#include "hsm/module/quirks.h"

// The name of this program in enable-in and disable-in.
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

// Whether a list of programs, separated by blanks or commas, names this one.
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
    long priority;
    bool restricted, enabled; // there is an enable-in, so that disable-in does not count
    bool disabled;
    bool too_long; // its path
    bool unread;   // one of its files
};

struct drafts {
    struct draft *list;
    size_t count;
    bool lost;          // there was no memory
    char left_out[256]; // names that are too long
    const struct registry_hearing *hearing;
};

static void hear(const struct registry_hearing *hearing, const char *path, unsigned line, const char *what)
{
    if (hearing != NULL)
        hearing->fault(hearing->context, path, line, what);
}

static void apply(void *context, const char *name, const char *value)
{
    struct draft *draft = context;
    struct module_entry *e = &draft->entry;
    if (strcmp(name, "module") == 0) {
        // A bare file name is in p11-kit's module folder.
        draft->too_long = !text_format(e->path, sizeof e->path, "%s%s%s", value[0] == '/' ? "" : P11_MODULE_PATH,
                                       value[0] == '/' ? "" : "/", value);
    } else if (strcmp(name, "priority") == 0) {
        draft->priority = strtol(value, NULL, 10);
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

// A line that is not "name: value" does not count; p11-kit itself drops the whole file then.
static void read_line(char *text, const char *path, unsigned number, setting_read *take, void *context,
                      const struct registry_hearing *hearing)
{
    char *colon = strchr(text, ':');
    if (text[0] == '#')
        return;
    if (colon == NULL) {
        if (text[0] != '\0')
            hear(hearing, path, number, "is not of the form \"name: value\"");
        return;
    }
    *colon = '\0';
    take(context, trim(text), trim(colon + 1));
}

// False where the file is there and cannot be read.
static bool read_settings(const char *path, setting_read *take, void *context, const struct registry_hearing *hearing)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        const int number = errno;
        if (number != ENOENT)
            hear(hearing, path, 0, strerrordesc_np(number));
        return number == ENOENT;
    }
    char *line = NULL;
    size_t room = 0;
    for (unsigned number = 1; getline(&line, &room, file) >= 0; number++)
        read_line(trim(line), path, number, take, context, hearing);
    // A folder can be opened, but not read.
    const bool whole = ferror(file) == 0;
    if (!whole)
        hear(hearing, path, 0, "cannot be read");
    free(line);
    // It was only read: a failing close loses nothing.
    (void)fclose(file);
    return whole;
}

static struct draft *draft_named(struct drafts *drafts, const char *name)
{
    for (size_t i = 0; i < drafts->count; i++)
        if (strcmp(drafts->list[i].entry.name, name) == 0)
            return &drafts->list[i];
    struct draft *grown = reallocarray(drafts->list, drafts->count + 1, sizeof *grown);
    if (grown == NULL) {
        drafts->lost = true;
        return NULL;
    }
    drafts->list = grown;
    struct draft *fresh = &drafts->list[drafts->count++];
    *fresh = (struct draft){0};
    (void)text_format(fresh->entry.name, sizeof fresh->entry.name, "%s", name);
    return fresh;
}

static void leave_out(char list[static 256], const char *name)
{
    const size_t used = strlen(list);
    if (!text_format(list + used, 256 - used, "%s%.60s", used == 0 ? "" : ", ", name))
        list[used] = '\0';
}

static int is_module_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && strcmp(dot, ".module") == 0;
}

static void read_module(const char *folder, const char *file, struct drafts *drafts)
{
    char path[MODULE_PATH_MAX], name[MODULE_NAME_MAX];
    const size_t stem = strlen(file) - strlen(".module");
    if (!text_format(path, sizeof path, "%s/%s", folder, file) ||
        !text_format(name, sizeof name, "%.*s", (int)stem, file)) {
        leave_out(drafts->left_out, file);
        return;
    }
    struct draft *draft = draft_named(drafts, name);
    if (draft != NULL && !read_settings(path, apply, draft, drafts->hearing))
        draft->unread = true;
}

static void read_folder(const char *folder, struct drafts *drafts)
{
    struct dirent **files = NULL;
    const int found = scandir(folder, &files, is_module_file, alphasort);
    if (found < 0 && errno != ENOENT)
        hear(drafts->hearing, folder, 0, strerrordesc_np(errno));
    for (int i = 0; i < found; i++) {
        read_module(folder, files[i]->d_name, drafts);
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

// Whose modules the administrator allows: "merge" (the default) is both, "only" the user's, "none" the system's.
struct user_config {
    bool system, user;
};

static void take_user_config(void *context, const char *name, const char *value)
{
    struct user_config *config = context;
    if (strcmp(name, "user-config") == 0)
        *config = (struct user_config){.system = strcmp(value, "only") != 0, .user = strcmp(value, "none") != 0};
}

static int by_priority(const void *a, const void *b)
{
    const struct draft *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    return strcmp(x->entry.name, y->entry.name);
}

static void read_configuration(struct drafts *drafts)
{
    static const char *const folders[] = {P11_PACKAGE_MODULES, P11_SYSTEM_MODULES};
    struct user_config config = {.system = true, .user = true};
    char user[MODULE_PATH_MAX];
    // p11-kit goes on without it, too.
    (void)read_settings(P11_SYSTEM_CONFIG "/pkcs11.conf", take_user_config, &config, drafts->hearing);
    for (size_t i = 0; config.system && i < COUNT(folders); i++)
        read_folder(folders[i], drafts);
    if (config.user && user_folder(user, sizeof user))
        read_folder(user, drafts);
    if (drafts->count > 0)
        qsort(drafts->list, drafts->count, sizeof *drafts->list, by_priority);
}

static bool is_for_others(const struct draft *draft)
{
    return draft->restricted ? !draft->enabled : draft->disabled;
}

static void take_usable(const struct drafts *drafts, struct registry *registry)
{
    memcpy(registry->left_out, drafts->left_out, sizeof registry->left_out);
    for (size_t i = 0; i < drafts->count; i++) {
        const struct draft *draft = &drafts->list[i];
        if (is_for_others(draft))
            continue;
        if (draft->too_long)
            leave_out(registry->left_out, draft->entry.name);
        else if (draft->entry.path[0] != '\0')
            registry->entries[registry->count++] = draft->entry;
    }
}

// What is wrong with a module that this program may use.
static void hear_of_module(const struct registry_hearing *hearing, const struct draft *draft)
{
    const struct module_entry *e = &draft->entry;
    if (is_for_others(draft))
        return;
    if (draft->too_long)
        hear(hearing, e->name, 0, "the module's path is too long");
    else if (e->path[0] == '\0' && !draft->unread)
        hear(hearing, e->name, 0, "the module is configured, but no line names its file");
    else if (e->path[0] != '\0' && access(e->path, R_OK) != 0)
        hear(hearing, e->path, 0,
             errno == ENOENT ? "the module is configured, but its file is not there" : strerrordesc_np(errno));
}

struct registry *registry_new(void)
{
    return registry_examine(NULL);
}

struct registry *registry_examine(const struct registry_hearing *hearing)
{
    struct drafts drafts = {.hearing = hearing};
    read_configuration(&drafts);
    for (size_t i = 0; hearing != NULL && i < drafts.count; i++)
        hear_of_module(hearing, &drafts.list[i]);
    struct registry *registry = drafts.lost ? NULL : calloc(1, sizeof *registry);
    if (registry != NULL)
        registry->entries = calloc(drafts.count + 1, sizeof *registry->entries);
    if (registry != NULL && registry->entries != NULL)
        take_usable(&drafts, registry);
    else
        registry_free(&registry);
    free(drafts.list);
    return registry;
}

void registry_free(struct registry **registry)
{
    if (*registry != NULL)
        free((*registry)->entries);
    free(*registry);
    *registry = NULL;
}

bool module_entry_same(const struct module_entry *a, const struct module_entry *b)
{
    struct stat one, other;
    if (strcmp(a->init_reserved, b->init_reserved) != 0)
        return false;
    return strcmp(a->path, b->path) == 0 ||
           (stat(a->path, &one) == 0 && stat(b->path, &other) == 0 && file_is_same(&one, &other));
}

bool module_entry_reads_cards(const struct module_entry *entry)
{
    return quirks_reads_cards(entry->path);
}

const struct module_entry *registry_twin(const struct registry *registry, size_t at)
{
    for (size_t i = 0; i < at; i++)
        // A module for the system's certificates is never asked for a token.
        if (!registry->entries[i].trust_policy && module_entry_same(&registry->entries[i], &registry->entries[at]))
            return &registry->entries[i];
    return NULL;
}
