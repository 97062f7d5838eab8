// ssa-hsm exec -- CMD …: CMD takes our place, so its signals and its exit status are its own.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/harden.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/request.h"
#include "core/secret.h"
#include "core/text.h"

enum { NOT_FOUND = 127, NOT_RUN = 126 };

static const char variable[] = "APS_ACCESS_TOKEN";

static bool withheld(const struct ssa_settings *settings, const char *entry)
{
    char name[256];
    const size_t len = strcspn(entry, "=");
    // A longer one is none of ours.
    return text_format(name, sizeof name, "%.*s", (int)len, entry) &&
           (strcmp(name, variable) == 0 || ssa_settings_withheld(settings, name));
}

static char **environment_for(const struct ssa_settings *settings, const char *token_entry)
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **made = calloc(count + 2, sizeof *made);
    if (made == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!withheld(settings, environ[i]))
            made[kept++] = environ[i];
    made[kept] = (char *)(uintptr_t)token_entry;
    return made;
}

// Comes back neither when it works nor when it fails: the settings, with the secrets in them, are gone by
// then.
static _Noreturn void replace_process(struct ssa_settings *settings, char **command, char **environment)
{
    struct ssa_error err;
    ssa_settings_free(settings);
    interrupt_release();
    wipe_stack_and_registers();
    (void)execvpe(command[0], command, environment);
    const int number = errno;
    error_errno(&err, SSA_UNEXPECTED, number, command[0], "cannot be run");
    print_error(&err);
    _exit(number == ENOENT ? NOT_FOUND : NOT_RUN);
}

bool command_exec(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_token_request request;
    struct ssa_grant grant = {0};
    SECRET_AUTO entry = {0};
    if (!request_read(i->arguments, &request, err) || !fetch_grant(i, &request, &grant, err))
        return false;
    const bool fits = secret_new(&entry, sizeof variable + 1 + grant.token.len, err) &&
                      secret_append_text(&entry, variable) && secret_append_text(&entry, "=") &&
                      secret_append(&entry, span_of(grant.token.text, grant.token.len));
    ssa_grant_free(&grant);
    if (!fits)
        return false;
    harden_release();
    char **environment = environment_for(i->run.settings, secret_text(&entry));
    if (environment == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the environment");
    // A signal that came while the token was fetched is not CMD's.
    if (interrupt_signal() != 0) {
        free(environment);
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    }
    replace_process(i->settings, i->arguments->rest, environment);
}
