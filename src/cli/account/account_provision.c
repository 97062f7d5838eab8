// ssa-hsm account provision [ID]
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/account/account.h"
#include "cli/command/suggestion.h"
#include "cli/output/print.h"
#include "cli/output/table.h"
#include "core/api.h"
#include "core/text.h"

static const struct option option_project = {"project", "ID", .help = "add the account to this ACC project"};
static const struct option option_product = {
    "product", "PRODUCT=ACCESS", .help = "access to a product of the project (default: docs=member); may be repeated",
    .repeatable = true};
static const struct option option_admin_user = {
    "admin-user", "ID", .help = "id of an administrator of the project, for whom the app acts; needed for --project"};
static const struct option option_region = {"region", "REGION",
                                            .help = "region of the hub: US, EMEA, AUS, CAN, DEU, IND, JPN or GBR"};
static const struct option option_check = {"check", .help = "fetch an access token and show the hubs that it sees"};

static bool check_combination(const struct arguments *a, struct ssa_error *err)
{
    const option_list of_project = OPTIONS(&option_product, &option_admin_user, &option_region);
    const bool project = option_given(a, &option_project);
    if (project && option_given(a, &option_check))
        return error_set(err, SSA_USAGE, NULL, NULL, "--project cannot be used with --check");
    for (option_list o = of_project; *o != NULL; o++)
        if (!project && option_given(a, *o))
            return error_set(err, SSA_USAGE, NULL, NULL, "--%s can only be used with --project", (*o)->name);
    if (!project || option_given(a, &option_admin_user))
        return true;
    error_set(err, SSA_USAGE, NULL, NULL, "--project needs --admin-user ID");
    return error_hint(err, "The app acts for an administrator of the project: give that person's id in ACC or at "
                           "Autodesk.");
}

// ---- --project ----

static bool print_provisioned_json(const struct ssa_provisioned *p, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "serviceAccountId", p->account);
    member_text(&d.json, "email", p->email);
    member_text(&d.json, "projectId", p->project);
    member_text(&d.json, "status", p->status);
    member_bool(&d.json, "changed", p->changed);
    member_open(&d.json, "products", JSON_ARRAY);
    for (size_t i = 0; i < p->product_count; i++) {
        document_open_item(&d);
        member_text(&d.json, "key", p->products[i].key);
        member_text(&d.json, "access", p->products[i].access);
        json_close(&d.json, JSON_OBJECT);
    }
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, err);
}

static void tell_products(const struct ssa_provisioned *p)
{
    char text[SSA_ERROR_TEXT_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < p->product_count; i++) {
        if (!text_format(text + used, sizeof text - used, "%s%s=%s", i > 0 ? ", " : "", p->products[i].key,
                         p->products[i].access))
            break;
        used += strlen(text + used);
    }
    print_note("%s %s project %s: %s%s%s%s", p->email, p->changed ? "is added to" : "was already in", p->project, text,
               p->status[0] != '\0' ? " (" : "", p->status, p->status[0] != '\0' ? ")" : "");
}

static bool provision(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    const char *products[GIVEN_MAX + 1];
    const size_t count = option_values(a, &option_product, products);
    products[count] = NULL;
    const struct ssa_provision wanted = {.account = account_argument(i),
                                         .project = option_value(a, &option_project),
                                         .products = count > 0 ? products : NULL,
                                         .admin_user = option_value(a, &option_admin_user),
                                         .region = option_value(a, &option_region)};
    struct ssa_provisioned provisioned;
    if (!ssa_account_provision(&i->run, &wanted, &provisioned, err))
        return false;
    tell_products(&provisioned);
    if (provisioned.changed)
        print_note("`ssa-hsm account provision --check` shows whether the account sees the hub");
    return !option_given(a, &option_json) || print_provisioned_json(&provisioned, err);
}

// ---- --check ----

static void site_members(struct document *d, const struct ssa_site *site)
{
    document_open_item(d);
    member_text(&d->json, "id", site->id);
    member_text(&d->json, "name", site->name);
}

static bool print_access_json(const struct ssa_access *access, struct ssa_error *err)
{
    struct document d;
    if (!document_begin(&d, JSON_OBJECT, err))
        return false;
    member_text(&d.json, "serviceAccountId", access->account);
    member_text(&d.json, "email", access->email);
    member_bool(&d.json, "more", access->more);
    member_open(&d.json, "hubs", JSON_ARRAY);
    for (size_t i = 0; i < access->count; i++) {
        const struct ssa_site *hub = &access->hubs[i];
        site_members(&d, hub);
        member_text(&d.json, "region", hub->region);
        member_bool(&d.json, "more", hub->more);
        member_open(&d.json, "projects", JSON_ARRAY);
        for (size_t k = 0; k < hub->count; k++) {
            site_members(&d, &hub->inside[k]);
            json_close(&d.json, JSON_OBJECT);
        }
        json_close(&d.json, JSON_ARRAY);
        json_close(&d.json, JSON_OBJECT);
    }
    json_close(&d.json, JSON_ARRAY);
    return document_print(&d, err);
}

static void add_row(struct table *table, const char *kind, const char *name, const char *id, const char *region)
{
    table_add(table, kind);
    table_add(table, name[0] != '\0' ? name : "-");
    table_add(table, id);
    table_add(table, region);
}

static bool print_access_table(const struct ssa_access *access, struct ssa_error *err)
{
    static const char *const heads[] = {"", "NAME", "ID", "REGION"};
    static const struct column_fit fits[] = {{0}, {0, 20}, {2, 12}, {1, 0}};
    struct table table;
    table_begin(&table, COUNT(heads), heads);
    table_fit(&table, fits);
    for (size_t i = 0; i < access->count; i++) {
        const struct ssa_site *hub = &access->hubs[i];
        add_row(&table, "hub", hub->name, hub->id, hub->region);
        for (size_t k = 0; k < hub->count; k++)
            add_row(&table, "  project", hub->inside[k].name, hub->inside[k].id, "");
        if (hub->more)
            add_row(&table, "  and others", "", "", "");
    }
    return table_print(&table, err);
}

static void tell_access(const struct ssa_access *access)
{
    size_t projects = 0;
    for (size_t i = 0; i < access->count; i++)
        projects += access->hubs[i].count;
    if (projects == 0)
        print_note("the account sees a hub and no project of it: an administrator adds it to one. "
                   "`ssa-hsm account provision` prints how.");
    if (access->more)
        print_note("there are more hubs than these");
}

static bool check(const struct invocation *i, struct ssa_error *err)
{
    struct ssa_access access;
    bool done = ssa_account_access(&i->run, account_argument(i), &access, err);
    if (done)
        done = option_given(i->arguments, &option_json) ? print_access_json(&access, err)
                                                        : print_access_table(&access, err);
    if (done)
        tell_access(&access);
    ssa_access_free(&access);
    return done;
}

// ---- neither: what a person does ----

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

static bool explain(const struct invocation *i, struct ssa_error *err)
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

static bool account_provision(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    if (!check_combination(a, err))
        return false;
    if (option_given(a, &option_check))
        return check(i, err);
    return option_given(a, &option_project) ? provision(i, err) : explain(i, err);
}

const struct command command_account_provision = {
    .name = "account provision",
    .group = "Accounts",
    .arguments = "[ACCOUNT]",
    .help = "give an account access to projects, or say how",
    .about =
        "Without options, prints what an administrator of the hub must do. With --project, adds the account to a "
        "project of ACC by the API. With --check, fetches an access token and tells which hubs and projects it sees.",
    .argument_help = ARGUMENTS({"ACCOUNT", "its id or email (default: the profile's account)"}),
    .examples = EXAMPLES({"account provision", "The steps, with the client id and the email to copy."},
                         {"account provision --project 0d7f6a52-5b3c-4e7e-9c3c-1f2e3d4c5b6a --admin-user QX7YZ2ABCDEF "
                          "--product docs=member",
                          "Adds the account to a project, on behalf of an administrator."},
                         {"account provision --check", "Shows what the account sees."}),
    .uses = USE_API | USE_SECRET | USE_AUDIENCE | USE_JOURNAL,
    .options =
        OPTIONS(&option_project, &option_product, &option_admin_user, &option_region, &option_check, &option_json),
    .run = account_provision,
};
