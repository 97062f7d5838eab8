// The record that an auditor files: what is known of a key, signed by the key itself.
#pragma once

#include "aps/aps.h"
#include "config/identity.h"
#include "hsm/key/key.h"
#include "hsm/token/about.h"
#include "hsm/token/token.h"
#include "manage/key_origin.h"

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

// Looks up what there is to know without a login, before the PIN is tried: token, module, audit trail, and
// the API where that is wanted. e's first three members are set.
bool evidence_gather(struct evidence *e, const struct token *token, struct ssa_error *err) MUST_CHECK;

// Writes the record, the key having been found, and has it signed where it was verified. On failure to sign
// *json is there all the same.
bool evidence_write(const struct evidence *e, struct token *token, const struct key *key,
                    const struct ssa_verified *verified, struct ssa_text *json, struct ssa_error *err) MUST_CHECK;
