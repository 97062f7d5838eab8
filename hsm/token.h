// A token: found by its URI, opened, logged into, closed. No CK_ type leaves this folder.
#ifndef SSA_HSM_TOKEN_H
#define SSA_HSM_TOKEN_H

#include "core/error.h"
#include "core/secret.h"
#include "hsm/registry.h"
#include "hsm/uri.h"

#define PIN_MAX 256U

// What there is to know about a token before anybody logs in (PKCS#11 v2.40 section 3.2, CK_TOKEN_INFO).
struct recipe;

struct token_info {
    const struct recipe *recipe;                             // what is special about it
    struct token_name name;                                  // for URIs
    struct token_apart apart;                                // the same
    char label[33], serial[17], manufacturer[33], model[17]; // for people: harmless, without padding
    bool pin_count_low;                                      // after one wrong try, by anybody
    bool pin_final_try;
    bool pin_locked;
    bool pin_pad; // protected authentication path: the PIN is typed elsewhere
    bool pin_unset;
    bool login_required;
    bool write_protected;
    size_t pin_min, pin_max; // bytes; 0 where the token does not say
    unsigned firmware;       // its major version
    bool pin_low_at_once;    // its kind is known to set COUNT_LOW after the first wrong PIN
    unsigned pin_tries;      // it locks after so many wrong ones, whatever its flags show; 0 is unknown
    char uri[URI_TEXT_MAX];  // label and serial, for messages
};

// What processes of ours do one after the other: using a token whose module resets it (from the opening to
// the closing), and the moment of a login where that rewrites the token's file. TURN_LOGIN is never held
// while the other is waited for, nor while a person is.
enum turn { TURN_OPEN, TURN_LOGIN };

// How they wait for each other. take waits until it is our turn, and fails where that takes too long; a turn
// that this process has is had again. Each take that succeeded is followed by a leave.
struct turns {
    void *context;  // NULL: nobody takes turns
    bool impatient; // nothing is waited for
    bool (*take)(void *context, enum turn which, bool impatient, struct ssa_error *err);
    void (*leave)(void *context, enum turn which);
};

// Where to look. All borrowed; NULL where unset.
struct token_wanted {
    const struct uri *uri;                 // of a token or of an object on it; NULL is any token
    const char *module;                    // path or name, by option or environment
    bool uri_module_first;                 // the URI's own module goes before `module`
    const struct ssa_callbacks *callbacks; // whether a search is to stop
    struct turns turns;                    // what its context refers to lives as long as the token
};

struct token;

// Loads the module, or searches those that p11-kit knows, each alone, and finds the one token that matches.
// Fails with SSA_ABSENT (no module, no token), SSA_CONFIG (several match: all are named). The caller closes
// *token.
bool token_open(const struct token_wanted *wanted, struct token **token, struct ssa_error *err) MUST_CHECK;

// Whether no module is named, so that token_open would ask each of them, in a child process. Forking wants no
// other thread of ours beside it.
bool token_needs_search(const struct token_wanted *wanted);

// Logs out, closes the session, finalises the module.
void token_close(struct token **token);
#define TOKEN_AUTO __attribute__((cleanup(token_close))) struct token

const struct token_info *token_info(const struct token *token);

// The token's URI with its module, ready to paste.
bool token_uri(const struct token *token, char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// Whether it is the token that the URI names.
bool token_matches(const struct token *token, const struct uri *uri);

// How the module is to be written into a URI: by path as it was given, or by name. Borrowed.
const char *token_module_path(const struct token *token);
const char *token_module_name(const struct token *token);

enum pin_outcome {
    PIN_ACCEPTED,
    PIN_REFUSED,   // a try was spent
    PIN_NOT_TRIED, // the token failed before it looked at the PIN
    PIN_UNKNOWN    // it failed, and does not say which
};

// Where a PIN comes from. give is asked once for each login, after the token's flags were found good for a
// try, and puts the PIN into pin (capacity PIN_MAX) or fails; on a token with a pad it is called with pin
// NULL. outcome hears what became of it.
struct pin_giver {
    void *context;
    bool (*give)(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err);
    void (*outcome)(void *context, const struct token_info *info, enum pin_outcome outcome);
    // Hears, from another thread, that a signature takes long on a token that may want a touch; may be NULL.
    void (*waiting)(void *context, const struct token_info *info);
    // After a login that did not tell about the PIN, once the token was opened anew: whether the same PIN may
    // be tried once more, by the fresh flags in info. NULL: it may not. outcome hears of that try, too.
    bool (*again)(void *context, const struct token_info *info);
    // Hears that the PIN is to be typed at the token's pad once more; may be NULL.
    void (*pad_again)(void *context, const struct token_info *info);
};

// Opens a session and logs in as the user; what giver refers to must live as long as the token. The PIN is
// tried once, never where its length or the flags say it cannot be right, and kept in locked memory for keys
// that want a login for each signature. Fails with SSA_PIN or SSA_TOKEN.
bool token_login(struct token *token, bool writable, const struct pin_giver *giver,
                 struct ssa_error *err) MUST_CHECK;

// For an import, once the user is logged in: where the token's recipe demands it (a PIV card's management
// key), the security officer logs in in the user's stead, and is asked for through so. Does nothing
// elsewhere.
bool token_login_officer(struct token *token, const struct pin_giver *so, struct ssa_error *err) MUST_CHECK;

// What people call the security officer's PIN on this token; NULL where an import does not need it. *factory
// is its value on a token whose owner has not changed it, or NULL.
const char *token_so_pin_name(const struct token *token, const char **factory);

// A count of objects with nothing in them, on a token that holds too many objects to be counted.
#define EMPTY_UNKNOWN SIZE_MAX

#define THROWAWAY_NAME_MAX 64U
// Id and label of all that a rehearsal and a wrapped import put on the token for a moment: session objects,
// of which some tokens make objects that stay. One of a run alone is known again.
void token_name_throwaway(struct token *token, const char *name);

// Destroys what is on the token under exactly this name, as objects that stay. *destroyed: how many. Fails
// with SSA_TOKEN, also where something is left.
bool token_destroy_throwaway(struct token *token, const char *name, size_t *destroyed,
                             struct ssa_error *err) MUST_CHECK;

// After a rehearsal: whether nothing of it can be left on the token.
bool token_throwaway_is_gone(const struct token *token);

// Whether there is a rehearsal for this way: not for a card's slots.
bool token_rehearses(const struct token *token, enum ssa_import_way way);

// Shows by a throwaway session object, or, on_token, by one on it, that a token without slots takes a key and
// signs then; how it comes in, and what of the template an unknown token does not know, is remembered for the
// real one. The user is logged in. Fails with SSA_TOKEN where the token takes none in the ways that are
// allowed, with SSA_PIN where the key's own login is refused: that is tried once.
bool token_rehearse(struct token *token, enum ssa_import_way way, bool on_token,
                    struct ssa_error *err) MUST_CHECK;

// Whether a key that comes in is told which mechanisms it may be used with (CKA_ALLOWED_MECHANISMS). Where
// the token does not take that, raw RSA with the key decrypts, whatever its CKA_DECRYPT says.
bool token_limits_mechanisms(const struct token *token);

// How key_import is going to bring a key in, for people.
const char *token_import_way(const struct token *token, bool *wrapped);

// Says whether the token can take a key and sign with it, as far as it tells without a login: not
// write-protected, RSA signing among its mechanisms. Fails with SSA_TOKEN.
bool token_check_able(const struct token *token, struct ssa_error *err) MUST_CHECK;

#endif
