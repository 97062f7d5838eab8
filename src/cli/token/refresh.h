// exec --refresh: an access token that is renewed for as long as a program runs that uses it.
#pragma once

#include "cli/token/format.h"
#include "cli/token/refresh_file.h"
#include "cli/token/request.h"

extern const struct option option_refresh, option_refresh_format, option_renew_signal, option_restart,
    option_kill_after;

// What the options say.
struct refresh_wanted {
    const char *path; // NULL: nothing is refreshed
    size_t format;
    int signal; // sent to the program after each renewal; 0: none
    bool restart;
    unsigned kill_after; // seconds
};

// Reads these options. Fails with SSA_USAGE.
bool refresh_read(const struct arguments *arguments, struct refresh_wanted *wanted, struct ssa_error *err) MUST_CHECK;

struct child;

struct refresh {
    const struct invocation *i;
    const struct request *request;
    size_t format;
    struct refresh_file file;
    struct child *child;        // runs already; NULL before
    struct ssa_run run;         // i->run, whose callbacks ask nobody while the program runs
    struct ssa_signer *signer;  // where no agent is used
    struct ssa_grant grant;     // the last one
    long long ends_ms, next_ms; // by a clock that goes on while the machine sleeps: its end, and the next try
    unsigned failures;          // since the last success
};

// Gets the first access token, and writes the file. *refresh must stay where it is until refresh_end.
bool refresh_begin(struct refresh *refresh, const struct invocation *i, const struct request *request,
                   const struct refresh_wanted *wanted, struct ssa_error *err) MUST_CHECK;

// The milliseconds until refresh_renew has something to do; at most a minute.
long long refresh_left_ms(const struct refresh *refresh);

// Renews the access token where it is time for that. Returns whether there is a new one. A failure is warned of, and
// tried again later.
bool refresh_renew(struct refresh *refresh);

// Removes the file, and forgets everything.
void refresh_end(struct refresh *refresh);
