/* Decides what happens at a call: which rules match, and what they do before and after it. */
#include "behave.h"
#include "sessions.h"
#include "state.h"
#include "wrapped.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEATH_MS = 5000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* CKR_OK while the token is there; else what calls on a session get. */
static _Atomic CK_RV lost = CKR_OK;
static atomic_bool was_absent;

static void take(void)
{
    pthread_mutex_lock(&lock);
}
static void give(void)
{
    pthread_mutex_unlock(&lock);
}

void act_setup(void)
{
    pthread_atfork(take, give, give);
}

const CK_ATTRIBUTE *call_attribute(const struct call *call, CK_ATTRIBUTE_TYPE type)
{
    if (call->attributes == NULL)
        return NULL;
    for (CK_ULONG i = 0; i < call->attribute_count; i++)
        if (call->attributes[i].type == type)
            return &call->attributes[i];
    return NULL;
}

/* A class that a template names, or that the object has: asking the wrapped module, so only if a rule wants
 * it. */
static void learn_class(struct call *call)
{
    if (call->object_class.given)
        return;
    if (call->object != NULL && call->session != NULL) {
        call->object_class.given = object_class(*call->session, *call->object, &call->object_class.number);
        return;
    }
    const CK_ATTRIBUTE *class = call_attribute(call, CKA_CLASS);
    if (class != NULL && class->pValue != NULL && class->ulValueLen == sizeof(CK_OBJECT_CLASS)) {
        memcpy(&call->object_class.number, class->pValue, sizeof(CK_OBJECT_CLASS));
        call->object_class.given = true;
    }
}

static bool is_about(const struct rule *rule, const struct call *call)
{
    return rule->call == ANY_CALL || rule->call == call->id;
}

static bool equals(const struct optional *wanted, const CK_ULONG *number)
{
    return !wanted->given || (number != NULL && *number == wanted->number);
}

static bool matches(const struct filter *filter, const struct call *call, bool lacks_certificate)
{
    const CK_ULONG *class = call->object_class.given ? &call->object_class.number : NULL;
    const CK_ULONG *mechanism = call->mechanism != NULL ? &call->mechanism->mechanism : call->mechanism_type;
    if (!equals(&filter->object_class, class) || !equals(&filter->user, call->user) ||
        !equals(&filter->mechanism, mechanism))
        return false;
    if (filter->attribute.given && call_attribute(call, filter->attribute.number) == NULL)
        return false;
    if (filter->lacking.given && (call->attributes == NULL || call_attribute(call, filter->lacking.number) != NULL))
        return false;
    if (filter->pin == PIN_NULL && (call->user == NULL || call->pin != NULL))
        return false;
    if (filter->pin == PIN_EMPTY && (call->pin == NULL || call->pin_length != 0))
        return false;
    return !filter->without_certificate || lacks_certificate;
}

static unsigned long count_one(struct rule *rule)
{
    char key[32];
    snprintf(key, sizeof(key), "rule:%u", rule->line);
    if (script.count_across_processes)
        return state_counter(key, STATE_ADD);
    /* Whatever the number is. */
    if (rule->first == 1 && rule->last == ULONG_MAX)
        return 1;
    return state_of_program(key, STATE_ADD);
}

static void fire(struct call *call, const struct rule *rule)
{
    if (call->line_count < MAX_FIRED)
        call->lines[call->line_count++] = rule->line;
    for (size_t i = 0; i < rule->action_count && call->fired_count < MAX_FIRED; i++)
        call->fired[call->fired_count++] = &rule->actions[i];
}

static void match_rules(struct call *call)
{
    bool want_certificate = false;
    for (size_t i = 0; i < script.rule_count; i++) {
        const struct rule *rule = &script.rules[i];
        if (!is_about(rule, call))
            continue;
        if (rule->filter.object_class.given)
            learn_class(call);
        want_certificate |= rule->filter.without_certificate;
    }
    /* Asked before the lock is taken, which is not held while the wrapped module runs. */
    bool lacks = want_certificate && call->object != NULL && call->session != NULL &&
                 object_lacks_certificate(*call->session, *call->object);
    take();
    for (size_t i = 0; i < script.rule_count; i++) {
        struct rule *rule = &script.rules[i];
        if (!is_about(rule, call) || !matches(&rule->filter, call, lacks))
            continue;
        unsigned long number = count_one(rule);
        if (number >= rule->first && number <= rule->last)
            fire(call, rule);
    }
    give();
}

static void sleep_ms(unsigned int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        perror("ssa-hsm-shim: touch");
    else
        close(fd);
}

static void corrupt(const struct call *call)
{
    /* The lowest bit of the last byte: an RSA signature stays below the modulus. */
    if (call->rv == CKR_OK && call->signature != NULL && call->out != NULL && *call->out > 0)
        call->signature[*call->out - 1] ^= 1;
}

static void kill_program(const struct call *call, const struct action *action)
{
    char what[32];
    snprintf(what, sizeof(what), "SIG%s-%s", sigabbrev_np(action->signal), action->after ? "after" : "before");
    /* Logged first: SIGKILL leaves no second chance. */
    log_call(call, what);
    const pid_t program = state_program();
    const bool own = action->own || program == getpid();
    /* On a busy machine, another thread would come to take it only after some more calls. */
    if (own)
        raise(action->signal);
    else
        kill(program, action->signal);
    for (int ms = 0; !own && action->signal == SIGKILL && getppid() == program && ms < DEATH_MS; ms += 10)
        sleep_ms(10);
    /* The module's process ends with its program. One that is blocked or handled does not hold the call up for ever. */
    sleep_ms(100);
}

/* True if the action gives the call its result. */
static bool perform(struct call *call, const struct action *action)
{
    switch (action->kind) {
    case ACT_RETURN:
        call->rv = action->rv;
        return true;
    case ACT_SLEEP:
        sleep_ms(action->ms);
        break;
    case ACT_KILL:
        kill_program(call, action);
        break;
    case ACT_SIGNAL:
        kill(state_program(), action->signal);
        break;
    case ACT_REMOVE:
        lost = action->rv;
        (void)state_of_program("lost", STATE_ADD);
        break;
    case ACT_INSERT:
        (void)state_of_program("lost", STATE_CLEAR);
        if (atomic_exchange(&lost, CKR_OK) != CKR_OK)
            wrapped_close_everything();
        break;
    case ACT_CORRUPT:
        corrupt(call);
        break;
    case ACT_BLIND:
        if (call->rv == CKR_OK && call->out != NULL)
            *call->out = 0;
        break;
    case ACT_CLAIM:
        if (call->rv == CKR_OK && call->out != NULL)
            *call->out = action->count;
        break;
    case ACT_TOUCH:
        touch(action->path);
        break;
    case ACT_WAIT:
        while (access(action->path, F_OK) != 0)
            sleep_ms(2);
        break;
    }
    return false;
}

/* The file says whether the card is in the reader; put back, it has no sessions any more. */
static bool absent_by_file(void)
{
    if (!script.absent_while.given)
        return false;
    bool absent = access(script.absent_while.at, F_OK) == 0;
    if (atomic_exchange(&was_absent, absent) && !absent)
        wrapped_close_everything();
    return absent;
}

/* A token that was pulled out is not back because another process looks for it. */
static void inherit_loss(void)
{
    static atomic_bool known;
    if (!atomic_exchange(&known, true) && state_is_hosted() && state_of_program("lost", STATE_READ) > 0)
        lost = CKR_DEVICE_REMOVED;
}

bool act_token_lost(void)
{
    inherit_loss();
    return lost != CKR_OK || absent_by_file();
}

/* What follows from a lost token or a hidden mechanism, for all functions alike. */
static bool is_refused(struct call *call)
{
    bool on_token = call->slot != NULL && call->id != ID_C_GetSlotInfo;
    if ((on_token || call->session != NULL) && act_token_lost()) {
        CK_RV rv = lost;
        if (call->session == NULL)
            call->rv = CKR_TOKEN_NOT_PRESENT;
        else
            call->rv = rv != CKR_OK ? rv : CKR_DEVICE_REMOVED;
        return true;
    }
    const CK_MECHANISM_TYPE *type = call->mechanism != NULL ? &call->mechanism->mechanism : call->mechanism_type;
    if (type == NULL || !mechanism_is_hidden(*type))
        return false;
    call->rv = CKR_MECHANISM_INVALID;
    return true;
}

bool act_before(struct call *call)
{
    clock_gettime(CLOCK_MONOTONIC, &call->start);
    call->rv = CKR_GENERAL_ERROR;
    match_rules(call);
    for (size_t i = 0; i < call->fired_count; i++)
        if (!call->fired[i]->after && perform(call, call->fired[i]))
            return false;
    return !is_refused(call);
}

CK_RV act_after(struct call *call)
{
    for (size_t i = 0; i < call->fired_count; i++)
        if (call->fired[i]->after)
            (void)perform(call, call->fired[i]);
    log_call(call, NULL);
    return call->rv;
}
