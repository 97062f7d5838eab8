// What the three ways of getting a key into a token have in common: the place, the token, the import, the
// profile.
#ifndef SSA_MANAGE_PROVISION_H
#define SSA_MANAGE_PROVISION_H

#include "config/profile_block.h"
#include "config/profile_write.h"
#include "core/ending.h"
#include "hsm/import/plan.h"
#include "hsm/import/removal.h"
#include "journal/journal.h"
#include "signer/open_token.h"

#define KEY_LABEL_MAX 256U

// One provisioning under way; freed by provision_end whatever happened.
struct provision {
    const struct ssa_run *run;
    const struct ssa_output *output;
    struct ssa_ending *ending;
    struct journal journal; // its entry says what was done so far
    struct profile_target target;
    struct secret rest; // what a profile that is replaced holds beside our names
    struct open_token to;
    struct import_plan plan; // how the key comes into the token
    struct key key;
    char kid[APS_ID_MAX], email[APS_EMAIL_MAX], label[KEY_LABEL_MAX];
    char key_uri[URI_TEXT_MAX];
    bool in_place;     // the profile is: what fails now is no reason to undo anything
    struct secret pem; // the one buffer of the private key; wiped when it has been imported
};
void provision_end(struct provision *p);
#define PROVISION_AUTO __attribute__((cleanup(provision_end))) struct provision

// What is wanted: which parts of a provisioning there are.
struct provisioning {
    enum operation operation;
    const char *client_id; // where that is not the settings'; NULL else
    bool with_secret;      // the new block has the client secret, so that an old one in the file goes
    bool without_key;      // no token
    bool without_profile;  // no file: the block is shown alone
};

// Makes sure, before the API or a file is asked for a key, that there is locked memory for it, a journal, a
// file for the profile, and a token that takes it.
bool provision_prepare(struct provision *p, const struct ssa_run *run, const struct ssa_output *output,
                       const struct provisioning *what, struct ssa_ending *ending,
                       struct ssa_error *err) MUST_CHECK;

// Ends the journal's entry of a provisioning that failed with err, as p->ending says: as undone, failed, or,
// where something is left, not at all: then recovery has work.
void provision_failed(struct provision *p, const struct ssa_error *err);

// Writes who the key is to p and its journal, which then says that it may be in the token, decodes p->pem,
// imports it under kid, wipes it, has the token prove it. The label is the account's name (an email's local
// part) and kid. On failure the token is as it was, or provision_left says what is left.
bool provision_import(struct provision *p, const char *source, const char *kid, const char *email,
                      const char *account_id, struct ssa_error *err) MUST_CHECK;

// Makes the imported key ready to sign again.
bool provision_again(struct provision *p, struct ssa_error *err) MUST_CHECK;

// Destroys what provision_import had imported.
void provision_remove(struct provision *p);

// The command that removes what is left on the token; empty where nothing is.
void provision_left(const struct provision *p, char out[static KEY_REMOVAL_MAX]);

// Writes the profile, fills *created and ends the journal's entry; a rotation's stays open, since its old key
// is there.
bool provision_finish(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                      struct ssa_error *err) MUST_CHECK;

#endif
