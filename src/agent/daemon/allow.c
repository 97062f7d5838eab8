#include "agent/daemon/allow.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/text.h"
#include "oauth/scope.h"

enum { NUMBER_BASE = 10, ROOM = 16 * 1024 };

_Static_assert((int)ACCESS_SCOPE_MAX >= (int)SCOPE_MAX, "scopes fit");

static bool read_number(const char *text, unsigned *user)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    const unsigned long number = strtoul(text, &end, NUMBER_BASE);
    *user = (unsigned)number;
    // The largest number means "no user" (chown(2)).
    return errno == 0 && *end == '\0' && number < (uid_t)-1;
}

static bool find_user(const char *name, unsigned *user, struct ssa_error *err)
{
    struct passwd entry, *found = NULL;
    if (read_number(name, user))
        return true;
    char *room = malloc(ROOM);
    if (room == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a user's entry");
    const int failed = getpwnam_r(name, &entry, room, ROOM, &found);
    *user = found != NULL ? entry.pw_uid : 0;
    free(room);
    if (found != NULL)
        return true;
    error_set(err, SSA_CONFIG, NULL, name, "there is no user of this name");
    return error_number(err, failed != 0 ? SSA_DOMAIN_ERRNO : SSA_DOMAIN_NONE, (unsigned long)failed);
}

static bool read_one(const struct agent_options *options, size_t index, struct allowed_user *allowed,
                     struct ssa_error *err)
{
    const struct agent_allow *from = &options->allow[index];
    struct allowed_user *to = &allowed[index];
    if (!find_user(from->user, &to->user, err))
        return false;
    for (size_t i = 0; i < index; i++)
        if (allowed[i].user == to->user)
            return error_set(err, SSA_CONFIG, NULL, from->user, "this user is allowed twice");
    return !text_present(from->scope) || scope_normalise(from->scope, to->scope, &options->run.callbacks, err);
}

bool allow_read(const struct agent_options *options, struct allowed_user **allowed, struct ssa_error *err)
{
    *allowed = NULL;
    if (options->allow_count == 0)
        return true;
    *allowed = calloc(options->allow_count, sizeof **allowed);
    if (*allowed == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the users who may ask");
    for (size_t i = 0; i < options->allow_count; i++)
        if (!read_one(options, i, *allowed, err)) {
            free(*allowed);
            *allowed = NULL;
            return false;
        }
    return true;
}
