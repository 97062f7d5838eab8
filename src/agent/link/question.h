// What a signer asks who unlocks it, and what comes back: one packet each (SOCK_SEQPACKET). Both sides take the other's
// bytes for foreign ones. A question has a number, which the reply repeats: what was typed for one is taken for no
// other.
#pragma once

#include "core/codec.h"
#include "core/error.h"
#include "core/secret.h"

enum { QUESTION_MESSAGE_MAX = 8192, REPLY_TEXT_MAX = 1024 };

enum question_kind {
    QUESTION_SECRET,  // a PIN
    QUESTION_CONFIRM, // a yes
    QUESTION_NOTICE,  // no question: a message for the person
    QUESTION_OPEN,    // nothing any more: the signer is open
    QUESTION_FAILED,  // the same: it is not, and err says why
    QUESTION_KINDS
};

struct question {
    uint64_t number; // of the first two
    enum question_kind kind;
    char text[SSA_ERROR_TEXT_MAX]; // of the first three
    enum ssa_level level;          // of a notice
    enum ssa_reason reason;        // of a notice
    char detail[512];              // of a notice
    struct ssa_error err;
};

void put_question(struct writer *w, const struct question *q);
bool get_question(struct reader *r, struct question *q) MUST_CHECK;

// The reply to one of the first two.
struct reply {
    uint64_t number; // of the question
    bool given;
    struct span text; // in the message; without `given` it is empty
};
void put_reply(struct writer *w, const struct reply *reply);
bool get_reply(struct reader *r, struct reply *reply) MUST_CHECK;
