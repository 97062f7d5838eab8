// A program that uses a signer, for the search of its memory (tests/memory): signer-memory HERE GO. While the signer is
// open it makes the file HERE and waits for the file GO.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ssa-hsm/signer.h>

enum { THREADS = 4, SIGNATURES = 20 };

static void *sign_often(void *context)
{
    struct ssa_signature signature;
    bool done = true;
    for (unsigned i = 0; i < SIGNATURES && done; i++)
        done = ssa_signer_sign(context, SSA_MESSAGE, "x", 1, &signature, NULL);
    return done ? context : NULL;
}

// So that several threads of the module's process do so, too.
static bool sign_together(struct ssa_signer *signer)
{
    pthread_t threads[THREADS];
    bool done = true;
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, sign_often, signer) != 0)
            abort();
    for (unsigned i = 0; i < THREADS; i++) {
        void *result = NULL;
        (void)pthread_join(threads[i], &result);
        done = done && result != NULL;
    }
    return done;
}

static bool use(struct ssa_signer *signer, struct ssa_error *err)
{
    struct ssa_access_token token = {0};
    struct ssa_text assertion = {0};
    struct ssa_signature signature;
    const bool done = ssa_signer_token(signer, NULL, 60, &token, err) &&
                      ssa_signer_assertion(signer, NULL, &assertion, err) &&
                      ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, err) && sign_together(signer);
    ssa_access_token_free(&token);
    ssa_text_free(&assertion);
    return done;
}

static bool wait_at(const char *here, const char *go)
{
    const int fd = open(here, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || close(fd) != 0)
        return false;
    while (access(go, F_OK) != 0)
        (void)usleep(10000);
    return true;
}

int main(int argc, char **argv)
{
    struct ssa_error err = {0};
    struct ssa_signer *signer = NULL;
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings};
    const bool done = argc == 3 && settings != NULL && ssa_settings_environment(settings, environ, false, &err) &&
                      ssa_settings_profile(settings, NULL, false, NULL, &err) && ssa_signer_open(&run, &signer, &err) &&
                      use(signer, &err) && wait_at(argv[1], argv[2]);
    ssa_signer_close(signer);
    ssa_settings_free(settings);
    if (done)
        (void)printf("closed\n");
    else
        (void)fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
