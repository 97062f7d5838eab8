#include "agent/client/wish.h"

#include "core/text.h"
#include "oauth/http.h"
#include "oauth/scope.h"

// 4,096 bytes of scopes, each of which may need three; and the rest.
enum { TARGET_MAX = 16 * 1024, NUMBER_MAX = 16 };

void agent_wish_examine(const struct agent_wish *wish, const struct ssa_callbacks *callbacks)
{
    char scope[SCOPE_MAX];
    // What is no scope at all is refused by the agent.
    if (!text_present(wish->scope) || !scope_normalise(wish->scope, scope, callbacks, ERROR_IGNORED))
        return;
}

// The part of a target that stands behind "?".
struct query {
    struct secret *target;
    bool begun, fits;
};

static void add_text(struct query *q, const char *name, const char *value)
{
    if (!text_present(value) || !q->fits)
        return;
    q->fits = secret_append_text(q->target, q->begun ? "&" : "?") && secret_append_text(q->target, name) &&
              secret_append_text(q->target, "=") && http_append_escaped(q->target, value);
    q->begun = true;
}

static void add_number(struct query *q, const char *name, unsigned number)
{
    char text[NUMBER_MAX];
    if (number > 0 && text_format(text, sizeof text, "%u", number))
        add_text(q, name, text);
}

static bool begin(struct query *q, const char *path, const struct agent_wish *wish, struct ssa_error *err)
{
    if (!secret_new(q->target, TARGET_MAX, err))
        return false;
    q->fits = secret_append_text(q->target, path);
    add_text(q, "profile", wish->profile);
    add_text(q, "scope", wish->scope);
    add_text(q, "client_id", wish->client_id);
    add_text(q, "account", wish->account);
    add_text(q, "base_url", wish->base_url);
    return true;
}

static bool end(const struct query *q, struct ssa_error *err)
{
    return q->fits ||
           error_set(err, SSA_USAGE, NULL, NULL, "the request to the agent is longer than %d bytes", TARGET_MAX);
}

bool agent_wish_token(const struct agent_wish *wish, struct secret *target, struct ssa_error *err)
{
    struct query q = {.target = target};
    if (!begin(&q, "/v1/token", wish, err))
        return false;
    add_number(&q, "min_ttl", wish->min_ttl);
    add_text(&q, "force", wish->force ? "1" : NULL);
    add_number(&q, "wait", wish->wait);
    return end(&q, err);
}

bool agent_wish_assertion(const struct agent_wish *wish, struct secret *target, struct ssa_error *err)
{
    struct query q = {.target = target};
    if (!begin(&q, "/v1/assertion", wish, err))
        return false;
    add_number(&q, "lifetime", wish->lifetime);
    add_text(&q, "nbf", wish->not_before ? "1" : NULL);
    return end(&q, err);
}
