// A profile's signer: how it is, and what follows from that for access tokens and those who wait.
#include "agent/service/service_own.h"
#include "core/boot_clock.h"
#include "core/monotonic.h"

bool profile_is_locked(const struct profile *p)
{
    if (p->locked_by_order)
        return true;
    if (!p->status.known || p->status.state == SIGNER_OPEN)
        return false;
    return p->status.state != SIGNER_LOST || p->status.by_person;
}

void profile_locked_error(const struct profile *p, struct ssa_error *err)
{
    error_because(err, SSA_PIN, SSA_REASON_AGENT_LOCKED, p->status.label[0] != '\0' ? p->status.label : NULL,
                  "the profile \"%s\" is locked", profile_shown(p));
    (void)error_reason(err, SSA_REASON_AGENT_LOCKED, "%s", p->pin_socket);
}

static const char *label_of(const struct profile *p)
{
    return p->status.label[0] != '\0' ? p->status.label : "(not seen yet)";
}

// Says what has become of the PKCS#11 token, once.
static void note_change(struct profile *p, enum signer_state before, bool was_known)
{
    const char *name = profile_shown(p), *label = label_of(p);
    const enum signer_state state = p->status.state;
    if (was_known && before == state)
        return;
    if (state == SIGNER_OPEN)
        profile_note(p, SSA_NOTICE, "profile %s: logged in to PKCS#11 token \"%s\"", name, label);
    else if (state == SIGNER_REFUSED)
        profile_note(p, SSA_WARNING, "profile %s: PKCS#11 token \"%s\" refused the PIN; locked until it is unlocked",
                     name, label);
    else if (state == SIGNER_LOCKED)
        profile_note(p, SSA_NOTICE, "profile %s: locked", name);
    else if (p->status.by_person)
        profile_note(p, SSA_WARNING, "profile %s: PKCS#11 token \"%s\" is gone; locked until a person unlocks it", name,
                     label);
    else
        profile_note(p, SSA_WARNING, "profile %s: PKCS#11 token \"%s\" is gone; waiting until it is back", name, label);
}

void profile_apply(struct profile *p, const struct link_status *status, bool by_worker)
{
    struct service *s = p->service;
    // One that did not answer yet is not locked for that.
    if (!status->known)
        return;
    const bool was_known = p->status.known, was_locked = profile_is_locked(p);
    const enum signer_state before = p->status.state;
    p->status = *status;
    note_change(p, before, was_known);
    // Somebody gave the signer the PIN after it was locked.
    if (by_worker && status->state == SIGNER_OPEN && !p->lock.wanted && p->lock.begun == p->lock.done)
        p->locked_by_order = false;
    const bool locked = profile_is_locked(p);
    if (status->state == SIGNER_OPEN && (!was_known || before != SIGNER_OPEN || was_locked))
        cache_relieve(s->cache, p->index);
    if (was_locked && !locked)
        p->asked_at = boot_ms();
    struct cache_answers answers = {0};
    if (locked && !was_locked) {
        struct ssa_error err;
        profile_locked_error(p, &err);
        p->forget_secret = true;
        cache_forget(s->cache, p->index, &err, &answers);
    }
    service_answer(s, &answers);
}

void profile_signed(struct profile *p, const char *scope, bool done, long long took_ms)
{
    const struct service_config *config = &p->service->config;
    if (config->signed_one != NULL)
        config->signed_one(config->context, profile_shown(p), scope, done, took_ms);
}

void profile_lock_signer(struct profile *p)
{
    // It does not fail, and who cares how the signer is afterwards asks it.
    if (p->link != NULL)
        (void)!link_ask(p->link, LINK_LOCK, monotonic_ms() + LINK_ORDER_MS, NULL, ERROR_IGNORED);
}
