#include "hsm/module/settle.h"

#include "hsm/remote/retired.h"

void module_settle(unsigned most_ms, const struct ssa_callbacks *callbacks)
{
    retired_settle(most_ms, callbacks);
}
