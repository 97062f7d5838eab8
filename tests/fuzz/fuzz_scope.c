// scope_normalise: single spaces, each name once, only characters that a scope has, and a fixed point.
#include "fuzz.h"

#include "oauth/scope.h"

static void count(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    unsigned *told = context;
    CHECK(level == SSA_WARNING && fuzz_is_harmless(notice->text));
    ++*told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned told = 0;
    const struct ssa_callbacks callbacks = {.context = &told, .tell = count};
    char *text = fuzz_text(data, size);
    char *out = malloc(SCOPE_MAX), *again = malloc(SCOPE_MAX);
    struct ssa_error err = {0};
    CHECK(out != NULL && again != NULL);
    if (scope_normalise(text, out, &callbacks, &err)) {
        CHECK(out[0] != '\0' && out[0] != ' ' && out[strlen(out) - 1] != ' ' && strstr(out, "  ") == NULL);
        for (const char *p = out; *p != '\0'; p++)
            CHECK(*p == ' ' || (*p > ' ' && *p <= '~' && *p != '"' && *p != '\\' && *p != ','));
        CHECK(scope_normalise(out, again, &callbacks, &err));
        CHECK(strcmp(out, again) == 0);
    } else {
        fuzz_check_error(&err, SSA_USAGE);
    }
    free(text);
    free(out);
    free(again);
    return 0;
}
