// What OpenSSL does with a signer's key. signer-evp FOLDER PORT: writes FOLDER/cert.pem (self-signed, X509_sign),
// FOLDER/request.pem (X509_REQ_sign) and FOLDER/cms.pem (CMS_sign over FOLDER/message), and says hello to a TLS server
// at 127.0.0.1:PORT with the certificate. Then it tries what must be refused. Ends with 0 where all is as it must be.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ssa-hsm/signer.h>

// Some of its functions are declared only after openssl/pem.h.
#include <openssl/cms.h>

static const char *folder;

static void check(bool right, const char *what)
{
    if (right)
        return;
    (void)fprintf(stderr, "%s: not as it must be\n", what);
    ERR_print_errors_fp(stderr);
    exit(EXIT_FAILURE);
}

static FILE *file(const char *name, const char *mode)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *opened = fopen(path, mode);
    check(opened != NULL, path);
    return opened;
}

static void name_it(X509_NAME *name)
{
    check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"signer", -1, -1, 0) == 1,
          "name");
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    FILE *out = file("cert.pem", "w");
    check(X509_set_version(cert, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1, "version");
    name_it(X509_get_subject_name(cert));
    check(X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1, "issuer");
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    check(X509_set_pubkey(cert, key) == 1, "X509_set_pubkey");
    check(X509_sign(cert, key, EVP_sha256()) > 0, "X509_sign");
    check(PEM_write_X509(out, cert) == 1 && fclose(out) == 0, "cert.pem");
    return cert;
}

static void make_request(EVP_PKEY *key)
{
    X509_REQ *request = X509_REQ_new();
    FILE *out = file("request.pem", "w");
    name_it(X509_REQ_get_subject_name(request));
    check(X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0, "X509_REQ_sign");
    check(PEM_write_X509_REQ(out, request) == 1 && fclose(out) == 0, "request.pem");
    X509_REQ_free(request);
}

static void make_cms(EVP_PKEY *key, X509 *cert)
{
    FILE *in = file("message", "r"), *out = file("cms.pem", "w");
    BIO *message = BIO_new_fp(in, BIO_CLOSE);
    CMS_ContentInfo *cms = CMS_sign(cert, key, NULL, message, CMS_BINARY);
    check(cms != NULL && PEM_write_CMS(out, cms) == 1 && fclose(out) == 0, "CMS_sign");
    CMS_ContentInfo_free(cms);
    (void)BIO_free(message);
}

static int connect_to(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0, "connect");
    return fd;
}

static void talk_tls(EVP_PKEY *key, X509 *cert, const char *port)
{
    char answer[64] = "";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    check(SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1, "TLS 1.2");
    check(SSL_CTX_set1_client_sigalgs_list(context, "RSA+SHA256") == 1, "client_sigalgs");
    check(SSL_CTX_use_certificate(context, cert) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1, "use_PrivateKey");
    check(SSL_CTX_check_private_key(context) == 1, "SSL_CTX_check_private_key");
    SSL *ssl = SSL_new(context);
    const int fd = connect_to(port);
    check(SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1, "SSL_connect");
    check(SSL_write(ssl, "hello\n", 6) == 6 && SSL_read(ssl, answer, sizeof answer - 1) > 0, "TLS");
    (void)printf("%s", answer);
    SSL_free(ssl);
    SSL_CTX_free(context);
    (void)close(fd);
}

static bool signs(EVP_PKEY *key, const EVP_MD *hash, int padding)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    unsigned char out[SSA_SIGNATURE_MAX];
    size_t len = sizeof out;
    const bool done = EVP_DigestSignInit(context, &how, hash, NULL, key) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(how, padding) == 1 &&
                      EVP_DigestSign(context, out, &len, (const unsigned char *)"x", 1) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

// Without a hash, over 256 bytes that somebody encrypted.
static bool signs_raw(EVP_PKEY *key, int padding)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    unsigned char in[256] = {1}, out[SSA_SIGNATURE_MAX];
    size_t len = sizeof out;
    const size_t given = padding == RSA_NO_PADDING ? sizeof in : 20;
    const bool done = EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
                      EVP_PKEY_sign(context, out, &len, in, given) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

static bool decrypts(EVP_PKEY *key, int padding)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    unsigned char in[256] = {1}, out[SSA_SIGNATURE_MAX];
    size_t len = sizeof out;
    const bool done = EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
                      EVP_PKEY_decrypt(context, out, &len, in, sizeof in) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

static void check_what_is_refused(EVP_PKEY *key)
{
    check(signs(key, EVP_sha256(), RSA_PKCS1_PADDING), "RS256");
    check(!signs(key, EVP_sha1(), RSA_PKCS1_PADDING), "SHA-1");
    check(!signs(key, EVP_sha512(), RSA_PKCS1_PADDING), "SHA-512");
    check(!signs(key, EVP_sha256(), RSA_PKCS1_PSS_PADDING), "PSS");
    check(!signs_raw(key, RSA_PKCS1_PADDING), "PKCS#1 without a hash");
    check(!signs_raw(key, RSA_NO_PADDING), "raw RSA");
    check(!decrypts(key, RSA_PKCS1_PADDING), "decryption");
    check(!decrypts(key, RSA_NO_PADDING), "raw decryption");
    check(!decrypts(key, RSA_PKCS1_OAEP_PADDING), "OAEP");
    // None of these did any harm to it.
    check(signs(key, EVP_sha256(), RSA_PKCS1_PADDING), "RS256 afterwards");
    ERR_clear_error();
}

int main(int argc, char **argv)
{
    struct ssa_error err = {0};
    struct ssa_settings *settings = ssa_settings_new();
    struct ssa_signer *signer = NULL;
    EVP_PKEY *key = NULL, *second = NULL;
    const struct ssa_run run = {.settings = settings};
    check(argc == 3 && settings != NULL, "arguments");
    folder = argv[1];
    const bool open = ssa_settings_environment(settings, environ, false, &err) &&
                      ssa_settings_profile(settings, NULL, false, NULL, &err) && ssa_signer_open(&run, &signer, &err) &&
                      ssa_signer_key(signer, &key, &err) && ssa_signer_key(signer, &second, &err);
    check(open, err.what);
    check(EVP_PKEY_eq(key, second) == 1, "two keys of one signer");
    EVP_PKEY_free(second);
    X509 *cert = make_certificate(key);
    make_request(key);
    make_cms(key, cert);
    talk_tls(key, cert, argv[2]);
    check_what_is_refused(key);
    ssa_signer_close(signer);
    check(!signs(key, EVP_sha256(), RSA_PKCS1_PADDING), "a closed signer");
    X509_free(cert);
    EVP_PKEY_free(key);
    ssa_settings_free(settings);
    return EXIT_SUCCESS;
}
