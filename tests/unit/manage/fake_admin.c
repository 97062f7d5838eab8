#include "core/unit.h"

#include "manage/fake_admin.h"

char admin_scopes[256];

bool __wrap_admin_client_open(const struct ssa_run *run, const char *scopes, struct oauth_client **client,
                              struct ssa_error *err)
{
    (void)run, (void)client, (void)err;
    assert_true(strlen(scopes) < sizeof admin_scopes);
    memcpy(admin_scopes, scopes, strlen(scopes) + 1);
    return true;
}
