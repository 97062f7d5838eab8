// The agent's side of the link, and of the PIN socket, with a signer that says anything.
#include "agent/link/message.h"
#include "agent/link/question.h"
#include "fuzz.h"

static uint8_t room[LINK_MESSAGE_MAX];

static void again(const struct link_answer *answer, size_t size)
{
    struct ssa_error err;
    LINK_ANSWER_AUTO got = {0};
    struct writer w = {.data = room, .capacity = sizeof room};
    link_put_answer(&w, answer);
    struct reader r = {.data = room, .len = w.len};
    CHECK(!w.overflow && w.len == size && link_get_answer(&r, &got, &err) && got.number == answer->number);
}

static void answer(const uint8_t *data, size_t size)
{
    struct ssa_error err = {0};
    LINK_ANSWER_AUTO got = {0};
    struct reader r = {.data = data, .len = size};
    if (!link_get_answer(&r, &got, &err)) {
        fuzz_check_error(&err, SSA_UNEXPECTED);
        return;
    }
    CHECK(got.stage < LINK_STAGES && got.status.state < SIGNER_STATES && got.text.len <= LINK_TEXT_MAX);
    CHECK(got.stage == LINK_ANSWERED || (!got.done && got.text.len == 0));
    CHECK(got.done || got.stage != LINK_ANSWERED || (got.err.code != SSA_OK && got.text.len == 0));
    CHECK(fuzz_is_harmless(got.err.what) && fuzz_is_harmless(got.err.hint) && fuzz_is_harmless(got.err.detail));
    CHECK(fuzz_is_harmless(got.status.label) && fuzz_is_harmless(got.status.key_id));
    CHECK(got.text.len == 0 || memmem(data, size, got.text.data, got.text.len) != NULL);
    again(&got, size);
}

static void question(const uint8_t *data, size_t size)
{
    struct question q = {0};
    struct reader r = {.data = data, .len = size};
    if (!get_question(&r, &q))
        return;
    CHECK(q.kind < QUESTION_KINDS && fuzz_is_harmless(q.text) && fuzz_is_harmless(q.detail));
    CHECK((q.kind == QUESTION_FAILED) == (q.err.code != SSA_OK));
    CHECK(fuzz_is_harmless(q.err.what) && fuzz_is_harmless(q.err.hint));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    answer(data, size);
    question(data, size);
    return 0;
}
