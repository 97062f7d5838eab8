// What the three ways of getting a key into a token have in common: the place, the token, the import, the
// profile.
#ifndef SSA_FLOW_PROVISION_H
#define SSA_FLOW_PROVISION_H

#include "flow/block.h"
#include "flow/open.h"
#include "hsm/key.h"

#define KEY_LABEL_MAX 256U

// One provisioning under way; freed by provision_end whatever happened.
struct provision {
    const struct ssa_run *run;
    const struct ssa_output *output;
    struct profile_target target;
    struct secret rest; // what a profile that is replaced holds beside our names
    struct target to;
    struct key key;
    char kid[APS_ID_MAX], email[APS_EMAIL_MAX], label[KEY_LABEL_MAX];
    char key_uri[URI_TEXT_MAX];
    struct secret pem; // the one buffer of the private key; wiped when it has been imported
};
void provision_end(struct provision *p);
#define PROVISION_AUTO __attribute__((cleanup(provision_end))) struct provision

// Makes sure, before the API or a file is asked for a key, that there is locked memory for it, a file for the
// profile, and a token that takes it. without_key: the file alone. with_secret: the
// new block has the client secret, so that an old one in the file goes.
bool provision_prepare(struct provision *p, const struct ssa_run *run, const struct ssa_output *output,
                       bool with_secret, bool without_key, struct ssa_error *err) MUST_CHECK;

// Decodes p->pem, imports it under kid, wipes it, has the token prove it, and writes p->key_uri. The label is
// the account's name (an email's local part) and kid. On failure the token is as it was, or provision_left
// says what is left.
bool provision_import(struct provision *p, const char *source, const char *kid, const char *email,
                      const char *account_id, struct ssa_error *err) MUST_CHECK;

// Destroys what provision_import had imported.
void provision_remove(struct provision *p);

// The command that removes what is left on the token; empty where nothing is.
void provision_left(const struct provision *p, char out[static KEY_REMOVAL_MAX]);

// Writes the profile and fills *created.
bool provision_finish(struct provision *p, const struct block *block, struct ssa_created *created,
                      struct ssa_error *err) MUST_CHECK;

#endif
