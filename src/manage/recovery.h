// What settling operations that did not come to their end has in common.
#ifndef SSA_MANAGE_RECOVERY_H
#define SSA_MANAGE_RECOVERY_H

#include "aps/aps.h"
#include "core/ending.h"
#include "journal/journal.h"
#include "signer/api_client.h"
#include "signer/open_token.h"

struct recovery {
    const struct ssa_run *run;
    const char *account; // of one alone; NULL: of all of this client id and server
    const char *key_id; // the key that a person chose, where it cannot be told which one is left; may be NULL
    bool forget;        // closes what cannot be settled
    const char *client_id;
    struct client_secret secret;
    struct open_token
        opened; // the token that the client secret was read from; others are opened when they are needed
    struct aps *client;       // NULL before it is needed
    struct ssa_ending ending; // of the entry that is settled
    size_t found, left;
    bool switched; // among them was a rotation whose profile names the new key
};
void recovery_end(struct recovery *r);
#define RECOVERY_AUTO __attribute__((cleanup(recovery_end))) struct recovery

// The token that is open already, for retire; NULL where there is none.
struct open_token *recovery_opened(struct recovery *r);

// Says what came of the operation, and notes it in its entry.
void recovery_note(const struct ssa_run *run, struct journal *j, const char *line);

// Does that, and closes the entry. True.
bool recovery_close(const struct ssa_run *run, struct journal *j, enum outcome outcome, const char *line);

// The API's client, with all scopes that an undoing may need.
bool recovery_client(struct recovery *r, struct ssa_error *err) MUST_CHECK;

#endif
