// The common parts of finishing and undoing operations: of a process that has ended, and of this process, where the
// next step of its own operation failed.
#pragma once

#include "core/ending.h"
#include "journal/journal.h"
#include "recovery/opened.h"

// What the operation's own process knows. A later recovery must ask for it.
struct known {
    enum oauth_outcome asked; // the outcome of its last request that makes something
    bool refused;             // the API refused that request: where nothing is found, nothing was changed
    struct key *key;          // the objects that it has made on the open token; NULL where they are not known
};

struct recovery {
    struct opened *open;
    const struct known *known; // NULL where the operation's process has ended
    struct ssa_ending *ending; // says what was removed again, and what is left
    const char *account;       // only operations on this account; NULL: all of this client id and server
    const char *key_id;        // the lost key, as a person says, where that is not known; may be NULL
    bool forget;               // closes entries that cannot be settled
    bool listed;               // the API was asked which keys there are
    bool stays_open;           // something is left on the token: the entry is not closed
    size_t found, left;
    size_t skipped; // entries that could not be read or understood
    bool switched;  // one of them was a rotation whose profile names the new key
};

// Says what happened to the operation: to a person and in its entry; in the operation's own process, in the ending.
// reason says which advice there is.
void recovery_note(const struct recovery *r, struct journal *j, enum ssa_reason reason, const char *line);

// Does that, and closes the entry. Returns false where it stays open, err having been filled before.
bool recovery_close(const struct recovery *r, struct journal *j, enum outcome outcome, const char *line);
