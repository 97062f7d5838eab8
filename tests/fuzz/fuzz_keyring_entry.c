// keyring_entry_read: what it accepts lies within the bytes, and is written as it was read.
#include "fuzz.h"

#include "core/secret.h"
#include "keyring/entry.h"

static bool within(struct span part, const uint8_t *data, size_t size)
{
    return part.len == 0 || (part.data >= data && part.len <= size && part.data <= data + size - part.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyring_entry entry;
    struct ssa_error err;
    SECRET_AUTO again = {0};
    if (size > KEYRING_BYTES_MAX || !keyring_entry_read(span_of(data, size), &entry))
        return 0;
    CHECK(within(entry.identity, data, size) && within(entry.answer, data, size));
    CHECK(entry.end.date >= 0 && entry.end.running >= 0);
    CHECK(keyring_entry_left(&entry, keyring_now()) <= KEYRING_SECONDS_MAX);
    CHECK(secret_new(&again, KEYRING_BYTES_MAX, &err) && keyring_entry_write(&entry, &again));
    // Only what fills up to a multiple of eight may differ.
    CHECK(again.len == size);
    return 0;
}
