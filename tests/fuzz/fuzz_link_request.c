// The signer's side of the link, and who unlocks it: what is read lies within the message, its texts are harmless, and
// it is read again from what is written of it.
#include "agent/link/message.h"
#include "agent/link/question.h"
#include "fuzz.h"

static uint8_t room[LINK_MESSAGE_MAX];

static void request(const uint8_t *data, size_t size)
{
    struct link_request got, again;
    struct reader r = {.data = data, .len = size};
    struct writer w = {.data = room, .capacity = sizeof room};
    if (!link_get_request(&r, &got))
        return;
    CHECK(got.call < LINK_CALLS && fuzz_is_harmless(got.scope));
    link_put_request(&w, &got);
    r = (struct reader){.data = room, .len = w.len};
    CHECK(!w.overflow && w.len == size && link_get_request(&r, &again) && strcmp(got.scope, again.scope) == 0);
    CHECK(got.number == again.number);
}

static void reply(const uint8_t *data, size_t size)
{
    struct reply got, again;
    struct reader r = {.data = data, .len = size};
    struct writer w = {.data = room, .capacity = sizeof room};
    if (!get_reply(&r, &got))
        return;
    CHECK(got.text.len <= REPLY_TEXT_MAX && (got.given || got.text.len == 0));
    CHECK(got.text.len == 0 || memmem(data, size, got.text.data, got.text.len) != NULL);
    put_reply(&w, &got);
    r = (struct reader){.data = room, .len = w.len};
    CHECK(!w.overflow && w.len == size && get_reply(&r, &again) && got.number == again.number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    request(data, size);
    reply(data, size);
    return 0;
}
