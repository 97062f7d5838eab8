// What a refusal to enable or disable means.
#ifndef SSA_MANAGE_STATUS_REFUSAL_H
#define SSA_MANAGE_STATUS_REFUSAL_H

#include "aps/aps.h"

// The API answers 400 to the status that something has already, but to other things, too. Whether this is
// such an answer, and does not say why: then a look at the status tells.
static inline bool refusal_is_unclear(const struct aps *client, const struct ssa_error *err)
{
    return err->domain == SSA_DOMAIN_HTTP && err->number == 400 && !aps_reason_is_told(client);
}

#endif
