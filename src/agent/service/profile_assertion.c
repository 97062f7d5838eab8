// An assertion that did not reach the API is kept, and sent again: a signature may need a person's touch.
#include "agent/service/service_own.h"
#include "core/boot_clock.h"

void profile_assertion_drop(struct profile *p)
{
    secret_free(&p->assertion);
}

bool profile_assertion_take(struct profile *p, const char *scope, struct secret *assertion)
{
    const bool usable =
        p->assertion.len > 0 && boot_ms() < p->assertion_until && strcmp(p->assertion_scope, scope) == 0;
    if (!usable)
        profile_assertion_drop(p);
    *assertion = p->assertion;
    p->assertion = (struct secret){0};
    return usable;
}

void profile_assertion_keep(struct profile *p, const char *scope, struct secret *assertion, long long until)
{
    profile_assertion_drop(p);
    p->assertion = *assertion;
    *assertion = (struct secret){0};
    p->assertion_until = until;
    memcpy(p->assertion_scope, scope, strlen(scope) + 1);
}
