#include "keyring/entry.h"

#include <time.h>

#include "core/codec.h"
#include "core/fnv.h"
#include "core/text.h"

static const char mark[] = "ssa-hsm access token 1";

static long long seconds_of(clockid_t clock)
{
    struct timespec now = {0};
    // It fails only for a clock that does not exist.
    (void)clock_gettime(clock, &now);
    return now.tv_sec;
}

struct keyring_time keyring_now(void)
{
    return (struct keyring_time){.date = seconds_of(CLOCK_REALTIME), .running = seconds_of(CLOCK_BOOTTIME)};
}

void keyring_entry_name(struct span identity, char name[static KEYRING_NAME_MAX])
{
    // It always fits.
    (void)text_format(name, KEYRING_NAME_MAX, "ssa-hsm:access-token:%016llx", (unsigned long long)fnv_of(identity));
}

bool keyring_entry_write(const struct keyring_entry *entry, struct secret *out)
{
    struct writer w = {.data = out->data, .capacity = out->capacity};
    put_bytes(&w, span_text(mark));
    put_number(&w, (uint64_t)entry->end.date);
    put_number(&w, (uint64_t)entry->end.running);
    put_bytes(&w, entry->identity);
    put_bytes(&w, entry->answer);
    if (w.overflow || w.len > KEYRING_BYTES_MAX) {
        secret_wipe(out->data, w.len);
        return false;
    }
    out->len = w.len;
    return true;
}

bool keyring_entry_read(struct span bytes, struct keyring_entry *entry)
{
    struct reader r = {.data = bytes.data, .len = bytes.len};
    const bool ours = span_is(get_bytes(&r, sizeof mark), mark);
    entry->end.date = (long long)get_number(&r, INT64_MAX);
    entry->end.running = (long long)get_number(&r, INT64_MAX);
    entry->identity = get_bytes(&r, bytes.len);
    entry->answer = get_bytes(&r, bytes.len);
    return ours && reader_is_done(&r);
}

unsigned keyring_entry_left(const struct keyring_entry *entry, struct keyring_time now)
{
    const long long by_date = entry->end.date - now.date, by_running = entry->end.running - now.running;
    const long long left = by_date < by_running ? by_date : by_running;
    return left > 0 && left <= KEYRING_SECONDS_MAX ? (unsigned)left : 0;
}
