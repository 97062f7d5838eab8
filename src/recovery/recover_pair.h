// The recovery of a key pair: one half is at the API, the other on a PKCS#11 token.
#pragma once

#include "hsm/key/locate.h"
#include "recovery/recovery.h"

struct pair {
    const struct entry *entry;
    struct open_token *own; // the caller's, used where the token was not open before
    struct open_token *to;
    struct key key;
    uint8_t slot;
    enum located located;
};

// Opens the PKCS#11 token that the entry names, unless it is open, logs in, and looks for the key's objects. The
// operation's own process knows them already.
bool pair_open(struct pair *pair, struct recovery *r, const struct entry *entry, struct ssa_error *err) MUST_CHECK;

// *whole: whether the key is on the token, has the right attributes and signs a challenge, and, for a rotation, an
// access token was fetched with it. *whole is false only where the token shows, without a failure, that the key is
// missing or not as it must be. Any other reason proves nothing, and is an error.
bool pair_prove(struct pair *pair, const struct recovery *r, const struct entry *entry, bool *whole,
                struct ssa_error *err) MUST_CHECK;

// Whether the objects on the token may be destroyed: the token shows the same ones when it is asked again, and the
// operation has made them. The operation's own process knows the objects that it made.
bool pair_may_go(const struct pair *pair, const struct recovery *r, struct ssa_error *err) MUST_CHECK;

// Destroys the key's objects on the token. The ending says what is left.
bool pair_destroy(struct pair *pair, const struct recovery *r, struct ssa_error *err) MUST_CHECK;

// Destroys the operation's throwaway keys, and warns of incomplete objects, which may be of an import. An operation of
// this process has done that already.
bool pair_sweep(const struct pair *pair, const struct recovery *r, struct ssa_error *err) MUST_CHECK;
