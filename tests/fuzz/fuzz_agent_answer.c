// The answer of an agent: its head is read the same however it is cut, its body stays within its bounds, an access
// token cannot add a line to a header, and a failure is harmless to a terminal.
#include "fuzz.h"

#include "agent/client/head.h"
#include "agent/client/reply.h"

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7f || *text == '"' || *text == '\'' || *text == '$' || *text == '`')
            return false;
    return true;
}

static void read_body(unsigned status, struct span body)
{
    struct ssa_error err = {0};
    struct ssa_grant grant = {0};
    struct ssa_text assertion = {0};
    long long lifetime = 0;
    if (agent_reply_token(body, &grant, &lifetime, &err))
        CHECK(grant.token.len > 0 && grant.token.len == strlen(grant.token.text) && is_plain(grant.token.text) &&
              lifetime >= 0 && memmem(grant.json.text, grant.json.len, grant.token.text, grant.token.len) != NULL);
    else
        fuzz_check_error(&err, SSA_NETWORK);
    ssa_grant_free(&grant);
    if (agent_reply_assertion(body, &assertion, &err))
        CHECK(assertion.len == strlen(assertion.text) && is_plain(assertion.text));
    else
        fuzz_check_error(&err, SSA_NETWORK);
    ssa_text_free(&assertion);
    (void)agent_reply_failure(status, body, "/place", &err);
    CHECK(err.code > SSA_OK && err.code <= SSA_DECLINED);
    CHECK((unsigned)err.reason < SSA_REASON_COUNT && fuzz_is_harmless(err.detail));
    fuzz_check_error(&err, err.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct agent_head head, part;
    struct ssa_error err = {0};
    // In a buffer of just its length, so that the address sanitizer sees a step beyond it.
    struct secret copy = fuzz_secret(data, size, size);
    const enum head_end end = agent_head_read(secret_span(&copy), &head, &err);
    if (end == HEAD_BAD)
        fuzz_check_error(&err, SSA_NETWORK);
    if (end == HEAD_WHOLE) {
        CHECK(head.len <= size && head.len <= AGENT_HEAD_MAX && head.body <= AGENT_BODY_MAX);
        CHECK(head.status >= 200 && head.status <= 599 && head.retry_after <= AGENT_RETRY_AFTER_MAX);
        // A part of it may be a bad one early, but never another one.
        for (size_t cut = 0; cut < head.len; cut += 1 + head.len / 16)
            CHECK(agent_head_read(span_of(copy.data, cut), &part, &err) == HEAD_MORE);
        const size_t left = size - head.len;
        struct secret body = fuzz_secret(copy.data + head.len, left, left);
        read_body(head.status, secret_span(&body));
        fuzz_secret_free(&body);
    }
    fuzz_secret_free(&copy);
    return 0;
}
