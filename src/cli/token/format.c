#include "cli/token/format.h"

const char *const grant_formats[] = {"json", "token", "header", "env", "docker-env", "curl", NULL};

// What stands before and after the access token. The whole answer has nothing around it.
static const struct {
    const char *before, *after;
} around[] = {
    [GRANT_JSON] = {"", ""},
    [GRANT_TOKEN] = {"", "\n"},
    [GRANT_HEADER] = {"Authorization: Bearer ", "\n"},
    [GRANT_ENV] = {"APS_ACCESS_TOKEN=", "\n"},
    // A file for docker run --env-file, which takes quotes for a part of the value. An access token needs none.
    [GRANT_DOCKER_ENV] = {"APS_ACCESS_TOKEN=", "\n"},
    // For `curl -K -`.
    [GRANT_CURL] = {"header = \"Authorization: Bearer ", "\"\n"},
};

bool grant_format(const struct ssa_grant *grant, enum grant_format format, struct secret *text, struct ssa_error *err)
{
    const char *before = around[format].before, *after = around[format].after;
    const struct ssa_text *content = format == GRANT_JSON ? &grant->json : &grant->token;
    if (!secret_new(text, strlen(before) + content->len + strlen(after), err))
        return false;
    return (secret_append_text(text, before) && secret_append(text, span_of(content->text, content->len)) &&
            secret_append_text(text, after)) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the access token does not fit");
}
