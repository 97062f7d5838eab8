// ssa-hsm token
#include "cli/output/print.h"
#include "cli/token/agent_grant.h"
#include "cli/token/format.h"

static const struct option option_format = {
    "format",        "FORMAT", .letter = 'f', .help = "how the access token is printed", .values = grant_formats,
    .preset = "json"};

static bool print_grant(const struct ssa_grant *grant, size_t format, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    return grant_format(grant, (enum grant_format)format, &text, err) && print_result(secret_span(&text), err);
}

static bool fetch_token(const struct invocation *i, struct ssa_error *err)
{
    size_t format = GRANT_JSON;
    struct request request;
    struct ssa_grant grant = {0};
    if (!option_choice(i->arguments, &option_format, grant_formats, &format, err))
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
    .help = "get an access token",
    .about = "Gets an access token: the PKCS#11 token signs, and the API answers. If the PKCS#11 token "
             "of one profile cannot be used, the next profile is tried. The access token is valid for "
             "an hour, and whoever has it can use it.",
    .examples = EXAMPLES(
        {"token", "The API's answer as JSON."},
        {"token --scope data:read --format header", "A header for an HTTP request."},
        {"token --format curl | curl -K - https://developer.api.autodesk.com/project/v1/hubs",
         "A request with curl, which gets the access token on standard input."},
        {"token --profile default --profile spare", "The second PKCS#11 token is used if the first one cannot be."}),
    .falls_back = true,
    .asks_agent = true,
    .uses = USE_API | USE_AUDIENCE | USE_SCOPE | USE_AGENT,
    .options = OPTIONS(&option_scope, &option_format, &option_no_agent, &option_expires_in, &option_nbf),
    .run = fetch_token,
};
