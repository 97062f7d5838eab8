#include "hsm/login/touch.h"

#include <time.h>

#include "core/thread.h"
#include "hsm/token/handle.h"

enum { PATIENCE_S = 1 };

static void *watch(void *context)
{
    struct touch *touch = context;
    struct timespec until = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    bool late = false;
    (void)pthread_mutex_lock(&touch->mutex);
    while (!touch->done && !late)
        late = pthread_cond_timedwait(&touch->changed, &touch->mutex, &until) != 0;
    const bool waits = !touch->done;
    (void)pthread_mutex_unlock(&touch->mutex);
    touch->told = waits;
    if (waits)
        touch->token->giver.waiting(touch->token->giver.context, &touch->token->info);
    return NULL;
}

void touch_begin(struct touch *touch, const struct token *token)
{
    *touch = (struct touch){.token = token};
    if (!token->info.quirks->wants_touch || token->giver.waiting == NULL)
        return;
    thread_condition_init(&touch->changed);
    (void)pthread_mutex_init(&touch->mutex, NULL);
    touch->started = thread_start(&touch->thread, 0, watch, touch);
}

void touch_end(struct touch *touch)
{
    if (!touch->started)
        return;
    (void)pthread_mutex_lock(&touch->mutex);
    touch->done = true;
    (void)pthread_cond_broadcast(&touch->changed);
    (void)pthread_mutex_unlock(&touch->mutex);
    (void)pthread_join(touch->thread, NULL);
    (void)pthread_cond_destroy(&touch->changed);
    (void)pthread_mutex_destroy(&touch->mutex);
}
