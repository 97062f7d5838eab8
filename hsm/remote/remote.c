// A module in a process of its own: started, ended, and why it ended.
#include "hsm/remote/remote.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "core/text.h"
#include "hsm/remote/call_name.h"
#include "hsm/remote/connection.h"
#include "hsm/remote/retired.h"

enum { PATIENCE_S = 90, LONG_PATIENCE_S = 180 };

struct remote *remote_new(const char *path, const struct hosting *hosting, struct ssa_error *err)
{
    struct remote *c = calloc(1, sizeof *c);
    if (c == NULL) {
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a connection");
        return NULL;
    }
    *c = (struct remote){.path = path, .hosting = *hosting, .socket = -1, .process = -1, .output = -1, .passed = -1};
    c->callbacks = c->hosting.callbacks;
    (void)pthread_mutex_init(&c->lock, NULL);
    if (!secret_new(&c->message, MESSAGE_MAX, err))
        remote_free(&c);
    return c;
}

void connection_to(struct remote *c, struct hosted *host, int socket)
{
    c->host = host;
    c->socket = socket;
    c->process = host->process.process;
    c->output = host->output.fd;
}

bool remote_start(struct remote *c, struct ssa_error *err)
{
    if (remote_over(c) == CKR_OK)
        return true;
    retired_look();
    hosted_leave(&c->host);
    struct hosted *host = hosted_start(&c->hosting, err);
    if (host == NULL) {
        c->unstarted = *err;
        return false;
    }
    connection_to(c, host, host->process.socket);
    return true;
}

void connection_end(struct remote *c, CK_RV why)
{
    if (c->host != NULL)
        hosted_end(c->host, why, c->asked, c->callbacks);
}

void remote_stop(struct remote *c)
{
    connection_end(c, CKR_HOST_INTERRUPTED);
}

void remote_retire(struct remote **connection)
{
    struct remote *c = *connection;
    if (remote_over(c) == CKR_OK && retired_take(c->host))
        c->host = NULL;
    remote_free(connection);
}

void remote_free(struct remote **connection)
{
    struct remote *c = *connection;
    *connection = NULL;
    if (c == NULL)
        return;
    if (!c->is_lane)
        remote_stop(c);
    hosted_leave(&c->host);
    secret_free(&c->message);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

CK_RV remote_over(const struct remote *c)
{
    return c->host != NULL ? atomic_load(&c->host->over) : CKR_HOST_GONE;
}

void remote_forgive(struct remote *c)
{
    CK_RV late = CKR_HOST_LATE;
    if (c->host != NULL)
        (void)atomic_compare_exchange_strong(&c->host->over, &late, CKR_HOST_GONE);
}

void remote_go_on(struct remote *c)
{
    c->deaf = true;
}

void remote_on_waiting(struct remote *c, remote_waiting *waiting, void *context)
{
    c->waiting = waiting;
    c->waiting_context = context;
}

void remote_at_pad(struct remote *c)
{
    c->at_pad = true;
}

void remote_is_for(struct remote *c, const char *label)
{
    if (!text_format(c->label, sizeof c->label, "%s", label))
        c->label[0] = '\0';
}

long long remote_patience(const struct remote *c, enum pace pace)
{
    const long long own = 1000LL * c->callbacks->patience;
    const long long most = c->hosting.patience_ms;
    if (most != 0)
        return own != 0 && own < most ? own : most;
    // Somebody who hears of a long call is a person that the token waits for.
    if (pace == SLOW || c->waiting != NULL)
        return own > 1000LL * LONG_PATIENCE_S ? own : 1000LL * LONG_PATIENCE_S;
    return own != 0 ? own : 1000LL * PATIENCE_S;
}

const char *remote_left_out(struct remote *c)
{
    const char *name = c->left_out;
    c->left_out = NULL;
    return name;
}

static void explain_end(const struct remote *c, struct ssa_error *err)
{
    const char *call = call_name(c->host->ended_in);
    const int status = c->host->status;
    char number[32];
    if (status == HELPER_KILLED) {
        error_set(err, SSA_ABSENT, NULL, c->path, "the PKCS#11 module's process closed its connection in %s", call);
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        (void)text_format(number, sizeof number, "signal %d", WTERMSIG(status));
        error_set(err, SSA_ABSENT, name != NULL ? name : number, c->path, "the PKCS#11 module crashed in %s", call);
    } else {
        error_set(err, SSA_ABSENT, NULL, c->path, "the PKCS#11 module ended its process in %s (exit status %d)", call,
                  WEXITSTATUS(status));
    }
}

bool remote_explain(const struct remote *c, CK_RV rv, struct ssa_error *err)
{
    const char *call = call_name(c->host != NULL ? c->host->ended_in : CALL_LOAD);
    switch (rv) {
    case CKR_HOST_GONE:
        if (c->host == NULL && c->unstarted.code == SSA_OK)
            return false;
        if (c->host == NULL) {
            *err = c->unstarted;
            return true;
        }
        explain_end(c, err);
        break;
    case CKR_HOST_LATE:
        error_set(err, SSA_ABSENT, NULL, c->path, "the PKCS#11 module does not answer (%s)", call);
        break;
    case CKR_HOST_INTERRUPTED:
        error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
        return true;
    case CKR_HOST_NONSENSE:
        error_set(err, SSA_ABSENT, NULL, c->path, "the PKCS#11 module's answer to %s makes no sense", call);
        break;
    default:
        return false;
    }
    (void)error_reason(err, SSA_REASON_MODULE_NO_ANSWER, NULL);
    return true;
}
