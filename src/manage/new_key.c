#include "manage/new_key.h"

#include "manage/provision_key.h"
#include "ownership/ownership.h"

// A client secret on the new key's token is read in the session that will import the key.
static bool know_secret(struct opened *open, struct ssa_error *err)
{
    return client_secret_place(&open->secret, NULL) == SECRET_AT_HAND ||
           (client_secret_complete(open->run, &open->secret, open->to.token, NULL, err) &&
            oauth_client_know_secret(open->client, secret_span(&open->secret.text), err));
}

bool new_key_prepare(struct provision *p, const struct provisioning *what, struct ssa_error *err)
{
    struct opened *open = &p->open;
    if (!client_id_read(open->run, &open->client_id, err))
        return false;
    const bool typed = settings_get(open->run->settings, SET_CLIENT_SECRET, NULL) == NULL;
    if (typed && !provision_look_ahead(p, what, err))
        return false;
    if (!client_secret_begin(open->run, &open->secret, err))
        return false;
    // A client secret that no profile can hold must be found before anything is made.
    const struct profile_block block = opened_block(open, NULL);
    if (!profile_block_check(&block, open->run, err))
        return false;
    if (!api_client_open(open->run, &open->secret, &open->client, err))
        return false;
    return provision_prepare(p, what, err) && know_secret(open, err);
}

void new_key_note_before(struct entry *entry, const struct aps_keys *keys)
{
    entry->before.count = keys->count;
    for (size_t i = 0; i < keys->count; i++)
        memcpy(entry->before.list[i], keys->list[i].kid, sizeof entry->before.list[i]);
}

// Writes the key's id into the journal before the token is used. A key that was there before is not this operation's.
static bool note_key(struct provision *p, const char *kid, struct ssa_error *err)
{
    struct entry *entry = p->journal.entry;
    if (!ownership_is_new(p->open.run, entry, "key", kid, err))
        return false;
    memcpy(entry->kid, kid, sizeof entry->kid);
    return journal_step(&p->journal, STEP_KEY_ASKED, err);
}

static bool ask(struct provision *p, struct ssa_error *err)
{
    char kid[API_ID_MAX] = "";
    struct entry *entry = p->journal.entry;
    p->asked = OAUTH_NOT_DONE;
    entry->asked = (struct window){.from = oauth_server_time(p->open.client)};
    if (!journal_step(&p->journal, STEP_KEY_ASKED, err))
        return false;
    if (aps_key_create(p->open.client, entry->account, kid, &p->pem, &p->asked, err)) {
        p->asked = OAUTH_DONE;
        return note_key(p, kid, err);
    }
    entry->asked.until = oauth_server_time(p->open.client);
    // A faulty answer may still have the id.
    if (!api_ids_have(&entry->before, kid))
        memcpy(entry->kid, kid, sizeof entry->kid);
    return false;
}

bool new_key_make(struct provision *p, struct ssa_error *err)
{
    return (ask(p, err) && provision_key(p, "the API's answer", err)) || provision_undo(p, err);
}
