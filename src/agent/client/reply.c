#include "agent/client/reply.h"

#include "agent/client/place.h"
#include "core/json.h"
#include "core/result.h"
#include "core/text.h"
#include "oauth/answer_text.h"
#include "oauth/grant.h"
#include "oauth/oauth.h"

// An access token of the API has some thousand bytes.
enum { GRANT_MAX = 64 * 1024, ASSERTION_MOST = 16 * 1024, GRANT_FRAME = 512, NUMBER_DIGITS_MAX = 9 };

bool agent_grant_write(struct span token, long long lifetime, long long expires_at, const char *scope,
                       struct secret *out, struct ssa_error *err)
{
    struct json_writer w;
    if (!secret_new(out, token.len + 2 * strlen(scope) + GRANT_FRAME, err))
        return false;
    if (!json_begin(&w, out, true))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "no memory for the JSON");
    json_open(&w, JSON_OBJECT);
    json_name(&w, "access_token");
    json_string(&w, token);
    member_text(&w, "token_type", "Bearer");
    if (lifetime > 0) {
        json_name(&w, "expires_in");
        json_integer(&w, lifetime);
    }
    if (expires_at > 0) {
        json_name(&w, "expires_at");
        json_integer(&w, expires_at);
    }
    if (scope[0] != '\0')
        member_text(&w, "scope", scope);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}

static bool take_grant(struct span body, const struct grant_terms *terms, struct ssa_grant *grant,
                       struct ssa_error *err)
{
    SECRET_AUTO token = {0};
    SECRET_AUTO json = {0};
    if (!secret_new(&token, body.len < GRANT_MAX ? body.len : GRANT_MAX, err) ||
        !grant_access_token(body, &token, err) ||
        !agent_grant_write(secret_span(&token), terms->lifetime, 0, terms->scope, &json, err))
        return false;
    return result_take(&grant->token, &token, err) && result_take(&grant->json, &json, err);
}

bool agent_reply_token(struct span body, struct ssa_grant *grant, long long *lifetime, struct ssa_error *err)
{
    struct grant_terms terms;
    struct ssa_error why = {0};
    *grant = (struct ssa_grant){0};
    if (!grant_read_terms(body, &terms, &why))
        return error_set(err, SSA_NETWORK, NULL, NULL, "the answer holds no usable access token: %s", why.what);
    // An agent always names the scopes, and says no lifetime where the API has said none.
    if (terms.lifetime == 0 && (terms.says_lifetime || terms.scope[0] == '\0'))
        return error_set(err, SSA_NETWORK, NULL, NULL, "the answer does not say how long the access token is valid");
    *lifetime = terms.lifetime;
    if (take_grant(body, &terms, grant, err))
        return true;
    ssa_grant_free(grant);
    return false;
}

// Three parts of base64url, with dots between them (RFC 7515 section 7.1).
static bool is_assertion(struct span text)
{
    static const char allowed[] = TEXT_ALPHANUMERIC "-_";
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '.')
            dots++;
        else if (memchr(allowed, text.data[i], sizeof allowed - 1) == NULL)
            return false;
    }
    return dots == 2;
}

static bool read_assertion(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct secret *assertion = context;
    if (strcmp(value->path, "assertion") != 0)
        return answer_root(value, err);
    if (value->type != JSON_STRING || assertion->len > 0 || !is_assertion(value->text))
        return answer_wrong(err, value->path, "is not a single assertion");
    return secret_append(assertion, value->text) || answer_wrong(err, value->path, "is too long");
}

bool agent_reply_assertion(struct span body, struct ssa_text *assertion, struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    struct ssa_error why = {0};
    if (!secret_new(&text, ASSERTION_MOST, err))
        return false;
    if (answer_read(body, read_assertion, &text, &why) && (text.len > 0 || answer_lacks(&why, "assertion")))
        return result_take(assertion, &text, err);
    return error_set(err, SSA_NETWORK, NULL, NULL, "the answer holds no usable assertion: %s", why.what);
}

// What the body of a failure says.
struct failure {
    char kind[32], said[sizeof((struct ssa_error *)0)->what], cause[sizeof((struct ssa_error *)0)->cause],
        subject[sizeof((struct ssa_error *)0)->subject], detail[sizeof((struct ssa_error *)0)->detail];
    long long class, reason;
};

static long long read_number(const struct json_value *value)
{
    long long number = 0;
    if (value->type != JSON_NUMBER || value->text.len > NUMBER_DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < value->text.len; i++) {
        if (value->text.data[i] < '0' || value->text.data[i] > '9')
            return 0;
        number = number * 10 + (value->text.data[i] - '0');
    }
    return number;
}

static bool read_failure(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct failure *f = context;
    const struct {
        const char *name;
        char *out;
        size_t capacity;
    } texts[] = {{"error", f->kind, sizeof f->kind},
                 {"error_description", f->said, sizeof f->said},
                 {"cause", f->cause, sizeof f->cause},
                 {"subject", f->subject, sizeof f->subject},
                 {"detail", f->detail, sizeof f->detail}};
    for (size_t i = 0; i < COUNT(texts); i++)
        if (strcmp(value->path, texts[i].name) == 0 && value->type == JSON_STRING)
            text_harmless(texts[i].out, texts[i].capacity, value->text);
    if (strcmp(value->path, "exit_code") == 0)
        f->class = read_number(value);
    if (strcmp(value->path, "reason") == 0)
        f->reason = read_number(value);
    return answer_root(value, err);
}

// The interface's kinds of failures, and what they are where the agent does not tell more.
static const struct kind {
    const char *name;
    enum agent_failure failure;
    enum ssa_class class;
    enum ssa_reason reason;
} kinds[] = {
    {"bad_request", AGENT_REFUSES, SSA_USAGE, SSA_REASON_NONE},
    {"forbidden", AGENT_REFUSES, SSA_REFUSED, SSA_REASON_AGENT_REFUSES},
    {"unknown_profile", AGENT_OTHER_PROFILE, SSA_CONFIG, SSA_REASON_AGENT_PROFILE},
    {"differs", AGENT_OTHER_PROFILE, SSA_CONFIG, SSA_REASON_AGENT_DIFFERS},
    {"locked", AGENT_CANNOT, SSA_PIN, SSA_REASON_AGENT_LOCKED},
    {"rate_limited", AGENT_REFUSES, SSA_RATE_LIMIT, SSA_REASON_AGENT_BUDGET},
    {"refused", AGENT_CANNOT, SSA_REFUSED, SSA_REASON_NONE},
    {"credentials", AGENT_CANNOT, SSA_CREDENTIALS, SSA_REASON_NONE},
    {"upstream", AGENT_CANNOT, SSA_NETWORK, SSA_REASON_NONE},
    {"lost", AGENT_CANNOT, SSA_ABSENT, SSA_REASON_AGENT_LOST},
    {"unavailable", AGENT_CANNOT, SSA_NETWORK, SSA_REASON_NONE},
    {"timed_out", AGENT_CANNOT, SSA_NETWORK, SSA_REASON_TIMEOUT},
    {"unexpected", AGENT_CANNOT, SSA_UNEXPECTED, SSA_REASON_NONE},
};

static const struct kind *kind_of(const char *name)
{
    static const struct kind other = {NULL, AGENT_CANNOT, SSA_NETWORK, SSA_REASON_NONE};
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return &other;
}

// Of an agent of a later version, this one may not know the number.
static enum ssa_class class_of(long long told, enum ssa_class otherwise)
{
    return told > SSA_OK && told <= SSA_DECLINED ? (enum ssa_class)told : otherwise;
}

enum agent_failure agent_reply_failure(unsigned status, struct span body, const char *place, struct ssa_error *err)
{
    struct failure f = {0};
    // A body that is no JSON says nothing: the status alone counts.
    const bool told = answer_read(body, read_failure, &f, ERROR_IGNORED) && f.kind[0] != '\0';
    const struct kind *kind = kind_of(told ? f.kind : "");
    if (!told || kind->name == NULL) {
        (void)error_set(err, SSA_NETWORK, NULL, place,
                        "what listens there is no agent, or an agent of another version: it "
                        "answered with status %u%s%s",
                        status, told ? ": " : "", told ? f.kind : "");
        return AGENT_NONE;
    }
    const bool known = f.reason > SSA_REASON_NONE && f.reason < SSA_REASON_COUNT;
    (void)error_set(err, class_of(f.class, kind->class), f.cause, f.subject[0] != '\0' ? f.subject : place, "%s",
                    f.said[0] != '\0' ? f.said : "the agent does not say why it failed");
    enum ssa_reason reason = known ? (enum ssa_reason)f.reason : kind->reason;
    // Who may ask is said otherwise for other hosts than for other users.
    if (reason == SSA_REASON_AGENT_REFUSES && agent_place_is_broker(place))
        reason = SSA_REASON_AGENT_NO_CALLER;
    (void)error_reason(err, reason, "%s", f.detail);
    return kind->failure;
}
