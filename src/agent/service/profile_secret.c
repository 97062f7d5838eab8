// A profile's client secret, in locked memory. It is read when the agent starts, and again where it may have changed.
#include "agent/service/service_own.h"
#include "config/reference.h"
#include "core/monotonic.h"
#include "core/text.h"

static const char *setting_of(const struct profile *p)
{
    return settings_get(p->settings, SET_CLIENT_SECRET, NULL);
}

// Whether it can be read a second time: not what a person typed, nor what a descriptor had.
static bool is_lasting(const struct profile *p)
{
    const char *value = setting_of(p);
    return value != NULL && reference_kind(value) != REFERENCE_FD;
}

// The file that it is in; false where it is in none of its own.
static bool file_of(const struct profile *p, char path[static PATH_TEXT_MAX])
{
    const char *value = setting_of(p);
    const enum reference_kind kind = value != NULL ? reference_kind(value) : REFERENCE_NONE;
    return (kind == REFERENCE_FILE || kind == REFERENCE_CREDENTIAL) && reference_path(value, path, ERROR_IGNORED);
}

static bool begin(struct profile *p, const struct ssa_run *run, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    p->secret_file = (struct file_mark){0};
    if (file_of(p, path))
        (void)file_mark_path(path, &p->secret_file);
    if (client_secret_begin(run, &p->secret, err))
        return true;
    client_secret_free(&p->secret);
    return false;
}

// A person types the client secret of several profiles once.
static bool copy_typed(struct profile *p, bool *copied, struct ssa_error *err)
{
    *copied = false;
    for (size_t i = 0; setting_of(p) == NULL && i < p->index; i++) {
        const struct profile *other = &p->service->profiles[i];
        if (setting_of(other) != NULL || strcmp(other->facts.client_id, p->facts.client_id) != 0)
            continue;
        *copied = true;
        return secret_new(&p->secret.text, other->secret.text.capacity, err) &&
               (secret_append(&p->secret.text, secret_span(&other->secret.text)) ||
                error_set(err, SSA_UNEXPECTED, NULL, NULL, "the client secret does not fit its buffer"));
    }
    return true;
}

bool profile_secret_load(struct profile *p, struct ssa_error *err)
{
    bool copied = false;
    struct ssa_run asking = p->service->config.run;
    asking.settings = p->settings;
    asking.overwrite = false;
    return copy_typed(p, &copied, err) && (copied || begin(p, &asking, err));
}

bool profile_secret_ready(struct profile *p, struct ssa_error *err)
{
    if (client_secret_place(&p->secret, NULL) == SECRET_NOT_BEGUN && !begin(p, &p->run, err))
        return false;
    if (client_secret_place(&p->secret, NULL) == SECRET_AT_HAND)
        return true;
    // The buffer that comes has its own memory.
    secret_free(&p->secret.text);
    return link_secret(p->link, monotonic_ms() + LINK_ORDER_MS, &p->secret.text, err);
}

bool profile_secret_refresh(struct profile *p)
{
    char path[PATH_TEXT_MAX];
    struct file_mark now;
    if (!file_of(p, path) || !file_mark_path(path, &now) || file_mark_same(&now, &p->secret_file))
        return false;
    client_secret_free(&p->secret);
    // Otherwise a file that cannot be read would be tried again and again.
    p->secret_file = now;
    return true;
}

void profile_secret_drop(struct profile *p)
{
    if (is_lasting(p))
        client_secret_free(&p->secret);
}

bool profile_secret_refused(struct profile *p)
{
    struct client_secret before = p->secret;
    struct ssa_error err;
    if (!is_lasting(p))
        return false;
    p->secret = (struct client_secret){0};
    const bool another =
        profile_secret_ready(p, &err) && !span_equal(secret_span(&before.text), secret_span(&p->secret.text));
    client_secret_free(&before);
    return another;
}

void profile_secret_forget(struct profile *p)
{
    profile_assertion_drop(p);
    if (p->secret.uri != NULL)
        client_secret_free(&p->secret);
}
