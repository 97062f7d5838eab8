#include "doctor/agents.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/client/client.h"
#include "agent/client/health.h"
#include "agent/client/reply.h"
#include "config/identity.h"
#include "core/json.h"
#include "core/text.h"
#include "doctor/examination.h"

enum { AGENTS_MAX = 8, SOCKET_MS = 2000, BROKER_MS = 5000, STATUS_OK = 200, NAME_ROOM = 128 };

// What its status tells.
struct told {
    struct agent_seen *seen;
    char name[NAME_ROOM];
    char locked_name[NAME_ROOM]; // of the first profile that is locked
    size_t locked;
};

static bool take(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct told *told = context;
    struct agent_seen *seen = told->seen;
    (void)err;
    if (strcmp(value->path, "version") == 0)
        text_harmless(seen->version, sizeof seen->version, value->text);
    if (strcmp(value->path, "profiles[].name") == 0)
        text_harmless(told->name, sizeof told->name, value->text);
    seen->profiles += strcmp(value->path, "profiles[].name") == 0;
    if (strcmp(value->path, "profiles[].locked") == 0 && span_is(value->text, "true") && told->locked++ == 0)
        memcpy(told->locked_name, told->name, sizeof told->locked_name);
    return true;
}

static bool read_status(struct agent_seen *seen, struct span body)
{
    struct told told = {.seen = seen};
    seen->answered = json_read(body, take, &told, &seen->why);
    if (!seen->answered)
        return false;
    return told.locked == 0 ||
           error_because(&seen->why, SSA_PIN, SSA_REASON_AGENT_LOCKED, seen->place,
                         "the profile \"%s\" is locked (%zu of %zu)", told.locked_name, told.locked, seen->profiles);
}

// Whether it was one of its own user's questions, which it does not answer to others.
static bool refuses_status(struct agent_seen *seen, const struct agent_answer *answer)
{
    (void)agent_reply_failure(answer->status, secret_span(&answer->body), seen->place, &seen->why);
    return seen->why.reason == SSA_REASON_AGENT_REFUSES;
}

// What a user may do about the health of an agent that is not that user's own.
static bool judge(struct agent_seen *seen, const char *health)
{
    if (strcmp(health, AGENT_HEALTH_OK) == 0)
        return true;
    if (strcmp(health, AGENT_HEALTH_LOCKED) == 0)
        error_set(&seen->why, SSA_PIN, NULL, seen->place, "the agent is locked");
    else if (strcmp(health, AGENT_HEALTH_LOST) == 0)
        error_set(&seen->why, SSA_ABSENT, NULL, seen->place, "the agent's PKCS#11 token is not there");
    else
        error_set(&seen->why, SSA_NETWORK, NULL, seen->place,
                  "the agent has not got the last access token that it asked the API for");
    return error_hint(&seen->why, "Whoever runs the agent can see why, and mend it.");
}

static void ask_health(const struct examination *x, struct agent_seen *seen)
{
    const struct ssa_settings *s = x->run.settings;
    const struct broker_files files = {.cert = settings_get(s, SET_AGENT_CERT, NULL),
                                       .key = settings_get(s, SET_AGENT_KEY, NULL),
                                       .cacert = settings_get(s, SET_AGENT_CACERT, NULL)};
    char health[AGENT_HEALTH_MAX];
    const unsigned most_ms = agent_place_is_broker(seen->place) ? BROKER_MS : SOCKET_MS;
    seen->answered = agent_health(seen->place, &files, most_ms, &x->run.callbacks, health, &seen->why);
    seen->well = seen->answered && judge(seen, health);
}

static void ask_status(const struct examination *x, struct agent_seen *seen)
{
    AGENT_ANSWER_AUTO answer = {0};
    if (!agent_ask(seen->place, "GET", "/v1/status", SOCKET_MS, &x->run.callbacks, &answer, &seen->why))
        return;
    if (answer.status == STATUS_OK)
        seen->well = read_status(seen, secret_span(&answer.body));
    else if (refuses_status(seen, &answer))
        ask_health(x, seen);
}

static void ask_one(struct examination *x, const char *place)
{
    struct agents *agents = &x->agents;
    if (agents->count == AGENTS_MAX)
        return;
    struct agent_seen *seen = &agents->list[agents->count++];
    memcpy(seen->place, place, sizeof seen->place);
    if (agent_place_is_broker(place))
        ask_health(x, seen);
    else if (agent_place_check(place, &seen->why))
        ask_status(x, seen);
}

static void ask_named(struct examination *x, const char *list)
{
    char place[AGENT_PLACE_MAX];
    x->agents.named = true;
    while ((list = agent_place_next(list, place)) != NULL)
        ask_one(x, place);
}

static void ask_usual(struct examination *x)
{
    char place[AGENT_PLACE_MAX] = "", path[AGENT_SOCKET_MAX];
    struct stat about;
    if (!agent_place_usual(path, &x->agents.why))
        return;
    if (lstat(path, &about) != 0 && (errno == ENOENT || errno == EACCES))
        return;
    memcpy(place, path, sizeof path);
    ask_one(x, place);
}

// Where the profile that is named is not here, an agent may have it.
static bool has_account(const struct examination *x)
{
    const struct ssa_error *fault = x->wanted->settings_fault;
    if (fault != NULL && fault->code != SSA_OK)
        return fault->reason != SSA_REASON_NO_PROFILE;
    return identity_source(x->run.settings) != FROM_NOWHERE;
}

void agents_ask(struct examination *x)
{
    struct agents *agents = &x->agents;
    const char *list = settings_first(x->run.settings, SET_AGENT);
    agents->off = list != NULL && agent_place_is_none(list);
    if (agents->off)
        return;
    agents->list = calloc(AGENTS_MAX, sizeof *agents->list);
    if (agents->list == NULL) {
        x->found.lost = true;
        return;
    }
    if (list != NULL)
        ask_named(x, list);
    else
        ask_usual(x);
    agents->alone = !has_account(x) && (agents->named || (agents->count > 0 && agents->list[0].answered));
}

void agents_free(struct agents *agents)
{
    free(agents->list);
    *agents = (struct agents){0};
}

size_t agents_well(const struct agents *agents)
{
    size_t well = 0;
    for (size_t i = 0; i < agents->count; i++)
        well += agents->list[i].well;
    return well;
}
