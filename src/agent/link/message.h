// Messages between the agent and its signer: one packet each (SOCK_SEQPACKET), a request and its answer in turn. Both
// sides take the other's bytes for foreign ones.
//
// Before the answer there may be packets which say that a PIN is about to be tried (enum link_stage), so that the agent
// knows what a signer that dies was doing.
//
// Each request has a number, which all packets that answer it repeat: what was said for one is taken for no other.
#pragma once

#include "core/codec.h"
#include "core/error.h"
#include "core/secret.h"

enum {
    LINK_SCOPE_MAX = 4096,    // bytes, with the NUL
    LINK_TEXT_MAX = 16384,    // bytes of an assertion or a client secret
    LINK_NAME_MAX = 256,      // bytes of a label or id, with the NUL
    LINK_MESSAGE_MAX = 65536, // bytes of a packet
    LINK_STAGES_TOLD_MAX = 64 // packets before an answer: for each PIN that a call may try there are two
};

enum link_call {
    LINK_STATUS, // how it is
    LINK_LOOK,   // the same, after a look whether the PKCS#11 token is still there; logs in where no person is needed
    LINK_ASSERTION, // signs an assertion, and nothing else: the signer makes the claims from the profile
    LINK_SECRET,    // reads the client secret, where that is on a PKCS#11 token
    LINK_LOCK,      // logs out, and forgets the PIN
    LINK_UNLOCK,    // logs in, where no person is needed for that
    LINK_RETRY,     // the same; a stored PIN is tried once although it was wrong before
    LINK_CALLS
};

struct link_request {
    uint64_t number; // the link gives it
    enum link_call call;
    char scope[LINK_SCOPE_MAX]; // of an assertion, normalised
    unsigned lifetime;          // of an assertion, in seconds; 0: as usual
    bool not_before;            // an assertion has the claim nbf
};

enum signer_state {
    SIGNER_LOCKED,  // nobody is logged in, and it stays so until somebody unlocks it
    SIGNER_OPEN,    // logged in, and the key was found
    SIGNER_LOST,    // the PKCS#11 token is not there or fails; where no person is needed, it comes back by itself
    SIGNER_REFUSED, // the PKCS#11 token did not accept the PIN: no PIN is tried before somebody unlocks it
    SIGNER_STATES
};

// What every answer tells. All zero before the first one: a signer that was just started may take long for its first
// login.
struct link_status {
    bool known; // something was told
    enum signer_state state;
    bool by_person;            // only a person can unlock it
    char label[LINK_NAME_MAX]; // of the PKCS#11 token; empty before it was seen
    char serial[LINK_NAME_MAX];
    char client_id[LINK_NAME_MAX], account[LINK_NAME_MAX], key_id[LINK_NAME_MAX]; // as the profile has them now
    unsigned long long logins, signatures;                                        // since the signer started
};

enum link_stage {
    LINK_ANSWERED,
    LINK_TRIES_PIN, // no answer yet: from now on a PIN may be sent to a PKCS#11 token. Nothing else is in the packet
    LINK_TRIES_RECORDED, // the same, and a record of the try tells the next signer whether it may make another one
    LINK_TRIED_PIN,      // the same: what became of it is known
    LINK_STAGES
};

struct link_answer {
    uint64_t number; // of its request
    enum link_stage stage;
    bool done;
    struct ssa_error err; // where it is not done
    struct link_status status;
    struct secret text; // an assertion or a client secret; empty otherwise. Its buffer is made by the reader
};
void link_answer_free(struct link_answer *answer);
#define LINK_ANSWER_AUTO __attribute__((cleanup(link_answer_free))) struct link_answer

void link_put_request(struct writer *w, const struct link_request *request);
bool link_get_request(struct reader *r, struct link_request *request) MUST_CHECK;
void link_put_answer(struct writer *w, const struct link_answer *answer);
// Fails with SSA_UNEXPECTED for what is no answer, or where there is no memory for its text. The caller frees *answer
// in any case.
bool link_get_answer(struct reader *r, struct link_answer *answer, struct ssa_error *err) MUST_CHECK;
