// ssa-hsm exec -- CMD …: CMD replaces this process, so its signals and its exit status are its own. With --refresh, it
// is a child of this process, which renews its access token and ends as CMD does.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/output/print.h"
#include "cli/output/waiting.h"
#include "cli/process/child.h"
#include "cli/process/interrupt.h"
#include "cli/process/look_up.h"
#include "cli/token/agent_grant.h"
#include "cli/token/refresh.h"
#include "core/harden.h"
#include "core/secret.h"
#include "core/text.h"

enum { NOT_FOUND = 127, NOT_RUN = 126, CLOSING_MS = 300, SECOND_MS = 1000 };

static const char variable[] = "APS_ACCESS_TOKEN", file_variable[] = "APS_ACCESS_TOKEN_FILE";

static bool withheld(const struct ssa_settings *settings, const char *entry)
{
    char name[256];
    const size_t len = strcspn(entry, "=");
    // A name that is longer is not one of ours.
    return text_format(name, sizeof name, "%.*s", (int)len, entry) &&
           (strcmp(name, variable) == 0 || strcmp(name, file_variable) == 0 || ssa_settings_withheld(settings, name));
}

// Copies the entries of our environment that CMD gets. Returns their number.
static size_t keep_entries(const struct ssa_settings *settings, char **kept)
{
    size_t count = 0;
    for (size_t i = 0; environ[i] != NULL; i++)
        if (!withheld(settings, environ[i]))
            kept[count++] = environ[i];
    kept[count] = NULL;
    return count;
}

// Makes the environment that CMD gets. The settings keep what they borrow from ours.
static bool change_environment(const struct ssa_settings *settings, const char *token_entry)
{
    (void)keep_entries(settings, environ);
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

// A mistyped name, or a script that is not executable, costs no PIN and no request.
static void refuse_missing(struct ssa_settings *settings, const char *program)
{
    struct ssa_error err;
    const int number = program_look_up(program);
    if (number == 0)
        return;
    ssa_settings_free(settings);
    error_errno(&err, SSA_UNEXPECTED, number, program, "cannot be run");
    error_hint(&err, "Nothing was asked of the API.%s",
               strchr(program, ' ') != NULL ? " Give a program and its arguments as words of their own." : "");
    print_error(&err);
    _exit(number == ENOENT ? NOT_FOUND : NOT_RUN);
}

// CMD is not to be the parent of a process that it does not know.
static void settle(const struct invocation *i)
{
    ssa_modules_settle(CLOSING_MS, &i->run.callbacks);
    waiting_hold(true);
}

static bool exec_once(const struct invocation *i, const struct request *request, struct ssa_error *err)
{
    struct ssa_grant grant = {0};
    SECRET_AUTO entry = {0};
    if (!fetch_grant(i, request, &grant, err))
        return false;
    const bool written = write_entry(&entry, &grant.token, err);
    ssa_grant_free(&grant);
    if (!written)
        return false;
    // The module was closed before the API answered.
    settle(i);
    harden_release();
    if (!change_environment(i->run.settings, secret_text(&entry)))
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the environment");
    // A signal that came before now was for us and not for CMD.
    if (interrupt_signal() != 0)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    replace_process(i->settings, i->arguments->rest);
}

enum { OWN_ENTRIES = 3 };

static size_t count_entries(void)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    return count;
}

// Starts CMD as a child, with the newest access token.
static bool start(const struct refresh *r, struct child *child, struct ssa_error *err)
{
    SECRET_AUTO token = {0};
    char file[sizeof file_variable + PATH_TEXT_MAX];
    const char *key_log = harden_release_child();
    char **environment = calloc(count_entries() + OWN_ENTRIES + 1, sizeof *environment);
    if (environment == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the environment");
    size_t count = keep_entries(r->i->run.settings, environment);
    bool done = write_entry(&token, &r->grant.token, err) &&
                (text_format(file, sizeof file, "%s=%s", file_variable, r->file.path) ||
                 error_set(err, SSA_UNEXPECTED, NULL, r->file.path, "the path does not fit"));
    if (done) {
        environment[count++] = (char *)token.data;
        environment[count++] = file;
        environment[count] = (char *)(uintptr_t)key_log;
        // A child begins with the registers of its maker.
        secret_wipe_stack();
        done = child_start(child, r->i->arguments->rest, environment, err);
    }
    free(environment);
    return done;
}

// What is done after a renewal. Returns false where CMD is not to go on.
static bool announce(const struct refresh *r, const struct refresh_wanted *wanted, struct child *child,
                     struct ssa_error *err)
{
    if (wanted->signal != 0)
        child_signal(child, wanted->signal);
    if (!wanted->restart)
        return true;
    // One that has ended meanwhile has done its work.
    if (child_wait(child, 0))
        return true;
    child->told_to_end = false;
    child_stop(child, (long long)wanted->kill_after * SECOND_MS);
    // Whoever wants all of it to end does not want another one.
    if (child->told_to_end)
        return false;
    return start(r, child, err);
}

static bool wait_for_end(const struct refresh *r, struct child *child)
{
    // Registers would keep a piece of what was copied last for as long as CMD runs.
    secret_wipe_stack();
    return child_wait(child, refresh_left_ms(r));
}

// CMD's own end is ours. Where it cannot be started any more, *err says why.
static void watch(struct refresh *r, const struct refresh_wanted *wanted, struct child *child, struct ssa_error *err)
{
    while (!wait_for_end(r, child))
        if (refresh_renew(r) && !child->ended && !announce(r, wanted, child, err))
            return;
}

// It never returns: what follows CMD's end is our own.
static _Noreturn void end_as(struct refresh *r, const struct child *child, const struct ssa_error *err)
{
    struct ssa_settings *settings = r->i->settings;
    const struct ssa_callbacks silent = {0};
    refresh_end(r);
    ssa_modules_settle(CLOSING_MS, &silent);
    ssa_settings_free(settings);
    secret_wipe_stack();
    if (err->code == SSA_OK)
        child_end_as(child);
    print_error(err);
    _exit(err->number == ENOENT ? NOT_FOUND : NOT_RUN);
}

static bool exec_refreshed(const struct invocation *i, const struct request *request,
                           const struct refresh_wanted *wanted, struct ssa_error *err)
{
    static struct refresh refresh;
    static struct child child;
    struct ssa_error end = {0};
    if (!refresh_begin(&refresh, i, request, wanted, err))
        return false;
    waiting_hold(true);
    // A signal that comes from now on is CMD's.
    child_begin(&child);
    if (interrupt_signal() != 0) {
        child_give_up(&child);
        refresh_end(&refresh);
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    }
    if (start(&refresh, &child, &end)) {
        refresh.child = &child;
        watch(&refresh, wanted, &child, &end);
    }
    end_as(&refresh, &child, &end);
}

static bool exec(const struct invocation *i, struct ssa_error *err)
{
    struct request request;
    struct refresh_wanted wanted;
    if (!request_read(i->arguments, &request, err) || !refresh_read(i->arguments, &wanted, err))
        return false;
    refuse_missing(i->settings, i->arguments->rest[0]);
    return wanted.path != NULL ? exec_refreshed(i, &request, &wanted, err) : exec_once(i, &request, err);
}

const struct command command_exec = {
    .name = "exec",
    .group = "Access tokens",
    .arguments = "-- CMD [ARG ...]",
    .help = "run a program with an access token",
    .about = "Gets an access token, and runs a program with it in its environment, as "
             "APS_ACCESS_TOKEN. The program takes the place of ssa-hsm, and does not see its secrets. "
             "After the program's name, all options are the program's. With --refresh, ssa-hsm stays, and keeps a "
             "fresh access token in a file, whose path is APS_ACCESS_TOKEN_FILE. It passes signals on, and ends as "
             "the program does.",
    .argument_help = ARGUMENTS({"CMD", "the program"}, {"ARG", "its arguments"}),
    .examples = EXAMPLES({"exec -- ./sync.sh", "The script finds APS_ACCESS_TOKEN in its environment."},
                         {"exec --scope data:read -- printenv APS_ACCESS_TOKEN", "Another scope than the profile's."},
                         {"exec --refresh token.txt --renew-signal HUP -- ./sync.sh",
                          "A program that runs for days reads token.txt again when it gets the signal."}),
    .falls_back = true,
    .asks_agent = true,
    .runs_program = true,
    .uses = USE_API | USE_AUDIENCE | USE_SCOPE | USE_AGENT | USE_CACHE,
    .options = OPTIONS(&option_scope, &option_refresh, &option_refresh_format, &option_renew_signal, &option_restart,
                       &option_kill_after, &option_no_agent, &option_cache, &option_min_ttl, &option_fresh,
                       &option_expires_in, &option_nbf),
    .run = exec,
};
