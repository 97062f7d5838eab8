#include "config/token_name.h"

#include "config/setting_names.h"
#include "hsm/uri/uri_text.h"

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

// A label may contain a slash, a colon and an equals sign.
static bool is_path(const char *text)
{
    return text[0] == '/' || begins(text, "./") || begins(text, "../") || begins(text, "~/") ||
           strstr(text, "://") != NULL;
}

static bool neither(struct ssa_error *err, const char *what)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_NO_TOKEN_NAME, setting_name(SET_TOKEN), "%s", what);
}

bool token_name_check(const char *text, struct ssa_error *err)
{
    if (text[0] == '\0')
        return neither(err, "is empty");
    if (!uri_text_is_uri(text) && is_path(text))
        return neither(err, "is a path or an address, not the name of a PKCS#11 token");
    return true;
}

bool token_name_parse(const char *text, struct uri **uri, struct ssa_error *err)
{
    return token_name_check(text, err) &&
           (uri_text_is_uri(text) ? uri_parse(text, uri, err) : uri_of_label(text, uri, err));
}
