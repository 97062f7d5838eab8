// A record for auditors: what is known about a key, signed by the key itself.
#pragma once

#include "aps/aps.h"
#include "config/identity.h"
#include "hsm/key/key.h"
#include "hsm/token/about.h"
#include "hsm/token/token.h"
#include "journal/closed_entry.h"
#include "journal/journal.h"

// How the key was imported, as the audit trail says.
struct key_origin {
    bool known;
    enum operation operation;
    char import[sizeof((struct entry *)0)->import]; // "plain", "wrapped"
    time_t started, ended;         // ended is 0 where the operation is open: a rotation whose old key still works
    char id[JOURNAL_NAME_MAX];     // of the entry
    long long sequence;            // its number; 0 where it is open
    char sha256[FINGERPRINT_TEXT]; // of its file, for the chain; empty where it is open
};

// What is known without the key.
struct evidence {
    const struct ssa_evidence *wanted;
    const struct ssa_run *run;
    struct identity own;
    struct token_about about;
    struct key_origin origin;
    struct {
        bool listed; // the key is among the account's
        struct aps_key key;
        time_t server_time;
        const char *client_id, *base_url;
    } api;
};

// Fails with SSA_USAGE for a challenge that is too long, empty, or not UTF-8.
bool evidence_check(const struct ssa_evidence *wanted, struct ssa_error *err) MUST_CHECK;

// Collects what can be known without a login, before the PIN is tried: from the PKCS#11 token, its module, the audit
// trail, and the API where that is wanted. e's first three members are set.
bool evidence_gather(struct evidence *e, const struct token *token, struct ssa_error *err) MUST_CHECK;

// Writes the record of a key that was found. The key signs it where it was verified. *json is filled even where the
// signing fails.
bool evidence_write(const struct evidence *e, struct token *token, const struct key *key,
                    const struct ssa_verified *verified, struct ssa_text *json, struct ssa_error *err) MUST_CHECK;
