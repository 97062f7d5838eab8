#include "hsm/module/one_user.h"

#include <pthread.h>
#include <unistd.h>

#include "core/callback.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    unsigned tokens;
    pthread_t thread;
    pid_t process; // a forked child does not have the parent's thread, so that nobody would end its use
} user;

static bool is_anothers(void)
{
    return user.tokens > 0 && user.process == getpid() && pthread_equal(user.thread, pthread_self()) == 0;
}

bool one_user_begin(struct ssa_error *err)
{
    if (callback_running()) {
        error_set(err, SSA_USAGE, NULL, NULL, "PKCS#11 tokens cannot be used from a callback of the library");
        return error_hint(err, "Let the call that is under way return first.");
    }
    (void)pthread_mutex_lock(&mutex);
    const bool refused = is_anothers();
    if (!refused) {
        if (user.process != getpid())
            user.tokens = 0;
        user.tokens++;
        user.thread = pthread_self();
        user.process = getpid();
    }
    (void)pthread_mutex_unlock(&mutex);
    if (!refused)
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "another thread of this process is using a PKCS#11 token");
    return error_hint(err, "Only one thread at a time may call the library. Processes need not wait for each other.");
}

void one_user_end(void)
{
    (void)pthread_mutex_lock(&mutex);
    if (user.tokens > 0)
        user.tokens--;
    (void)pthread_mutex_unlock(&mutex);
}
