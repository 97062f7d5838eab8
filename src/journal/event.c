#include "journal/event.h"

static struct ssa_time time_of(time_t at)
{
    return (struct ssa_time){.known = at != 0, .seconds = at};
}

struct ssa_event event_of(const char *id, const struct entry *e, const char *sha256)
{
    return (struct ssa_event){.id = id,
                              .sequence = e->sequence,
                              .previous = e->previous,
                              .sha256 = sha256,
                              .operation = entry_operation_name(e->operation),
                              .outcome = entry_outcome_name(e->outcome),
                              .import = e->import,
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
}
