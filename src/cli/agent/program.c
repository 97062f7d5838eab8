#include "cli/agent/program.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/agent/options.h"
#include "cli/output/print.h"
#include "cli/output/waiting.h"

#include "cli/process/interrupt.h"
#include "cli/process/look_up.h"
#include "core/harden.h"
#include "core/secret.h"
#include "core/text.h"

enum { NOT_FOUND = 127, NOT_RUN = 126, ENTRY_MAX = AGENT_PATH_MAX + 64, NAME_ROOM = 256 };

static const char own_prefix[] = "SSA_HSM_", key_uri[] = "PRIVATE_KEY";

void program_refuse_missing(char *const *program)
{
    struct ssa_error err;
    const int number = program_look_up(program[0]);
    if (number == 0)
        return;
    error_errno(&err, SSA_UNEXPECTED, number, program[0], "cannot be run");
    print_error(&err);
    _exit(number == ENOENT ? NOT_FOUND : NOT_RUN);
}

// What the program may need to ask the agent stays; what is a secret was wiped already, and goes.
static bool is_secret(const struct ssa_settings *settings, const char *entry)
{
    char name[NAME_ROOM];
    return text_format(name, sizeof name, "%.*s", (int)strcspn(entry, "="), entry) &&
           strncmp(name, own_prefix, sizeof own_prefix - 1) != 0 && strcmp(name, key_uri) != 0 &&
           ssa_settings_withheld(settings, name);
}

static void drop_secrets(const struct ssa_settings *settings)
{
    size_t kept = 0;
    for (size_t i = 0; environ[i] != NULL; i++)
        if (!is_secret(settings, environ[i]))
            environ[kept++] = environ[i];
    environ[kept] = NULL;
}

bool program_become(const struct ssa_settings *settings, char *const *program, const char *socket, pid_t agent,
                    struct ssa_error *err)
{
    static char place[ENTRY_MAX], process[ENTRY_MAX];
    drop_secrets(settings);
    if (!text_format(place, sizeof place, "SSA_HSM_AGENT=%s", socket) ||
        !text_format(process, sizeof process, "SSA_HSM_AGENT_PID=%ld", (long)agent) || putenv(place) != 0 ||
        putenv(process) != 0)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the environment");
    waiting_hold(true);
    harden_release();
    interrupt_release();
    secret_wipe_stack();
    (void)execvp(program[0], program);
    return error_errno(err, SSA_UNEXPECTED, errno, program[0], "cannot be run");
}

bool program_wants_csh(const struct arguments *a)
{
    static const char csh[] = "csh";
    const char *shell = getenv("SHELL");
    const size_t len = shell == NULL ? 0 : strlen(shell), end = sizeof csh - 1;
    return option_given(a, &option_csh) || (len >= end && strcmp(shell + len - end, csh) == 0);
}

bool program_print_forget(bool csh, pid_t agent, struct ssa_error *err)
{
    const char *unset = csh ? "unsetenv" : "unset";
    char text[128], ended[64] = "";
    return (agent == 0 || text_format(ended, sizeof ended, "echo Agent pid %ld has ended;\n", (long)agent)) &&
           text_format(text, sizeof text, "%s SSA_HSM_AGENT;\n%s SSA_HSM_AGENT_PID;\n%s", unset, unset, ended) &&
           print_result(span_text(text), err);
}

static bool format(bool csh, const char *word, pid_t agent, char *out, size_t room)
{
    if (csh)
        return text_format(out, room, "setenv SSA_HSM_AGENT %s;\nsetenv SSA_HSM_AGENT_PID %ld;\necho Agent pid %ld;\n",
                           word, (long)agent, (long)agent);
    return text_format(out, room,
                       "SSA_HSM_AGENT=%s; export SSA_HSM_AGENT;\nSSA_HSM_AGENT_PID=%ld; export SSA_HSM_AGENT_PID;\n"
                       "echo Agent pid %ld;\n",
                       word, (long)agent, (long)agent);
}

bool program_print_shell(bool csh, const char *socket, pid_t agent, struct ssa_error *err)
{
    char word[SHELL_WORD_ROOM(AGENT_PATH_MAX)], text[sizeof word + 256];
    if (!text_shell_word(word, sizeof word, socket) || !format(csh, word, agent, text, sizeof text))
        return error_set(err, SSA_UNEXPECTED, NULL, socket, "does not fit into a line for a shell");
    return print_result(span_text(text), err);
}
