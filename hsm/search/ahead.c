#include "hsm/search/ahead.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/thread.h"
#include "hsm/module/one_user.h"

enum { THREAD_STACK = 256 * 1024, LOOK_UP_MS = 5 };

struct one {
    struct ahead *ahead;
    const struct module_entry *entry;
    pthread_t thread;
    bool started, taken;
    atomic_bool done;
    // The thread's until done.
    bool answered;
    struct module_seen *seen;
    struct keys_seen keys;
    struct ssa_error err;
};

struct ahead {
    struct module_user user;
    struct ssa_callbacks callbacks; // of the threads: whether to stop is asked of the person on the caller's thread
    const struct ssa_callbacks *callers;
    atomic_bool stop;
    bool with_keys;
    size_t count;
    struct one list[];
};

static bool is_stopped(void *context)
{
    struct ahead *ahead = context;
    return atomic_load(&ahead->stop);
}

static void pass_on(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    const struct ahead *ahead = context;
    if (ahead->callers->tell != NULL)
        ahead->callers->tell(ahead->callers->context, level, notice);
}

static void *ask(void *context)
{
    struct one *one = context;
    struct ahead *ahead = one->ahead;
    one->answered =
        module_ask(one->entry, &ahead->user, &one->seen, ahead->with_keys ? &one->keys : NULL, &one->err);
    atomic_store(&one->done, true);
    return NULL;
}

struct ahead *ahead_begin(const struct module_entry *const *entries, size_t count, const struct module_user *user,
                          bool with_keys)
{
    struct ahead *ahead = calloc(1, sizeof *ahead + count * sizeof ahead->list[0]);
    if (ahead == NULL)
        return NULL;
    ahead->user = *user;
    ahead->callers = user->hosting.callbacks;
    ahead->callbacks = (struct ssa_callbacks){
        .context = ahead, .interrupted = is_stopped, .tell = pass_on, .patience = ahead->callers->patience};
    ahead->user.hosting.callbacks = &ahead->callbacks;
    // Turns are the caller's to wait for.
    ahead->user.turns.impatient = true;
    ahead->with_keys = with_keys;
    ahead->count = count;
    for (size_t i = 0; i < count; i++) {
        struct one *one = &ahead->list[i];
        one->ahead = ahead;
        one->entry = entries[i];
        one->started = count > 1 && thread_start(&one->thread, THREAD_STACK, ask, one);
    }
    return ahead;
}

static void join(struct one *one)
{
    if (one->started)
        (void)pthread_join(one->thread, NULL);
    one->started = false;
}

static void wait_for(struct one *one)
{
    struct ahead *ahead = one->ahead;
    while (!atomic_load(&one->done)) {
        if (callback_interrupted(ahead->callers))
            atomic_store(&ahead->stop, true);
        pause_ms(LOOK_UP_MS);
    }
    join(one);
}

bool ahead_take(struct ahead *ahead, const struct module_entry *entry, struct module_seen **seen,
                struct keys_seen *keys, struct ssa_error *err)
{
    struct one *one = NULL;
    for (size_t i = 0; i < ahead->count && one == NULL; i++)
        if (ahead->list[i].entry == entry && !ahead->list[i].taken)
            one = &ahead->list[i];
    *seen = NULL;
    if (one == NULL)
        return error_set(err, SSA_UNEXPECTED, NULL, entry->path, "was not asked");
    one->taken = true;
    if (!one->started)
        return false;
    wait_for(one);
    *seen = one->seen;
    one->seen = NULL;
    if (keys != NULL)
        *keys = one->keys;
    one->keys = (struct keys_seen){0};
    *err = one->err;
    return one->answered;
}

void ahead_end(struct ahead **given)
{
    struct ahead *ahead = *given;
    *given = NULL;
    if (ahead == NULL)
        return;
    atomic_store(&ahead->stop, true);
    for (size_t i = 0; i < ahead->count; i++) {
        join(&ahead->list[i]);
        module_seen_free(&ahead->list[i].seen);
        keys_seen_free(&ahead->list[i].keys);
    }
    free(ahead);
}
