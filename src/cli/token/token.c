// ssa-hsm token
#include <string.h>

#include "cli/output/print.h"
#include "cli/token/request.h"
#include "core/text.h"

static const struct option option_format = {"format", "FORMAT", .letter = 'f',
                                            .help = "json (default), token, header, env or curl"};

static const struct format {
    const char *name;
    const char *before, *after; // around the access token; NULL prints the whole answer
} formats[] = {
    {"json", NULL, NULL},
    {"token", "", "\n"},
    {"header", "Authorization: Bearer ", "\n"},
    {"env", "APS_ACCESS_TOKEN=", "\n"},
    // A file for curl -K.
    {"curl", "header = \"Authorization: Bearer ", "\"\n"},
};

static bool find_format(const char *name, const struct format **format, struct ssa_error *err)
{
    for (size_t i = 0; i < COUNT(formats); i++)
        if (name == NULL || strcmp(formats[i].name, name) == 0) {
            *format = &formats[i];
            return true;
        }
    error_set(err, SSA_USAGE, NULL, NULL, "there is no format \"%s\"", name);
    return error_hint(err, "Give json, token, header, env or curl.");
}

static bool print_grant(const struct ssa_grant *grant, const struct format *format, struct ssa_error *err)
{
    if (format->before == NULL)
        return print_result(span_of(grant->json.text, grant->json.len), err);
    return print_result(span_text(format->before), err) &&
           print_result(span_of(grant->token.text, grant->token.len), err) &&
           print_result(span_text(format->after), err);
}

static bool fetch_token(const struct invocation *i, struct ssa_error *err)
{
    const struct format *format = NULL;
    struct request request;
    struct ssa_grant grant = {0};
    if (!find_format(option_value(i->arguments, &option_format), &format, err))
        return false;
    if (!request_read(i->arguments, &request, err))
        return false;
    const bool done = fetch_grant(i, &request, &grant, err) && print_grant(&grant, format, err);
    ssa_grant_free(&grant);
    return done;
}

const struct command command_token = {
    .name = "token",
    .group = "Access tokens",
    .help = "get an access token: the PKCS#11 token signs, the API answers",
    .example = "token --scope data:read --format header",
    .falls_back = true,
    .options = OPTIONS(&option_scope, &option_format, &option_expires_in, &option_nbf),
    .run = fetch_token,
};
