#include "hsm/host/lane.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hsm/host/talk.h"

static void *serve(void *context)
{
    struct talk *t = context;
    talk_on(t);
    (void)close(t->peer);
    // It was wiped after the last call.
    (void)munmap(t, sizeof *t);
    return NULL;
}

CK_RV lane_start(struct host *first)
{
    pthread_t thread;
    struct talk *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t == MAP_FAILED)
        return CKR_HOST_MEMORY;
    talk_protect(t);
    t->peer = first->passed;
    t->host.list = first->list;
    t->host.is_lane = true;
    if (pthread_create(&thread, NULL, serve, t) != 0) {
        (void)munmap(t, sizeof *t);
        return CKR_HOST_MEMORY;
    }
    first->passed = -1;
    (void)pthread_detach(thread);
    return CKR_OK;
}
