// Where the security officer's PIN comes from. On a PIV card it is the management key, which is needed to write to the
// card.
#pragma once

#include "hsm/token/pin_giver.h"
#include "hsm/token/token.h"

struct so_pin {
    const struct ssa_run *run;
    const struct token *token;
};

// Reads SSA_HSM_SO_PIN_SOURCE, or asks a person. Warns where it still has the factory's value.
struct pin_giver so_pin_giver(struct so_pin *so);
