#include "agent/signer/login.h"

#include "agent/signer/profile.h"
#include "config/profiles.h"
#include "core/callback.h"
#include "core/text.h"
#include "hsm/login/login.h"

enum { CLOSING_MS = 3000 };

static void copy(char out[static LINK_NAME_MAX], const char *text)
{
    text_harmless(out, LINK_NAME_MAX, span_text(text != NULL ? text : ""));
}

// What the settings in use tell.
static void note_names(struct signer_process *p)
{
    const struct ssa_settings *s = p->handle != NULL ? p->handle->run.settings : p->run.settings;
    struct identity identity;
    const bool known = identity_read(s, false, &identity, ERROR_IGNORED);
    copy(p->status.client_id, settings_get(s, SET_CLIENT_ID, NULL));
    copy(p->status.account, known ? identity.account_id : NULL);
    copy(p->status.key_id, known ? identity.key_id : NULL);
}

static enum signer_state closed_state(const struct signer_process *p)
{
    return p->locked || p->status.by_person ? SIGNER_LOCKED : SIGNER_LOST;
}

void login_begin(struct signer_process *p)
{
    p->status.by_person = profile_is_attended(p->settings);
    p->status.state = closed_state(p);
    error_set(&p->why, SSA_ABSENT, NULL, NULL, "the PKCS#11 token was not looked for yet");
    note_names(p);
}

bool login_refuse(struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL, "it is locked");
}

static bool refuse_for_person(struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, NULL, "a person must give the PIN");
}

static void close_handle(struct signer_process *p)
{
    const bool before = p->closing;
    // The module's process logs out, also where the caller is in a hurry.
    p->closing = true;
    ssa_signer_close(p->handle);
    p->handle = NULL;
    ssa_modules_settle(CLOSING_MS, &p->run.callbacks);
    p->closing = before;
}

static void note_open(struct signer_process *p)
{
    const struct token_info *info = token_info(p->handle->at.token);
    copy(p->status.label, info->label);
    copy(p->status.serial, info->serial);
    p->status.by_person = handle_is_attended(p->handle);
    p->status.state = SIGNER_OPEN;
    note_names(p);
}

// Whether no PIN is tried before somebody unlocks it. Of a try that was not answered, its record tells the next login
// whether it may make another one. Where no PIN was sent since another process was using the token, nothing is wrong.
static bool is_refused(const struct signer_process *p, const struct ssa_error *err)
{
    if (p->tried == PIN_UNKNOWN)
        return !p->recorded;
    if (p->tried == PIN_REFUSED)
        return true;
    return err->code == SSA_PIN && err->reason != SSA_REASON_TURN_TOO_LONG && !login_says_no_pin(err);
}

// Nobody is logged in any more.
static void note_closed(struct signer_process *p, struct ssa_error *err)
{
    if (err->code == SSA_PIN && err->reason == SSA_REASON_NOBODY_FOR_PIN) {
        p->needs_person = p->status.by_person = true;
        (void)refuse_for_person(err);
    }
    p->status.state = closed_state(p);
    if (p->status.state == SIGNER_LOST && is_refused(p, err))
        p->status.state = SIGNER_REFUSED;
    p->why = *err;
}

static bool open_handle(struct signer_process *p, struct ssa_error *err)
{
    p->tried = PIN_NOT_TRIED;
    const bool done = handle_open(&p->run, &p->watch, &p->handle, err);
    // The permission is for one try.
    if (p->tried != PIN_NOT_TRIED)
        p->run.pin_retry = false;
    if (done)
        note_open(p);
    else
        close_handle(p);
    return done;
}

bool login_make(struct signer_process *p, struct ssa_error *err)
{
    if (p->handle != NULL)
        return true;
    if (p->locked)
        return login_refuse(err);
    if (p->needs_person)
        return refuse_for_person(err);
    if (p->status.state == SIGNER_REFUSED) {
        *err = p->why;
        return false;
    }
    if (open_handle(p, err))
        return true;
    note_closed(p, err);
    return false;
}

bool login_with_person(struct signer_process *p, struct ssa_error *err)
{
    if (p->handle != NULL)
        close_handle(p);
    const bool open = open_handle(p, err);
    p->locked = p->locked && !open;
    if (!open)
        p->status.state = closed_state(p);
    return open;
}

void login_note_failure(struct signer_process *p, struct ssa_error *err)
{
    const struct ssa_signer *handle = p->handle;
    const bool refused = handle != NULL && handle->refused;
    if (handle == NULL || (handle->ready && !refused && !token_is_over(handle->at.token)))
        return;
    // A PIN that cannot be read again is in the handle, which can log in with it.
    if (!p->status.by_person && !refused && !pin_source_lasts(&handle->at.pin)) {
        p->status.state = SIGNER_LOST;
        p->why = *err;
        return;
    }
    close_handle(p);
    if (p->status.by_person) {
        p->needs_person = true;
        tell(&p->run.callbacks, SSA_WARNING, "PKCS#11 token \"%s\" was lost, so the profile is locked: %s",
             p->status.label, err->what);
        (void)refuse_for_person(err);
    }
    note_closed(p, err);
    // Another login would only lead to the key's own login once more.
    if (refused && p->status.state == SIGNER_LOST)
        p->status.state = SIGNER_REFUSED;
}

bool login_look(struct signer_process *p, struct ssa_error *err)
{
    if (p->handle == NULL)
        return login_make(p, err);
    p->tried = PIN_NOT_TRIED;
    if (!handle_look(p->handle, err)) {
        login_note_failure(p, err);
        return false;
    }
    p->status.state = SIGNER_OPEN;
    return true;
}

void login_lock(struct signer_process *p)
{
    close_handle(p);
    p->locked = true;
    p->status.state = SIGNER_LOCKED;
}

void login_allow(struct signer_process *p)
{
    p->locked = false;
    if (p->handle == NULL)
        p->status.state = closed_state(p);
}

void login_end(struct signer_process *p)
{
    close_handle(p);
    ssa_settings_free(p->settings);
    p->settings = NULL;
}

// Whether the handle could go on with the new profile. Of several profiles, it is not known which one it would use.
static bool follows(struct signer_process *p, const struct ssa_settings *fresh, struct ssa_error *err)
{
    if (settings_profile_count(fresh) != 1 || settings_profile_count(p->settings) != 1)
        return error_set(err, SSA_CONFIG, NULL, NULL, "one of several profiles was replaced");
    return handle_follow(p->handle, fresh, err);
}

static void use(struct signer_process *p, struct ssa_settings *fresh)
{
    ssa_settings_free(p->settings);
    p->settings = fresh;
    p->run.settings = fresh;
    p->fault_told = false;
    if (p->handle == NULL) {
        p->needs_person = false;
        p->status.by_person = profile_is_attended(fresh);
        if (p->status.state != SIGNER_REFUSED)
            p->status.state = closed_state(p);
    }
    note_names(p);
}

void login_follow_profile(struct signer_process *p)
{
    struct ssa_error err = {0};
    if (!settings_profile_changed(p->settings))
        return;
    struct ssa_settings *fresh = profile_read(p->profile, &p->run.callbacks, &err);
    // The usual profile need not be there, but it was.
    if (fresh != NULL && settings_profile_count(fresh) < settings_profile_count(p->settings)) {
        ssa_settings_free(fresh);
        fresh = NULL;
        error_set(&err, SSA_CONFIG, NULL, NULL, "it is gone");
    }
    if (fresh == NULL) {
        if (!p->fault_told)
            tell(&p->run.callbacks, SSA_WARNING,
                 "the profile has changed and cannot be read, so it is used as it was: %s", err.what);
        p->fault_told = true;
        return;
    }
    if (p->handle != NULL && !follows(p, fresh, &err)) {
        tell(&p->run.callbacks, SSA_NOTICE, "the profile was replaced, and a new login is needed: %s", err.what);
        close_handle(p);
    }
    use(p, fresh);
}
