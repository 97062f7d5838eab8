// ssa-hsm jwt
#include "cli/output/print.h"
#include "cli/token/agent_grant.h"

static const struct option option_claims = {"claims", .help = "print header and claims as JSON instead; needs no PIN"};

static bool sign(const struct invocation *i, const struct request *request, struct ssa_text *text,
                 struct ssa_error *err)
{
    struct agent_given given;
    const enum agent_end end = agent_ask_assertion(i, request, &given, err);
    *text = given.assertion;
    if (end != AGENT_UNUSED)
        return end == AGENT_GAVE;
    return works_alone(i, err) && ssa_sign(&i->run, &request->wanted, text, err);
}

static bool jwt(const struct invocation *i, struct ssa_error *err)
{
    struct request request;
    struct ssa_text text = {0};
    if (!request_read(i->arguments, &request, err))
        return false;
    const bool claims = option_given(i->arguments, &option_claims);
    bool done = claims ? works_alone(i, err) && ssa_claims(&i->run, &request.wanted, &text, err)
                       : sign(i, &request, &text, err);
    done = done && print_result(span_of(text.text, text.len), err);
    done = done && (claims || print_result(span_text("\n"), err));
    ssa_text_free(&text);
    return done;
}

const struct command command_jwt = {
    .name = "jwt",
    .group = "Access tokens",
    .help = "print the signed assertion, and ask the API nothing",
    .about = "Prints the assertion (a JWT) that `ssa-hsm token` would send to the API for an access "
             "token. It is signed by the PKCS#11 token, and valid for five minutes.",
    .examples =
        EXAMPLES({"jwt", "The signed assertion."}, {"jwt --claims", "Header and claims as JSON; this needs no PIN."}),
    .falls_back = true,
    .asks_agent = true,
    .uses = USE_PROFILE | USE_CLIENT | USE_LOGIN | USE_AUDIENCE | USE_SCOPE | USE_AGENT,
    .options = OPTIONS(&option_scope, &option_no_agent, &option_expires_in, &option_nbf, &option_claims),
    .run = jwt,
};
