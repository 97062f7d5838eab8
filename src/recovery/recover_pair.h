// Both halves of a key that an operation wrote down: the one at the API and the one on a PKCS#11 token.
#pragma once

#include "hsm/key/locate.h"
#include "recovery/recovery.h"

struct pair {
    const struct entry *entry;
    struct open_token own; // where the token was not open before
    struct open_token *to;
    struct key key;
    uint8_t slot;
    enum located located;
};
void pair_end(struct pair *pair);

// Opens the PKCS#11 token that the entry names, unless it is open, logs in and looks for what is there of the
// key. The operation's own process knows that.
bool pair_open(struct pair *pair, struct recovery *r, const struct entry *entry, struct ssa_error *err) MUST_CHECK;

// *whole: whether the token has the key, attributes and a challenge as after an import, and, for a rotation,
// a token was fetched with it. It is not whole only where a look that met no failure shows that it is not
// there, or not as it must be; whatever else keeps it from being proved is no evidence, and fails.
bool pair_prove(struct pair *pair, const struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err) MUST_CHECK;

// Whether what is on the token may be destroyed: the token shows the same when it is asked once more, and it
// is what the operation put there. The operation's own process knows the objects that it made.
bool pair_may_go(const struct pair *pair, const struct recovery *r, struct ssa_error *err) MUST_CHECK;

// Destroys what of the key is on the token. What is left is said in the ending.
bool pair_destroy(struct pair *pair, const struct recovery *r, struct ssa_error *err) MUST_CHECK;

// Destroys what is there for the operation's time alone: throwaway keys, and an object that was not written
// to its end, and tells of those that may be. Not of an operation of this process, which has done so.
bool pair_sweep(const struct pair *pair, const struct recovery *r, struct ssa_error *err) MUST_CHECK;
