// What a token says of itself, turned into what we keep, and the URIs that name it and its keys.
#include "hsm/pkcs11.h"

#include "core/text.h"
#include "hsm/recipe.h"

void unpad(char *to, size_t capacity, const CK_UTF8CHAR *from, size_t width)
{
    while (width > 0 && (from[width - 1] == ' ' || from[width - 1] == '\0'))
        width--;
    text_harmless(to, capacity, span_of(from, width));
}

void token_flags(const CK_TOKEN_INFO *raw, struct token_info *info)
{
    info->pin_count_low = (raw->flags & CKF_USER_PIN_COUNT_LOW) != 0;
    info->pin_final_try = (raw->flags & CKF_USER_PIN_FINAL_TRY) != 0;
    info->pin_locked = (raw->flags & CKF_USER_PIN_LOCKED) != 0;
    info->pin_unset = (raw->flags & CKF_USER_PIN_INITIALIZED) == 0;
}

void token_describe(const CK_INFO *module, const CK_TOKEN_INFO *raw, struct token_info *info)
{
    const struct recipe *recipe = recipe_for(module, raw);
    *info = (struct token_info){
        .recipe = recipe,
        .firmware = raw->firmwareVersion.major,
        .pin_tries = recipe->pin_tries,
        .pin_low_at_once = recipe->low_at_once,
        .pin_pad = (raw->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0,
        .login_required = (raw->flags & CKF_LOGIN_REQUIRED) != 0,
        .write_protected = (raw->flags & CKF_WRITE_PROTECTED) != 0,
        .pin_min = raw->ulMinPinLen,
        .pin_max = recipe->pin_max != 0 ? recipe->pin_max : raw->ulMaxPinLen,
    };
    token_flags(raw, info);
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

bool entry_key_uri(const struct module_entry *entry, const struct token_info *info, struct span id,
                   struct span label, char out[static URI_TEXT_MAX])
{
    const bool by_name = entry->name[0] != '\0';
    const struct token_name name = lasting_name(info);
    // A card calls its keys by the slot, whatever they are for: a label says nothing there.
    const struct uri_parts parts = {.token = &name,
                                    .object = info->recipe->slots ? span_of(NULL, 0) : label,
                                    .id = id,
                                    .private_key = true,
                                    .module_name = by_name ? entry->name : NULL,
                                    .module_path = by_name ? NULL : entry->path};
    return uri_write(&parts, out, NULL);
}
