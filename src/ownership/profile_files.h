// The files of this host that may be profiles: looked at before something goes that one of them may need.
#pragma once

#include "core/secret.h"
#include "journal/entry.h"

// Returns false to stop, with err filled. text is the file's, for this call alone.
typedef bool profile_file_visit(void *context, const char *path, const struct secret *text, struct ssa_error *err);

// Shows every file of the configuration folder, whatever its name, the profile of the operation (entry may be
// NULL), wherever that is, and the one in use; not the operation's draft. What is no regular file, and what
// is longer than a profile can be, is none. Fails with SSA_CONFIG where one cannot be read.
bool profile_files_each(const struct ssa_run *run, const struct entry *entry, profile_file_visit *visit, void *context,
                        struct ssa_error *err) MUST_CHECK;

// Names what lies in the configuration folder and can be no profile: profile_files_each passes it over
// without a word, as often as it is called. Once for each command that looks whether something may go.
void profile_files_tell_strays(const struct ssa_run *run);

// What a profile says of the names that tell whose key it is. Texts are cut where they do not fit.
struct profile_said {
    char client_id[API_ID_MAX], base_url[PATH_TEXT_MAX];
    char account[API_ID_MAX], key_id[API_ID_MAX], email[API_EMAIL_MAX], private_key[URI_TEXT_MAX];
    bool key_is_pem; // private_key is no reference, but the key itself: then it is empty here
};

// Reads them. False where the text is no profile.
bool profile_say(const struct secret *text, struct profile_said *said) MUST_CHECK;

// Reads those of the file at path. *there: whether there is any file, or what else has its name. Fails with
// SSA_CONFIG where it is there and cannot be read as a profile.
bool profile_read_said(const char *path, struct profile_said *said, bool *there, struct ssa_error *err) MUST_CHECK;

// What the block at path says of whose key it is, as a fingerprint; profile_absent where nothing is there.
extern const char profile_absent[];
bool profile_mark(const char *path, char mark[static FINGERPRINT_TEXT], struct ssa_error *err) MUST_CHECK;
