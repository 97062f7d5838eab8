// The dotenv form of profiles and blocks, as the shell, the dotenv libraries and this program all read it.
#pragma once

#include "core/secret.h"

// One assignment. Both texts are NUL-terminated and lie in the buffer that was read.
struct assignment {
    const char *name;
    const char *value;
    size_t line;      // where it begins, from 1
    size_t last_line; // where it ends: a quoted value may have several lines
    // There is a backslash between double quotes. The shell and the libraries read it differently, so it is left in the
    // value.
    bool ambiguous;
};

// Returns false, with err filled, to stop the reading.
typedef bool dotenv_visit(void *context, const struct assignment *assignment, struct ssa_error *err);

// Reads text in place: bare, single-quoted and double-quoted values (quoted ones may have several lines), `export `,
// comments, LF and CRLF. Variables are not expanded. Fails with SSA_CONFIG and the line's number, or as visit does.
// subject names the file.
bool dotenv_read(struct secret *text, const char *subject, dotenv_visit *visit, void *context,
                 struct ssa_error *err) MUST_CHECK;

// Appends NAME="value" and a line break; a value with $ ` \ or " is put in single quotes. Fails with SSA_CONFIG for a
// value that cannot be quoted: one with both kinds of quotes, or with a line break.
bool dotenv_append(struct secret *out, const char *name, const char *value, struct ssa_error *err) MUST_CHECK;
