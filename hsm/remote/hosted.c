#include "hsm/remote/hosted.h"

#include <errno.h>
#include <stdlib.h>

enum { ENDING_MS = 500 };

struct hosted *hosted_start(const struct hosting *hosting, struct ssa_error *err)
{
    struct hosted *h = calloc(1, sizeof *h);
    if (h == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a host");
        return NULL;
    }
    h->connections = 1;
    h->process = (struct helper){.socket = -1, .process = -1};
    (void)pthread_mutex_init(&h->lock, NULL);
    if (!module_output_new(&h->output, err) || !host_process_start(&h->process, hosting, &h->output.fd, err)) {
        atomic_store(&h->over, CKR_HOST_GONE);
        hosted_leave(&h);
    }
    return h;
}

struct hosted *hosted_join(struct hosted *h)
{
    (void)pthread_mutex_lock(&h->lock);
    h->connections++;
    (void)pthread_mutex_unlock(&h->lock);
    return h;
}

void hosted_leave(struct hosted **joined)
{
    static const struct ssa_callbacks nobody;
    struct hosted *h = *joined;
    *joined = NULL;
    if (h == NULL)
        return;
    (void)pthread_mutex_lock(&h->lock);
    const bool last = --h->connections == 0;
    (void)pthread_mutex_unlock(&h->lock);
    if (!last)
        return;
    hosted_end(h, CKR_HOST_INTERRUPTED, h->ended_in, &nobody);
    helper_close(&h->process);
    module_output_free(&h->output);
    (void)pthread_mutex_destroy(&h->lock);
    free(h);
}

void hosted_end(struct hosted *h, CK_RV why, enum call_number in, const struct ssa_callbacks *callbacks)
{
    (void)pthread_mutex_lock(&h->lock);
    if (atomic_load(&h->over) == CKR_OK) {
        // A module that waits until somebody reads what it prints does not end.
        (void)module_output_hear(&h->output, callbacks);
        // One whose connection is closed is about to end, or else it is made to.
        h->status = helper_end(&h->process, why == CKR_HOST_GONE ? ENDING_MS : 0);
        h->ended_in = in;
        module_output_end(&h->output, callbacks);
        atomic_store(&h->over, why);
    }
    (void)pthread_mutex_unlock(&h->lock);
}

bool hosted_hear(struct hosted *h, const struct ssa_callbacks *callbacks)
{
    (void)pthread_mutex_lock(&h->lock);
    const bool more = module_output_hear(&h->output, callbacks);
    (void)pthread_mutex_unlock(&h->lock);
    return more;
}
