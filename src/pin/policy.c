// Where the PIN comes from, and whether it may be tried.
#include "pin/policy.h"

#include <stdio.h>
#include <sys/stat.h>

#include "config/secret_source.h"
#include "core/tell.h"
#include "core/text.h"
#include "pin/pinentry.h"
#include "pin/turn.h"

// RFC 7512 section 2.4: a pin-source is a path or a file URI; ours are taken there too.
static bool from_uri(const struct uri *uri, const char **source, struct ssa_error *err)
{
    const char *given = uri == NULL ? NULL : uri_pin_source(uri);
    if (given == NULL || reference_kind(given) != REFERENCE_NONE) {
        *source = given;
        return true;
    }
    error_set(err, SSA_CONFIG, NULL, NULL,
              "the PKCS#11 URI's pin-source is none of file:PATH, env:NAME, fd:N and "
              "credential:NAME");
    return error_hint(err, "A path is written file:PATH.");
}

static struct pin_policy policy_of(const struct ssa_run *run)
{
    return (struct pin_policy){.run = run, .retry = run->pin_retry, .state = {.fd = -1}};
}

bool pin_policy_of_secret(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                          struct ssa_error *err)
{
    *policy = policy_of(run);
    return uri_pin_source(uri) != NULL ? from_uri(uri, &policy->source, err)
                                       : pin_policy_init(policy, run, uri, err);
}

bool pin_policy_init(struct pin_policy *policy, const struct ssa_run *run, const struct uri *uri,
                     struct ssa_error *err)
{
    *policy = policy_of(run);
    policy->source = settings_get(run->settings, SET_PIN_SOURCE, NULL);
    if (policy->source == NULL)
        return from_uri(uri, &policy->source, err);
    if (reference_kind(policy->source) != REFERENCE_NONE)
        return true;
    // Not repeated: people put the PIN itself there.
    error_set(err, SSA_CONFIG, NULL, setting_name(SET_PIN_SOURCE),
              "is none of file:PATH, env:NAME, fd:N, credential:NAME and pinentry");
    return error_hint(err,
                      "It says where the PIN is; the PIN itself is never given in a setting or an argument.");
}

bool pin_attended(const struct pin_policy *policy, const struct token_info *info)
{
    return policy->source == NULL || info->pin_pad || reference_kind(policy->source) == REFERENCE_PINENTRY;
}

// What tells one PIN file from its successor. A credential is made anew at each start of its unit, with the
// same PIN in it, and a variable has nothing to go by.
static void identity_of(const char *source, char *out, size_t capacity)
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    out[0] = '\0';
    if (reference_kind(source) != REFERENCE_FILE || !reference_path(source, path, NULL) ||
        stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return;
    if (!text_format(out, capacity, "%s %ju %ju %jd.%09ld", path, (uintmax_t)about.st_ino,
                     (uintmax_t)about.st_size, (intmax_t)about.st_mtim.tv_sec, about.st_mtim.tv_nsec))
        out[0] = '\0';
    // The record has a line for it.
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
}

static bool cancelled(const struct token_info *info, struct ssa_error *err)
{
    if (info->pin_final_try)
        return error_set(err, SSA_PIN, "CKF_USER_PIN_FINAL_TRY", info->uri,
                         "not tried: one more wrong PIN locks it");
    return error_set(err, SSA_PIN, NULL, info->uri,
                     "not tried: by the wrong PINs counted here, and the tries that were not answered, one "
                     "more locks it");
}

static bool ask_by_pinentry(const struct pin_policy *policy, const struct token_info *info,
                            struct secret *pin, struct ssa_error *err)
{
    const char *colon = strchr(policy->source, ':');
    char description[SSA_ERROR_TEXT_MAX];
    (void)text_format(description, sizeof description, "Token \"%s\"\n%s, serial %s%s", info->label,
                      info->model, info->serial,
                      info->pin_count_low ? "\nA wrong PIN has been tried since the last right one." : "");
    return pinentry_ask(colon == NULL ? "pinentry" : colon + 1, description, "PIN:", &policy->run->callbacks,
                        pin, err);
}

// By the token's flags, or by what we know of it and have counted ourselves.
static bool last_try(const struct token_info *info)
{
    return info->pin_final_try || (info->pin_tries > 0 && pin_attempts_count(info) + 1 >= info->pin_tries);
}

static bool ask_person(const struct pin_policy *policy, const struct token_info *info, struct secret *pin,
                       struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &policy->run->callbacks;
    char text[SSA_ERROR_TEXT_MAX];
    if (policy->source != NULL && reference_kind(policy->source) == REFERENCE_PINENTRY)
        return ask_by_pinentry(policy, info, pin, err);
    if (policy->source != NULL)
        return secret_source_read(policy->source, setting_name(SET_PIN_SOURCE), policy->run, pin, err);
    (void)text_format(text, sizeof text, "PIN of token \"%s\" (%s%sserial %s): ", info->label, info->model,
                      info->model[0] != '\0' ? ", " : "", info->serial);
    if (callbacks->ask_secret == NULL) {
        error_set(err, SSA_PIN, NULL, info->uri, "there is nobody to ask for the PIN");
        return error_hint(
            err, "Say where it is: SSA_HSM_PIN_SOURCE or --pin-source with file:, env:, fd: or credential:.");
    }
    return ask_for_secret(callbacks, text, pin, err);
}

static bool warn_person(const struct pin_policy *policy, const struct token_info *info, struct ssa_error *err)
{
    const struct ssa_callbacks *callbacks = &policy->run->callbacks;
    char text[SSA_ERROR_TEXT_MAX];
    if (last_try(info)) {
        (void)text_format(text, sizeof text, "Token \"%s\": one more wrong PIN locks it. Try it?",
                          info->label);
        return confirms(callbacks, text) || cancelled(info, err);
    }
    if (info->pin_count_low)
        tell(callbacks, SSA_WARNING, "token \"%s\": a wrong PIN has been tried since the last right one",
             info->label);
    return true;
}

// Other processes need not wait for the person, too.
static bool give_attended(struct pin_policy *policy, const struct token_info *info, struct secret *pin,
                          struct ssa_error *err)
{
    turns_pause();
    bool given = warn_person(policy, info, err);
    if (given && pin == NULL)
        tell(&policy->run->callbacks, SSA_NOTICE, "type the PIN of token \"%s\" at its reader", info->label);
    if (given && pin != NULL)
        given = ask_person(policy, info, pin, err);
    return given && turns_resume(policy->run, err);
}

// Records the try, or refuses it.
static bool begin_try(struct pin_policy *policy, const struct token_info *info, struct ssa_error *err)
{
    char identity[PATH_TEXT_MAX + 128];
    identity_of(policy->source, identity, sizeof identity);
    const bool may_try =
        pin_attempt_begin(&policy->state, info, identity, policy->retry, &policy->run->callbacks, err);
    if (policy->tries != NULL)
        policy->tries->unanswered = !may_try && policy->state.unanswered;
    return may_try;
}

static bool give_unattended(struct pin_policy *policy, const struct token_info *info, struct secret *pin,
                            struct ssa_error *err)
{
    if (last_try(info)) {
        if (policy->tries != NULL)
            policy->tries->unanswered = !info->pin_final_try && pin_attempts_unanswered(info) > 0;
        cancelled(info, err);
        return error_hint(
            err,
            "That is for a person to try: run the command at a terminal, without a PIN source. The right "
            "PIN also ends the count.");
    }
    return secret_source_read(policy->source, setting_name(SET_PIN_SOURCE), policy->run, pin, err) &&
           begin_try(policy, info, err);
}

// Two profiles of a run may name the same token: it gets one try all the same, whatever the record says.
static bool is_spent(const struct pin_policy *policy, const struct token_info *info)
{
    for (size_t i = 0; policy->tries != NULL && i < policy->tries->count; i++)
        if (memcmp(&policy->tries->spent[i], &info->name, sizeof info->name) == 0)
            return true;
    return false;
}

static void remember_spent(struct pin_policy *policy, const struct token_info *info)
{
    if (policy->tries != NULL && policy->tries->count < SSA_PROFILES_MAX && !is_spent(policy, info))
        policy->tries->spent[policy->tries->count++] = info->name;
}

static void forget_spent(struct pin_policy *policy, const struct token_info *info)
{
    struct pin_tries *tries = policy->tries;
    for (size_t i = 0; tries != NULL && i < tries->count; i++)
        if (memcmp(&tries->spent[i], &info->name, sizeof info->name) == 0)
            tries->spent[i--] = tries->spent[--tries->count];
}

static bool give(void *context, const struct token_info *info, struct secret *pin, struct ssa_error *err)
{
    struct pin_policy *policy = context;
    if (is_spent(policy, info))
        return error_set(err, SSA_TOKEN, NULL, info->uri,
                         "a login with this token failed just now, so its PIN is not tried again");
    policy->level = pin_level(info);
    const bool given = pin_attended(policy, info) ? give_attended(policy, info, pin, err)
                                                  : give_unattended(policy, info, pin, err);
    if (!given)
        return false;
    if (!go_on(&policy->run->callbacks, err)) {
        pin_attempt_end(&policy->state, PIN_NOT_TRIED);
        return false;
    }
    if (policy->ready != NULL)
        policy->ready(policy->ready_context);
    return true;
}

// The PIN that was given may be tried once more as long as no flag has come up. What --pin-retry allows is
// one try.
static bool again(void *context, const struct token_info *info)
{
    struct pin_policy *policy = context;
    if (interrupted(&policy->run->callbacks) || pin_level(info) > policy->level || last_try(info))
        return false;
    policy->retry = false;
    return pin_attended(policy, info) || begin_try(policy, info, NULL);
}

// A wrong PIN counts on a token that locks without telling before. One that was not answered is counted by
// its record, where it has one.
static void count_try(const struct pin_policy *policy, const struct token_info *info, bool recorded,
                      enum pin_outcome what)
{
    const unsigned before = recorded && policy->state.follows ? policy->state.before.unanswered : 0;
    if (what == PIN_REFUSED)
        pin_attempts_add(info, before + 1);
    else if (!recorded)
        pin_attempts_add(info, 1);
}

static void outcome(void *context, const struct token_info *info, enum pin_outcome what)
{
    struct pin_policy *policy = context;
    const bool attended = pin_attended(policy, info);
    bool recorded = policy->state.fd >= 0;
    if (what == PIN_ACCEPTED)
        forget_spent(policy, info);
    if (what == PIN_REFUSED || what == PIN_UNKNOWN) {
        remember_spent(policy, info);
        if (!attended && !recorded) {
            char identity[PATH_TEXT_MAX + 128];
            identity_of(policy->source, identity, sizeof identity);
            recorded = pin_attempt_record(info, identity, what);
        }
        count_try(policy, info, recorded, what);
    }
    pin_attempt_end(&policy->state, what);
    if (what == PIN_ACCEPTED)
        pin_attempts_forget(info);
}

static void waiting(void *context, const struct token_info *info)
{
    const struct pin_policy *policy = context;
    tell(&policy->run->callbacks, SSA_NOTICE, "this takes long: if token \"%s\" blinks, touch it",
         info->label);
}

static void pad_again(void *context, const struct token_info *info)
{
    const struct pin_policy *policy = context;
    tell(&policy->run->callbacks, SSA_NOTICE, "type the PIN of token \"%s\" at its reader once more",
         info->label);
}

struct pin_giver pin_giver_of(struct pin_policy *policy)
{
    return (struct pin_giver){.context = policy,
                              .give = give,
                              .outcome = outcome,
                              .again = again,
                              .waiting = waiting,
                              .pad_again = pad_again};
}
