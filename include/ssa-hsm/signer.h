// libssa-hsm: access tokens and signatures by the key of an Autodesk Platform Services secure service account. The key
// stays in its PKCS#11 token. This is the one header to include.
//
//     // cc fetch.c $(pkg-config --cflags --libs ssa-hsm) && ./a.out
//     #include <ssa-hsm/signer.h>
//     #include <stdio.h>
//     extern char **environ;
//
//     int main(void)
//     {
//         struct ssa_error err = {0};
//         struct ssa_access_token token = {0};
//         struct ssa_signer *signer = NULL;
//         struct ssa_settings *settings = ssa_settings_new();
//         const struct ssa_run run = {.settings = settings};
//         const bool done = settings != NULL && ssa_settings_environment(settings, environ, false, &err) &&
//                           ssa_settings_profile(settings, NULL, false, NULL, &err) &&
//                           ssa_signer_open(&run, &signer, &err) &&
//                           ssa_signer_token(signer, "data:read", 60, &token, &err);
//         if (done)
//             printf("%s\n", token.token.text);
//         else
//             fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
//         ssa_access_token_free(&token);
//         ssa_signer_close(signer);
//         ssa_settings_free(settings);
//         return done ? 0 : 1;
//     }
//
// The settings are the program's (ssa-hsm(1)): `ssa-hsm setup` and `ssa-hsm key create` write a profile, which
// ssa_settings_profile reads.
//
// Threads. A signer may be used by several threads at the same time, and be closed by another thread than the one that
// opened it. Up to four sign at once, each in a session of the one login, if the PKCS#11 module lets several threads
// call it; with smart cards and TPMs, and with a key that wants a login for each signature, one signs after the other.
// Callbacks may then run on several threads at once. Settings must not be changed while a signer that was opened with
// them is open. All else may be used by one thread at a time. No thread may be cancelled in a call.
//
// Processes. The PKCS#11 module is loaded by a child process, ssa-hsm-host, which is started by posix_spawn and ends
// with the signer or with the calling process. pinentry is a child process, too. After fork(), the child's calls on a
// signer of its parent fail (SSA_USAGE), and the parent's signer is not disturbed. The child reads settings and opens a
// signer of its own: it has nothing of what is in locked memory. Its parent's settings are refused (SSA_USAGE) if they
// have a profile or a secret, and its parent's struct ssa_text is empty. OpenSSL's locks are not free in a child that
// was forked while another thread had them. Descriptors that a signer has open must not be closed by the program, and
// it becomes another user before it opens one. No function prints, forks without exec, sets a signal's handler, or
// changes the environment (but see ssa_settings_environment) or the allocator.
//
// Errors. A function that returns bool fills *err where it returns false; err may be NULL. Branch on code and reason,
// and show what.
#ifndef SSA_HSM_SIGNER_H
#define SSA_HSM_SIGNER_H

#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

// Text in locked memory. ssa_text_free wipes it. len does not count the NUL at its end.
struct ssa_text {
    const char *text;
    size_t len;
    void *owner;
};
void ssa_text_free(struct ssa_text *text);

// A login to the PKCS#11 token of the settings' key.
struct ssa_signer;

// Finds the PKCS#11 token, logs in, and finds the key. *run is copied; its settings are borrowed until the signer is
// closed. If a PKCS#11 token fails, the next of several profiles is used (see ssa_settings_profiles); from then on, the
// signer uses this profile alone. A stored PIN is tried once, and by the rules of ssa-hsm(1): not if it failed before,
// and not if one more wrong PIN could lock the PKCS#11 token.
//
// The login lasts until the signer is closed. If the PKCS#11 token was pulled out and put back, the login or the
// session was lost, or the module crashed, the next call starts the module again and logs in again. The PIN then comes
// from the same source as before: its file is read again, or the person is asked again. It is kept in locked memory
// only where that is not possible (fd:N, a pipe), where the key wants a login for each signature, and where other
// programs' use of the PKCS#11 token ends our login (a YubiKey with ykcs11). After the PKCS#11 token has refused a PIN,
// no PIN is tried any more, and every call fails until the signer is closed.
//
// Fails with SSA_CONFIG, SSA_ABSENT, SSA_PIN, SSA_KEY_MISSING or SSA_TOKEN. Then *signer is NULL.
bool ssa_signer_open(const struct ssa_run *run, struct ssa_signer **signer, struct ssa_error *err);

// Logs out, wipes all secrets, ends the module's process and waits for its end (up to 3 s). signer may be NULL. No
// other thread may be in a call. Keys of ssa_signer_key may live on, but do not sign any more. In a forked child it
// does nothing.
void ssa_signer_close(struct ssa_signer *signer);

struct ssa_access_token {
    struct ssa_text token;
    struct ssa_text scope; // separated by spaces
    const char *type;      // "Bearer"; never freed
    long long expires;     // seconds since the epoch; 0 if the API did not tell
};

// Wipes and frees what it has. *token may be zeroed, or freed before.
void ssa_access_token_free(struct ssa_access_token *token);

// Gives an access token for these scopes (separated by commas or spaces; NULL means SSA_HSM_SCOPE, else "data:read
// data:write"). The signer keeps the last one, and gives it again while it is valid for at least so many seconds. Else
// it fetches a new one, with one signature and one request; meanwhile other threads can sign. A new one is returned
// even if it is valid for a shorter time. Threads that want the same at the same time share one request.
//
// The client secret is read at the first fetch and kept in locked memory. After the API refused it (SSA_CREDENTIALS),
// the next call reads it again. A run's timeout counts for each call. Fails as ssa_signer_sign does, and with
// SSA_CONFIG, SSA_NETWORK, SSA_CREDENTIALS, SSA_REFUSED or SSA_RATE_LIMIT. The caller frees *token.
bool ssa_signer_token(struct ssa_signer *signer, const char *scope, unsigned seconds, struct ssa_access_token *token,
                      struct ssa_error *err);

struct ssa_token_request {
    const char *scope; // as in ssa_signer_token
    unsigned lifetime; // seconds for which the assertion is valid, 1 to 300; 0 means 300
    bool not_before;   // adds the claim nbf
};

// Signs an assertion (RFC 7523 section 3) and sends nothing. request may be NULL. The caller frees *assertion.
bool ssa_signer_assertion(struct ssa_signer *signer, const struct ssa_token_request *request,
                          struct ssa_text *assertion, struct ssa_error *err);

// What ssa_signer_sign is given: a message, or its SHA-256 (32 bytes).
enum ssa_input { SSA_MESSAGE, SSA_DIGEST };

#define SSA_SIGNATURE_MAX 1024

struct ssa_signature {
    size_t len;
    unsigned char bytes[SSA_SIGNATURE_MAX];
};

// Signs by RSASSA-PKCS1-v1_5 with SHA-256 (RS256, RFC 7518 section 3.3) with the settings' key. There is no other
// algorithm. Fails with SSA_USAGE for a digest of another length or a closed signer, with SSA_ABSENT or SSA_TOKEN if
// the PKCS#11 token is gone or fails, with SSA_KEY_MISSING if it does not hold the key any more, and with SSA_PIN.
bool ssa_signer_sign(struct ssa_signer *signer, enum ssa_input kind, const void *data, size_t len,
                     struct ssa_signature *signature, struct ssa_error *err);

struct evp_pkey_st; // OpenSSL's EVP_PKEY

// Makes an EVP_PKEY of the settings' key, for everything in OpenSSL that signs by RSA PKCS#1 v1.5 with SHA-256:
// EVP_DigestSign, X509_sign, X509_REQ_sign, CMS_sign, and TLS 1.2 with a client certificate (a TLS client calls
// SSL_CTX_set1_client_sigalgs_list(context, "RSA+SHA256"); TLS 1.3 and RSA-PSS do not work). It neither decrypts nor
// signs by raw RSA. The caller frees *key by EVP_PKEY_free, before or after the signer is closed. When a signature
// fails, the callback tell receives the reason as a warning, and OpenSSL's queue the PKCS#11 error. Fails with
// SSA_TOKEN if the PKCS#11 token does not tell the key's public half, and with SSA_UNEXPECTED.
bool ssa_signer_key(struct ssa_signer *signer, struct evp_pkey_st **key, struct ssa_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
