// A key whose remote half and token object were written down by an operation that did not come to its end.
#ifndef SSA_MANAGE_RECOVER_KEY_H
#define SSA_MANAGE_RECOVER_KEY_H

#include "config/profile_block.h"
#include "config/profile_others.h"
#include "hsm/key/locate.h"
#include "manage/recovery.h"

struct pair {
    const struct ssa_run *run;
    const struct entry *entry;
    struct open_token own; // where the token was not open before
    struct open_token *to;
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
// a token was fetched with it. It is not whole only where a look that met no failure shows that it is not
// there, or not as it must be; whatever else keeps it from being proved is no evidence, and fails.
bool pair_prove(struct pair *pair, struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err) MUST_CHECK;

// Whether the token shows the same when it is asked once more: before anything goes. Fails with SSA_TOKEN.
bool pair_confirm(struct pair *pair, struct ssa_error *err) MUST_CHECK;

// Destroys what of the key is on the token.
bool pair_destroy(struct pair *pair, struct ssa_error *err) MUST_CHECK;

// Destroys what is there for the operation's time alone: throwaway keys, and an object that was not written
// to its end, and tells of those that may be.
bool pair_sweep(struct pair *pair, struct ssa_error *err) MUST_CHECK;

// Writes the profile that the entry names, unless it has the key already. Where somebody has put another
// block, or what is no profile, in its place, it is written beside it. where: its path.
bool pair_profile(const struct recovery *r, const struct journal *j, char where[static PATH_TEXT_MAX],
                  bool *beside, struct ssa_error *err) MUST_CHECK;

#endif
