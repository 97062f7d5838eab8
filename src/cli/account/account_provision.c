// ssa-hsm account provision [ID]
#include "cli/account/account.h"
#include "cli/account/provision.h"
#include "cli/output/print.h"
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

static bool account_provision(const struct invocation *i, struct ssa_error *err)
{
    const struct arguments *a = i->arguments;
    if (!check_combination(a, err))
        return false;
    if (option_given(a, &option_check))
        return provision_check(i, err);
    return option_given(a, &option_project) ? provision(i, err) : provision_steps(i, err);
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
