// entry_read: a journal that somebody has edited names no id that could steer a request, and what is read is
// written and read again as it was.
#include "fuzz.h"

#include "flow/entry.h"

enum { TEXT_MAX_BYTES = 512 * 1024 };

static void check_id(const char *id)
{
    CHECK(id[0] == '\0' || aps_is_id(id));
}

static void round_trip(const struct entry *entry)
{
    struct ssa_error err = {0};
    struct json_writer w;
    struct entry again;
    struct secret text = fuzz_secret("", 0, TEXT_MAX_BYTES);
    CHECK(json_begin(&w, &text, false));
    entry_write(entry, &w);
    // A member may have been no UTF-8 only if the reader let it through.
    CHECK(json_end(&w, &err));
    CHECK(entry_read(secret_span(&text), &again, &err));
    CHECK(again.operation == entry->operation && again.step == entry->step &&
          again.outcome == entry->outcome);
    CHECK(strcmp(again.kid, entry->kid) == 0 && strcmp(again.profile, entry->profile) == 0);
    CHECK(again.before.count == entry->before.count);
    fuzz_secret_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ssa_error err = {0};
    struct entry entry;
    if (!entry_read(span_of(data, size), &entry, &err))
        return 0;
    check_id(entry.account);
    check_id(entry.kid);
    check_id(entry.old_kid);
    CHECK(entry.operation < OPERATION_COUNT && entry.step < STEP_COUNT && entry.outcome < OUTCOME_COUNT);
    CHECK(entry.before.count <= APS_KEYS_MAX);
    round_trip(&entry);
    return 0;
}
