#include "hsm/module/settle.h"

void ssa_modules_settle(unsigned most_ms, const struct ssa_callbacks *callbacks)
{
    module_settle(most_ms, callbacks);
}
