// Ids of the provider's API.
#include "core/api.h"

#include <string.h>

static bool of_id(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

bool api_is_id(const char *text)
{
    size_t len = 0;
    while (len < API_ID_MAX && of_id(text[len]))
        len++;
    // "." and ".." have a meaning in paths, and a file whose name begins with a dot is hidden.
    return len > 0 && len < API_ID_MAX && text[len] == '\0' && text[0] != '.';
}

bool api_ids_have(const struct api_ids *ids, const char *id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (strcmp(ids->list[i], id) == 0)
            return true;
    return false;
}
