// Finishing or undoing what an operation that did not come to its end has left.
#ifndef SSA_FLOW_RECOVER_H
#define SSA_FLOW_RECOVER_H

#include "flow/journal.h"
#include "flow/open.h"

struct recovery {
    const struct ssa_run *run;
    const char *account; // of one alone; NULL: of all of this client id and server
    const char *key_id; // the key that a person chose, where it cannot be told which one is left; may be NULL
    bool forget;        // closes what cannot be settled
    const char *client_id;
    struct secret secret;
    bool secret_is_literal;
    struct aps *client; // NULL before it is needed
    size_t found, left;
    bool switched; // among them was a rotation whose profile names the new key
};
void recovery_end(struct recovery *r);
#define RECOVERY_AUTO __attribute__((cleanup(recovery_end))) struct recovery

// Settles all of them, telling what comes of each. What cannot be settled counts in r->left and is no
// failure.
bool recover(struct recovery *r, struct ssa_error *err) MUST_CHECK;

// The API's client, with all scopes that an undoing may need.
bool recovery_client(struct recovery *r, struct ssa_error *err) MUST_CHECK;

// Settles one operation whose process is gone; its entry is closed, or stays as it is with err filled.
bool settle(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;

#endif
