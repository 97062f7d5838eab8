// The members of an ACC project (the API "construction/admin"). The client's own access token acts for an administrator
// of the project, who is named in each call. There is no such API for projects of BIM 360, and none for an app's entry
// under Custom Integrations, without which a hub refuses all of these calls.
#pragma once

#include "aps/aps.h"

// Scopes of the client's access token.
#define APS_SCOPE_PROJECT_READ  "account:read"
#define APS_SCOPE_PROJECT_WRITE "account:write"

#define APS_PRODUCTS_MAX 32U

// A product of a project, and a member's access to it: "docs", "member".
struct aps_product {
    char key[32], access[16];
};

struct aps_project {
    char id[API_ID_MAX];         // without "b."
    char admin_user[API_ID_MAX]; // the administrator's id
    char region[8];              // empty: the service finds it out
};

struct aps_member {
    bool found;
    char status[32]; // "active", "pending"; empty where the API does not tell it
    struct aps_product products[APS_PRODUCTS_MAX];
    size_t product_count;
};

// Takes ids and region as a person typed them. A project's id may begin with "b.", as other APIs have it. Region may be
// NULL. Fails with SSA_USAGE.
bool aps_project_named(const char *id, const char *admin_user, const char *region, struct aps_project *project,
                       struct ssa_error *err) MUST_CHECK;

// Takes "PRODUCT=ACCESS" as a person typed it. Fails with SSA_USAGE for a product or an access that is not known.
bool aps_product_named(const char *text, struct aps_product *product, struct ssa_error *err) MUST_CHECK;

// Looks for the member with this email. Fails with SSA_REFUSED where the API does not let the client look.
bool aps_project_find(struct oauth_client *client, const struct aps_project *project, const char *email,
                      struct aps_member *member, struct ssa_error *err) MUST_CHECK;

// Adds a member. On failure *outcome says what may have happened.
bool aps_project_add(struct oauth_client *client, const struct aps_project *project, const char *email,
                     const struct aps_product *products, size_t count, enum oauth_outcome *outcome,
                     struct ssa_error *err) MUST_CHECK;
