#include <stdlib.h>

#include "cli/agent/agent.h"
#include "core/json.h"
#include "core/text.h"

enum { TARGET_MAX = 2048, ANSWER_MS = 30000, DONE = 200, DONE_END = 300, NUMBER_BASE = 10 };

const struct option option_socket = {"socket", "FILE", .help = "the agent's Unix socket, instead of the usual one"};

bool agent_socket_path(const struct arguments *a, char path[static AGENT_PATH_MAX], struct ssa_error *err)
{
    const char *named = option_value(a, &option_socket);
    if (named == NULL)
        return agent_usual_socket(path, err);
    char *folder = named[0] == '/' ? NULL : realpath(".", NULL);
    const bool fits =
        text_format(path, AGENT_PATH_MAX, "%s%s%s", folder != NULL ? folder : "", folder != NULL ? "/" : "", named);
    free(folder);
    return fits || error_because(err, SSA_CONFIG, SSA_REASON_AGENT_SOCKET, named,
                                 "is too long for a socket: its whole path has at most %d bytes", AGENT_PATH_MAX - 1);
}

static void copy(char *out, size_t capacity, struct span text)
{
    text_harmless(out, capacity, text);
}

static unsigned long number(struct span text)
{
    char digits[24];
    return text_format(digits, sizeof digits, "%.*s", SPAN_PRINTF(text)) ? strtoul(digits, NULL, NUMBER_BASE) : 0;
}

// A number that is none of ours is another version's.
static void take_number(struct ssa_error *failure, const struct json_value *value)
{
    const unsigned long n = number(value->text);
    if (strcmp(value->path, "exit_code") == 0 && n > SSA_OK && n <= SSA_DECLINED)
        failure->code = (enum ssa_class)n;
    else if (strcmp(value->path, "reason") == 0 && n < SSA_REASON_COUNT)
        failure->reason = (enum ssa_reason)n;
}

static bool take_member(void *context, const struct json_value *value, struct ssa_error *err)
{
    struct ssa_error *failure = context;
    (void)err;
    if (value->type == JSON_NUMBER)
        take_number(failure, value);
    else if (value->type != JSON_STRING)
        return true;
    else if (strcmp(value->path, "error_description") == 0)
        copy(failure->what, sizeof failure->what, value->text);
    else if (strcmp(value->path, "subject") == 0)
        copy(failure->subject, sizeof failure->subject, value->text);
    else if (strcmp(value->path, "cause") == 0)
        copy(failure->cause, sizeof failure->cause, value->text);
    else if (strcmp(value->path, "detail") == 0)
        copy(failure->detail, sizeof failure->detail, value->text);
    return true;
}

// The agent's own error, as it would be without an agent.
static bool refused(const struct agent_answer *answer, const char *path, struct ssa_error *err)
{
    struct ssa_error failure = {.code = SSA_UNEXPECTED};
    const bool understood = json_read(secret_span(&answer->body), take_member, &failure, ERROR_IGNORED);
    if (!understood || failure.what[0] == '\0')
        return error_set(err, SSA_UNEXPECTED, NULL, path, "the agent answers with HTTP %u", answer->status);
    *err = failure;
    return false;
}

static bool ask(const char *path, const char *method, const char *target, const struct ssa_run *run,
                struct agent_answer *answer, struct ssa_error *err)
{
    const unsigned most_ms = run->timeout > 0 ? run->timeout * 1000 : ANSWER_MS;
    if (!agent_ask(path, method, target, most_ms, &run->callbacks, answer, err))
        return false;
    return (answer->status >= DONE && answer->status < DONE_END) || refused(answer, path, err);
}

bool agent_get(const char *path, const char *what, const struct ssa_run *run, struct agent_answer *answer,
               struct ssa_error *err)
{
    char target[TARGET_MAX];
    return text_format(target, sizeof target, "/v1/%s", what) && ask(path, "GET", target, run, answer, err);
}

// Percent-encodes everything but letters, digits and what is as harmless.
static bool encode(const char *text, char *out, size_t capacity)
{
    size_t used = 0;
    out[0] = '\0';
    for (; *text != '\0'; text++) {
        const bool plain = strchr(TEXT_ALPHANUMERIC "-._~", *text) != NULL;
        if (!text_format(out + used, capacity - used, plain ? "%c" : "%%%02X", (unsigned char)*text))
            return false;
        used += strlen(out + used);
    }
    return true;
}

bool agent_post(const char *path, const char *what, const char *profile, const struct ssa_run *run,
                struct ssa_error *err)
{
    char target[TARGET_MAX], name[TARGET_MAX / 2] = "";
    struct agent_answer answer = {0};
    if (profile != NULL && !encode(profile, name, sizeof name))
        return error_set(err, SSA_USAGE, NULL, profile, "is too long for a profile's name");
    if (!text_format(target, sizeof target, "/v1/%s%s%s", what, profile != NULL ? "?profile=" : "", name))
        return error_set(err, SSA_USAGE, NULL, profile, "is too long for a profile's name");
    const bool done = ask(path, "POST", target, run, &answer, err);
    agent_answer_free(&answer);
    return done;
}
