#include "agent/cache/access.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "core/boot_clock.h"
#include "core/text.h"

// The number of users is not part of what they see, which never changes.
struct counted {
    struct access access;
    atomic_uint users;
};

struct access *access_new(struct span token, const char *scope, long long obtained_ms, long long lifetime_s,
                          struct ssa_error *err)
{
    struct counted *made = calloc(1, sizeof *made);
    if (made == NULL) {
        error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for an access token");
        return NULL;
    }
    struct access *access = &made->access;
    atomic_init(&made->users, 1);
    access->type = "Bearer";
    access->obtained_ms = obtained_ms;
    access->ends_ms = obtained_ms + lifetime_s * 1000;
    // Its life began before the API's answer was there.
    access->expires = (long long)time(NULL) + (access->ends_ms - boot_ms()) / 1000;
    const bool fits = text_format(access->scope, sizeof access->scope, "%s", scope) ||
                      error_set(err, SSA_UNEXPECTED, NULL, NULL, "the scope of an access token is too long");
    if (fits && secret_new(&access->token, token.len, err) && secret_append(&access->token, token))
        return access;
    access_drop(access);
    return NULL;
}

static atomic_uint *users_of(struct access *access)
{
    return &((struct counted *)access)->users;
}

struct access *access_keep(struct access *access)
{
    (void)atomic_fetch_add_explicit(users_of(access), 1, memory_order_relaxed);
    return access;
}

void access_drop(struct access *access)
{
    if (access == NULL || atomic_fetch_sub_explicit(users_of(access), 1, memory_order_acq_rel) > 1)
        return;
    secret_free(&access->token);
    free(access);
}

bool access_is_usable(const struct access *access, long long now)
{
    return access != NULL && now + ACCESS_LEAST_MS <= access->ends_ms;
}
