#include "core/result.h"

bool result_copy(struct ssa_text *out, const char *text, size_t most, struct ssa_error *err)
{
    SECRET_AUTO copy = {0};
    if (!secret_new(&copy, most, err))
        return false;
    if (!secret_append_text(&copy, text))
        return error_set(err, SSA_UNEXPECTED, NULL, text, "is too long");
    return result_take(out, &copy, err);
}
