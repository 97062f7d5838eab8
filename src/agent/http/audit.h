// The audit: a line of JSON for each access token that was handed out, and for each signature. Never a secret.
#pragma once

#include "core/error.h"

enum audit_sink { AUDIT_JOURNAL, AUDIT_SYSLOG, AUDIT_FILE };

struct audit;

// path is for AUDIT_FILE: it is appended to, with mode 0600, and opened anew after audit_reopen (log rotation). For the
// others it is their socket, and NULL means the usual one; where nobody listens there, the lines go to standard error.
bool audit_open(enum audit_sink sink, const char *path, struct audit **audit, struct ssa_error *err) MUST_CHECK;
// Writes what is still to be written, for a short time. audit may be NULL.
void audit_close(struct audit *audit);
void audit_reopen(struct audit *audit);

// What happened. Texts may be NULL, and are escaped.
struct audit_event {
    const char *what; // "token", "assertion", "signature", "lock", "unlock", "refused"
    bool has_peer;    // uid and pid are known
    unsigned uid;
    int pid;
    const char *executable; // of the caller
    const char *caller;     // the name of a caller of the facade or the broker
    const char *san;        // of its certificate
    const char *profile, *scope;
    const char *outcome; // "ok", or the `error` of the answer
    long long took_us;
};

// Never blocks for long: what cannot be written is counted, and told by the next line that can. audit may be NULL.
void audit_write(struct audit *audit, const struct audit_event *event);
// For an event that is only counted, as one that could not be written.
void audit_skip(struct audit *audit);
