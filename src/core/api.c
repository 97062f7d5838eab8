#include "core/api.h"

#include "core/text.h"

bool api_is_id(const char *text)
{
    const size_t len = strspn(text, TEXT_ALPHANUMERIC "._-");
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
