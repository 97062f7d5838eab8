#include "config/profile_block.h"

#include "config/dotenv.h"
#include "config/reference.h"

static bool append_secret(const struct profile_block *block, struct secret *out, struct ssa_error *err)
{
    char buffer[PATH_TEXT_MAX];
    if (block->secret == NULL)
        return true;
    const char *value = block->secret_is_literal ? block->secret : reference_lasting(block->secret, buffer, err);
    return value != NULL && dotenv_append(out, setting_name(SET_CLIENT_SECRET), value, err);
}

static bool append_identity(const struct profile_block *block, struct secret *out, struct ssa_error *err)
{
    const struct {
        enum setting id;
        const char *value;
    } lines[] = {
        {SET_ACCOUNT_ID, block->account_id},
        {SET_KEY_ID, block->key_id},
        {SET_EMAIL, block->email},
        {SET_PRIVATE_KEY, block->private_key},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (lines[i].value != NULL && !dotenv_append(out, setting_name(lines[i].id), lines[i].value, err))
            return false;
    return true;
}

// Settings that are written to a profile where they are not the defaults.
static const struct {
    enum setting id;
    bool is_path;
    bool only_without_key; // the key's URI names it
} kept[] = {
    {SET_BASE_URL, false, false}, {SET_AUDIENCE, false, false}, {SET_CACERT, true, false},
    {SET_CAPATH, true, false},    {SET_MODULE, true, true},     {SET_TOKEN, false, true},
};

static bool append_settings(const struct profile_block *block, const struct ssa_run *run, struct secret *out,
                            struct ssa_error *err)
{
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        char whole[PATH_TEXT_MAX];
        const char *value = settings_get(run->settings, kept[i].id, NULL);
        const char *usual = setting_default(kept[i].id);
        const bool is_default = value != NULL && usual != NULL && strcmp(value, usual) == 0;
        if (value == NULL || is_default || (kept[i].only_without_key && block->private_key != NULL))
            continue;
        if (kept[i].is_path && strchr(value, '/') != NULL) {
            if (!path_absolute(value, whole, err))
                return false;
            value = whole;
        }
        if (!dotenv_append(out, setting_name(kept[i].id), value, err))
            return false;
    }
    return true;
}

bool profile_block_write(const struct profile_block *block, const struct ssa_run *run, struct secret *out,
                         struct ssa_error *err)
{
    if (!dotenv_append(out, setting_name(SET_CLIENT_ID), block->client_id, err))
        return false;
    if (!append_secret(block, out, err))
        return false;
    return append_identity(block, out, err) && append_settings(block, run, out, err);
}

bool profile_block_check(const struct profile_block *block, const struct ssa_run *run, struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    return secret_new(&trial, PROFILE_MAX, err) && profile_block_write(block, run, &trial, err);
}

bool profile_block_has(const char *name)
{
    if (strcmp(setting_name(SET_SECRET_ALIAS), name) == 0)
        return true;
    for (enum setting id = SET_CLIENT_ID; id <= SET_PRIVATE_KEY; id++)
        if (strcmp(setting_name(id), name) == 0)
            return true;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (strcmp(setting_name(kept[i].id), name) == 0)
            return true;
    return false;
}

bool profile_block_show(const struct profile_block *block, const char *profile_path, bool show_secret,
                        struct secret *out, struct ssa_error *err)
{
    if (!dotenv_append(out, setting_name(SET_CLIENT_ID), block->client_id, err))
        return false;
    if (block->secret != NULL && block->secret_is_literal && !show_secret) {
        const char *const parts[] = {"# ", setting_name(SET_CLIENT_SECRET), " is in ", profile_path, "\n"};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            if (!secret_append_text(out, parts[i]))
                return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the block is too long");
    } else if (!append_secret(block, out, err)) {
        return false;
    }
    return append_identity(block, out, err);
}
