// account provision: adds an account to an ACC project.
#include <assert.h>
#include <strings.h>

#include "aps/project.h"
#include "core/callback.h"
#include "core/text.h"
#include "manage/account_reference.h"
#include "manage/admin_client.h"

static const char usual_product[] = "docs=member";

// What is wanted, after it was read.
struct plan {
    struct account_reference reference;
    struct aps_project project;
    struct aps_product products[APS_PRODUCTS_MAX];
    size_t count;
};

static bool read_products(struct plan *plan, const char *const *products, struct ssa_error *err)
{
    const char *const usual[] = {usual_product, NULL};
    for (const char *const *p = products != NULL ? products : usual; *p != NULL; p++) {
        if (plan->count == APS_PRODUCTS_MAX)
            return error_set(err, SSA_USAGE, NULL, *p, "there are more than %u products", APS_PRODUCTS_MAX);
        struct aps_product *product = &plan->products[plan->count];
        if (!aps_product_named(*p, product, err))
            return false;
        for (size_t i = 0; i < plan->count; i++)
            if (strcmp(plan->products[i].key, product->key) == 0)
                return error_set(err, SSA_USAGE, NULL, *p, "the product is named twice");
        plan->count++;
    }
    return true;
}

static bool read_plan(struct plan *plan, const struct ssa_run *run, const struct ssa_provision *wanted,
                      struct ssa_error *err)
{
    return aps_project_named(wanted->project, wanted->admin_user, wanted->region, &plan->project, err) &&
           read_products(plan, wanted->products, err) && account_choose(run, wanted->account, &plan->reference, err);
}

// Whether the settings have both the id and the email. Else the API is asked for them.
static bool is_known(const struct account_reference *reference)
{
    return !reference->by_email && reference->email != NULL;
}

static bool open_client(const struct ssa_run *run, const struct plan *plan, struct oauth_client **client,
                        struct aps_account *account, struct ssa_error *err)
{
    static const char scopes[] = APS_SCOPE_PROJECT_READ " " APS_SCOPE_PROJECT_WRITE;
    static const char more_scopes[] = APS_SCOPE_PROJECT_READ " " APS_SCOPE_PROJECT_WRITE " " APS_SCOPE_ACCOUNT_READ;
    const struct account_reference *reference = &plan->reference;
    const bool known = is_known(reference);
    if (!admin_client_open(run, known ? scopes : more_scopes, client, err))
        return false;
    if (known || reference->by_email)
        return account_find(*client, reference, account, err);
    if (!aps_account_get(*client, reference->wanted, account, err))
        return false;
    return account->email[0] != '\0' ||
           error_set(err, SSA_REFUSED, NULL, account->id, "the API does not tell the account's email");
}

static const struct aps_product *product_in(const struct aps_member *member, const char *key)
{
    for (size_t i = 0; i < member->product_count; i++)
        if (strcasecmp(member->products[i].key, key) == 0)
            return &member->products[i];
    return NULL;
}

// The first product that the member does not have as it is wanted; NULL if it has all of them. A product that is not
// listed is one without access.
static const struct aps_product *missing(const struct plan *plan, const struct aps_member *member)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct aps_product *there = product_in(member, plan->products[i].key);
        if (strcasecmp(there != NULL ? there->access : "none", plan->products[i].access) != 0)
            return &plan->products[i];
    }
    return NULL;
}

static bool check_products(const struct plan *plan, const struct aps_member *member, const char *email,
                           struct ssa_error *err)
{
    const struct aps_product *wanted = missing(plan, member);
    if (wanted == NULL)
        return true;
    const struct aps_product *there = product_in(member, wanted->key);
    error_set(err, SSA_REFUSED, NULL, plan->project.id,
              "the account is in the project already, with %s=%s and not %s=%s; nothing was changed", wanted->key,
              there != NULL ? there->access : "none", wanted->key, wanted->access);
    return error_reason(err, SSA_REASON_PRODUCTS_DIFFER, "%s", email);
}

static bool begin_audit(struct journal *audit, const struct ssa_run *run, const struct plan *plan,
                        const struct aps_account *account, struct ssa_error *err)
{
    if (!journal_begin(audit, run, OP_ACCOUNT_PROVISION, err))
        return false;
    struct entry *e = audit->entry;
    char products[SSA_ERROR_TEXT_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < plan->count; i++) {
        if (!text_format(products + used, sizeof products - used, "%s%s=%s", i > 0 ? ", " : "", plan->products[i].key,
                         plan->products[i].access))
            break;
        used += strlen(products + used);
    }
    entry_note(e, products);
    if (!text_format(e->account, sizeof e->account, "%s", account->id) ||
        !text_format(e->email, sizeof e->email, "%s", account->email) ||
        !text_format(e->project, sizeof e->project, "%s", plan->project.id))
        return error_set(err, SSA_CONFIG, NULL, account->id, "the id is too long for the journal");
    return journal_step(audit, STEP_ASKED, err);
}

// Adds the account. If the answer is lost, the service is asked whether it was done.
static bool add(struct oauth_client *client, const struct plan *plan, const char *email, struct ssa_error *err)
{
    enum oauth_outcome outcome;
    struct aps_member member;
    if (aps_project_add(client, &plan->project, email, plan->products, plan->count, &outcome, err))
        return true;
    return outcome != OAUTH_NOT_DONE && aps_project_find(client, &plan->project, email, &member, ERROR_IGNORED) &&
           member.found && missing(plan, &member) == NULL;
}

static void show(const struct plan *plan, const struct aps_account *account, const struct aps_member *member,
                 struct ssa_provisioned *out)
{
    const struct aps_product *products = member->found ? member->products : plan->products;
    static_assert(sizeof out->account == sizeof account->id && sizeof out->email == sizeof account->email &&
                      sizeof out->project == sizeof plan->project.id && sizeof out->status == sizeof member->status &&
                      sizeof out->products == sizeof member->products && sizeof out->products == sizeof plan->products,
                  "the public fields have the sizes of these");
    memcpy(out->account, account->id, sizeof out->account);
    memcpy(out->email, account->email, sizeof out->email);
    memcpy(out->project, plan->project.id, sizeof out->project);
    memcpy(out->status, member->status, sizeof out->status);
    memcpy(out->products, products, sizeof out->products);
    out->product_count = member->found ? member->product_count : plan->count;
    out->changed = !member->found;
}

bool ssa_account_provision(const struct ssa_run *run, const struct ssa_provision *wanted,
                           struct ssa_provisioned *provisioned, struct ssa_error *err)
{
    err = ERROR_OR_IGNORED(err);
    struct plan plan = {0};
    struct aps_account account;
    struct aps_member member;
    APS_AUTO *client = NULL;
    JOURNAL_AUTO audit = {.fd = -1};
    *provisioned = (struct ssa_provisioned){0};
    if (!read_plan(&plan, run, wanted, err))
        return false;
    if (!open_client(run, &plan, &client, &account, err))
        return false;
    if (!aps_project_find(client, &plan.project, account.email, &member, err))
        return false;
    show(&plan, &account, &member, provisioned);
    if (member.found)
        return check_products(&plan, &member, account.email, err);
    if (!callback_go_on(&run->callbacks, err) || !begin_audit(&audit, run, &plan, &account, err))
        return false;
    return audit_end(&audit, add(client, &plan, account.email, err), err);
}
