// Makes a certificate request with the PKCS#11 token's key:
// cc csr.c $(pkg-config --cflags --libs ssa-hsm libcrypto) -o csr
// ./csr 'build server' | openssl req -verify -noout -text
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <ssa-hsm/signer.h>
#include <stdio.h>

extern char **environ;

static bool print_request(EVP_PKEY *key, const char *name)
{
    X509_REQ *request = X509_REQ_new();
    const bool done = request != NULL &&
                      X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
                                                 (const unsigned char *)name, -1, -1, 0) == 1 &&
                      X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0 &&
                      PEM_write_X509_REQ(stdout, request) == 1;
    X509_REQ_free(request);
    return done;
}

// Hears why a signature by the EVP_PKEY failed.
static void tell(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    (void)context;
    if (level == SSA_WARNING)
        fprintf(stderr, "%s\n", notice->text);
}

int main(int argc, char **argv)
{
    struct ssa_error err = {0};
    struct ssa_signer *signer = NULL;
    EVP_PKEY *key = NULL;
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings, .callbacks = {.tell = tell}};
    bool done = argc == 2 && settings != NULL && ssa_settings_environment(settings, environ, false, &err) &&
                ssa_settings_profile(settings, NULL, false, NULL, &err) && ssa_signer_open(&run, &signer, &err) &&
                ssa_signer_key(signer, &key, &err);
    if (!done)
        fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
    else
        done = print_request(key, argv[1]);
    EVP_PKEY_free(key);
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    return done ? 0 : 1;
}
