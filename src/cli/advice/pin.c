// Advice about PINs.
#include "cli/advice/table.h"

#define CORRECT_OR_RETRY                                                                                               \
    "Correct the PIN file, log in once at a terminal, or allow one more try with --pin-retry (the record "             \
    "is {detail})."
#define ASK_A_PERSON                                                                                                   \
    "That is for a person to try: run the command at a terminal, without --pin-source and "                            \
    "SSA_HSM_PIN_SOURCE. The right PIN also ends the count."

const struct advice advice_pin[] = {
    {SSA_REASON_PIN_WAS_TRIED, CORRECT_OR_RETRY},
    {SSA_REASON_PIN_UNANSWERED, CORRECT_OR_RETRY},
    {SSA_REASON_PIN_LAST_TRY, ASK_A_PERSON},
    {SSA_REASON_PIN_LAST_UNANSWERED, ASK_A_PERSON},
    {SSA_REASON_NO_PINENTRY, "Install a pinentry, or name one: --pin-source pinentry:PATH."},
    {SSA_REASON_NOBODY_FOR_PIN, "Say where the PIN is with SSA_HSM_PIN_SOURCE or --pin-source: file:PATH, env:NAME, "
                                "fd:N or credential:NAME."},
    {SSA_REASON_NOBODY_FOR_SO_PIN, "Say where it is with SSA_HSM_SO_PIN_SOURCE: file:PATH, env:NAME, fd:N or "
                                   "credential:NAME."},
    {SSA_REASON_TURN_TOO_LONG, "Two processes at once would disturb each other there. Look for another ssa-hsm that "
                               "waits or hangs. --timeout waits longer."},
    {SSA_REASON_NONE, NULL},
};
