// Opening and closing a signer, and who may use it.
#include "signer/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/profiles.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "hsm/key/key_find.h"
#include "hsm/key/public.h"
#include "hsm/login/login.h"
#include "hsm/module/settle.h"
#include "pin/turn.h"
#include "signer/failover.h"

enum { CLOSING_MS = 3000 };

bool failure_is_shared(const struct shared_failure *failure, long long since)
{
    return failure->at > since;
}

void handle_keep(struct ssa_signer *signer)
{
    (void)atomic_fetch_add(&signer->users, 1);
}

void handle_drop(struct ssa_signer *signer)
{
    if (atomic_fetch_sub(&signer->users, 1) > 1)
        return;
    lanes_destroy(&signer->lanes);
    (void)pthread_mutex_destroy(&signer->fetching);
    (void)pthread_mutex_destroy(&signer->keeping);
    free(signer);
}

bool handle_check(const struct ssa_signer *signer, struct ssa_error *err)
{
    if (signer == NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "there is no signer");
    // A mutex may be locked in the child for ever: so this comes first.
    if (signer->process != getpid()) {
        error_set(err, SSA_USAGE, NULL, NULL, "this signer was opened by another process, which has forked this one");
        return error_hint(err, "A child process opens a signer of its own.");
    }
    if (!callback_running())
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "a signer cannot be used from a callback of the library");
    return error_hint(err, "Let the call that is under way return first.");
}

bool handle_enter(struct ssa_signer *signer, struct handle_use *use, struct ssa_error *err)
{
    const long long since = monotonic_ms();
    *use = (struct handle_use){.signer = NULL};
    if (!handle_check(signer, err))
        return false;
    lanes_take_first(&signer->lanes);
    return handle_enter_first(signer, since, use, err);
}

bool handle_enter_first(struct ssa_signer *signer, long long since, struct handle_use *use, struct ssa_error *err)
{
    *use = (struct handle_use){.since = since};
    if (signer->closed) {
        lanes_leave_first(&signer->lanes);
        return error_set(err, SSA_USAGE, NULL, NULL, "this signer is closed");
    }
    use->signer = signer;
    use->before = module_scope_enter(&signer->scope);
    token_forgive(signer->at.token);
    return turns_resume(&signer->run, err);
}

void handle_leave(struct handle_use *use)
{
    if (use->signer == NULL)
        return;
    // Other processes may use the token between two calls.
    turns_pause();
    (void)module_scope_enter(use->before);
    lanes_leave_first(&use->signer->lanes);
}

void handle_drop_pin(struct ssa_signer *signer)
{
    const struct token *token = signer->at.token;
    if (!signer->key.login_each_time && !login_ends_often(token) && pin_source_lasts(&signer->at.pin))
        login_forget_pin(signer->at.token);
}

static void close_token(struct ssa_signer *signer)
{
    open_token_close(&signer->at);
    settings_view_end(&signer->view);
}

static bool open_with(struct ssa_signer *signer, struct pin_tries *pins, struct ssa_error *err)
{
    const struct ssa_run *run = &signer->run;
    struct identity identity;
    signer->at = (struct open_token){.pin = {.tries = pins}, .threads = true};
    if (!identity_read(run->settings, true, &identity, err))
        return false;
    if (!open_token_prepare(run, identity.private_key, &signer->at, err))
        return false;
    signer->at.pin.watch = signer->watch;
    if (!open_token_find(run, &signer->at, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "token: %s", token_info(signer->at.token)->uri);
    if (!open_token_login(&signer->at, false, err))
        return false;
    return key_find(signer->at.token, signer->at.uri, &signer->key, err);
}

// *run belongs to the try with one profile. What the token borrows must live on.
static bool open_once(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err)
{
    struct ssa_signer *signer = context;
    signer->view = settings_view(run->settings);
    if (signer->view == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
    signer->run = *run;
    signer->run.settings = signer->view;
    if (open_with(signer, pins, err)) {
        // From now on it is no first try, and no other token counts.
        signer->at.pin.tries = NULL;
        signer->at.pin.retry = signer->run.pin_retry = false;
        return true;
    }
    close_token(signer);
    return false;
}

static struct ssa_signer *signer_new(struct ssa_error *err)
{
    struct ssa_signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL) {
        (void)error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a signer");
        return NULL;
    }
    signer->process = getpid();
    atomic_init(&signer->users, 1);
    lanes_init(&signer->lanes);
    (void)pthread_mutex_init(&signer->fetching, NULL);
    (void)pthread_mutex_init(&signer->keeping, NULL);
    return signer;
}

bool handle_open(const struct ssa_run *run, const struct pin_watch *watch, struct ssa_signer **opened,
                 struct ssa_error *err)
{
    SECRET_AUTO probe = {0};
    *opened = NULL;
    if (!settings_check_process(run->settings, err))
        return false;
    // Warns once where memory cannot be locked.
    if (!assertion_new(run, &probe, err))
        return false;
    struct ssa_signer *signer = signer_new(err);
    if (signer == NULL)
        return false;
    signer->watch = watch;
    struct module_scope *before = module_scope_enter(&signer->scope);
    bool done = with_failover(run, open_once, signer, err);
    if (done && !callback_go_on(&run->callbacks, err)) {
        close_token(signer);
        done = false;
    }
    signer->ready = done;
    if (done)
        handle_drop_pin(signer);
    turns_pause();
    (void)module_scope_enter(before);
    if (done) {
        *opened = signer;
        return true;
    }
    handle_drop(signer);
    return false;
}

void ssa_signer_close(struct ssa_signer *signer)
{
    // The parent's memory, session and process are not the child's to end.
    if (signer == NULL || signer->process != getpid())
        return;
    const struct ssa_callbacks callbacks = signer->run.callbacks;
    (void)pthread_mutex_lock(&signer->fetching);
    lanes_take_first(&signer->lanes);
    struct module_scope *before = module_scope_enter(&signer->scope);
    signer->closed = true;
    lanes_close(&signer->lanes);
    close_token(signer);
    client_secret_free(&signer->secret);
    secret_free(&signer->kept.text);
    (void)module_scope_enter(before);
    lanes_leave_first(&signer->lanes);
    (void)pthread_mutex_unlock(&signer->fetching);
    module_settle(CLOSING_MS, &callbacks);
    handle_drop(signer);
}
