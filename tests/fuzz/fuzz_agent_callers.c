// callers_parse: what was read is written and read again as the same.
#include "fuzz.h"

#include "agent/callers/callers_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct callers callers, again;
    struct ssa_error err = {0};
    SECRET_AUTO text = {0};
    if (!callers_parse(span_of(data, size), "file", &callers, &err)) {
        fuzz_check_error(&err, SSA_CONFIG);
        return 0;
    }
    CHECK(secret_new(&text, CALLERS_FILE_MAX, &err) && callers_write(&callers, &text, &err));
    CHECK(callers_parse(secret_span(&text), "file", &again, &err));
    CHECK(again.count == callers.count);
    for (size_t i = 0; i < again.count; i++)
        CHECK(strcmp(again.list[i].name, callers.list[i].name) == 0 &&
              strcmp(again.list[i].scope, callers.list[i].scope) == 0 &&
              strcmp(again.list[i].hash, callers.list[i].hash) == 0 &&
              again.list[i].created == callers.list[i].created);
    callers_free(&callers);
    callers_free(&again);
    return 0;
}
