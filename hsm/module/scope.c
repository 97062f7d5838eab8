#include "hsm/module/scope.h"

static _Thread_local struct module_scope own;
static _Thread_local struct module_scope *entered;

struct module_scope *module_scope(void)
{
    return entered != NULL ? entered : &own;
}

struct module_scope *module_scope_enter(struct module_scope *scope)
{
    struct module_scope *before = module_scope();
    entered = scope;
    return before;
}
