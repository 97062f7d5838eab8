// What a person types about a project: its id, products, the region.
#include "core/unit.h"

#include "aps/project.h"

static void an_id_may_have_its_prefix(void **state)
{
    (void)state;
    struct aps_project project;
    struct ssa_error err;
    SUCCEEDS(aps_project_named("b.12-ab", "USER", NULL, &project, &err));
    assert_string_equal(project.id, "12-ab");
    assert_string_equal(project.region, "");
    SUCCEEDS(aps_project_named("12-ab", "USER", "emea", &project, &err));
    assert_string_equal(project.id, "12-ab");
    assert_string_equal(project.region, "EMEA");
    FAILS(aps_project_named("b.", "USER", NULL, &project, &err), SSA_USAGE, "not a valid id of a project");
    FAILS(aps_project_named("b.b./x", "USER", NULL, &project, &err), SSA_USAGE, "not a valid id of a project");
    FAILS(aps_project_named("x", "a\r\nHost: y", NULL, &project, &err), SSA_USAGE, "not a valid id of a user");
    FAILS(aps_project_named("x", "USER", "US,EMEA", &project, &err), SSA_USAGE, "is no region");
    assert_non_null(strstr(err.hint, "GBR"));
}

static void a_product_is_written_as_the_api_does(void **state)
{
    (void)state;
    struct aps_product product;
    struct ssa_error err;
    SUCCEEDS(aps_product_named("AUTOSPECS=Member", &product, &err));
    assert_string_equal(product.key, "autoSpecs");
    assert_string_equal(product.access, "member");
    const char *const wrong[] = {"", "=", "doc=member", "docsx=member", "=member"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        FAILS(aps_product_named(wrong[i], &product, &err), SSA_USAGE, "is no product");
        assert_non_null(strstr(err.hint, "cloudWorksharing."));
    }
    FAILS(aps_product_named("docs", &product, &err), SSA_USAGE, "must be PRODUCT=ACCESS");
    FAILS(aps_product_named("docs=", &product, &err), SSA_USAGE, "must be PRODUCT=ACCESS");
    FAILS(aps_product_named("docs=member=member", &product, &err), SSA_USAGE, "must be PRODUCT=ACCESS");
    assert_non_null(strstr(err.hint, "administrator, member, none."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_may_have_its_prefix),
        cmocka_unit_test(a_product_is_written_as_the_api_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
