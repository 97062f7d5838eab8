#include "cli/help/facts.h"

#include <limits.h>
#include <stdlib.h>

#include "cli/command/common.h"
#include "core/text.h"

const char *const help_groups[] = {"Start here",     "Accounts",      "Keys", "Access tokens",
                                   "PKCS#11 tokens", "Looking after", NULL};

// Names with commas between them have one text.
const struct fact help_variables[] = {
    {"SSA_HSM_PROFILE", "the profile to use; several names have a colon between them", USE_PROFILE},
    {"APS_CLIENT_ID", "the client id", USE_CLIENT},
    {"APS_SECRET_ID", "the client secret, or a reference to it", USE_SECRET},
    {"APS_CLIENT_SECRET", "the same, where APS_SECRET_ID is not set", USE_SECRET},
    {"SERVICE_ACCOUNT_ID, KEY_ID, SSA_EMAIL, PRIVATE_KEY", "the account and its key, all four or none", USE_PROFILE},
    {"SSA_HSM_MODULE", "the PKCS#11 module", USE_LOGIN},
    {"SSA_HSM_TOKEN", "the PKCS#11 token for new keys and secrets; else that of the profile's key", USE_TOKEN},
    {"SSA_HSM_PIN_SOURCE", "where the PIN is; else the pin-source of the URI; else a person is asked", USE_LOGIN},
    {"SSA_HSM_SO_PIN_SOURCE", "where a card's management key is; else a person is asked", USE_OFFICER},
    {"SSA_HSM_SCOPE", "the scopes of access tokens", USE_SCOPE},
    {"SSA_HSM_CACHE", "keyring: keeps access tokens as --cache does, and in a container, too", USE_CACHE},
    {"SSA_HSM_BASE_URL", "address of the API's server", USE_SERVER},
    {"SSA_HSM_AUDIENCE", "claim aud of the assertion", USE_AUDIENCE},
    {"SSA_HSM_CACERT", "file with CA certificates; else SSL_CERT_FILE; else the system's", USE_TLS},
    {"SSA_HSM_CAPATH", "folder of CA certificates; else SSL_CERT_DIR; else the system's", USE_TLS},
    {"https_proxy, no_proxy", "as curl reads them", USE_TLS},
    {"SSA_HSM_AGENT", "where agents are: the path of a socket, or https://HOST:PORT; none: no agent is asked",
     USE_AGENT},
    {"SSA_HSM_AGENT_CERT, SSA_HSM_AGENT_KEY", "certificate and key for an agent of another host", USE_AGENT},
    {"SSA_HSM_AGENT_CACERT", "file with CA certificates for an agent of another host", USE_AGENT},
    {"SSA_HSM_AGENT", "the path of the agent's socket; else $XDG_RUNTIME_DIR/ssa-hsm/agent.sock", USE_SOCKET},
    {"SSA_HSM_AUDIT", "syslog: copies the audit trail to the system's log", USE_SERVER},
    {NULL, NULL, 0},
};

const struct fact help_exit_codes[] = {
    {"0", "done", 0},
    {"1", "unexpected failure", 0},
    {"2", "the command line is wrong", 0},
    {"3", "a setting, a profile or a file is wrong", 0},
    {"4", "the PKCS#11 module or token is not there", USE_LOGIN},
    {"4", "no agent answers there", USE_RUNNING},
    {"5", "the PIN is wrong, locked or not available", USE_LOGIN},
    {"6", "the PKCS#11 token does not have the key, or the client secret", USE_LOGIN},
    {"7", "a PKCS#11 operation failed", USE_LOGIN},
    {"8", "network or TLS; or the server is down or its answer cannot be used", USE_TLS},
    {"9", "client id or client secret refused", USE_TLS},
    {"10", "refused by the API", USE_TLS},
    {"10", "the agent refuses that to this user", USE_RUNNING},
    {"11", "rate limit, longer than there was time to wait", USE_TLS},
    {"12", "the command failed, and what it had made was removed", USE_JOURNAL},
    {"13", "something failed, and something is left: the message names it", USE_JOURNAL},
    {"14", "the name of a new profile, account, object or slot is in use", USE_JOURNAL},
    {"15", "you did not confirm", USE_JOURNAL},
    {NULL, NULL, 0},
};

const struct fact help_files[] = {
    {"$XDG_CONFIG_HOME/ssa-hsm/NAME.env", "profiles", USE_PROFILE},
    {"$XDG_STATE_HOME/ssa-hsm/pin-SERIAL", "a record that a stored PIN was wrong", USE_LOGIN},
    {"$XDG_STATE_HOME/ssa-hsm/journal", "operations that are not finished, for `ssa-hsm key recover`", USE_SERVER},
    {"$XDG_STATE_HOME/ssa-hsm/history", "operations that are finished: the audit trail", 0},
    {NULL, NULL, 0},
};

bool fact_concerns(const struct fact *fact, const struct command *command)
{
    return command->without_settings ? false : fact->use == 0 || (command->uses & fact->use) != 0;
}

static bool is_own(const struct command *command, const char *code)
{
    for (const struct exit_code *own = command->exit_codes; own != NULL && own->code != NULL; own++)
        if (strcmp(own->code, code) == 0)
            return true;
    return false;
}

size_t command_exit_codes(const struct command *command, struct fact codes[static EXIT_CODES_MAX])
{
    enum { BASE = 10 };
    const struct exit_code *own = command->exit_codes;
    size_t count = 0;
    for (const struct fact *code = help_exit_codes; count < EXIT_CODES_MAX; code++) {
        const long number = code->name != NULL ? strtol(code->name, NULL, BASE) : LONG_MAX;
        for (; own != NULL && own->code != NULL && strtol(own->code, NULL, BASE) < number && count < EXIT_CODES_MAX;
             own++)
            codes[count++] = (struct fact){own->code, own->text, 0};
        if (code->name == NULL)
            break;
        if (fact_concerns(code, command) && !is_own(command, code->name) && count < EXIT_CODES_MAX)
            codes[count++] = *code;
    }
    return count;
}

static const struct option *find_setting(option_list options, const char *name, const struct command *command)
{
    for (; options != NULL && *options != NULL; options++)
        if ((*options)->setting != NULL && strcmp((*options)->setting, name) == 0 && command_uses(command, *options))
            return *options;
    return NULL;
}

const struct option *variable_option(const struct fact *variable, const struct command *command)
{
    const struct option *common = find_setting(common_options, variable->name, command);
    return common != NULL ? common : find_setting(command->options, variable->name, command);
}

void option_text(const struct option *option, char out[static OPTION_TEXT])
{
    char values[OPTION_VALUES_TEXT];
    const char *preset = option->preset;
    option_values_text(option, values);
    // A unit test sees that each text fits.
    (void)text_format(out, OPTION_TEXT, "%s%s%s%s%s%s", option->help, values[0] != '\0' ? ": " : "", values,
                      preset != NULL ? " (default: " : "", preset != NULL ? preset : "", preset != NULL ? ")" : "");
}

bool command_is_of(const struct command *command, const char *noun)
{
    const size_t len = strlen(noun);
    return !command->hidden && strncmp(command->name, noun, len) == 0 && command->name[len] == ' ';
}
