// ssa-hsm exec -- CMD …: CMD replaces this process, so its signals and its exit status are its own.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/output/waiting.h"
#include "cli/process/harden.h"
#include "cli/process/interrupt.h"
#include "cli/token/request.h"
#include "core/secret.h"
#include "core/text.h"

enum { NOT_FOUND = 127, NOT_RUN = 126, CLOSING_MS = 300 };

static const char variable[] = "APS_ACCESS_TOKEN";

static bool withheld(const struct ssa_settings *settings, const char *entry)
{
    char name[256];
    const size_t len = strcspn(entry, "=");
    // A name that is longer is not one of ours.
    return text_format(name, sizeof name, "%.*s", (int)len, entry) &&
           (strcmp(name, variable) == 0 || ssa_settings_withheld(settings, name));
}

// Makes the environment that CMD gets. The settings keep what they borrow from ours.
static bool change_environment(const struct ssa_settings *settings, const char *token_entry)
{
    size_t kept = 0;
    for (size_t i = 0; environ[i] != NULL; i++)
        if (!withheld(settings, environ[i]))
            environ[kept++] = environ[i];
    environ[kept] = NULL;
    return putenv((char *)(uintptr_t)token_entry) == 0;
}

// It never returns: when running CMD fails, the settings with their secrets are gone already.
static _Noreturn void replace_process(struct ssa_settings *settings, char *const *program)
{
    struct ssa_error err;
    ssa_settings_free(settings);
    interrupt_release();
    secret_wipe_stack();
    (void)execvp(program[0], program);
    error_errno(&err, SSA_UNEXPECTED, errno, program[0], "cannot be run");
    print_error(&err);
    _exit(err.number == ENOENT ? NOT_FOUND : NOT_RUN);
}

static bool write_entry(struct secret *entry, const struct ssa_text *token, struct ssa_error *err)
{
    if (!secret_new(entry, sizeof variable + 1 + token->len, err))
        return false;
    if (secret_append_text(entry, variable) && secret_append_text(entry, "=") &&
        secret_append(entry, span_of(token->text, token->len)))
        return true;
    return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the access token does not fit");
}

// Looks for a program as execvp does. Whether it can be run is seen then.
static bool is_there(const char *program)
{
    char path[PATH_MAX];
    const char *folders = getenv("PATH");
    if (strchr(program, '/') != NULL || folders == NULL)
        return access(program, F_OK) == 0 || errno != ENOENT || folders == NULL;
    for (;; folders++) {
        const size_t len = strcspn(folders, ":");
        const char *between = len > 0 ? "/" : "";
        // Of a path that is too long nothing is known.
        if (!text_format(path, sizeof path, "%.*s%s%s", (int)len, folders, between, program) || access(path, F_OK) == 0)
            return true;
        folders += len;
        if (*folders == '\0')
            return false;
    }
}

// A mistyped name costs no PIN and no request.
static void refuse_missing(struct ssa_settings *settings, const char *program)
{
    struct ssa_error err;
    if (is_there(program))
        return;
    ssa_settings_free(settings);
    error_errno(&err, SSA_UNEXPECTED, ENOENT, program, "cannot be run");
    error_hint(&err, "Nothing was asked of the API.%s",
               strchr(program, ' ') != NULL ? " Give a program and its arguments as words of their own." : "");
    print_error(&err);
    _exit(NOT_FOUND);
}

static bool exec(const struct invocation *i, struct ssa_error *err)
{
    struct request request;
    struct ssa_grant grant = {0};
    SECRET_AUTO entry = {0};
    if (!request_read(i->arguments, &request, err))
        return false;
    refuse_missing(i->settings, i->arguments->rest[0]);
    if (!fetch_grant(i, &request, &grant, err))
        return false;
    const bool written = write_entry(&entry, &grant.token, err);
    ssa_grant_free(&grant);
    if (!written)
        return false;
    // CMD is not to be the parent of a process that it does not know. The module was closed before the API answered.
    ssa_modules_settle(CLOSING_MS, &i->run.callbacks);
    waiting_hold(true);
    harden_release();
    if (!change_environment(i->run.settings, secret_text(&entry)))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the environment");
    // A signal that came before now was for us and not for CMD.
    if (interrupt_signal() != 0)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    replace_process(i->settings, i->arguments->rest);
}

const struct command command_exec = {
    .name = "exec",
    .group = "Access tokens",
    .arguments = "-- CMD [ARG ...]",
    .help = "run a program with an access token",
    .about = "Gets an access token, and runs a program with it in its environment, as "
             "APS_ACCESS_TOKEN. The program takes the place of ssa-hsm, and does not see its secrets. "
             "After the program's name, all options are the program's.",
    .argument_help = ARGUMENTS({"CMD", "the program"}, {"ARG", "its arguments"}),
    .examples = EXAMPLES({"exec -- ./sync.sh", "The script finds APS_ACCESS_TOKEN in its environment."},
                         {"exec --scope data:read -- printenv APS_ACCESS_TOKEN", "Another scope than the profile's."}),
    .falls_back = true,
    .runs_program = true,
    .uses = USE_API | USE_AUDIENCE | USE_SCOPE | USE_CACHE,
    .options = OPTIONS(&option_scope, &option_cache, &option_min_ttl, &option_fresh, &option_expires_in, &option_nbf),
    .run = exec,
};
