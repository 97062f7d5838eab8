// What an operation has open: the API's client, the PKCS#11 token, the client secret. The story that makes
// something and the recovery that finishes or undoes it work with the same.
#pragma once

#include "aps/aps.h"
#include "config/profile_block.h"
#include "hsm/key/key.h"
#include "journal/entry.h"
#include "signer/api_client.h"
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

// The PKCS#11 token that is open, NULL where there is none.
struct open_token *opened_token(struct opened *open);

// Makes the API's client, with the scopes of all that an undoing may need, unless it is there.
bool opened_client(struct opened *open, struct ssa_error *err) MUST_CHECK;

// The entry's key as a PKCS#11 token is to know it. Borrows from the entry.
struct key_name opened_key_name(const struct entry *entry, uint8_t slot);

// The block of what the entry has made so far; entry may be NULL before there is one. Borrows.
struct profile_block opened_block(const struct opened *open, const struct entry *entry);

// Gives in *to the token that uri names, which text was read as: the one that is open already (may be NULL),
// or else *own, opened for writing. The caller ends *own.
bool opened_or_again(const struct ssa_run *run, struct open_token *opened, const struct uri *uri, const char *text,
                     struct open_token *own, struct open_token **to, struct ssa_error *err) MUST_CHECK;
