// The stories of a new account and a new key: asked of the API, put into the token, written down, or undone.
#include "core/tell.h"
#include "core/text.h"
#include "flow/provision.h"
#include "flow/undo.h"

static const char create_scopes[] =
    APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_ACCOUNT_READ " " APS_SCOPE_KEY_WRITE;
static const char key_scopes[] = APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ;
static const char key_and_account_scopes[] =
    APS_SCOPE_KEY_WRITE " " APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

// The credentials of a creation, and the block they end up in.
struct credentials {
    const char *client_id;
    struct secret secret;
    bool literal;
};

static void credentials_free(struct credentials *c)
{
    secret_free(&c->secret);
}

static bool read_credentials(const struct ssa_run *run, struct credentials *c, struct ssa_error *err)
{
    return read_client_id(run, &c->client_id, err) && read_client_secret(run, &c->secret, &c->literal, err);
}

static struct block block_of(const struct ssa_run *run, const struct credentials *c, const struct made *made,
                             const char *key_uri)
{
    const bool with_key = made->kid[0] != '\0';
    return (struct block){.client_id = c->client_id,
                          .secret = c->literal ? secret_text(&c->secret)
                                               : settings_get(run->settings, SET_CLIENT_SECRET, NULL),
                          .secret_is_literal = c->literal,
                          .account_id = made->account.id,
                          .email = made->account.email,
                          .key_id = with_key ? made->kid : NULL,
                          .private_key = with_key ? key_uri : NULL};
}

// A secret that no profile can carry must be known before anything is made.
static bool check_writable_secret(const struct ssa_run *run, const struct credentials *c,
                                  struct ssa_error *err)
{
    SECRET_AUTO trial = {0};
    const struct made nothing = {0};
    const struct block block = block_of(run, c, &nothing, NULL);
    return secret_new(&trial, PROFILE_MAX, err) && block_write(&block, run, &trial, err);
}

// All that can fail before the API is asked for anything.
static bool prepare(struct provision *p, const struct ssa_run *run, const struct ssa_output *output,
                    bool without_key, struct credentials *c, struct aps **client, struct ssa_error *err)
{
    return read_credentials(run, c, err) && check_writable_secret(run, c, err) &&
           open_api(run, &c->secret, client, err) &&
           provision_prepare(p, run, output, true, without_key, err);
}

// A key for made->account: asked for, imported, proved, written down. What fails on the way is undone.
static bool make_key(struct provision *p, struct aps *client, const struct credentials *c, struct made *made,
                     struct ssa_created *created, struct ssa_error *err)
{
    made->asked_at = aps_server_time(client);
    if (!aps_key_create(client, made->account.id, made->kid, &p->pem, &made->key, err)) {
        undo(client, p->run, made, err);
        return false;
    }
    made->key = APS_DONE;
    const struct block block = block_of(p->run, c, made, p->key_uri);
    if (!provision_import(p, "the API's answer", made->kid, made->account.email, made->account.id, err)) {
        provision_left(p, made->left_on_token);
        undo(client, p->run, made, err);
        return false;
    }
    if (provision_finish(p, &block, created, err))
        return true;
    // The folder's sync is the last step: past the rename the profile is there, and so stays the key.
    if (p->target.draft[0] == '\0')
        return false;
    provision_remove(p);
    provision_left(p, made->left_on_token);
    undo(client, p->run, made, err);
    return false;
}

static bool make_account(struct aps *client, const struct ssa_run *run, const char *first, const char *last,
                         struct made *made, struct ssa_error *err)
{
    enum aps_outcome outcome = APS_NOT_DONE;
    made->asked_at = aps_server_time(client);
    if (aps_account_create(client, first, last, &made->account, &outcome, err)) {
        made->new_account = true;
        return true;
    }
    // An answer that is of no use may still have told the id: then it is known which one was made.
    made->new_account = outcome == APS_DONE && made->account.id[0] != '\0';
    if (made->new_account)
        undo(client, run, made, err);
    else if (outcome != APS_NOT_DONE)
        undo_lost_account(client, run, first, last, made, err);
    return false;
}

bool ssa_account_create(const struct ssa_run *run, const char *first, const char *last, bool without_key,
                        const struct ssa_output *output, struct ssa_created *created, struct ssa_error *err)
{
    *created = (struct ssa_created){0};
    struct made made = {0};
    __attribute__((cleanup(credentials_free))) struct credentials c = {0};
    APS_AUTO *client = NULL;
    PROVISION_AUTO p = {.target = {.fd = -1}};
    if (!aps_check_account_name(first, last, err) ||
        !prepare(&p, run, output, without_key, &c, &client, err) || !aps_admin(client, create_scopes, err) ||
        !make_account(client, run, first, last, &made, err))
        return false;
    tell(&run->callbacks, SSA_DETAIL, "account: %s (%s)", made.account.id, made.account.email);
    if (!without_key)
        return make_key(&p, client, &c, &made, created, err);
    const struct block block = block_of(run, &c, &made, NULL);
    if (provision_finish(&p, &block, created, err))
        return true;
    if (p.target.draft[0] != '\0')
        undo(client, run, &made, err);
    return false;
}

// Which account: named by id or email, or the settings' own. Only a name that the settings do not know costs
// a request.
struct chosen {
    const char *wanted;
    struct identity known;
    bool is_known;
};

static bool choose_account(const struct ssa_run *run, const char *wanted, struct chosen *chosen,
                           struct ssa_error *err)
{
    const bool has = identity_read(run->settings, false, &chosen->known, wanted == NULL ? err : NULL);
    chosen->wanted = wanted;
    if (wanted == NULL)
        return chosen->is_known = has;
    const bool same = has && (strcmp(wanted, chosen->known.account_id) == 0 ||
                              (chosen->known.email != NULL && strcmp(wanted, chosen->known.email) == 0));
    chosen->is_known = same && chosen->known.email != NULL && chosen->known.email[0] != '\0';
    return true;
}

static bool resolve_account(struct aps *client, const struct chosen *chosen, struct aps_account *account,
                            struct ssa_error *err)
{
    if (chosen->is_known) {
        const char *email = chosen->known.email != NULL ? chosen->known.email : "";
        return (text_format(account->id, sizeof account->id, "%s", chosen->known.account_id) &&
                text_format(account->email, sizeof account->email, "%s", email)) ||
               error_set(err, SSA_CONFIG, NULL, "SERVICE_ACCOUNT_ID", "is too long");
    }
    return find_account(client, chosen->wanted, account, err);
}

bool ssa_key_create(const struct ssa_run *run, const char *account, const struct ssa_output *output,
                    struct ssa_created *created, struct ssa_error *err)
{
    *created = (struct ssa_created){0};
    struct made made = {0};
    struct chosen chosen = {0};
    __attribute__((cleanup(credentials_free))) struct credentials c = {0};
    APS_AUTO *client = NULL;
    PROVISION_AUTO p = {.target = {.fd = -1}};
    if (!choose_account(run, account, &chosen, err) || !prepare(&p, run, output, false, &c, &client, err) ||
        !aps_admin(client, chosen.is_known ? key_scopes : key_and_account_scopes, err) ||
        !resolve_account(client, &chosen, &made.account, err) ||
        // An answer that is lost leaves a key whose id nobody knows, unless it is known which were there
        // before.
        !aps_key_list(client, made.account.id, &made.before, err))
        return false;
    return make_key(&p, client, &c, &made, created, err);
}
