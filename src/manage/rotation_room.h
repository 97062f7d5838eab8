// Room for a new key: an account may have three.
#pragma once

#include "aps/aps.h"
#include "manage/provision.h"

// Whether there is room for a new key beside the current one, or would be without the key to replace (NULL:
// none). Fails with SSA_REFUSED, or SSA_USAGE where that key is not one that may go.
bool rotation_check_room(const struct aps_keys *keys, const char *current, const char *replace,
                         struct ssa_error *err) MUST_CHECK;

// Makes the room: deletes the key to replace, after a yes, at the API and in keys.
bool rotation_make_room(const struct provision *p, const struct ssa_rotation *how, const char *current,
                        struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;
