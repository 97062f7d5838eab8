// account provision: what is asked of the API, and in which order.
#include "core/unit.h"

#include "aps/hubs.h"
#include "aps/project.h"
#include "config/settings.h"
#include "journal/closed_entry.h"
#include "manage/fake_admin.h"
#include "signer/client_secret.h"

static struct aps_member there;    // what the project has
static struct ssa_error refusal;   // of the addition
static enum oauth_outcome outcome; // of it
static bool adds_all_the_same;     // although its answer is lost
static size_t finds, adds;
static struct aps_places seen;  // by the account
static struct ssa_error hidden; // why a hub shows no projects

bool __wrap_aps_project_find(struct oauth_client *client, const struct aps_project *project, const char *email,
                             struct aps_member *member, struct ssa_error *err);
bool __wrap_aps_project_add(struct oauth_client *client, const struct aps_project *project, const char *email,
                            const struct aps_product *products, size_t count, enum oauth_outcome *how,
                            struct ssa_error *err);
bool __wrap_aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account,
                            struct ssa_error *err);
bool __wrap_ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
                      struct ssa_error *err);
bool __wrap_api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct oauth_client **client,
                            struct ssa_error *err);
bool __wrap_aps_act_as(struct oauth_client *client, struct span token, struct ssa_error *err);
bool __wrap_aps_hubs(struct oauth_client *client, struct aps_places *hubs, struct ssa_error *err);
void __wrap_oauth_client_spent(struct oauth_client *client, long long ms);
bool __wrap_aps_hub_projects(struct oauth_client *client, const char *hub, struct aps_places *projects,
                             struct ssa_error *err);

bool __wrap_aps_project_find(struct oauth_client *client, const struct aps_project *project, const char *email,
                             struct aps_member *member, struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(project->id, "P");
    assert_string_equal(email, "a@x");
    *member = there;
    finds++;
    return true;
}

bool __wrap_aps_project_add(struct oauth_client *client, const struct aps_project *project, const char *email,
                            const struct aps_product *products, size_t count, enum oauth_outcome *how,
                            struct ssa_error *err)
{
    (void)client, (void)email;
    assert_string_equal(project->admin_user, "ADMIN");
    adds++;
    *how = outcome;
    *err = refusal;
    if (refusal.code == SSA_OK || adds_all_the_same) {
        there.found = true;
        there.product_count = count;
        memcpy(there.products, products, count * sizeof *products);
    }
    return refusal.code == SSA_OK;
}

bool __wrap_aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account,
                            struct ssa_error *err)
{
    (void)client, (void)err;
    assert_string_equal(id, "A");
    *account = (struct aps_account){.id = "A", .email = "a@x"};
    return true;
}

bool __wrap_ssa_fetch(const struct ssa_run *run, const struct ssa_token_request *request, struct ssa_grant *grant,
                      struct ssa_error *err)
{
    (void)run, (void)err;
    assert_string_equal(request->scope, "data:read");
    *grant = (struct ssa_grant){.token = {.text = "TOKEN", .len = 5}};
    return true;
}

bool __wrap_api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct oauth_client **client,
                            struct ssa_error *err)
{
    (void)run, (void)client, (void)err;
    assert_int_equal(secret->text.len, 0);
    return true;
}

bool __wrap_aps_act_as(struct oauth_client *client, struct span token, struct ssa_error *err)
{
    (void)client, (void)err;
    assert_true(span_is(token, "TOKEN"));
    return true;
}

bool __wrap_aps_hubs(struct oauth_client *client, struct aps_places *hubs, struct ssa_error *err)
{
    (void)client, (void)err;
    *hubs = seen;
    return true;
}

bool __wrap_aps_hub_projects(struct oauth_client *client, const char *hub, struct aps_places *projects,
                             struct ssa_error *err)
{
    (void)client;
    *projects = (struct aps_places){.list = {{.id = "b.P"}}, .count = 1};
    *err = hidden;
    return hidden.code == SSA_OK || strcmp(hub, "b.2") == 0;
}

void __wrap_oauth_client_spent(struct oauth_client *client, long long ms)
{
    (void)client;
    assert_true(ms >= 0);
}

static int begin(void **state)
{
    there = (struct aps_member){0};
    refusal = hidden = (struct ssa_error){.code = SSA_OK};
    outcome = OAUTH_NOT_DONE;
    adds_all_the_same = false;
    finds = adds = 0;
    seen = (struct aps_places){0};
    return unit_folder(state);
}

static bool take(void *context, const char *id, const struct entry *entry, struct ssa_error *err)
{
    enum outcome *last = context;
    (void)id, (void)err;
    *last = entry->outcome;
    assert_int_equal(entry->operation, OP_ACCOUNT_PROVISION);
    assert_string_equal(entry->project, "P");
    return true;
}

static enum outcome last_of(const struct ssa_run *run)
{
    enum outcome last = OUTCOME_NONE;
    assert_true(journal_each_closed(run, take, &last, ERROR_IGNORED));
    return last;
}

static bool add(struct ssa_provisioned *provisioned, enum outcome *end, struct ssa_error *err)
{
    static const char *const products[] = {"build=member", "docs=administrator", NULL};
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s};
    const struct ssa_provision wanted = {.account = "A", .project = "b.P", .products = products, .admin_user = "ADMIN"};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    const bool done = ssa_account_provision(&run, &wanted, provisioned, err);
    *end = last_of(&run);
    ssa_settings_free(s);
    return done;
}

static void looks_before_it_adds(void **state)
{
    (void)state;
    struct ssa_provisioned p;
    struct ssa_error err;
    enum outcome end;
    SUCCEEDS(add(&p, &end, &err));
    assert_true(p.changed && p.product_count == 2);
    assert_int_equal(end, OUTCOME_DONE);
    assert_string_equal(admin_scopes, "account:read account:write " APS_SCOPE_ACCOUNT_READ);
    SUCCEEDS(add(&p, &end, &err));
    assert_true(!p.changed && p.product_count == 2);
    assert_int_equal(adds, 1);
    assert_int_equal(finds, 2);
}

static void other_products_stay_as_they_are(void **state)
{
    (void)state;
    struct ssa_provisioned p;
    struct ssa_error err;
    enum outcome end;
    there = (struct aps_member){.found = true, .products = {{"build", "member"}}, .product_count = 1};
    FAILS(add(&p, &end, &err), SSA_REFUSED, "docs=none and not docs=administrator");
    assert_int_equal(err.reason, SSA_REASON_PRODUCTS_DIFFER);
    assert_string_equal(err.detail, "a@x");
    // Nothing was done, so the audit trail says nothing.
    assert_int_equal(end, OUTCOME_NONE);
    assert_int_equal(adds, 0);
}

static void a_lost_answer_is_looked_up(void **state)
{
    (void)state;
    struct ssa_provisioned p;
    struct ssa_error err;
    enum outcome end;
    error_set(&refusal, SSA_NETWORK, NULL, "host", "no answer");
    outcome = OAUTH_MAYBE_DONE;
    FAILS(add(&p, &end, &err), SSA_NETWORK, "no answer");
    assert_int_equal(end, OUTCOME_UNKNOWN);
    adds_all_the_same = true;
    SUCCEEDS(add(&p, &end, &err));
    assert_int_equal(end, OUTCOME_DONE);
}

static void a_refusal_is_not_looked_up(void **state)
{
    (void)state;
    struct ssa_provisioned p;
    struct ssa_error err;
    enum outcome end;
    error_set(&refusal, SSA_REFUSED, NULL, "P", "refused");
    FAILS(add(&p, &end, &err), SSA_REFUSED, "refused");
    assert_int_equal(end, OUTCOME_FAILED);
    assert_int_equal(finds, 1);
}

static struct ssa_settings *own(void)
{
    struct ssa_settings *s = ssa_settings_new();
    const char *const values[][2] = {{"APS_CLIENT_ID", "client"},
                                     {"SERVICE_ACCOUNT_ID", "A"},
                                     {"KEY_ID", "K"},
                                     {"SSA_EMAIL", "a@x"},
                                     {"PRIVATE_KEY", "pkcs11:object=x"}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_true(ssa_settings_option(s, values[i][0], values[i][1], ERROR_IGNORED));
    return s;
}

static void what_is_missing_is_told(void **state)
{
    (void)state;
    static const struct {
        bool app, account;
        enum ssa_reason reason;
        const char *detail;
    } cases[] = {{false, false, SSA_REASON_NO_HUB, "a@x"},
                 {true, false, SSA_REASON_NO_HUB_FOR_APP, "client"},
                 {false, true, SSA_REASON_NOT_INVITED, "a@x"},
                 {true, true, SSA_REASON_NOT_INVITED, "a@x"}};
    struct ssa_settings *s = own();
    const struct ssa_run run = {.settings = s};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ssa_access access;
        struct ssa_error err;
        seen = (struct aps_places){.app_is_unknown = cases[i].app, .account_is_unknown = cases[i].account};
        FAILS(ssa_account_access(&run, NULL, &access, &err), SSA_REFUSED, "sees no hub");
        assert_int_equal(err.reason, cases[i].reason);
        assert_string_equal(err.detail, cases[i].detail);
    }
    ssa_settings_free(s);
}

static void a_hub_that_is_closed_hides_no_other(void **state)
{
    (void)state;
    struct ssa_settings *s = own();
    const struct ssa_run run = {.settings = s};
    struct ssa_access access;
    struct ssa_error err;
    seen = (struct aps_places){.list = {{.id = "b.1"}, {.id = "b.2"}}, .count = 2};
    error_set(&hidden, SSA_REFUSED, NULL, "b.1", "refused");
    SUCCEEDS(ssa_account_access(&run, "a@x", &access, &err));
    assert_int_equal(access.count, 2);
    assert_int_equal(access.hubs[0].count, 0);
    assert_int_equal(access.hubs[1].count, 1);
    ssa_access_free(&access);
    // A server that is down is another matter.
    error_set(&hidden, SSA_NETWORK, NULL, "host", "down");
    FAILS(ssa_account_access(&run, NULL, &access, &err), SSA_NETWORK, "down");
    ssa_access_free(&access);
    FAILS(ssa_account_access(&run, "OTHER", &access, &err), SSA_CONFIG, "do not have this account's key");
    ssa_settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(looks_before_it_adds, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(other_products_stay_as_they_are, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_lost_answer_is_looked_up, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_refusal_is_not_looked_up, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_is_missing_is_told, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_hub_that_is_closed_hides_no_other, begin, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
