// Taking turns with other processes.
#include "hsm/module/turns.h"

bool turn_take(const struct turns *turns, enum turn which, struct ssa_error *err)
{
    return turns->context == NULL || turns->take(turns->context, which, turns->impatient, err);
}

void turn_leave(const struct turns *turns, enum turn which)
{
    if (turns->context != NULL)
        turns->leave(turns->context, which);
}
