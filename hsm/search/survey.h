// The keys on tokens, and whose they are.
#pragma once

#include "core/rsa_key.h"
#include "hsm/search/ahead.h"
#include "hsm/token/info.h"

struct token;

#define SEEN_KID_MAX  129U
#define SEEN_NAME_MAX 257U

// A key on a token, and what the token tells about it. All text is harmless.
struct key_seen {
    char kid[SEEN_KID_MAX];   // its id at the API, from its CKA_ID or its certificate; empty where there is none
    char name[SEEN_NAME_MAX]; // whose it is: its label's first part, or its certificate's email; may be empty
    char slot[4];             // on a card with slots, "9a"; else empty
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    bool own;               // it is the key that the URI in question names
    bool is_private;        // its private object was seen, after a login
    char uri[URI_TEXT_MAX]; // of the private key, ready to paste; empty where it would be too long
};

// Hears of a key; token_uri is that of its token, with the module.
typedef void key_seen_shown(void *context, const struct token_info *info, const char *token_uri,
                            const struct key_seen *key);

// Shows every RSA key that a module's tokens show without a login: public halves and certificates. The module is
// asked with the keys; at says which one it is. A token that cannot be searched is shown once, with key NULL. own is a
// URI whose key is to be recognised, or NULL.
bool survey_module(struct ahead *ahead, size_t at, const struct uri *own, key_seen_shown *show, void *context,
                   struct ssa_error *err) MUST_CHECK;

// Shows every private RSA key of a token that is logged in.
bool survey_token(struct token *token, const struct uri *own, key_seen_shown *show, void *context,
                  struct ssa_error *err) MUST_CHECK;

// Shows every RSA key of an open token that it shows without a login, as survey_module does, and on a token that writes
// itself anew at a login no certificates. Fails with SSA_TOKEN.
bool survey_token_public(struct token *token, const struct uri *own, key_seen_shown *show, void *context,
                         struct ssa_error *err) MUST_CHECK;

// Whether an import puts a key's public half on tokens of this kind, too.
bool survey_shows_public_halves(const struct token_info *info);
