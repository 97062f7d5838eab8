// The target of a request to the agent: what is understood is text that can be told again, and the same target is
// understood in the same way the next time.
#include "fuzz.h"

#include "agent/http/request.h"
#include "core/text.h"

static void check_text(const char *text)
{
    if (text == NULL)
        return;
    CHECK(text_is_utf8(span_text(text)));
    for (const char *c = text; *c != '\0'; c++)
        CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check(const struct request *request)
{
    const struct demand *demand = &request->demand;
    check_text(demand->profile);
    check_text(demand->scope);
    check_text(demand->client_id);
    check_text(demand->account);
    check_text(demand->base_url);
    CHECK(demand->min_ttl <= MIN_TTL_MAX && request->lifetime <= LIFETIME_MAX);
    CHECK(demand->patience_ms >= 1000 && demand->patience_ms <= WAIT_MAX * 1000);
}

static void check_copy(const struct request *request)
{
    struct request copy;
    CHECK(request_copy(&copy, request));
    CHECK(copy.understood && copy.kind == request->kind && copy.post == request->post);
    CHECK(same(copy.demand.profile, request->demand.profile) && same(copy.demand.scope, request->demand.scope));
    CHECK(copy.demand.force == request->demand.force && copy.demand.min_ttl == request->demand.min_ttl);
    request_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ssa_error err = {0};
    struct request request = {0};
    char *target = fuzz_text(data, size);
    // A connection has several requests.
    char *first = fuzz_text(data, size / 2);
    request_take(&request, first);
    (void)request_understand(&request, ERROR_IGNORED);
    request_take(&request, target);
    if (!request_understand(&request, &err)) {
        CHECK(!request.understood);
        fuzz_check_error(&err, SSA_USAGE);
    } else if (request.kind != REQUEST_UNKNOWN) {
        check(&request);
        check_copy(&request);
        request_take(&request, target);
        CHECK(request.understood);
    }
    request_free(&request);
    free(first);
    free(target);
    return 0;
}
