/* Reads the script's file. */
#include "script.h"

#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct script script;

const char *const call_names[CALL_COUNT] = {
#define CALL(name) #name,
#include "calls.def"
#undef CALL
};

static bool parse_line(struct words *words, char *line)
{
    if (!words_split(words, line))
        return false;
    if (words->count == 0)
        return true;
    const char *first = words_peek(words);
    bool good = strncmp(first, "C_", 2) == 0 || strcmp(first, "*") == 0 ? parse_call_rule(words, &script)
                                                                        : parse_state_rule(words, &script);
    if (good && words_peek(words) != NULL)
        return words_fail(words, "\"%s\" is too much", words_peek(words));
    return good;
}

bool script_load(void)
{
    const char *path = getenv("SSA_SHIM_SCRIPT");
    if (path == NULL || path[0] == '\0')
        return true;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "ssa-hsm-shim: %s: %s\n", path, strerror(errno));
        return false;
    }
    struct words words = {.file = path};
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    /* All bad lines are told, not only the first. */
    while (getline(&line, &size, file) >= 0) {
        words.line++;
        if (!parse_line(&words, line))
            good = false;
    }
    if (ferror(file)) {
        fprintf(stderr, "ssa-hsm-shim: %s: %s\n", path, strerror(errno));
        good = false;
    }
    free(line);
    fclose(file);
    return good;
}
