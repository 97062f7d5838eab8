#include "hsm/search/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/thread.h"
#include "hsm/search/ask.h"

enum { THREAD_STACK = 256 * 1024, LOOK_UP_MS = 20 };

// A message of a thread, which its caller's thread passes on.
struct said {
    struct said *next;
    enum ssa_level level;
    enum ssa_reason reason;
    char text[SSA_ERROR_TEXT_MAX];
    char detail[SSA_ERROR_TEXT_MAX / 2];
};

struct one {
    struct ahead *ahead;
    const struct module_entry *entry;
    struct module_user user;
    struct ssa_callbacks callbacks;
    pthread_t thread;
    bool started, taken;
    // Under the mutex until done, then the caller's.
    bool done;
    bool answered, wants_turn;
    struct said *first, **last;
    struct module_seen *seen;
    struct keys_seen keys;
    struct ssa_error err;
};

struct ahead {
    const struct module_user *user;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stop;
    bool with_keys;
    size_t most, count;
    struct one list[];
};

static bool is_stopped(void *context)
{
    struct ahead *ahead = ((struct one *)context)->ahead;
    (void)pthread_mutex_lock(&ahead->mutex);
    const bool stop = ahead->stop;
    (void)pthread_mutex_unlock(&ahead->mutex);
    return stop;
}

// A message that there is no memory for is lost.
static void note(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    struct one *one = context;
    struct said *said = calloc(1, sizeof *said);
    if (said == NULL)
        return;
    said->level = level;
    said->reason = notice->reason;
    text_harmless(said->text, sizeof said->text, span_text(notice->text));
    text_harmless(said->detail, sizeof said->detail, span_text(notice->detail));
    *one->last = said;
    one->last = &said->next;
}

static void tell_all(struct one *one)
{
    while (one->first != NULL) {
        struct said *said = one->first;
        tell_reason(one->ahead->user->hosting.callbacks, said->level, said->reason, said->detail, "%s", said->text);
        one->first = said->next;
        free(said);
    }
    one->last = &one->first;
}

// A module that resets cards would disturb the others, which may use the same card. It is asked when they are done.
static bool refuse_turn(void *context, enum turn which, bool impatient, struct ssa_error *err)
{
    struct one *one = context;
    (void)which;
    (void)impatient;
    one->wants_turn = true;
    return error_set(err, SSA_TOKEN, NULL, one->entry->path, "waits for its turn");
}

static void ask_now(struct one *one, const struct module_user *user)
{
    one->answered = module_ask(one->entry, user, &one->seen, one->ahead->with_keys ? &one->keys : NULL, &one->err);
}

static void *ask_beside(void *context)
{
    struct one *one = context;
    ask_now(one, &one->user);
    (void)pthread_mutex_lock(&one->ahead->mutex);
    one->done = true;
    (void)pthread_cond_broadcast(&one->ahead->changed);
    (void)pthread_mutex_unlock(&one->ahead->mutex);
    return NULL;
}

static void start(struct one *one)
{
    one->user = *one->ahead->user;
    one->callbacks = (struct ssa_callbacks){
        .context = one, .interrupted = is_stopped, .tell = note, .patience = one->user.hosting.callbacks->patience};
    one->user.hosting.callbacks = &one->callbacks;
    one->user.turns = (struct turns){.context = one, .take = refuse_turn};
    one->started = thread_start(&one->thread, THREAD_STACK, ask_beside, one);
}

struct ahead *ahead_new(size_t most, const struct module_user *user, bool with_keys, struct ssa_error *err)
{
    struct ahead *ahead = calloc(1, sizeof *ahead + most * sizeof ahead->list[0]);
    if (ahead == NULL) {
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for asking PKCS#11 modules");
        return NULL;
    }
    ahead->user = user;
    ahead->with_keys = with_keys;
    ahead->most = most;
    (void)pthread_mutex_init(&ahead->mutex, NULL);
    thread_condition_init(&ahead->changed);
    return ahead;
}

void ahead_ask(struct ahead *ahead, const struct module_entry *entry)
{
    struct one *one = &ahead->list[ahead->count++];
    one->ahead = ahead;
    one->entry = entry;
    one->last = &one->first;
    // The caller's own thread asks one that is alone, and those that there is no thread for.
    if (ahead->most > 1)
        start(one);
}

// The person who wants to stop is looked to on the caller's thread alone.
static void wait_for(struct one *one)
{
    struct ahead *ahead = one->ahead;
    if (!one->started)
        return;
    (void)pthread_mutex_lock(&ahead->mutex);
    while (!one->done) {
        (void)thread_wait_until(&ahead->changed, &ahead->mutex, monotonic_ms() + LOOK_UP_MS);
        (void)pthread_mutex_unlock(&ahead->mutex);
        const char *name = one->entry->name;
        callback_waiting(ahead->user->hosting.callbacks, SSA_WAIT_SEARCH, name[0] != '\0' ? name : one->entry->path,
                         -1);
        const bool stop = callback_interrupted(ahead->user->hosting.callbacks);
        (void)pthread_mutex_lock(&ahead->mutex);
        ahead->stop = ahead->stop || stop;
    }
    (void)pthread_mutex_unlock(&ahead->mutex);
    (void)pthread_join(one->thread, NULL);
    one->started = false;
}

static void ask_in_turn(struct ahead *ahead, struct one *one)
{
    for (size_t i = 0; i < ahead->count; i++)
        wait_for(&ahead->list[i]);
    one->err = (struct ssa_error){0};
    ask_now(one, ahead->user);
}

const struct module_entry *ahead_entry(const struct ahead *ahead, size_t at)
{
    return ahead->list[at].entry;
}

bool ahead_take(struct ahead *ahead, size_t at, struct module_seen **seen, struct keys_seen *keys,
                struct ssa_error *err)
{
    struct one *one = &ahead->list[at];
    wait_for(one);
    tell_all(one);
    if (one->wants_turn || !one->done)
        ask_in_turn(ahead, one);
    *seen = one->seen;
    one->seen = NULL;
    if (keys != NULL) {
        *keys = one->keys;
        one->keys = (struct keys_seen){0};
    }
    if (!one->answered)
        *err = one->err;
    return one->answered;
}

void ahead_end(struct ahead **given)
{
    struct ahead *ahead = *given;
    *given = NULL;
    if (ahead == NULL)
        return;
    (void)pthread_mutex_lock(&ahead->mutex);
    ahead->stop = true;
    (void)pthread_mutex_unlock(&ahead->mutex);
    for (size_t i = 0; i < ahead->count; i++) {
        struct one *one = &ahead->list[i];
        wait_for(one);
        tell_all(one);
        module_seen_free(&one->seen);
        keys_seen_free(&one->keys);
    }
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
}
