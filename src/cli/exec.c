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

// Names that CMD has no business with: secrets, and what would steer an ssa-hsm that it runs.
static bool withheld(const char *entry, const char *pin_variable)
{
    static const char *const names[] = {"APS_SECRET_ID=", "APS_CLIENT_SECRET=", "PRIVATE_KEY=", "SSA_HSM_"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    const size_t len = pin_variable == NULL ? 0 : strlen(pin_variable);
    return len > 0 && strncmp(entry, pin_variable, len) == 0 && entry[len] == '=';
}

// The variable that a reference env:NAME reads, or NULL.
static const char *variable_of(const char *reference)
{
    return reference != NULL && strncmp(reference, "env:", 4) == 0 ? reference + 4 : NULL;
}

static char **environment_for(const char *token_entry, const char *const withheld_variables[static 2])
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **made = calloc(count + 2, sizeof *made);
    if (made == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const bool own =
            strncmp(environ[i], variable, sizeof variable - 1) == 0 && environ[i][sizeof variable - 1] == '=';
        if (!own && !withheld(environ[i], withheld_variables[0]) &&
            !withheld(environ[i], withheld_variables[1]))
            made[kept++] = environ[i];
    }
    made[kept] = (char *)(uintptr_t)token_entry;
    return made;
}

static bool replace_process(char **command, char **environment, struct ssa_error *err)
{
    interrupt_release();
    harden_release();
    wipe_stack_and_registers();
    (void)execvpe(command[0], command, environment);
    const int number = errno;
    error_errno(err, SSA_UNEXPECTED, number, command[0], "cannot be run");
    print_error(err);
    _exit(number == ENOENT ? NOT_FOUND : NOT_RUN);
}

bool command_exec(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_token_request request;
    struct ssa_grant grant = {0};
    SECRET_AUTO entry = {0};
    if (!request_read(i->arguments, &request, err) || !ssa_fetch(&i->run, &request, &grant, err))
        return false;
    const bool fits = secret_new(&entry, sizeof variable + 1 + grant.token.len, err) &&
                      secret_append_text(&entry, variable) && secret_append_text(&entry, "=") &&
                      secret_append(&entry, span_of(grant.token.text, grant.token.len));
    ssa_grant_free(&grant);
    if (!fits)
        return false;
    // Where secrets came from env:NAME, the variable is a secret too.
    const char *const variables[2] = {variable_of(ssa_settings_value(i->run.settings, "SSA_HSM_PIN_SOURCE")),
                                      variable_of(ssa_settings_value(i->run.settings, "APS_SECRET_ID"))};
    char **environment = environment_for(secret_text(&entry), variables);
    if (environment == NULL)
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for the environment");
    // A signal that came while the token was fetched is not CMD's.
    if (interrupt_signal() != 0) {
        free(environment);
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "interrupted");
    }
    return replace_process(i->arguments->rest, environment, err);
}
