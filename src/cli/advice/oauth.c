// Advice about the network and the exchange.
#include "cli/advice/table.h"

const struct advice advice_oauth[] = {
    {SSA_REASON_TIMEOUT, "Check the network and proxy; --timeout SECONDS gives more time in all."},
    {SSA_REASON_UNKNOWN_HOST, "Check the network, its DNS, and SSA_HSM_BASE_URL."},
    {SSA_REASON_UNREACHABLE, "Check the network, firewall and proxy (https_proxy), and SSA_HSM_BASE_URL."},
    {SSA_REASON_UNTRUSTED, "If a proxy or gateway of yours has its own CA, name that CA's certificate: "
                           "--cacert FILE. Check the host's name in SSA_HSM_BASE_URL and this machine's clock."},
    {SSA_REASON_CA_FILE, "--cacert or SSA_HSM_CACERT must name a PEM file with certificates."},
    {SSA_REASON_CA_FOLDER, "--capath or SSA_HSM_CAPATH must name a directory of certificates."},
    {SSA_REASON_CA_FILE_ENV, "It was named by SSL_CERT_FILE; nothing was sent."},
    {SSA_REASON_CA_FOLDER_ENV, "It was named by SSL_CERT_DIR; nothing was sent."},
    {SSA_REASON_CA_ENV, "They were named by SSL_CERT_FILE and SSL_CERT_DIR; nothing was sent."},
    {SSA_REASON_NO_CA, "Install them (Debian: ca-certificates), or name a bundle: --cacert FILE."},
    {SSA_REASON_PROXY_UNKNOWN, "Check the proxy that https_proxy names."},
    {SSA_REASON_PROXY_BROKEN, "Check the proxy that https_proxy or all_proxy names, and the user and password in it."},
    {SSA_REASON_PROXY_REFUSES, "Let the proxy allow {detail}, or check https_proxy; no_proxy names hosts that are "
                               "reached without it."},
    {SSA_REASON_PROXY_LOGIN, "Check {detail}, and the user and password in it."},
    {SSA_REASON_PROXY_NO_LOGIN, "Put it into {detail}: http://USER:PASSWORD@HOST:PORT, where everything but letters "
                                "and digits must be percent-encoded."},
    {SSA_REASON_PROXY_METHOD, "Let the proxy accept this machine without a login or with Basic, or run a local proxy "
                              "that logs in there (cntlm, px) and name that in {detail}."},
    {SSA_REASON_BASE_URL, "SSA_HSM_BASE_URL is https://HOST[:PORT][/PREFIX], for instance "
                          "https://developer.api.autodesk.com. The program appends /authentication/v2/… itself."},
    {SSA_REASON_PLAIN_HTTP, "Use https://. --insecure-http allows http, for tests, to this machine only: "
                            "127.0.0.1, [::1] and localhost."},
    {SSA_REASON_REDIRECTED, "Credentials are sent only to SSA_HSM_BASE_URL: set it to the right server."},
    {SSA_REASON_OTHER_SERVER, "A proxy, or another server than the API's, may have answered: check "
                              "SSA_HSM_BASE_URL and proxies."},
    {SSA_REASON_RATE_LIMIT, "To wait for it, use --timeout {detail}."},
    {SSA_REASON_CREDENTIALS, "Check APS_CLIENT_ID and APS_SECRET_ID: they belong together, and to the server "
                             "that SSA_HSM_BASE_URL names."},
    {SSA_REASON_CLIENT_TOKEN, "The admin access token was refused: check APS_CLIENT_ID and APS_SECRET_ID."},
    {SSA_REASON_CLIENT_KIND, "Apps of this kind cannot have service accounts: in the APS portal, make an app of the "
                             "type Server-to-Server, and use its client id and secret."},
    {SSA_REASON_ASSERTION, "The account or the key may be disabled or deleted, or the account unused for too "
                           "long: see `ssa-hsm account show` and `ssa-hsm key list`. `ssa-hsm account enable` and "
                           "`ssa-hsm key enable KEY_ID` enable them. `ssa-hsm jwt --claims` shows what was signed."},
    {SSA_REASON_SCOPE, "The app must have API access to what the scopes name: check it in the APS portal."},
    {SSA_REASON_SCOPE_SPELLING, "Separate scopes by commas or spaces: --scope data:read,data:write"},
    {SSA_REASON_NONE, NULL},
};
