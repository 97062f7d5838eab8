// Telling the tokens of a module apart: which of them a URI names, and which URI names one of them alone.
#include "hsm/token/naming.h"

#include "hsm/cryptoki/padding.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"
#include "hsm/uri/uri_match.h"

static bool matches(const struct module_seen *seen, size_t at, const struct uri *uri)
{
    const struct token_seen *token = &seen->tokens[at];
    return uri_matches(uri, &seen->about, &token->slot_info, token->slot, &token->token);
}

static bool matches_by_serial(const struct module_seen *seen, size_t at, const struct uri *uri)
{
    const struct token_seen *token = &seen->tokens[at];
    return uri_matches_by_serial(uri, &seen->about, &token->slot_info, token->slot, &token->token);
}

enum token_match seen_match(const struct module_seen *seen, size_t at, const struct uri *uri)
{
    if (matches(seen, at, uri))
        return MATCH_EXACT;
    return matches_by_serial(seen, at, uri) ? MATCH_BY_SERIAL : MATCH_NONE;
}

// Whether what is written with these attributes names the token and no other, once it is read again.
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
        if (matches(seen, i, uri) != (i == at))
            return false;
    memcpy(info->uri, text, sizeof info->uri);
    return true;
}

static bool serial_is_one(const struct module_seen *seen, size_t at)
{
    const CK_UTF8CHAR *serial = seen->tokens[at].token.serialNumber;
    for (size_t i = 0; i < seen->count; i++)
        if (i != at &&
            padded_equal(seen->tokens[i].token.serialNumber, serial, sizeof seen->tokens[i].token.serialNumber))
            return false;
    return uri_serial_is_real(serial);
}

void seen_describe(const struct module_seen *seen, size_t at, struct token_info *info)
{
    // What people know a token by goes first, and the slot last: a module may number slots anew.
    static const unsigned more[] = {0,
                                    BY_LABEL,
                                    BY_LABEL | BY_SERIAL,
                                    BY_LABEL | BY_SERIAL | BY_MODEL,
                                    BY_LABEL | BY_SERIAL | BY_MODEL | BY_MANUFACTURER,
                                    BY_LABEL | BY_SERIAL | BY_SLOT};
    token_describe(&seen->about, seen->tokens[at].slot, &seen->tokens[at].token, info);
    info->apart.serial_is_one = serial_is_one(seen, at);
    const unsigned shortest = info->apart.by;
    for (size_t i = 0; i < COUNT(more); i++)
        if (names_alone(seen, at, info, shortest | more[i]))
            return;
    info->apart.by = 0;
}
