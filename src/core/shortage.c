#include "core/shortage.h"

#include <errno.h>

bool shortage_was_met(const struct ssa_error *err)
{
    return err->domain == SSA_DOMAIN_ERRNO && (err->number == EMFILE || err->number == ENFILE || err->number == ENOMEM);
}

bool shortage_again(bool *lacks, const struct ssa_error *err)
{
    const bool before = *lacks;
    *lacks = err != NULL && shortage_was_met(err);
    return *lacks && before;
}
