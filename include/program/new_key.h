// A new account, a new key, and a key that is there already: into the PKCS#11 token and into a profile.
#pragma once

#include "program/ending.h"
#include "ssa-hsm/signer.h"

// The way of a key into the PKCS#11 token. WRAP: the key is encrypted for a second key, which the PKCS#11 token makes
// and decrypts it with. PLAIN: the key is not encrypted. AUTO: a rehearsal with a throwaway key shows whether the
// PKCS#11 token can do WRAP; else the way is PLAIN.
enum ssa_import_way { SSA_IMPORT_AUTO, SSA_IMPORT_PLAIN, SSA_IMPORT_WRAP };

// The places of a new key and its profile.
struct ssa_output {
    const char *profile; // its name or path; NULL means SSA_HSM_PROFILE, else "default"
    const char *file;    // a file instead of a profile; NULL for none
    bool replace;        // replaces a profile that exists
    bool show_secret;    // shows a literal client secret in the block that is returned
    const char *slot;    // a card's slot ("9a"); NULL means the first free one
    bool replace_key;    // destroys a key that is in this slot, if yes is set or the person confirms
    bool yes;            // confirms in advance
    bool rehearse;       // first tries with a throwaway key whether the PKCS#11 token takes a key
    enum ssa_import_way import_way;
};

// The end of the file that an imported key came from.
enum ssa_file { SSA_FILE_NONE, SSA_FILE_LEFT, SSA_FILE_DESTROYED, SSA_FILE_REPLACED };

struct ssa_created {
    struct ssa_text block; // the profile's six names and values
    char client_id[128], account[128];
    char key_id[128];            // empty where no key was made
    struct ssa_text key_uri;     // as in PRIVATE_KEY; empty where no key was made
    char email[256];             // the account's; this email must be given access
    char path[512];              // the profile that was written
    bool kept;                   // of ssa_key_import: that profile has the key already, and was not written
    enum ssa_file file;          // of ssa_key_import; REPLACED: it was destroyed, and the profile has its name
    char key_path[512];          // the key's file, if the block names one; then file tells about this one
    struct ssa_error file_error; // why the file is LEFT although shred is set; else its code is SSA_OK
    bool proved;                 // of ssa_key_import: the API gave an access token for the key
    bool secret_in_profile;      // the profile that was written has the client secret itself, from another place
    bool secret_may_move;        // as far as it tells, the PKCS#11 token can hold the client secret
};
void ssa_created_free(struct ssa_created *created);

// Makes a service account named FIRST-LAST. Unless without_key is set, also makes its key, which goes into the PKCS#11
// token at once.
bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created, struct ssa_ending *ending,
                        struct ssa_error *err);

// Makes a new key for an account. account is its id or email; NULL means the settings' own.
bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);

// An existing key. file ("-" for standard input) holds a block of six names, the API's JSON, or only a PEM. The names
// may also be those of other samples (APS_SA_…, SSA_…), and the key in a block may be base64 of its PEM. With a PEM
// alone, key_id and account (its id or email) are needed, and email is optional.
struct ssa_import {
    const char *file, *key_id, *account, *email;
    bool shred;   // overwrites and removes the file, and one that it names as the key's, once the key was proved
    bool offline; // sends nothing to the API: the key is not proved there, and account must be an id
};

// Puts an existing key into the PKCS#11 token and writes the profile. A key that is there already is not imported
// again. With shred, the key is then proved: an access token is fetched with it, by one request. The file is destroyed
// only after that. If the proof fails, key and profile stay, the file does, too, and the same call may be repeated; it
// ends with SSA_END_PLAIN. Where the profile replaces the file, the proof comes first, and if it fails, the import is
// undone. Asks whether a key's file that the block names may be destroyed, unless output->yes is set.
bool ssa_key_import(const struct ssa_run *run, const struct ssa_import *what, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_ending *ending, struct ssa_error *err);
