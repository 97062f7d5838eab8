// A key whose remote half and token object were written down by an operation that did not come to its end.
#ifndef SSA_FLOW_PAIR_H
#define SSA_FLOW_PAIR_H

#include "flow/block.h"
#include "flow/recovery.h"
#include "flow/rest.h"
#include "hsm/key.h"

struct pair {
    const struct ssa_run *run;
    const struct entry *entry;
    struct target own; // where the token was not open before
    struct target *to;
    struct key key;
    uint8_t slot;
    enum located located;
};
void pair_end(struct pair *pair);

// Opens the token that the entry names, unless the recovery has it open, logs in and looks for what is there
// of the key.
bool pair_open(struct pair *pair, struct recovery *r, const struct entry *entry,
               struct ssa_error *err) MUST_CHECK;

// *whole: whether the token has the key, attributes and a challenge as after an import, and, for a rotation,
// whether a token was fetched with it; why not is in err. Fails where that could not be found out.
bool pair_prove(struct pair *pair, struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err) MUST_CHECK;

// Destroys what of the key is on the token.
bool pair_destroy(struct pair *pair, struct ssa_error *err) MUST_CHECK;

// Writes the profile that the entry names, unless it has the key already.
bool pair_profile(const struct recovery *r, const struct journal *j, struct ssa_error *err) MUST_CHECK;

// The KEY_ID that the profile at this path names; empty where there is none.
void profile_key_id(const char *path, char kid[static APS_ID_MAX]);

#endif
