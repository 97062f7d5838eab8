// From settings to an open token.
#ifndef SSA_SIGNER_OPEN_TOKEN_H
#define SSA_SIGNER_OPEN_TOKEN_H

#include "config/identity.h"
#include "hsm/key/slot.h"
#include "pin/policy.h"
#include "pin/so_pin.h"

// Finds the token that holds the key of uri.
bool token_of_uri(const struct ssa_run *run, const struct uri *uri, struct token **token,
                  struct ssa_error *err) MUST_CHECK;

// Whether the module has to be searched for, by forking: no thread is to be started before.
bool token_of_uri_needs_search(const struct ssa_run *run, const struct uri *uri);

// Where a new key goes: filled by open_token_for_key, in memory that lives as long as the token.
struct open_token {
    struct pin_policy pin;
    struct so_pin so;
    struct uri *uri;     // of SSA_HSM_TOKEN, or NULL; freed by the caller
    struct token *token; // the same
    struct card_slot slot;
    bool officer_known; // has logged in once
};

// Finds the token for new keys: SSA_HSM_TOKEN; without it the only token there is, provided that a person
// types its PIN. Checks that it can take a key, chooses a card's slot, and logs in with a session that
// writes.
bool open_token_for_key(const struct ssa_run *run, const struct ssa_output *output, struct open_token *target,
                        struct ssa_error *err) MUST_CHECK;

// Finds the token for the client secret, as open_token_for_key does, and checks that it takes private data
// objects. Does not log in.
bool open_token_for_secret(const struct ssa_run *run, struct open_token *target,
                           struct ssa_error *err) MUST_CHECK;

// Which tokens a command logs in to beside that of the client secret.
enum beside { BESIDE_NONE, BESIDE_PERHAPS, BESIDE_ANOTHER };

// Finds the token that holds the client secret of uri, and fills target->pin. A stored PIN that the settings
// name is one token's, and is not tried on a second one on a guess (SSA_CONFIG): the URI's own pin-source is.
// Does not log in; target->uri stays as it is.
bool open_token_of_secret(const struct ssa_run *run, const struct uri *uri, enum beside beside,
                          struct open_token *target, struct ssa_error *err) MUST_CHECK;

// The PIN source that a URI on the target has to name itself, since the settings' is of the key's token, and
// that is another; NULL for none.
const char *open_token_pin_source(const struct ssa_run *run, const struct open_token *target);

// Writes the URI of the token, or, by what parts say, of an object on it, with the module as the next shell
// finds it, and the pin-source of the URI that the token was found by, which may be NULL, else that of parts.
bool lasting_uri(const struct token *token, const struct uri *given, struct uri_parts parts,
                 char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Finds the token that uri names again, and logs in with a session that writes; uri stays in target.
bool open_token_again(const struct ssa_run *run, const char *uri, struct open_token *target,
                      struct ssa_error *err) MUST_CHECK;

// Logs the security officer in, where the token wants that for writing and it was not done yet.
bool open_token_officer(struct open_token *target, const struct ssa_run *run,
                        struct ssa_error *err) MUST_CHECK;

// Finds and logs in to the token that SSA_HSM_TOKEN, else PRIVATE_KEY names, or to the only one there is,
// under the same proviso. *policy must live as long as *token; the caller frees *uri.
bool open_token_of_settings(const struct ssa_run *run, struct pin_policy *policy, struct uri **uri,
                            struct token **token, struct ssa_error *err) MUST_CHECK;

// Refuses to try a stored PIN on a token that no setting names (SSA_CONFIG): a guess is shown to a person, or
// nobody.
bool may_guess_token(const struct pin_policy *policy, const struct token_info *info,
                     struct ssa_error *err) MUST_CHECK;

#endif
