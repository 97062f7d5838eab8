// The options of every command, and those that commands of several folders share.
#pragma once

#include "cli/command/option.h"

// All commands accept these.
extern const struct option option_profile, option_client_id, option_token, option_module, option_pin_source,
    option_so_pin_source, option_pin_retry, option_base_url, option_audience, option_cacert, option_capath,
    option_insecure_http, option_timeout, option_verbose, option_help, option_version;
extern const option_list common_options;

// A command that accepts one of these lists it.
extern const struct option option_account, option_json, option_login, option_output, option_yes;
