// The one place that includes Cryptoki. For this folder alone.
#ifndef SSA_HSM_PKCS11_H
#define SSA_HSM_PKCS11_H

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

#include "core/rsa_key.h"
#include "core/text.h"
#include "hsm/token.h"

// A module that is loaded and initialised, and its functions. Those that it leaves out say so when they are
// called (hsm/calls.h).
struct module {
    struct module_entry entry;
    CK_FUNCTION_LIST *call; // owned
    struct turns turns;
    bool has_turn; // TURN_OPEN
    bool
        ours; // initialised here, so finalised here: another user of the module in this process is left alone
};

// The key pair that a token made for one import: session objects.
struct transport {
    CK_OBJECT_HANDLE public_key, private_key; // 0 is none
    uint8_t modulus[RSA_BYTES_MAX];
    size_t modulus_len;
};

enum { WHY_PLAIN_MAX = 512 };

struct token {
    struct module module;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session; // 0 (CK_INVALID_HANDLE) before session_open
    bool logged_in;            // by us
    CK_USER_TYPE who;          // where logged_in
    struct secret pin, so_pin;
    struct pin_giver giver;             // hears of each of the user's logins
    uint32_t slots_seen;                // bits of a card's slots that were found used, by whichever look
    CK_RV sign_begun;                   // what the last C_SignInit gave
    bool sign_lost;                     // it, or the C_Sign that followed, failed as when the token is lost
    bool own_login_failed;              // a key's own, for a signature: it may have spent a try
    bool rehearsed;                     // a rehearsal showed these two:
    unsigned left_out;                  // template_part: what this token does not know
    bool no_public_half;                // and that it takes no public key object
    char throwaway[THROWAWAY_NAME_MAX]; // id and label of what is there for a moment
    bool throwaway_left;                // something of it may be on the token
    struct transport transport;
    const struct wrap_scheme *wrap; // how a key comes in; NULL: plainly
    char why_plain[WHY_PLAIN_MAX];  // and why, where the token says that it unwraps keys
    struct token_info info;
    bool renamed; // it was found by its serial number; label and model were these:
    CK_UTF8CHAR was_called[32], was_model[16];
};

// Loads and initialises; module_close finalises. Where the module resets cards it is our turn before it has
// touched one. Fails with SSA_ABSENT, or SSA_TOKEN where it did not come to be our turn.
bool module_open(const struct module_entry *entry, const struct turns *turns, struct module *module,
                 struct ssa_error *err) MUST_CHECK;
void module_close(struct module *module);

// Finalises and initialises it anew, where it was initialised here.
bool module_restart(struct module *module) MUST_CHECK;

// The turn of a module or a token on it, where turns are taken.
bool turn_take(const struct turns *turns, enum turn which, struct ssa_error *err) MUST_CHECK;
void turn_leave(const struct turns *turns, enum turn which);

// How long, and how often, something that another process's login may hide for a moment is looked for again.
enum { PATIENCE_MS = 1000, PATIENCE_STEP_MS = 50 };
void pause_a_step(void);

#define SLOTS_MAX 256U
// The slots that hold a token.
bool module_slots(const struct module *module, CK_SLOT_ID slots[static SLOTS_MAX], CK_ULONG *count,
                  struct ssa_error *err) MUST_CHECK;

// The token's URI with its module, as that was given: ready to paste.
bool entry_token_uri(const struct module_entry *entry, const struct token_info *info,
                     char out[static URI_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// A private key's URI with token and module. False when it is too long.
bool entry_key_uri(const struct module_entry *entry, const struct token_info *info, struct span id,
                   struct span label, char out[static URI_TEXT_MAX]) MUST_CHECK;

// Text of a fixed width without its padding, made harmless.
void unpad(char *to, size_t capacity, const CK_UTF8CHAR *from, size_t width);

// The flags of a token that may change while it is open.
void token_flags(const CK_TOKEN_INFO *raw, struct token_info *info);

// Turns what the module says of the token in a slot into what we keep. How a URI names it is as if it were
// the only one there (hsm/look.h: seen_describe).
void token_describe(const CK_INFO *module, CK_SLOT_ID slot, const CK_TOKEN_INFO *raw,
                    struct token_info *info);

// Whether the URI names the token, by all that stands in it. Padding of either kind is not compared.
bool uri_matches(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot, CK_SLOT_ID id,
                 const CK_TOKEN_INFO *token);
// The same of a key's URI, whatever the label and the model are, by a serial number that tells cards apart.
bool uri_matches_by_serial(const struct uri *uri, const CK_INFO *module, const CK_SLOT_INFO *slot,
                           CK_SLOT_ID id, const CK_TOKEN_INFO *token);
// Gives the token the label and the model that the URI says, where it says them.
void uri_call(const struct uri *uri, CK_TOKEN_INFO *token);
// Whether it can be one card's own, and not what a maker writes who numbers none ("00000000").
bool serial_is_real(const CK_UTF8CHAR serial[static 16]);
// The URI's attribute (CKA_ID, CKA_LABEL), or NULL.
const CK_ATTRIBUTE *uri_attribute(const struct uri *uri, CK_ATTRIBUTE_TYPE type);

// "CKR_PIN_INCORRECT", or "CKR_0x…" for one we have no name for.
const char *ckr_name(CK_RV rv, char buffer[static 32]);

// Whether it says that another template might do.
bool ckr_is_of_template(CK_RV rv);

// Whether it is an attribute's own: not told, or too long.
bool ckr_is_of_attribute(CK_RV rv);

// An error from a PKCS#11 call, on the token (NULL: none).
bool ckr_fail(struct ssa_error *err, enum ssa_class class, CK_RV rv, const struct token *token,
              const char *what, ...) __attribute__((format(printf, 5, 6)));

#define ATTRIBUTE(t, v, n)                                                                                   \
    {                                                                                                        \
        .type = (t), .pValue = (void *)(uintptr_t)(v), .ulValueLen = (n)                                     \
    }

// Reads a list of an object's attributes. CKR_OK where the object answered, with CK_UNAVAILABLE_INFORMATION
// as the length of what it did not tell; else nothing is known.
enum { ATTRIBUTES_MAX = 16 };
CK_RV attributes_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list, CK_ULONG count);
// Reads one, and gives what the module says of it.
CK_RV attribute_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute);
// How long one is that was read; 0 for one that was not told.
size_t attribute_len(const CK_ATTRIBUTE *attribute);

// Whether a login that gave rv spent a try.
enum pin_outcome pin_outcome_of(CK_RV rv);

// Before the user's login but the first: has a person told who is to type the PIN at the token's pad, where
// it has one.
void pin_pad_again(const struct token *token);

// Whether rv says that the module lost the token, so that a fresh start may find it again.
bool token_is_lost(const struct token *token, CK_RV rv);

// Starts the module afresh, finds the same token in it, reads its flags, and opens a session. False where the
// token is not there, or is another.
bool token_reopen(struct token *token, bool writable) MUST_CHECK;

// Whether the token is in its slot, and the same one; its flags are fresh then.
bool token_is_there(struct token *token) MUST_CHECK;

// Sees to it that the token is there and was read, before a PIN is sent to it: a card that another process
// has just reset is seen, and a PIN that it is sent comes to nothing.
bool token_make_ready(struct token *token, bool writable) MUST_CHECK;

// Opens the token's one session, where it is not open yet.
bool session_open(struct token *token, bool writable, struct ssa_error *err) MUST_CHECK;

// Logs out and closes it, where it is open.
void session_close(struct token *token);

// Closes the session and opens another, nobody logged in: modules read a card anew for one.
bool session_renew(struct token *token, struct ssa_error *err) MUST_CHECK;

// Changes who is logged in (CKU_USER, CKU_SO), with the PINs that were right before.
bool session_as(struct token *token, CK_USER_TYPE who, struct ssa_error *err) MUST_CHECK;

// Finds at most max objects that match.
bool find_objects(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *found,
                  CK_ULONG max, CK_ULONG *count, struct ssa_error *err) MUST_CHECK;

// What token_close does but for giving up the place of the one user.
void token_free(struct token **token);

struct objects {
    CK_OBJECT_HANDLE *list;
    size_t count;
};
// Finds all objects that match. Fails with SSA_TOKEN where there are more than are looked at. The caller
// frees *objects.
bool find_all(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct objects *objects,
              struct ssa_error *err) MUST_CHECK;
void objects_free(struct objects *objects);
#define OBJECTS_AUTO __attribute__((cleanup(objects_free))) struct objects

struct key;
// Reads whether each signature wants a login, and the modulus, from wherever the token has it; a length of 0
// where it has it nowhere.
bool key_read(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;
// Reads both public numbers out of what goes with a private key. Fails with SSA_TOKEN where its public half
// is another key's.
bool key_read_public(struct token *token, struct key *key, struct ssa_error *err) MUST_CHECK;

// An OpenSSL key of these numbers, for the caller to free; NULL where it cannot be made.
struct evp_pkey_st *rsa_public_key(struct span modulus, struct span exponent);

// Verifies RS256 with a public key given as numbers, by OpenSSL.
bool rs256_verify(struct span modulus, struct span exponent, struct span message, struct span signature);

#endif
