// The files of this host that may be profiles. They are read before something is deleted that one of them may need.
#pragma once

#include "core/secret.h"
#include "journal/entry.h"

// Returns false to stop, with err filled. text is the file's, for this call alone.
typedef bool profile_file_visit(void *context, const char *path, const struct secret *text, struct ssa_error *err);

// Calls visit with every file of the configuration folder, whatever its name, with the profile of the operation (entry
// may be NULL) and with the one in use; but not with the operation's draft. Skips anything that is not a regular file,
// or is longer than a profile can be. Fails with SSA_CONFIG where a file cannot be read.
bool profile_files_each(const struct ssa_run *run, const struct entry *entry, profile_file_visit *visit, void *context,
                        struct ssa_error *err) MUST_CHECK;

// Names the files of the configuration folder that profile_files_each skips. A command that deletes something calls
// this once.
void profile_files_tell_strays(const struct ssa_run *run);

// The names in a profile that say whose key it is. Texts are cut where they do not fit.
struct profile_said {
    char client_id[API_ID_MAX], base_url[PATH_TEXT_MAX];
    char account[API_ID_MAX], key_id[API_ID_MAX], email[API_EMAIL_MAX], private_key[URI_TEXT_MAX];
    bool key_is_pem; // the profile has the key itself, and not a URI: then private_key is empty here
};

// Reads them. False where the text is not a profile.
bool profile_say(const struct secret *text, struct profile_said *said) MUST_CHECK;

// Reads those of the file at path. *there: whether anything has this path. Fails with SSA_CONFIG where it is there, and
// cannot be read as a profile.
bool profile_read_said(const char *path, struct profile_said *said, bool *there, struct ssa_error *err) MUST_CHECK;

// A fingerprint of those names in the file at path; profile_absent where nothing is there.
extern const char profile_absent[];
bool profile_mark(const char *path, char mark[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;
