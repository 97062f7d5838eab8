// account provision: what an administrator does before access tokens are of use.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/account/account.h"
#include "cli/account/provision.h"
#include "cli/command/suggestion.h"
#include "cli/output/print.h"
#include "core/api.h"
#include "core/text.h"

static bool find_email(const struct invocation *i, char email[static API_EMAIL_MAX], struct ssa_error *err)
{
    const char *named = account_argument(i), *own = ssa_settings_value(i->settings, "SSA_EMAIL"),
               *id = ssa_settings_value(i->settings, "SERVICE_ACCOUNT_ID");
    struct ssa_account found;
    const bool is_own = named == NULL || (id != NULL && strcmp(named, id) == 0);
    const char *known = own != NULL && (is_own || strcmp(named, own) == 0) ? own : NULL;
    if (known == NULL && !ssa_account_show(&i->run, named, &found, err))
        return false;
    if (known == NULL)
        known = found.email;
    if (known[0] == '\0')
        return error_set(err, SSA_REFUSED, NULL, found.id, "the API does not tell the account's email");
    return text_format(email, API_EMAIL_MAX, "%s", known) ||
           error_set(err, SSA_CONFIG, NULL, known, "is too long for an email");
}

static bool print_steps_json(const char *client_id, const char *email, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "clientId", client_id);
    member_text(&d.json, "email", email);
    return document_print(&d, err);
}

// Commands in it stand between backquotes, so that they get the options that were given. In a shell backquotes have a
// meaning, and these commands will be pasted into one.
static bool print_completed(const char *text, struct ssa_error *err)
{
    char *completed = suggestion_complete(text);
    if (completed == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the text");
    size_t kept = 0;
    for (size_t i = 0; completed[i] != '\0'; i++)
        if (completed[i] != '`')
            completed[kept++] = completed[i];
    const bool printed = print_result(span_of(completed, kept), err);
    free(completed);
    return printed;
}

static bool print_steps(const char *client_id, const char *email, struct ssa_error *err)
{
    static const char format[] =
        "An administrator of the hub does two things. Until then, access tokens give access to nothing.\n"
        "\n"
        "1. Once for the app: in Hub Admin (ACC: Account Admin), under Custom Integrations, choose \"Add custom\n"
        "   integration\" and enter this client id. No API can do it.\n"
        "\n"
        "       %s\n"
        "\n"
        "2. For the account: invite this email to a project, as a person is invited (ACC, BIM 360, Forma). The\n"
        "   account need not accept. Autodesk's pages disagree whether hubs of Fusion can be used.\n"
        "\n"
        "       %s\n"
        "\n"
        "   For a project of ACC, but not of BIM 360, this does it once the first step is done. PROJECT is the id in\n"
        "   the project's address, USER the id of an administrator of the project.\n"
        "\n"
        "       `ssa-hsm account provision --project PROJECT --admin-user USER`\n"
        "\n"
        "This then shows whether the account sees the hub and its projects:\n"
        "\n"
        "       `ssa-hsm account provision --check`\n";
    char *text = NULL;
    if (asprintf(&text, format, client_id, email) < 0)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the text");
    const bool printed = print_completed(text, err);
    free(text);
    return printed;
}

bool provision_steps(const struct invocation *i, struct ssa_error *err)
{
    const char *client_id = ssa_settings_value(i->settings, "APS_CLIENT_ID");
    char email[API_EMAIL_MAX];
    if (client_id == NULL)
        return error_because(err, SSA_CONFIG, SSA_REASON_NO_CLIENT_ID, "APS_CLIENT_ID", "is not set");
    if (!find_email(i, email, err))
        return false;
    return option_given(i->arguments, &option_json) ? print_steps_json(client_id, email, err)
                                                    : print_steps(client_id, email, err);
}
