// How a key is going to come into a token.
#include "hsm/import/plan.h"

#include "hsm/token/handle.h"

struct import_plan import_plan_for(const struct token *token, const char *throwaway)
{
    const struct recipe *recipe = token->info.recipe;
    return (struct import_plan){
        .parts = recipe->parts, .public_half = recipe->public_half, .throwaway = throwaway};
}

bool import_plan_limits_mechanisms(const struct import_plan *plan)
{
    return (plan->parts & PART_MECHANISMS) != 0;
}
