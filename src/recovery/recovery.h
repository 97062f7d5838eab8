// What finishing and undoing operations has in common: of a process that is gone (`key recover`), and of one
// whose own next step failed.
#pragma once

#include "core/ending.h"
#include "journal/journal.h"
#include "recovery/opened.h"

// What the operation's own process knows, and anybody else must ask for.
struct known {
    enum oauth_outcome asked; // what came of its last request that makes something
    bool refused;             // the API said no: where nothing is found, nothing was changed
    struct key *key;          // what it has put on the open token: the objects that it made itself
};

struct recovery {
    struct opened *open;
    const struct known *known; // NULL where the operation's process is gone
    struct ssa_ending *ending; // says what is gone again and what is left of the entry
    const char *account;       // settles those of one account alone; NULL: all of this client id and server
    const char *key_id;        // the key that a person chose, where it cannot be told which one is left; may be NULL
    bool forget;               // closes what cannot be settled
    bool listed;               // the API was asked which keys there are
    bool stays_open;           // something is left on the token: the entry is not closed
    size_t found, left;
    bool switched; // among them was a rotation whose profile names the new key
};

// Says what became of the operation: to a person and in its entry, or, in its own process, in the ending.
// reason says which advice there is.
void recovery_note(const struct recovery *r, struct journal *j, enum ssa_reason reason, const char *line);

// Does that, and closes the entry. Returns false where it stays open, err having been filled before.
bool recovery_close(const struct recovery *r, struct journal *j, enum outcome outcome, const char *line);
