// GET /v1/assertion, POST /v1/lock and /v1/unlock: they wait for a signer, on a thread of their own.
#include <limits.h>
#include <stdlib.h>

#include "agent/http/refusal.h"
#include "core/text.h"
#include "core/thread.h"

enum { JOB_STACK = 256 * 1024 };

struct job {
    struct http_server *server;
    struct wait *wait;
    struct request request; // the connection may be gone before it is done
    struct result result;
};

static const char *const names[REQUEST_KINDS] = {
    [REQUEST_ASSERTION] = "assertion", [REQUEST_LOCK] = "lock", [REQUEST_UNLOCK] = "unlock"};

static _Atomic(unsigned) *places(struct http_server *server, enum request_kind kind, unsigned *most)
{
    *most = kind == REQUEST_ASSERTION ? SIGNING_MAX : LOCKING_MAX;
    return kind == REQUEST_ASSERTION ? &server->signing : &server->locking;
}

static bool take_place(struct http_server *server, enum request_kind kind)
{
    unsigned most;
    _Atomic(unsigned) *taken = places(server, kind, &most);
    if (atomic_fetch_add(taken, 1) < most)
        return true;
    (void)atomic_fetch_sub(taken, 1);
    return false;
}

static void give_place(struct http_server *server, enum request_kind kind)
{
    unsigned most;
    (void)atomic_fetch_sub(places(server, kind, &most), 1);
}

static bool work(struct job *job)
{
    struct service *service = job->server->config.service;
    const struct demand *demand = &job->request.demand;
    struct ssa_error *err = &job->result.outcome.err;
    const char *profile = text_present(demand->profile) ? demand->profile : NULL;
    switch (job->request.kind) {
    case REQUEST_ASSERTION:
        return service_assertion(service, demand, job->request.lifetime, job->request.not_before, &job->result.text,
                                 err);
    case REQUEST_LOCK:
        return service_lock(service, profile, err);
    default:
        return job->request.pin_retry ? service_retry(service, profile, err) : service_unlock(service, profile, err);
    }
}

static void *run(void *context)
{
    struct job *job = context;
    struct http_server *server = job->server;
    if (work(job))
        job->result.outcome.err.code = SSA_OK;
    if (job->request.kind == REQUEST_LOCK)
        (void)prepared_sweep(&server->prepared, LLONG_MAX);
    wait_end(job->wait, &job->result);
    secret_wipe_stack();
    const enum request_kind kind = job->request.kind;
    request_free(&job->request);
    free(job);
    // After this, the server may be gone.
    give_place(server, kind);
    return NULL;
}

static bool start(struct http_server *server, struct connection *connection, struct wait *wait)
{
    struct job *job = calloc(1, sizeof *job);
    pthread_t thread;
    if (job == NULL)
        return false;
    job->server = server;
    job->wait = wait;
    if (request_copy(&job->request, &connection->request)) {
        if (thread_start(&thread, JOB_STACK, run, job)) {
            (void)pthread_detach(thread);
            return true;
        }
        request_free(&job->request);
    }
    free(job);
    return false;
}

enum MHD_Result job_end(struct http_server *server, struct connection *connection, struct result *result)
{
    const enum request_kind kind = connection->request.kind;
    const struct ssa_error *err = &result->outcome.err;
    if (err->code == SSA_OK) {
        struct MHD_Response *answer =
            kind == REQUEST_ASSERTION ? reply_text("assertion", secret_span(&result->text))
                                      : reply_text("status", span_text(kind == REQUEST_LOCK ? "locked" : "unlocked"));
        // This thread serves others, and may be idle for long.
        secret_wipe_stack();
        return end_with(server, connection, FAILURE_NONE, answer, names[kind]);
    }
    const enum failure failed = failure_of(err);
    const bool by_person = kind == REQUEST_UNLOCK && err->reason == SSA_REASON_AGENT_LOCKED;
    return end_with(server, connection, failed,
                    reply_failure(failed, err, result->outcome.retry_after, by_person ? err->detail : NULL, NULL),
                    names[kind]);
}

static OWN_FRAME enum MHD_Result too_many(struct http_server *server, struct connection *connection)
{
    struct ssa_error err = {0};
    (void)error_because(&err, SSA_UNEXPECTED, SSA_REASON_AGENT_GONE, NULL, "too many callers wait for the signers");
    return end_failed(server, connection, &err, 1, names[connection->request.kind]);
}

enum MHD_Result job_begin(struct http_server *server, struct connection *connection)
{
    const enum request_kind kind = connection->request.kind;
    struct wait *wait = wait_ready(server->waits, connection);
    if (wait == NULL || !take_place(server, kind))
        return too_many(server, connection);
    if (!start(server, connection, wait)) {
        give_place(server, kind);
        return too_many(server, connection);
    }
    connection_note(connection, STAGE_WAITING);
    if (wait_sleep(wait))
        return MHD_YES;
    struct result result = {0};
    if (!wait_take(connection, &result))
        return MHD_NO;
    const enum MHD_Result done = job_end(server, connection, &result);
    result_free(&result);
    return done;
}
