// Room for a new key: an account may have three keys.
#pragma once

#include "aps/aps.h"
#include "manage/provision.h"

// Whether there is room for a new key, or would be without the key to replace (NULL: none). Fails with SSA_REFUSED, or
// with SSA_USAGE where that key cannot be replaced.
bool rotation_check_room(const struct aps_keys *keys, const char *current, const char *replace,
                         struct ssa_error *err) MUST_CHECK;

// Makes the room: after a yes, deletes the key to replace, at the API and in keys.
bool rotation_make_room(const struct provision *p, const struct ssa_rotation *how, const char *current,
                        struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;
