// An agent is asked for what the settings name: the profile, and the scopes. It is told the client id, the account and
// the API's address that they have, and refuses where its own differ. How it gets at the key is the agent's business:
// an option that says how (a PIN's source, a module) is for this program alone, and no agent is asked.
#include "cli/token/agent_grant.h"

#include "agent/client/broker.h"
#include "agent/client/place.h"
#include "agent/client/reply.h"
#include "agent/client/wish.h"
#include "config/identity.h"
#include "config/paths.h"
#include "config/profiles.h"
#include "core/callback.h"
#include "core/monotonic.h"
#include "core/text.h"

const struct option option_no_agent = {"no-agent", .help = "ask no agent, also where one runs"};

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

static bool is_off(const char *list)
{
    char place[AGENT_PLACE_MAX];
    return agent_place_next(list, place) == NULL || strcmp(place, "none") == 0;
}

// The first source that has the setting decides, also if it is empty there. NULL: none has it.
static const char *find_list(const struct ssa_settings *settings)
{
    enum setting_source order[SOURCE_COUNT];
    settings_order(settings, order);
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        const char *list = settings_from(settings, order[i], SET_AGENT);
        if (list != NULL)
            return list;
    }
    return NULL;
}

// The option that says how this program is to work by itself, or NULL.
static const struct option *own_way(const struct arguments *a, bool by_assertion)
{
    const option_list how = OPTIONS(&option_pin_source, &option_pin_retry, &option_module, &option_audience,
                                    &option_cacert, &option_capath, &option_insecure_http);
    for (option_list o = how; *o != NULL; o++)
        if (option_given(a, *o))
            return *o;
    if (!by_assertion && option_given(a, &option_expires_in))
        return &option_expires_in;
    return !by_assertion && option_given(a, &option_nbf) ? &option_nbf : NULL;
}

// The claim aud is in an assertion, and an agent has that of its profile.
static bool has_audience_of_its_own(const struct ssa_settings *settings)
{
    enum setting_source source;
    return settings_get(settings, SET_AUDIENCE, &source) != NULL && source != FROM_PROFILE;
}

// Where the profile that is named is not here, the settings are not whole. What the environment says of the account
// would be passed over if the profile were.
static const char *expected(const struct invocation *i, enum setting id)
{
    const bool whole = i->settings_fault->code == SSA_OK || !option_given(i->arguments, &option_profile);
    if (!whole)
        return settings_from(i->settings, FROM_OPTION, id);
    if (!identity_has(id))
        return settings_get(i->settings, id, NULL);
    const enum setting_source source = identity_source(i->settings);
    return source == FROM_NOWHERE ? NULL : settings_from(i->settings, source, id);
}

static bool has_account(const struct invocation *i)
{
    return i->settings_fault->code == SSA_OK && identity_source(i->settings) != FROM_NOWHERE;
}

// Where there is an account, its API has an address, be it the usual one.
static const char *expected_base_url(const struct invocation *i)
{
    const char *named = expected(i, SET_BASE_URL);
    return named == NULL && has_account(i) ? settings_base_url(i->settings) : named;
}

// The profile as it was named; of several, the first. Empty for none.
static OWN_FRAME bool read_profile(const struct invocation *i, char name[static PATH_TEXT_MAX], struct ssa_error *err)
{
    struct profile_names names = {0};
    const char *given = option_value(i->arguments, &option_profile),
               *by_environment = settings_from(i->settings, FROM_ENVIRONMENT, SET_PROFILE);
    name[0] = '\0';
    if (given == NULL && text_present(by_environment)) {
        if (!profile_names_split(by_environment, &names, err))
            return false;
        given = names.list[0];
    }
    if (given == NULL)
        return true;
    // The agent's working directory is another one.
    return strchr(given, '/') != NULL ? path_absolute(given, name, err) : path_format(name, err, "%s", given);
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

// The error without its advice.
#define ONE_LINE_MAX (2U * SSA_ERROR_TEXT_MAX)
static const char *in_one_line(const struct ssa_error *err, char line[static ONE_LINE_MAX])
{
    ssa_error_text(err, line, ONE_LINE_MAX);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void OWN_FRAME tell_why(const struct search *s, enum ssa_level level, const char *what)
{
    char line[ONE_LINE_MAX];
    tell(&s->i->run.callbacks, level, "%s: %s", what, in_one_line(&s->why, line));
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
    for (size_t left = count_places(s->list); (rest = agent_place_next(rest, s->place)) != NULL; left--) {
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

// Nobody need know that there is no agent at the usual place, or one for other profiles. What does not answer there as
// an agent does is worth a warning, and so is an agent that somebody has named.
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
    if (!has_account(s->i) && told) {
        *err = s->why;
        return AGENT_FAILED;
    }
    tell_why(s, spare ? SSA_WARNING : level_of(s, last), "no agent is used");
    return AGENT_UNUSED;
}

// Returns whether an agent may be asked at all. If so, begins the search.
static bool begin(struct search *s, const struct invocation *i)
{
    const struct option *own = own_way(i->arguments, s->by_assertion);
    const unsigned patience = i->run.timeout != 0 ? i->run.timeout : PATIENCE_S;
    s->i = i;
    s->list = find_list(i->settings);
    s->until = monotonic_ms() + (long long)patience * MS;
    if (option_given(i->arguments, &option_no_agent) || (s->list != NULL && is_off(s->list)))
        return false;
    if (own != NULL)
        tell(&i->run.callbacks, SSA_DETAIL, "no agent is asked, because of --%s", own->name);
    const bool audience = s->by_assertion && has_audience_of_its_own(i->settings);
    if (audience)
        tell(&i->run.callbacks, SSA_DETAIL, "no agent is asked, because of %s", setting_name(SET_AUDIENCE));
    return own == NULL && !audience;
}

static enum agent_end search(struct search *s, const struct invocation *i, const struct request *request,
                             struct ssa_error *err)
{
    char profile[PATH_TEXT_MAX];
    *s->given = (struct agent_given){0};
    if (!begin(s, i))
        return AGENT_UNUSED;
    if (!read_profile(i, profile, err))
        return AGENT_FAILED;
    s->files = (struct broker_files){.cert = settings_get(i->settings, SET_AGENT_CERT, NULL),
                                     .key = settings_get(i->settings, SET_AGENT_KEY, NULL),
                                     .cacert = settings_get(i->settings, SET_AGENT_CACERT, NULL)};
    s->wish.profile = profile;
    s->wish.scope = request->wanted.scope != NULL ? request->wanted.scope : expected(i, SET_SCOPE);
    s->wish.client_id = expected(i, SET_CLIENT_ID);
    s->wish.account = expected(i, SET_ACCOUNT_ID);
    s->wish.base_url = expected_base_url(i);
    const enum attempt last = s->list != NULL ? ask_in_turn(s) : ask_usual(s);
    if (last != ATTEMPT_GAVE)
        return without_it(s, last, err);
    tell(&i->run.callbacks, SSA_DETAIL, "agent: %s", s->place);
    return AGENT_GAVE;
}

enum agent_end agent_ask_token(const struct invocation *i, const struct request *request, unsigned min_ttl,
                               struct agent_given *given, struct ssa_error *err)
{
    struct search s = {.given = given, .wish = {.min_ttl = min_ttl}};
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
