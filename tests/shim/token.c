/* What the module and the token say of themselves. */
#include "behave.h"
#include "sessions.h"
#include "wrapped.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

CK_RV shim_initialize(void *arguments)
{
    CK_C_INITIALIZE_ARGS copy;
    if (script.needs_reserved) {
        const CK_C_INITIALIZE_ARGS *given = arguments;
        if (given == NULL || given->pReserved == NULL)
            return CKR_ARGUMENTS_BAD;
        /* The module behind knows nothing of it and would refuse. */
        copy = *given;
        copy.pReserved = NULL;
        arguments = &copy;
    }
    CK_RV rv = WRAPPED(C_Initialize, arguments);
    if (rv == CKR_OK)
        sessions_forget();
    return rv;
}

CK_RV shim_finalize(void *reserved)
{
    CK_RV rv = WRAPPED(C_Finalize, reserved);
    if (rv == CKR_OK)
        sessions_forget();
    return rv;
}

/* 0x…: bytes as they are, for what no text can be. */
static size_t bytes_of(const struct text *text, unsigned char bytes[MAX_TEXT])
{
    const size_t digits = strlen(text->at) - (strncmp(text->at, "0x", 2) == 0 ? 2 : strlen(text->at));
    if (digits == 0 || digits % 2 != 0 || strspn(text->at + 2, "0123456789abcdef") != digits) {
        memcpy(bytes, text->at, strlen(text->at));
        return strlen(text->at);
    }
    for (size_t i = 0; i < digits / 2; i++) {
        const char byte[3] = {text->at[2 + 2 * i], text->at[3 + 2 * i], '\0'};
        bytes[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
    return digits / 2;
}

/* The standard's fields are padded with spaces and have no end mark. */
static void pad(unsigned char *field, size_t size, const struct text *text)
{
    unsigned char bytes[MAX_TEXT];
    if (!text->given)
        return;
    size_t length = bytes_of(text, bytes);
    memset(field, ' ', size);
    memcpy(field, bytes, length < size ? length : size);
}

static void rename_token(CK_TOKEN_INFO *info, const struct token_texts *texts)
{
    pad(info->label, sizeof(info->label), &texts->label);
    pad(info->serialNumber, sizeof(info->serialNumber), &texts->serial);
    pad(info->manufacturerID, sizeof(info->manufacturerID), &texts->maker);
    pad(info->model, sizeof(info->model), &texts->model);
}

static bool is_called(const CK_TOKEN_INFO *info, const struct text *label)
{
    unsigned char field[sizeof(info->label)];
    pad(field, sizeof(field), label);
    return memcmp(field, info->label, sizeof(field)) == 0;
}

static void change(CK_FLAGS *flags, const struct flag_change *by)
{
    *flags = (*flags | by->set) & ~by->clear;
}

CK_RV shim_get_info(CK_INFO *info)
{
    CK_RV rv = WRAPPED(C_GetInfo, info);
    if (rv != CKR_OK)
        return rv;
    pad(info->manufacturerID, sizeof(info->manufacturerID), &script.manufacturer);
    pad(info->libraryDescription, sizeof(info->libraryDescription), &script.description);
    return CKR_OK;
}

CK_RV shim_get_slot_list(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count)
{
    if (token_present && count != NULL && act_token_lost()) {
        *count = 0;
        return CKR_OK;
    }
    return WRAPPED(C_GetSlotList, token_present, list, count);
}

CK_RV shim_get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    CK_RV rv = WRAPPED(C_GetSlotInfo, slot, info);
    if (rv != CKR_OK)
        return rv;
    change(&info->flags, &script.slot_flags);
    if (act_token_lost())
        info->flags &= ~(CK_FLAGS)CKF_TOKEN_PRESENT;
    return CKR_OK;
}

CK_RV shim_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv = WRAPPED(C_GetTokenInfo, slot, info);
    /* A slot with nothing in it must not look like a second token of the same name. */
    if (rv != CKR_OK || (info->flags & CKF_TOKEN_INITIALIZED) == 0)
        return rv;
    CK_TOKEN_INFO own = *info;
    rename_token(info, &script.tokens[0]);
    for (size_t i = 1; i < script.token_count; i++)
        if (is_called(&own, &script.tokens[i].called))
            rename_token(info, &script.tokens[i]);
    if (script.another_while.given && access(script.another_while.at, F_OK) == 0)
        memset(info->serialNumber, '9', sizeof(info->serialNumber));
    if (script.firmware.given)
        info->firmwareVersion =
            (CK_VERSION){.major = (unsigned char)script.firmware.major, .minor = (unsigned char)script.firmware.minor};
    if (script.pin_min.given)
        info->ulMinPinLen = script.pin_min.number;
    if (script.pin_max.given)
        info->ulMaxPinLen = script.pin_max.number;
    if (script.pin_tries > 0) {
        info->flags &= ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
        info->flags |= pin_flags(slot);
    }
    if (script.protected_pin.given)
        info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    change(&info->flags, &script.token_flags);
    return CKR_OK;
}

bool mechanism_is_hidden(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < script.hidden.count; i++)
        if (script.hidden.at[i] == type)
            return true;
    for (size_t i = 0; i < script.only.count; i++)
        if (script.only.at[i] == type)
            return false;
    return script.only.count > 0;
}

CK_RV shim_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    return WRAPPED(C_GetMechanismInfo, slot, mechanism_behind(type), info);
}

/* As the standard's section 5.2 has it for lists: a count, then as many as fit or CKR_BUFFER_TOO_SMALL. */
static CK_RV hand_out(const CK_MECHANISM_TYPE *from, CK_ULONG length, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    CK_RV rv = list != NULL && *count < length ? CKR_BUFFER_TOO_SMALL : CKR_OK;
    if (list != NULL && rv == CKR_OK && length > 0)
        memcpy(list, from, length * sizeof(*from));
    *count = length;
    return rv;
}

CK_RV shim_get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
    CK_ULONG all = 0;
    if (count == NULL ||
        (script.hidden.count == 0 && script.only.count == 0 && !script.renamed.given && !script.rsa_aes_wrap))
        return WRAPPED(C_GetMechanismList, slot, list, count);
    CK_RV rv = WRAPPED(C_GetMechanismList, slot, NULL, &all);
    if (rv != CKR_OK)
        return rv;
    CK_MECHANISM_TYPE *every = calloc(all + 2, sizeof(*every));
    if (every == NULL)
        return CKR_HOST_MEMORY;
    rv = WRAPPED(C_GetMechanismList, slot, every, &all);
    CK_ULONG kept = 0;
    for (CK_ULONG i = 0; rv == CKR_OK && i < all; i++)
        if (!mechanism_is_hidden(every[i]))
            every[kept++] = script.renamed.given && every[i] == script.renamed.from ? script.renamed.to : every[i];
    if (script.rsa_aes_wrap && !mechanism_is_hidden(CKM_RSA_AES_KEY_WRAP))
        every[kept++] = CKM_RSA_AES_KEY_WRAP;
    if (rv == CKR_OK)
        rv = hand_out(every, kept, list, count);
    free(every);
    return rv;
}
