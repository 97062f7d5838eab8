// One signer, used by many threads at the same time: signer-threads THREADS CALLS. Each call is a signature over a
// message or a digest, an assertion, an access token or a signature by the key's EVP_PKEY; each signature is verified.
// A PKCS#11 token may be pulled out meanwhile. Prints how many calls succeeded, and how many met an absent token; ends
// with 0 where nothing else failed.
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ssa-hsm/signer.h>

enum { THREADS_MAX = 64 };

static struct ssa_signer *signer;
static EVP_PKEY *key;
static unsigned long calls;
static atomic_uint succeeded, absent, wrong;

static void note(const char *doing, const struct ssa_error *err)
{
    const bool gone = err->code == SSA_ABSENT || err->code == SSA_TOKEN;
    (void)atomic_fetch_add(gone ? &absent : &wrong, 1);
    if (!gone || getenv("SHOW_ABSENT") != NULL)
        (void)fprintf(stderr, "%s: %d %s (%s)\n", doing, (int)err->code, err->what, err->cause);
}

static void check(const char *message, const unsigned char *signature, size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool right = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                       EVP_DigestVerify(context, signature, len, (const unsigned char *)message, strlen(message)) == 1;
    EVP_MD_CTX_free(context);
    (void)atomic_fetch_add(right ? &succeeded : &wrong, 1);
    if (!right)
        (void)fprintf(stderr, "a signature is wrong\n");
}

static void sign(const char *message, bool hashed)
{
    struct ssa_error err = {0};
    struct ssa_signature signature;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    (void)EVP_Digest(message, strlen(message), digest, &len, EVP_sha256(), NULL);
    const bool done = hashed ? ssa_signer_sign(signer, SSA_DIGEST, digest, len, &signature, &err)
                             : ssa_signer_sign(signer, SSA_MESSAGE, message, strlen(message), &signature, &err);
    if (done)
        check(message, signature.bytes, signature.len);
    else
        note("sign", &err);
}

static void sign_by_key(const char *message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[SSA_SIGNATURE_MAX];
    size_t len = sizeof signature;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &len, (const unsigned char *)message, strlen(message)) == 1)
        check(message, signature, len);
    else
        (void)atomic_fetch_add(&absent, 1);
    EVP_MD_CTX_free(context);
}

static void assertion(void)
{
    struct ssa_error err = {0};
    struct ssa_text text = {0};
    if (ssa_signer_assertion(signer, NULL, &text, &err))
        (void)atomic_fetch_add(&succeeded, 1);
    else
        note("assertion", &err);
    ssa_text_free(&text);
}

static void token(void)
{
    struct ssa_error err = {0};
    struct ssa_access_token got = {0};
    if (ssa_signer_token(signer, NULL, 60, &got, &err))
        (void)atomic_fetch_add(&succeeded, 1);
    else
        note("token", &err);
    ssa_access_token_free(&got);
}

static void *work(void *number)
{
    char message[64];
    for (unsigned long i = 0; i < calls; i++) {
        (void)snprintf(message, sizeof message, "thread %zu call %lu", (size_t)number, i);
        switch (i % 8) {
        case 0:
            token();
            break;
        case 1:
        case 2:
            assertion();
            break;
        case 3:
            sign_by_key(message);
            break;
        default:
            sign(message, i % 2 == 0);
        }
    }
    return NULL;
}

static bool open_all(struct ssa_settings *settings, struct ssa_error *err)
{
    const struct ssa_run run = {.settings = settings};
    return ssa_settings_environment(settings, environ, false, err) &&
           ssa_settings_profile(settings, NULL, false, NULL, err) && ssa_signer_open(&run, &signer, err) &&
           ssa_signer_key(signer, &key, err);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    struct ssa_error err = {0};
    struct ssa_settings *settings = ssa_settings_new();
    const unsigned long count = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (count == 0 || count > THREADS_MAX || settings == NULL)
        return EXIT_FAILURE;
    calls = strtoul(argv[2], NULL, 10);
    if (!open_all(settings, &err)) {
        (void)fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
        return EXIT_FAILURE;
    }
    (void)printf("open\n");
    (void)fflush(stdout);
    for (unsigned long i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            return EXIT_FAILURE;
    for (unsigned long i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    ssa_signer_close(signer);
    EVP_PKEY_free(key);
    ssa_settings_free(settings);
    (void)printf("%u succeeded, %u absent, %u wrong\n", succeeded, absent, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
