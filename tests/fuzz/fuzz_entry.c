// entry_read: a journal that somebody has edited, checksum and all, names no id that could steer a request
// and no path that is not absolute, and what is read is written and read again as it was. Its lines: nothing
// is read beyond the file.
#include "fuzz.h"

#include "journal/entry_json.h"
#include "journal/journal_lines.h"

enum { TEXT_MAX_BYTES = 512 * 1024 };

static void check_id(const char *id)
{
    CHECK(id[0] == '\0' || api_is_id(id));
}

static void round_trip(const struct entry *entry)
{
    struct ssa_error err = {0};
    struct entry again;
    struct secret text = fuzz_secret("", 0, TEXT_MAX_BYTES);
    // A member may have been no UTF-8 only if the reader let it through.
    CHECK(entry_write(entry, &text, &err));
    CHECK(entry_read(secret_span(&text), &again, &err));
    CHECK(again.operation == entry->operation && again.step == entry->step && again.outcome == entry->outcome);
    CHECK(strcmp(again.kid, entry->kid) == 0 && strcmp(again.profile, entry->profile) == 0);
    CHECK(again.before.count == entry->before.count);
    fuzz_secret_free(&text);
}

static void check(const struct entry *entry)
{
    check_id(entry->account);
    check_id(entry->kid);
    check_id(entry->old_kid);
    CHECK(entry->profile[0] == '\0' || entry->profile[0] == '/');
    CHECK(entry->operation < OPERATION_COUNT && entry->step < STEP_COUNT && entry->outcome < OUTCOME_COUNT);
    CHECK(entry->before.count <= API_IDS_MAX);
}

// Sealed, or the reader would see nothing but a wrong checksum.
static void read_sealed(const uint8_t *data, size_t size)
{
    struct ssa_error err = {0};
    struct entry entry;
    struct secret text = fuzz_secret(data, size, TEXT_MAX_BYTES);
    if (checksum_append(&text, 0) && entry_read(secret_span(&text), &entry, &err)) {
        CHECK(entry.vouched);
        check(&entry);
        round_trip(&entry);
    }
    fuzz_secret_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ssa_error err = {0};
    struct entry entry;
    struct lines_end end;
    if (size > TEXT_MAX_BYTES / 2)
        return 0;
    read_sealed(data, size);
    if (entry_read_earlier(span_of(data, size), &entry, &err))
        CHECK(!entry.vouched && entry.step == STEP_CLOSED);
    if (lines_read(span_of(data, size), &entry, &end, &err) == LINES_READ)
        check(&entry);
    CHECK(end.at <= size && end.dirty <= size);
    (void)!lines_read_closed(span_of(data, size), &entry, &err);
    return 0;
}
