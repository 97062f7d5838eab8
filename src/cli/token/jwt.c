// ssa-hsm jwt
#include "cli/output/print.h"
#include "cli/token/request.h"

static const struct option option_claims = {"claims", .help = "print header and claims as JSON; needs no PIN"};

static bool print_claims(const struct invocation *i, const struct request *request, struct ssa_error *err)
{
    struct ssa_text json = {0};
    const bool done =
        ssa_claims(&i->run, &request->wanted, &json, err) && print_result(span_of(json.text, json.len), err);
    ssa_text_free(&json);
    return done;
}

static bool print_assertion(const struct invocation *i, const struct request *request, struct ssa_error *err)
{
    struct ssa_text assertion = {0};
    const bool done = ssa_sign(&i->run, &request->wanted, &assertion, err) &&
                      print_result(span_of(assertion.text, assertion.len), err) && print_result(span_text("\n"), err);
    ssa_text_free(&assertion);
    return done;
}

static bool jwt(const struct invocation *i, struct ssa_error *err)
{
    struct request request;
    if (!request_read(i->arguments, &request, err))
        return false;
    return option_given(i->arguments, &option_claims) ? print_claims(i, &request, err)
                                                      : print_assertion(i, &request, err);
}

const struct command command_jwt = {
    .name = "jwt",
    .group = "Access tokens",
    .help = "print the signed assertion, without asking the API for an access token",
    .falls_back = true,
    .options = OPTIONS(&option_scope, &option_expires_in, &option_nbf, &option_claims),
    .run = jwt,
};
