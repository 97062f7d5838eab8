// What a token says of itself, turned into what we keep, and the URIs that name it and its keys.
#include "hsm/token/describe.h"

#include "hsm/cryptoki/padding.h"
#include "hsm/module/quirks.h"
#include "hsm/uri/uri_match.h"

void token_flags(const CK_TOKEN_INFO *raw, struct token_info *info)
{
    info->pin_count_low = (raw->flags & CKF_USER_PIN_COUNT_LOW) != 0;
    info->pin_final_try = (raw->flags & CKF_USER_PIN_FINAL_TRY) != 0;
    info->pin_locked = (raw->flags & CKF_USER_PIN_LOCKED) != 0;
    info->pin_unset = (raw->flags & CKF_USER_PIN_INITIALIZED) == 0;
}

// By label and serial number, where it has them; by the serial alone, where the label will not last.
static unsigned shortest(const struct token_info *info)
{
    const bool label = info->label[0] != '\0', serial = info->serial[0] != '\0';
    if (!label && !serial)
        return BY_LABEL | BY_SERIAL | BY_MODEL | BY_MANUFACTURER;
    if (info->quirks->label_changes && uri_serial_is_real(info->name.serial))
        return BY_SERIAL;
    return (label ? BY_LABEL : 0U) | (serial ? BY_SERIAL : 0U);
}

void token_describe(const CK_INFO *module, CK_SLOT_ID slot, const CK_TOKEN_INFO *raw, struct token_info *info)
{
    const struct quirks *quirks = quirks_for(module, raw);
    *info = (struct token_info){
        .quirks = quirks,
        .firmware = raw->firmwareVersion.major,
        .pin_tries = quirks->pin_tries,
        .pin_low_at_once = quirks->low_at_once,
        .pin_pad = (raw->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0,
        .login_required = (raw->flags & CKF_LOGIN_REQUIRED) != 0,
        .write_protected = (raw->flags & CKF_WRITE_PROTECTED) != 0,
        .pin_min = raw->ulMinPinLen,
        .pin_max = quirks->pin_max != 0 ? quirks->pin_max : raw->ulMaxPinLen,
    };
    token_flags(raw, info);
    padded_text(info->label, sizeof info->label, raw->label, sizeof raw->label);
    padded_text(info->serial, sizeof info->serial, raw->serialNumber, sizeof raw->serialNumber);
    padded_text(info->manufacturer, sizeof info->manufacturer, raw->manufacturerID, sizeof raw->manufacturerID);
    padded_text(info->model, sizeof info->model, raw->model, sizeof raw->model);
    memcpy(info->name.label, raw->label, sizeof info->name.label);
    memcpy(info->name.serial, raw->serialNumber, sizeof info->name.serial);
    memcpy(info->apart.model, raw->model, sizeof info->apart.model);
    memcpy(info->apart.manufacturer, raw->manufacturerID, sizeof info->apart.manufacturer);
    info->apart.slot = slot;
    info->apart.by = shortest(info);
    info->apart.serial_is_one = uri_serial_is_real(raw->serialNumber);
    const struct uri_parts parts = {.token = &info->name, .apart = &info->apart};
    if (!uri_write(&parts, info->uri, ERROR_IGNORED))
        info->uri[0] = '\0';
}

bool token_write_uri(const struct module_entry *entry, const struct token_info *info, char out[static URI_TEXT_MAX],
                     struct ssa_error *err)
{
    const bool by_name = entry->name[0] != '\0';
    const struct uri_parts parts = {.token = &info->name,
                                    .apart = &info->apart,
                                    .module_name = by_name ? entry->name : NULL,
                                    .module_path = by_name ? NULL : entry->path};
    return uri_write(&parts, out, err);
}

bool token_write_key_uri(const struct module_entry *entry, const struct token_info *info, struct span id,
                         struct span label, char out[static URI_TEXT_MAX])
{
    const bool by_name = entry->name[0] != '\0';
    // A card calls its keys by the slot, whatever they are for: a label says nothing there.
    const struct uri_parts parts = {.token = &info->name,
                                    .apart = &info->apart,
                                    .object = info->quirks->slots ? span_of(NULL, 0) : label,
                                    .id = id,
                                    .private_key = true,
                                    .module_name = by_name ? entry->name : NULL,
                                    .module_path = by_name ? NULL : entry->path};
    return uri_write(&parts, out, ERROR_IGNORED);
}
