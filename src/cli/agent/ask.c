#include <stdlib.h>

#include "agent/client/reply.h"
#include "cli/agent/agent.h"
#include "core/text.h"

enum { TARGET_MAX = 2048, ANSWER_MS = 30000, DONE = 200, DONE_END = 300 };

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

bool agent_own_socket(const struct arguments *a, char path[static AGENT_PATH_MAX], struct ssa_error *err)
{
    if (!option_given(a, &option_socket) && agent_is_elsewhere())
        return error_because(err, SSA_USAGE, SSA_REASON_AGENT_ELSEWHERE, secure_getenv("SSA_HSM_AGENT"),
                             "is an agent of another host, which only somebody there can lock, unlock or stop");
    return agent_socket_path(a, path, err);
}

static bool ask(const char *path, const char *method, const char *target, const struct ssa_run *run,
                struct agent_answer *answer, struct ssa_error *err)
{
    const unsigned most_ms = run->timeout > 0 ? run->timeout * 1000 : ANSWER_MS;
    if (!agent_ask(path, method, target, most_ms, &run->callbacks, answer, err))
        return false;
    if (answer->status >= DONE && answer->status < DONE_END)
        return true;
    (void)agent_reply_failure(answer->status, secret_span(&answer->body), path, err);
    return false;
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
    const char *retry = run->pin_retry ? "?pin_retry=1" : "", *named = run->pin_retry ? "&profile=" : "?profile=";
    if (!text_format(target, sizeof target, "/v1/%s%s%s%s", what, retry, profile != NULL ? named : "", name))
        return error_set(err, SSA_USAGE, NULL, profile, "is too long for a profile's name");
    const bool done = ask(path, "POST", target, run, &answer, err);
    agent_answer_free(&answer);
    return done;
}
