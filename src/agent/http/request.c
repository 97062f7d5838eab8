#include "agent/http/request.h"

#include <stdlib.h>

#include "core/text.h"

#define BIT(name)    (1U << PARAMETER_##name)
#define EXPECTATIONS (BIT(PROFILE) | BIT(SCOPE) | BIT(CLIENT_ID) | BIT(ACCOUNT) | BIT(BASE_URL))

static const struct {
    const char *path;
    bool post;
    unsigned parameters;
} kinds[REQUEST_KINDS] = {
    [REQUEST_TOKEN] = {"/v1/token", false, EXPECTATIONS | BIT(MIN_TTL) | BIT(FORCE) | BIT(WAIT)},
    [REQUEST_ASSERTION] = {"/v1/assertion", false, EXPECTATIONS | BIT(LIFETIME) | BIT(NBF)},
    [REQUEST_STATUS] = {"/v1/status", false, 0},
    [REQUEST_HEALTH] = {"/v1/health", false, 0},
    [REQUEST_METRICS] = {"/v1/metrics", false, 0},
    [REQUEST_LOCK] = {"/v1/lock", true, BIT(PROFILE)},
    [REQUEST_UNLOCK] = {"/v1/unlock", true, BIT(PROFILE) | BIT(PIN_RETRY)},
};

static bool make_room(struct request *request, size_t len)
{
    if (len < request->capacity)
        return true;
    request_free(request);
    request->target = malloc(2 * (len + 1));
    if (request->target == NULL)
        return false;
    request->capacity = len + 1;
    request->text = request->target + request->capacity;
    return true;
}

void request_take(struct request *request, const char *target)
{
    const size_t len = strnlen(target, TARGET_MAX);
    if (request->understood && len == request->len && memcmp(request->target, target, len) == 0)
        return;
    request->understood = false;
    request->too_long = len == TARGET_MAX || !make_room(request, len);
    request->len = 0;
    if (request->too_long)
        return;
    request->len = len;
    memcpy(request->target, target, len);
    request->target[len] = '\0';
}

static bool take_demand(struct request *request, const struct query *query, struct ssa_error *err)
{
    struct demand *demand = &request->demand;
    unsigned wait;
    *demand = (struct demand){
        .profile = query->values[PARAMETER_PROFILE],
        .scope = query->values[PARAMETER_SCOPE],
        .client_id = query->values[PARAMETER_CLIENT_ID],
        .account = query->values[PARAMETER_ACCOUNT],
        .base_url = query->values[PARAMETER_BASE_URL],
    };
    if (!query_number(query, PARAMETER_MIN_TTL, 0, MIN_TTL_MAX, 0, &demand->min_ttl, err) ||
        !query_flag(query, PARAMETER_FORCE, &demand->force, err) ||
        !query_number(query, PARAMETER_WAIT, 1, WAIT_MAX, SERVICE_PATIENCE_MS / 1000, &wait, err) ||
        !query_number(query, PARAMETER_LIFETIME, 1, LIFETIME_MAX, 0, &request->lifetime, err) ||
        !query_flag(query, PARAMETER_NBF, &request->not_before, err) ||
        !query_flag(query, PARAMETER_PIN_RETRY, &request->pin_retry, err))
        return false;
    demand->patience_ms = wait * 1000;
    return true;
}

bool request_understand(struct request *request, struct ssa_error *err)
{
    struct query query;
    if (request->understood)
        return true;
    request->kind = REQUEST_UNKNOWN;
    if (request->too_long)
        return error_set(err, SSA_USAGE, NULL, NULL, "the target of the request is longer than %d bytes",
                         TARGET_MAX - 1);
    if (request->target == NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "the request has no target");
    memcpy(request->text, request->target, request->len + 1);
    char *parameters = strchr(request->text, '?');
    if (parameters != NULL)
        *parameters++ = '\0';
    for (int i = 0; i < REQUEST_KINDS && request->kind == REQUEST_UNKNOWN; i++)
        if (strcmp(request->text, kinds[i].path) == 0)
            request->kind = (enum request_kind)i;
    if (request->kind == REQUEST_UNKNOWN)
        return true;
    request->post = kinds[request->kind].post;
    request->understood = query_read(parameters == NULL ? request->text + request->len : parameters,
                                     kinds[request->kind].parameters, &query, err) &&
                          take_demand(request, &query, err);
    return request->understood;
}

bool request_copy(struct request *to, const struct request *from)
{
    *to = (struct request){0};
    if (!make_room(to, from->len))
        return false;
    memcpy(to->target, from->target, from->len + 1);
    to->len = from->len;
    return request_understand(to, ERROR_IGNORED);
}

void request_free(struct request *request)
{
    free(request->target);
    *request = (struct request){0};
}
