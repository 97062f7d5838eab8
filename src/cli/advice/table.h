// The tables of advice: one for each folder whose code makes errors. Each ends with a row without a text.
#pragma once

#include "ssa-hsm.h"

struct advice {
    enum ssa_reason reason;
    const char *text; // {subject} and {detail} stand for these members of the error or the notice
};
extern const struct advice advice_accounts[];
extern const struct advice advice_aps[];
extern const struct advice advice_config[];
extern const struct advice advice_core[];
extern const struct advice advice_hsm[];
extern const struct advice advice_journal[];
extern const struct advice advice_manage[];
extern const struct advice advice_oauth[];
extern const struct advice advice_pin[];
extern const struct advice advice_secret[];
extern const struct advice advice_signer[];
