#include "cli/token/request.h"

#include "cli/token/agent_grant.h"
#include "core/api.h"
#include "core/text.h"
#include "journal/journal.h"

enum { LIFETIME_LEAST = 1, LIFETIME_MOST = 300 };

const struct option option_expires_in = {"expires-in", "SECONDS", .help = "lifetime of the assertion, 1 to 300",
                                         .preset = "300"};
const struct option option_nbf = {"nbf", .help = "add the claim nbf (not before) to the assertion"};
const struct option option_scope = {"scope",
                                    "SCOPES",
                                    .letter = 's',
                                    .help = "scopes, with commas or spaces between them; may be repeated",
                                    .preset = APS_SCOPE_DEFAULT,
                                    .setting = "SSA_HSM_SCOPE",
                                    .repeatable = true};

static bool read_scopes(const struct arguments *a, struct request *request, struct ssa_error *err)
{
    const char *scopes[GIVEN_MAX];
    const size_t count = option_values(a, &option_scope, scopes);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!text_format(request->scope + used, SCOPE_MAX - used, "%s%s", i > 0 ? " " : "", scopes[i]))
            return error_set(err, SSA_USAGE, NULL, NULL, "the scopes are longer than %d characters", SCOPE_MAX);
        used += strlen(request->scope + used);
    }
    request->wanted.scope = count > 0 ? request->scope : NULL;
    return true;
}

bool request_read(const struct arguments *a, struct request *request, struct ssa_error *err)
{
    const char *lifetime = option_value(a, &option_expires_in);
    request->wanted = (struct ssa_token_request){.not_before = option_given(a, &option_nbf)};
    if (!read_scopes(a, request, err))
        return false;
    return lifetime == NULL ||
           parse_seconds(lifetime, &option_expires_in, LIFETIME_LEAST, LIFETIME_MOST, &request->wanted.lifetime, err);
}

// By itself, this program needs settings that could be read.
bool works_alone(const struct invocation *i, struct ssa_error *err)
{
    if (i->settings_fault->code == SSA_OK)
        return true;
    *err = *i->settings_fault;
    return false;
}

bool fetch_grant(const struct invocation *i, const struct request *request, struct ssa_grant *grant,
                 struct ssa_error *err)
{
    struct agent_given given;
    const enum agent_end end = agent_ask_token(i, request, 0, &given, err);
    *grant = given.grant;
    if (end != AGENT_UNUSED)
        return end == AGENT_GAVE;
    if (!works_alone(i, err) || !ssa_fetch(&i->run, &request->wanted, grant, err))
        return false;
    journal_warn(&i->run);
    return true;
}
