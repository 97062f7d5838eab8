// json_read and json_indent: what is indented has the same values as before, and is a fixed point.
#include "fuzz.h"

#include "core/json.h"

// All that was seen, in one run of bytes.
struct trace {
    uint8_t *data;
    size_t len, capacity;
};

static void put(struct trace *t, const void *bytes, size_t len)
{
    CHECK(t->len + len + 1 <= t->capacity);
    if (len > 0)
        memcpy(t->data + t->len, bytes, len);
    t->len += len;
    t->data[t->len++] = 0xff; // in no UTF-8
}

static bool note(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct trace *t = context;
    const uint8_t type = (uint8_t)value->type;
    (void)err;
    put(t, value->path, strlen(value->path));
    put(t, &type, 1);
    put(t, value->text.data, value->text.len);
    return true;
}

static bool read_into(struct span text, struct trace *t)
{
    struct ssa_error err = {0};
    // Each value has at most a path of 256 bytes, and takes a byte of the text at least.
    t->capacity = text.len * 300 + 600;
    t->data = malloc(t->capacity);
    CHECK(t->data != NULL);
    const bool ok = json_read(text, note, t, &err);
    if (!ok)
        fuzz_check_error(&err, SSA_UNEXPECTED);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace first = {0}, second = {0};
    struct ssa_error err = {0};
    const bool read = read_into(span_of(data, size), &first);
    struct secret out = fuzz_secret("", 0, size * 64 + 64);
    const bool indented = json_indent(span_of(data, size), &out, &err);
    CHECK(!read || indented);
    if (!indented)
        fuzz_check_error(&err, SSA_UNEXPECTED);
    if (read && indented) {
        CHECK(out.len > 0 && out.data[out.len - 1] == '\n');
        CHECK(read_into(secret_span(&out), &second));
        CHECK(span_equal(span_of(first.data, first.len), span_of(second.data, second.len)));
        struct secret again = fuzz_secret("", 0, out.len);
        CHECK(json_indent(secret_span(&out), &again, &err));
        CHECK(span_equal(secret_span(&out), secret_span(&again)));
        fuzz_secret_free(&again);
    }
    fuzz_secret_free(&out);
    free(first.data);
    free(second.data);
    return 0;
}
