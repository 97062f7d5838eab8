// ssa-hsm jwt
#include "cli/print.h"
#include "cli/request.h"

bool command_jwt(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_token_request request;
    struct ssa_text text = {0};
    const bool claims = i->arguments->given[OPT_CLAIMS];
    if (!request_read(i->arguments, &request, err))
        return false;
    const bool made =
        claims ? ssa_claims(&i->run, &request, &text, err) : ssa_sign(&i->run, &request, &text, err);
    const bool done = made && print_result(span_of(text.text, text.len), err) &&
                      (claims || print_result(span_text("\n"), err));
    ssa_text_free(&text);
    return done;
}
