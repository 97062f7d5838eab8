// A program that uses a signer, for the search of its memory (tests/memory): signer-memory HERE GO CLOSED GO. Several
// threads use the signer, and live on. While it is open, the file HERE is made and the first GO is waited for; once it
// is closed, CLOSED and the other GO.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ssa-hsm/signer.h>

enum { THREADS = 4, SIGNATURES = 20 };

struct crowd {
    struct ssa_signer *signer;
    pthread_t threads[THREADS];
    pthread_barrier_t done, over; // of all threads and the first one
    bool failed[THREADS];
};

struct member {
    struct crowd *crowd;
    unsigned number;
};

static bool use(struct ssa_signer *signer, struct ssa_error *err)
{
    struct ssa_access_token token = {0};
    struct ssa_text assertion = {0};
    struct ssa_signature signature;
    bool done = ssa_signer_token(signer, NULL, 60, &token, err) && ssa_signer_assertion(signer, NULL, &assertion, err);
    for (unsigned i = 0; i < SIGNATURES && done; i++)
        done = ssa_signer_sign(signer, SSA_MESSAGE, "x", 1, &signature, err);
    ssa_access_token_free(&token);
    ssa_text_free(&assertion);
    return done;
}

static void *live(void *context)
{
    const struct member *member = context;
    struct crowd *crowd = member->crowd;
    crowd->failed[member->number] = !use(crowd->signer, NULL);
    (void)pthread_barrier_wait(&crowd->done);
    (void)pthread_barrier_wait(&crowd->over);
    return NULL;
}

// At the same time, so that several threads of the module's process sign, too.
static void begin(struct crowd *crowd)
{
    static struct member members[THREADS];
    if (pthread_barrier_init(&crowd->done, NULL, THREADS + 1) != 0 ||
        pthread_barrier_init(&crowd->over, NULL, THREADS + 1) != 0)
        abort();
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crowd = crowd, .number = i};
        if (pthread_create(&crowd->threads[i], NULL, live, &members[i]) != 0)
            abort();
    }
    (void)pthread_barrier_wait(&crowd->done);
}

static bool end(struct crowd *crowd)
{
    bool done = true;
    (void)pthread_barrier_wait(&crowd->over);
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(crowd->threads[i], NULL);
        done = done && !crowd->failed[i];
    }
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
    struct crowd crowd = {0};
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings};
    bool done = argc == 5 && settings != NULL && ssa_settings_environment(settings, environ, false, &err) &&
                ssa_settings_profile(settings, NULL, false, NULL, &err) && ssa_signer_open(&run, &crowd.signer, &err) &&
                use(crowd.signer, &err);
    if (done) {
        begin(&crowd);
        done = wait_at(argv[1], argv[2]);
    }
    ssa_signer_close(crowd.signer);
    ssa_settings_free(settings);
    if (done)
        done = wait_at(argv[3], argv[4]) && end(&crowd);
    if (done)
        (void)printf("closed\n");
    else
        (void)fprintf(stderr, "%s: %s (%s)\n", err.subject, err.what, err.cause);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
