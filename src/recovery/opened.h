// What an operation has open: the API's client, the PKCS#11 token and the client secret. An operation that fails is
// undone with them.
#pragma once

#include "aps/aps.h"
#include "config/profile_block.h"
#include "hsm/key/key.h"
#include "journal/entry.h"
#include "signer/client_secret.h"
#include "signer/open_token.h"

struct opened {
    const struct ssa_run *run;
    const char *client_id;
    struct client_secret secret;
    struct oauth_client *client; // NULL before it is needed
    struct open_token to;        // to.token is NULL before it is needed
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
