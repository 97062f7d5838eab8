#include "manage/import_proof.h"

#include "core/callback.h"
#include "manage/provision_key.h"
#include "signer/access_token.h"

bool proof_prepare(struct provision *p, struct ssa_error *err)
{
    struct opened *open = &p->open;
    return client_id_read(open->run, &open->client_id, err) && client_secret_begin(open->run, &open->secret, err) &&
           api_client_open(open->run, &open->secret, &open->client, err);
}

bool proof_know_secret(struct provision *p, struct ssa_error *err)
{
    struct opened *open = &p->open;
    return client_secret_place(&open->secret, NULL) == SECRET_AT_HAND ||
           (client_secret_complete(open->run, &open->secret, open->to.token, NULL, err) &&
            oauth_client_know_secret(open->client, secret_span(&open->secret.text), err));
}

bool proof_look_up(struct provision *p, const char *email, struct aps_account *account, struct ssa_error *err)
{
    struct opened *open = &p->open;
    // No token is open yet, so the one with the client secret is opened for this only.
    if (client_secret_place(&open->secret, NULL) != SECRET_AT_HAND &&
        (!client_secret_elsewhere(open->run, &open->secret, OTHER_TOKEN_PERHAPS, NULL, err) ||
         !oauth_client_know_secret(open->client, secret_span(&open->secret.text), err)))
        return false;
    return aps_admin(open->client, APS_SCOPE_ACCOUNT_READ, err) &&
           aps_account_look_up(open->client, email, account, err);
}

bool proof_fetch(struct provision *p, struct ssa_error *err)
{
    const struct entry *e = p->journal.entry;
    const struct access_token_key whose = {.client_id = p->open.client_id, .account = e->account, .kid = e->kid};
    return callback_go_on(&p->open.run->callbacks, err) && provision_key_again(p, err) &&
           access_token_try(p->open.run, p->open.client, &whose, p->open.to.token, &p->key, err) &&
           callback_go_on(&p->open.run->callbacks, err);
}
