// The audit trail, as the library hands it out.
#include "flow/journal.h"

struct showing {
    void (*show)(void *context, const struct ssa_event *event);
    void *context;
};

static struct ssa_time time_of(time_t at)
{
    return (struct ssa_time){.known = at != 0, .seconds = at};
}

static bool visit(void *context, const char *id, const struct entry *e, struct ssa_error *err)
{
    const struct showing *s = context;
    (void)err;
    const struct ssa_event event = {.id = id,
                                    .operation = operation_name(e->operation),
                                    .outcome = outcome_name(e->outcome),
                                    .started = time_of(e->started),
                                    .ended = time_of(e->ended),
                                    .uid = e->uid,
                                    .client_id = e->client_id,
                                    .base_url = e->base_url,
                                    .account = e->account,
                                    .email = e->email,
                                    .key_id = e->kid,
                                    .old_key_id = e->old_kid,
                                    .token = e->token,
                                    .key_uri = e->key_uri,
                                    .profile = e->profile,
                                    .note = e->note};
    s->show(s->context, &event);
    return true;
}

bool ssa_history(const struct ssa_run *run, void (*show)(void *context, const struct ssa_event *event),
                 void *context, struct ssa_error *err)
{
    struct showing s = {.show = show, .context = context};
    return history_each(run, visit, &s, err);
}
