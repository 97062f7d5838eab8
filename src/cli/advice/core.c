// Advice about files, pipes and memory.
#include "cli/advice/table.h"

const struct advice advice_core[] = {
    {SSA_REASON_PIPE, "Something must write to this pipe and then close it. --timeout SECONDS gives it more time."},
    {SSA_REASON_OTHER_OWNER, "Under sudo, HOME and the XDG folders must be root's own (`sudo -H`)."},
    {SSA_REASON_LOCK_LIMIT, "Raise the limit: `ulimit -l 8192`, LimitMEMLOCK=8M in a systemd unit, or "
                            "/etc/security/limits.d. Nothing was sent to the API."},
    {SSA_REASON_NONE, NULL},
};
