// Asking agents in turn, and what is done where none gives what is wanted.
#include "cli/token/agent_grant.h"

#include "agent/client/broker.h"
#include "agent/client/place.h"
#include "agent/client/reply.h"
#include "cli/token/agent_wanted.h"
#include "config/profiles.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"

// An agent waits for so many seconds at most. A broker's answer must come before HTTP gives up. An agent ends its wait
// before this program does, and says why.
enum { PATIENCE_S = 90, WAIT_MOST_S = 300, BROKER_WAIT_MOST_S = 25, GRACE_MS = 1000, MS = 1000, STATUS_OK = 200 };

// What came of one place.
enum attempt {
    ATTEMPT_GAVE,
    ATTEMPT_SILENT,        // nobody answers there, or nobody who is an agent
    ATTEMPT_OTHER_PROFILE, // the agent does not serve the profile, or its own is not the caller's
    ATTEMPT_CANNOT,        // the agent fails
    ATTEMPT_OVER,          // the same, and another agent would fail, too
};

// One command's search for an agent that gives what is wanted.
struct search {
    const struct invocation *i;
    const char *list;  // of places; NULL: only the usual one
    bool by_assertion; // an assertion is wanted
    struct agent_wish wish;
    char profile[PATH_TEXT_MAX]; // of wish
    struct broker_files files;
    struct agent_given *given;
    long long until;             // by monotonic_ms
    char place[AGENT_PLACE_MAX]; // that is asked now
    struct ssa_error why;        // of the place that was asked last
    struct ssa_error failed;     // of the first place that should have served; code SSA_OK: there was none
};

void agent_given_free(struct agent_given *given)
{
    ssa_grant_free(&given->grant);
    ssa_text_free(&given->assertion);
}

// Each place has its share of the time.
static unsigned share_ms(const struct search *s, size_t places)
{
    const long long left = s->until - monotonic_ms();
    return left < MS ? MS : (unsigned)(left / (long long)places);
}

static bool send(struct search *s, unsigned timeout_ms, struct agent_answer *answer, struct ssa_error *err)
{
    SECRET_AUTO target = {0};
    const bool broker = agent_place_is_broker(s->place);
    const unsigned most = broker ? BROKER_WAIT_MOST_S : WAIT_MOST_S, seconds = (timeout_ms + MS - 1) / MS;
    const struct ssa_callbacks *callbacks = &s->i->run.callbacks;
    s->wish.wait = seconds < most ? seconds : most;
    if (!agent_place_check(s->place, err))
        return false;
    if (!(s->by_assertion ? agent_wish_assertion(&s->wish, &target, err) : agent_wish_token(&s->wish, &target, err)))
        return false;
    timeout_ms += GRACE_MS;
    return broker ? broker_ask(s->place, &s->files, secret_text(&target), timeout_ms, callbacks, answer, err)
                  : agent_ask(s->place, "GET", secret_text(&target), timeout_ms, callbacks, answer, err);
}

static enum attempt unanswered(const struct ssa_error *why)
{
    if (why->reason == SSA_REASON_TIMEOUT)
        return ATTEMPT_CANNOT;
    return why->code == SSA_ABSENT || why->code == SSA_NETWORK ? ATTEMPT_SILENT : ATTEMPT_OVER;
}

static enum attempt refused(struct search *s, const struct agent_answer *answer)
{
    switch (agent_reply_failure(answer->status, secret_span(&answer->body), s->place, &s->why)) {
    case AGENT_NONE:
        return ATTEMPT_SILENT;
    case AGENT_OTHER_PROFILE:
        return ATTEMPT_OTHER_PROFILE;
    case AGENT_CANNOT:
        return ATTEMPT_CANNOT;
    case AGENT_REFUSES:
        break;
    }
    return ATTEMPT_OVER;
}

static enum attempt take(struct search *s, const struct agent_answer *answer)
{
    struct agent_given *given = s->given;
    const struct span body = secret_span(&answer->body);
    if (s->by_assertion ? agent_reply_assertion(body, &given->assertion, &s->why)
                        : agent_reply_token(body, &given->grant, &given->lifetime, &s->why))
        return ATTEMPT_GAVE;
    text_harmless(s->why.subject, sizeof s->why.subject, span_text(s->place));
    return ATTEMPT_SILENT;
}

static OWN_FRAME enum attempt ask_place(struct search *s, unsigned timeout_ms)
{
    AGENT_ANSWER_AUTO answer = {0};
    s->why = (struct ssa_error){0};
    // A broker gives assertions to nobody.
    if (s->by_assertion && agent_place_is_broker(s->place)) {
        (void)error_set(&s->why, SSA_CONFIG, NULL, s->place, "an agent of another host gives no assertions");
        return ATTEMPT_OTHER_PROFILE;
    }
    if (!send(s, timeout_ms, &answer, &s->why))
        return unanswered(&s->why);
    return answer.status == STATUS_OK ? take(s, &answer) : refused(s, &answer);
}

static void OWN_FRAME tell_why(const struct search *s, enum ssa_level level, const char *what)
{
    char line[ERROR_LINE_MAX];
    tell(&s->i->run.callbacks, level, "%s: %s", what, error_line(&s->why, line));
}

static size_t count_places(const char *list)
{
    char place[AGENT_PLACE_MAX];
    size_t count = 0;
    while ((list = agent_place_next(list, place)) != NULL)
        count++;
    return count;
}

// Asks one place after the other. Returns what came of the last one.
static enum attempt ask_in_turn(struct search *s)
{
    const char *rest = s->list;
    enum attempt attempt = ATTEMPT_SILENT;
    for (size_t left = count_places(s->list); left > 0 && (rest = agent_place_next(rest, s->place)) != NULL; left--) {
        attempt = ask_place(s, share_ms(s, left));
        if (attempt == ATTEMPT_GAVE)
            return attempt;
        if (s->failed.code == SSA_OK && (attempt == ATTEMPT_CANNOT || attempt == ATTEMPT_OVER))
            s->failed = s->why;
        if (attempt == ATTEMPT_OVER)
            break;
        if (left > 1)
            tell_why(s, SSA_WARNING, "the next agent is asked");
    }
    return attempt;
}

static enum attempt ask_usual(struct search *s)
{
    s->why = (struct ssa_error){0};
    if (!agent_place_usual(s->place, &s->why))
        return ATTEMPT_SILENT;
    const enum attempt attempt = ask_place(s, share_ms(s, 1));
    if (attempt == ATTEMPT_CANNOT || attempt == ATTEMPT_OVER)
        s->failed = s->why;
    return attempt;
}

// That there is no agent at the usual place, or one for other profiles, is normal and worth no message. What does not
// answer there as an agent does is worth a warning, and so is a failure of an agent that somebody has named.
static enum ssa_level level_of(const struct search *s, enum attempt last)
{
    const bool named = s->list != NULL, absent = s->why.reason == SSA_REASON_AGENT_GONE || s->why.code == SSA_CONFIG;
    if (last == ATTEMPT_SILENT)
        return named || !absent ? SSA_WARNING : SSA_DETAIL;
    return named ? SSA_NOTICE : SSA_DETAIL;
}

// Several profiles were named so that another PKCS#11 token is used where one is gone.
static bool has_spare(const struct search *s)
{
    return s->failed.reason == SSA_REASON_AGENT_LOST && settings_profile_count(s->i->settings) > 1;
}

static enum agent_end without_it(const struct search *s, enum attempt last, struct ssa_error *err)
{
    const bool spare = has_spare(s), told = s->list != NULL || last == ATTEMPT_OTHER_PROFILE;
    if (s->failed.code != SSA_OK && !spare) {
        *err = s->failed;
        return AGENT_FAILED;
    }
    // Without an account this program can do nothing by itself.
    if (!agent_own_account(s->i) && told) {
        *err = s->why;
        return AGENT_FAILED;
    }
    tell_why(s, spare ? SSA_WARNING : level_of(s, last), "no agent is used");
    return AGENT_UNUSED;
}

// Returns whether an agent may be asked at all. If so, begins the search.
static bool begin(struct search *s, const struct invocation *i)
{
    const unsigned patience = i->run.timeout != 0 ? i->run.timeout : PATIENCE_S;
    char why[WHY_NOT_MAX];
    s->i = i;
    s->until = monotonic_ms() + (long long)patience * MS;
    if (!agent_list(i, &s->list))
        return false;
    if (!agent_why_not(i, s->by_assertion, why))
        return true;
    tell(&i->run.callbacks, SSA_DETAIL, "no agent is asked, because of %s", why);
    return false;
}

static enum agent_end search(struct search *s, const struct invocation *i, const struct request *request,
                             struct ssa_error *err)
{
    *s->given = (struct agent_given){0};
    if (!begin(s, i))
        return AGENT_UNUSED;
    if (!agent_wanted(i, request, &s->wish, s->profile, err))
        return AGENT_FAILED;
    s->files = (struct broker_files){.cert = settings_get(i->settings, SET_AGENT_CERT, NULL),
                                     .key = settings_get(i->settings, SET_AGENT_KEY, NULL),
                                     .cacert = settings_get(i->settings, SET_AGENT_CACERT, NULL)};
    const enum attempt last = s->list != NULL ? ask_in_turn(s) : ask_usual(s);
    const enum agent_end end = last == ATTEMPT_GAVE ? AGENT_GAVE : without_it(s, last, err);
    // This program looks at them by itself where it works by itself.
    if (end != AGENT_UNUSED)
        agent_wish_examine(&s->wish, &i->run.callbacks);
    if (end != AGENT_GAVE)
        return end;
    tell(&i->run.callbacks, SSA_DETAIL, "agent: %s", s->place);
    return AGENT_GAVE;
}

enum agent_end agent_ask_token(const struct invocation *i, const struct request *request, unsigned min_ttl,
                               struct agent_given *given, struct ssa_error *err)
{
    struct search s = {.given = given, .wish = {.min_ttl = min_ttl, .force = request->cache.fresh}};
    return search(&s, i, request, err);
}

enum agent_end agent_ask_assertion(const struct invocation *i, const struct request *request, struct agent_given *given,
                                   struct ssa_error *err)
{
    struct search s = {.given = given,
                       .by_assertion = true,
                       .wish = {.lifetime = request->wanted.lifetime, .not_before = request->wanted.not_before}};
    return search(&s, i, request, err);
}
