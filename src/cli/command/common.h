// What commands have in common: the options of every command, those that commands of several folders share, and the
// question before a deletion.
#pragma once

#include "cli/command/command.h"

// A command accepts those that it uses (command_uses).
extern const struct option option_profile, option_client_id, option_token, option_module, option_pin_source,
    option_so_pin_source, option_pin_retry, option_base_url, option_audience, option_cacert, option_capath,
    option_insecure_http, option_timeout, option_verbose, option_quiet, option_help, option_version;
extern const option_list common_options;

// Commands that accept one of these list it among their options.
extern const struct option option_account, option_json, option_login, option_output, option_yes;

// True with --yes, or when a person types "yes". Fails with SSA_DECLINED.
bool deletion_confirmed(const struct invocation *invocation, struct ssa_error *err, const char *question,
                        ...) MUST_CHECK __attribute__((format(printf, 3, 4)));

// The error for a person who did not confirm, or for nobody who could. Returns false.
bool deletion_declined(struct ssa_error *err);
