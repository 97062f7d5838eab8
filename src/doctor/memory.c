// Whether as much memory can be locked as the commands that receive a key need.
#include "core/secret.h"
#include "doctor/examination.h"

// Answers, forms, the key itself, and the settings' secrets, at the same time.
enum { LOCKED_AT_ONCE = 512 * 1024 };

void check_memory(struct examination *x)
{
    SECRET_AUTO buffer = {0};
    struct ssa_error why = {0};
    if (!secret_new(&buffer, LOCKED_AT_ONCE, &why)) {
        finding_failure(&x->found, "memory", &why);
        return;
    }
    if (secret_must_be_locked(&buffer, &why)) {
        finding_ok(&x->found, "memory", NULL, "can be locked: no secret is written to swap");
        return;
    }
    // What was not sent to the API is of no concern here.
    if (why.reason == SSA_REASON_LOCK_LIMIT)
        why.reason = SSA_REASON_LOCKS_TOO_FEW;
    else
        error_hint(&why, "The kernel or a sandbox refuses it: allow the system call mlock.");
    finding_warning(&x->found, "memory", &why);
}
