// What every folder must know about the provider's API: where it is, and how its ids look.
#pragma once

#include <stdbool.h>

#include "core/span.h"

// The public service, and what `aud` must be, whatever host is used.
#define APS_BASE_URL "https://developer.api.autodesk.com"
#define APS_AUDIENCE "https://developer.api.autodesk.com/authentication/v2/token"

#define API_ID_MAX    128U
#define API_NAME_MAX  256U // with the NUL; the API allows 100
#define API_IDS_MAX   16U  // keys of one account; the API allows 3
#define API_EMAIL_MAX 256U

// Whether text is a valid id: letters, digits, dots, dashes and underscores, not beginning with a dot. Ids go
// into paths, files and labels.
bool api_is_id(const char *text);

// Ids of an account's keys.
struct api_ids {
    char list[API_IDS_MAX][API_ID_MAX];
    size_t count;
};
bool api_ids_have(const struct api_ids *ids, const char *id);
