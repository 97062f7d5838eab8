// The dotenv form of profiles and blocks: what the shell, the dotenv libraries and we read alike.
#ifndef SSA_CONFIG_DOTENV_H
#define SSA_CONFIG_DOTENV_H

#include "core/secret.h"

// One assignment. Both texts are NUL-terminated and lie in the buffer that was read.
struct assignment {
    const char *name;
    const char *value;
    size_t line;      // the first it stands on, from 1
    size_t last_line; // a quoted value may go on over several
    // A backslash between double quotes: the shell and the libraries disagree on what it means. The value
    // holds it as it stands.
    bool ambiguous;
};

// Returns false to stop, with err filled.
typedef bool dotenv_visit(void *context, const struct assignment *assignment, struct ssa_error *err);

// Reads text in place: bare, single- and double-quoted values (over several lines too), `export `, comments,
// LF and CRLF. Nothing is expanded. Fails with SSA_CONFIG and the line's number, or as visit does; subject
// names the file.
bool dotenv_read(struct secret *text, const char *subject, dotenv_visit *visit, void *context,
                 struct ssa_error *err) MUST_CHECK;

// Appends NAME="value" and a line break, in single quotes where the value holds $ ` \ or ". Fails with
// SSA_CONFIG for a value that no quoting carries: both kinds of quotes, or a line break.
bool dotenv_append(struct secret *out, const char *name, const char *value, struct ssa_error *err) MUST_CHECK;

#endif
