// Replacing the profile's key by a new one.
#pragma once

#include "program/new_key.h"

struct ssa_rotation {
    const char *replace;      // the key to delete if the account already has three; NULL for none
    bool at_once;             // retires the old key at once
    long long grace;          // else retires it after so many seconds; 0 leaves that to ssa_rotation_finish
    struct ssa_output output; // only slot, yes (for replace), rehearse, import_way and show_secret count
};

struct ssa_rotated {
    struct ssa_created created; // only block and path; the path is empty if no profile named the key
    char old_key_id[128], new_key_id[128];
    char old_key_status[32]; // at the API, before the rotation; empty if its list did not have the key
    bool resumed;            // the call only completed an earlier rotation
    struct ssa_error left;   // why the old key could not be retired; its code is SSA_OK if it could
};
void ssa_rotated_free(struct ssa_rotated *rotated);

// Makes a new key for the settings' account, puts it into the PKCS#11 token and fetches an access token with it. Then
// the new key replaces the old one in the profile, atomically. If anything fails before, the profile stays as it was.
// The old key works until it is retired: it is disabled and deleted at the API, and destroyed on its PKCS#11 token. A
// call that was interrupted at any point may be repeated. The next call first completes or undoes the earlier one.
bool ssa_key_rotate(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_rotated *rotated,
                    struct ssa_ending *ending, struct ssa_error *err);

// Retires the old key of a rotation of the settings' account; with at_once also before its grace is over. old_key_id
// receives the key's id. Fails with SSA_CONFIG if no rotation waits for this.
bool ssa_rotation_finish(const struct ssa_run *run, bool at_once, char old_key_id[128], struct ssa_ending *ending,
                         struct ssa_error *err);

// Describes the steps of ssa_key_rotate, each on a line. Asks the API for the account's keys and changes nothing.
bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err);
