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

// By label and serial number, where the token has them; only by the serial number, where the label will not last.
static unsigned shortest(const struct token_info *info)
{
    const bool label = info->label[0] != '\0', serial = info->serial[0] != '\0';
    if (!label && !serial)
        return BY_LABEL | BY_SERIAL | BY_MODEL | BY_MANUFACTURER;
    if (info->quirks->label_changes && uri_serial_is_real(info->name.serial))
        return BY_SERIAL;
    return (label ? BY_LABEL : 0U) | (serial ? BY_SERIAL : 0U);
}

// Describes the token as if it were the only one that the module shows.
static void describe(const struct module_seen *seen, size_t at, struct token_info *info)
{
    const CK_TOKEN_INFO *raw = &seen->tokens[at].token;
    const struct quirks *quirks = quirks_for(&seen->about, raw);
    *info = (struct token_info){
        .quirks = quirks,
        .firmware = raw->firmwareVersion.major,
        .takes_no_key = quirks->import_as == IMPORT_NEVER,
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
    info->apart.slot = seen->tokens[at].slot;
    info->apart.by = shortest(info);
    const struct uri_parts parts = {.token = &info->name, .apart = &info->apart};
    if (!uri_write(&parts, info->uri, ERROR_IGNORED))
        info->uri[0] = '\0';
}

static struct uri_parts parts_of(const struct module_entry *entry, const struct token_info *info)
{
    return (struct uri_parts){.token = &info->name,
                              .apart = &info->apart,
                              .module_name = entry->name,
                              .module_path = entry->name[0] != '\0' ? NULL : entry->path};
}

bool token_write_uri(const struct module_entry *entry, const struct token_info *info, char out[static URI_TEXT_MAX],
                     struct ssa_error *err)
{
    const struct uri_parts parts = parts_of(entry, info);
    return uri_write(&parts, out, err);
}

bool token_write_key_uri(const struct module_entry *entry, const struct token_info *info, struct span id,
                         struct span label, char out[static URI_TEXT_MAX])
{
    struct uri_parts parts = parts_of(entry, info);
    parts.id = id;
    // A card with slots labels each key by its slot: that label says nothing about the key.
    if (!info->quirks->slots)
        parts.object = label;
    parts.private_key = true;
    return uri_write(&parts, out, ERROR_IGNORED);
}

enum token_match seen_match(const struct module_seen *seen, size_t at, const struct uri *uri)
{
    const struct token_seen *token = &seen->tokens[at];
    if (uri_matches(uri, &seen->about, &token->slot_info, token->slot, &token->token))
        return MATCH_EXACT;
    return uri_matches_by_serial(uri, &seen->about, &token->slot_info, token->slot, &token->token) ? MATCH_BY_SERIAL
                                                                                                   : MATCH_NONE;
}

// Whether a URI with these attributes, once it is read again, names the token and no other.
static bool names_alone(const struct module_seen *seen, size_t at, struct token_info *info, unsigned by)
{
    char text[URI_TEXT_MAX];
    URI_AUTO *uri = NULL;
    struct ssa_error ignored;
    info->apart.by = by;
    const struct uri_parts parts = {.token = &info->name, .apart = &info->apart};
    if (!uri_write(&parts, text, &ignored) || !uri_parse(text, &uri, &ignored))
        return false;
    for (size_t i = 0; i < seen->count; i++)
        if ((seen_match(seen, i, uri) == MATCH_EXACT) != (i == at))
            return false;
    memcpy(info->uri, text, sizeof info->uri);
    return true;
}

static bool serial_is_one(const struct module_seen *seen, size_t at)
{
    const CK_TOKEN_INFO *own = &seen->tokens[at].token;
    for (size_t i = 0; i < seen->count; i++)
        if (i != at && padded_equal(seen->tokens[i].token.serialNumber, own->serialNumber, sizeof own->serialNumber))
            return false;
    return uri_serial_is_real(own->serialNumber);
}

void seen_describe(const struct module_seen *seen, size_t at, struct token_info *info)
{
    // Attributes that people know come first. The slot comes last, since a module may number slots anew.
    static const unsigned more[] = {0,
                                    BY_LABEL,
                                    BY_LABEL | BY_SERIAL,
                                    BY_LABEL | BY_SERIAL | BY_MODEL,
                                    BY_LABEL | BY_SERIAL | BY_MODEL | BY_MANUFACTURER,
                                    BY_LABEL | BY_SERIAL | BY_SLOT};
    describe(seen, at, info);
    info->apart.serial_is_one = serial_is_one(seen, at);
    const unsigned shortest = info->apart.by;
    for (size_t i = 0; i < COUNT(more); i++)
        if (names_alone(seen, at, info, shortest | more[i]))
            return;
    info->apart.by = 0;
}
