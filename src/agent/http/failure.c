#include "agent/http/failure.h"

#include "core/json.h"
#include "core/text.h"

static const struct {
    unsigned status;
    const char *name;
} failures[FAILURES] = {
    [FAILURE_NONE] = {200, "ok"},
    [FAILURE_BAD_REQUEST] = {400, "bad_request"},
    [FAILURE_UNAUTHORIZED] = {401, "unauthorized"},
    [FAILURE_FORBIDDEN] = {403, "forbidden"},
    [FAILURE_UNKNOWN_PROFILE] = {404, "unknown_profile"},
    [FAILURE_NOT_FOUND] = {404, "not_found"},
    [FAILURE_METHOD_NOT_ALLOWED] = {405, "method_not_allowed"},
    [FAILURE_DIFFERS] = {409, "differs"},
    [FAILURE_LOCKED] = {423, "locked"},
    [FAILURE_RATE_LIMITED] = {429, "rate_limited"},
    [FAILURE_REFUSED] = {502, "refused"},
    [FAILURE_CREDENTIALS] = {502, "credentials"},
    [FAILURE_UPSTREAM] = {502, "upstream"},
    [FAILURE_LOST] = {503, "lost"},
    [FAILURE_UNAVAILABLE] = {503, "unavailable"},
    [FAILURE_TIMED_OUT] = {504, "timed_out"},
    [FAILURE_UNEXPECTED] = {500, "unexpected"},
};

static const struct {
    enum ssa_reason reason;
    enum failure failed;
} by_reason[] = {
    {SSA_REASON_AGENT_LOCKED, FAILURE_LOCKED},       {SSA_REASON_AGENT_LOST, FAILURE_LOST},
    {SSA_REASON_AGENT_GONE, FAILURE_UNAVAILABLE},    {SSA_REASON_AGENT_PROFILE, FAILURE_UNKNOWN_PROFILE},
    {SSA_REASON_AGENT_DIFFERS, FAILURE_DIFFERS},     {SSA_REASON_AGENT_REFUSES, FAILURE_FORBIDDEN},
    {SSA_REASON_AGENT_BUDGET, FAILURE_RATE_LIMITED}, {SSA_REASON_TIMEOUT, FAILURE_TIMED_OUT},
};

static const struct {
    enum ssa_class class;
    enum failure failed;
} by_class[] = {
    {SSA_OK, FAILURE_NONE},          {SSA_USAGE, FAILURE_BAD_REQUEST},
    {SSA_ABSENT, FAILURE_LOST},      {SSA_PIN, FAILURE_LOCKED},
    {SSA_KEY_MISSING, FAILURE_LOST}, {SSA_TOKEN, FAILURE_LOST},
    {SSA_NETWORK, FAILURE_UPSTREAM}, {SSA_CREDENTIALS, FAILURE_CREDENTIALS},
    {SSA_REFUSED, FAILURE_REFUSED},  {SSA_RATE_LIMIT, FAILURE_RATE_LIMITED},
    {SSA_DECLINED, FAILURE_LOCKED},
};

unsigned failure_status(enum failure failed)
{
    return failures[failed].status;
}

const char *failure_name(enum failure failed)
{
    return failures[failed].name;
}

enum failure failure_of(const struct ssa_error *err)
{
    for (size_t i = 0; i < COUNT(by_reason); i++)
        if (err->reason == by_reason[i].reason)
            return by_reason[i].failed;
    for (size_t i = 0; i < COUNT(by_class); i++)
        if (err->code == by_class[i].class)
            return by_class[i].failed;
    return FAILURE_UNEXPECTED;
}

static void member_if(struct json_writer *w, const char *name, const char *text)
{
    if (text_present(text))
        member_text(w, name, text);
}

bool failure_write(struct secret *out, enum failure failed, const struct ssa_error *failure, unsigned retry_after,
                   const char *pin_socket, struct ssa_error *err)
{
    struct json_writer w;
    if (!json_begin(&w, out, false))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for an answer");
    json_open(&w, JSON_OBJECT);
    member_text(&w, "error", failure_name(failed));
    member_text(&w, "error_description", failure->what);
    json_name(&w, "exit_code");
    json_integer(&w, failure->code);
    member_if(&w, "subject", failure->subject);
    member_if(&w, "cause", failure->cause);
    if (failure->reason != 0) {
        json_name(&w, "reason");
        json_integer(&w, failure->reason);
    }
    member_if(&w, "detail", failure->detail);
    member_if(&w, "pin_socket", pin_socket);
    if (retry_after > 0) {
        json_name(&w, "retry_after");
        json_integer(&w, retry_after);
    }
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}
