#include "cli/token/refresh.h"

#include <sys/random.h>
#include <time.h>

#include "agent/client/reply.h"
#include "cli/process/child.h"
#include "cli/token/agent_grant.h"
#include "core/boot_clock.h"
#include "core/callback.h"
#include "core/text.h"
#include "journal/journal.h"

// In percent of the lifetime: where the renewal begins, and how far that varies, so that many do not renew at once.
enum { RENEW_AT = 75, RENEW_SPREAD = 10, PERCENT = 100 };
enum { SECOND_MS = 1000, LOOK_UP_MS = 60000, SOONEST_MS = 500 };
// Where the API does not say how long an access token is valid: less than it is.
enum { LIFETIME_UNKNOWN_S = 1800, LIFETIME_MOST_S = 24 * 60 * 60, MIN_TTL_MOST_S = 3600 };
// A renewal that failed is tried again after twice the time of the try before.
enum { BACKOFF_FIRST_MS = 2000, BACKOFF_MOST_MS = 60000, DOUBLINGS_MOST = 5 };

// A number below `below`. Without the kernel's random numbers, all renew at the same time.
static long long random_below(long long below)
{
    uint32_t number = 0;
    if (below <= 0 || getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        return 0;
    return number % below;
}

// While the program runs, the terminal is its own.
static bool ask_secret(void *context, const char *prompt, char *answer, size_t capacity, size_t *len,
                       struct ssa_error *err)
{
    const struct refresh *r = context;
    const struct ssa_callbacks *callbacks = &r->i->run.callbacks;
    if (r->child == NULL)
        return callbacks->ask_secret(callbacks->context, prompt, answer, capacity, len, err);
    return error_because(err, SSA_PIN, SSA_REASON_NOBODY_FOR_PIN, NULL,
                         "a person is needed, and nobody is asked while the program runs");
}

static bool confirm(void *context, const char *question)
{
    const struct refresh *r = context;
    const struct ssa_callbacks *callbacks = &r->i->run.callbacks;
    return r->child == NULL && callbacks->confirm(callbacks->context, question);
}

static bool choose(void *context, const char *question, const char *const *items, size_t count, size_t *choice)
{
    const struct refresh *r = context;
    const struct ssa_callbacks *callbacks = &r->i->run.callbacks;
    return r->child == NULL && callbacks->choose(callbacks->context, question, items, count, choice);
}

static void tell_person(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    const struct refresh *r = context;
    const struct ssa_callbacks *callbacks = &r->i->run.callbacks;
    callbacks->tell(callbacks->context, level, notice);
}

// An access token that is over serves nobody, and who finds none sees why.
static void remove_what_is_over(struct refresh *r)
{
    if (!r->file.written || boot_ms() < r->ends_ms)
        return;
    refresh_file_remove(&r->file);
    tell(&r->run.callbacks, SSA_WARNING,
         "%s: the access token has expired, and the file is removed until there is another", r->file.path);
}

// Once the program has ended, nobody needs a renewal. Signals are passed on meanwhile, and a renewal that hangs does
// not keep what expires.
static bool interrupted(void *context)
{
    struct refresh *r = context;
    const struct ssa_callbacks *callbacks = &r->i->run.callbacks;
    if (r->child == NULL)
        return callbacks->interrupted(callbacks->context);
    remove_what_is_over(r);
    return child_wait(r->child, 0);
}

static void set_callbacks(struct refresh *r)
{
    struct ssa_callbacks *callbacks = &r->run.callbacks;
    r->run = r->i->run;
    callbacks->context = r;
    callbacks->ask_secret = ask_secret;
    callbacks->confirm = confirm;
    callbacks->choose = choose;
    callbacks->tell = tell_person;
    callbacks->interrupted = interrupted;
}

// A signer whose PKCS#11 token is gone is of no more use where another profile may take its place.
static void drop_signer_without_token(struct refresh *r, const struct ssa_error *err)
{
    if ((err->code != SSA_ABSENT && err->code != SSA_TOKEN && err->code != SSA_KEY_MISSING) ||
        !option_given(r->i->arguments, &option_profile))
        return;
    ssa_signer_close(r->signer);
    r->signer = NULL;
}

// The signer stays open: a person gives the PIN once.
static bool fetch_alone(struct refresh *r, struct ssa_grant *grant, long long *lifetime, struct ssa_error *err)
{
    struct ssa_access_token token = {0};
    const unsigned none_that_is_kept = UINT32_MAX;
    if (!works_alone(r->i, err) || (r->signer == NULL && !ssa_signer_open(&r->run, &r->signer, err)))
        return false;
    if (!ssa_signer_token(r->signer, r->request->wanted.scope, none_that_is_kept, &token, err)) {
        drop_signer_without_token(r, err);
        return false;
    }
    *lifetime = token.expires > 0 ? token.expires - (long long)time(NULL) : LIFETIME_UNKNOWN_S;
    grant->token = token.token;
    token.token = (struct ssa_text){0};
    ssa_access_token_free(&token);
    return true;
}

// An agent may have the access token that this one has. It is to give one that is valid for longer.
static unsigned longer_than_now(const struct refresh *r)
{
    const long long left = (r->ends_ms - boot_ms()) / SECOND_MS + 1;
    if (r->grant.token.text == NULL || left <= 0)
        return 0;
    return left < MIN_TTL_MOST_S ? (unsigned)left : MIN_TTL_MOST_S;
}

static bool fetch(struct refresh *r, struct ssa_grant *grant, long long *lifetime, struct ssa_error *err)
{
    struct agent_given given;
    struct invocation i = *r->i;
    i.run = r->run;
    const enum agent_end end = agent_ask_token(&i, r->request, longer_than_now(r), &given, err);
    *grant = given.grant;
    *lifetime = given.lifetime > 0 ? given.lifetime : LIFETIME_UNKNOWN_S;
    if (end != AGENT_UNUSED)
        return end == AGENT_GAVE;
    return fetch_alone(r, grant, lifetime, err);
}

static void set_times(struct refresh *r, long long since, long long lifetime)
{
    const long long most = lifetime < LIFETIME_MOST_S ? lifetime : LIFETIME_MOST_S;
    const long long whole = (most > 0 ? most : 1) * SECOND_MS;
    const long long until = whole * RENEW_AT / PERCENT + random_below(whole * RENEW_SPREAD / PERCENT);
    r->ends_ms = since + whole;
    r->next_ms = since + (until > SOONEST_MS ? until : SOONEST_MS);
}

// The JSON is read later than it is written: it also says when the access token ends.
static bool write_file(struct refresh *r, const struct ssa_grant *grant, long long lifetime, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    const struct span token = span_of(grant->token.text, grant->token.len);
    const bool made = r->format == GRANT_JSON
                          ? agent_grant_write(token, lifetime, (long long)time(NULL) + lifetime, "", &text, err)
                          : grant_format(grant, (enum grant_format)r->format, &text, err);
    return made && refresh_file_write(&r->file, secret_span(&text), err);
}

// Gets a new access token and writes the file; on failure everything stays as it is.
static bool renew(struct refresh *r, struct ssa_error *err)
{
    struct ssa_grant grant = {0};
    long long lifetime = 0;
    const long long since = boot_ms();
    if (!fetch(r, &grant, &lifetime, err))
        return false;
    if (!write_file(r, &grant, lifetime, err)) {
        ssa_grant_free(&grant);
        return false;
    }
    ssa_grant_free(&r->grant);
    r->grant = grant;
    set_times(r, since, lifetime);
    return true;
}

bool refresh_begin(struct refresh *r, const struct invocation *i, const struct request *request,
                   const struct refresh_wanted *wanted, struct ssa_error *err)
{
    *r = (struct refresh){.i = i, .request = request, .format = wanted->format};
    set_callbacks(r);
    if (!refresh_file_choose(&r->file, wanted->path, err))
        return false;
    if (!renew(r, err)) {
        refresh_end(r);
        return false;
    }
    if (r->signer != NULL)
        journal_warn(&i->run);
    return true;
}

// The file's end, or the next try.
static long long next_event(const struct refresh *r)
{
    return r->file.written && r->ends_ms < r->next_ms ? r->ends_ms : r->next_ms;
}

long long refresh_left_ms(const struct refresh *r)
{
    // A wait does not see that the machine slept.
    const long long left = next_event(r) - boot_ms();
    if (left < 0)
        return 0;
    return left < LOOK_UP_MS ? left : LOOK_UP_MS;
}

static void note_failure(struct refresh *r, const struct ssa_error *why)
{
    char line[ERROR_LINE_MAX];
    const unsigned doublings = r->failures < DOUBLINGS_MOST ? r->failures : DOUBLINGS_MOST;
    const long long doubled = (long long)BACKOFF_FIRST_MS << doublings;
    const long long wait = doubled < BACKOFF_MOST_MS ? doubled : BACKOFF_MOST_MS;
    r->failures++;
    r->next_ms = boot_ms() + wait + random_below(wait / 2);
    tell_reason(&r->run.callbacks, SSA_WARNING, why->reason, why->detail,
                "the access token was not renewed; the next try is in %lld s: %s", wait / SECOND_MS,
                error_line(why, line));
}

bool refresh_renew(struct refresh *r)
{
    struct ssa_error err = {0};
    remove_what_is_over(r);
    if (boot_ms() < r->next_ms)
        return false;
    if (renew(r, &err)) {
        if (r->failures > 0)
            tell(&r->run.callbacks, SSA_NOTICE, "the access token is renewed");
        r->failures = 0;
        return true;
    }
    if (!r->child->ended)
        note_failure(r, &err);
    return false;
}

void refresh_end(struct refresh *r)
{
    refresh_file_remove(&r->file);
    // CMD's end is no reason to leave the PKCS#11 token logged in.
    r->child = NULL;
    ssa_signer_close(r->signer);
    r->signer = NULL;
    ssa_grant_free(&r->grant);
}
