#include "pin/policy.h"

#include <sys/stat.h>

#include "config/secret_source.h"
#include "core/callback.h"
#include "core/text.h"
#include "pin/person.h"
#include "pin/turn.h"

// RFC 7512 section 2.4 expects a path or a file URI in a pin-source. This program expects one of its references.
static bool from_uri(const struct uri *uri, const char **source, struct ssa_error *err)
{
    const char *given = uri == NULL ? NULL : uri_pin_source(uri);
    if (given == NULL || reference_kind(given) != REFERENCE_NONE) {
        *source = given;
        return true;
    }
    error_set(err, SSA_CONFIG, NULL, NULL,
              "the PKCS#11 URI's pin-source is not one of file:PATH, env:NAME, fd:N and credential:NAME");
    return error_hint(err, "Write a path as file:PATH.");
}

// The tries that were made for the command before are counted on.
static struct pin_policy policy_of(const struct ssa_run *run, struct pin_tries *tries)
{
    return (struct pin_policy){.run = run, .retry = run->pin_retry, .tries = tries, .attempt = {.file = {.fd = -1}}};
}

bool pin_policy_of_secret(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                          struct ssa_error *err)
{
    *policy = policy_of(run, policy->tries);
    return uri_pin_source(uri) != NULL ? from_uri(uri, &policy->source, err) : pin_policy_init(policy, run, uri, err);
}

bool pin_policy_init(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri, struct ssa_error *err)
{
    *policy = policy_of(run, policy->tries);
    policy->source = settings_get(run->settings, SET_PIN_SOURCE, NULL);
    if (policy->source == NULL)
        return from_uri(uri, &policy->source, err);
    if (reference_kind(policy->source) != REFERENCE_NONE)
        return true;
    // The text is not shown, since some people write the PIN itself there.
    error_set(err, SSA_CONFIG, NULL, setting_name(SET_PIN_SOURCE),
              "is not one of file:PATH, env:NAME, fd:N, credential:NAME and pinentry");
    return error_hint(err, "It says where the PIN is. The PIN itself is never given in a setting or an argument.");
}

bool pin_attended(const struct pin_policy *policy, const struct token_info *info)
{
    return policy->source == NULL || info->pin_pad || reference_kind(policy->source) == REFERENCE_PINENTRY;
}

static bool may_ask(const struct pin_policy *policy, const struct token_info *info, struct ssa_error *err)
{
    return policy->watch == NULL || policy->watch->may_ask(policy->watch->context) ||
           error_because(err, SSA_PIN, SSA_REASON_NOBODY_FOR_PIN, info->uri, "a person must give the PIN");
}

// Writes what tells a PIN file from a changed one. Other sources have no identity: a credential's file is new at each
// start of its unit, with the same PIN, and a variable has nothing to compare.
static void identity_of(const char *source, char out[static PIN_RECORD_MAX])
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    out[0] = '\0';
    if (reference_kind(source) != REFERENCE_FILE || !reference_path(source, path, ERROR_IGNORED) ||
        stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return;
    if (!text_format(out, PIN_RECORD_MAX, "%s %ju %ju %jd.%09ld", path, (uintmax_t)about.st_ino,
                     (uintmax_t)about.st_size, (intmax_t)about.st_mtim.tv_sec, about.st_mtim.tv_nsec))
        out[0] = '\0';
    // It must be one line of the record.
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
}

// Records the try, or refuses it.
static bool begin_try(struct pin_policy *policy, const struct token_info *info, struct ssa_error *err)
{
    char identity[PIN_RECORD_MAX];
    identity_of(policy->source, identity);
    return pin_attempt_begin(&policy->attempt, info, identity, policy->retry, &policy->run->callbacks, err);
}

static bool give_known(const struct pin_policy *policy, struct secret *pin, struct ssa_error *err)
{
    return secret_append(pin, secret_span(policy->known)) ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the PIN does not fit its buffer");
}

// A person gave it, and is not asked again.
static bool give_known_of_person(const struct pin_policy *policy, const struct token_info *info, struct secret *pin,
                                 struct ssa_error *err)
{
    const bool settled = info->pin_low_at_once && pin_level(info) == 0;
    if (policy->unanswered >= PIN_UNANSWERED_MAX && !settled)
        return error_set(err, SSA_PIN, NULL, info->uri,
                         "the last tries with this PIN were not answered, so it is not tried again");
    return !pin_is_last_try(info) ? give_known(policy, pin, err) : pin_refuse_last_try(SSA_PIN, info, err);
}

// Without a person, the last try is not made.
static bool is_not_last_try(const struct token_info *info, struct ssa_error *err)
{
    if (!pin_is_last_try(info))
        return true;
    const bool unanswered = !info->pin_final_try && pin_attempts_unanswered(info) > 0;
    pin_refuse_last_try(SSA_PIN, info, err);
    return error_reason(err, unanswered ? SSA_REASON_PIN_LAST_UNANSWERED : SSA_REASON_PIN_LAST_TRY, NULL);
}

static bool give_unattended(struct pin_policy *policy, const struct token_info *info, struct secret *pin,
                            struct ssa_error *err)
{
    const bool may = is_not_last_try(info, err);
    const bool read = may && (policy->known != NULL ? give_known(policy, pin, err)
                                                    : secret_source_read(policy->source, setting_name(SET_PIN_SOURCE),
                                                                         policy->run, pin, err));
    return read && begin_try(policy, info, err);
}

bool pin_would_be_tried(const struct pin_policy *policy, const struct token_info *info, struct ssa_error *err)
{
    char identity[PIN_RECORD_MAX];
    identity_of(policy->source, identity);
    return is_not_last_try(info, err) &&
           pin_attempt_is_allowed(info, identity, policy->retry, &policy->run->callbacks, err);
}

// Finds a token among those whose try was spent; NULL where it is not one of them.
static struct token_name *find_spent(const struct pin_policy *policy, const struct token_info *info)
{
    for (size_t i = 0; policy->tries != NULL && i < policy->tries->count; i++)
        if (memcmp(&policy->tries->spent[i], &info->name, sizeof info->name) == 0)
            return &policy->tries->spent[i];
    return NULL;
}

static void remember_spent(struct pin_policy *policy, const struct token_info *info)
{
    struct pin_tries *tries = policy->tries;
    if (tries != NULL && tries->count < COUNT(tries->spent) && find_spent(policy, info) == NULL)
        tries->spent[tries->count++] = info->name;
}

static void forget_spent(struct pin_policy *policy, const struct token_info *info)
{
    struct token_name *spent = find_spent(policy, info);
    if (spent != NULL)
        *spent = policy->tries->spent[--policy->tries->count];
}

static void tell_begin(const struct pin_policy *policy)
{
    if (policy->watch != NULL)
        policy->watch->begins(policy->watch->context, policy->attempt.file.fd >= 0);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

// A blank may belong to a PIN. Mostly it was copied with it.
static bool has_edge_blank(const struct secret *pin)
{
    return pin != NULL && pin->len > 0 && (is_blank(pin->data[0]) || is_blank(pin->data[pin->len - 1]));
}

static bool give(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err)
{
    struct pin_policy *policy = context;
    // Two profiles of a run may name one token. It gets only one try, whatever the record says.
    if (find_spent(policy, info) != NULL)
        return error_set(err, SSA_TOKEN, NULL, info->uri,
                         "a login to this token failed just now, so its PIN is not tried again");
    policy->level = pin_level(info);
    bool given = false;
    if (!pin_attended(policy, info))
        given = give_unattended(policy, info, pin, err);
    else if (policy->known != NULL && pin != NULL)
        given = give_known_of_person(policy, info, pin, err);
    else
        given = may_ask(policy, info, err) && pin_ask_person(policy->run, policy->source, info, pin, err);
    if (!given)
        return false;
    policy->edge_blank = has_edge_blank(pin);
    if (!callback_go_on(&policy->run->callbacks, err)) {
        pin_attempt_end(&policy->attempt, PIN_NOT_TRIED);
        return false;
    }
    if (policy->given != NULL)
        policy->given(policy->context);
    tell_begin(policy);
    return true;
}

// The same PIN may be tried once more where no flag has come up since. policy->retry is for one try only.
static bool again(void *context, const struct token_info *info)
{
    struct pin_policy *policy = context;
    if (callback_interrupted(&policy->run->callbacks) || pin_level(info) > policy->level || pin_is_last_try(info))
        return false;
    policy->retry = false;
    if (!pin_attended(policy, info) && !begin_try(policy, info, ERROR_IGNORED))
        return false;
    tell_begin(policy);
    return true;
}

// Counts a wrong PIN on a token that locks without a warning. An unanswered try that has a record is counted by that
// record.
static void count_try(const struct pin_policy *policy, const struct token_info *info, bool recorded,
                      enum pin_outcome what)
{
    const unsigned before = recorded && policy->attempt.follows ? policy->attempt.before.unanswered : 0;
    if (what == PIN_REFUSED)
        pin_attempts_add(info, before + 1);
    else if (!recorded)
        pin_attempts_add(info, 1);
}

// Remembers a try that the token may count as wrong. A signature's own login was not recorded before.
static void note_spent(struct pin_policy *policy, const struct token_info *info, enum pin_outcome what)
{
    bool recorded = policy->attempt.file.fd >= 0;
    remember_spent(policy, info);
    if (!recorded && !pin_attended(policy, info)) {
        char identity[PIN_RECORD_MAX];
        identity_of(policy->source, identity);
        recorded =
            pin_attempt_record(info, identity, what, policy->attempt.follows ? policy->attempt.before.unanswered : 0);
    }
    count_try(policy, info, recorded, what);
    policy->unanswered += !recorded && what == PIN_UNKNOWN;
}

// Whoever typed a PIN that was refused may say yes to typing another one. A PIN that came from a source is not tried
// again. Where one more wrong PIN would lock the token, give asks that very question.
static bool retype(void *context, const struct token_info *info)
{
    struct pin_policy *policy = context;
    const struct ssa_callbacks *callbacks = &policy->run->callbacks;
    if (!pin_attended(policy, info) || callback_interrupted(callbacks))
        return false;
    if (info->pin_locked) {
        tell(callbacks, SSA_WARNING, "token \"%s\" refused the PIN, which is locked now", info->label);
        return false;
    }
    turns_pause();
    if (pin_is_last_try(info))
        tell(callbacks, SSA_WARNING, "token \"%s\" refused the PIN", info->label);
    else if (!callback_confirms(callbacks, "Token \"%s\" refused the PIN, and a few wrong ones lock it. Type it again?",
                                info->label))
        return false;
    forget_spent(policy, info);
    return turns_resume(policy->run, ERROR_IGNORED);
}

static void outcome(void *context, const struct token_info *info, enum pin_outcome what)
{
    struct pin_policy *policy = context;
    if (what == PIN_REFUSED || what == PIN_UNKNOWN)
        note_spent(policy, info, what);
    if (what == PIN_REFUSED && policy->edge_blank)
        tell(&policy->run->callbacks, SSA_WARNING, "the PIN that was tried begins or ends with a blank");
    pin_attempt_end(&policy->attempt, what);
    if (policy->watch != NULL)
        policy->watch->ended(policy->watch->context, what);
    if (what == PIN_ACCEPTED) {
        policy->unanswered = 0;
        forget_spent(policy, info);
        pin_attempts_forget(info, policy->attempt.kept);
    }
}

bool pin_source_lasts(const struct pin_policy *policy)
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    if (policy->source == NULL)
        return true;
    switch (reference_kind(policy->source)) {
    case REFERENCE_FILE:
        return reference_path(policy->source, path, ERROR_IGNORED) && stat(path, &about) == 0 && S_ISREG(about.st_mode);
    case REFERENCE_CREDENTIAL:
    case REFERENCE_ENV:
    case REFERENCE_PINENTRY:
        return true;
    default:
        return false;
    }
}

static void waiting(void *context, const struct token_info *info)
{
    const struct pin_policy *policy = context;
    // Somebody who is shown what is waited for has seen it already.
    if (policy->run->callbacks.waiting != NULL)
        return;
    tell(&policy->run->callbacks, SSA_NOTICE, "this takes long: if token \"%s\" blinks, touch it", info->label);
}

static void pad_again(void *context, const struct token_info *info)
{
    const struct pin_policy *policy = context;
    tell(&policy->run->callbacks, SSA_NOTICE, "type the PIN of token \"%s\" at its reader once more", info->label);
}

struct pin_giver pin_giver_of(struct pin_policy *policy)
{
    return (struct pin_giver){.context = policy,
                              .give = give,
                              .outcome = outcome,
                              .again = again,
                              .retype = retype,
                              .waiting = waiting,
                              .pad_again = pad_again};
}
