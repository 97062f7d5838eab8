// libcurl has sentences for its errors, but no names. These are the errors that an HTTPS request can end
// with.
#include "oauth/curl_cause.h"

#include "core/text.h"

#define NAMED(code)                                                                                                    \
    {                                                                                                                  \
        code, #code                                                                                                    \
    }

static const struct {
    CURLcode code;
    const char *name;
} names[] = {
    NAMED(CURLE_UNSUPPORTED_PROTOCOL),
    NAMED(CURLE_FAILED_INIT),
    NAMED(CURLE_URL_MALFORMAT),
    NAMED(CURLE_NOT_BUILT_IN),
    NAMED(CURLE_COULDNT_RESOLVE_PROXY),
    NAMED(CURLE_COULDNT_RESOLVE_HOST),
    NAMED(CURLE_COULDNT_CONNECT),
    NAMED(CURLE_WEIRD_SERVER_REPLY),
    NAMED(CURLE_REMOTE_ACCESS_DENIED),
    NAMED(CURLE_PARTIAL_FILE),
    NAMED(CURLE_HTTP_RETURNED_ERROR),
    NAMED(CURLE_WRITE_ERROR),
    NAMED(CURLE_READ_ERROR),
    NAMED(CURLE_OUT_OF_MEMORY),
    NAMED(CURLE_OPERATION_TIMEDOUT),
    NAMED(CURLE_HTTP_POST_ERROR),
    NAMED(CURLE_SSL_CONNECT_ERROR),
    NAMED(CURLE_FUNCTION_NOT_FOUND),
    NAMED(CURLE_ABORTED_BY_CALLBACK),
    NAMED(CURLE_BAD_FUNCTION_ARGUMENT),
    NAMED(CURLE_INTERFACE_FAILED),
    NAMED(CURLE_TOO_MANY_REDIRECTS),
    NAMED(CURLE_UNKNOWN_OPTION),
    NAMED(CURLE_GOT_NOTHING),
    NAMED(CURLE_SSL_ENGINE_NOTFOUND),
    NAMED(CURLE_SSL_ENGINE_SETFAILED),
    NAMED(CURLE_SEND_ERROR),
    NAMED(CURLE_RECV_ERROR),
    NAMED(CURLE_SSL_CERTPROBLEM),
    NAMED(CURLE_SSL_CIPHER),
    NAMED(CURLE_PEER_FAILED_VERIFICATION),
    NAMED(CURLE_BAD_CONTENT_ENCODING),
    NAMED(CURLE_USE_SSL_FAILED),
    NAMED(CURLE_SEND_FAIL_REWIND),
    NAMED(CURLE_SSL_ENGINE_INITFAILED),
    NAMED(CURLE_LOGIN_DENIED),
    NAMED(CURLE_SSL_CACERT_BADFILE),
    NAMED(CURLE_SSL_SHUTDOWN_FAILED),
    NAMED(CURLE_SSL_CRL_BADFILE),
    NAMED(CURLE_SSL_ISSUER_ERROR),
    NAMED(CURLE_NO_CONNECTION_AVAILABLE),
    NAMED(CURLE_SSL_PINNEDPUBKEYNOTMATCH),
    NAMED(CURLE_SSL_INVALIDCERTSTATUS),
    NAMED(CURLE_RECURSIVE_API_CALL),
    NAMED(CURLE_AUTH_ERROR),
    NAMED(CURLE_PROXY),
    NAMED(CURLE_SSL_CLIENTCERT),
    NAMED(CURLE_UNRECOVERABLE_POLL),
};

bool curl_cause(struct ssa_error *err, CURLcode code)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i].code == code)
            return error_cause(err, SSA_DOMAIN_CURL, code, "%s", names[i].name);
    return error_cause(err, SSA_DOMAIN_CURL, code, "CURLE %d", (int)code);
}
