// How a key is going to come into a token.
#include "hsm/import/plan.h"

#include "hsm/token/handle.h"

struct import_plan import_plan_for(const struct token *token, const char *throwaway)
{
    const struct quirks *quirks = token->info.quirks;
    return (struct import_plan){.parts = quirks->parts, .public_half = quirks->public_half, .throwaway = throwaway};
}

bool import_plan_limits_mechanisms(const struct import_plan *plan)
{
    return (plan->parts & PART_MECHANISMS) != 0;
}
