// The tables of advice: one a folder of the code that makes the errors, each ended by a row without a text.
#ifndef SSA_CLI_ADVICE_TABLE_H
#define SSA_CLI_ADVICE_TABLE_H

#include "ssa-hsm.h"

struct advice {
    enum ssa_reason reason;
    const char *text; // {subject} and {detail} stand for what the error or the notice has there
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

#endif
