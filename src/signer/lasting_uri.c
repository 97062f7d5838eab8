#include "signer/lasting_uri.h"

#include "config/reference.h"

bool lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                 char out[static URI_TEXT_MAX], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX] = "", lasting[PATH_TEXT_MAX];
    const char *by_path = token_module_path(token);
    if (by_path != NULL && !path_absolute(by_path, path, err))
        return false;
    if (given != NULL && uri_pin_source(given) != NULL)
        parts.pin_source = uri_pin_source(given);
    if (parts.pin_source != NULL) {
        parts.pin_source = reference_lasting(parts.pin_source, lasting, err);
        if (parts.pin_source == NULL)
            return false;
    }
    parts.token = &token_info(token)->name;
    parts.apart = &token_info(token)->apart;
    parts.module_path = path;
    parts.module_name = token_module_name(token);
    return uri_write(&parts, out, err);
}
