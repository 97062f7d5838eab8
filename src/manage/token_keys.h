// The keys that the PKCS#11 tokens of this machine show.
#pragma once

#include "hsm/search/survey.h"
#include "signer/client_secret.h"

enum { TOKEN_KEYS_HEADS = 1024 };

struct token_key {
    char kid[SEEN_KID_MAX];   // the key's id at the API, as the token has it; may be empty
    char name[SEEN_NAME_MAX]; // whose key it is, as the token has it; may be empty
    bool own;                 // the settings' PRIVATE_KEY names it
    bool listed;              // it is a place of a key in the list that is being made
    struct token_apart apart; // the token's
    struct ssa_place place;   // its uri is owned
    size_t next;              // in its chain: the place in the list of the one before it, and 1; 0: none
};

struct token_keys {
    struct token_key *list;
    size_t count, room;
    size_t heads[TOKEN_KEYS_HEADS]; // chains of those that may have the same modulus; as next
    bool lost;                      // there was no memory for one of them
    char **failures;                // a sentence for each module that could not be looked at
    size_t failure_count;
};
void token_keys_free(struct token_keys *keys);

// Looks at all PKCS#11 tokens of the configured modules, or of the module that the settings name, without a login. They
// are asked side by side. Notes what cannot be looked at. Fails when interrupted.
bool token_keys_look(const struct ssa_run *run, struct token_keys *keys, struct ssa_error *err) MUST_CHECK;

// Tells which modules could not be looked at.
void token_keys_tell_failures(const struct ssa_run *run, const struct token_keys *keys, enum ssa_level level);

// Logs in to the PKCS#11 token that the settings name, and notes for each of its keys whether the private half is
// there. Reads a client secret on that token; one on another token is read later.
bool token_keys_login(const struct ssa_run *run, struct token_keys *keys, struct client_secret *secret,
                      struct ssa_error *err) MUST_CHECK;
