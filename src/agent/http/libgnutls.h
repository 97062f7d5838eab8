// libgnutls, which is loaded when a broker starts: libmicrohttpd uses the same one for TLS.
#pragma once

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "core/error.h"

#define LIBGNUTLS_FUNCTIONS(each)                                                                                      \
    each(certificate_allocate_credentials);                                                                            \
    each(certificate_free_credentials);                                                                                \
    each(certificate_get_peers);                                                                                       \
    each(certificate_server_set_request);                                                                              \
    each(certificate_set_x509_key_mem);                                                                                \
    each(certificate_set_x509_trust_mem);                                                                              \
    each(certificate_verify_peers);                                                                                    \
    each(credentials_set);                                                                                             \
    each(global_init);                                                                                                 \
    each(protocol_get_version);                                                                                        \
    each(session_set_verify_cert2);                                                                                    \
    each(strerror);                                                                                                    \
    each(x509_crt_deinit);                                                                                             \
    each(x509_crt_get_subject_alt_name);                                                                               \
    each(x509_crt_import);                                                                                             \
    each(x509_crt_init)

// Its functions without their prefix: gnutls_strerror is libgnutls.strerror.
struct libgnutls {
#define LIBGNUTLS_FIELD(name) __typeof__(&gnutls_##name) name
    LIBGNUTLS_FUNCTIONS(LIBGNUTLS_FIELD);
#undef LIBGNUTLS_FIELD
};
extern struct libgnutls libgnutls;

// Loads it, once for all threads. Before that, none of its functions may be called. Fails with SSA_UNEXPECTED.
bool libgnutls_load(struct ssa_error *err) MUST_CHECK;
