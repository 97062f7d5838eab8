// What the stories of a new key have in common.
#include "manage/new_key.h"
#include "signer/api_client.h"

#include "core/text.h"
#include "manage/ownership.h"

void work_end(struct work *w)
{
    provision_end(&w->p);
    aps_free(w->client);
    w->client = NULL;
    client_secret_free(&w->secret);
}

struct profile_block work_block(const struct work *w)
{
    const bool with_key = w->made.kid[0] != '\0';
    bool literal = false;
    const char *secret = client_secret_in_profile(w->p.run, &w->secret, &literal);
    return (struct profile_block){.client_id = w->client_id,
                                  .secret = secret,
                                  .secret_is_literal = literal,
                                  .account_id = w->made.account.id,
                                  .email = w->made.account.email,
                                  .key_id = with_key ? w->made.kid : NULL,
                                  .private_key = with_key ? w->p.key_uri : NULL};
}

// A secret that no profile can carry must be known before anything is made.
static bool check_writable_secret(const struct work *w, struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    const struct profile_block block = work_block(w);
    return secret_new(&trial, PROFILE_MAX, err) && profile_block_write(&block, w->p.run, &trial, err);
}

// One that is on the token of the new key is read in the session that the key will be stored in.
static bool know_secret(struct work *w, struct ssa_error *err)
{
    return client_secret_place(&w->secret, NULL) == SECRET_AT_HAND ||
           (client_secret_complete(w->p.run, &w->secret, w->p.to.token, NULL, err) &&
            aps_know_secret(w->client, secret_span(&w->secret.text), err));
}

bool work_prepare(struct work *w, const struct ssa_run *run, const struct ssa_output *output,
                  const struct provisioning *what, struct ssa_ending *ending, struct ssa_error *err)
{
    w->p.run = run;
    const bool prepared = api_client_id(run, &w->client_id, err) &&
                          client_secret_begin(run, &w->secret, err) && check_writable_secret(w, err) &&
                          api_client_open(run, &w->secret, &w->client, err) &&
                          provision_prepare(&w->p, run, output, what, ending, err) && know_secret(w, err);
    w->made.entry = w->p.journal.entry;
    return prepared;
}

bool work_claim(struct work *w, struct ssa_error *err)
{
    struct entry *entry = w->p.journal.entry;
    // Two fields of one size each: they fit.
    memcpy(entry->account, w->made.account.id, sizeof entry->account);
    memcpy(entry->email, w->made.account.email, sizeof entry->email);
    return journal_claim(&w->p.journal, err);
}

bool work_undo(struct work *w, struct ssa_error *err)
{
    provision_left(&w->p, w->made.left_on_token);
    w->made.unsure = w->p.key.unsure;
    undo(w->client, w->p.run, &w->made, w->p.ending, err);
    provision_failed(&w->p, err);
    return false;
}

// What the API answers with is written down before the token is looked at, and is nobody's yet.
static bool note_key(struct work *w, struct ssa_error *err)
{
    struct entry *entry = w->p.journal.entry;
    if (!is_new(w->p.run, entry, "key", w->made.kid, err))
        return false;
    memcpy(entry->kid, w->made.kid, sizeof entry->kid);
    return journal_step(&w->p.journal, STEP_KEY_ASKED, err);
}

bool work_make_key(struct work *w, struct ssa_error *err)
{
    struct entry *entry = w->p.journal.entry;
    struct made *made = &w->made;
    made->asked = (struct window){.from = aps_server_time(w->client)};
    entry->asked = made->asked;
    entry->before.count = made->before.count;
    for (size_t i = 0; i < made->before.count; i++)
        memcpy(entry->before.list[i], made->before.list[i].kid, sizeof entry->before.list[i]);
    if (!journal_step(&w->p.journal, STEP_KEY_ASKED, err))
        return work_undo(w, err);
    if (!aps_key_create(w->client, made->account.id, made->kid, &w->p.pem, &made->key, err)) {
        made->asked.until = aps_server_time(w->client);
        return work_undo(w, err);
    }
    made->key = APS_DONE;
    return (note_key(w, err) && provision_import(&w->p, "the API's answer", made->kid, made->account.email,
                                                 made->account.id, err)) ||
           work_undo(w, err);
}
