// Where keys are: what the tokens of this machine show of them.
#ifndef SSA_MANAGE_TOKEN_KEYS_H
#define SSA_MANAGE_TOKEN_KEYS_H

#include "hsm/search/survey.h"
#include "signer/api_client.h"
#include "signer/open_token.h"

// A key on a token.
struct place {
    char kid[SEEN_KID_MAX];   // its id at the API, as the token has it; may be empty
    char name[SEEN_NAME_MAX]; // whose it is, as the token has it; may be empty
    bool own;                 // the settings' PRIVATE_KEY names it
    struct token_apart apart; // its token's
    struct ssa_place shown;   // with a uri of its own
    bool joined;              // it is somebody's already
};

struct places {
    struct place *list;
    size_t count;
    bool lost; // memory for one was not to be had
};
void places_free(struct places *places);
#define PLACES_AUTO __attribute__((cleanup(places_free))) struct places

// Looks at all tokens of the configured modules, or of the one that the settings name, without a login and
// each module in a child process. What cannot be looked at is told. Fails when interrupted.
bool places_look(const struct ssa_run *run, struct places *places, struct ssa_error *err) MUST_CHECK;

// Logs in to the one token that the settings name, and says of each key there whether its private half is. A
// client secret that lies there is begun and read; elsewhere it is left for later.
bool places_login(const struct ssa_run *run, struct places *places, struct client_secret *secret,
                  struct ssa_error *err) MUST_CHECK;

#endif
