// What a rotation would do, in words.
#include <stdarg.h>
#include <stdio.h>

#include "config/identity.h"
#include "core/result.h"
#include "manage/admin_client.h"
#include "manage/rotation_room.h"

enum { PLAN_MAX = 8 * 1024 };

static bool line(struct secret *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool line(struct secret *plan, const char *format, ...)
{
    char text[SSA_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return len >= 0 && (size_t)len < sizeof text && secret_append_text(plan, text) && secret_append_text(plan, "\n");
}

static bool write_plan(const struct identity *identity, const struct ssa_rotation *how, const struct aps_keys *keys,
                       const char *profile, const char *token, struct secret *plan)
{
    bool ok = line(plan, "account %s has %zu of %u keys", identity->account_id, keys->count, APS_KEYS_ALLOWED);
    if (keys->count >= APS_KEYS_ALLOWED)
        ok = ok && line(plan, "delete key %s at the API, to make room", how->replace);
    ok = ok && line(plan, "make a new key and put it into %s", token) &&
         line(plan, "have it sign, and fetch an access token with it") &&
         (profile[0] != '\0' ? line(plan, "write it to %s, in place of %s", profile, identity->key_id)
                             : line(plan, "print the new block, since the old one is in no profile"));
    if (how->at_once)
        return ok && line(plan, "disable and delete %s at the API, and destroy it on its token", identity->key_id);
    if (how->grace > 0)
        return ok && line(plan, "leave %s as it is for %lld seconds, then until the rotation is finished",
                          identity->key_id, how->grace);
    return ok && line(plan, "leave %s as it is until the rotation is finished", identity->key_id);
}

static bool list_keys(const struct ssa_run *run, const struct identity *identity, struct aps_keys *keys,
                      struct ssa_error *err)
{
    APS_AUTO *client = NULL;
    return admin_client_open(run, APS_SCOPE_KEY_READ, &client, err) &&
           aps_key_list(client, identity->account_id, keys, err);
}

bool ssa_rotation_plan(const struct ssa_run *run, const struct ssa_rotation *how, struct ssa_text *plan,
                       struct ssa_error *err)
{
    struct identity identity;
    struct aps_keys keys;
    SECRET_AUTO text = {0};
    err = ERROR_OR_IGNORED(err);
    if (!identity_read(run->settings, true, &identity, err))
        return false;
    if (!list_keys(run, &identity, &keys, err))
        return false;
    if (!rotation_check_room(&keys, identity.key_id, how->replace, err) || !secret_new(&text, PLAN_MAX, err))
        return false;
    const char *profile = identity.source == FROM_PROFILE ? settings_profile_path(run->settings) : "";
    const char *token = settings_get(run->settings, SET_TOKEN, NULL);
    if (!write_plan(&identity, how, &keys, profile, token != NULL ? token : "the old key's token", &text))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the plan is too long");
    return result_take(plan, &text, err);
}
