// The hubs and projects that an account sees with its own access token (the API "project").
#pragma once

#include "aps/aps.h"

// The scope of the account's access token.
#define APS_SCOPE_HUBS "data:read"

#define APS_HUBS_MAX     16U
#define APS_PROJECTS_MAX 50U
#define APS_TITLE_MAX    128U

// A hub or a project.
struct aps_place {
    char id[API_ID_MAX];
    char name[APS_TITLE_MAX]; // harmless to a terminal; may be empty
    char region[16];          // of a hub; may be empty
};
struct aps_places {
    struct aps_place list[APS_PROJECTS_MAX];
    size_t count;
    bool more; // there are others
    // The service asks each region, and says where it could not see any hub, and why.
    bool app_is_unknown;     // the app is under Custom Integrations in no hub of a region
    bool account_is_unknown; // the app is, and the account is in none of these hubs
};

// Lists the hubs; then the projects of a hub. The client has the account's access token (aps_act_as).
bool aps_hubs(struct oauth_client *client, struct aps_places *hubs, struct ssa_error *err) MUST_CHECK;
bool aps_hub_projects(struct oauth_client *client, const char *hub, struct aps_places *projects,
                      struct ssa_error *err) MUST_CHECK;
