// Finishing and undoing operations: of a process that has ended, and of this process, where the next step of its own
// operation failed.
#pragma once

#include "aps/aps.h"
#include "config/profile_block.h"
#include "hsm/key/key.h"
#include "journal/journal.h"
#include "signer/client_secret.h"

// What an operation has open. An operation that fails is undone with it.
struct opened {
    const struct ssa_run *run;
    const char *client_id;
    struct client_secret secret;
    struct oauth_client *client; // NULL before it is needed
    struct open_token to;        // the PKCS#11 token; to.token is NULL before it is needed
    struct pin_tries tries;      // of all operations that are recovered with it
};
void opened_end(struct opened *open);
#define OPENED_AUTO __attribute__((cleanup(opened_end))) struct opened

// Makes the API's client, unless it is there. It has all scopes that an undoing may need.
bool opened_client(struct opened *open, struct ssa_error *err) MUST_CHECK;

// How a PKCS#11 token shall name the entry's key. Borrows from the entry.
struct key_name opened_key_name(const struct entry *entry, uint8_t slot);

// The block with what the operation has made so far; entry may be NULL before there is one. Borrows.
struct profile_block opened_block(const struct opened *open, const struct entry *entry);

// Finds the token that uri names. *to is opened, where that is open and is this token, or else *own, which is opened
// with a session that may write. The caller closes *own.
bool opened_or_again(const struct ssa_run *run, struct open_token *opened, const char *uri, struct open_token *own,
                     struct open_token **to, struct ssa_error *err) MUST_CHECK;

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
    const char *imported;      // only imports of the key with this id; NULL: all operations
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

// Finishes or undoes an operation whose process has ended; with r->known, undoes this process's own operation, whose
// next step failed. Closes the entry, or leaves it open with err filled.
bool recover_entry(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;
