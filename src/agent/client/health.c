#include "agent/client/health.h"

#include "agent/client/place.h"
#include "agent/client/reply.h"
#include "core/json.h"
#include "core/text.h"

static bool take(void *context, const struct json_value *value, struct ssa_error *err)
{
    char *health = context;
    (void)err;
    if (strcmp(value->path, "status") == 0 && value->type == JSON_STRING)
        text_harmless(health, AGENT_HEALTH_MAX, value->text);
    return true;
}

bool agent_health(const char *place, const struct broker_files *files, unsigned timeout_ms,
                  const struct ssa_callbacks *callbacks, char health[static AGENT_HEALTH_MAX], struct ssa_error *err)
{
    static const char target[] = "/v1/health";
    AGENT_ANSWER_AUTO answer = {0};
    health[0] = '\0';
    if (!(agent_place_is_broker(place) ? broker_ask(place, files, target, timeout_ms, callbacks, &answer, err)
                                       : agent_ask(place, "GET", target, timeout_ms, callbacks, &answer, err)))
        return false;
    // Its status is that of a failure where not all is well.
    if (json_read(secret_span(&answer.body), take, health, ERROR_IGNORED) && health[0] != '\0')
        return true;
    (void)agent_reply_failure(answer.status, secret_span(&answer.body), place, err);
    return false;
}
