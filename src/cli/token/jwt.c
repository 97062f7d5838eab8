// ssa-hsm jwt
#include "cli/output/print.h"
#include "cli/token/request.h"

static const struct option option_claims = {"claims", .help = "print header and claims as JSON instead; needs no PIN"};

static bool jwt(const struct invocation *i, struct ssa_error *err)
{
    struct request request;
    struct ssa_text text = {0};
    if (!request_read(i->arguments, &request, err))
        return false;
    const bool claims = option_given(i->arguments, &option_claims);
    bool done =
        claims ? ssa_claims(&i->run, &request.wanted, &text, err) : ssa_sign(&i->run, &request.wanted, &text, err);
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
    .uses = USE_PROFILE | USE_CLIENT | USE_LOGIN | USE_AUDIENCE | USE_SCOPE,
    .options = OPTIONS(&option_scope, &option_expires_in, &option_nbf, &option_claims),
    .run = jwt,
};
