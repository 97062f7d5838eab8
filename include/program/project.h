// Access to projects. An access token gives access to nothing until an administrator has done two things. The app (its
// client id) is added to the hub under Custom Integrations, once; there is no API for that. The account's email is then
// invited, like a person.
#pragma once

#include "ssa-hsm/settings.h"

struct ssa_provision {
    const char *account;         // an id or email; NULL means the settings' own
    const char *project;         // the id of an ACC project, also with "b." before it
    const char *const *products; // "PRODUCT=ACCESS", a list that ends with NULL; NULL means "docs=member" alone
    const char *admin_user;      // the id of an administrator of the project, for whom the app acts
    const char *region;          // of the hub: "US", "EMEA"…; NULL: the service finds it out
};

#define SSA_PRODUCTS_MAX 32

struct ssa_provisioned {
    char account[128], email[256];
    char project[128]; // without "b."
    bool changed;      // false: the account was in the project already, with all that is wanted
    char status[32];   // as the API tells it ("active"); may be empty
    struct ssa_product {
        char key[32], access[16];
    } products[SSA_PRODUCTS_MAX]; // the account's products in the project
    size_t product_count;
};

// Adds an account to an ACC project, by the client's own access token. First looks whether it is there. If it is, and
// has all the products, nothing is changed. If it is there with other products, the call fails (SSA_REFUSED): only a
// person can change them. Fails with SSA_USAGE for a product, access or region that is not known. There is no such API
// for projects of BIM 360.
bool ssa_account_provision(const struct ssa_run *run, const struct ssa_provision *wanted,
                           struct ssa_provisioned *provisioned, struct ssa_error *err);

// A hub or project that an account sees.
struct ssa_site {
    char id[128], name[128];
    char region[16];         // of a hub; may be empty
    struct ssa_site *inside; // a hub's projects
    size_t count;            // of inside
    bool more;               // there are other projects
};

// The caller frees it with ssa_access_free, which also accepts an empty one.
struct ssa_access {
    char account[128], email[256]; // email is empty if the settings do not have it
    struct ssa_site *hubs;
    size_t count;
    bool more; // there are other hubs
};
void ssa_access_free(struct ssa_access *access);

// Fetches an access token with the settings' key and asks which hubs and projects the account sees with it. account
// must be the settings' own (an id or email), or NULL. Fails with SSA_REFUSED if there is no hub. The reason then says
// what is missing, if the service tells it.
bool ssa_account_access(const struct ssa_run *run, const char *account, struct ssa_access *access,
                        struct ssa_error *err);
