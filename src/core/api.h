// The facts about the provider's API that every folder needs: its URL, and the form of its ids.
#pragma once

#include "core/span.h"

// The public service. The claim `aud` is the same for every host.
#define APS_BASE_URL "https://developer.api.autodesk.com"
#define APS_AUDIENCE "https://developer.api.autodesk.com/authentication/v2/token"

// What an access token may do where nobody says it.
#define APS_SCOPE_DEFAULT "data:read data:write"

#define API_ID_MAX    128U
#define API_NAME_MAX  256U // with the NUL; the API allows 100
#define API_IDS_MAX   16U  // keys of one account; the API allows 3
#define API_EMAIL_MAX 256U

// Whether text is a valid id: letters, digits, dots, dashes and underscores, and no dot at its beginning. Ids become
// parts of paths, file names and labels.
bool api_is_id(const char *text);

// Ids of an account's keys.
struct api_ids {
    char list[API_IDS_MAX][API_ID_MAX];
    size_t count;
};
bool api_ids_have(const struct api_ids *ids, const char *id);
