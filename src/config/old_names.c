#include "config/old_names.h"

#include "config/profile_block.h"

// Names that samples and blocks of all kinds have.
struct spelling {
    const char *name;
    enum setting id;
};

static const struct spelling whole[] = {
    {"APS_CLIENT_ID", SET_CLIENT_ID},         {"APS_SECRET_ID", SET_CLIENT_SECRET},
    {"APS_CLIENT_SECRET", SET_CLIENT_SECRET}, {"SERVICE_ACCOUNT_ID", SET_ACCOUNT_ID},
    {"SERVICE_ACCOUNT_EMAIL", SET_EMAIL},     {"KEY_ID", SET_KEY_ID},
    {"PRIVATE_KEY", SET_PRIVATE_KEY},         {"PRIVATE_KEY_BASE64", SET_PRIVATE_KEY},
};

static const char *const prefixes[] = {"APS_SA_", "APS_SSA_", "SSA_"};

// What may follow a prefix.
static const struct spelling prefixed[] = {
    {"CLIENT_ID", SET_CLIENT_ID},
    {"CLIENT_SECRET", SET_CLIENT_SECRET},
    {"SECRET_ID", SET_CLIENT_SECRET},
    {"ID", SET_ACCOUNT_ID},
    {"ACCOUNT_ID", SET_ACCOUNT_ID},
    {"SERVICE_ACCOUNT_ID", SET_ACCOUNT_ID},
    {"EMAIL", SET_EMAIL},
    {"KEY_ID", SET_KEY_ID},
    {"KEY", SET_PRIVATE_KEY},
    {"PRIVATE_KEY", SET_PRIVATE_KEY},
    {"KEY_BASE64", SET_PRIVATE_KEY},
    {"PRIVATE_KEY_BASE64", SET_PRIVATE_KEY},
};

static enum setting spelled(const struct spelling *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].id;
    return SETTING_COUNT;
}

// The part of a name after one of the prefixes; NULL where it has none.
static const char *behind_prefix(const char *name)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return name + strlen(prefixes[i]);
    return NULL;
}

enum setting old_name_setting(const char *name)
{
    const char *rest = behind_prefix(name);
    const enum setting id = spelled(whole, sizeof whole / sizeof whole[0], name);
    return id != SETTING_COUNT || rest == NULL ? id : spelled(prefixed, sizeof prefixed / sizeof prefixed[0], rest);
}

bool old_name_is_key_path(const char *name)
{
    const char *rest = behind_prefix(name);
    return strcmp(name, "PRIVATE_KEY_PATH") == 0 ||
           (rest != NULL && (strcmp(rest, "KEY_PATH") == 0 || strcmp(rest, "PRIVATE_KEY_PATH") == 0));
}

bool old_name_is_of_block(const char *name)
{
    return old_name_setting(name) != SETTING_COUNT || old_name_is_key_path(name);
}

bool old_name_is_replaced(const char *name)
{
    return old_name_is_of_block(name) || profile_block_has(name);
}
