#include "agent/http/grant.h"

#include "agent/http/reply.h"
#include "core/json.h"

enum { BESIDE_TOKEN = 256, ESCAPED = 6 };

static struct MHD_Response *make(const struct access *access, bool ends, long long left_s, bool all)
{
    SECRET_AUTO body = {0};
    struct json_writer w;
    const size_t capacity = BESIDE_TOKEN + ESCAPED * (access->token.len + strlen(access->scope));
    if (!secret_new(&body, capacity, ERROR_IGNORED) || !json_begin(&w, &body, false))
        return NULL;
    json_open(&w, JSON_OBJECT);
    json_name(&w, "access_token");
    json_string(&w, secret_span(&access->token));
    member_text(&w, "token_type", access->type);
    if (ends) {
        json_name(&w, "expires_in");
        json_integer(&w, left_s);
    }
    if (ends && all) {
        json_name(&w, "expires_at");
        json_integer(&w, access->expires);
    }
    if (all)
        member_text(&w, "scope", access->scope);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, ERROR_IGNORED) ? reply_make(&body, REPLY_JSON) : NULL;
}

struct MHD_Response *grant_make(const struct access *access, long long now_ms, bool all)
{
    // The API need not say how long it lives. It is not in the cache then, but for those who have waited for it.
    const bool ends = access->ends_ms > access->obtained_ms;
    const long long left_ms = access->ends_ms - now_ms;
    if (ends && left_ms <= 0)
        return NULL;
    // Within its last second, it says 1.
    struct MHD_Response *answer = make(access, ends, left_ms < 1000 ? 1 : left_ms / 1000, all);
    // A piece of the access token would stay in the registers of this thread, also after it is to be forgotten.
    secret_wipe_stack();
    return answer;
}
