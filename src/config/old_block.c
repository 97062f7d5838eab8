#include "config/old_block.h"

#include "config/dotenv.h"
#include "config/old_comment.h"
#include "config/old_json.h"
#include "config/old_names.h"
#include "config/profile_block.h"
#include "core/file_mark.h"
#include "core/rsa_key.h"
#include "core/text.h"

struct visit {
    struct old_block *old;
    const char *file;
    const struct ssa_settings *in_use;
};

static bool contradiction(const char *file, const char *first, const char *second, struct ssa_error *err)
{
    if (strcmp(first, second) == 0)
        error_set(err, SSA_CONFIG, NULL, file, "sets %s twice, to different values", first);
    else
        error_set(err, SSA_CONFIG, NULL, file, "%s and %s mean the same, but have different values", first, second);
    return error_hint(err, "Remove the wrong one.");
}

static bool take_once(const struct visit *v, const struct assignment *a, const char **value, const char **name,
                      struct ssa_error *err)
{
    if (*value != NULL && strcmp(*value, a->value) != 0)
        return contradiction(v->file, *name, a->name, err);
    *value = a->value;
    *name = a->name;
    return true;
}

static bool take_key(const struct visit *v, const struct assignment *a, struct ssa_error *err)
{
    struct old_block *old = v->old;
    if (old->key_count == OLD_KEYS_MAX)
        return error_set(err, SSA_CONFIG, NULL, v->file, "holds more than %u private keys", OLD_KEYS_MAX);
    old->keys[old->key_count].name = a->name;
    old->keys[old->key_count++].value = a->value;
    return true;
}

// Notes what the new profile will not have. It has a setting that is in use with the same value.
static void take_other(const struct visit *v, const struct assignment *a)
{
    struct old_block *old = v->old;
    const enum setting id = setting_find(a->name, strlen(a->name));
    const char *used = id == SETTING_COUNT || !profile_block_has(a->name) ? NULL : settings_get(v->in_use, id, NULL);
    if (used != NULL && strcmp(used, a->value) == 0)
        return;
    if (id != SETTING_COUNT && profile_block_has(a->name) && old->kept.name == NULL) {
        old->kept.name = a->name;
        old->kept.value = a->value;
    }
    if (old->other[0] == '\0')
        text_harmless(old->other, sizeof old->other, span_text(a->name));
}

static bool take(void *context, const struct assignment *a, struct ssa_error *err)
{
    const struct visit *v = context;
    const enum setting id = old_name_setting(a->name);
    if (a->value[0] == '\0')
        return true;
    if (id == SET_PRIVATE_KEY)
        return take_key(v, a, err);
    if (id == SETTING_COUNT && !old_name_is_key_path(a->name)) {
        take_other(v, a);
        return true;
    }
    if (a->ambiguous) {
        error_set(err, SSA_CONFIG, NULL, v->file, "line %zu has a backslash between double quotes in %s", a->line,
                  a->name);
        return error_hint(err, "The shell and dotenv libraries read that differently: use single quotes.");
    }
    return id == SETTING_COUNT ? take_once(v, a, &v->old->key_path, &v->old->key_path_name, err)
                               : take_once(v, a, &v->old->values[id], &v->old->names[id], err);
}

bool old_block_read(struct secret *text, const char *file, const struct ssa_settings *in_use, struct old_block *old,
                    struct ssa_error *err)
{
    *old = (struct old_block){0};
    struct visit visit = {.old = old, .file = file, .in_use = in_use};
    if (old_json_is(text))
        return old_json_read(text, file, take, &visit, err);
    // This comes before dotenv_read, which changes the text.
    (void)old_comment_find(secret_text(text), false, old->other);
    (void)old_comment_find(secret_text(text), true, old->behind);
    return dotenv_read(text, file, take, &visit, err);
}

bool old_block_key(struct old_block *old, const char *file, struct secret *pem, struct ssa_error *err)
{
    SECRET_AUTO again = {0};
    if (!old_key_take(pem, old->keys[0].value, file, old->beside, err) || !secret_new(&again, PEM_MAX, err) ||
        !secret_must_be_locked(&again, err))
        return false;
    for (size_t i = 1; i < old->key_count; i++) {
        if (!old_key_take(&again, old->keys[i].value, file, old->beside, err))
            return false;
        if (!span_equal(secret_span(pem), secret_span(&again)))
            return contradiction(file, old->keys[0].name, old->keys[i].name, err);
    }
    return true;
}

// A relative path is one from a program's working folder, which usually is the block's folder, too.
bool old_block_key_path(const struct old_block *old, const char *file, char path[static PATH_TEXT_MAX],
                        struct ssa_error *err)
{
    struct stat beside, here;
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    if (old->key_path[0] == '/' || slash == NULL)
        return path_format(path, err, "%s", old->key_path);
    if (!path_format(path, err, "%.*s/%s", (int)(slash - file), file, old->key_path))
        return false;
    const bool is_beside = stat(path, &beside) == 0, is_here = stat(old->key_path, &here) == 0;
    if (is_beside && is_here && !file_is_same(&beside, &here)) {
        error_set(err, SSA_CONFIG, NULL, file, "its %s may be %s or %s", old->key_path_name, path, old->key_path);
        return error_hint(err, "Write the whole path there.");
    }
    return is_beside || !is_here || path_format(path, err, "%s", old->key_path);
}
