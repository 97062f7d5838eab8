// Asking the host.
#include "hsm/remote/remote.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "hsm/remote/exchange.h"
#include "hsm/remote/output.h"
#include "hsm/remote/process.h"
#include "hsm/remote/retired.h"

enum {
    LOOK_UP_MS = 50,
    WAITING_MS = 1000,
    PATIENCE_S = 90,
    LONG_PATIENCE_S = 180,
    ENDING_MS = 500,
    GRACE_MS = 300,
    SIGNING_GRACE_MS = 1000,
    WRITING_GRACE_MS = 3000,
    TOKEN_LABEL_MAX = 33
};

struct remote {
    const char *path;
    struct hosting hosting;
    const struct ssa_callbacks *callbacks;
    struct helper host;
    pthread_mutex_t lock;  // one call at a time
    struct secret message; // the request, then the answer
    struct module_output output;
    enum call_number asked, ended_in;
    CK_RV over;           // CKR_OK while the host lives, else why it does not
    int status;           // of waitpid, after CKR_HOST_GONE
    const char *left_out; // the function that the module does not have, until that is told
    bool at_pad;          // the PIN of the call is typed at the token's reader
    bool deaf;            // to the person's wish to stop
    remote_waiting *waiting;
    void *waiting_context;
    char label[TOKEN_LABEL_MAX]; // of the token that the calls are about; empty before it is known
};

static const char *const names[CALL_COUNT] = {
    [CALL_LOAD] = "C_GetFunctionList",
    [CALL_INITIALIZE] = "C_Initialize",
    [CALL_FINALIZE] = "C_Finalize",
    [CALL_GET_INFO] = "C_GetInfo",
    [CALL_GET_SLOT_LIST] = "C_GetSlotList",
    [CALL_GET_SLOT_INFO] = "C_GetSlotInfo",
    [CALL_GET_TOKEN_INFO] = "C_GetTokenInfo",
    [CALL_GET_MECHANISM_INFO] = "C_GetMechanismInfo",
    [CALL_OPEN_SESSION] = "C_OpenSession",
    [CALL_CLOSE_SESSION] = "C_CloseSession",
    [CALL_GET_SESSION_INFO] = "C_GetSessionInfo",
    [CALL_LOGIN] = "C_Login",
    [CALL_LOGOUT] = "C_Logout",
    [CALL_CREATE_OBJECT] = "C_CreateObject",
    [CALL_DESTROY_OBJECT] = "C_DestroyObject",
    [CALL_GET_ATTRIBUTE_VALUE] = "C_GetAttributeValue",
    [CALL_SET_ATTRIBUTE_VALUE] = "C_SetAttributeValue",
    [CALL_FIND_OBJECTS_INIT] = "C_FindObjectsInit",
    [CALL_FIND_OBJECTS] = "C_FindObjects",
    [CALL_FIND_OBJECTS_FINAL] = "C_FindObjectsFinal",
    [CALL_SIGN_INIT] = "C_SignInit",
    [CALL_SIGN] = "C_Sign",
    [CALL_GENERATE_KEY_PAIR] = "C_GenerateKeyPair",
    [CALL_UNWRAP_KEY] = "C_UnwrapKey",
};

struct remote *remote_new(const char *path, const struct hosting *hosting, struct ssa_error *err)
{
    struct remote *c = calloc(1, sizeof *c);
    if (c == NULL) {
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a connection");
        return NULL;
    }
    *c = (struct remote){
        .path = path, .hosting = *hosting, .host = {.socket = -1, .process = -1}, .over = CKR_HOST_GONE};
    c->callbacks = c->hosting.callbacks;
    (void)pthread_mutex_init(&c->lock, NULL);
    if (!secret_new(&c->message, MESSAGE_MAX, err) || !module_output_new(&c->output, err))
        remote_free(&c);
    return c;
}

bool remote_start(struct remote *c, struct ssa_error *err)
{
    if (c->over == CKR_OK)
        return true;
    retired_look();
    if (!host_process_start(&c->host, &c->hosting, &c->output.fd, err))
        return false;
    c->over = CKR_OK;
    return true;
}

static void end_now(struct remote *c, CK_RV why)
{
    if (c->over != CKR_OK)
        return;
    c->over = why;
    c->ended_in = c->asked;
    module_output_close(&c->output, c->callbacks);
    // One whose connection is closed is about to end, or else it is made to.
    c->status = helper_end(&c->host, why == CKR_HOST_GONE ? ENDING_MS : 0);
}

void remote_stop(struct remote *c)
{
    end_now(c, CKR_HOST_INTERRUPTED);
}

void remote_post(struct remote *c, const struct writer *request)
{
    c->message.len = request->len;
    if (c->over == CKR_OK && !request->overflow)
        (void)!send(c->host.socket, request->data, request->len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void remote_retire(struct remote **connection)
{
    struct remote *c = *connection;
    if (c->over == CKR_OK && retired_take(&c->host, &c->output))
        c->over = CKR_HOST_GONE;
    remote_free(connection);
}

void remote_free(struct remote **connection)
{
    struct remote *c = *connection;
    *connection = NULL;
    if (c == NULL)
        return;
    remote_stop(c);
    secret_free(&c->message);
    module_output_free(&c->output);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

CK_RV remote_over(const struct remote *c)
{
    return c->over;
}

void remote_forgive(struct remote *c)
{
    if (c->over == CKR_HOST_LATE)
        c->over = CKR_HOST_GONE;
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
    const char *call = names[c->ended_in];
    char number[32];
    if (c->status == HELPER_KILLED) {
        error_set(err, SSA_ABSENT, NULL, c->path, "the PKCS#11 module's process closed its connection in %s", call);
    } else if (WIFSIGNALED(c->status)) {
        const char *name = sigabbrev_np(WTERMSIG(c->status));
        (void)text_format(number, sizeof number, "signal %d", WTERMSIG(c->status));
        error_set(err, SSA_ABSENT, name != NULL ? name : number, c->path, "the PKCS#11 module crashed in %s", call);
    } else {
        error_set(err, SSA_ABSENT, NULL, c->path, "the PKCS#11 module ended its process in %s (exit status %d)", call,
                  WEXITSTATUS(c->status));
    }
}

bool remote_explain(const struct remote *c, CK_RV rv, struct ssa_error *err)
{
    const char *call = names[c->ended_in];
    switch (rv) {
    case CKR_HOST_GONE:
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

// The time that is left until the next thing that has to be done.
static int time_left(long long until, long long waiting_at)
{
    const long long now = monotonic_ms();
    long long left = until - now;
    if (waiting_at > now && waiting_at - now < left)
        left = waiting_at - now;
    return left < 0 ? 0 : left < LOOK_UP_MS ? (int)left : LOOK_UP_MS;
}

// A call that was interrupted may come to its end: above all one that changes something on the token, which
// else would be left half done.
static long long grace(const struct remote *c)
{
    switch (c->asked) {
    case CALL_CREATE_OBJECT:
    case CALL_DESTROY_OBJECT:
    case CALL_SET_ATTRIBUTE_VALUE:
    case CALL_GENERATE_KEY_PAIR:
    case CALL_UNWRAP_KEY:
        return WRITING_GRACE_MS;
    // Then the session can be closed, and the card logged out.
    case CALL_LOGIN:
    case CALL_SIGN:
        return SIGNING_GRACE_MS;
    default:
        return GRACE_MS;
    }
}

static enum ssa_wait awaited(const struct remote *c)
{
    if (c->waiting != NULL)
        return SSA_WAIT_TOUCH;
    if (c->asked == CALL_GENERATE_KEY_PAIR)
        return SSA_WAIT_KEY_PAIR;
    if (c->asked == CALL_LOGIN && c->at_pad)
        return SSA_WAIT_PIN_PAD;
    return c->label[0] != '\0' ? SSA_WAIT_TOKEN : SSA_WAIT_MODULE;
}

static void tell_waiting(const struct remote *c)
{
    const enum ssa_wait what = awaited(c);
    callback_waiting(c->callbacks, what, what == SSA_WAIT_MODULE ? c->path : c->label, -1);
}

// Waits for an answer. The process is looked at, too: a child of the module's may keep the socket open.
static bool answered(struct remote *c, long long until)
{
    bool interrupted = false;
    long long waiting_at = c->waiting != NULL ? monotonic_ms() + WAITING_MS : 0;
    while (c->over == CKR_OK) {
        struct pollfd fds[] = {{.fd = c->host.socket, .events = POLLIN},
                               {.fd = c->host.process, .events = POLLIN},
                               {.fd = c->output.fd, .events = POLLIN}};
        const int ready = poll(fds, COUNT(fds), time_left(until, waiting_at));
        if (ready > 0 && fds[2].revents != 0)
            module_output_hear(&c->output, c->callbacks);
        if (ready > 0 && (fds[0].revents & POLLIN) != 0)
            return true;
        if (ready > 0 && (fds[0].revents != 0 || fds[1].revents != 0))
            end_now(c, CKR_HOST_GONE);
        else if (monotonic_ms() >= until)
            end_now(c, interrupted ? CKR_HOST_INTERRUPTED : CKR_HOST_LATE);
        else if (!interrupted && !c->deaf && callback_interrupted(c->callbacks)) {
            interrupted = true;
            const long long end = monotonic_ms() + grace(c);
            until = end < until ? end : until;
        } else if (waiting_at != 0 && monotonic_ms() >= waiting_at) {
            waiting_at = 0;
            c->waiting(c->waiting_context);
        }
        if (ready == 0 && c->over == CKR_OK)
            tell_waiting(c);
    }
    return false;
}

struct writer remote_begin(struct remote *c, enum call_number number)
{
    (void)pthread_mutex_lock(&c->lock);
    struct writer w = {.data = c->message.data, .capacity = c->message.capacity};
    put_number(&w, number);
    c->asked = number;
    c->at_pad = false;
    return w;
}

static CK_RV read_head(struct remote *c, struct reader *answer)
{
    const uint64_t kind = get_number(answer, ANSWER_KINDS - 1);
    const CK_RV rv = get_number(answer, UINT64_MAX);
    const bool lacks = kind == ANSWER_LACKS;
    if (answer->bad || kind == ANSWER_REFUSED || (rv >= CKR_HOST_GONE && rv <= CKR_HOST_NONSENSE) ||
        (lacks && rv != CKR_FUNCTION_NOT_SUPPORTED))
        return remote_nonsense(c);
    c->left_out = lacks ? names[c->asked] : c->left_out;
    return rv;
}

// Sends the request. What comes before it is asked for is no answer to it.
static void send_request(struct remote *c, const struct writer *request)
{
    struct pollfd fd = {.fd = c->host.socket, .events = POLLIN};
    if (poll(&fd, 1, 0) > 0 && (fd.revents & (POLLIN | POLLHUP)) == POLLIN)
        end_now(c, CKR_HOST_NONSENSE);
    // There is room, since nothing else is under way.
    else if (send(c->host.socket, request->data, request->len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)request->len)
        end_now(c, CKR_HOST_GONE);
}

CK_RV remote_send(struct remote *c, const struct writer *request)
{
    if (c->over != CKR_OK || request->overflow)
        return c->over != CKR_OK ? c->over : CKR_ARGUMENTS_BAD;
    c->message.len = request->len;
    send_request(c, request);
    return c->over;
}

CK_RV remote_answer(struct remote *c, long long most_ms, struct reader *answer)
{
    *answer = (struct reader){.bad = true};
    if (!answered(c, monotonic_ms() + most_ms))
        return c->over;
    secret_wipe(c->message.data, c->message.len);
    const ssize_t got = recv(c->host.socket, c->message.data, c->message.capacity, MSG_TRUNC | MSG_DONTWAIT);
    c->message.len = got > 0 && (size_t)got <= c->message.capacity ? (size_t)got : 0;
    if (c->message.len == 0) {
        // One that ended before it had read the request has reset the connection.
        end_now(c, got <= 0 ? CKR_HOST_GONE : CKR_HOST_NONSENSE);
        return c->over;
    }
    *answer = (struct reader){.data = c->message.data, .len = c->message.len};
    return read_head(c, answer);
}

CK_RV remote_ask(struct remote *c, const struct writer *request, long long most_ms, struct reader *answer)
{
    const CK_RV rv = remote_send(c, request);
    if (rv == CKR_OK)
        return remote_answer(c, most_ms, answer);
    *answer = (struct reader){.bad = true};
    return rv;
}

CK_RV remote_nonsense(struct remote *c)
{
    end_now(c, CKR_HOST_NONSENSE);
    return c->over;
}

void remote_end(struct remote *c)
{
    secret_wipe(c->message.data, c->message.len);
    c->message.len = 0;
    (void)pthread_mutex_unlock(&c->lock);
}
