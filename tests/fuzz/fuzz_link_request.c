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
}

static void reply(const uint8_t *data, size_t size)
{
    bool given = false;
    struct span text;
    struct reader r = {.data = data, .len = size};
    if (!get_reply(&r, &given, &text))
        return;
    CHECK(text.len <= REPLY_TEXT_MAX && (given || text.len == 0));
    CHECK(text.len == 0 || memmem(data, size, text.data, text.len) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    request(data, size);
    reply(data, size);
    return 0;
}
