// dotenv_read: names are names, lines are counted, and every value that can be written is read again as it
// was.
#include "fuzz.h"

#include <ctype.h>

#include "config/dotenv.h"

struct walk {
    const char *name, *value; // what one assignment must be; NULL for any
    size_t count, last_line, lines;
};

static bool check(void *context, const struct assignment *a, struct ssa_error *err);

static void round_trip(const struct assignment *a)
{
    struct ssa_error err = {0};
    const size_t capacity = strlen(a->name) + strlen(a->value) + 4;
    struct secret out = fuzz_secret("", 0, capacity);
    if (dotenv_append(&out, a->name, a->value, &err)) {
        struct walk walk = {.name = a->name, .value = a->value, .lines = 1};
        CHECK(out.len == capacity);
        CHECK(dotenv_read(&out, "again", check, &walk, &err));
        CHECK(walk.count == 1);
    } else {
        fuzz_check_error(&err, SSA_CONFIG);
    }
    fuzz_secret_free(&out);
}

static bool check(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct walk *walk = context;
    (void)err;
    walk->count++;
    CHECK(a->name[0] == '_' || isalpha((unsigned char)a->name[0]));
    for (const char *p = a->name; *p != '\0'; p++)
        CHECK(isalnum((unsigned char)*p) || strchr("_.-", *p) != NULL);
    CHECK(a->line > walk->last_line && a->line <= walk->lines);
    walk->last_line = a->line;
    if (walk->name == NULL) {
        round_trip(a);
    } else {
        CHECK(strcmp(a->name, walk->name) == 0 && strcmp(a->value, walk->value) == 0);
        CHECK(!a->ambiguous);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ssa_error err = {0};
    struct walk walk = {.lines = 1};
    for (size_t i = 0; i < size; i++)
        walk.lines += data[i] == '\n';
    struct secret text = fuzz_secret(data, size, size);
    if (!dotenv_read(&text, "file", check, &walk, &err))
        fuzz_check_error(&err, SSA_CONFIG);
    fuzz_secret_free(&text);
    return 0;
}
