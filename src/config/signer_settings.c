#include "config/signer_settings.h"

#include <errno.h>
#include <stdlib.h>

#include "config/reference.h"
#include "config/settings_own.h"
#include "core/text.h"

enum { NAME_ROOM = 256, REFERENCES_MAX = 2 * (FROM_PROFILE + SSA_PROFILES_MAX) };

// The names that a client secret has.
static const enum setting secret_names[] = {SET_CLIENT_SECRET, SET_SECRET_ALIAS};

static bool is_secret_name(enum setting id)
{
    return id == SET_CLIENT_SECRET || id == SET_SECRET_ALIAS;
}

// The client secrets of all sources, or references to them, that a signer has no use for.
struct client_secrets {
    const char *values[REFERENCES_MAX];
    size_t count;
};

static void collect_from(const char *const values[static SETTING_COUNT], struct client_secrets *found)
{
    for (size_t i = 0; i < COUNT(secret_names); i++) {
        const char *value = values[secret_names[i]];
        if (text_present(value) && !uri_text_is_uri(value))
            found->values[found->count++] = value;
    }
}

static void collect(const struct ssa_settings *s, struct client_secrets *found)
{
    for (enum setting_source from = 0; from < FROM_PROFILE; from++)
        collect_from(s->values[from], found);
    for (size_t i = 0; i < s->profile_count; i++)
        collect_from(s->profiles[i].values, found);
}

static bool reads(const struct client_secrets *secrets, const char *name)
{
    for (size_t i = 0; i < secrets->count; i++)
        if (reference_kind(secrets->values[i]) == REFERENCE_ENV &&
            strcmp(reference_name(secrets->values[i]), name) == 0)
            return true;
    return false;
}

// The entry's value as it was, wherever it is now.
static const char *value_of(const struct ssa_settings *s, const char *name, const char *value)
{
    const enum setting id = setting_find(name, strlen(name));
    for (size_t i = 0; i < s->variable_count; i++)
        if (span_is(s->variables[i].name, name))
            return s->variables[i].value;
    return id != SETTING_COUNT && setting_is_secret(id) ? s->values[FROM_ENVIRONMENT][id] : value;
}

static bool name_of(const char *entry, char name[static NAME_ROOM])
{
    return text_format(name, NAME_ROOM, "%.*s", (int)strcspn(entry, "="), entry);
}

// What the signer gets for an entry; NULL for nothing. A name that is too long for ours is another's.
static const char *passed_on(const struct ssa_settings *s, const struct client_secrets *secrets, const char *entry,
                             bool *moved)
{
    char name[NAME_ROOM];
    *moved = false;
    if (!name_of(entry, name))
        return entry;
    const enum setting id = setting_find(name, strlen(name));
    const char *own = strchr(entry, '=') != NULL ? strchr(entry, '=') + 1 : "";
    const char *value = value_of(s, name, own);
    if ((id != SETTING_COUNT && is_secret_name(id) && (value == NULL || !uri_text_is_uri(value))) ||
        reads(secrets, name))
        return NULL;
    *moved = value != own;
    return *moved ? value : entry;
}

// Appends NAME=value, which was moved, and its NUL.
static bool put_back(struct secret *text, const char *entry, const char *value, char **placed)
{
    *placed = (char *)text->data + text->len;
    return secret_append(text, span_of(entry, strcspn(entry, "="))) && secret_append_text(text, "=") &&
           secret_append(text, span_of(value, strlen(value) + 1));
}

static size_t count_entries(const struct ssa_settings *s)
{
    size_t count = 0;
    while (s->entries != NULL && s->entries[count] != NULL)
        count++;
    return count;
}

bool signer_environment_new(const struct ssa_settings *s, struct signer_environment *e, struct ssa_error *err)
{
    enum { ROOM = 64 * 1024 };
    struct client_secrets secrets = {0};
    const size_t count = count_entries(s);
    size_t kept = 0;
    *e = (struct signer_environment){.list = calloc(count + 1, sizeof *e->list)};
    if (e->list == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for an environment");
    collect(s, &secrets);
    bool fits = secret_new(&e->text, ROOM, err);
    for (size_t i = 0; fits && i < count; i++) {
        bool moved = false;
        const char *entry = passed_on(s, &secrets, s->entries[i], &moved);
        if (moved)
            fits =
                put_back(&e->text, s->entries[i], entry, &e->list[kept++]) ||
                error_set(err, SSA_CONFIG, NULL, NULL, "the secrets in the environment are longer than %d bytes", ROOM);
        else if (entry != NULL)
            e->list[kept++] = s->entries[i];
    }
    if (!fits)
        signer_environment_free(e);
    return fits;
}

void signer_environment_free(struct signer_environment *e)
{
    free(e->list);
    e->list = NULL;
    secret_free(&e->text);
}

static void wipe_text(const char *text)
{
    secret_wipe((void *)(uintptr_t)text, strlen(text));
}

// Wipes a variable's value, where it came from and where it was moved to.
static void wipe_variable(struct ssa_settings *s, const char *name)
{
    char other[NAME_ROOM];
    for (size_t i = 0; i < s->variable_count; i++)
        if (span_is(s->variables[i].name, name))
            wipe_text(s->variables[i].value);
    for (char **entry = s->entries; entry != NULL && *entry != NULL; entry++)
        if (name_of(*entry, other) && strcmp(other, name) == 0 && strchr(*entry, '=') != NULL)
            wipe_text(strchr(*entry, '=') + 1);
}

static void drop_from(const char *values[static SETTING_COUNT])
{
    for (size_t i = 0; i < COUNT(secret_names); i++)
        if (values[secret_names[i]] != NULL && !uri_text_is_uri(values[secret_names[i]]))
            values[secret_names[i]] = NULL;
}

static bool keep_values(struct profile_read *profile, struct ssa_error *err)
{
    struct secret kept = {0};
    size_t len = 1;
    for (enum setting id = 0; id < SETTING_COUNT; id++)
        len += profile->values[id] != NULL ? strlen(profile->values[id]) + 1 : 0;
    if (!secret_new(&kept, len, err))
        return false;
    for (enum setting id = 0; id < SETTING_COUNT; id++) {
        const char *value = profile->values[id], *placed = (const char *)kept.data + kept.len;
        // There is room for all of them.
        if (value != NULL && secret_append(&kept, span_of(value, strlen(value) + 1)))
            profile->values[id] = placed;
    }
    profile->unknown_count = 0;
    secret_free(&profile->text);
    profile->text = kept;
    return true;
}

bool settings_drop_client_secret(struct ssa_settings *s, struct ssa_error *err)
{
    struct client_secrets secrets = {0};
    collect(s, &secrets);
    for (enum setting_source from = 0; from < FROM_PROFILE; from++)
        drop_from(s->values[from]);
    for (size_t i = 0; i < s->profile_count; i++)
        drop_from(s->profiles[i].values);
    for (size_t i = 0; i < secrets.count; i++) {
        const char *value = secrets.values[i];
        if (reference_kind(value) == REFERENCE_ENV && !settings_read_variable(s, reference_name(value)))
            wipe_variable(s, reference_name(value));
    }
    // The copies of the environment's own.
    for (size_t i = 0; i < COUNT(secret_names); i++)
        if (s->values[FROM_ENVIRONMENT][secret_names[i]] == NULL)
            wipe_variable(s, setting_name(secret_names[i]));
    for (size_t i = 0; i < secrets.count; i++)
        if (!reference_text_is_reference(secrets.values[i]))
            wipe_text(secrets.values[i]);
    for (size_t i = 0; i < s->profile_count; i++)
        if (!keep_values(&s->profiles[i], err))
            return false;
    return true;
}
