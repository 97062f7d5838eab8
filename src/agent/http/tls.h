// TLS of the broker: its certificate and key, who issues the certificates of its callers, and what these say. The files
// are read again when they change.
#pragma once

#include "core/api.h"
#include "core/error.h"
#include "core/secret.h"

struct tls;
// What was read from the files. It is kept as long as a connection uses it.
struct tls_files;

// Borrowed while it is open.
struct tls_config {
    const char *cert, *key, *client_ca; // files in PEM
    void (*tell)(void *context, enum ssa_level level, const char *line);
    void *context;
};

// TLS 1.2 or newer, as libgnutls writes it.
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

// Loads libgnutls, and reads the files. Fails with SSA_CONFIG.
bool tls_open(const struct tls_config *config, struct tls **tls, struct ssa_error *err) MUST_CHECK;
void tls_close(struct tls *tls);

// Certificate and key as texts, for the start of libmicrohttpd; forgotten by tls_forget.
const char *tls_cert_text(const struct tls *tls);
const char *tls_key_text(const struct tls *tls);
void tls_forget(struct tls *tls);

// Prepares a session (gnutls_session_t) before its handshake: the files as they are now, and a certificate of the
// client, without which the handshake fails. NULL where it cannot be done.
struct tls_files *tls_begin(struct tls *tls, void *session) MUST_CHECK;
// files may be NULL.
void tls_drop(struct tls_files *files);

// Whether the client's certificate is good now: issued by client_ca for clients, and not expired.
bool tls_is_good(void *session) MUST_CHECK;

// Calls visit for each DNS name and URI in the client's certificate, until it returns true. Returns whether it did.
typedef bool tls_visit(void *context, struct span name);
bool tls_names(void *session, tls_visit *visit, void *context);
