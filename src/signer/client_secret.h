// Client id and client secret. The secret is given as it is, by a reference, by a person, or in a data object
// on a PKCS#11 token, which is read after a login.
#pragma once

#include "core/secret.h"
#include "signer/secret_token.h"

// Reads the client id from the settings. Fails with SSA_CONFIG where it is not set or not valid.
bool client_id_read(const struct ssa_run *run, const char **client_id, struct ssa_error *err) MUST_CHECK;

struct client_secret {
    struct secret text; // empty until it is known
    struct uri *uri;    // of the data object that it is in, or NULL
};
void client_secret_free(struct client_secret *secret);
#define CLIENT_SECRET_AUTO __attribute__((cleanup(client_secret_free))) struct client_secret

// Where it is, for somebody who has a PKCS#11 token open.
enum secret_place {
    SECRET_NOT_BEGUN,
    SECRET_AT_HAND,
    SECRET_ON_OPEN_TOKEN, // not read yet, as on the next
    SECRET_ON_OTHER_TOKEN
};
enum secret_place client_secret_place(const struct client_secret *secret, const struct token *open);

// Whether APS_SECRET_ID is the URI of a data object on a token.
bool client_secret_is_on_token(const struct ssa_settings *settings);

// What a profile says of it: the secret itself (*literal), a reference to it, or NULL where it is not known.
const char *client_secret_in_profile(const struct ssa_run *run, const struct client_secret *secret, bool *literal);

// Reads it or asks for it, unless it is on a token: then the place is known, and client_secret_complete reads
// it. Needs the client id. *secret is zero.
bool client_secret_begin(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err) MUST_CHECK;

// Does that, unless it was done, and reads the secret from its token. That is opened and logged in to for
// this alone, and stays open in *keep unless that is NULL. other says which tokens the command logs in to
// beside it.
bool client_secret_read(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                        struct open_token *keep, struct ssa_error *err) MUST_CHECK;

// Reads it from a token of its own, which is opened for this alone. tries may be NULL.
bool client_secret_elsewhere(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                             struct pin_tries *tries, struct ssa_error *err) MUST_CHECK;

// Reads it from the open token, which is logged in to, or from another one, which is opened for this alone.
// Does nothing where it is known. tries may be NULL.
bool client_secret_complete(const struct ssa_run *run, struct client_secret *secret, struct token *open,
                            struct pin_tries *tries, struct ssa_error *err) MUST_CHECK;
