// Client id and client secret, and the API's client that has them. The secret is in the setting itself, in the place
// that a reference names, or in a data object on a PKCS#11 token, which is read after a login. Or a person types it.
#pragma once

#include "core/secret.h"
#include "oauth/oauth.h"
#include "signer/secret_token.h"

// Reads the client id from the settings. Fails with SSA_CONFIG where it is not set or not valid.
bool client_id_read(const struct ssa_run *run, const char **client_id, struct ssa_error *err) MUST_CHECK;

struct client_secret {
    struct secret text; // empty until it is known
    struct uri *uri;    // of the data object that it is in, or NULL
};
void client_secret_free(struct client_secret *secret);
#define CLIENT_SECRET_AUTO __attribute__((cleanup(client_secret_free))) struct client_secret

// Where the secret is, for a caller that has a PKCS#11 token open.
enum secret_place {
    SECRET_NOT_BEGUN,
    SECRET_AT_HAND,
    SECRET_ON_OPEN_TOKEN,  // not read yet
    SECRET_ON_OTHER_TOKEN, // not read yet
};
enum secret_place client_secret_place(const struct client_secret *secret, const struct token *open);

// Whether APS_SECRET_ID is the URI of a data object on a PKCS#11 token.
bool client_secret_is_on_token(const struct ssa_settings *settings);

// What a profile has for it: the secret itself (*literal), a reference to it, or NULL where it is not known.
const char *client_secret_in_profile(const struct ssa_run *run, const struct client_secret *secret, bool *literal);

// Reads it or asks for it. Where it is on a PKCS#11 token, only its URI is read, and client_secret_complete reads the
// secret. Needs the client id. *secret is zero.
bool client_secret_begin(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err) MUST_CHECK;

// Asks a person for it, whatever the settings have.
bool client_secret_ask(const struct ssa_run *run, struct client_secret *secret, struct ssa_error *err) MUST_CHECK;

// Does what client_secret_begin does, unless it was done, and reads the secret from its token. It opens that token and
// logs in to it for this purpose only. The token stays open in *keep, unless keep is NULL. other says which other
// tokens the command logs in to.
bool client_secret_read(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                        struct open_token *keep, struct ssa_error *err) MUST_CHECK;

// Opens the secret's token, reads the secret and closes the token. tries may be NULL.
bool client_secret_elsewhere(const struct ssa_run *run, struct client_secret *secret, enum other_token other,
                             struct pin_tries *tries, struct ssa_error *err) MUST_CHECK;

// Reads it from the open token, where the user is logged in, or as client_secret_elsewhere does. Does nothing where it
// is known. tries may be NULL.
bool client_secret_complete(const struct ssa_run *run, struct client_secret *secret, struct token *open,
                            struct pin_tries *tries, struct ssa_error *err) MUST_CHECK;

// Makes the API's client, which borrows the settings. Where the client secret is not known yet,
// oauth_client_know_secret sets it later.
bool api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct oauth_client **client,
                     struct ssa_error *err) MUST_CHECK;

static inline void api_client_close(struct oauth_client **client)
{
    oauth_client_free(*client);
}
#define APS_AUTO __attribute__((cleanup(api_client_close))) struct oauth_client
