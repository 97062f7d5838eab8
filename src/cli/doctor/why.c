#include "cli/doctor/why.h"

#include <string.h>

#include "core/text.h"

static const struct {
    const char *check, *why;
} table[] = {
    {"settings", "Every command reads its settings first, and does nothing where they are wrong."},
    {"profile", "A profile that others can read shows them the client secret."},
    {"identity", "These settings say whose access token is fetched, and which key signs for it."},
    {"client-id", "Each request to the API names the app by its client id."},
    {"pin-source", "Where nobody types the PIN, it is read from there."},
    {"client-secret", "The API gives access tokens only to who has the client secret."},
    {"folders", "Profiles, the journal and the records of failed PIN tries are kept there."},
    {"memory", "A private key that is on its way into the PKCS#11 token must not be written to swap."},
    {"p11-kit", "Modules are found by p11-kit's configuration where no module is named."},
    {"module-host", "A module is loaded by this program, and never by ssa-hsm itself."},
    {"pcscd", "Smart cards and YubiKeys are seen only through pcscd."},
    {"module", "The PKCS#11 token is reached through its module."},
    {"token", "The key is on this PKCS#11 token."},
    {"pin", "Without the PIN the key cannot sign, and a few wrong PINs lock the PKCS#11 token."},
    {"key", "This key signs for each access token."},
    {"base-url", "All requests go to this address, with the client secret."},
    {"ca", "Without certification authorities no server can be trusted."},
    {"proxy", "Requests go through the proxy, where one is named."},
    {"dns", "Without an address the server cannot be reached."},
    {"connection", "Nothing can be asked of the API without a connection."},
    {"tls", "The client secret is sent only to a server that is known to be the right one."},
    {"clock", "The API refuses what was signed by a clock that is wrong."},
    {"credentials", "Client id and secret must belong together, and to this server."},
    {"api-account", "Access tokens are given only for an account that is enabled."},
    {"api-key", "The API accepts only signatures of a key that it knows, and that is enabled."},
    {"journal", "Something may be left of an operation that was interrupted: a key that nobody uses, at the API or on "
                "the PKCS#11 token."},
    {"agent", "Commands that need an access token ask the agent first, where one runs."},
};

const char *why_of_check(const char *check)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (strcmp(table[i].check, check) == 0)
            return table[i].why;
    return NULL;
}
