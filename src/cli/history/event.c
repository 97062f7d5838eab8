// An operation that is over, as JSON.
#include "cli/history/event.h"

#include "cli/output/age.h"

void event_json(struct json_writer *w, const struct ssa_event *e)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"id", e->id},
                 {"previous", e->previous},
                 {"sha256", e->sha256},
                 {"operation", e->operation},
                 {"outcome", e->outcome},
                 {"import", e->import},
                 {"clientId", e->client_id},
                 {"baseUrl", e->base_url},
                 {"serviceAccountId", e->account},
                 {"email", e->email},
                 {"keyId", e->key_id},
                 {"oldKeyId", e->old_key_id},
                 {"token", e->token},
                 {"keyUri", e->key_uri},
                 {"profile", e->profile},
                 {"note", e->note}};
    json_open(w, JSON_OBJECT);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        member_text(w, texts[i].name, texts[i].text);
    when_json(w, "startedAt", e->started);
    when_json(w, "endedAt", e->ended);
    json_name(w, "sequence");
    json_integer(w, e->sequence);
    json_name(w, "uid");
    json_integer(w, e->uid);
    json_close(w, JSON_OBJECT);
}
