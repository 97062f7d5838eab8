// Threads that use the library at the same time, each with settings of its own, which come from the environment. Each
// fetches an access token and signs assertions. Prints what fails, and ends with 0 where nothing did.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ssa-hsm.h"

enum { THREADS = 6, SIGNATURES = 5 };

static atomic_uint failures;

static void say(const char *doing, const struct ssa_error *err)
{
    atomic_fetch_add(&failures, 1);
    (void)fprintf(stderr, "%s: %s (%s)\n", doing, err->what, err->cause);
}

static void fetch(const struct ssa_run *run)
{
    struct ssa_grant grant = {0};
    struct ssa_error err = {0};
    if (!ssa_fetch(run, &(struct ssa_token_request){0}, &grant, &err))
        say("fetch", &err);
    ssa_grant_free(&grant);
}

static void sign(const struct ssa_run *run)
{
    struct ssa_text assertion = {0};
    struct ssa_error err = {0};
    if (!ssa_sign(run, &(struct ssa_token_request){0}, &assertion, &err))
        say("sign", &err);
    ssa_text_free(&assertion);
}

static void *work(void *context)
{
    (void)context;
    struct ssa_error err = {0};
    struct ssa_settings *settings = ssa_settings_new();
    if (settings == NULL || !ssa_settings_environment(settings, environ, true, &err) ||
        !ssa_settings_profile(settings, NULL, false, NULL, &err)) {
        say("settings", &err);
        return NULL;
    }
    const struct ssa_run run = {.settings = settings};
    fetch(&run);
    for (unsigned i = 0; i < SIGNATURES; i++)
        sign(&run);
    ssa_settings_free(settings);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            return EXIT_FAILURE;
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    const struct ssa_callbacks nobody = {0};
    ssa_modules_settle(1000, &nobody);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
