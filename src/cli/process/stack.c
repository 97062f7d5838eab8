#include "cli/process/stack.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

// The program itself needs a tenth of it. The rest is for name services, TLS and PKCS#11 modules.
enum { STACK_ENOUGH = 1024 * 1024 };

struct errand {
    int (*work)(void *context);
    void *context;
    int result;
    sigset_t mask; // the one that the process was started with
};

static bool is_roomy(void)
{
    struct rlimit limit = {0};
    return getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= STACK_ENOUGH;
}

static void *run(void *context)
{
    struct errand *errand = context;
    (void)pthread_sigmask(SIG_SETMASK, &errand->mask, NULL);
    errand->result = errand->work(errand->context);
    return NULL;
}

// Only the thread that works gets signals: they end what it waits for.
static int run_on_thread(struct errand *errand)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    int number = pthread_attr_init(&attributes);
    if (number != 0)
        return number;
    (void)sigfillset(&all);
    number = pthread_attr_setstacksize(&attributes, STACK_ENOUGH);
    if (number == 0)
        number = pthread_setattr_default_np(&attributes);
    if (number == 0)
        number = pthread_sigmask(SIG_SETMASK, &all, &errand->mask);
    if (number == 0) {
        number = pthread_create(&thread, &attributes, run, errand);
        if (number == 0)
            (void)pthread_join(thread, NULL);
        (void)pthread_sigmask(SIG_SETMASK, &errand->mask, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return number;
}

bool stack_run(int (*work)(void *context), void *context, int *result, struct ssa_error *err)
{
    struct errand errand = {.work = work, .context = context};
    if (is_roomy()) {
        *result = work(context);
        return true;
    }
    const int number = run_on_thread(&errand);
    *result = errand.result;
    return number == 0 || error_errno(err, SSA_UNEXPECTED, number, NULL,
                                      "the stack is too small (`ulimit -s`), and there is no memory for a larger one");
}
