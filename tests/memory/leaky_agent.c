// The program with a leak, which the proof must find. SSA_HSM_PLANT names what it keeps a copy of: an access token in
// the agent (if nothing is named), or in a program that asks it ("client"), or a caller's secret ("caller"). Linked
// with
// --wrap for each function.
#include <stdlib.h>
#include <string.h>

#include "agent/cache/access.h"
#include "agent/client/reply.h"
#include "agent/http/guests.h"

struct access *__real_access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                                 struct ssa_error *err);
struct access *__wrap_access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                                 struct ssa_error *err);
bool __real_agent_reply_token(struct span body, struct ssa_grant *grant, long long *lifetime, struct ssa_error *err);
bool __wrap_agent_reply_token(struct span body, struct ssa_grant *grant, long long *lifetime, struct ssa_error *err);
bool __real_guests_by_secret(struct guests *guests, struct span id, struct span secret, struct caller_entry *entry,
                             bool *known);
bool __wrap_guests_by_secret(struct guests *guests, struct span id, struct span secret, struct caller_entry *entry,
                             bool *known);

static void *kept;

static void keep(const char *planted, struct span secret)
{
    const char *wanted = getenv("SSA_HSM_PLANT");
    if (strstr(wanted != NULL ? wanted : "agent", planted) == NULL)
        return;
    void *copy = malloc(secret.len);
    if (copy == NULL)
        abort();
    memcpy(copy, secret.data, secret.len);
    free(kept);
    kept = copy;
}

struct access *__wrap_access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                                 struct ssa_error *err)
{
    keep("agent", token);
    return __real_access_new(token, scope, obtained_ms, lifetime_s, err);
}

bool __wrap_agent_reply_token(struct span body, struct ssa_grant *grant, long long *lifetime, struct ssa_error *err)
{
    keep("client", body);
    return __real_agent_reply_token(body, grant, lifetime, err);
}

bool __wrap_guests_by_secret(struct guests *guests, struct span id, struct span secret, struct caller_entry *entry,
                             bool *known)
{
    keep("caller", secret);
    return __real_guests_by_secret(guests, id, secret, entry, known);
}
