#include "cli/command/common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command/suggestion.h"
#include "core/api.h"

const struct option option_profile = {"profile",
                                      "PROFILE",
                                      .letter = 'p',
                                      .help = "the profile to use: a name, or a path",
                                      .setting = "SSA_HSM_PROFILE",
                                      .repeatable = true,
                                      .use = USE_PROFILE};
const struct option option_client_id = {"client-id", "ID", .help = "client id of your app in the APS portal",
                                        .setting = "APS_CLIENT_ID", .use = USE_CLIENT};
const struct option option_token = {"token", "TOKEN", .help = "PKCS#11 token for new keys: its URI or label",
                                    .setting = "SSA_HSM_TOKEN", .use = USE_TOKEN};
const struct option option_module = {"module", "FILE", .help = "PKCS#11 module: a path, or p11-kit's name",
                                     .setting = "SSA_HSM_MODULE", .use = USE_LOGIN};
const struct option option_pin_source = {
    "pin-source", "SOURCE", .help = "where the PIN is: file:PATH, env:NAME, fd:N, credential:NAME or pinentry",
    .setting = "SSA_HSM_PIN_SOURCE", .use = USE_LOGIN};
const struct option option_so_pin_source = {"so-pin-source", "SOURCE", .help = "where a card's management key is",
                                            .setting = "SSA_HSM_SO_PIN_SOURCE", .use = USE_OFFICER};
const struct option option_pin_retry = {"pin-retry", .help = "try a stored PIN once more after it was wrong",
                                        .use = USE_LOGIN | USE_RETRY};
const struct option option_base_url = {
    "base-url",       "URL", .help = "the API's server", .setting = "SSA_HSM_BASE_URL", .preset = APS_BASE_URL,
    .use = USE_SERVER};
const struct option option_audience = {"audience",
                                       "URL",
                                       .help = "claim aud of the assertion",
                                       .setting = "SSA_HSM_AUDIENCE",
                                       .preset = "the public token URL",
                                       .use = USE_AUDIENCE};
const struct option option_cacert = {"cacert", "FILE", .help = "CA certificates, instead of the system's",
                                     .setting = "SSA_HSM_CACERT", .use = USE_TLS};
const struct option option_capath = {"capath", "DIR", .help = "folder of CA certificates, named by their hashes",
                                     .setting = "SSA_HSM_CAPATH", .use = USE_TLS};
const struct option option_insecure_http = {"insecure-http", .help = "allow http:// to a loopback address",
                                            .use = USE_TLS};
const struct option option_timeout = {"timeout", "SECONDS", .help = "time limit for all answers and waits",
                                      .preset = "90"};
const struct option option_verbose = {"verbose", .letter = 'v', .help = "say in more detail what is done"};
const struct option option_quiet = {"quiet", .letter = 'q', .help = "print results and errors only"};
const struct option option_help = {"help", .letter = 'h', .help = "show the help of the command"};
const struct option option_version = {"version", .letter = 'V', .help = "print the version"};

const option_list common_options = OPTIONS(
    &option_profile, &option_client_id, &option_token, &option_module, &option_pin_source, &option_so_pin_source,
    &option_pin_retry, &option_base_url, &option_audience, &option_cacert, &option_capath, &option_insecure_http,
    &option_timeout, &option_verbose, &option_quiet, &option_help, &option_version);

const struct option option_account = {"account", "ACCOUNT", .letter = 'a',
                                      .help = "the account (id or email), instead of the profile's"};
const struct option option_json = {"json", .help = "print JSON"};
const struct option option_login = {"login", .letter = 'l',
                                    .help = "log in to the PKCS#11 token, to see private keys too"};
const struct option option_output = {"output", "FILE", .letter = 'o', .help = "write the profile to FILE"};
const struct option option_yes = {"yes", .letter = 'y', .help = "do not ask for confirmation"};

bool deletion_declined(struct ssa_error *err)
{
    return error_because(err, SSA_DECLINED, SSA_REASON_NOT_CONFIRMED, NULL, "nothing was deleted: you did not confirm");
}

bool deletion_confirmed(const struct invocation *i, struct ssa_error *err, const char *question, ...)
{
    char *text = NULL;
    va_list args;
    if (option_given(i->arguments, &option_yes))
        return true;
    va_start(args, question);
    const bool made = vasprintf(&text, question, args) >= 0;
    va_end(args);
    if (!made)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the question");
    char *completed = suggestion_complete(text);
    const bool yes = i->run.callbacks.confirm(i->run.callbacks.context, completed != NULL ? completed : text);
    free(completed);
    free(text);
    return yes || deletion_declined(err);
}
